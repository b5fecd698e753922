//! What failed: counted, sent again, acknowledged.

use serde_json::{Value, json};

use super::captured::{ACME, BLUEBIRD, ended, failed, only_acme, operation, synced, tenants, with};
use super::daemon::{Daemon, Setting, typed, typed_in};
use crate::cli::Ends;

const OPERATION: &str = "op_01KJG4QZ3N8V5T7W9X2Y4Z6A8E";

fn plan(invoices: u32, organisations: u32, calls: u32) -> Value {
    json!({
        "plan": {"kind": "resync", "invoices": invoices, "organisations": organisations},
        "estimate": {"calls": calls, "message": "x", "day": null},
    })
}

fn many(state: &str, message: &str, counts: Value) -> Value {
    with(
        ended(state, message, Value::Null),
        json!({"label": "Resync", "invoice_id": null, "counts": counts}),
    )
}

fn queued() -> Value {
    json!({"operation": operation("queued"), "message": "Queued"})
}

fn below(verb: &str, rest: &str) -> String {
    format!("{verb} /v1/tenants/{ACME}/{rest}")
}

#[test]
fn ux_75_a_person_is_told_what_is_selected_and_asked_before_it_is_sent() {
    let (dry, go) = (below("POST", "resyncs?dry_run=true"), below("POST", "resyncs"));
    let daemon = Daemon::new(&[
        ("GET /v1/tenants?limit=10000", 200, only_acme()),
        (&dry, 200, plan(7, 1, 1)),
        (&go, 202, queued()),
    ]);
    let words = [
        "failed",
        "resync",
        "--reason",
        "unmapped_nominal_code",
        "--tenant",
        ACME,
    ];
    let person = |input: &'static str| Setting {
        input,
        ends: Ends {
            input_is_terminal: true,
            ..Ends::default()
        },
        ..Setting::default()
    };
    let printed = typed_in(&person("n\n"), &daemon, &words);
    assert_eq!(printed.code, 1, "{printed:?}");
    assert!(
        printed
            .err
            .starts_with("This selects 7 invoices in 1 organisation (≈ 1 Xero call). Continue? [y/N] "),
        "{}",
        printed.err
    );
    assert!(!daemon.lines().contains(&go), "nothing was done");
    let printed = typed_in(&person("y\n"), &daemon, &words);
    assert_eq!((printed.code, printed.out), (0, format!("Queued {OPERATION}\n")));
    let sent = daemon.seen().pop().unwrap();
    let body: Value = serde_json::from_str(&sent.body).unwrap();
    let filter = "state:failed reason:unmapped_nominal_code";
    assert_eq!(body, json!({"selection": {"filter": filter, "expected_count": 7}}));
    let mut unasked = words.to_vec();
    unasked.push("--no-input");
    let printed = typed_in(&person("y\n"), &daemon, &unasked);
    assert_eq!(printed.code, 2, "{printed:?}");
    assert!(printed.err.contains("nobody is there to be asked"), "{}", printed.err);
}

#[test]
fn ux_75_who_waits_sees_progress_the_result_and_what_remains() {
    let counts = json!({"total": 7, "succeeded": 6, "failed": 1, "skipped": 0, "items": 7});
    let running = with(
        operation("running"),
        json!({"counts": {"total": 7, "succeeded": 3, "failed": 0, "skipped": 0, "items": 3},
               "progress": {"done": 3, "total": 7, "percent": 42}}),
    );
    let items = json!({"data": [{
        "index": 0, "state": "failed", "code": "contact_collision", "host_ref": "SO-51",
        "detail": "Contact collision - manual mapping required. Two customers are called \"J Smith\".", "changes": [],
    }], "next_cursor": null});
    let (dry, go) = (below("POST", "resyncs?dry_run=true"), below("POST", "resyncs"));
    let show = format!("GET /v1/operations/{OPERATION}");
    let daemon = Daemon::new(&[
        (&dry, 200, plan(7, 1, 1)),
        (&go, 202, queued()),
        (&show, 200, running),
        (
            &show,
            200,
            many("partially_failed", "6 moved to Synced, 1 remains", counts),
        ),
        (&format!("{show}/items?limit=1000"), 200, items),
    ]);
    let printed = typed(&daemon, &["failed", "resync", "--tenant", ACME, "--yes", "--wait=30s"]);
    assert_eq!(printed.code, 7, "{printed:?}");
    assert!(
        printed.out.starts_with("6 moved to Synced, 1 remains\n"),
        "{}",
        printed.out
    );
    assert!(
        printed.out.contains("SO-51    contact_collision  Contact collision"),
        "{}",
        printed.out
    );
    assert!(
        printed.err.contains("running 3 of 7 · 3 succeeded · 0 failed"),
        "{}",
        printed.err
    );
    assert!(
        printed.err.contains("Take note of any remaining error messages - if some invoices remain, you will need to try to correct the problem and re-export them."),
        "{}",
        printed.err
    );
}

#[test]
fn who_waits_in_vain_is_told_that_it_goes_on() {
    let running = with(operation("running"), json!({"message": "Running"}));
    let (dry, go) = (below("POST", "resyncs?dry_run=true"), below("POST", "resyncs"));
    let daemon = Daemon::new(&[
        (&dry, 200, plan(7, 1, 1)),
        (&go, 202, queued()),
        (&format!("GET /v1/operations/{OPERATION}"), 200, running),
    ]);
    let printed = typed(&daemon, &["failed", "resync", "--tenant", ACME, "--yes", "--wait=1s"]);
    assert_eq!(printed.code, 8, "{printed:?}");
}

#[test]
fn what_was_named_is_looked_up_and_sent_by_its_id() {
    let (dry, go) = (below("POST", "resyncs?dry_run=true"), below("POST", "resyncs"));
    let found = super::captured::invoice("INV-0042", "SO-1042", failed());
    let daemon = Daemon::new(&[
        ("GET /v1/tenants?limit=10000", 200, only_acme()),
        (&below("GET", "invoices/ref:SO-1042"), 200, found),
        (&dry, 200, plan(2, 1, 1)),
        (&go, 202, queued()),
    ]);
    let setting = Setting {
        input: "SO-1042\n\nref:SO-7\n",
        ..Setting::default()
    };
    let printed = typed_in(
        &setting,
        &daemon,
        &["failed", "resync", "-", "--yes", "--because", "unlocked"],
    );
    assert_eq!(printed.code, 0, "{printed:?}");
    let body: Value = serde_json::from_str(&daemon.seen().pop().unwrap().body).unwrap();
    let ids = ["inv_01KJG4QZ3N8V5T7W9X2Y4Z6A8D", "ref:SO-7"];
    assert_eq!(body, json!({"selection": {"ids": ids}, "reason": "unlocked"}));
}

#[test]
fn over_several_organisations_every_operation_and_every_refusal_is_told() {
    let begun = json!({
        "operations": [operation("queued")], "message": "Queued", "invoices": 3,
        "refused": [{"tenant_id": BLUEBIRD, "tenant": "Bluebird Foods", "invoices": 1, "code": "company_not_configured",
                     "title": "Company does not have Xero configured", "detail": "The connection is disconnected."}],
    });
    let daemon = Daemon::new(&[
        ("POST /v1/resyncs?dry_run=true", 200, plan(3, 2, 2)),
        ("POST /v1/resyncs", 202, begun),
    ]);
    let printed = typed(&daemon, &["failed", "resync", "--filter", "kind:sales", "--yes"]);
    assert_eq!((printed.code, printed.out), (7, format!("Queued {OPERATION}\n")));
    assert!(
        printed.err.contains("Bluebird Foods: The connection is disconnected."),
        "{}",
        printed.err
    );
    let body: Value = serde_json::from_str(&daemon.seen().pop().unwrap().body).unwrap();
    assert_eq!(body["selection"]["filter"], "state:failed kind:sales");
    let printed = typed(&daemon, &["failed", "resync", "--filter", "kind:sales", "--dry-run"]);
    let said = "This selects 3 invoices in 2 organisations (≈ 2 Xero calls).\n";
    assert_eq!((printed.code, printed.out.as_str()), (0, said));
}

#[test]
fn ux_76_causes_are_listed_with_their_fix_and_the_next_command() {
    let counts = json!({"failed": 9, "by_reason": [
        {"code": "unmapped_nominal_code", "title": "Unmapped nominal code", "fix": "Map it.", "actionable": true,
         "count": 7, "oldest": "2026-03-12T12:05:11.000Z", "organisations": 1, "tenants": [{"id": ACME, "name": "Acme Ltd", "count": 7}]},
        {"code": "payment_delete_no_match", "title": "Payment delete - no match", "fix": "Acknowledge it.", "actionable": false,
         "count": 2, "oldest": null, "organisations": 2, "tenants": []},
    ]});
    let daemon = Daemon::new(&[("GET /v1/invoices/counts?group_by=reason", 200, counts)]);
    let printed = typed(&daemon, &["failed", "list", "--group-by", "reason"]);
    assert_eq!(printed.code, 0, "{printed:?}");
    assert_eq!(
        printed.out,
        "REASON                     INVOICES  ORGANISATIONS  OLDEST   FIX\n\
         Unmapped nominal code             7  Acme Ltd       2 h ago  Map it.\n\
         Payment delete - no match         2  2              —        Acknowledge it.\n"
    );
    assert!(
        printed
            .err
            .contains("counterfoil failed resync --reason unmapped_nominal_code"),
        "{}",
        printed.err
    );
    assert!(
        printed
            .err
            .contains("counterfoil failed ack --reason payment_delete_no_match"),
        "{}",
        printed.err
    );
}

#[test]
fn ux_73_the_number_of_failed_invoices_is_one_word() {
    let daemon = Daemon::new(&[("GET /v1/invoices/counts", 200, json!({"failed": 1284}))]);
    let printed = typed(&daemon, &["failed", "count"]);
    assert_eq!((printed.code, printed.out.as_str()), (0, "1284\n"));
}

#[test]
fn what_failed_is_listed_organisation_by_organisation() {
    let row = super::captured::invoice("INV-0042", "SO-1042", failed());
    let page = json!({"data": [row], "next_cursor": null, "has_more": false, "total": null});
    let daemon = Daemon::new(&[
        ("GET /v1/tenants?limit=10000", 200, tenants()),
        (&below("GET", "invoices?state=failed"), 200, page),
    ]);
    let printed = typed(&daemon, &["failed", "list"]);
    assert_eq!(printed.code, 0, "{printed:?}");
    assert!(printed.out.starts_with("Acme Ltd · Failed (2)\n"), "{}", printed.out);
    assert!(printed.out.contains("INV-0042"), "{}", printed.out);
}

#[test]
fn ux_5_badges_are_shown_beside_their_references() {
    let daemon = Daemon::new(&[
        ("GET /v1/tenants?limit=10000", 200, only_acme()),
        (&below("POST", "badges"), 200, json!({"data": [synced(), null]})),
    ]);
    let printed = typed(&daemon, &["invoices", "badges", "SO-1042", "SO-7"]);
    assert_eq!(
        (printed.code, printed.out.as_str()),
        (0, "REFERENCE  XERO\nSO-1042    Synced to Xero\nSO-7       not known\n")
    );
    let body: Value = serde_json::from_str(&daemon.seen().pop().unwrap().body).unwrap();
    assert_eq!(body, json!({"host_refs": ["SO-1042", "SO-7"]}));
}

#[test]
fn alerts_are_acknowledged_with_a_note() {
    let dry = below("POST", "invoices:acknowledge?dry_run=true");
    let go = below("POST", "invoices:acknowledge");
    let daemon = Daemon::new(&[
        ("GET /v1/tenants?limit=10000", 200, only_acme()),
        (&dry, 200, plan(2, 1, 0)),
        (&go, 202, queued()),
    ]);
    let words = [
        "failed",
        "ack",
        "--reason",
        "payment_delete_no_match",
        "--note",
        "checked",
        "--yes",
    ];
    let printed = typed(&daemon, &words);
    assert_eq!(printed.code, 0, "{printed:?}");
    let body: Value = serde_json::from_str(&daemon.seen().pop().unwrap().body).unwrap();
    assert_eq!(body["note"], "checked");
    assert_eq!(
        body["selection"]["filter"],
        "state:failed reason:payment_delete_no_match"
    );
}
