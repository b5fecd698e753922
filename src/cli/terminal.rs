//! The terminal this program was typed at.

use std::io::{IsTerminal, stderr, stdin, stdout};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};

use super::outside::Ends;

/// What this process's streams end in.
#[must_use]
pub fn ends() -> Ends {
    let columns = tcgetwinsize(stdout()).ok().map(|size| usize::from(size.ws_col));
    Ends {
        input_is_terminal: stdin().is_terminal(),
        out_is_terminal: stdout().is_terminal(),
        err_is_terminal: stderr().is_terminal(),
        columns: columns.filter(|columns| *columns > 0),
    }
}

/// While it lives, what is typed is not shown.
pub struct Hidden(Option<Termios>);

impl Hidden {
    /// Hides what is typed, where there is a terminal.
    #[must_use]
    pub fn begin() -> Self {
        let Ok(before) = tcgetattr(stdin()) else {
            return Self(None);
        };
        let mut hidden = before.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        Self(tcsetattr(stdin(), OptionalActions::Now, &hidden).ok().map(|()| before))
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        if let Some(before) = &self.0 {
            // A terminal that went away needs nothing back.
            let _gone = tcsetattr(stdin(), OptionalActions::Now, before);
        }
    }
}
