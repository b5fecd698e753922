//! What went wrong: what happened, why, and what to type.

use serde_json::{Value, json};

use crate::cli::exit::Exit;
use crate::cli::words::{badge, field};
use crate::model::problem::ProblemCode;

/// One failure, as a person reads it.
#[derive(Debug, Clone, PartialEq)]
pub struct Trouble {
    /// How the program ends.
    pub exit: Exit,
    /// A stable word for programs.
    pub code: String,
    /// What happened.
    pub what: String,
    /// Why, line by line.
    pub why: Vec<String>,
    /// What to do, line by line.
    pub fix: Vec<String>,
    /// The object as the API gave it, where it did.
    pub problem: Option<Box<Value>>,
}

impl Trouble {
    /// A failure.
    #[must_use]
    pub fn new(exit: Exit, code: &str, what: impl Into<String>) -> Self {
        Self {
            exit,
            code: code.to_owned(),
            what: what.into(),
            why: Vec::new(),
            fix: Vec::new(),
            problem: None,
        }
    }

    /// Wrong arguments or input.
    #[must_use]
    pub fn usage(what: impl Into<String>) -> Self {
        Self::new(Exit::Usage, "usage", what)
    }

    /// Adds why.
    #[must_use]
    pub fn because(mut self, why: impl Into<String>) -> Self {
        self.why.push(why.into());
        self
    }

    /// Adds what to do.
    #[must_use]
    pub fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix.push(fix.into());
        self
    }

    /// A refusal of the daemon.
    #[must_use]
    pub fn refused(status: u16, body: &[u8]) -> Self {
        let problem: Option<Value> = serde_json::from_slice(body).ok();
        let Some(problem) = problem.filter(|problem| problem.get("code").is_some_and(Value::is_string)) else {
            return Self::new(
                exit_of(status, ""),
                "unexpected_answer",
                "The answer is not the daemon's",
            )
            .because(format!("status {status}, and no reason that can be read"))
            .fix("Check with --addr that this is the address of a Counterfoil daemon.");
        };
        let code = field::text(&problem, "/code").unwrap_or_default();
        let what = field::text(&problem, "/title").unwrap_or_else(|| code.clone());
        let mut trouble = Self::new(exit_of(status, &code), &code, what);
        trouble.why.extend(field::text(&problem, "/detail"));
        let faults = field::items(&problem, "/errors");
        if faults.len() > 1 {
            trouble.why.extend(faults.iter().map(|fault| {
                let pointer = field::shown(fault, "/pointer");
                format!("{pointer}: {}", field::shown(fault, "/detail"))
            }));
        }
        let meant = badge::candidates(&problem);
        trouble
            .why
            .extend(meant.into_iter().map(|candidate| format!("meant? {candidate}")));
        trouble.fix.push(fix_of(&code, &problem));
        trouble.problem = Some(Box::new(problem));
        trouble
    }

    /// The request, where the daemon refused one.
    #[must_use]
    pub fn request_id(&self) -> Option<String> {
        field::text(self.problem.as_ref()?, "/request_id")
    }

    /// As one object, for programs: the API's own where there is one.
    #[must_use]
    pub fn to_json(&self) -> Value {
        self.problem.as_deref().cloned().unwrap_or_else(|| {
            json!({
                "code": self.code,
                "title": self.what,
                "detail": self.why.join("; "),
                "fix": self.fix.join(" "),
            })
        })
    }
}

/// How the program ends after a refusal.
fn exit_of(status: u16, code: &str) -> Exit {
    match (code, status) {
        ("connection_not_active" | "company_not_configured", _) => Exit::NotActive,
        ("grant_rejected", _) => Exit::Failed,
        (_, 401 | 403) => Exit::NotPermitted,
        (_, 404 | 410) => Exit::NotFound,
        (_, 409 | 412 | 428) => Exit::Conflict,
        (_, 400 | 413 | 415 | 422) => Exit::Usage,
        _ => Exit::Failed,
    }
}

/// What to type, where there is a command for it; else what the API says.
fn fix_of(code: &str, problem: &Value) -> String {
    if code == "cursor_expired" {
        let oldest = field::text(problem, "/oldest_cursor").unwrap_or_default();
        return format!("counterfoil events tail --cursor {oldest}");
    }
    let typed = ProblemCode::from_code(code).and_then(ProblemCode::typed);
    let told = typed.map(str::to_owned).or_else(|| field::text(problem, "/fix"));
    told.unwrap_or_else(|| "See the daemon's log.".to_owned())
}
