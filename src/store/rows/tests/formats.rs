//! Keys and bytes of every row, as they are on disk.

use std::fmt::Write as _;

use super::samples::{self, AT, tenant_id};
use crate::model::document::InvoiceKind;
use crate::model::row::{Invoice, MappingKind, OperationState};
use crate::store::error::hex;
use crate::store::keys::event_key;
use crate::store::rows::{Row, Rows, decode, encode, event, keys};
use crate::store::{Derive, Derived};

/// What data folders out there hold. Changing a line here means that they cannot be read any more,
/// unless the version byte changed with it and the old form is still read.
const PINNED: &str = include_str!("formats.txt");

#[test]
fn formats_on_disk_are_pinned() {
    let tenant = tenant_id(1);
    let mut text = String::new();
    pin(&mut text, "tenant", &samples::tenant());
    pin(&mut text, "grant", &samples::grant());
    pin(&mut text, "operation", &samples::full_operation());
    pin(&mut text, "receipt", &samples::receipt("aa11", AT));
    pin(&mut text, "invoice, new", &samples::invoice(tenant, 1));
    pin(&mut text, "invoice, full", &samples::full_invoice(tenant));
    pin(&mut text, "invoice, agreed", &samples::agreed_invoice(tenant));
    pin(&mut text, "intent", &samples::intent(tenant, 4));
    pin(&mut text, "batch", &samples::batch(tenant, 5));
    pin(&mut text, "contact", &samples::contact(tenant, "C-7", "Acme Ltd"));
    pin(&mut text, "chart", &samples::chart(tenant));
    for kind in [MappingKind::NominalCodes, MappingKind::TaxRates] {
        let row = samples::mapping(tenant, kind, "4000", "200");
        pin(&mut text, "mapping", &row);
    }
    pin(&mut text, "calls", &samples::calls(tenant, 29_455_202));
    pin(&mut text, "stream", &samples::stream(tenant));
    pin(&mut text, "scan", &samples::scan(tenant));
    pin(&mut text, "follow-up", &samples::follow_up(tenant));
    pin(&mut text, "job", &samples::job(tenant));
    pin(&mut text, "item", &samples::item());
    pin(&mut text, "audit", &samples::audit(tenant));
    pin(&mut text, "reconciled", &samples::reconciled(tenant));

    let row = samples::event(tenant, 1, AT);
    let draft = event::to_draft(&row).unwrap();
    let value = [draft.tenant.as_slice(), &draft.payload].concat();
    assert_eq!(event::from_entry(&event_key(1), &value).unwrap(), row);
    line(&mut text, "event", &event_key(1), &value);

    for (name, key, value) in [
        stored("tenant", &samples::tenant()),
        stored("operation", &samples::operation(tenant, 3, OperationState::Waiting)),
        stored("receipt", &samples::receipt("aa11", AT)),
        stored("invoice, full", &samples::full_invoice(tenant)),
        stored("audit", &samples::audit(tenant)),
        stored("contact", &samples::contact(tenant, "C-7", "Acme Ltd")),
    ] {
        for derived in Rows.derive(&key, None, Some(&value)) {
            let name = format!("index of {name}");
            match derived {
                Derived::Put { key, value } => line(&mut text, &name, &key, &value),
                Derived::Add { key, delta } => line(&mut text, &name, &key, &delta.to_be_bytes()),
                Derived::Delete { key } => panic!("{name} deletes {}", hex(&key)),
            }
        }
    }
    every_byte_for_a_word(&mut text);
    assert_eq!(text, PINNED, "the format of a row on disk has changed");
}

/// The bytes that stand for words in keys.
fn every_byte_for_a_word(text: &mut String) {
    let tenant = tenant_id(1);
    for badge in keys::BADGES {
        let name = format!("badge {badge:?}");
        line(text, &name, &keys::badge_count(tenant, badge), &[]);
    }
    line(text, "acknowledged", &keys::acknowledged_count(tenant), &[]);
    for kind in [InvoiceKind::Sales, InvoiceKind::Purchase] {
        let name = format!("kind {kind:?}");
        line(text, &name, &keys::invoices_by_number(tenant, kind, "N"), &[]);
    }
    for state in [
        OperationState::Queued,
        OperationState::Running,
        OperationState::Waiting,
        OperationState::Succeeded,
        OperationState::PartiallyFailed,
        OperationState::Failed,
        OperationState::Cancelled,
    ] {
        let name = format!("state {state:?}");
        line(text, &name, &keys::operations_in_state(tenant, state), &[]);
    }
}

fn stored<R: Row>(name: &'static str, row: &R) -> (&'static str, Vec<u8>, Vec<u8>) {
    (name, row.key(), encode(row).unwrap())
}

fn pin<R: Row + PartialEq + std::fmt::Debug>(text: &mut String, name: &str, row: &R) {
    let value = encode(row).unwrap();
    assert_eq!(&decode::<R>(&row.key(), &value).unwrap(), row, "{name}");
    line(text, name, &row.key(), &value);
}

fn line(text: &mut String, name: &str, key: &[u8], value: &[u8]) {
    if value.is_empty() {
        writeln!(text, "{name}\n  {}", hex(key)).unwrap();
        return;
    }
    // Quotes and backslashes stay as they are, so that the JSON can be read.
    let value: String = value
        .iter()
        .map(|byte| match byte {
            b' '..=b'~' => char::from(*byte).to_string(),
            _ => format!("\\x{byte:02x}"),
        })
        .collect();
    writeln!(text, "{name}\n  {}\n  {value}", hex(key)).unwrap();
}

#[test]
fn what_an_invoice_holds_twice_is_stored_once() {
    let agreed = samples::agreed_invoice(tenant_id(1));
    let value = encode(&agreed).unwrap();
    let text = value.escape_ascii().to_string();
    assert_eq!(text.matches("OUTPUT2").count(), 1);
    assert_eq!(text.matches("issue_date").count(), 1);
}

/// Every way in which the parts of an invoice can equal each other, or be missing.
#[test]
fn every_combination_of_equal_parts_is_read_back_whole() {
    let tenant = tenant_id(1);
    let xero = [None, Some("30.00"), Some("28.00"), Some("27.00")];
    let drafts = ["Acme Ltd", "Acme"];
    let mut seen = 0;
    for copy in xero {
        for common in xero {
            for read in xero {
                for (common_name, sent_name) in drafts.iter().flat_map(|a| drafts.map(|b| (*a, b))) {
                    let row = combined(tenant, copy, common, read, (common_name, sent_name));
                    let value = encode(&row).unwrap();
                    assert_eq!(decode::<Invoice>(&row.key(), &value).unwrap(), row);
                    seen += 1;
                }
            }
        }
    }
    assert_eq!(seen, 4 * 4 * 4 * 4);
}

fn combined(
    tenant: crate::model::ids::TenantId,
    copy: Option<&str>,
    common: Option<&str>,
    read: Option<&str>,
    (common_name, sent_name): (&str, &str),
) -> Invoice {
    let mut row = samples::full_invoice(tenant);
    row.draft = samples::draft("INV-1", "Acme Ltd");
    row.copy = copy.map(samples::xero_invoice);
    row.common = row.common.zip(common).map(|(mut part, total)| {
        part.draft = samples::draft("INV-1", common_name);
        part.xero = samples::xero_invoice(total);
        part
    });
    if let Some(sent) = &mut row.sent {
        sent.draft = samples::draft("INV-1", sent_name);
        sent.read = read.map(samples::xero_invoice);
    }
    row
}
