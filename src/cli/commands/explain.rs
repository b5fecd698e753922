//! What a reason means, from what is built in.

use serde_json::json;

use crate::cli::control::Trouble;
use crate::cli::exit::Exit;
use crate::cli::explain::{Explanation, explain, overview, refusal};
use crate::cli::session::Session;
use crate::cli::words::field;
use crate::cli::words::screen::Stop;
use crate::model::problem::ProblemCode;
use crate::model::reason::ReasonCode;

/// Shows the page of a reason, or all reasons.
pub fn show(session: &mut Session<'_>, code: Option<&str>) -> Result<Exit, Stop> {
    let Some(code) = code else {
        return list(session);
    };
    match explain(code) {
        Explanation::Page(page) if session.screen.is_for_people() => session.screen.line(page.trim_end())?,
        Explanation::Page(page) => session.screen.line(&json!({"page": page}).to_string())?,
        Explanation::Problem(problem) if session.screen.is_for_people() => {
            session.screen.line(&refusal(problem))?;
        }
        Explanation::Problem(problem) => session.screen.line(&json!({"page": refusal(problem)}).to_string())?,
        Explanation::Unknown { meant } => {
            let what = format!("There is no reason \"{}\"", field::clean(code));
            let trouble = Trouble::new(Exit::NotFound, "reason_not_found", what);
            let trouble = match meant {
                Some(meant) => trouble
                    .because(format!("did you mean {meant}?"))
                    .fix(format!("counterfoil explain {meant}")),
                None => trouble.fix("counterfoil explain"),
            };
            return Err(trouble.into());
        }
    }
    Ok(Exit::Ok)
}

fn list(session: &mut Session<'_>) -> Result<Exit, Stop> {
    if session.screen.is_for_people() {
        session.screen.line(overview().trim_end())?;
    } else {
        let reasons = ReasonCode::ALL
            .iter()
            .map(|reason| json!({"code": reason.code(), "title": reason.title(), "fix": reason.fix()}));
        let problems = ProblemCode::ALL.iter().map(|problem| {
            let fix = problem.typed().unwrap_or(problem.fix());
            json!({"code": problem.code(), "title": problem.title(), "fix": fix, "status": problem.status()})
        });
        let data: Vec<_> = reasons.chain(problems).collect();
        let value = json!({"data": data});
        session.screen.object(value.to_string().as_bytes(), &value)?;
    }
    Ok(Exit::Ok)
}
