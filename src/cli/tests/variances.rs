use serde_json::{Value, json};

use super::captured::{ACME, invoice, only_acme, synced};
use super::daemon::{Daemon, typed};

const TENANTS: &str = "GET /v1/tenants?limit=10000";

fn daemon(answers: &[(String, Value)]) -> Daemon {
    let mut all = vec![(TENANTS, 200, only_acme())];
    all.extend(answers.iter().map(|(line, body)| (line.as_str(), 200, body.clone())));
    Daemon::new(&all)
}

fn line(method: &str, rest: &str) -> String {
    format!("{method} /v1/tenants/{ACME}/invoices{rest}")
}

#[test]
fn ux_64_open_variances_are_listed() {
    let mut row = invoice("INV-0042", "SO-1042", synced());
    row["variance"] = json!({
        "level": "high_variance", "label": "High Variance", "count": 3, "since": "2026-03-12T14:00:00Z",
    });
    let page = json!({"data": [row], "next_cursor": null, "has_more": false, "total": null});
    let daemon = daemon(&[(line("GET", "?variance=high_variance"), page)]);
    let printed = typed(&daemon, &["variances", "list", "--level", "high_variance"]);
    assert_eq!(
        (printed.code, printed.out.as_str()),
        (
            0,
            "NUMBER    REFERENCE  LEVEL          FIELDS  SINCE\n\
             INV-0042  SO-1042    High Variance  3       5 min ago (14:00:00Z)\n"
        )
    );
}

#[test]
fn ux_66_a_variance_is_shown_field_by_field_and_marked_as_reviewed() {
    let shown = json!({
        "level": "high_variance", "label": "High Variance", "since": "x", "acknowledged": null, "host_status": "approved",
        "changes": [{
            "path": "/due_date", "local": "2026-04-01", "xero": "2026-04-15", "level": "variance",
            "disposition": "protected", "disposition_label": "Protected",
        }],
    });
    let found = invoice("INV-0042", "SO-1042", synced());
    let mut looked_at = found.clone();
    looked_at["etag"] = json!("W/\"18\"");
    let answers = [
        (line("GET", "/ref:SO-1042"), found.clone()),
        (line("GET", "/ref:SO-1042/variance"), shown),
        (line("POST", "/ref:SO-1042/variance:acknowledge"), looked_at),
        (line("POST", "/ref:SO-1042:acknowledge"), found),
    ];
    let daemon = daemon(&answers);
    let printed = typed(&daemon, &["variances", "show", "SO-1042"]);
    assert!(
        printed
            .out
            .starts_with("High Variance · Xero differs from SO-1042 (host status: approved)\n"),
        "{}",
        printed.out
    );
    assert!(
        printed.out.contains("/due_date  2026-04-01  2026-04-15  Protected"),
        "{}",
        printed.out
    );
    assert!(
        printed.err.contains("counterfoil variances ack SO-1042"),
        "{}",
        printed.err
    );
    assert!(
        printed
            .err
            .contains("To send yours over it: counterfoil invoices sync SO-1042"),
        "{}",
        printed.err
    );
    let printed = typed(&daemon, &["variances", "show", "SO-1042", "--tenant", "acme ltd"]);
    assert!(
        printed.err.contains("variances ack SO-1042 --tenant 'acme ltd'"),
        "{}",
        printed.err
    );
    let printed = typed(&daemon, &["variances", "ack", "SO-1042", "--note", "agreed"]);
    assert_eq!((printed.code, printed.out.as_str()), (0, "Marked as reviewed.\n"));
    assert_eq!(daemon.seen().last().unwrap().body, r#"{"note":"agreed"}"#);
    let printed = typed(&daemon, &["invoices", "ack", "SO-1042"]);
    assert_eq!(
        (printed.code, printed.out.as_str()),
        (0, "There was nothing to acknowledge.\n")
    );
}

#[test]
fn ux_49_the_record_tells_the_note_beside_what_it_is_about() {
    let entry = json!({
        "id": "aud_1", "at": "2026-03-12T14:00:00.000Z", "actor": "token:ann", "cause": "user",
        "type": "variance.acknowledged", "host_ref": "SO-1042", "reason": "agreed with the customer",
        "changes": [{"field": "due_date", "before": "2026-04-01", "after": "2026-05-01"}],
    });
    let page = json!({"data": [entry], "next_cursor": null, "has_more": false});
    let found = invoice("INV-0042", "SO-1042", synced());
    let daemon = Daemon::new(&[
        (TENANTS, 200, only_acme()),
        (&format!("GET /v1/audit?tenant={ACME}&sort=-at"), 200, page.clone()),
        (&line("GET", "/ref:SO-1042"), 200, found),
        (&line("GET", "/ref:SO-1042/timeline"), 200, page),
    ]);
    for typed_words in [["audit", "list"].as_slice(), &["invoices", "timeline", "SO-1042"]] {
        let printed = typed(&daemon, typed_words);
        assert!(
            printed.out.contains("SO-1042: agreed with the customer"),
            "{typed_words:?}: {}{}",
            printed.out,
            printed.err
        );
    }
}

#[test]
fn ux_64_the_list_marks_open_variances() {
    let mut varied = invoice("INV-0042", "SO-1042", synced());
    varied["variance"] = json!({"level": "variance", "label": "Variance", "count": 1, "acknowledged": null});
    let mut looked_at = invoice("INV-0043", "SO-1043", synced());
    looked_at["variance"] = json!({"label": "High Variance", "acknowledged": {"by": "token:ann"}});
    let page = json!({"data": [varied, looked_at], "next_cursor": null, "has_more": false, "total": null});
    let printed = typed(&daemon(&[(line("GET", ""), page)]), &["invoices", "list"]);
    let ends: Vec<&str> = printed
        .out
        .lines()
        .map(|line| line.rsplit("  ").next().unwrap())
        .collect();
    assert_eq!(ends, ["VARIANCE", "Variance", "Synced to Xero"], "{}", printed.out);
}

#[test]
fn a_job_says_how_to_follow_it_and_where_its_result_is() {
    for (words, path) in [
        (["drift"].as_slice(), "drift-reports"),
        (&["reconcile", "run"], "reconciler:run"),
    ] {
        let queued = json!({"operation": {"id": "op_1"}, "message": "Queued"});
        let daemon = Daemon::new(&[
            (TENANTS, 200, only_acme()),
            (&format!("POST /v1/tenants/{ACME}/{path}"), 202, queued),
        ]);
        let printed = typed(&daemon, words);
        assert_eq!(printed.out, "Queued op_1\n");
        for hint in ["counterfoil operation watch op_1", "counterfoil operation items op_1"] {
            assert!(printed.err.contains(hint), "{}", printed.err);
        }
    }
}
