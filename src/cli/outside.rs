//! Everything the command line touches, passed in.

use std::collections::BTreeMap;
use std::io::{BufRead, Write};

use super::args::{DemoArgs, RescueArgs, SandboxArgs, ServeArgs};
use crate::model::time::Clock;

/// The programs that work without asking a daemon. Each returns the number given to the shell (see
/// [`super::exit::Exit`]) and prints for itself.
pub trait Programs {
    /// Runs the daemon.
    fn serve(&self, args: ServeArgs) -> i32;
    /// Runs sandbox, daemon and console on a seeded data set.
    fn demo(&self, args: DemoArgs) -> i32;
    /// Runs the simulated Xero.
    fn sandbox(&self, args: SandboxArgs) -> i32;
    /// Saves what can be read of a damaged data folder.
    fn rescue(&self, args: RescueArgs) -> i32;
}

/// What the three streams end in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ends {
    /// Standard input is a terminal.
    pub input_is_terminal: bool,
    /// Standard output is a terminal.
    pub out_is_terminal: bool,
    /// Standard error is a terminal.
    pub err_is_terminal: bool,
    /// Columns of the terminal, where it tells.
    pub columns: Option<usize>,
}

/// Everything the command line touches.
pub struct Outside<'a> {
    /// The programs that can be started.
    pub programs: &'a dyn Programs,
    /// The clocks.
    pub clock: &'a dyn Clock,
    /// The environment.
    pub variables: BTreeMap<String, String>,
    /// Standard input.
    pub input: &'a mut dyn BufRead,
    /// Standard output.
    pub out: &'a mut dyn Write,
    /// Standard error.
    pub err: &'a mut dyn Write,
    /// What they end in.
    pub ends: Ends,
}
