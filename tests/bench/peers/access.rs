//! How another program gets into the sandbox: an app of its own, so that it takes nothing from ours.

use serde_json::{Value, json};

use crate::support::Sandbox;

const BACK: &str = "http://localhost:1/back";
const FORM: [(&str, &str); 1] = [("content-type", "application/x-www-form-urlencoded")];

/// An app and what it may read with.
pub struct Access {
    /// Its id.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// Works once.
    pub refresh_token: String,
}

/// A new app to which a person has consented.
pub fn consent(sandbox: &Sandbox) -> Access {
    let scopes = "offline_access accounting.transactions accounting.settings accounting.contacts";
    let app = sandbox.control(
        "apps",
        &json!({"kind": "web", "name": "A peer", "redirect_uris": [BACK]}),
    );
    let (client_id, client_secret) = (text(&app["client_id"]), text(&app["client_secret"]));
    let asked = [
        ("response_type", "code"),
        ("client_id", &client_id),
        ("redirect_uri", BACK),
        ("scope", scopes),
        ("state", "s"),
        ("tenant", &sandbox.tenants[0]),
        ("decision", "allow"),
    ];
    let answer = sandbox
        .api
        .send("POST", "/identity/connect/authorize", &FORM, &form(&asked));
    assert_eq!(answer.status, 302, "{}", answer.text);
    let code = answer.headers["location"].split("code=").nth(1).unwrap();
    let pair = token(
        sandbox,
        &[
            ("grant_type", "authorization_code"),
            ("code", code.split('&').next().unwrap()),
            ("redirect_uri", BACK),
            ("client_id", &client_id),
            ("client_secret", &client_secret),
        ],
    );
    Access {
        refresh_token: text(&pair["refresh_token"]),
        client_id,
        client_secret,
    }
}

/// An access token, which is good for half an hour.
pub fn bearer(sandbox: &Sandbox) -> String {
    let access = consent(sandbox);
    let pair = token(
        sandbox,
        &[
            ("grant_type", "refresh_token"),
            ("refresh_token", &access.refresh_token),
            ("client_id", &access.client_id),
            ("client_secret", &access.client_secret),
        ],
    );
    text(&pair["access_token"])
}

fn token(sandbox: &Sandbox, pairs: &[(&str, &str)]) -> Value {
    sandbox.api.send("POST", "/connect/token", &FORM, &form(pairs)).ok(200)
}

fn form(pairs: &[(&str, &str)]) -> String {
    let pair = |(name, value): &(&str, &str)| format!("{name}={}", value.replace(' ', "+"));
    pairs.iter().map(pair).collect::<Vec<_>>().join("&")
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
