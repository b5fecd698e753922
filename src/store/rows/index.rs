//! Index rows and counters, worked out from a row before and after its change.
//!
//! Only differences are written: an invoice whose head did not change costs no index row at all.
//! A row that cannot be read derives nothing: nothing overwrites one, because whoever writes a
//! row has read it before and was refused.

use std::collections::BTreeMap;

use super::codec::{Row, decode};
use super::head::Head;
use super::keys;
use crate::model::ids::TenantId;
use crate::model::row::{Audit, ContactRow, Operation, Receipt, Tenant};
use crate::store::{Derive, Derived};

/// The typed layer's answer to the store's question what follows from a row.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rows;

impl Derive for Rows {
    fn derive(&self, key: &[u8], old: Option<&[u8]>, new: Option<&[u8]>) -> Vec<Derived> {
        match keys::table(key) {
            keys::INVOICES => invoices(key, old, new),
            keys::TENANTS => moved::<Tenant>(key, old, new, of_tenant),
            keys::CONTACTS => moved::<ContactRow>(key, old, new, of_contact),
            keys::OPERATIONS => moved::<Operation>(key, old, new, of_operation),
            keys::AUDIT => moved::<Audit>(key, old, new, of_audit),
            keys::RECEIPTS => moved::<Receipt>(key, old, new, of_receipt),
            _ => Vec::new(),
        }
    }

    /// What must never be lost: the host's invoices with their links, open work, settings,
    /// mappings and contacts (both may be a person's decision), the record of changes, grants. Calls, reference data,
    /// operations, kept answers and index rows are not counted.
    fn digest_group(&self, key: &[u8]) -> Option<[u8; 16]> {
        match keys::table(key) {
            keys::GRANTS => Some([0; 16]),
            keys::TENANTS
            | keys::INVOICES
            | keys::INTENTS
            | keys::BATCHES
            | keys::CONTACTS
            | keys::MAPPINGS
            | keys::FOLLOW_UPS
            | keys::AUDIT => keys::owner(key),
            _ => None,
        }
    }
}

/// Index rows of one row: key → value.
type IndexRows = BTreeMap<Vec<u8>, Vec<u8>>;

fn moved<R: Row>(key: &[u8], old: Option<&[u8]>, new: Option<&[u8]>, index: fn(&R) -> IndexRows) -> Vec<Derived> {
    let read = |value: &[u8]| decode::<R>(key, value).ok();
    let before = old.and_then(read).map_or_else(IndexRows::new, |row| index(&row));
    let after = new.and_then(read).map_or_else(IndexRows::new, |row| index(&row));
    differences(&before, after)
}

fn differences(before: &IndexRows, after: IndexRows) -> Vec<Derived> {
    let gone = before
        .keys()
        .filter(|key| !after.contains_key(*key))
        .map(|key| Derived::Delete { key: key.clone() });
    let mut derived: Vec<Derived> = gone.collect();
    let come = after
        .into_iter()
        .filter(|(key, value)| before.get(key) != Some(value))
        .map(|(key, value)| Derived::Put { key, value });
    derived.extend(come);
    derived
}

fn invoices(key: &[u8], old: Option<&[u8]>, new: Option<&[u8]>) -> Vec<Derived> {
    let (Some(owner), Some(id)) = (keys::owner(key), keys::last_id(key)) else {
        return Vec::new();
    };
    if head_bytes(key, old) == head_bytes(key, new) {
        return Vec::new();
    }
    let tenant = TenantId::from_bytes(owner);
    let before = old.and_then(|value| Head::read(key, value).ok());
    let after = new.and_then(|value| Head::read(key, value).ok());
    let rows = |head: &Option<Head<'_>>| {
        head.as_ref()
            .map_or_else(IndexRows::new, |head| of_head(tenant, id, head))
    };
    let mut derived = differences(&rows(&before), rows(&after));
    let badges = (
        before.as_ref().map(|head| head.badge),
        after.as_ref().map(|head| head.badge),
    );
    if badges.0 != badges.1 {
        let add = |badge, delta| Derived::Add {
            key: keys::badge_count(tenant, badge),
            delta,
        };
        derived.extend(badges.0.map(|badge| add(badge, -1)));
        derived.extend(badges.1.map(|badge| add(badge, 1)));
    }
    let looked_at = |head: &Option<Head<'_>>| i64::from(head.as_ref().is_some_and(|head| head.acknowledged));
    let delta = looked_at(&after).saturating_sub(looked_at(&before));
    if delta != 0 {
        derived.push(Derived::Add {
            key: keys::acknowledged_count(tenant),
            delta,
        });
    }
    derived
}

fn head_bytes<'v>(key: &[u8], value: Option<&'v [u8]>) -> Option<&'v [u8]> {
    Head::bytes(key, value?).ok()
}

fn of_head(tenant: TenantId, id: [u8; 16], head: &Head<'_>) -> IndexRows {
    let below = |prefix: Vec<u8>| [prefix.as_slice(), &id].concat();
    // Strings and one word: this cannot fail to be JSON.
    let listed = serde_json::to_vec(&head.listed()).unwrap_or_default();
    let mut rows = IndexRows::new();
    rows.insert(keys::invoice_by_ref(tenant, &head.host_ref), id.to_vec());
    rows.insert(below(keys::invoices_by_badge(tenant, head.badge)), listed.clone());
    rows.insert(
        below(keys::invoices_by_number(tenant, head.kind, &head.number)),
        Vec::new(),
    );
    if let Some(reason) = &head.reason {
        rows.insert(below(keys::failed_by_reason(tenant, reason)), listed.clone());
        if let Some(subject) = &head.subject {
            rows.insert(below(keys::failed_by_subject(tenant, reason, subject)), Vec::new());
        }
    }
    if let Some(xero) = head.xero {
        rows.insert(below(keys::invoices_by_xero(tenant, xero)), Vec::new());
    }
    if let Some(order) = &head.order {
        rows.insert(below(keys::invoices_by_order(tenant, order)), Vec::new());
    }
    if head.variance.is_some() {
        let prefix = keys::of_tenant(keys::INVOICES_BY_VARIANCE, tenant);
        rows.insert(below(prefix), listed.clone());
    }
    if head.due.is_some() {
        rows.insert(below(keys::of_tenant(keys::INVOICES_BY_DUE, tenant)), listed.clone());
    }
    for credit in &head.credits {
        rows.insert(below(keys::invoices_by_credit(tenant, *credit)), Vec::new());
    }
    rows
}

fn of_tenant(row: &Tenant) -> IndexRows {
    only(keys::tenants_by_xero(row.xero_id), &row.id.to_bytes())
}

fn of_contact(row: &ContactRow) -> IndexRows {
    let reference = keys::hash(&row.reference);
    let mut rows = only(keys::contacts_by_name(row.tenant, &row.name), &reference);
    rows.extend(only(keys::contacts_by_xero(row.tenant, row.xero_id), &reference));
    rows
}

fn of_operation(row: &Operation) -> IndexRows {
    let id = row.id.to_bytes();
    let mut rows = only(keys::of_tenant(keys::OPERATIONS_OF_TENANT, row.tenant), &id);
    rows.extend(only(keys::operations_in_state(row.tenant, row.state), &id));
    if let Some(invoice) = row.invoice.filter(|_| !row.state.is_final()) {
        rows.extend(only(keys::open_operations(row.tenant, invoice), &id));
    }
    rows
}

fn of_audit(row: &Audit) -> IndexRows {
    row.invoice.map_or_else(IndexRows::new, |invoice| {
        only(keys::audit_of_invoice(row.tenant, invoice), &row.id.to_bytes())
    })
}

fn of_receipt(row: &Receipt) -> IndexRows {
    IndexRows::from([(keys::receipt_by_age(row.at, &row.key), row.key.clone().into_bytes())])
}

/// One index row without a value.
fn only(prefix: Vec<u8>, rest: &[u8]) -> IndexRows {
    IndexRows::from([([prefix.as_slice(), rest].concat(), Vec::new())])
}
