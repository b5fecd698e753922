//! The programs that run until they are told to stop, as the command line calls them.

use std::io::Write;
use std::path::PathBuf;

use crate::cli::exit::Exit;

/// What `counterfoil demo` was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemoOrder {
    /// Port of the control endpoint; 0 = any free one.
    pub port: u16,
    /// Port of the simulated Xero; 0 = any free one.
    pub xero_port: u16,
    /// The data folder; `None` = a fresh one below the system's temporary folder.
    pub data: Option<PathBuf>,
    /// Print one object when ready, instead of words.
    pub json: bool,
}

/// What `counterfoil sandbox` was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SandboxOrder {
    /// Port; 0 = any free one.
    pub port: u16,
    /// One empty organisation instead of the seeded two.
    pub is_empty: bool,
    /// Print one object when ready, instead of words.
    pub json: bool,
}

/// Runs the daemon.
#[must_use]
pub fn serve(config: Option<PathBuf>) -> Exit {
    super::serve::serve(config)
}

/// Runs sandbox and daemon together.
#[must_use]
pub fn demo(order: &DemoOrder) -> Exit {
    super::demo::run(order)
}

/// Runs the sandbox alone.
#[must_use]
pub fn sandbox(order: &SandboxOrder) -> Exit {
    super::sandbox::run(order)
}

/// Tells a person at the terminal, before there is a log.
pub(super) fn complain(text: &str) {
    // Standard error is the last place there is: if it is closed, nobody listens.
    let _nobody_listens = writeln!(std::io::stderr(), "{text}");
}
