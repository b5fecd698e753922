//! The one way out: data to standard output, everything else to standard error.

use std::io::{self, Write};

use serde_json::Value;

use super::table::Table;
use crate::cli::control::Trouble;
use crate::cli::exit::Exit;

/// How a piece of text looks on a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Style {
    /// As everything else.
    #[default]
    Plain,
    /// A heading.
    Strong,
    /// Beside the point.
    Quiet,
    /// As it should be.
    Good,
    /// Needs a look.
    Warning,
    /// Wrong.
    Bad,
}

impl Style {
    const fn code(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Strong => "1",
            Self::Quiet => "2",
            Self::Good => "32",
            Self::Warning => "33",
            Self::Bad => "31",
        }
    }
}

/// In which form answers are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// For people.
    Text,
    /// The object of the API.
    Json,
    /// One object a line.
    JsonLines,
}

/// How everything looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// The form of answers.
    pub form: Form,
    /// Columns of the terminal; `None` = a pipe or a file, where nothing is cut.
    pub width: Option<usize>,
    /// Whether standard output takes colours.
    pub colours: bool,
    /// Whether standard error takes colours.
    pub error_colours: bool,
    /// Whether hints and progress are left out.
    pub is_quiet: bool,
}

/// Why a command ends early.
#[derive(Debug)]
pub enum Stop {
    /// It failed.
    Trouble(Box<Trouble>),
    /// Nobody reads on.
    PipeClosed,
    /// Nothing can be written.
    Unwritable(io::Error),
}

impl From<Trouble> for Stop {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(Box::new(trouble))
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::PipeClosed
        } else {
            Self::Unwritable(error)
        }
    }
}

/// Writes.
pub struct Screen<'a> {
    out: &'a mut dyn Write,
    err: &'a mut dyn Write,
    look: Look,
}

impl<'a> Screen<'a> {
    /// A screen of two streams.
    pub fn new(out: &'a mut dyn Write, err: &'a mut dyn Write, look: Look) -> Self {
        Self { out, err, look }
    }

    /// How everything looks.
    #[must_use]
    pub const fn look(&self) -> Look {
        self.look
    }

    /// Whether answers are for people.
    #[must_use]
    pub fn is_for_people(&self) -> bool {
        self.look.form == Form::Text
    }

    /// A line of data.
    ///
    /// # Errors
    /// It cannot be written, as with every function here.
    pub fn line(&mut self, text: &str) -> Result<(), Stop> {
        Ok(writeln!(self.out, "{text}")?)
    }

    /// A line of data that looks like something.
    ///
    /// # Errors
    /// As [`Self::line`].
    pub fn styled(&mut self, text: &str, style: Style) -> Result<(), Stop> {
        let text = paint(text, style, self.look.colours);
        self.line(&text)
    }

    /// A name, padded, and what belongs to it.
    ///
    /// # Errors
    /// As [`Self::line`].
    pub fn pair(&mut self, name: &str, text: &str, style: Style) -> Result<(), Stop> {
        let name = paint(&format!("{name:<11}"), Style::Quiet, self.look.colours);
        let text = paint(text, style, self.look.colours);
        self.line(&format!("  {name} {text}"))
    }

    /// A table.
    ///
    /// # Errors
    /// As [`Self::line`].
    pub fn table(&mut self, table: &Table) -> Result<(), Stop> {
        for line in table.lines(self.look.width, self.look.colours) {
            self.line(&line)?;
        }
        Ok(())
    }

    /// An object of the API: exactly as it came, or its items a line each.
    ///
    /// # Errors
    /// As [`Self::line`].
    pub fn object(&mut self, body: &[u8], value: &Value) -> Result<(), Stop> {
        let items = value.get("data").and_then(Value::as_array);
        match (self.look.form, items) {
            (Form::JsonLines, Some(items)) => items.iter().try_for_each(|item| self.line(&item.to_string())),
            (Form::JsonLines | Form::Json | Form::Text, _) => {
                self.out.write_all(body)?;
                Ok(self.out.write_all(b"\n")?)
            }
        }
    }

    /// Makes the terminal empty.
    ///
    /// # Errors
    /// As [`Self::line`].
    pub fn clear(&mut self) -> Result<(), Stop> {
        Ok(self.out.write_all(b"\x1b[H\x1b[2J")?)
    }

    /// A hint or progress, for people only; nobody is stopped when it cannot be written.
    pub fn note(&mut self, text: &str) {
        if !self.look.is_quiet && self.is_for_people() {
            let text = paint(text, Style::Quiet, self.look.error_colours);
            let _unseen = writeln!(self.err, "{text}");
        }
    }

    /// A question, whoever reads it.
    pub fn ask(&mut self, text: &str) {
        let _unseen = write!(self.err, "{text}").and_then(|()| self.err.flush());
    }

    /// What went wrong: what happened, why, and what to type.
    pub fn trouble(&mut self, trouble: &Trouble) {
        if !self.is_for_people() {
            let _unseen = writeln!(self.err, "{}", trouble.to_json());
            return;
        }
        let colours = self.look.error_colours;
        let mut lines = vec![format!("{} {}", paint("error:", Style::Bad, colours), trouble.what)];
        lines.extend(trouble.why.iter().map(|why| format!("  why: {why}")));
        lines.extend(trouble.fix.iter().map(|fix| format!("  fix: {fix}")));
        lines.extend(trouble.request_id().iter().map(|id| format!("  request: {id}")));
        let _unseen = writeln!(self.err, "{}", lines.join("\n"));
    }

    /// Ends everything, and says how the program ends.
    pub fn end(&mut self, ended: Result<Exit, Stop>) -> Exit {
        match ended.and_then(|exit| Ok(self.out.flush().map(|()| exit)?)) {
            Ok(exit) => exit,
            Err(Stop::PipeClosed) => Exit::Ok,
            Err(Stop::Trouble(trouble)) => {
                self.trouble(&trouble);
                let _unseen = self.out.flush();
                trouble.exit
            }
            Err(Stop::Unwritable(error)) => {
                let trouble = Trouble::new(Exit::Failed, "unwritable", "The output cannot be written");
                self.trouble(&trouble.because(error.to_string()));
                Exit::Failed
            }
        }
    }
}

/// A text in its colour.
pub(super) fn paint(text: &str, style: Style, colours: bool) -> String {
    if colours && style != Style::Plain && !text.is_empty() {
        format!("\x1b[{}m{text}\x1b[0m", style.code())
    } else {
        text.to_owned()
    }
}
