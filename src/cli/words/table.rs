//! Tables that fit their terminal.

use super::screen::{Style, paint};

/// Narrowest a column is made.
const NARROWEST: usize = 8;
/// Between two columns.
const GAP: &str = "  ";

/// A column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// Text that keeps its width.
    Word(&'static str),
    /// Text that is cut when there is no room.
    Text(&'static str),
    /// Right-aligned.
    Number(&'static str),
}

impl Column {
    const fn heading(self) -> &'static str {
        match self {
            Self::Word(heading) | Self::Text(heading) | Self::Number(heading) => heading,
        }
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

    /// The lines: no wider than `width` as far as columns can be cut, complete without it.
    #[must_use]
    pub fn lines(&self, width: Option<usize>, colours: bool) -> Vec<String> {
        let widths = self.widths(width);
        let headings: Vec<Cell> = self
            .columns
            .iter()
            .map(|column| Cell::styled(column.heading().to_owned(), Style::Strong))
            .collect();
        std::iter::once(&headings)
            .chain(&self.rows)
            .map(|row| self.one(row, &widths, colours))
            .collect()
    }

    fn widths(&self, width: Option<usize>) -> Vec<usize> {
        let mut widths: Vec<usize> = self
            .columns
            .iter()
            .enumerate()
            .map(|(at, column)| {
                let cells = self.rows.iter().filter_map(|row| row.get(at));
                let widest = cells.map(|cell| columns_of(&cell.text)).max();
                widest.unwrap_or_default().max(columns_of(column.heading()))
            })
            .collect();
        let Some(width) = width else {
            return widths;
        };
        let gaps = GAP.len() * self.columns.len().saturating_sub(1) + self.indent;
        loop {
            let excess = (widths.iter().sum::<usize>() + gaps).saturating_sub(width);
            let is_cut = |column: &Column| matches!(column, Column::Text(_));
            let widest = widths
                .iter_mut()
                .zip(&self.columns)
                .filter(|(_, column)| is_cut(column))
                .map(|(width, _)| width)
                .filter(|width| **width > NARROWEST)
                .max();
            match widest {
                Some(widest) if excess > 0 => *widest -= 1,
                _ => return widths,
            }
        }
    }

    fn one(&self, row: &[Cell], widths: &[usize], colours: bool) -> String {
        let mut line = " ".repeat(self.indent);
        let last = row.len().saturating_sub(1);
        for (at, ((cell, width), column)) in row.iter().zip(widths).zip(&self.columns).enumerate() {
            if at > 0 {
                line.push_str(GAP);
            }
            let text = cut(&cell.text, *width);
            let room = " ".repeat(width.saturating_sub(columns_of(&text)));
            let text = paint(&text, cell.style, colours);
            match column {
                Column::Number(_) => {
                    line.push_str(&room);
                    line.push_str(&text);
                }
                Column::Word(_) | Column::Text(_) => {
                    line.push_str(&text);
                    if at < last {
                        line.push_str(&room);
                    }
                }
            }
        }
        line.truncate(line.trim_end().len());
        line
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
