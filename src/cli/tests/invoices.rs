use serde_json::{Value, json};

use super::captured::{ACME, ended, failed, invoice, none, only_acme, operation, pending, problem, reason, synced};
use super::daemon::{Daemon, Setting, typed, typed_in};
use crate::cli::Ends;
use crate::cli::commands::put::items;
use crate::cli::commands::sync::together;
use crate::cli::exit::Exit;

const TENANTS: &str = "GET /v1/tenants?limit=10000";
const OP: &str = "op_01KJG4QZ3N8V5T7W9X2Y4Z6A8E";

fn line(method: &str, rest: &str) -> String {
    format!("{method} /v1/tenants/{ACME}/invoices{rest}")
}

fn daemon(answers: &[(String, u16, Value)]) -> Daemon {
    let mut all = vec![(TENANTS, 200, only_acme())];
    all.extend(
        answers
            .iter()
            .map(|(line, status, body)| (line.as_str(), *status, body.clone())),
    );
    Daemon::new(&all)
}

fn page(invoices: &[Value]) -> Value {
    json!({"data": invoices, "next_cursor": null, "has_more": false, "total": null})
}

fn four() -> Value {
    page(&[
        invoice("INV-0042", "SO-1042", failed()),
        invoice("INV-0043", "SO-1043", synced()),
        invoice("INV-0044", "SO-1044", pending()),
        invoice("INV-0045", "SO-1045", none()),
    ])
}

#[test]
fn ux_5_the_list_has_badges_and_reasons() {
    let printed = typed(&daemon(&[(line("GET", ""), 200, four())]), &["invoices", "list"]);
    assert_eq!(
        printed.out,
        "\
NUMBER    REFERENCE  KIND   CONTACT              DUE            TOTAL  TO PAY       STATUS     XERO
INV-0042  SO-1042    sales  Hedgehog & Partners  2026-04-01  1,200.00  800.00  GBP  Part paid  Sync failed: Unmapped nominal code
INV-0043  SO-1043    sales  Hedgehog & Partners  2026-04-01  1,200.00  800.00  GBP  Part paid  Synced to Xero
INV-0044  SO-1044    sales  Hedgehog & Partners  2026-04-01  1,200.00  800.00  GBP  Part paid  Pending
INV-0045  SO-1045    sales  Hedgehog & Partners  2026-04-01  1,200.00  800.00  GBP  Part paid  —
"
    );
    assert_eq!(
        printed.err,
        "Unmapped nominal code: Fill in the Xero account code for 4010, then click Sync now. More: counterfoil explain unmapped_nominal_code\n"
    );
}

#[test]
fn the_list_fits_the_terminal() {
    let rows = [
        (
            110,
            "INV-0042  SO-1042    sales  Hedgehog & Partn…  2026-04-01  1,200.00  800.00  GBP  Part paid  Sync failed: Unm…",
        ),
        (
            80,
            "INV-0042  SO-1042    sales  Hedgehog…   1,200.00  GBP  Part paid  Sync failed:…",
        ),
        (
            70,
            "INV-0042  SO-1042   Hedgeho…  1,200.00  GBP  Part paid  Sync failed:…",
        ),
    ];
    for (columns, first) in rows {
        let ends = Ends {
            out_is_terminal: true,
            columns: Some(columns),
            ..Ends::default()
        };
        let setting = Setting {
            ends,
            variables: &[("NO_COLOR", "1")],
            ..Setting::default()
        };
        let printed = typed_in(
            &setting,
            &daemon(&[(line("GET", ""), 200, four())]),
            &["invoices", "list"],
        );
        assert_eq!(printed.out.lines().nth(1), Some(first));
        assert!(printed.out.contains("Synced to Xero\n"), "a badge is never cut");
    }
}

#[test]
fn conditions_are_passed_on() {
    let asked =
        "?filter=kind%3Asales&state=failed&reason=period_locked&number=INV-1&q=acme&sort=created_at&limit=5&cursor=c";
    let daemon = daemon(&[(line("GET", asked), 200, page(&[]))]);
    let words = "invoices list --filter kind:sales --state failed --reason period_locked --number INV-1 --search acme --oldest-first --limit 5 --cursor c";
    let printed = typed(&daemon, &words.split(' ').collect::<Vec<_>>());
    assert_eq!(
        (printed.code, printed.out.as_str(), printed.err.as_str()),
        (0, "", "No invoice fits.\n")
    );
}

fn shown(sync: Value) -> super::daemon::Printed {
    shown_whole(&invoice("INV-0042", "SO-1042", sync))
}

fn shown_whole(found: &Value) -> super::daemon::Printed {
    let by_ref = line("GET", "/ref:SO-1042");
    let answers = [
        (by_ref.clone(), 200, found.clone()),
        (
            format!("{by_ref}?expand%5B%5D=payments&expand%5B%5D=credit_notes"),
            200,
            found.clone(),
        ),
    ];
    typed(&daemon(&answers), &["invoices", "show", "SO-1042"])
}

#[test]
fn ux_38_ux_50_ux_64_ux_69_one_invoice_shows_what_came_back_from_xero() {
    let mut found = invoice("INV-0042", "SO-1042", failed());
    found["variance"] = json!({"label": "High Variance", "count": 2, "acknowledged": null});
    found["suppression"] = json!({"until": "2026-03-12T14:07:00.000Z", "reason": "payment_pending", "deferred": true});
    found["work_order"] = json!({"ref": "WO-7", "link": "freed"});
    found["credit_notes"] = json!([{
        "kind": "credit_note", "number": "CN-9", "amount": "20.00", "date": "2026-03-11",
        "removed_at": "2026-03-12T14:00:00.000Z", "counted": false,
    }]);
    let out = shown_whole(&found).out;
    for line in [
        "  Variance    High Variance: 2 fields · counterfoil invoices diff SO-1042",
        "  Comparison  with Xero's version deferred until 14:07:00Z (payment recorded)",
        "  Work order  WO-7 · freed: it can be invoiced again",
        "credit note",
        "removed in Xero",
        "not counted",
    ] {
        assert!(out.contains(line), "{line}: {out}");
    }
}

#[test]
fn ux_1_ux_3_one_invoice_shows_badge_reason_lines_and_payments() {
    assert_eq!(
        shown(failed()).out,
        "\
INV-0042 · Part paid · sales
  Xero        Sync failed · for 2 h (12:05:11Z)
              Unmapped nominal code
              Line 2 uses nominal code 4010, which has no Xero account code.
              Fix: Fill in the Xero account code for 4010, then click Sync now.
              More: counterfoil explain unmapped_nominal_code
              last synced 1 d ago (2026-03-11 09:14:00Z)
  Reference   SO-1042
  Id          inv_01KJG4QZ3N8V5T7W9X2Y4Z6A8D
  State       approved here · Authorised in Xero
  Contact     Hedgehog & Partners <accounts@hedgehog.example>
  Dates       issued 2026-03-02 · due 2026-04-01
  In Xero     https://go.xero.com/app/!mBdtL/invoicing/view/8b1c

  TOTALS  SUBTOTAL     TAX   CIS     TOTAL    PAID  CREDITED  TO PAY
  GBP     1,000.00  200.00  0.00  1,200.00  400.00      0.00  800.00

  LINE  DESCRIPTION                  QUANTITY  UNIT PRICE  DISCOUNT  NOMINAL  TAX
     1  Scaffolding hire, east side        10       75.00            4000     OUTPUT2
     2  Inspection                        2.5    111.1111      10 %  4010     —

  PAYMENT     METHOD     AMOUNT
  2026-03-10  Xero Sync  400.00
"
    );
    assert_eq!(
        shown(failed()).err,
        "When it is fixed: counterfoil invoices sync SO-1042\n"
    );
    assert!(
        shown(synced())
            .out
            .contains("  Xero        Synced to Xero · 2 min ago (14:03:11Z)\n")
    );
}

#[test]
fn ux_18_the_hint_names_the_act_that_helps() {
    let red = |actionable: bool, allowed: Value| {
        let mut sync = failed();
        sync["reason"]["actionable"] = json!(actionable);
        sync["allowed_actions"] = allowed;
        shown(sync).err
    };
    let sync = "When it is fixed: counterfoil invoices sync SO-1042\n";
    let ack = "When you have looked at it: counterfoil invoices ack SO-1042\n";
    assert_eq!(red(false, json!(["resync", "acknowledge"])), ack);
    assert_eq!(red(true, json!(["acknowledge"])), ack);
    assert_eq!(red(true, json!(["resync", "acknowledge"])), sync);
    assert_eq!(red(true, json!([])), "");
}

#[test]
fn an_invoice_is_found_by_its_number_too() {
    let missing = problem(
        404,
        "invoice_not_found",
        "No such invoice",
        "There is no such invoice in this tenant.",
        "Check the reference.",
    );
    let by_ref = line("GET", "/ref:INV-0042");
    let by_number = line("GET", "?number=INV-0042");
    let by_id = line(
        "GET",
        "/inv_01KJG4QZ3N8V5T7W9X2Y4Z6A8D?expand%5B%5D=payments&expand%5B%5D=credit_notes",
    );
    let one = invoice("INV-0042", "SO-1042", synced());
    let rows = [
        (page(std::slice::from_ref(&one)), 0, ""),
        (page(&[]), 4, "error: There is no invoice INV-0042"),
        (
            page(&[one.clone(), one.clone()]),
            2,
            "error: Several invoices have the number INV-0042",
        ),
    ];
    for (found, code, err) in rows {
        let answers = [
            (by_ref.clone(), 404, missing.clone()),
            (by_number.clone(), 200, found),
            (by_id.clone(), 200, one.clone()),
        ];
        let printed = typed(&daemon(&answers), &["invoices", "show", "INV-0042"]);
        assert_eq!(printed.code, code, "{}", printed.err);
        assert!(printed.err.starts_with(err), "{}", printed.err);
    }
}

fn sync_daemon(ends: &[Value]) -> Daemon {
    let found = invoice("INV-0042", "SO-1042", pending());
    let mut answers = vec![
        (line("GET", "/ref:SO-1042"), 200, found),
        (
            line("POST", "/ref:SO-1042/resync"),
            202,
            json!({"operation": operation("queued"), "message": "Queued"}),
        ),
    ];
    answers.extend(
        ends.iter()
            .map(|end| (format!("GET /v1/operations/{OP}"), 200, end.clone())),
    );
    daemon(&answers)
}

#[test]
fn ux_6_sync_now_says_queued() {
    let printed = typed(&sync_daemon(&[]), &["invoices", "sync", "SO-1042"]);
    assert_eq!((printed.code, printed.out), (0, format!("Queued {OP}\n")));
    assert_eq!(
        printed.err,
        format!("Follow it with: counterfoil operation watch {OP}\n")
    );
}

#[test]
fn ux_6_ux_11_waiting_prints_the_result_and_ends_with_its_code() {
    let inactive = json!({"code": "connection_not_active", "title": "Connection not active", "detail": "Xero is not connected.", "fix": "Reconnect."});
    let rows = [
        (
            ended("succeeded", "Synced to Xero", Value::Null),
            0,
            "SO-1042: Synced to Xero\n",
        ),
        (
            ended("failed", "Unmapped nominal code. It failed.", reason()),
            1,
            "SO-1042: Unmapped nominal code. It failed.\n  Line 2 uses nominal code 4010, which has no Xero account code.\n  Fix: Fill in the Xero account code for 4010, then click Sync now.\n  More: counterfoil explain unmapped_nominal_code\n",
        ),
        (ended("partially_failed", "1 of 2", Value::Null), 7, "SO-1042: 1 of 2\n"),
        (
            ended("failed", "Sync failed", inactive),
            9,
            "SO-1042: Sync failed\n  Connection not active\n  Xero is not connected.\n  Fix: Reconnect.\n  More: counterfoil explain connection_not_active\n",
        ),
    ];
    for (end, code, out) in rows {
        let printed = typed(
            &sync_daemon(&[operation("running"), end]),
            &["invoices", "sync", "SO-1042", "--wait"],
        );
        assert_eq!((printed.code, printed.out.as_str()), (code, out));
        assert_eq!(printed.err, format!("Queued {OP}\nrunning 0 of 1\n"));
    }
}

#[test]
fn waiting_that_ends_first_ends_with_8() {
    let printed = typed(
        &sync_daemon(&[operation("waiting")]),
        &["invoices", "sync", "SO-1042", "--wait=20ms"],
    );
    assert_eq!((printed.code, printed.out.as_str()), (8, ""));
    assert!(
        printed
            .err
            .contains(&format!("  fix: counterfoil operation watch {OP}\n")),
        "{}",
        printed.err
    );
}

#[test]
fn several_are_only_sent_after_a_yes() {
    let words = ["invoices", "sync", "SO-1042", "SO-1042"];
    assert_eq!(typed(&sync_daemon(&[]), &words).code, 2);
    let at_terminal = Ends {
        input_is_terminal: true,
        ..Ends::default()
    };
    for (input, code, out) in [
        ("n\n", 1, String::new()),
        ("y\n", 0, format!("Queued {OP}\nQueued {OP}\n")),
    ] {
        let setting = Setting {
            input,
            ends: at_terminal,
            ..Setting::default()
        };
        let printed = typed_in(&setting, &sync_daemon(&[]), &words);
        assert_eq!((printed.code, printed.out), (code, out));
        assert!(
            printed
                .err
                .starts_with("This sends 2 invoices to Xero now. Continue? [y/N] "),
            "{}",
            printed.err
        );
    }
}

#[test]
fn several_ends_become_one() {
    let rows: [(&[Exit], Exit); 6] = [
        (&[], Exit::Ok),
        (&[Exit::Ok, Exit::Ok], Exit::Ok),
        (&[Exit::NotFound, Exit::NotFound], Exit::NotFound),
        (&[Exit::Ok, Exit::NotFound], Exit::PartlyFailed),
        (&[Exit::Ok, Exit::StillRunning], Exit::StillRunning),
        (&[Exit::Usage, Exit::NotFound], Exit::Failed),
    ];
    for (ends, exit) in rows {
        assert_eq!(together(ends), exit, "{ends:?}");
    }
}

fn preview(body: &str) -> String {
    let by_ref = format!("/v1/tenants/{ACME}/invoices/ref:SO-1042");
    let daemon = Daemon::raw(vec![
        (TENANTS.to_owned(), 200, only_acme().to_string()),
        (format!("GET {by_ref}"), 200, "{}".to_owned()),
        (format!("GET {by_ref}/push-preview"), 200, body.to_owned()),
    ]);
    let printed = typed(&daemon, &["invoices", "preview", "SO-1042"]);
    assert_eq!(printed.code, 0, "{}", printed.err);
    printed.out
}

#[test]
fn ux_46_the_preview_is_exactly_what_would_be_sent() {
    let body = r#"{"outcome":"send","method":"PUT","path":"/Invoices","body":{"Invoices":[{"Type":"ACCREC","Contact":{"ContactID":"8b1c"},"LineItems":[{"UnitAmount":111.1100}]}]},"first":["Create the contact \"Hedgehog\""]}"#;
    let out = preview(body);
    assert_eq!(
        out,
        r#"First: Create the contact "Hedgehog"
PUT /Invoices
{
  "Invoices": [
    {
      "Type": "ACCREC",
      "Contact": {
        "ContactID": "8b1c"
      },
      "LineItems": [
        {
          "UnitAmount": 111.1100
        }
      ]
    }
  ]
}
"#
    );
    assert!(!out.contains("Email"));
}

#[test]
fn a_preview_of_nothing_or_of_a_refusal_says_why() {
    assert_eq!(
        preview(r#"{"outcome":"nothing","message":"There is nothing to send: Xero already has it."}"#),
        "There is nothing to send: Xero already has it.\n"
    );
    let refused = json!({"outcome": "refused", "message": "Line 2 uses nominal code 4010.", "reason": reason()});
    let out = preview(&refused.to_string());
    assert!(
        out.starts_with("Line 2 uses nominal code 4010.\n  Unmapped nominal code\n"),
        "{out}"
    );
}

#[test]
fn the_input_of_put_is_an_object_an_array_or_lines() {
    let one = r#"{"host_ref":"A","number":"1","lines":[{"quantity":"1.10"}]}"#;
    let body = r#"{"number":"1","lines":[{"quantity":"1.10"}]}"#;
    for text in [one.to_owned(), format!("[{one}]"), format!("\n{one}\n\n")] {
        let found = items(&text, None).expect("items");
        assert_eq!(
            found
                .iter()
                .map(|item| (item.host_ref.as_str(), item.body.as_str()))
                .collect::<Vec<_>>(),
            [("A", body)]
        );
    }
    let refs = |text: &str| {
        items(text, None)
            .expect("items")
            .into_iter()
            .map(|item| item.host_ref)
            .collect::<Vec<_>>()
    };
    assert_eq!(refs("{\"host_ref\":\"A\"}\n{\"host_ref\":\"B\"}\n"), ["A", "B"]);
    assert_eq!(refs(r#"[{"host_ref":"A"},{"host_ref":"\u00e4"}]"#), ["A", "ä"]);
    let named = items(r#"{"number":1.10,"number":2,"é":null}"#, Some("R")).expect("items");
    assert_eq!(
        (named[0].host_ref.as_str(), named[0].body.as_str()),
        ("R", r#"{"number":1.10,"number":2,"é":null}"#)
    );
}

#[test]
fn input_that_cannot_be_put_is_refused_before_anything_is_sent() {
    let rows = [
        ("", None, "The input holds no invoice"),
        ("[]", None, "The input holds no invoice"),
        ("{", None, "The input is not JSON"),
        ("[{\"host_ref\":\"A\"},]", None, "The input is not JSON"),
        ("5", None, "An invoice must be a JSON object"),
        ("{}", None, "An invoice has no \"host_ref\""),
        (r#"{"host_ref":""}"#, None, "An invoice has no \"host_ref\""),
        (r#"{"host_ref":7}"#, None, "\"host_ref\" must be a string"),
        (
            r#"{"host_ref":"A"}"#,
            Some("B"),
            "\"host_ref\" is given twice, and differently",
        ),
        (
            r#"[{},{}]"#,
            Some("B"),
            "--ref names one invoice, and the input holds 2",
        ),
    ];
    for (text, reference, what) in rows {
        let trouble = items(text, reference).unwrap_err();
        assert_eq!((trouble.exit, trouble.what.as_str()), (Exit::Usage, what), "{text}");
    }
}

#[test]
fn put_tells_what_became_of_each() {
    let refusal = problem(
        422,
        "validation_failed",
        "The request is not valid",
        "/currency: it is missing",
        "Correct what `errors` names.",
    );
    let answers = [
        (
            line("PUT", "/ref:SO-1042"),
            201,
            invoice("INV-0042", "SO-1042", pending()),
        ),
        (line("PUT", "/ref:SO-1043"), 422, refusal),
        (
            line("PUT", "/ref:SO%2F1044"),
            200,
            invoice("INV-0044", "SO/1044", failed()),
        ),
    ];
    let input =
        "{\"host_ref\":\"SO-1042\",\"number\":\"INV-0042\"}\n{\"host_ref\":\"SO-1043\"}\n{\"host_ref\":\"SO/1044\"}\n";
    let daemon = daemon(&answers);
    let printed = typed_in(
        &Setting {
            input,
            ..Setting::default()
        },
        &daemon,
        &["invoices", "put", "-f", "-"],
    );
    assert_eq!(printed.code, 7);
    assert_eq!(
        printed.out,
        "\
created  SO-1042  INV-0042  Pending
updated  SO/1044  INV-0044  Sync failed: Unmapped nominal code
  Line 2 uses nominal code 4010, which has no Xero account code.
  Fix: Fill in the Xero account code for 4010, then click Sync now.
  More: counterfoil explain unmapped_nominal_code
"
    );
    assert_eq!(
        printed.err,
        "\
error: SO-1043: The request is not valid
  why: /currency: it is missing
  fix: Correct what `errors` names.
  request: req_1
2 of 3 invoices written. Writing them again changes nothing.
"
    );
    assert_eq!(daemon.seen()[1].body, r#"{"number":"INV-0042"}"#);
    assert!(daemon.seen()[1].head.contains("content-type: application/json"));
}
