use serde_json::{Value, json};

use super::captured::{ACME, BLUEBIRD, tenant, tenants};
use super::daemon::{Daemon, Setting, typed, typed_in};
use crate::cli::Ends;
use crate::cli::exit::Exit;
use crate::cli::tenant::pick;

fn three() -> Vec<Value> {
    vec![
        tenant(ACME, "Acme Ltd", "active"),
        tenant(BLUEBIRD, "Acme Ltd Holdings", "active"),
        json!({"id": "ten_3", "name": "Bluebird Foods", "short_code": "!Qx1"}),
    ]
}

#[test]
fn an_organisation_is_picked_by_name_prefix_or_short_code() {
    let rows = [
        ("acme ltd", ACME),
        ("ACME LTD H", BLUEBIRD),
        ("blue", "ten_3"),
        ("!qx1", "ten_3"),
        (" Bluebird Foods ", "ten_3"),
    ];
    for (wanted, id) in rows {
        assert_eq!(pick(&three(), Some(wanted)).as_deref(), Ok(id), "{wanted}");
    }
}

#[test]
fn a_name_that_fits_nobody_or_several_is_refused_with_help() {
    let trouble = pick(&three(), Some("acme")).unwrap_err();
    assert_eq!(trouble.exit, Exit::Usage);
    assert_eq!(
        trouble.why,
        [format!("Acme Ltd ({ACME})"), format!("Acme Ltd Holdings ({BLUEBIRD})")]
    );
    let trouble = pick(&three(), Some("bleubird")).unwrap_err();
    assert_eq!(
        (trouble.exit, trouble.what.as_str()),
        (Exit::NotFound, "No organisation is called \"bleubird\"")
    );
    assert_eq!(trouble.why, ["did you mean \"Bluebird Foods\"?"]);
    let trouble = pick(&three(), Some("Zebra Insurance")).unwrap_err();
    assert!(trouble.why.is_empty(), "{trouble:?}");
}

#[test]
fn nobody_needs_to_name_the_only_one() {
    assert_eq!(pick(&three()[2..], None).as_deref(), Ok("ten_3"));
    assert_eq!(pick(&three(), None).unwrap_err().exit, Exit::Usage);
    assert_eq!(pick(&[], None).unwrap_err().exit, Exit::NotFound);
    let many: Vec<Value> = (0..20)
        .map(|at| json!({"id": format!("ten_{at}"), "name": "A"}))
        .collect();
    assert_eq!(
        pick(&many, None).unwrap_err().why.last().map(String::as_str),
        Some("and 12 more")
    );
}

#[test]
fn ids_are_used_without_asking_for_the_list() {
    for id in [ACME, "7f9c24e8-3b52-4a1d-9c77-5d1f0a6b2c3d"] {
        let line = format!("GET /v1/tenants/{id}");
        let daemon = Daemon::new(&[(line.as_str(), 200, tenant(ACME, "Acme Ltd", "active"))]);
        assert_eq!(typed(&daemon, &["tenants", "show", id]).code, 0);
        assert_eq!(daemon.lines(), [line]);
    }
}

#[test]
fn organisations_are_a_table() {
    let daemon = Daemon::new(&[("GET /v1/tenants", 200, tenants())]);
    assert_eq!(
        typed(&daemon, &["tenants", "list"]).out,
        "\
ORGANISATION    ID                              CONNECTION       SYNCED  PENDING  FAILED    CALLS TODAY
Acme Ltd        ten_01KJG4QZ3N8V5T7W9X2Y4Z6A8B  active            1,811        4       2  4,212 / 5,000
Bluebird Foods  ten_01KJG4QZ3N8V5T7W9X2Y4Z6A8C  requires_reauth   1,811        4       0  4,212 / 5,000
"
    );
}

#[test]
fn one_organisation_shows_its_state_and_the_one_act_that_resolves_it() {
    let lost = tenant(BLUEBIRD, "Bluebird Foods", "requires_reauth");
    let line = format!("GET /v1/tenants/{BLUEBIRD}");
    let daemon = Daemon::new(&[
        (line.as_str(), 200, lost),
        ("GET /v1/tenants?limit=10000", 200, tenants()),
    ]);
    assert_eq!(
        typed(&daemon, &["tenants", "show", "blue"]).out,
        "\
Bluebird Foods
  Connection  requires_reauth for 4 h (09:12:00Z) (grant dead)
              Fix: Reconnect to Xero: counterfoil tenants resolve ten_01KJG4QZ3N8V5T7W9X2Y4Z6A8C
              More: counterfoil explain connection_not_active
  Id          ten_01KJG4QZ3N8V5T7W9X2Y4Z6A8C
  In Xero     7f9c24e8-3b52-4a1d-9c77-5d1f0a6b2c3d (!mBdtL)
  Zone        Europe/London · GBP
  Auto-sync   on (sales on, purchases off)
  Invoices    Synced to Xero 1,811 · Pending 4 · Sync failed 0 · without badge 7
  Calls       12 / 60 of the last minute · 4,212 / 5,000 of the last day
  Queue       3 waiting · 1 on their way · the oldest 3 s ago (14:05:08Z)
"
    );
}

#[test]
fn a_name_cannot_take_over_the_terminal() {
    let evil = json!({"data": [tenant(ACME, "A\u{1b}[2Jcme\n\u{202e}x", "active")]});
    let daemon = Daemon::new(&[("GET /v1/tenants", 200, evil)]);
    let ends = Ends {
        out_is_terminal: true,
        columns: Some(200),
        ..Ends::default()
    };
    let setting = Setting {
        ends,
        variables: &[("NO_COLOR", "1")],
        ..Setting::default()
    };
    let out = typed_in(&setting, &daemon, &["tenants", "list"]).out;
    assert!(out.contains("A\u{fffd}[2Jcme \u{fffd}x"), "{out:?}");
    assert!(!out.contains('\u{1b}'), "{out:?}");
}

#[test]
fn every_page_is_read_when_all_are_wanted() {
    let first = json!({"data": [tenant(ACME, "Acme Ltd", "active")], "next_cursor": "a/b", "has_more": true});
    let second =
        json!({"data": [tenant(BLUEBIRD, "Bluebird Foods", "active")], "next_cursor": null, "has_more": false});
    let answers = [
        ("GET /v1/tenants", 200, first),
        ("GET /v1/tenants?cursor=a%2Fb", 200, second),
    ];
    let daemon = Daemon::new(&answers);
    let printed = typed(&daemon, &["tenants", "list"]);
    assert_eq!(printed.err, "There are more: add --all, or --cursor a/b\n");
    let printed = typed(&Daemon::new(&answers), &["tenants", "list", "--all", "--jsonl"]);
    let ids: Vec<Value> = printed
        .out
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].clone())
        .collect();
    assert_eq!(ids, [ACME, BLUEBIRD]);
}
