//! Connecting: where people come back to, what is written down of it, and one person who connects twice.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::browser::open;
use crate::support::{Empty, sale, until};

const CALLBACK: &str = "/xero/callback";

/// With a public listener.
fn public() -> Empty {
    Empty::with(|config, sandbox| {
        let key = config.path.with_file_name("webhook-key");
        fs::write(&key, &sandbox.webhook_key).unwrap();
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
        config
            .set("public.listen", "127.0.0.1:0")
            .set_raw("public.webhook_key_files", &json!([key]).to_string())
    })
}

#[test]
fn people_come_back_to_the_public_listener_where_there_is_one_and_to_nothing_else() {
    let place = public();
    let listener = place.daemon.public();
    let begun = place.begin(&json!({}));
    let (_, port) = listener.addr.rsplit_once(':').unwrap();
    assert_eq!(
        begun["redirect_uri"],
        format!("http://localhost:{port}{CALLBACK}"),
        "where the page is"
    );
    let page = place.come_back(&place.allow(&begun, &[0, 1]));
    page.says(200, &["Choose organisations", "Acme Ltd"]);
    let headers = &page.answer.headers;
    assert!(headers["content-security-policy"].starts_with("default-src 'none'"));
    assert_eq!(
        (headers["referrer-policy"].as_str(), headers["cache-control"].as_str()),
        ("no-referrer", "no-store"),
        "the ticket in the address goes nowhere"
    );
    assert!(!headers.contains_key("counterfoil-version"), "{headers:?}");
    place.choose(&page, &[1]).says(200, &["Connected: Bluebird Foods"]);
    assert_eq!(place.attempt(&begun)["status"], "connected");

    let control = place.daemon.api.send("GET", CALLBACK, &[], "");
    assert_eq!(control.status, 404, "the control endpoint shows it no more");
    for (method, path, status) in [
        ("GET", "/v1/status", 404),
        ("POST", "/v1/connect", 404),
        ("GET", "/xero/callback/", 404),
        ("DELETE", CALLBACK, 404),
        ("GET", "/xero/webhook", 405),
    ] {
        assert_eq!(listener.send(method, path, &[], "").status, status, "{method} {path}");
    }
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let large = format!("choice={}", "x".repeat(70_000));
    assert_eq!(listener.send("POST", CALLBACK, &form, &large).status, 413);
    let strange = listener.send("POST", CALLBACK, &form, "choice=guessed&decision=connect");
    assert_eq!(strange.status, 404);
}

#[test]
fn a_stop_waits_for_somebody_who_has_just_come_back() {
    let mut place = public();
    let back = place.allow(&place.begin(&json!({})), &[0, 1]);
    let since = place.sandbox.latest_seq();
    place.sandbox.fault(&json!({
        "match": {"path": "/connect/token"}, "fault": "delay", "ms": 3_000, "times": 1,
    }));
    let coming = std::thread::spawn(move || open(&back).location());
    until(30, "Xero to be asked", || {
        let calls = place
            .sandbox
            .api
            .get(&format!("/_sandbox/requests?since={since}"))
            .ok(200);
        let mut calls = calls["data"].as_array().unwrap().iter();
        calls.any(|call| call["path"] == "/connect/token").then_some(())
    });
    place.daemon.process.signal(Signal::TERM);
    assert!(coming.join().unwrap().contains("callback?choice="), "the answer came");
    assert!(place.daemon.process.wait(30).success());
}

#[test]
fn without_a_public_listener_the_page_is_on_the_control_endpoint() {
    let place = Empty::new();
    let begun = place.begin(&json!({}));
    let (_, port) = place.daemon.api.addr.rsplit_once(':').unwrap();
    assert_eq!(begun["redirect_uri"], format!("http://localhost:{port}{CALLBACK}"));
    open(&format!("http://{}{CALLBACK}", place.daemon.api.addr)).says(400, &["There is nothing to do here"]);
}

impl Empty {
    /// The entries of an organisation whose type begins so.
    fn entries(&self, at: usize, kind: &str) -> Vec<Value> {
        let path = format!("/v1/audit?tenant={}&type={kind}", self.ours(at));
        self.daemon.api.get(&path).ok(200)["data"].as_array().unwrap().clone()
    }
}

#[test]
fn ux_5_6_5_who_connected_and_disconnected_what_is_written_down() {
    let place = Empty::new();
    place.connect(&json!({"observe": true}), &[0]);
    let entry = &place.entries(0, "connection.connected")[0];
    let actor = entry["actor"].as_str().unwrap();
    assert!(actor.starts_with("token:"), "{entry}");
    assert_eq!(entry["cause"], "user");
    let reason = entry["reason"].as_str().unwrap();
    assert!(
        reason.starts_with("Somebody consented on Xero's page; Xero's user is "),
        "{reason}"
    );
    assert_eq!(
        entry["changes"],
        json!([{"field": "auto_sync.enabled", "before": "", "after": "true"}]),
        "what was chosen on the page counts"
    );

    let order = json!({"refresh_token": place.sandbox.refresh_token, "tenant_ids": [place.sandbox.tenants[1]]});
    place.daemon.api.post("/v1/connect:import", &order).ok(200);
    let imported = place.entries(1, "connection.connected");
    assert!(
        imported[0]["reason"]
            .as_str()
            .unwrap()
            .starts_with("A refresh token was handed over"),
        "{imported:?}"
    );

    let path = format!("/v1/tenants/{}/connection", place.ours(0));
    place.daemon.api.send("DELETE", &path, &[], "").ok(200);
    let ended = place.entries(0, "connection.state_changed");
    assert_eq!(ended.last().unwrap()["actor"], actor, "{ended:?}");
    assert_eq!(ended.last().unwrap()["cause"], "user");

    place.connect(&json!({}), &[0]);
    let again = place.entries(0, "connection.reconnected");
    assert_eq!((again.len(), &again[0]["actor"]), (1, &json!(actor)));
    let log = place.daemon.process.log.all().join("\n");
    assert!(!log.contains(&place.sandbox.refresh_token));
}

#[test]
fn a_token_of_somebody_who_is_connected_goes_on_in_their_grant() {
    let place = Empty::new();
    place.connect(&json!({}), &[0]);
    // The other integration of the same person renews its token: Xero has one chain for both.
    let order = json!({"refresh_token": place.sandbox.refresh_token, "tenant_ids": [place.sandbox.tenants[1]]});
    let imported = place.daemon.api.post("/v1/connect:import", &order).ok(200);
    assert_eq!(imported["data"][0]["name"], "Bluebird Foods");
    for round in 0..2 {
        // Longer than Xero takes a token that was replaced.
        place.sandbox.control("clock", &json!({"advance_s": 3_600}));
        for at in [0, 1] {
            let (host_ref, number) = (format!("SO-{round}"), format!("INV-{round}"));
            place.daemon.put(&place.ours(at), &host_ref, &sale(&number)).ok(201);
            place.daemon.badge(&place.ours(at), &host_ref, "synced");
        }
    }
    assert_eq!((place.state(0), place.state(1)), ("active".into(), "active".into()));
    let again = place.daemon.api.post("/v1/connect:import", &order).ok(200);
    assert_eq!(again["data"][0]["id"], place.ours(1), "it can be repeated");
    place.sandbox.assert_no_violations();
}
