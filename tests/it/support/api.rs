//! A small blocking HTTP client: one connection a request.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

/// Longest time without a byte; long polls take up to 60 s.
const READ_TIMEOUT: Duration = Duration::from_secs(75);

/// An address to talk to.
#[derive(Debug, Clone)]
pub struct Api {
    /// `host:port`.
    pub addr: String,
    /// Bearer token.
    pub token: Option<String>,
}

/// A complete answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its headers, names in lower case.
    pub headers: BTreeMap<String, String>,
    /// Its body.
    pub text: String,
}

impl Answer {
    /// The answer that these bytes begin with; `None` unless it is complete.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let split = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(bytes.get(..split)?).into_owned();
        let body = bytes.get(split + 4..)?;
        let mut lines = head.split("\r\n");
        let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let headers: BTreeMap<String, String> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let body = match headers.get("content-length") {
            Some(length) => body.get(..length.parse().ok()?)?.to_vec(),
            None if headers.get("transfer-encoding").is_some_and(|how| how == "chunked") => unchunk(body)?,
            None => body.to_vec(),
        };
        Some(Self {
            status,
            headers,
            text: String::from_utf8_lossy(&body).into_owned(),
        })
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error} in {} {}", self.status, self.text))
    }

    /// The body, which must come with this status.
    #[track_caller]
    pub fn ok(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        self.json()
    }

    /// The code of a problem, which must be complete.
    #[track_caller]
    pub fn problem(&self) -> String {
        let problem = self.json();
        assert_eq!(self.headers["content-type"], "application/problem+json");
        assert_eq!(problem["status"], self.status, "{problem}");
        for member in ["title", "detail", "fix", "request_id"] {
            let text = problem[member].as_str().unwrap_or_default();
            assert!(!text.is_empty(), "{member} of {problem}");
        }
        problem["code"].as_str().unwrap().to_owned()
    }
}

impl Api {
    /// An address from its URL.
    pub fn new(url: &str, token: Option<&str>) -> Self {
        Self {
            addr: url.trim_start_matches("http://").trim_end_matches('/').to_owned(),
            token: token.map(str::to_owned),
        }
    }

    /// Reads.
    #[track_caller]
    pub fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], "")
    }

    /// Writes.
    #[track_caller]
    pub fn put(&self, path: &str, body: &Value) -> Answer {
        self.send("PUT", path, &[], &body.to_string())
    }

    /// Acts.
    #[track_caller]
    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, &[], &body.to_string())
    }

    /// Sends anything.
    #[track_caller]
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        self.try_send(method, path, headers, body)
            .unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }

    /// Sends anything to somebody who may be gone.
    pub fn try_send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Result<Answer, String> {
        let headers = [&[("connection", "close")], headers].concat();
        let head = self.head(method, path, &headers, body);
        let mut stream = TcpStream::connect(&self.addr).map_err(|error| error.to_string())?;
        stream.set_read_timeout(Some(READ_TIMEOUT)).unwrap();
        stream.write_all(head.as_bytes()).map_err(|error| error.to_string())?;
        // A body that is refused by its length alone need not be read to its end.
        let _refused_is_fine = stream.write_all(body.as_bytes());
        let mut bytes = Vec::new();
        let end = stream.read_to_end(&mut bytes);
        Answer::read(&bytes).ok_or_else(|| format!("{} bytes, then {end:?}", bytes.len()))
    }

    /// The head of a request, up to its body.
    pub fn head(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> String {
        let mut head = format!("{method} {path} HTTP/1.1\r\n");
        let has = |name: &str| headers.iter().any(|(given, _)| given.eq_ignore_ascii_case(name));
        if !has("host") {
            head.push_str(&format!("Host: {}\r\n", self.addr));
        }
        if let Some(token) = self.token.as_ref().filter(|_| !has("authorization")) {
            head.push_str(&format!("Authorization: Bearer {token}\r\n"));
        }
        if !body.is_empty() && !has("content-type") {
            head.push_str("Content-Type: application/json\r\n");
        }
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if method != "GET" || !body.is_empty() {
            head.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        head.push_str("\r\n");
        head
    }
}

fn unchunk(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut whole = Vec::new();
    loop {
        let end = rest.windows(2).position(|window| window == b"\r\n")?;
        let length = std::str::from_utf8(rest.get(..end)?).ok()?;
        let length = usize::from_str_radix(length.trim(), 16).ok()?;
        rest = rest.get(end + 2..)?;
        if length == 0 {
            return Some(whole);
        }
        whole.extend_from_slice(rest.get(..length)?);
        rest = rest.get(length + 2..)?;
    }
}
