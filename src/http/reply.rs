//! What an endpoint answers, before it becomes a response.

use std::convert::Infallible;

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::header::{HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use serde_json::Value;

use super::problem::Problem;

/// A body as it is written.
pub type ResponseBody = UnsyncBoxBody<Bytes, Infallible>;

/// What is answered.
pub enum Content {
    /// Bytes that are there, with their type.
    Whole(&'static str, Bytes),
    /// Bytes of a mounted router, whose headers tell the type.
    Mounted(Bytes),
    /// Bytes that come, with their type.
    Stream(&'static str, ResponseBody),
    /// Nothing.
    Empty,
}

/// An answer.
pub struct Reply {
    /// The status.
    pub status: u16,
    /// Headers besides the usual ones.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub content: Content,
}

impl Reply {
    /// An answer in JSON.
    pub fn json(status: u16, value: &Value) -> Self {
        Self::json_text(status, value.to_string())
    }

    /// An answer in JSON that is text already.
    pub fn json_text(status: u16, text: String) -> Self {
        Self {
            status,
            headers: Vec::new(),
            content: Content::Whole("application/json", Bytes::from(text)),
        }
    }

    /// A list: `data`, and beside it the members of `rest`. Each row becomes text at once, because a
    /// tree of hundreds of rows costs more to build and to drop than to write.
    pub fn list(data: impl IntoIterator<Item = Value>, rest: &Value) -> Self {
        let mut text = String::from(r#"{"data":["#);
        for (nth, row) in data.into_iter().enumerate() {
            if nth > 0 {
                text.push(',');
            }
            text.push_str(&row.to_string());
        }
        text.push(']');
        for (name, value) in rest.as_object().into_iter().flatten() {
            text.push(',');
            text.push_str(&Value::from(name.as_str()).to_string());
            text.push(':');
            text.push_str(&value.to_string());
        }
        text.push('}');
        Self::json_text(200, text)
    }

    /// An answer in another type.
    pub fn text(status: u16, content_type: &'static str, text: String) -> Self {
        Self {
            status,
            headers: Vec::new(),
            content: Content::Whole(content_type, Bytes::from(text)),
        }
    }

    /// "Not changed".
    pub const fn not_modified() -> Self {
        Self::bare(304)
    }

    /// A status and nothing else.
    pub const fn bare(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            content: Content::Empty,
        }
    }

    /// A refusal.
    pub fn problem(problem: &Problem, request_id: &str) -> Self {
        let text = problem.to_json(request_id).to_string();
        Self {
            status: problem.code.status(),
            headers: problem
                .headers
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.clone()))
                .collect(),
            content: Content::Whole("application/problem+json", Bytes::from(text)),
        }
    }

    /// Adds a header.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// The response, with the headers every one of ours has.
    pub fn into_response(self, request_id: &str) -> Response<ResponseBody> {
        let version = env!("CARGO_PKG_VERSION");
        self.with_usual(&[("counterfoil-version", version), ("x-request-id", request_id)])
    }

    /// The response to a stranger, who need not know what answers.
    pub fn into_public_response(self) -> Response<ResponseBody> {
        self.with_usual(&[])
    }

    fn with_usual(self, more: &[(&'static str, &str)]) -> Response<ResponseBody> {
        let is_mounted = matches!(self.content, Content::Mounted(_));
        let (content_type, body) = match self.content {
            Content::Whole(content_type, bytes) => (Some(content_type), full(bytes)),
            Content::Mounted(bytes) => (None, full(bytes)),
            Content::Stream(content_type, body) => (Some(content_type), body),
            Content::Empty => (None, full(Bytes::new())),
        };
        let mut response = Response::new(body);
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        for (name, value) in &self.headers {
            let pair = HeaderName::from_bytes(name.as_bytes())
                .ok()
                .zip(HeaderValue::from_str(value).ok());
            if let Some((name, value)) = pair {
                headers.append(name, value);
            }
        }
        let mut usual = vec![
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cache-control", "no-store"),
        ];
        usual.extend(more);
        if !is_mounted {
            usual.push(("content-security-policy", "default-src 'none'; frame-ancestors 'none'"));
        }
        if let Some(content_type) = content_type {
            usual.push(("content-type", content_type));
        }
        for (name, value) in usual {
            let name = HeaderName::from_static(name);
            if let Ok(value) = HeaderValue::from_str(value)
                && !headers.contains_key(&name)
            {
                headers.insert(name, value);
            }
        }
        response
    }
}

fn full(bytes: Bytes) -> ResponseBody {
    Full::new(bytes).boxed_unsync()
}
