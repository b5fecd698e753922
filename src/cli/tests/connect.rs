//! Connecting and disconnecting, as it is typed.

use serde_json::{Value, json};

use super::captured::tenants;
use super::daemon::{Daemon, Setting, typed, typed_in};

fn attempt(status: &str, more: &Value) -> Value {
    let mut attempt = json!({
        "id": "con_1", "status": status, "authorize_url": null, "redirect_uri": "http://localhost:7626/xero/callback",
        "choice": null, "organisations": null, "tenants": null, "problem": null,
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        attempt[name] = value.clone();
    }
    attempt
}

fn begun() -> Value {
    attempt(
        "waiting",
        &json!({"authorize_url": "https://login.xero.com/authorize?x=1"}),
    )
}

fn connected() -> Value {
    attempt("connected", &json!({"tenants": tenants()["data"]}))
}

#[test]
fn ux_43_the_address_is_printed_and_what_was_connected_is_shown() {
    let daemon = Daemon::new(&[
        ("POST /v1/connect", 201, begun()),
        ("GET /v1/connect/con_1", 200, attempt("choosing", &json!({}))),
        ("GET /v1/connect/con_1", 200, connected()),
    ]);
    let printed = typed(&daemon, &["connect", "--observe", "--scopes", "legacy"]);
    assert_eq!(printed.code, 0, "{}", printed.err);
    assert!(
        printed.err.contains("https://login.xero.com/authorize?x=1"),
        "{}",
        printed.err
    );
    assert!(
        printed
            .err
            .contains("redirect URI, letter by letter: http://localhost:7626/xero/callback"),
        "{}",
        printed.err
    );
    assert!(
        printed.err.contains("ssh -L 7626:127.0.0.1:7626 HOST"),
        "{}",
        printed.err
    );
    assert!(
        printed.out.starts_with("Connected 2 organisations:\nORGANISATION "),
        "{}",
        printed.out
    );
    let body: Value = serde_json::from_str(&daemon.seen()[0].body).expect("JSON");
    assert_eq!(body, json!({"observe": true, "scopes": "legacy", "tenant": null}));
}

#[test]
fn ux_5_2_1_without_a_daemon_it_is_said_what_to_make_at_xero() {
    let gone = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let mut daemon = Daemon::new(&[]);
    daemon.addr = format!("http://{}", gone.local_addr().expect("an address"));
    drop(gone);
    let printed = typed(&daemon, &["connect"]);
    assert_eq!(printed.code, 3, "{}", printed.err);
    for text in [
        "\"Web app\"",
        "http://localhost:7626/xero/callback",
        "xero.client_id",
        "systemd-creds encrypt",
        "invoices, contacts and credit notes",
        "error: No daemon answers at",
    ] {
        assert!(printed.err.contains(text), "{text}: {}", printed.err);
    }
    assert!(!typed(&daemon, &["status"]).err.contains("Web app"));
}

#[test]
fn ux_20_a_refusal_says_why_and_what_to_do() {
    let problem = json!({"code": "consent_refused", "title": "There is no consent", "detail": "It was refused.",
        "fix": "Allow it."});
    let refused = attempt("refused", &json!({"problem": problem}));
    let daemon = Daemon::new(&[
        ("POST /v1/connect", 201, begun()),
        ("GET /v1/connect/con_1", 200, refused),
    ]);
    let printed = typed(&daemon, &["connect"]);
    assert_eq!(printed.code, 1);
    for line in ["error: There is no consent", "why: It was refused.", "fix: Allow it."] {
        assert!(printed.err.contains(line), "{}", printed.err);
    }
}

/// Answers to somebody without a browser, whose consent reaches two organisations.
fn without_browser() -> Daemon {
    let offered = json!([
        {"xero_tenant_id": "g-1", "name": "Acme Ltd", "connection": null},
        {"xero_tenant_id": "g-2", "name": "Bluebird Foods", "connection": "requires_reauth"},
    ]);
    Daemon::new(&[
        ("POST /v1/connect", 201, begun()),
        (
            "POST /v1/connect:complete",
            200,
            attempt("choosing", &json!({"choice": "ticket", "organisations": offered})),
        ),
        ("POST /v1/connect:choose", 200, connected()),
    ])
}

const PASTED: &str = " http://localhost:7626/xero/callback?code=c&state=s \n";

#[test]
fn without_a_browser_the_address_is_pasted_and_organisations_are_named_by_their_numbers() {
    let chosen = |daemon: &Daemon| -> Value { serde_json::from_str(&daemon.seen()[2].body).expect("JSON") };
    for (input, args, ids) in [
        (format!("{PASTED}2\n"), vec!["connect", "--no-browser"], json!(["g-2"])),
        (
            format!("{PASTED}1, 2\n"),
            vec!["connect", "--no-browser"],
            json!(["g-1", "g-2"]),
        ),
        (
            PASTED.to_owned(),
            vec!["connect", "--no-browser", "--yes"],
            json!(["g-1", "g-2"]),
        ),
        (
            PASTED.to_owned(),
            vec!["connect", "--no-browser", "--organisation", "g-1"],
            json!(["g-1"]),
        ),
    ] {
        let (daemon, setting) = (
            without_browser(),
            Setting {
                input: &input,
                ..Setting::default()
            },
        );
        let printed = typed_in(&setting, &daemon, &args);
        assert_eq!(printed.code, 0, "{args:?}: {}", printed.err);
        let redirected: Value = serde_json::from_str(&daemon.seen()[1].body).expect("JSON");
        assert_eq!(redirected, json!({"redirected_url": PASTED.trim()}));
        assert_eq!(
            chosen(&daemon),
            json!({"choice": "ticket", "tenant_ids": ids, "observe": false})
        );
    }
}

#[test]
fn what_names_no_organisation_connects_none() {
    for (input, code) in [
        ("\n".to_owned(), 2),
        (format!("{PASTED}3\n"), 2),
        (format!("{PASTED}x\n"), 2),
    ] {
        let (daemon, setting) = (
            without_browser(),
            Setting {
                input: &input,
                ..Setting::default()
            },
        );
        assert_eq!(
            typed_in(&setting, &daemon, &["connect", "--no-browser"]).code,
            code,
            "{input}"
        );
        assert!(
            daemon.lines().iter().all(|line| !line.contains("connect:choose")),
            "nothing was connected"
        );
    }
}

#[test]
fn a_custom_connection_is_shown_at_once() {
    let daemon = Daemon::new(&[("POST /v1/connect", 201, connected())]);
    let printed = typed(&daemon, &["connect"]);
    assert_eq!(printed.code, 0, "{}", printed.err);
    assert!(printed.out.starts_with("Connected 2 organisations:"), "{}", printed.out);
}

#[test]
fn an_organisation_is_disconnected_after_a_question() {
    let acme = tenants()["data"][0].clone();
    let id = acme["id"].as_str().expect("an id").to_owned();
    let (show, end) = (
        format!("GET /v1/tenants/{id}"),
        format!("DELETE /v1/tenants/{id}/connection"),
    );
    let ended = json!({"tenant": acme, "ended_at_xero": "consent"});
    let daemon = Daemon::new(&[(&show, 200, acme.clone()), (&end, 200, ended)]);
    let printed = typed(&daemon, &["tenants", "disconnect", &id]);
    assert_eq!(printed.code, 2, "nobody was there to be asked");
    assert_eq!(daemon.lines().len(), 1);
    let printed = typed(&daemon, &["tenants", "disconnect", &id, "--yes"]);
    assert_eq!(printed.code, 0, "{}", printed.err);
    assert!(printed.out.starts_with("Disconnected "), "{}", printed.out);
    assert!(printed.err.contains("the consent was revoked"), "{}", printed.err);
}
