//! SIGHUP: read the configuration again; all of it applies, or none.

use std::path::Path;

use super::daemon::Daemon;
use crate::config::{Change, Config, Problems, ReloadPlan, plan};
use crate::observe::labels::ReloadResult;
use crate::observe::logging::LogControl;

/// What became of a reload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The file says what it said before.
    Unchanged,
    /// These keys have new values.
    Applied(Vec<Change>),
    /// These keys need a restart; the old configuration stays.
    NeedsRestart(Vec<Change>),
    /// The file has problems; the old configuration stays.
    Bad(Problems),
}

impl Outcome {
    /// The label of the metric.
    #[must_use]
    pub const fn result(&self) -> ReloadResult {
        match self {
            Self::Unchanged => ReloadResult::Unchanged,
            Self::Applied(_) => ReloadResult::Applied,
            Self::NeedsRestart(_) => ReloadResult::Refused,
            Self::Bad(_) => ReloadResult::Invalid,
        }
    }

    /// Tells the log, and so the operator.
    pub fn report(&self) {
        match self {
            Self::Unchanged => tracing::info!("reload: nothing changed"),
            Self::Applied(changes) => {
                for change in changes {
                    tracing::info!(key = change.key, old = change.old, new = change.new, "reload: applied");
                }
            }
            Self::NeedsRestart(changes) => {
                for change in changes {
                    tracing::warn!(key = change.key, "reload refused: this key needs a restart");
                }
                tracing::warn!("reload refused: the old configuration stays");
            }
            Self::Bad(problems) => {
                for problem in &problems.0 {
                    tracing::warn!(
                        place = problem.place,
                        key = problem.key,
                        what = problem.what,
                        fix = problem.fix,
                        "reload refused"
                    );
                }
                tracing::warn!("reload refused: the old configuration stays");
            }
        }
    }
}

/// Reads the file again and puts it into force, or says why not.
pub fn reload(path: Option<&Path>, config: &mut Config, daemon: &Daemon, log: &LogControl) -> Outcome {
    let fresh = match Config::load(path, std::env::vars()) {
        Ok(fresh) => fresh,
        Err(problems) => return Outcome::Bad(problems),
    };
    match plan(config, &fresh) {
        ReloadPlan::Unchanged => Outcome::Unchanged,
        ReloadPlan::Refuse(changes) => Outcome::NeedsRestart(changes),
        ReloadPlan::Apply(changes) => {
            daemon.apply(&fresh);
            if let Err(error) = log.set_level(fresh.log.level.label()) {
                tracing::warn!(%error, "the log level stays as it was");
            }
            *config = fresh;
            Outcome::Applied(changes)
        }
    }
}
