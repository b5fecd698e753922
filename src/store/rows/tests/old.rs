//! Rows that were written before a field existed are still read.

use super::samples::{self, AT, invoice_id, operation_id, tenant_id};
use crate::model::row::{AutoSync, CallMinute, Intent, Invoice, Operation, OperationState, Settings, Sync, Tenant};
use crate::store::rows::{Row, decode};

const TENANT: &str = "ten_00000000010000000000000001";

fn old<R: Row>(key: &[u8], flags: u8, payload: &str) -> R {
    let value = [&[1, flags], payload.as_bytes()].concat();
    decode(key, &value).unwrap()
}

#[test]
fn a_tenant_without_what_was_added_later() {
    let row: Tenant = old(
        &samples::tenant().key(),
        0,
        &format!(
            r#"{{"id":"{TENANT}","xero_id":"00000000-0000-0000-0000-000000000009","name":"Demo Ltd",
            "grant":"grn_00000000020000000000000002","connected_at":1767312123457,
            "connection":{{"state":"active","since":1,"cause":null,"deadline":null,"gate":"open"}}}}"#
        ),
    );
    assert_eq!(row.time_zone, "");
    assert_eq!(row.base_currency, None);
    assert_eq!(row.short_code, None);
    assert_eq!(row.settings, Settings::default());
    assert_eq!(row.settings.auto_sync, AutoSync::default());
}

#[test]
fn an_operation_without_what_was_added_later() {
    let sample = samples::operation(tenant_id(1), 3, OperationState::Running);
    let row: Operation = old(
        &sample.key(),
        0,
        &format!(
            r#"{{"id":"{}","tenant":"{TENANT}","kind":"resync","state":"running","done":0,"total":1,
            "message":"Queued","requested_by":"token:ops","created_at":1767312123457}}"#,
            operation_id(3)
        ),
    );
    assert_eq!(
        row,
        Operation {
            invoice: None,
            ..sample
        }
    );
}

#[test]
fn an_intent_without_what_was_added_later() {
    let sample = samples::intent(tenant_id(1), 4);
    let row: Intent = old(
        &sample.key(),
        0,
        &format!(
            r#"{{"id":"{}","tenant":"{TENANT}","invoice":"{}","kind":"purchase","class":"user",
            "force":true,"queued_at":1767312123457,"due":1767312123464,"retries":1}}"#,
            sample.id,
            invoice_id(1)
        ),
    );
    assert_eq!(
        row,
        Intent {
            operation: None,
            batch: None,
            attempts: 0,
            ..sample
        }
    );
}

#[test]
fn calls_without_what_was_added_later() {
    let sample = samples::calls(tenant_id(1), -5);
    let row: CallMinute = old(
        &sample.key(),
        0,
        &format!(r#"{{"tenant":"{TENANT}","minute":-5,"sent":2,"answered":[1767312123457,1767312123857]}}"#),
    );
    assert_eq!(
        row,
        CallMinute {
            not_before: None,
            ..sample
        }
    );
}

#[test]
fn an_invoice_without_what_was_added_later_and_with_what_nobody_knows() {
    let mut sample = samples::invoice(tenant_id(1), 1);
    sample.rev = 4;
    let head = r#"{"ref":"SO-1","kind":"sales","number":"INV-1","name":"Acme Ltd"}"#;
    let body = format!(
        r#"{{"id":"{}","tenant":"{TENANT}","host_ref":"SO-1","marker":"{}","rev":4,"version":1,
        "draft":{{"kind":"sales","number":"INV-1","contact":{{"ref":"C-7","name":"Acme Ltd"}},
        "currency":"GBP","issue_date":"2026-01-02","host_status":"approved",
        "line_amount_types":"Exclusive","lines":[{{"description":"Widgets","quantity":"2",
        "unit_price":"12.50"}}]}},"accepted_at":{at},"updated_at":{at},"sync":{{"badge":null}},
        "a_field_that_was_dropped":1}}"#,
        sample.id,
        sample.marker,
        at = AT.0
    );
    let length = u32::try_from(head.len()).unwrap().to_be_bytes();
    let value = [&[1, 1], length.as_slice(), head.as_bytes(), body.as_bytes()].concat();
    let row: Invoice = decode(&sample.key(), &value).unwrap();
    assert_eq!(row.sync, Sync::default());
    assert_eq!(row, sample);
}
