//! What others recorded of Xero, or Xero published as examples: requests and answers, one by one.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::schema::file::{documents, shared};

/// A request, as far as the recording tells it.
#[derive(Debug, Clone)]
pub struct Sent {
    /// In capitals.
    pub method: String,
    /// Without the query string.
    pub path: String,
    /// Pairs of the query string.
    pub query: Vec<(String, String)>,
    /// The body.
    pub body: Option<Value>,
}

/// One exchange.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// Below the folder of recordings.
    pub file: String,
    /// What was asked.
    pub sent: Sent,
    /// Of the answer.
    pub status: u16,
    /// Of the answer; its text, as it was recorded.
    pub text: String,
}

impl Recorded {
    /// The answer as JSON.
    pub fn body(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{}: {error}", self.file))
    }
}

/// The folder of recordings; says so when it is not there.
pub fn folder() -> Option<PathBuf> {
    let folder = shared().map(|shared| shared.join("xero/recordings"));
    if folder.is_none() {
        println!("skipped: no recordings on this machine");
    }
    folder
}

/// All files with data, below the folder.
pub fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let group = entry.file_name().into_string().unwrap();
        let Ok(entries) = fs::read_dir(entry.path()) else {
            continue;
        };
        let names = entries.flatten().map(|entry| entry.file_name().into_string().unwrap());
        let data = names.filter(|name| !name.starts_with("LICENSE"));
        found.extend(data.map(|name| format!("{group}/{name}")));
    }
    found.sort();
    found
}

/// Live JSON answers of April 2026.
pub fn nango(folder: &Path) -> Vec<Recorded> {
    let files = files(folder).into_iter();
    let files = files.filter(|file| file.starts_with("nango"));
    files.flat_map(|file| of_nango(folder, &file)).collect()
}

fn of_nango(folder: &Path, file: &str) -> Vec<Recorded> {
    let whole: Value = json(folder, file);
    let mut found = Vec::new();
    for (method, paths) in whole["api"].as_object().unwrap() {
        for (path, calls) in paths.as_object().unwrap() {
            let calls = calls.as_array().cloned().unwrap_or_else(|| vec![calls.clone()]);
            found.extend(calls.iter().map(|call| of_call(file, method, path, call)));
        }
    }
    found
}

fn of_call(file: &str, method: &str, path: &str, call: &Value) -> Recorded {
    let params = call["request"]["params"].as_object().into_iter().flatten();
    Recorded {
        file: file.to_owned(),
        sent: Sent {
            method: method.to_uppercase(),
            path: path.to_owned(),
            query: params
                .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
                .collect(),
            body: call["request"].get("data").cloned(),
        },
        status: u16::try_from(call["status"].as_u64().unwrap()).unwrap(),
        text: call["response"].to_string(),
    }
}

/// Answers that Xero publishes as examples; requests beside them are in [`example_requests`].
pub fn examples(folder: &Path) -> Vec<Recorded> {
    let files = files(folder).into_iter();
    let files = files.filter(|file| file.starts_with("xero-openapi-examples") && !file.ends_with(".req.json"));
    files.map(|file| of_example(folder, &file)).collect()
}

fn of_example(folder: &Path, file: &str) -> Recorded {
    let (_, name) = file.split_once('/').unwrap();
    let mut parts = name.split('.');
    let (operation, status) = (parts.next().unwrap(), parts.next().unwrap());
    let (method, path) = place_of(operation);
    let request = folder.join(format!("xero-openapi-examples/{operation}.req.json"));
    let body = fs::read_to_string(request).ok();
    Recorded {
        file: file.to_owned(),
        sent: Sent {
            method,
            path,
            query: Vec::new(),
            body: body.map(|body| serde_json::from_str(&body).unwrap()),
        },
        status: status.parse().unwrap(),
        text: text(folder, file),
    }
}

/// Method and path of an operation, parameters in braces.
fn place_of(operation: &str) -> (String, String) {
    let root = &documents().unwrap()[0].root;
    for (path, methods) in root["paths"].as_object().unwrap() {
        for (method, described) in methods.as_object().unwrap() {
            if described["operationId"] == operation {
                return (method.to_uppercase(), format!("/api.xro/2.0{path}"));
            }
        }
    }
    panic!("no operation {operation}");
}

/// Exact answers of 2020, with their headers in the cassettes.
pub fn cassettes(folder: &Path) -> Vec<Recorded> {
    let names = ["test_get_connections.yaml", "test_get_organisations.yaml"];
    let cassette = |name: &&str| {
        let file = format!("xero-python/{name}");
        let whole: Value = serde_yaml_ng::from_str(&text(folder, &file)).unwrap();
        let exchange = &whole["interactions"][0];
        let uri = exchange["request"]["uri"].as_str().unwrap();
        Recorded {
            sent: get(uri.trim_start_matches("https://api.xero.com")),
            status: u16::try_from(exchange["response"]["status"]["code"].as_u64().unwrap()).unwrap(),
            text: exchange["response"]["body"]["string"].as_str().unwrap().to_owned(),
            file,
        }
    };
    let mut found: Vec<Recorded> = names.iter().map(cassette).collect();
    let file = "xero-python/get-invoices-page1.raw.json";
    let mut sent = get("/api.xro/2.0/Invoices");
    sent.query = vec![("page".to_owned(), "1".to_owned())];
    found.push(Recorded {
        file: file.to_owned(),
        sent,
        status: 200,
        text: text(folder, file),
    });
    found
}

/// Small JSON answers that test suites keep.
pub fn stubs(folder: &Path) -> Vec<Recorded> {
    let rows = [
        ("xero-node/connectionsResponse.json", get("/connections"), 200),
        ("xero-node/tokenSet.json", post("/connect/token"), 200),
        ("xeroizer/connections.json", get("/connections"), 200),
        (
            "xeroizer/expired_oauth2_token.json",
            get("/api.xro/2.0/Organisation"),
            401,
        ),
        (
            "xeroizer/invalid_tenant_header.json",
            get("/api.xro/2.0/Organisation"),
            403,
        ),
    ];
    let stub = |(file, sent, status): (&str, Sent, u16)| Recorded {
        file: file.to_owned(),
        sent,
        status,
        text: text(folder, file),
    };
    rows.into_iter().map(stub).collect()
}

pub fn get(path: &str) -> Sent {
    Sent {
        method: "GET".to_owned(),
        path: path.to_owned(),
        query: Vec::new(),
        body: None,
    }
}

fn post(path: &str) -> Sent {
    Sent {
        method: "POST".to_owned(),
        ..get(path)
    }
}

/// A file as text.
pub fn text(folder: &Path, file: &str) -> String {
    fs::read_to_string(folder.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// A file as JSON.
pub fn json(folder: &Path, file: &str) -> Value {
    serde_json::from_str(&text(folder, file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// A file that is one JSON object.
pub fn object(folder: &Path, file: &str) -> Map<String, Value> {
    json(folder, file).as_object().unwrap().clone()
}
