//! The consent page and its codes.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::desk::{Desk, Reply};
use crate::sandbox::Request;
use crate::sandbox::wire::{Params, params};

pub(super) const BACK: &str = "http://localhost:7626/xero/callback?from=test";
const SCOPES: &str = "openid offline_access accounting.invoices accounting.settings.read";

pub(super) fn form(pairs: &[(&str, &str)]) -> String {
    let pair = |(name, value): &(&str, &str)| format!("{name}={}", params::encode(value));
    pairs.iter().map(pair).collect::<Vec<_>>().join("&")
}

pub(super) fn ask<'a>(client: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let usual = [
        ("response_type", "code"),
        ("client_id", client),
        ("redirect_uri", BACK),
        ("scope", SCOPES),
        ("state", "a b&c"),
    ];
    let given = |name: &str| more.iter().any(|(other, _)| *other == name);
    let mut pairs: Vec<_> = usual.into_iter().filter(|(name, _)| !given(name)).collect();
    pairs.extend(more.iter().filter(|(_, value)| !value.is_empty()));
    pairs
}

pub(super) fn open(desk: &mut Desk, pairs: &[(&str, &str)]) -> Reply {
    desk.send(&Request {
        method: "GET".into(),
        path: "/identity/connect/authorize".into(),
        query: form(pairs),
        ..Request::default()
    })
}

pub(super) fn post(desk: &mut Desk, path: &str, pairs: &[(&str, &str)]) -> Reply {
    desk.send(&Request {
        method: "POST".into(),
        path: path.into(),
        body: form(pairs).into(),
        ..Request::default()
    })
}

/// Answers the page; the decoded parameters of the address the person is sent to.
pub(super) fn decide(desk: &mut Desk, pairs: &[(&str, &str)], decision: &str, tenants: &[&str]) -> Params {
    let mut sent = pairs.to_vec();
    sent.push(("decision", decision));
    sent.extend(tenants.iter().map(|tenant| ("tenant", *tenant)));
    let reply = post(desk, "/identity/connect/authorize", &sent);
    assert_eq!(reply.status, 302, "{}", reply.text);
    let location = reply.outcome.answer.header("Location").unwrap().to_owned();
    let (before, query) = location.split_once('?').unwrap();
    assert_eq!(before, "http://localhost:7626/xero/callback");
    Params::parse(query)
}

pub(super) fn exchange(desk: &mut Desk, client: (&str, &str), code: &str, more: &[(&str, &str)]) -> Reply {
    let mut pairs = vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("client_id", client.0),
    ];
    if !client.1.is_empty() {
        pairs.push(("client_secret", client.1));
    }
    let is_given = more.iter().any(|(name, _)| *name == "redirect_uri");
    pairs.extend(Some(("redirect_uri", BACK)).filter(|_| !is_given));
    pairs.extend(more);
    post(desk, "/connect/token", &pairs)
}

pub(super) fn credentials(desk: &Desk) -> (String, String) {
    (desk.world.client_id().to_owned(), desk.world.client_secret().to_owned())
}

pub(super) fn claims(token: &Value) -> Value {
    let middle = token.as_str().unwrap().split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(middle).unwrap()).unwrap()
}

#[test]
fn behaviour_1_a_person_chooses_organisations_on_the_page_and_the_code_works_once() {
    let mut desk = Desk::new();
    desk.control("POST", "trigger", r#"{"scenario":"grant.revoke"}"#);
    let (id, secret) = credentials(&desk);
    let pairs = ask(&id, &[("nonce", "n-1")]);
    let page = open(&mut desk, &pairs);
    assert_eq!(page.status, 200);
    for part in [
        "Acme Ltd",
        "Bluebird Foods",
        "View and change invoices",
        "value=\"a b&amp;c\"",
        "<label",
    ] {
        assert!(page.text.contains(part), "{part} is not in {}", page.text);
    }
    let tenant = desk.tenant.to_string();
    let back = decide(&mut desk, &pairs, "allow", &[&tenant]);
    assert_eq!((back.get("state"), back.get("from")), (Some("a b&c"), Some("test")));
    let code = back.get("code").unwrap().to_owned();
    let tokens = exchange(&mut desk, (&id, &secret), &code, &[]);
    assert_eq!(
        (tokens.json["expires_in"].as_i64(), &tokens.json["token_type"]),
        (Some(1800), &json!("Bearer"))
    );
    assert_eq!(tokens.json["scope"], SCOPES);
    assert_eq!(claims(&tokens.json["id_token"])["nonce"], "n-1");
    let identity = claims(&tokens.json["id_token"]);
    assert_eq!(
        identity["exp"].as_i64().unwrap() - identity["nbf"].as_i64().unwrap(),
        300,
        "five minutes"
    );
    assert_eq!(
        exchange(&mut desk, (&id, &secret), &code, &[]).json["error"],
        "invalid_grant"
    );
    desk.token = tokens.json["access_token"].as_str().unwrap().to_owned();
    let connected = desk.get("/connections").json;
    assert_eq!(
        (connected.as_array().unwrap().len(), &connected[0]["tenantId"]),
        (1, &json!(tenant))
    );
    assert_eq!(
        claims(&tokens.json["access_token"])["authentication_event_id"],
        connected[0]["authEventId"]
    );
    assert_eq!(desk.get("Organisation").status, 200);
    assert_eq!(desk.get("Contacts").status, 401, "contacts were not asked for");
}

#[test]
fn behaviour_1_refusal_and_choosing_nothing_give_no_code() {
    let mut desk = Desk::new();
    let (id, _) = credentials(&desk);
    let pairs = ask(&id, &[]);
    let back = decide(&mut desk, &pairs, "deny", &[]);
    assert_eq!(
        (back.get("error"), back.get("state"), back.get("code")),
        (Some("access_denied"), Some("a b&c"), None)
    );
    let mut sent = pairs.clone();
    sent.push(("decision", "allow"));
    let again = post(&mut desk, "/identity/connect/authorize", &sent);
    assert!(
        again.status == 200 && again.text.contains("role=\"alert\">Choose at least one"),
        "{}",
        again.text
    );
}

#[test]
fn behaviour_1_the_page_can_be_told_to_answer_by_itself() {
    let mut desk = Desk::new();
    let (id, secret) = credentials(&desk);
    let pairs = ask(&id, &[]);
    let location = |reply: &Reply| reply.outcome.answer.header("Location").unwrap().to_owned();
    desk.control("POST", "consent", r#"{"answer":"deny"}"#);
    assert!(location(&open(&mut desk, &pairs)).contains("error=access_denied"));
    let only = json!({"answer":"allow","tenant_ids":[desk.tenant]});
    desk.control("POST", "consent", &only.to_string());
    desk.control("POST", "trigger", r#"{"scenario":"grant.revoke"}"#);
    let sent = location(&open(&mut desk, &pairs));
    let code = Params::parse(sent.split_once('?').unwrap().1)
        .get("code")
        .unwrap()
        .to_owned();
    let tokens = exchange(&mut desk, (&id, &secret), &code, &[]);
    desk.token = tokens.json["access_token"].as_str().unwrap().to_owned();
    assert_eq!(desk.get("/connections").json.as_array().unwrap().len(), 1);
    for (body, word) in [
        (json!({}), "answer is required"),
        (json!({"answer":"maybe"}), "unknown answer 'maybe'"),
        (json!({"answer":"deny","tenant_ids":[]}), "tenant_ids goes with allow"),
        (json!({"answer":"allow","tenant_ids":["x"]}), "no organisation x"),
        (json!({"answer":"allow","tenant_ids":"x"}), "must be a list of strings"),
    ] {
        let reply = desk.try_control("POST", "consent", &body.to_string());
        assert!(
            reply.status >= 400 && reply.text.contains(word),
            "{body}: {}",
            reply.text
        );
    }
}

#[test]
fn behaviour_1_requests_that_nobody_can_be_asked_about_get_a_page_and_no_way_back() {
    let mut desk = Desk::new();
    let (id, _) = credentials(&desk);
    let custom = json!({"kind":"custom","tenant_id":desk.tenant}).to_string();
    let custom = desk.control("POST", "apps", &custom)["client_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let table: [(&[(&str, &str)], &str); 15] = [
        (&[("client_id", "nobody")], "unauthorized_client"),
        (&[("client_id", &custom)], "unauthorized_client"),
        (&[("redirect_uri", "")], "unauthorized_client"),
        (&[("redirect_uri", "nowhere")], "unauthorized_client"),
        (&[("redirect_uri", "http://")], "unauthorized_client"),
        (&[("redirect_uri", "http://localhost/#f")], "unauthorized_client"),
        (&[("redirect_uri", "http://localhost/\r\nX: y")], "unauthorized_client"),
        (&[("redirect_uri", "http://localhost/a b")], "unauthorized_client"),
        (&[("redirect_uri", "JavaScript://%0aalert(1)")], "unauthorized_client"),
        (&[("redirect_uri", "://localhost/")], "unauthorized_client"),
        (&[("response_type", "token")], "unsupported_response_type"),
        (&[("response_type", "")], "invalid_request"),
        (&[("scope", "")], "invalid_scope"),
        (&[("scope", "openid accounting.everything")], "invalid_scope"),
        (
            &[("code_challenge", "abc"), ("code_challenge_method", "plain")],
            "invalid_request",
        ),
    ];
    for (change, error) in table {
        let pairs = ask(&id, change);
        let reply = open(&mut desk, &pairs);
        let wanted = format!("Error: {error}<");
        assert!(
            reply.status == 400 && reply.text.contains(&wanted),
            "{change:?}: {}",
            reply.text
        );
        assert_eq!(reply.outcome.answer.header("Location"), None);
    }
}

#[test]
fn behaviour_1_codes_are_bound_to_address_app_and_five_minutes() {
    let mut desk = Desk::new();
    let (id, secret) = credentials(&desk);
    let other = desk.control("POST", "apps", r#"{"name":"Other"}"#);
    let other = (
        other["client_id"].as_str().unwrap().to_owned(),
        other["client_secret"].as_str().unwrap().to_owned(),
    );
    let pairs = ask(&id, &[]);
    let tenant = desk.tenant.to_string();
    let code = |desk: &mut Desk| {
        decide(desk, &pairs, "allow", &[&tenant])
            .get("code")
            .unwrap()
            .to_owned()
    };
    let given = code(&mut desk);
    let elsewhere = exchange(
        &mut desk,
        (&id, &secret),
        &given,
        &[("redirect_uri", "http://localhost/else")],
    );
    assert_eq!(elsewhere.json, json!({"error":"invalid_grant"}));
    let given = code(&mut desk);
    let stolen = exchange(&mut desk, (&other.0, &other.1), &given, &[]);
    assert_eq!(stolen.json["error"], "invalid_grant");
    let given = code(&mut desk);
    desk.pass(300_000);
    assert_eq!(
        exchange(&mut desk, (&id, &secret), &given, &[]).json["error"],
        "invalid_grant"
    );
    let given = code(&mut desk);
    assert_eq!(
        exchange(&mut desk, (&id, "wrong"), &given, &[]).json["error"],
        "invalid_client"
    );
    desk.pass(299_999);
    assert_eq!(exchange(&mut desk, (&id, &secret), &given, &[]).status, 200);
}

#[test]
fn behaviour_1_without_offline_access_there_is_no_refresh_token_and_without_openid_no_identity() {
    let mut desk = Desk::new();
    let (id, secret) = credentials(&desk);
    let before = desk.world.refresh_token().to_owned();
    let pairs = ask(&id, &[("scope", "accounting.contacts")]);
    let tenant = desk.tenant.to_string();
    let code = decide(&mut desk, &pairs, "allow", &[&tenant])
        .get("code")
        .unwrap()
        .to_owned();
    let tokens = exchange(&mut desk, (&id, &secret), &code, &[]).json;
    assert!(tokens["access_token"].is_string());
    assert!(
        tokens.get("refresh_token").is_none() && tokens.get("id_token").is_none(),
        "{tokens}"
    );
    assert_eq!(desk.world.refresh_token(), before, "the older chain goes on");
}
