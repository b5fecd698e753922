//! Tables that fit their terminal.

use super::screen::{Style, paint};
use crate::model::row::Badge;

/// Narrowest a column of text is made.
const NARROWEST: usize = 8;
/// Narrowest a column of badges is made: the longest badge is whole.
const NARROWEST_BADGE: usize = Badge::Synced.label().len();
/// Narrowest a column of sentences is made.
const NARROWEST_SENTENCE: usize = 24;
/// Between two columns.
const GAP: &str = "  ";

/// A column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    heading: &'static str,
    is_number: bool,
    narrowest: Option<usize>,
    is_spare: bool,
    is_wrapped: bool,
}

impl Column {
    /// Text that keeps its width.
    #[must_use]
    pub const fn word(heading: &'static str) -> Self {
        Self {
            heading,
            is_number: false,
            narrowest: None,
            is_spare: false,
            is_wrapped: false,
        }
    }

    /// Text that is cut when there is no room.
    #[must_use]
    pub const fn text(heading: &'static str) -> Self {
        Self {
            narrowest: Some(NARROWEST),
            ..Self::word(heading)
        }
    }

    /// Sentences that go on in the next line when there is no room.
    #[must_use]
    pub const fn sentence(heading: &'static str) -> Self {
        Self {
            narrowest: Some(NARROWEST_SENTENCE),
            is_wrapped: true,
            ..Self::word(heading)
        }
    }

    /// A badge, and a reason that is cut when there is no room.
    #[must_use]
    pub const fn badge(heading: &'static str) -> Self {
        Self {
            narrowest: Some(NARROWEST_BADGE),
            ..Self::word(heading)
        }
    }

    /// Right-aligned; never cut.
    #[must_use]
    pub const fn number(heading: &'static str) -> Self {
        Self {
            is_number: true,
            ..Self::word(heading)
        }
    }

    /// Left out where even cut columns do not fit; the last one first.
    #[must_use]
    pub const fn spare(self) -> Self {
        Self { is_spare: true, ..self }
    }
}

/// One place of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    /// A text that looks like something.
    #[must_use]
    pub const fn styled(text: String, style: Style) -> Self {
        Self { text, style }
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::styled(text.into(), Style::Plain)
    }
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
    indent: usize,
}

impl Table {
    /// A table without rows.
    #[must_use]
    pub const fn new(columns: Vec<Column>) -> Self {
        Self {
            columns,
            rows: Vec::new(),
            indent: 0,
        }
    }

    /// Moves it to the right.
    #[must_use]
    pub const fn indented(mut self, indent: usize) -> Self {
        self.indent = indent;
        self
    }

    /// Adds a row.
    pub fn row(&mut self, cells: Vec<Cell>) {
        self.rows.push(cells);
    }

    /// The lines: no wider than `width` as far as columns can be left out and cut, complete without
    /// it.
    #[must_use]
    pub fn lines(&self, width: Option<usize>, colours: bool) -> Vec<String> {
        let shown = self.fit(width);
        let headings: Vec<Cell> = self
            .columns
            .iter()
            .map(|column| Cell::styled(column.heading.to_owned(), Style::Strong))
            .collect();
        std::iter::once(&headings)
            .chain(&self.rows)
            .flat_map(|row| self.row_lines(row, &shown, colours))
            .collect()
    }

    /// The columns that are shown.
    fn fit(&self, width: Option<usize>) -> Vec<Shown> {
        let mut shown: Vec<Shown> = self
            .columns
            .iter()
            .enumerate()
            .map(|(at, column)| self.natural(at, *column))
            .collect();
        let Some(width) = width else {
            return shown;
        };
        while self.total(&shown, |column| column.narrowest()) > width {
            let Some(spare) = shown.iter().rposition(|shown| shown.column.is_spare) else {
                break;
            };
            shown.remove(spare);
        }
        while self.total(&shown, |column| column.width) > width {
            let can_shrink = |shown: &&mut Shown| shown.width > shown.narrowest();
            match shown.iter_mut().filter(can_shrink).max_by_key(|shown| shown.width) {
                Some(widest) => widest.width -= 1,
                None => break,
            }
        }
        shown
    }

    fn natural(&self, at: usize, column: Column) -> Shown {
        let cells = self.rows.iter().filter_map(|row| row.get(at));
        let widest = cells.map(|cell| columns_of(&cell.text)).max().unwrap_or_default();
        Shown {
            at,
            column,
            width: widest.max(columns_of(column.heading)),
        }
    }

    fn total(&self, shown: &[Shown], width: impl Fn(&Shown) -> usize) -> usize {
        self.indent + shown.iter().map(width).sum::<usize>() + GAP.len() * shown.len().saturating_sub(1)
    }

    /// The lines of one row: more than one where sentences are wrapped.
    fn row_lines(&self, row: &[Cell], shown: &[Shown], colours: bool) -> Vec<String> {
        let mut lines: Vec<Vec<Cell>> = vec![row.to_vec()];
        for shown in shown.iter().filter(|shown| shown.column.is_wrapped) {
            let Some(cell) = row.get(shown.at) else { continue };
            for (nth, text) in wrapped(&cell.text, shown.width).into_iter().enumerate() {
                if lines.len() <= nth {
                    lines.push(vec![Cell::from(""); row.len()]);
                }
                if let Some(place) = lines.get_mut(nth).and_then(|line| line.get_mut(shown.at)) {
                    *place = Cell::styled(text, cell.style);
                }
            }
        }
        lines.iter().map(|line| self.one(line, shown, colours)).collect()
    }

    fn one(&self, row: &[Cell], shown: &[Shown], colours: bool) -> String {
        let cells = shown.iter().filter_map(|shown| {
            let cell = row.get(shown.at)?;
            let text = cut(&cell.text, shown.width);
            let room = " ".repeat(shown.width.saturating_sub(columns_of(&text)));
            let text = paint(&text, cell.style, colours);
            Some(if shown.column.is_number {
                format!("{room}{text}")
            } else {
                format!("{text}{room}")
            })
        });
        let line = format!("{}{}", " ".repeat(self.indent), cells.collect::<Vec<_>>().join(GAP));
        line.trim_end().to_owned()
    }
}

/// A column with the width it has been given.
struct Shown {
    at: usize,
    column: Column,
    width: usize,
}

impl Shown {
    fn narrowest(&self) -> usize {
        self.column
            .narrowest
            .map_or(self.width, |narrowest| narrowest.min(self.width))
    }
}

/// A text that is no wider than `width`, with its end marked where it was cut.
fn cut(text: &str, width: usize) -> String {
    if columns_of(text) <= width {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut used = 1;
    for letter in text.chars() {
        used += columns_of_letter(letter);
        if used > width {
            break;
        }
        kept.push(letter);
    }
    kept.truncate(kept.trim_end().len());
    kept.push('…');
    kept
}

/// A text in lines that are no wider than `width`, broken between words; a word that is wider is cut
/// into pieces.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    if columns_of(text) <= width {
        return vec![text.to_owned()];
    }
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split_whitespace() {
        let room = columns_of(word);
        if used > 0 && used + 1 + room > width {
            lines.push(String::new());
            used = 0;
        }
        for letter in (used > 0).then_some(' ').into_iter().chain(word.chars()) {
            if used > 0 && used + columns_of_letter(letter) > width {
                lines.push(String::new());
                used = 0;
            }
            if let Some(line) = lines.last_mut() {
                line.push(letter);
            }
            used += columns_of_letter(letter);
        }
    }
    lines
}

/// The columns a text takes on a terminal.
fn columns_of(text: &str) -> usize {
    text.chars().map(columns_of_letter).sum()
}

/// East Asian letters and pictures take two columns, marks on the letter before them none (Unicode
/// Standard Annex 11).
const fn columns_of_letter(letter: char) -> usize {
    match letter {
        '\u{300}'..='\u{36f}' | '\u{200b}'..='\u{200d}' | '\u{fe00}'..='\u{fe0f}' => 0,
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{ffe0}'..='\u{ffe6}'
        | '\u{1f300}'..='\u{1faff}'
        | '\u{20000}'..='\u{3fffd}' => 2,
        _ => 1,
    }
}
