use serde_json::json;

use super::captured::{ACME, BLUEBIRD, only_acme, status, tenants, with};
use super::daemon::{Daemon, Setting, Variables, typed, typed_in};
use crate::cli::Ends;

fn daemon() -> Daemon {
    Daemon::new(&[
        ("GET /v1/status", 200, status()),
        ("GET /v1/tenants?limit=200", 200, tenants()),
    ])
}

#[test]
fn the_status_is_one_screen_with_health_at_the_bottom() {
    let printed = typed(&daemon(), &["status"]);
    assert_eq!(
        printed.out,
        format!(
            "\
counterfoil 0.4.0 · up 3 d 4 h · 2 organisations
  active 1 · requires_reauth 1
  Invoices    Synced to Xero 182,113 · Pending 14 · Sync failed 2
  Calls       Acme Ltd 4,212 / 5,000 of the last day
  Calls       Bluebird Foods 4,212 / 5,000 of the last day

# Health check:
#   - Bluebird Foods: requires_reauth since 2026-03-12T09:12:00.000Z. Reconnect to Xero. Run: counterfoil tenants show {BLUEBIRD}
#   - Acme Ltd: 2 invoices failed. Run: counterfoil invoices list --state failed --tenant {ACME}
"
        )
    );
    assert_eq!((printed.code, printed.err.as_str()), (0, ""));
}

#[test]
fn a_daemon_that_needs_nobody_says_so() {
    let calm = with(
        status(),
        json!({"warnings": [], "tenants": {"total": 1, "by_state": {"active": 1}},
               "invoices": {"by_state": {"synced": 1, "pending": 0, "failed": 0, "none": 2}}, "uptime_s": 59}),
    );
    let daemon = Daemon::new(&[
        ("GET /v1/status", 200, calm),
        ("GET /v1/tenants?limit=200", 200, json!({"data": []})),
    ]);
    assert_eq!(
        typed(&daemon, &["status"]).out,
        "\
counterfoil 0.4.0 · up 59 s · 1 organisation
  active 1
  Invoices    Synced to Xero 1 · Pending 0 · Sync failed 0 · without badge 2

# Health check: nothing needs you.
"
    );
}

#[test]
fn ux_41_the_status_tells_whether_webhooks_come() {
    let at = "2026-03-12T09:12:00.000Z";
    let rows = [
        (
            json!({"status": "off"}),
            "  Live        webhooks off, changes are read at intervals\n",
        ),
        (
            json!({"status": "waiting"}),
            "  Live        no webhook since the start\n",
        ),
        (
            json!({"status": "on", "last_received_at": at}),
            "  Live        webhooks on, last ",
        ),
        (
            json!({"status": "silent", "last_received_at": at}),
            "  Live        webhooks silent: Xero may have disabled them, last ",
        ),
    ];
    for (webhooks, expected) in rows {
        let warning = json!([{"tenant_id": null, "message": "No webhook has come.", "fix": "Enable it"}]);
        let status = with(status(), json!({ "webhooks": webhooks, "warnings": warning }));
        let daemon = Daemon::new(&[
            ("GET /v1/status", 200, status),
            ("GET /v1/tenants?limit=200", 200, tenants()),
        ]);
        let printed = typed(&daemon, &["status"]).out;
        assert!(printed.contains(expected), "{expected} in {printed}");
        assert!(
            printed.contains("No webhook has come. Enable it. Run: counterfoil status --json"),
            "{printed}"
        );
    }
}

#[test]
fn the_only_organisation_is_not_named_again() {
    let daemon = Daemon::new(&[
        ("GET /v1/status", 200, with(status(), json!({"warnings": []}))),
        ("GET /v1/tenants?limit=200", 200, only_acme()),
    ]);
    let out = typed(&daemon, &["status"]).out;
    assert!(
        out.ends_with("#   - 2 invoices failed. Run: counterfoil invoices list --state failed\n"),
        "{out}"
    );
}

#[test]
fn ux_64_the_status_tells_of_open_variances() {
    let mut whole = with(status(), json!({"warnings": []}));
    whole["invoices"] = json!({"by_state": {"synced": 3}, "variances": 2});
    let mut two = tenants();
    two["data"][0]["counts"] = json!({"variances": 2});
    let daemon = Daemon::new(&[("GET /v1/status", 200, whole), ("GET /v1/tenants?limit=200", 200, two)]);
    let out = typed(&daemon, &["status"]).out;
    let finding = format!(
        "#   - Acme Ltd: 2 invoices changed in Xero alone (variance). Run: counterfoil variances list --tenant {ACME}\n"
    );
    assert!(out.ends_with(&finding), "{out}");
}

#[test]
fn a_daemon_without_organisations_tells_how_to_connect_one() {
    let empty = with(
        status(),
        json!({"warnings": [], "tenants": {"total": 0, "by_state": {}}, "invoices": {"by_state": {}}}),
    );
    let daemon = Daemon::new(&[
        ("GET /v1/status", 200, empty),
        ("GET /v1/tenants?limit=200", 200, json!({"data": []})),
    ]);
    let out = typed(&daemon, &["status"]).out;
    assert!(
        out.contains("No Xero organisation is connected. Run: counterfoil connect"),
        "{out}"
    );
}

#[test]
fn json_is_exactly_the_object_of_the_api() {
    let daemon = daemon();
    let printed = typed(&daemon, &["status", "--json"]);
    assert_eq!(printed.out, format!("{}\n", status()));
    assert_eq!(daemon.lines(), ["GET /v1/status"]);
}

#[test]
fn colours_are_for_terminals_and_only_where_they_are_wanted() {
    let on_terminal = Ends {
        out_is_terminal: true,
        err_is_terminal: true,
        columns: Some(200),
        ..Ends::default()
    };
    let rows: [(Variables<'_>, &[&str], bool); 4] = [
        (&[], &["status"], true),
        (&[("NO_COLOR", "1")], &["status"], false),
        (&[("TERM", "dumb")], &["status"], false),
        (&[], &["status", "--no-color"], false),
    ];
    for (variables, words, has_colours) in rows {
        let setting = Setting {
            ends: on_terminal,
            variables,
            ..Setting::default()
        };
        let printed = typed_in(&setting, &daemon(), words);
        assert_eq!(printed.out.contains('\u{1b}'), has_colours, "{variables:?} {words:?}");
    }
    assert!(!typed(&daemon(), &["status"]).out.contains('\u{1b}'));
}
