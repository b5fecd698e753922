//! One refusal of the control endpoint.

use serde_json::{Map, Value, json};

pub use crate::model::problem::ProblemCode;

/// One thing wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// JSON pointer into the body, or a pointer-like name of a path part.
    pub pointer: String,
    /// A stable word for programs.
    pub code: &'static str,
    /// The case in words.
    pub detail: String,
}

/// One refusal.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    /// Its kind.
    pub code: ProblemCode,
    /// This case in a sentence.
    pub detail: String,
    /// What to do in this case, where it is not what its kind says.
    pub fix: Option<&'static str>,
    /// What is wrong, place by place.
    pub faults: Vec<Fault>,
    /// More members of the object (`required_scope`, `oldest_cursor`, …).
    pub more: Vec<(&'static str, Value)>,
    /// Headers of the answer (`Allow`, `Retry-After`).
    pub headers: Vec<(&'static str, String)>,
}

impl Problem {
    /// A refusal with its case in a sentence.
    #[must_use]
    pub fn new(code: ProblemCode, detail: impl Into<String>) -> Self {
        let headers = match code {
            ProblemCode::Busy | ProblemCode::IdempotencyInProgress => {
                vec![("retry-after", "1".to_owned())]
            }
            ProblemCode::Unauthenticated => vec![("www-authenticate", "Bearer".to_owned())],
            _ => Vec::new(),
        };
        Self {
            code,
            detail: detail.into(),
            fix: None,
            faults: Vec::new(),
            more: Vec::new(),
            headers,
        }
    }

    /// A refusal of a body, naming everything wrong with it.
    #[must_use]
    pub fn invalid(faults: Vec<Fault>) -> Self {
        let detail = match faults.as_slice() {
            [only] => format!("{}: {}", only.pointer, only.detail),
            many => format!("{} things are wrong with the request.", many.len()),
        };
        Self {
            faults,
            ..Self::new(ProblemCode::ValidationFailed, detail)
        }
    }

    /// Adds a member.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.more.push((name, value.into()));
        self
    }

    /// Says what to do in this case.
    #[must_use]
    pub const fn with_fix(mut self, fix: &'static str) -> Self {
        self.fix = Some(fix);
        self
    }

    /// What to do.
    #[must_use]
    pub fn fix(&self) -> &'static str {
        self.fix.unwrap_or_else(|| self.code.fix())
    }

    /// Adds a header.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The `application/problem+json` object.
    #[must_use]
    pub fn to_json(&self, request_id: &str) -> Value {
        let mut object = Map::new();
        for (name, value) in &self.more {
            object.insert((*name).to_owned(), value.clone());
        }
        let code = self.code;
        object.insert("type".into(), format!("/v1/reasons/{}", code.code()).into());
        object.insert("title".into(), code.title().into());
        object.insert("status".into(), code.status().into());
        object.insert("detail".into(), self.detail.clone().into());
        object.insert("code".into(), code.code().into());
        object.insert("fix".into(), self.fix().into());
        object.insert("retryable".into(), code.is_retryable().into());
        object.insert("request_id".into(), request_id.into());
        let errors = self
            .faults
            .iter()
            .map(|fault| json!({"pointer": fault.pointer, "code": fault.code, "detail": fault.detail}));
        object.insert("errors".into(), errors.collect());
        Value::Object(object)
    }
}
