//! Index rows and counters follow from the rows alone, whatever way led to them.

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;

use super::samples::{self, AT, guid, tenant_id};
use crate::model::document::InvoiceKind;
use crate::model::ids::XeroInvoiceId;
use crate::model::reason::ReasonCode;
use crate::model::row::{Badge, Link, OperationState};
use crate::model::write::Write;
use crate::store::rows::{Row, Rows, batch, encode, keys};
use crate::store::{Derive, Derived, MemStore, Scan, Store, Urgency};

fn store() -> MemStore {
    MemStore::new(Arc::new(Rows), [7; 16], 1)
}

fn everything(store: &MemStore, from: u8) -> Vec<(Vec<u8>, Vec<u8>)> {
    let rows = store.scan(&Scan::forward(Vec::new(), 100_000)).unwrap();
    rows.into_iter()
        .filter(|(key, _)| (from..0xE0).contains(&keys::table(key)))
        .collect()
}

fn commit(store: &MemStore, writes: &[Write]) {
    store.commit(&[batch(writes, Urgency::NewWork).unwrap()]).unwrap();
}

/// Writes from small worlds, so that they hit the same rows and index rows again and again.
fn write() -> impl Strategy<Value = Write> {
    let badge = prop::sample::select(keys::BADGES.to_vec());
    let reasons = vec![ReasonCode::UnmappedNominalCode, ReasonCode::XeroUnavailable];
    let subject = prop::option::of(prop::sample::select(vec!["4000", "4001"]));
    let invoice = (1..3_u128, 1..4_u64, badge, prop::sample::select(reasons), subject);
    let invoice = (invoice, 0..3_u8, 0..3_u8).prop_map(|(main, number, extra)| {
        let (tenant, n, badge, code, subject) = main;
        let tenant = tenant_id(tenant);
        let mut row = samples::invoice(tenant, n);
        // A reason that is still there on a badge that is not red must not be indexed.
        row = samples::red(row, code, subject);
        row.sync.badge = badge;
        row.draft.number = format!("N{number}");
        row.version = u64::from(extra);
        if number == 1 {
            row.draft.kind = InvoiceKind::Purchase;
        }
        if extra == 2 {
            row.link = Some(Link {
                xero_id: XeroInvoiceId(guid(u128::from(number))),
                linked_at: AT,
            });
        }
        Write::Invoice(Box::new(row))
    });
    let contact = (1..3_u128, "[ab]", "[xX]").prop_map(|(tenant, reference, name)| {
        Write::Contact(Box::new(samples::contact(tenant_id(tenant), &reference, &name)))
    });
    let states = vec![
        OperationState::Queued,
        OperationState::Running,
        OperationState::Succeeded,
        OperationState::Cancelled,
    ];
    let operation = (1..3_u64, prop::sample::select(states))
        .prop_map(|(n, state)| Write::Operation(Box::new(samples::operation(tenant_id(1), n, state))));
    let receipt =
        ("[ab]", 0..3_i64).prop_map(|(key, at)| Write::Receipt(Box::new(samples::receipt(&key, AT.plus_ms(at)))));
    let dropped = "[ab]".prop_map(Write::DropReceipt);
    let tenant = (0..3_u128).prop_map(|xero| {
        let mut row = samples::tenant();
        row.xero_id.0 = guid(xero);
        Write::Tenant(Box::new(row))
    });
    prop_oneof![4 => invoice, 2 => contact, 2 => operation, 1 => receipt, 1 => dropped, 1 => tenant]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// The same rows, written in one go into an empty store, give the same index rows and counters
    /// as the history that led to them.
    #[test]
    fn index_rows_do_not_depend_on_history(
        batches in prop::collection::vec(prop::collection::vec(write(), 1..5), 1..15)
    ) {
        let lived = store();
        for writes in &batches {
            commit(&lived, writes);
        }
        let fresh = store();
        let rows = everything(&lived, 0).into_iter().filter(|(key, _)| keys::table(key) < keys::FIRST_INDEX);
        let ops = rows.map(|(key, value)| crate::store::Op::Put { key, value }).collect();
        fresh.commit(&[crate::store::Batch { ops, ..Default::default() }]).unwrap();
        prop_assert_eq!(everything(&lived, keys::FIRST_INDEX), everything(&fresh, keys::FIRST_INDEX));
    }
}

#[test]
fn a_pulled_invoice_whose_head_is_unchanged_costs_no_index_row() {
    let before = samples::agreed_invoice(tenant_id(1));
    let mut after = before.clone();
    after.copy = Some(samples::xero_invoice("31.00"));
    after.version += 1;
    after.updated_at = AT.plus_ms(1);
    let derived = Rows.derive(
        &before.key(),
        Some(&encode(&before).unwrap()),
        Some(&encode(&after).unwrap()),
    );
    assert_eq!(derived, Vec::new());
}

#[test]
fn a_changed_badge_moves_one_list_row_and_two_counts() {
    let before = samples::badged(samples::invoice(tenant_id(1), 1), Some(Badge::Pending));
    let after = samples::badged(before.clone(), Some(Badge::Synced));
    let derived = Rows.derive(
        &before.key(),
        Some(&encode(&before).unwrap()),
        Some(&encode(&after).unwrap()),
    );
    let count = |badge, delta| Derived::Add {
        key: keys::badge_count(tenant_id(1), Some(badge)),
        delta,
    };
    assert!(derived.contains(&count(Badge::Pending, -1)));
    assert!(derived.contains(&count(Badge::Synced, 1)));
    assert_eq!(derived.len(), 4, "{derived:?}");
}

#[test]
fn reasons_have_keys_of_their_own() {
    let keys: BTreeSet<Vec<u8>> = ReasonCode::ALL
        .iter()
        .map(|reason| keys::failed_by_reason(tenant_id(1), reason.code()))
        .collect();
    assert_eq!(keys.len(), ReasonCode::ALL.len());
}

#[test]
fn keys_sort_by_number_also_below_zero() {
    let minutes = [i64::MIN, -2, -1, 0, 1, 29_455_202, i64::MAX];
    let keys: Vec<Vec<u8>> = minutes
        .iter()
        .map(|minute| keys::calls(tenant_id(1), *minute))
        .collect();
    assert!(keys.is_sorted());
}
