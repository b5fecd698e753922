//! A hand-written client: it can send what a real one would not.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// An answer, taken apart.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub text: String,
}

impl Answer {
    pub fn parse(raw: &[u8]) -> Self {
        let text = String::from_utf8_lossy(raw).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let mut lines = head.lines();
        let status = lines
            .next()
            .and_then(|line| line.split(' ').nth(1))
            .and_then(|status| status.parse().ok())
            .unwrap_or(0);
        let headers = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        Self {
            status,
            headers,
            text: body.to_owned(),
        }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {} {}", self.status, self.text))
    }

    /// Asserts that this is the problem `code` with its registered status, complete.
    #[track_caller]
    pub fn is_problem(&self, code: &str) -> Value {
        let body = self.json();
        assert_eq!(body["code"], code, "{body}");
        assert_eq!(body["status"], self.status);
        let known = crate::http::problem::ProblemCode::ALL
            .iter()
            .find(|known| known.code() == code)
            .expect("the code is registered");
        assert_eq!(known.status(), self.status);
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        assert_eq!(body["request_id"].as_str(), self.header("x-request-id"));
        for name in ["type", "title", "detail", "fix"] {
            assert!(
                body[name].as_str().is_some_and(|text| !text.is_empty()),
                "{name} is missing: {body}"
            );
        }
        assert!(body["retryable"].is_boolean() && body["errors"].is_array());
        body
    }

    /// The codes and pointers of a refused body.
    #[track_caller]
    pub fn faults(&self) -> Vec<(String, String)> {
        let body = self.is_problem("validation_failed");
        let list = body["errors"].as_array().expect("errors is a list");
        list.iter()
            .map(|fault| {
                let text = |name: &str| fault[name].as_str().unwrap_or_default().to_owned();
                (text("pointer"), text("code"))
            })
            .collect()
    }
}

/// A client of one server.
#[derive(Clone)]
pub struct Client {
    pub addr: SocketAddr,
    pub token: Option<String>,
}

impl Client {
    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.addr).expect("the server listens");
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .expect("a timeout can be set");
        stream
    }

    /// Sends bytes and reads until the end.
    pub fn raw(&self, bytes: &[u8]) -> Answer {
        let mut stream = self.connect();
        stream.write_all(bytes).expect("the request is taken");
        let mut raw = Vec::new();
        stream.read_to_end(&mut raw).expect("the answer ends");
        Answer::parse(&raw)
    }

    /// The head of a request, with what every good client sends.
    pub fn head(&self, method: &str, path: &str, more: &[(&str, &str)]) -> String {
        let mut head = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\n");
        let has = |name: &str| more.iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
        if !has("host") {
            head.push_str(&format!("host: {}\r\n", self.addr));
        }
        if let Some(token) = self.token.as_ref().filter(|_| !has("authorization")) {
            head.push_str(&format!("authorization: Bearer {token}\r\n"));
        }
        for (name, value) in more {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head
    }

    pub fn send(&self, method: &str, path: &str, more: &[(&str, &str)], body: &str) -> Answer {
        let mut request = self.head(method, path, more);
        if !body.is_empty() {
            if !more.iter().any(|(name, _)| *name == "content-type") {
                request.push_str("content-type: application/json\r\n");
            }
            request.push_str(&format!("content-length: {}\r\n", body.len()));
        }
        request.push_str("\r\n");
        request.push_str(body);
        self.raw(request.as_bytes())
    }

    pub fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], "")
    }

    pub fn put(&self, path: &str, body: &Value) -> Answer {
        self.send("PUT", path, &[], &body.to_string())
    }

    pub fn post(&self, path: &str) -> Answer {
        self.send("POST", path, &[], "")
    }
}
