//! What a person sees on an invoice: the rows of the checklist that the API shows.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::double::NOW;
use super::fixture::{World, body};
use crate::engine::status::Blocked;
use crate::model::connection::ConnectionState;
use crate::model::document::{InvoiceKind, LineAmountTypes};
use crate::model::failure::Limit;
use crate::model::ids::XeroInvoiceId;
use crate::model::reason::ReasonCode;
use crate::model::row::{Badge, Common, Invoice, Link, ReasonGiven, WaitCause, Waiting};
use crate::model::xero::{XeroInvoice, XeroStatus};

const XERO_ID: &str = "8b1c0000-0000-4000-8000-000000000001";

/// Xero's copy of an invoice of 1,200.00 with so much paid and credited.
fn copy(status: XeroStatus, paid: i64, credited: i64) -> XeroInvoice {
    let pounds = |pounds: i64| Decimal::from(pounds);
    XeroInvoice {
        id: XERO_ID.parse().expect("a GUID"),
        kind: Some(InvoiceKind::Sales),
        number: "INV-1".to_owned(),
        reference: String::new(),
        status,
        contact_id: None,
        contact_name: "Riverside".to_owned(),
        date: None,
        due_date: None,
        currency: None,
        line_amount_types: LineAmountTypes::Exclusive,
        lines: Vec::new(),
        url: None,
        sub_total: pounds(1_000),
        total_tax: pounds(200),
        total: pounds(1_200),
        cis_deduction: pounds(0),
        amount_due: pounds(1_200 - paid - credited),
        amount_paid: pounds(paid),
        amount_credited: pounds(credited),
        payments: Vec::new(),
        credits: Vec::new(),
        updated: NOW,
    }
}

fn link(row: &mut Invoice) {
    let xero_id: XeroInvoiceId = XERO_ID.parse().expect("a GUID");
    row.link = Some(Link {
        xero_id,
        linked_at: NOW,
    });
}

/// The invoice after a change.
fn shown(world: &World, change: impl FnOnce(&mut Invoice)) -> Value {
    world.given("A");
    world.house.change("A", change);
    world.client.get(&world.path("A")).json()
}

#[test]
fn ux_1_synced_badge_tells_when() {
    let world = World::start();
    let sync = shown(&world, |row| {
        row.sync.badge = Some(Badge::Synced);
        row.sync.last_synced_at = Some(NOW);
    })["sync"]
        .clone();
    assert_eq!(sync["state"], "synced");
    assert_eq!(sync["label"], "Synced to Xero");
    assert_eq!(sync["last_synced_at"], "2023-11-14T22:13:20.000Z");
    assert_eq!(sync["reason"], Value::Null);
}

#[test]
fn ux_2_pending_badge_tells_since_when() {
    let world = World::start();
    let sync = shown(&world, |_| {})["sync"].clone();
    assert_eq!(sync["state"], "pending");
    assert_eq!(sync["label"], "Pending");
    assert_eq!(sync["queued_at"], "2023-11-14T22:13:20.000Z");
    assert_eq!(sync["waiting"], Value::Null);
}

#[test]
fn ux_3_failed_badge_shows_reason_and_sync_now() {
    let world = World::start();
    let sync = shown(&world, |row| {
        row.sync.badge = Some(Badge::Failed);
        row.sync.reason = Some(ReasonGiven {
            code: ReasonCode::UnmappedNominalCode,
            detail: "Line 2 uses nominal code 4010, which has no Xero account code.".to_owned(),
            subject: Some("4010".to_owned()),
            since: NOW,
        });
    })["sync"]
        .clone();
    assert_eq!(sync["state"], "failed");
    assert_eq!(sync["label"], "Sync failed");
    assert_eq!(sync["allowed_actions"], json!(["resync"]));
    let reason = &sync["reason"];
    assert_eq!(reason["code"], "unmapped_nominal_code");
    assert_eq!(reason["title"], "Unmapped nominal code");
    assert!(reason["detail"].as_str().expect("text").contains("4010"));
    assert!(reason["fix"].as_str().expect("text").contains("Sync now"));
    assert_eq!(reason["actionable"], true);
    assert_eq!(reason["since"], "2023-11-14T22:13:20.000Z");
}

#[test]
fn ux_4_no_badge_is_an_object_without_a_state() {
    let world = World::start();
    let sync = shown(&world, |row| row.sync.badge = None)["sync"].clone();
    assert!(sync.is_object());
    assert_eq!((&sync["state"], &sync["label"]), (&Value::Null, &Value::Null));
}

#[test]
fn ux_7_ux_9_after_three_retries_sync_now_is_still_offered() {
    let world = World::start();
    let sync = shown(&world, |row| {
        row.sync.badge = Some(Badge::Failed);
        row.sync.retries = 3;
        row.sync.auto_retry = false;
    })["sync"]
        .clone();
    assert_eq!((&sync["retries"], &sync["max_retries"]), (&json!(3), &json!(3)));
    assert_eq!(sync["auto_retry"], false);
    assert_eq!(sync["allowed_actions"], json!(["resync"]));
}

#[test]
fn ux_10_grey_tells_what_it_waits_for_and_until_when() {
    let world = World::start();
    let own = shown(&world, |row| {
        row.sync.waiting = Some(Waiting {
            cause: WaitCause::Transient,
            until: NOW.plus_ms(1_000),
        });
    });
    let waiting = &own["sync"]["waiting"];
    assert_eq!(waiting["cause"], "transient");
    assert_eq!(waiting["until"], "2023-11-14T22:13:21.000Z");
    let words = waiting["detail"].as_str().expect("text");
    assert!(words.contains("The system retries automatically"));
    // A moment that has passed is none: the step is being taken.
    let past = shown(&world, |row| {
        row.sync.waiting = Some(Waiting {
            cause: WaitCause::OutcomeUnknown,
            until: NOW.plus_ms(-1),
        });
    });
    assert_eq!(past["sync"]["waiting"]["cause"], "outcome_unknown");
    assert_eq!(past["sync"]["waiting"]["until"], Value::Null);
    assert_eq!(past["sync"]["next_attempt_at"], Value::Null);
    // Where the row has no wait of its own, the tenant's shows.
    world.house.change("A", |row| row.sync.waiting = None);
    let until = NOW.plus_ms(60_000);
    let table = [
        (
            Blocked::RetryAfter {
                limit: Limit::Minute,
                until,
            },
            json!("xero_rate_limit"),
        ),
        (Blocked::DayBudget { until }, json!("xero_rate_limit")),
        (Blocked::MinuteBudget { until }, json!("xero_rate_limit")),
        (Blocked::TooManyInFlight, json!("xero_rate_limit")),
        (Blocked::BreakerOpen { until }, json!("transient")),
        (Blocked::CatchingUp, json!("catching_up")),
        (Blocked::NotActive(ConnectionState::Disconnected), Value::Null),
    ];
    for (blocked, cause) in table {
        *world.blocked.lock().expect("unpoisoned") = Some(blocked);
        let sync = world.client.get(&world.path("A")).json()["sync"].clone();
        assert_eq!(sync["waiting"]["cause"], cause, "{blocked:?}");
        let until = sync["waiting"]["until"].as_str();
        assert_eq!(until.is_some(), blocked.until().is_some(), "{blocked:?}");
    }
    // Only grey waits.
    world.house.change("A", |row| row.sync.badge = Some(Badge::Synced));
    let sync = world.client.get(&world.path("A")).json()["sync"].clone();
    assert_eq!(sync["waiting"], Value::Null);
}

#[test]
fn ux_12_the_link_leads_into_the_organisation() {
    let world = World::start();
    let xero = shown(&world, link)["xero"].clone();
    assert_eq!(xero["invoice_id"], XERO_ID);
    assert_eq!(
        xero["url"],
        format!("https://go.xero.com/app/!mBdtL/invoicing/view/{XERO_ID}")
    );
    let tenant = world.tenant;
    let mut rows = world.house.rows();
    rows.tenants.get_mut(&tenant).expect("there").short_code = None;
    drop(rows);
    let xero = world.client.get(&world.path("A")).json()["xero"].clone();
    assert_eq!(
        xero["url"],
        format!("https://go.xero.com/AccountsReceivable/View.aspx?InvoiceID={XERO_ID}")
    );
}

#[test]
fn ux_13_a_change_that_is_on_its_way_is_told() {
    let world = World::start();
    let before = shown(&world, |row| {
        link(row);
        row.common = Some(Common {
            rev: row.rev,
            draft: row.draft.clone(),
            xero: copy(XeroStatus::Authorised, 0, 0),
            lines: Vec::new(),
        });
    });
    assert_eq!(before["sync"]["pending_change"], false);
    world.given("A");
    let after = world.client.get(&world.path("A")).json();
    assert_eq!(after["sync"]["pending_change"], true);
}

#[test]
fn ux_88_the_host_status_and_xeros_are_shown_side_by_side() {
    let world = World::start();
    let mut sent = body("I");
    for status in ["draft", "pending", "approved", "void"] {
        sent["host_status"] = json!(status);
        let shown = world.client.put(&world.path("S"), &sent).json();
        assert_eq!(shown["host_status"], status);
        assert_eq!(shown["xero_status"], Value::Null);
    }
    let shown = shown(&world, |row| row.copy = Some(copy(XeroStatus::Submitted, 0, 0)));
    assert_eq!(shown["host_status"], "approved");
    assert_eq!(shown["xero_status"], "SUBMITTED");
    assert_eq!(shown["xero_status_label"], "Awaiting approval");
}

#[test]
fn the_status_follows_the_money_in_xero() {
    let world = World::start();
    let table = [
        (XeroStatus::Authorised, 0, 0, "Unpaid"),
        (XeroStatus::Draft, 0, 0, "Unpaid"),
        (XeroStatus::Authorised, 400, 0, "Part paid"),
        (XeroStatus::Authorised, 0, 1, "Part paid"),
        (XeroStatus::Authorised, 1_000, 200, "Paid"),
        (XeroStatus::Paid, 1_200, 0, "Paid"),
        (XeroStatus::Voided, 0, 0, "Void"),
        (XeroStatus::Deleted, 0, 0, "Void"),
    ];
    for (status, paid, credited, word) in table {
        let row = shown(&world, |row| row.copy = Some(copy(status.clone(), paid, credited)));
        assert_eq!(row["status"], word, "{status:?} {paid} {credited}");
    }
    let row = shown(&world, |row| row.copy = Some(copy(XeroStatus::Authorised, 400, 0)));
    assert_eq!(
        row["totals"],
        json!({"subtotal": "1000.00", "tax": "200.00", "cis_deduction": "0.00",
               "total": "1200.00", "amount_due": "800.00", "amount_paid": "400.00",
               "amount_credited": "0.00"})
    );
    let mut void = body("I");
    void["host_status"] = json!("void");
    let void = world.client.put(&world.path("V"), &void).json();
    assert_eq!(void["status"], "Void");
    assert_eq!(void["totals"]["amount_due"], "0.00");
}

#[test]
fn totals_before_xero_come_from_the_lines_and_unknown_tax_is_null() {
    let world = World::start();
    let line = |price: &str, tax: Value| {
        let mut line = json!({"description": "", "quantity": "1.5", "unit_price": price,
                              "discount_percent": "10"});
        if !tax.is_null() {
            line["tax_amount"] = tax;
        }
        line
    };
    // 1.5 × 3.33 × 0.9 = 4.4955 → 4.50; 1.5 × 1.0033 × 0.9 = 1.354455 → 1.35.
    let table = [
        ("Exclusive", Value::Null, json!(["5.85", null, null])),
        ("Exclusive", json!("0.50"), json!(["5.85", "1.00", "6.85"])),
        ("Inclusive", Value::Null, json!([null, null, "5.85"])),
        ("Inclusive", json!("0.50"), json!(["4.85", "1.00", "5.85"])),
        ("NoTax", Value::Null, json!(["5.85", "0.00", "5.85"])),
    ];
    for (types, tax, wanted) in table {
        let mut sent = body("I");
        sent["line_amount_types"] = json!(types);
        sent["lines"] = json!([line("3.33", tax.clone()), line("1.0033", tax.clone())]);
        let totals = world.client.put(&world.path("T"), &sent).json()["totals"].clone();
        let seen = json!([totals["subtotal"], totals["tax"], totals["total"]]);
        assert_eq!(seen, wanted, "{types} {tax}");
        assert_eq!(totals["amount_due"], totals["total"]);
        assert_eq!(totals["amount_paid"], "0.00");
    }
}

#[test]
fn a_disconnected_tenant_offers_no_sync_now_but_its_way_back() {
    let world = World::start();
    let id = world.tenant;
    let tenant = |state: ConnectionState| {
        let mut rows = world.house.rows();
        rows.tenants.get_mut(&id).expect("there").connection.state = state;
    };
    world.given("A");
    for (state, action) in [
        (ConnectionState::PendingCredits, "top_up"),
        (ConnectionState::RequiresReauth, "reconnect"),
        (ConnectionState::GracePeriod, "reconnect"),
        (ConnectionState::Disconnected, "reconnect_from_scratch"),
    ] {
        tenant(state);
        let shown = world.client.get(&world.below("")).json();
        assert_eq!(shown["connection"]["actions"], json!([action]));
        assert_eq!(shown["connection"]["state"], state.label());
        let status = world.client.get("/v1/status").json();
        assert_eq!(status["warnings"].as_array().expect("a list").len(), 1);
    }
    let row = world.client.get(&world.path("A")).json();
    assert_eq!(row["sync"]["allowed_actions"], json!([]));
}
