//! How the program ends: one number for each thing a script may want to tell apart.

use std::process::ExitCode;

/// Why the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// All went well.
    Ok,
    /// It failed, for a reason that was printed.
    Failed,
    /// The arguments, or what they name, are wrong.
    Usage,
    /// The daemon cannot be reached.
    Unreachable,
    /// There is no such thing.
    NotFound,
    /// The token may not do this.
    NotPermitted,
    /// Something else stands in the way.
    Conflict,
    /// It finished, with some failures.
    PartlyFailed,
    /// It was still running when waiting ended.
    StillRunning,
    /// The connection to Xero is not active.
    NotActive,
    /// The doctor found problems.
    ProblemsFound,
}

impl Exit {
    /// Every way to end.
    pub const ALL: [Self; 11] = [
        Self::Ok,
        Self::Failed,
        Self::Usage,
        Self::Unreachable,
        Self::NotFound,
        Self::NotPermitted,
        Self::Conflict,
        Self::PartlyFailed,
        Self::StillRunning,
        Self::NotActive,
        Self::ProblemsFound,
    ];

    /// The number given to the shell.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Unreachable => 3,
            Self::NotFound => 4,
            Self::NotPermitted => 5,
            Self::Conflict => 6,
            Self::PartlyFailed => 7,
            Self::StillRunning => 8,
            Self::NotActive => 9,
            Self::ProblemsFound => 10,
        }
    }

    /// What it means, for `--help`.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Ok => "all went well",
            Self::Failed => "failed",
            Self::Usage => "wrong arguments or input",
            Self::Unreachable => "the daemon cannot be reached",
            Self::NotFound => "not found",
            Self::NotPermitted => "not permitted",
            Self::Conflict => "something else stands in the way",
            Self::PartlyFailed => "finished with some failures",
            Self::StillRunning => "still running when waiting ended",
            Self::NotActive => "the connection to Xero is not active",
            Self::ProblemsFound => "the doctor found problems",
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
