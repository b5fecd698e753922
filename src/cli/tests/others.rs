use serde_json::{Value, json};

use super::captured::{ACME, ended, only_acme, operation, problem, reason, tenants};
use super::daemon::{Daemon, Setting, typed, typed_in};
use crate::cli::commands::settings::patch;

const TENANTS: &str = "GET /v1/tenants?limit=10000";

fn on_acme(answers: &[(&str, u16, Value)]) -> Daemon {
    let whole: Vec<(String, u16, Value)> = answers
        .iter()
        .map(|(line, status, body)| {
            (
                line.replace("ACME", &format!("/v1/tenants/{ACME}")),
                *status,
                body.clone(),
            )
        })
        .collect();
    let mut all = vec![(TENANTS, 200, only_acme())];
    all.extend(
        whole
            .iter()
            .map(|(line, status, body)| (line.as_str(), *status, body.clone())),
    );
    Daemon::new(&all)
}

#[test]
fn mappings_are_listed_and_set() {
    let mapping = json!({"kind": "nominal_codes", "key": "4010", "value": "200", "set_at": "2026-03-12T14:03:11.000Z"});
    let mut set = mapping.clone();
    set["released"] = json!(3);
    set["message"] = json!("3 invoices are queued again.");
    let daemon = on_acme(&[
        (
            "GET ACME/mappings/nominal_codes",
            200,
            json!({"data": [mapping], "has_more": false}),
        ),
        (
            "GET ACME/mappings/tax_rates",
            200,
            json!({"data": [], "has_more": false}),
        ),
        ("PUT ACME/mappings/nominal_codes/40%2F10", 200, set),
    ]);
    assert_eq!(
        typed(&daemon, &["mappings", "list", "nominal_codes"]).out,
        "HOST  XERO  SET\n4010  200   2 min ago (14:03:11Z)\n"
    );
    let empty = typed(&daemon, &["mappings", "list", "tax_rates"]);
    assert_eq!(
        empty.err,
        "Nothing is mapped. Map with: counterfoil mappings set tax_rates KEY VALUE\n"
    );
    let printed = typed(&daemon, &["mappings", "set", "nominal_codes", "40/10", "200"]);
    assert_eq!(printed.out, "4010 → 200\n3 invoices are queued again.\n");
    assert_eq!(daemon.seen().last().expect("a request").body, r#"{"value":"200"}"#);
}

fn settings(is_enabled: bool) -> Value {
    json!({"auto_sync": {"enabled": is_enabled, "sales": true, "purchases": true}, "same_code_default": true,
           "currencies": [], "etag": "W/\"ab\""})
}

#[test]
fn ux_44_ux_45_settings_are_shown_and_changed_on_what_was_read() {
    let daemon = on_acme(&[
        ("GET ACME/settings", 200, settings(true)),
        ("PATCH ACME/settings", 200, settings(false)),
    ]);
    assert_eq!(
        typed(&daemon, &["settings", "get"]).out,
        "\
auto-sync.enabled    on                      Automatically sync new invoices to Xero
auto-sync.sales      on                      Sync sales invoices
auto-sync.purchases  on                      Sync purchase invoices
same-code-default    on                      A code equal to a Xero account code needs no mapping
currencies           the organisation's own  Currencies that are sent
contacts opt-out     nobody                  Contacts whose invoices wait for Sync now
"
    );
    let out = typed(&daemon, &["settings", "set", "auto-sync.enabled", "off"]).out;
    assert!(out.ends_with("Auto-sync is off. Sync now still works.\n"), "{out}");
    let sent = daemon.seen().pop().expect("a request");
    assert_eq!(sent.body, r#"{"auto_sync":{"enabled":false}}"#);
    assert!(sent.head.contains("if-match: W/\"ab\""), "{}", sent.head);
}

#[test]
fn settings_are_read_from_their_keys() {
    let rows = [
        ("auto-sync.sales", "OFF", json!({"auto_sync": {"sales": false}})),
        ("auto_sync.purchases", "true", json!({"auto_sync": {"purchases": true}})),
        ("same_code_default", "no", json!({"same_code_default": false})),
        ("currencies", "gbp, EUR", json!({"currencies": ["GBP", "EUR"]})),
        ("currencies", "", json!({"currencies": []})),
    ];
    for (key, value, body) in rows {
        assert_eq!(patch(key, value), Ok(body), "{key}");
    }
    let trouble = patch("auto-sync.sale", "on").unwrap_err();
    assert_eq!(trouble.why, ["did you mean auto-sync.sales?"]);
    assert_eq!(patch("currencies.x", "on").unwrap_err().exit.code(), 2);
    assert_eq!(patch("auto-sync.sales", "perhaps").unwrap_err().exit.code(), 2);
}

#[test]
fn an_operation_is_shown_and_watched_to_its_end() {
    let line = "GET /v1/operations/op_1";
    let daemon = Daemon::new(&[
        (line, 200, operation("running")),
        (line, 200, ended("failed", "Sync failed", reason())),
    ]);
    let printed = typed(&daemon, &["operation", "watch", "op_1"]);
    assert_eq!((printed.code, printed.err.as_str()), (1, "running 0 of 1\n"));
    assert_eq!(
        printed.out,
        "\
Sync now · failed
  Id          op_01KJG4QZ3N8V5T7W9X2Y4Z6A8E
  Message     Sync failed
  Progress    1 of 1 · 0 succeeded · 0 failed
  Invoice     inv_01KJG4QZ3N8V5T7W9X2Y4Z6A8D
  Asked       1 s ago (14:05:10Z)
  Ended       just now (14:05:11Z)
  Why         Unmapped nominal code
              Line 2 uses nominal code 4010, which has no Xero account code.
              Fix: Fill in the Xero account code for 4010, then click Sync now.
              More: counterfoil explain unmapped_nominal_code
"
    );
    let daemon = Daemon::new(&[(line, 200, operation("running"))]);
    assert_eq!(typed(&daemon, &["operation", "watch", "op_1", "--wait=10ms"]).code, 8);
    assert_eq!(typed(&daemon, &["operation", "show", "op_1"]).code, 0);
    let missing = problem(
        404,
        "operation_not_found",
        "No such operation",
        "There are no operations that match.",
        "List them.",
    );
    assert_eq!(
        typed(&Daemon::new(&[(line, 404, missing)]), &["operation", "show", "op_1"]).code,
        4
    );
}

fn event(seq: u64, event_type: &str) -> Value {
    json!({"id": format!("evt_{seq}"), "seq": seq, "type": event_type, "timestamp": "2026-03-12T14:02:51.000Z",
           "tenant_id": ACME, "data": {"host_ref": format!("SO-{seq}"), "lines": []}})
}

fn feed() -> Daemon {
    let page = |events: &[Value], next: &str| json!({"data": events, "next_cursor": next});
    Daemon::new(&[
        (
            "GET /v1/events?limit=1000&wait=0",
            200,
            page(&[event(1, "invoice.pending"), event(2, "invoice.synced")], "c2"),
        ),
        ("GET /v1/events?limit=1000&cursor=c2&wait=0", 200, page(&[], "c3")),
        (
            "GET /v1/events?limit=1000&cursor=c3&wait=0",
            200,
            page(&[event(4, "payment.recorded")], "c4"),
        ),
        ("GET /v1/events?limit=1000&cursor=c4&wait=0", 200, page(&[], "c4")),
        (
            "GET /v1/events?limit=1000&cursor=c4&wait=30",
            200,
            page(&[event(5, "invoice.paid")], "c5"),
        ),
        (
            "GET /v1/events?limit=1000&cursor=c5&wait=30",
            403,
            problem(
                403,
                "permission_denied",
                "Permission denied",
                "The token has expired.",
                "F",
            ),
        ),
    ])
}

#[test]
fn the_latest_events_are_shown_although_a_page_is_empty() {
    let printed = typed(&feed(), &["events", "tail", "-n", "2"]);
    assert_eq!(
        printed.out,
        "14:02:51Z  invoice.synced            host_ref=SO-2\n14:02:51Z  payment.recorded          host_ref=SO-4\n"
    );
    assert_eq!(
        printed.err,
        "Go on from here with: counterfoil events tail --cursor c4\n"
    );
}

#[test]
fn events_that_come_are_followed_from_where_the_others_end() {
    let printed = typed(&feed(), &["events", "tail", "--follow", "--jsonl", "-n", "1"]);
    let seqs: Vec<Value> = printed
        .out
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON")["seq"].clone())
        .collect();
    assert_eq!((seqs, printed.code), (vec![json!(4), json!(5)], 5));
}

#[test]
fn behind_a_cursor_all_events_are_shown() {
    let printed = typed(&feed(), &["events", "tail", "--cursor", "c3"]);
    assert_eq!(printed.out.lines().count(), 1);
    let expired =
        json!({"code": "cursor_expired", "title": "The cursor has expired", "oldest_cursor": "c9", "status": 410});
    let daemon = Daemon::new(&[(
        "GET /v1/events?limit=1000&types=invoice.%2A&cursor=c1&wait=0",
        410,
        expired,
    )]);
    let printed = typed(&daemon, &["events", "tail", "--cursor", "c1", "--types", "invoice.*"]);
    assert_eq!(printed.code, 4);
    assert!(
        printed.err.contains("fix: counterfoil events tail --cursor c9"),
        "{}",
        printed.err
    );
}

#[test]
fn a_grant_is_taken_over_by_a_token_that_is_never_an_argument() {
    let daemon = Daemon::new(&[("POST /v1/connect:import", 200, tenants())]);
    let setting = Setting {
        input: " rt_secret\n",
        ..Setting::default()
    };
    let printed = typed_in(
        &setting,
        &daemon,
        &["connect-import", "--observe", "--organisation", "g-1"],
    );
    assert_eq!(printed.code, 0, "{}", printed.err);
    assert!(
        printed.out.starts_with("Connected 2 organisations:\nORGANISATION "),
        "{}",
        printed.out
    );
    assert!(
        printed.err.contains("counterfoil settings set auto-sync.enabled on"),
        "{}",
        printed.err
    );
    assert!(!format!("{printed:?}").contains("rt_secret"));
    let body: Value = serde_json::from_str(&daemon.seen()[0].body).expect("JSON");
    assert_eq!(
        body,
        json!({"refresh_token": "rt_secret", "tenant_ids": ["g-1"], "observe": true})
    );
    for input in ["", "two words"] {
        let setting = Setting {
            input,
            ..Setting::default()
        };
        assert_eq!(typed_in(&setting, &daemon, &["connect-import"]).code, 2, "{input}");
    }
    assert_eq!(typed(&daemon, &["connect-import", "rt_secret"]).code, 2);
}
