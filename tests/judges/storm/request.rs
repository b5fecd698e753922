//! Requests: method, path, query, headers and body, each sometimes as it should be.

use std::collections::BTreeSet;

use counterfoil::sandbox::Request;
use serde_json::Value;

use super::body;
use super::control;
use super::draw::Draw;
use super::held::{ACCESS, OTHER};
use super::identity;
use super::operations::OPERATIONS;
use super::query::query;

pub const METHODS: [&str; 9] = ["GET", "PUT", "POST", "DELETE", "PATCH", "HEAD", "OPTIONS", "get", ""];

/// What the storm has seen of the world.
#[derive(Debug, Clone)]
pub struct Known {
    /// The first one is the app that the organisations are connected to.
    pub apps: Vec<App>,
    pub tenants: Vec<String>,
    /// The organisation that the next request is about.
    pub here: String,
    ids: Vec<Id>,
}

/// Credentials; an app without a secret has an empty one.
#[derive(Debug, Clone)]
pub struct App {
    pub id: String,
    pub secret: String,
}

/// An id that was answered, and the key it stood under.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Id {
    tenant: String,
    key: String,
    id: String,
}

/// Ids kept of one organisation.
const IDS_MAX: usize = 120;

const NO_IDS: [&str; 9] = [
    "",
    "1",
    "null",
    "..",
    "%00",
    "%2F",
    "S-1",
    "INV-0001",
    "00000000-0000-0000-0000-000000000000",
];

impl Known {
    pub fn new(app: App, tenants: Vec<String>) -> Self {
        Self {
            apps: vec![app],
            here: tenants[0].clone(),
            tenants,
            ids: Vec::new(),
        }
    }

    /// An id of such a thing here, or of another, or of nothing, or no id at all.
    pub fn id(&self, draw: &mut Draw, key: &str) -> String {
        let here: Vec<&Id> = self.ids.iter().filter(|known| known.tenant == self.here).collect();
        let same: Vec<&Id> = here.iter().copied().filter(|known| known.key == key).collect();
        match draw.below(24) {
            0 => draw.stranger(),
            1 => draw.one(&NO_IDS).to_owned(),
            2 if !self.ids.is_empty() => draw.one(&self.ids).id,
            _ if same.is_empty() => draw.stranger(),
            _ => draw.one(&same).id.clone(),
        }
    }

    /// What a request that was carried out made come and go: `first` is what there was when the
    /// default snapshot was taken.
    pub fn follow(&mut self, request: &Request, answer: &Value, first: &Self) {
        let gone = (request.method == "DELETE").then(|| request.path.rsplit('/').next().unwrap_or_default());
        if let Some(gone) = gone {
            self.ids.retain(|known| known.id != gone);
        }
        match request.path.as_str() {
            "/_sandbox/reset" => self.ids.clear(),
            "/_sandbox/restore" => self.ids.clone_from(&first.ids),
            "/_sandbox/faults" => {
                if let Some(id) = answer["id"].as_str() {
                    let here = self.here.clone();
                    self.learn(&serde_json::json!({"FaultID": id}), &here);
                }
            }
            _ => {
                let here = self.here.clone();
                self.learn(answer, &here);
            }
        }
    }

    fn has(&self, key: &str) -> bool {
        self.ids
            .iter()
            .any(|known| known.tenant == self.here && known.key == key)
    }

    /// Keeps the ids of an answer about this organisation, the newest ones when there are many, and
    /// apps.
    pub fn learn(&mut self, answer: &Value, tenant: &str) {
        let mut found = BTreeSet::new();
        ids_in(answer, &mut found);
        let fresh = found.into_iter().take(30).map(|(key, id)| Id {
            tenant: tenant.to_owned(),
            key,
            id,
        });
        for id in fresh {
            self.ids.retain(|known| *known != id);
            self.ids.push(id);
        }
        let of_it = self.ids.iter().filter(|known| known.tenant == tenant).count();
        let mut excess = of_it.saturating_sub(IDS_MAX);
        self.ids.retain(|known| {
            let goes = excess > 0 && known.tenant == tenant;
            excess -= usize::from(goes);
            !goes
        });
        if let Some(id) = answer["client_id"].as_str() {
            let secret = answer["client_secret"].as_str().unwrap_or_default();
            self.apps.truncate(6);
            self.apps.push(App {
                id: id.to_owned(),
                secret: secret.to_owned(),
            });
        }
    }
}

fn ids_in(value: &Value, found: &mut BTreeSet<(String, String)>) {
    match value {
        // What was refused repeats what was sent, or has an id that exists nowhere.
        Value::Object(pairs) if value["StatusAttributeString"] == "ERROR" || pairs.contains_key("Elements") => {}
        Value::Object(pairs) => {
            for (key, value) in pairs {
                match value {
                    Value::String(text) if key.ends_with("ID") || key == "authEventId" => {
                        found.insert((key.clone(), text.clone()));
                    }
                    other => ids_in(other, found),
                }
            }
        }
        Value::Array(items) => items.iter().take(4).for_each(|item| ids_in(item, found)),
        _ => {}
    }
}

/// The next request.
pub fn request(draw: &mut Draw, known: &mut Known) -> Request {
    known.here = draw.one(&known.tenants);
    let mut request = match draw.below(20) {
        0..=3 => control::control(draw, known),
        4..=6 => identity::identity(draw, known),
        _ => accounting(draw, known),
    };
    if draw.percent(2) {
        let mut path = request.path.into_bytes();
        body::spoil(draw, &mut path);
        path.truncate(3_000);
        request.path = String::from_utf8_lossy(&path).into_owned();
    }
    request
}

/// One of the operations, mostly one whose ids are known.
fn operation(draw: &mut Draw, known: &Known) -> (&'static str, &'static str, &'static str) {
    let keys = |pattern: &'static str| pattern.split('/').filter_map(key_of);
    let mut drawn = draw.one(&OPERATIONS);
    for _ in 0..6 {
        if keys(drawn.1).all(|key| known.has(key)) {
            break;
        }
        drawn = draw.one(&OPERATIONS);
    }
    drawn
}

fn key_of(part: &str) -> Option<&str> {
    part.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'))
}

fn accounting(draw: &mut Draw, known: &Known) -> Request {
    let (mut method, pattern, mut kind) = operation(draw, known);
    if draw.percent(2) {
        method = draw.one(&METHODS);
        kind = draw.one(&OPERATIONS).2;
    }
    let filled = |part: &str, draw: &mut Draw| match key_of(part) {
        Some(key) => known.id(draw, key),
        None => part.to_owned(),
    };
    let parts: Vec<String> = pattern.split('/').map(|part| filled(part, draw)).collect();
    let mut path = format!("/api.xro/2.0/{}", parts.join("/"));
    match draw.below(80) {
        0 => path = path.to_lowercase(),
        1 => path = path.to_uppercase(),
        2 => path.push('/'),
        3 => path = path.replace('/', "//"),
        4 => path.push_str("/Allocations/x/History"),
        5 => path.push_str("/Attachments"),
        _ => {}
    }
    let body = if !kind.is_empty() || draw.percent(5) {
        body::body(draw, known, kind).into()
    } else {
        bytes::Bytes::new()
    };
    Request {
        method: method.to_owned(),
        path,
        query: if draw.percent(60) {
            query(draw, known)
        } else {
            String::new()
        },
        headers: headers(draw, known),
        body,
    }
}

/// Headers of a call; mostly those that are needed.
pub fn headers(draw: &mut Draw, known: &Known) -> Vec<(String, String)> {
    let mut headers = Vec::new();
    let mut add = |name: &str, value: String| headers.push((name.to_owned(), value));
    let accept = draw.one(&["application/json", "application/json", "*/*", "text/xml", ""]);
    add(
        "Accept",
        if draw.percent(98) { "application/json" } else { accept }.to_owned(),
    );
    match draw.below(80) {
        0 => {}
        1 => add("Authorization", "Bearer nonsense".to_owned()),
        2 => add("Authorization", "Basic \u{e9}".to_owned()),
        3 => add("Authorization", format!("Bearer {OTHER}")),
        _ => add("authorization", format!("Bearer {ACCESS}")),
    }
    match draw.below(80) {
        0 => {}
        1 => add("xero-tenant-id", "no guid".to_owned()),
        2 => add("xero-tenant-id", draw.stranger()),
        3 => add("Xero-Tenant-Id", draw.one(&known.tenants)),
        _ => add("Xero-Tenant-Id", known.here.clone()),
    }
    if draw.percent(50) {
        let key = match draw.below(5) {
            0 => String::new(),
            1 => "k".repeat(draw.below(140)),
            _ => format!("k{}", draw.below(2_000)),
        };
        add("Idempotency-Key", key);
    }
    if draw.percent(20) {
        let since = draw.one(&[
            "2026-09-01T00:00:00",
            "2026-09-01T00:00:00Z",
            "2026-09-01T00:00:00.000+14:00",
            "Tue, 01 Sep 2026 00:00:00 GMT",
            "yesterday",
            "",
            "9999-99-99",
            "-1",
            "262143-12-31T23:59:59",
        ]);
        add("If-Modified-Since", since.to_owned());
    }
    headers
}
