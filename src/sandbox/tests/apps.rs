//! Apps: PKCE, custom connections, registered addresses and scopes.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::consent::{BACK, ask, credentials, decide, exchange, open, post};
use super::desk::Desk;

#[test]
fn behaviour_1_pkce_needs_the_verifier_and_no_secret() {
    let mut desk = Desk::new();
    let app = desk.control("POST", "apps", r#"{"kind":"pkce","name":"Desktop"}"#);
    assert!(app["client_secret"].is_null());
    let id = app["client_id"].as_str().unwrap().to_owned();
    let verifier = "v".repeat(43);
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
    let bare = ask(&id, &[]);
    assert!(open(&mut desk, &bare).text.contains("code_challenge is missing"));
    let pairs = ask(
        &id,
        &[("code_challenge", &challenge), ("code_challenge_method", "S256")],
    );
    let tenant = desk.tenant.to_string();
    let code = |desk: &mut Desk| {
        decide(desk, &pairs, "allow", &[&tenant])
            .get("code")
            .unwrap()
            .to_owned()
    };
    let (short, other) = ("v".repeat(42), "w".repeat(43));
    for wrong in [
        &[][..],
        &[("code_verifier", "w")],
        &[("code_verifier", &short)],
        &[("code_verifier", &other)],
    ] {
        let given = code(&mut desk);
        let refused = exchange(&mut desk, (&id, ""), &given, wrong);
        assert_eq!(refused.json["error"], "invalid_grant", "{wrong:?}");
    }
    let given = code(&mut desk);
    let tokens = exchange(&mut desk, (&id, ""), &given, &[("code_verifier", &verifier)]).json;
    let refresh = tokens["refresh_token"].as_str().unwrap().to_owned();
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", &refresh),
        ("client_id", &id),
    ];
    assert_eq!(post(&mut desk, "/connect/token", &form).status, 200);
    assert_eq!(
        desk.refresh(&refresh).json["error"],
        "invalid_grant",
        "another app's token"
    );
}

#[test]
fn behaviour_1_a_custom_connection_has_one_organisation_no_refresh_token_and_needs_no_header() {
    let mut desk = Desk::new();
    let asked = json!({"kind":"custom","tenant_id":desk.tenant}).to_string();
    let app = desk.control("POST", "apps", &asked);
    let (id, secret) = (
        app["client_id"].as_str().unwrap(),
        app["client_secret"].as_str().unwrap(),
    );
    let mut form = vec![
        ("grant_type", "client_credentials"),
        ("client_id", id),
        ("client_secret", secret),
        ("scope", "accounting.contacts.read"),
    ];
    let tokens = post(&mut desk, "/connect/token", &form).json;
    assert!(tokens.get("refresh_token").is_none());
    assert_eq!(tokens["scope"], "accounting.contacts.read");
    desk.token = tokens["access_token"].as_str().unwrap().to_owned();
    let mut request = desk.request("GET", "Contacts", "");
    request.headers.retain(|(name, _)| name != "xero-tenant-id");
    assert_eq!(desk.send(&request).status, 200);
    request.headers.push(("xero-tenant-id".into(), String::new()));
    assert_eq!(desk.send(&request).status, 200);
    assert_eq!(desk.violations(), Vec::<String>::new());
    let rows = desk.control("GET", "requests?since=1", "");
    assert_eq!(rows["data"][1]["tenant_id"], json!(desk.tenant));
    request.headers.retain(|(name, _)| name != "xero-tenant-id");
    let foreign = desk.world.tenants()[1].tenant_id.to_string();
    request.headers.push(("xero-tenant-id".into(), foreign));
    assert_eq!(desk.send(&request).status, 403);
    assert_eq!(desk.get("/connections").json.as_array().unwrap().len(), 1);

    form[3].1 = "accounting.everything";
    assert_eq!(post(&mut desk, "/connect/token", &form).json["error"], "invalid_scope");
    form[0].1 = "refresh_token";
    assert_eq!(
        post(&mut desk, "/connect/token", &form).json["error"],
        "unauthorized_client"
    );
    let (id, secret) = credentials(&desk);
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", &id),
        ("client_secret", &secret),
    ];
    assert_eq!(
        post(&mut desk, "/connect/token", &form).json["error"],
        "unauthorized_client"
    );
    let form = [
        ("grant_type", "password"),
        ("client_id", &id),
        ("client_secret", &secret),
    ];
    assert_eq!(
        post(&mut desk, "/connect/token", &form).json["error"],
        "unsupported_grant_type"
    );
}

#[test]
fn behaviour_1_registered_addresses_and_scopes_bind_an_app() {
    let mut desk = Desk::new();
    let body = json!({"redirect_uris":[BACK],"scopes":"offline_access accounting.contacts"});
    let app = desk.control("POST", "apps", &body.to_string());
    let id = app["client_id"].as_str().unwrap().to_owned();
    let fits = ask(&id, &[("scope", "offline_access accounting.contacts")]);
    assert_eq!(open(&mut desk, &fits).status, 200);
    let elsewhere = ask(&id, &[("redirect_uri", "http://localhost/else")]);
    assert!(open(&mut desk, &elsewhere).text.contains("Invalid redirect_uri"));
    let more = ask(&id, &[("scope", "accounting.invoices")]);
    assert!(open(&mut desk, &more).text.contains("invalid_scope"));
    for (body, word) in [
        (json!({"kind":"x"}), "unknown kind 'x'"),
        (json!({"kind":"custom"}), "needs tenant_id"),
        (json!({"tenant_id":desk.tenant}), "for custom apps only"),
        (json!({"scopes":"everything"}), "Xero has no scope 'everything'"),
        (json!({"scopes":1}), "scopes must be a string"),
        (json!({"redirect_uris":"x"}), "redirect_uris must be a list of strings"),
        (json!({"secret":"x"}), "unknown key 'secret'"),
    ] {
        let reply = desk.try_control("POST", "apps", &body.to_string());
        assert!(
            reply.status == 400 && reply.text.contains(word),
            "{body}: {}",
            reply.text
        );
    }
    assert_eq!(desk.control("GET", "apps", "")["data"].as_array().unwrap().len(), 2);
}

#[test]
fn behaviour_1_each_app_has_limits_and_keys_of_its_own() {
    let mut desk = Desk::new();
    let asked = json!({"kind":"custom","tenant_id":desk.tenant}).to_string();
    let app = desk.control("POST", "apps", &asked);
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", app["client_id"].as_str().unwrap()),
        ("client_secret", app["client_secret"].as_str().unwrap()),
    ];
    let other = post(&mut desk, "/connect/token", &form).json["access_token"]
        .as_str()
        .unwrap()
        .to_owned();
    desk.control("POST", "limits", r#"{"minute":1}"#);
    let mut write = desk.request("PUT", "Contacts", r#"{"Name":"N"}"#);
    write.headers.push(("Idempotency-Key".into(), "k".into()));
    assert_eq!(desk.send(&write).status, 200);
    assert_eq!(desk.send(&write).status, 429);
    write.headers[1].1 = format!("Bearer {other}");
    let reply = desk.send(&write);
    assert_eq!(
        reply.status, 400,
        "a meter of its own, and no replay of the other app's answer: {}",
        reply.text
    );
}

#[test]
fn behaviour_1_a_verifier_proves_nothing_when_no_challenge_was_made() {
    let mut desk = Desk::new();
    let (id, secret) = credentials(&desk);
    let tenant = desk.tenant.to_string();
    for (verifier, is_good) in [(None, true), (Some("v".repeat(43)), false)] {
        let given = decide(&mut desk, &ask(&id, &[]), "allow", &[&tenant]);
        let code = given.get("code").unwrap().to_owned();
        let more: Vec<(&str, &str)> = verifier.iter().map(|text| ("code_verifier", text.as_str())).collect();
        let tokens = exchange(&mut desk, (&id, &secret), &code, &more);
        assert_eq!(tokens.status == 200, is_good, "{verifier:?}: {}", tokens.text);
    }
}
