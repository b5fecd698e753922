//! Refusals that people quoted, as the daemon understands them, and signatures as the sandbox makes
//! them.

use counterfoil::xero::outcome::{Asked, of_answer};
use reqwest::header::HeaderMap;
use serde_json::Value;

use crate::recorded::{folder, object, text};

#[test]
fn every_quoted_refusal_is_understood() {
    let Some(folder) = folder() else { return };
    let quoted: Value = serde_yaml_ng::from_str(&text(&folder, "github-issues/error-bodies.yaml")).unwrap();
    let mut found = Vec::new();
    for entry in quoted.as_array().unwrap() {
        let Some(status) = entry["status"].as_u64() else {
            continue;
        };
        let mut headers = HeaderMap::new();
        for (name, value) in entry["headers"].as_object().into_iter().flatten() {
            let name: reqwest::header::HeaderName = name.parse().unwrap();
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            headers.insert(name, value.parse().unwrap());
        }
        let bodies = ["bodies", "bodies_plain_text"].into_iter();
        let mut bodies: Vec<&str> = bodies
            .flat_map(|key| entry[key].as_array().into_iter().flatten())
            .map(|body| body.as_str().unwrap())
            .collect();
        if bodies.is_empty() {
            bodies.push("");
        }
        for body in bodies {
            let asked = if entry["id"] == "token-invalid-grant" {
                Asked::Token
            } else {
                Asked::Read
            };
            let status = u16::try_from(status).unwrap();
            let failure = of_answer(asked, status, &headers, body.as_bytes());
            found.push((
                entry["id"].to_string().replace('"', ""),
                format!("{:?}: {:?}", failure.kind, failure.remedy),
            ));
        }
    }
    let wanted: Vec<(String, String)> = WANTED
        .iter()
        .map(|(id, understood)| ((*id).to_owned(), (*understood).to_owned()))
        .collect();
    assert_eq!(found, wanted);
}

/// What each quoted refusal means to the daemon.
const WANTED: [(&str, &str); 12] = [
    ("403-wrong-tenant", "TenantRejected: CheckConnection"),
    ("403-wrong-tenant", "TenantRejected: CheckConnection"),
    ("401-insufficient-scope", "GrantRejected: Reconnect"),
    ("401-token-expired", "TokenRejected: RefreshToken"),
    (
        "429-day",
        "Throttled: WaitForLimit { limit: Day, retry_after_ms: Some(66183000) }",
    ),
    ("400-headers", "Refused: GiveUpItem"),
    ("500", "Unavailable: RetryWithBackoff"),
    ("503", "Unavailable: RetryWithBackoff"),
    ("503", "Unavailable: RetryWithBackoff"),
    ("503", "Unavailable: RetryWithBackoff"),
    ("400-query-parse", "Refused: GiveUpItem"),
    ("token-invalid-grant", "GrantRejected: Reconnect"),
];

#[test]
fn the_sandbox_signs_as_xero_does() {
    let Some(folder) = folder() else { return };
    let vectors = object(&folder, "webhooks/vectors.json");
    for vector in vectors["vectors"].as_array().unwrap() {
        let text = |key: &str| vector[key].as_str().unwrap();
        let signed = counterfoil::sandbox::webhooks::sign(text("signing_key"), text("payload").as_bytes());
        assert_eq!(signed == text("x-xero-signature"), vector["valid"], "{vector}");
    }
}
