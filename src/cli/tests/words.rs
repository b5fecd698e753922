use serde_json::{Value, json};

use super::captured::{failed, none, pending, reason, synced, waiting, with};
use super::daemon::NOW;
use crate::cli::words::screen::Style;
use crate::cli::words::{Cell, Column, Table, badge, field, json as text, number, time};

#[test]
fn ux_1_synced_tells_when() {
    let line = badge::line(&synced(), NOW);
    assert_eq!(line, ("Synced to Xero · 2 min ago (14:03:11Z)".to_owned(), Style::Good));
}

#[test]
fn ux_2_pending_tells_since_when_it_is_queued() {
    let line = badge::line(&pending(), NOW);
    assert_eq!(line, ("Pending · queued 12 s ago (14:04:59Z)".to_owned(), Style::Quiet));
}

#[test]
fn ux_3_failed_tells_the_reason_and_its_fix() {
    let (line, style) = badge::line(&failed(), NOW);
    assert_eq!(
        (line.as_str(), style),
        ("Sync failed · for 2 h (12:05:11Z)", Style::Bad)
    );
    assert_eq!(badge::brief(&failed()).0, "Sync failed: Unmapped nominal code");
    assert_eq!(
        badge::reason(&reason()),
        [
            "Unmapped nominal code",
            "Line 2 uses nominal code 4010, which has no Xero account code.",
            "Fix: Fill in the Xero account code for 4010, then click Sync now.",
            "More: counterfoil explain unmapped_nominal_code",
        ]
    );
}

#[test]
fn ux_4_no_badge_is_a_dash() {
    assert_eq!(badge::line(&none(), NOW), ("—".to_owned(), Style::Plain));
}

#[test]
fn ux_9_used_up_retries_are_told() {
    let rows = [
        (0, true, None),
        (1, true, Some("retry 1 of 3")),
        (3, true, Some("retry 3 of 3")),
        (3, false, Some("retry 3 of 3, retries stopped")),
    ];
    for (retries, auto_retry, told) in rows {
        let sync = with(none(), json!({"retries": retries, "auto_retry": auto_retry}));
        assert_eq!(
            badge::remarks(&sync, NOW),
            told.into_iter().collect::<Vec<_>>(),
            "{retries}"
        );
    }
}

#[test]
fn ux_10_waiting_tells_for_what_and_until_when() {
    let rows = [
        (
            "xero_rate_limit",
            "Pending · waiting for Xero's rate limit until 14:32:00Z",
        ),
        (
            "transient",
            "Pending · Xero failed, waiting to try again until 14:32:00Z",
        ),
        (
            "outcome_unknown",
            "Pending · finding out whether Xero has it, until 14:32:00Z",
        ),
        (
            "catching_up",
            "Pending · waiting for the connection to catch up until 14:32:00Z",
        ),
    ];
    for (cause, line) in rows {
        assert_eq!(badge::line(&waiting(cause), NOW).0, line);
        assert_eq!(
            badge::remarks(&waiting(cause), NOW),
            ["The system retries automatically."]
        );
    }
    let mut taken = waiting("outcome_unknown");
    taken["waiting"]["until"] = Value::Null;
    assert_eq!(badge::line(&taken, NOW).0, "Pending · finding out whether Xero has it");
}

#[test]
fn moments_are_told_by_distance_and_clock() {
    let at = |seconds: i64| NOW.plus_ms(-seconds * 1_000);
    let rows = [
        (0, "just now (14:05:11Z)"),
        (59, "59 s ago (14:04:12Z)"),
        (60, "1 min ago (14:04:11Z)"),
        (3_600, "1 h ago (13:05:11Z)"),
        (86_400, "1 d ago (2026-03-11 14:05:11Z)"),
        (-90, "in 1 min (14:06:41Z)"),
    ];
    for (seconds, words) in rows {
        assert_eq!(time::ago(at(seconds), NOW), words);
    }
    let spans = [
        (0, "0 s"),
        (61, "1 min"),
        (3_600, "1 h"),
        (3_660, "1 h 1 min"),
        (90_000, "1 d 1 h"),
        (u64::MAX, "106751991167 d 7 h"),
    ];
    for (seconds, words) in spans {
        assert_eq!(time::span(seconds), words);
    }
}

#[test]
fn amounts_keep_every_digit() {
    let rows = [
        ("0.00", "0.00"),
        ("999.99", "999.99"),
        ("1234.5", "1,234.5"),
        ("-1234567.8901", "-1,234,567.8901"),
        ("12345678901234567890.12", "12,345,678,901,234,567,890.12"),
        ("—", "—"),
        ("1e5", "1e5"),
        ("1.", "1."),
    ];
    for (given, shown) in rows {
        assert_eq!(number::amount(given), shown);
    }
    assert_eq!(number::counted(1, "invoice"), "1 invoice");
    assert_eq!(number::counted(1_000, "invoice"), "1,000 invoices");
}

fn sample() -> Table {
    let mut table = Table::new(vec![Column::word("ID"), Column::text("NAME"), Column::number("AMOUNT")]);
    table.row(vec!["a".into(), "The quick brown fox".into(), "1,200.00".into()]);
    table.row(vec![
        "bb".into(),
        Cell::styled("日本語の名前です".to_owned(), Style::Bad),
        "3.50".into(),
    ]);
    table
}

#[test]
fn tables_are_complete_in_pipes_and_cut_to_the_terminal() {
    assert_eq!(
        sample().lines(None, false),
        [
            "ID  NAME                   AMOUNT",
            "a   The quick brown fox  1,200.00",
            "bb  日本語の名前です         3.50",
        ]
    );
    assert_eq!(
        sample().lines(Some(26), false),
        [
            "ID  NAME            AMOUNT",
            "a   The quick b…  1,200.00",
            "bb  日本語の名…       3.50"
        ]
    );
    let narrowest = sample().lines(Some(5), false);
    assert_eq!(
        narrowest[1], "a   The qui…  1,200.00",
        "never narrower than it can be read"
    );
    assert!(sample().lines(None, true)[2].contains("\u{1b}[31m日本語の名前です\u{1b}[0m"));
}

#[test]
fn sentences_go_on_in_the_next_line() {
    let mut table = Table::new(vec![
        Column::word("ID"),
        Column::sentence("RESULT"),
        Column::word("END"),
    ]);
    let words = "Checked 12 invoices, changed 3, and one could not be read";
    table.row(vec!["a".into(), words.into(), "x".into()]);
    table.row(vec!["b".into(), "wwwwwwwwwwwwwwwwwwwwwwwwwwwwww".into(), "y".into()]);
    assert_eq!(table.lines(None, false)[1], format!("a   {words}  x"));
    assert_eq!(
        table.lines(Some(33), false),
        [
            "ID  RESULT                    END",
            "a   Checked 12 invoices,      x",
            "    changed 3, and one could",
            "    not be read",
            "b   wwwwwwwwwwwwwwwwwwwwwwww  y",
            "    wwwwww",
        ]
    );
}

#[test]
fn json_is_indented_without_touching_a_digit() {
    let compact = r#"{"a":[],"b":{},"c":[1.10,{"d":"x, \"y\": {z}"}],"e":12345678901234567890.123}"#;
    assert_eq!(
        text::indented(compact),
        "{\n  \"a\": [],\n  \"b\": {},\n  \"c\": [\n    1.10,\n    {\n      \"d\": \"x, \\\"y\\\": {z}\"\n    }\n  ],\n  \"e\": 12345678901234567890.123\n}"
    );
}

#[test]
fn members_that_are_absent_are_a_dash_and_never_a_failure() {
    let value = json!({"a": null, "b": "", "c": 5, "d": true});
    assert_eq!(
        ["/a", "/b", "/c", "/d", "/e/f"].map(|pointer| field::shown(&value, pointer)),
        ["—", "—", "5", "yes", "—"]
    );
    assert_eq!(field::moment(&value, "/b"), None);
    assert!(field::items(&value, "/c").is_empty());
}
