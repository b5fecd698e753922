//! The daemon's configuration file.

use std::path::Path;

use serde_json::json;

use crate::cli::control::Trouble;
use crate::cli::exit::Exit;
use crate::cli::session::Session;
use crate::cli::words::number;
use crate::cli::words::screen::Stop;
use crate::config::{Config, Problems};

/// Checks a file as the daemon would read it, naming every problem.
pub fn check(session: &mut Session<'_>, file: &Path) -> Result<Exit, Stop> {
    let problems = problems(session, file);
    if !session.screen.is_for_people() {
        let value = json!({"ok": problems.is_empty(), "problems": problems});
        session.screen.line(&value.to_string())?;
        return Ok(if problems.is_empty() { Exit::Ok } else { Exit::Usage });
    }
    if problems.is_empty() {
        session
            .screen
            .line(&format!("{} is a valid configuration.", file.display()))?;
        return Ok(Exit::Ok);
    }
    Err(refusal(file, &problems).into())
}

/// Checks the file, and tells how the running daemon is made to load it: that takes a signal.
pub fn reload(session: &mut Session<'_>, file: Option<&Path>) -> Result<Exit, Stop> {
    if let Some(file) = file {
        let problems = problems(session, file);
        if !problems.is_empty() {
            return Err(refusal(file, &problems).into());
        }
        session
            .screen
            .note(&format!("{} is a valid configuration.", file.display()));
    }
    Err(Trouble::new(
        Exit::Failed,
        "reload_takes_a_signal",
        "The daemon was not told to load its configuration",
    )
    .because("it does so on the signal SIGHUP only, and logs what it applied or why it refused")
    .fix("systemctl reload counterfoil, or: kill -HUP PID")
    .into())
}

fn problems(session: &Session<'_>, file: &Path) -> Vec<crate::config::Problem> {
    match Config::load(Some(file), session.variables.clone()) {
        Ok(_config) => Vec::new(),
        Err(Problems(problems)) => problems,
    }
}

fn refusal(file: &Path, problems: &[crate::config::Problem]) -> Trouble {
    let found = number::counted(problems.len().try_into().unwrap_or(u64::MAX), "problem");
    let what = format!("{} has {found}", file.display());
    let trouble = Trouble::new(Exit::Usage, "config_invalid", what);
    problems
        .iter()
        .fold(trouble, |trouble, problem| trouble.because(problem.to_string()))
}
