//! The byte layout of every key: `table (1) | tenant (16) | rest`, fixed width, big-endian.
//! Global tables have no tenant. Text is hashed ([`hash`]), so a key never grows with it.
//!
//! These numbers are on disk: one is never changed or used again for something else. Tables from
//! [`FIRST_RESERVED`](crate::store::keys::FIRST_RESERVED) on belong to the store itself, the
//! event feed among them; tables from [`FIRST_INDEX`] on follow from other rows.

use sha2::{Digest, Sha256};

use crate::model::document::InvoiceKind;
use crate::model::ids::{
    BatchId, GrantId, IntentId, InvoiceId, OperationId, TenantId, XeroContactId, XeroCreditId, XeroInvoiceId,
    XeroTenantId,
};
use crate::model::row::{Badge, MappingKind, OperationState};
use crate::model::time::Timestamp;
use crate::store::error::hex;

pub use super::back_keys::*;
pub use super::job_keys::*;
pub use super::red_keys::*;

/// `| tenant` → tenant.
pub const TENANTS: u8 = 0x01;
/// `| grant` → sealed grant.
pub const GRANTS: u8 = 0x02;
/// `| operation` → operation.
pub const OPERATIONS: u8 = 0x03;
/// `| hash of the key` → kept answer.
pub const RECEIPTS: u8 = 0x04;
/// `| tenant | invoice` → invoice.
pub const INVOICES: u8 = 0x10;
/// `| tenant | intent` → intent.
pub const INTENTS: u8 = 0x11;
/// `| tenant | batch` → open attempt.
pub const BATCHES: u8 = 0x12;
/// `| tenant | hash of the reference` → contact.
pub const CONTACTS: u8 = 0x13;
/// `| tenant` → reference data.
pub const CHARTS: u8 = 0x14;
/// `| tenant | kind (1) | hash of the key` → mapping.
pub const MAPPINGS: u8 = 0x15;
/// `| tenant | minute (8)` → calls of that minute.
pub const CALLS: u8 = 0x16;
/// `| tenant | kind (1)` → stream.
pub const STREAMS: u8 = 0x17;
/// `| tenant | kind (1)` → scan under way.
pub const SCANS: u8 = 0x18;
/// `| tenant | invoice` → what is to be done about it later.
pub const FOLLOW_UPS: u8 = 0x19;
/// `| tenant | operation` → the rest of a job.
pub const JOBS: u8 = 0x1A;
/// `| tenant` → the latest date that was checked.
pub const RECONCILED: u8 = 0x1B;
/// `| tenant | entry` → entry of the record of changes.
pub const AUDIT: u8 = 0x1C;
/// `| operation | index (4)` → one item of its result.
pub const OPERATION_ITEMS: u8 = 0x05;

/// Tables from here on are derived.
pub const FIRST_INDEX: u8 = 0x80;
/// `| Xero's tenant | tenant` → nothing.
pub const TENANTS_BY_XERO: u8 = 0x81;
/// `| moment (8) | hash of the key` → the key.
pub const RECEIPTS_BY_AGE: u8 = 0x82;
/// `| tenant | operation` → nothing.
pub const OPERATIONS_OF_TENANT: u8 = 0x83;
/// `| tenant | state (1) | operation` → nothing.
pub const OPERATIONS_IN_STATE: u8 = 0x84;
/// `| tenant | invoice | operation` → nothing, while the operation is not final.
pub const OPEN_OPERATIONS: u8 = 0x85;
/// `| tenant | hash of the host's reference` → invoice (16).
pub const INVOICES_BY_REF: u8 = 0x90;
/// `| tenant | badge (1) | invoice` → what text searches look at.
pub const INVOICES_BY_BADGE: u8 = 0x91;
/// `| tenant | kind (1) | hash of the number | invoice` → nothing.
pub const INVOICES_BY_NUMBER: u8 = 0x92;
/// `| tenant | hash of the reason (8) | invoice` → what text searches look at.
pub const FAILED_BY_REASON: u8 = 0x93;
/// `| tenant | hash of the reason (8) | hash of the subject | invoice` → nothing.
pub const FAILED_BY_SUBJECT: u8 = 0x94;
/// `| tenant | badge (1)` → how many (8, signed).
pub const BADGE_COUNTS: u8 = 0x95;
/// Stands in the place of a badge.
const ACKNOWLEDGED: u8 = 4;
/// `| tenant | hash of the folded name | hash of the reference` → nothing.
pub const CONTACTS_BY_NAME: u8 = 0x96;
/// `| tenant | Xero's invoice | invoice` → nothing.
pub const INVOICES_BY_XERO: u8 = 0x97;
/// `| tenant | Xero's credit note, overpayment or prepayment | invoice` → nothing.
pub const INVOICES_BY_CREDIT: u8 = 0x98;
/// `| tenant | hash of the work order | invoice` → nothing.
pub const INVOICES_BY_ORDER: u8 = 0x99;
/// `| tenant | invoice` → what text searches look at, while a variance is open.
pub const INVOICES_BY_VARIANCE: u8 = 0x9A;
/// `| tenant | invoice` → what text searches look at, while it waits for money.
pub const INVOICES_BY_DUE: u8 = 0x9D;
/// `| tenant | Xero's contact | hash of the reference` → nothing.
pub const CONTACTS_BY_XERO: u8 = 0x9B;
/// `| tenant | invoice | entry` → nothing.
pub const AUDIT_OF_INVOICE: u8 = 0x9C;

/// Every badge, none included, in the order of their bytes.
pub const BADGES: [Option<Badge>; 4] = [None, Some(Badge::Synced), Some(Badge::Pending), Some(Badge::Failed)];

/// Key of a tenant.
#[must_use]
pub fn tenant(id: TenantId) -> Vec<u8> {
    join(TENANTS, &[&id.to_bytes()])
}

/// Key of a grant.
#[must_use]
pub fn grant(id: GrantId) -> Vec<u8> {
    join(GRANTS, &[&id.to_bytes()])
}

/// Key of an operation.
#[must_use]
pub fn operation(id: OperationId) -> Vec<u8> {
    join(OPERATIONS, &[&id.to_bytes()])
}

/// Key of a kept answer.
#[must_use]
pub fn receipt(key: &str) -> Vec<u8> {
    join(RECEIPTS, &[&hash(key)])
}

/// Key of an invoice.
#[must_use]
pub fn invoice(tenant: TenantId, id: InvoiceId) -> Vec<u8> {
    join(INVOICES, &[&tenant.to_bytes(), &id.to_bytes()])
}

/// Key of an intent.
#[must_use]
pub fn intent(tenant: TenantId, id: IntentId) -> Vec<u8> {
    join(INTENTS, &[&tenant.to_bytes(), &id.to_bytes()])
}

/// Key of an open attempt.
#[must_use]
pub fn batch(tenant: TenantId, id: BatchId) -> Vec<u8> {
    join(BATCHES, &[&tenant.to_bytes(), &id.to_bytes()])
}

/// Key of a contact.
#[must_use]
pub fn contact(tenant: TenantId, reference: &str) -> Vec<u8> {
    join(CONTACTS, &[&tenant.to_bytes(), &hash(reference)])
}

/// Key of a tenant's reference data.
#[must_use]
pub fn chart(tenant: TenantId) -> Vec<u8> {
    join(CHARTS, &[&tenant.to_bytes()])
}

/// Key of a mapping.
#[must_use]
pub fn mapping(tenant: TenantId, kind: MappingKind, key: &str) -> Vec<u8> {
    [mappings(tenant, kind).as_slice(), &hash(key)].concat()
}

/// Prefix of the mappings of one kind.
#[must_use]
pub fn mappings(tenant: TenantId, kind: MappingKind) -> Vec<u8> {
    let kind = match kind {
        MappingKind::NominalCodes => 0,
        MappingKind::TaxRates => 1,
        MappingKind::Contacts => 2,
        MappingKind::Items => 3,
        MappingKind::Channels => 4,
        MappingKind::Locations => 5,
    };
    join(MAPPINGS, &[&tenant.to_bytes(), &[kind]])
}

/// Key of the calls of one minute (minutes since 1970).
#[must_use]
pub fn calls(tenant: TenantId, minute: i64) -> Vec<u8> {
    join(CALLS, &[&tenant.to_bytes(), &signed(minute)])
}

/// Prefix of everything one tenant has in a table.
#[must_use]
pub fn of_tenant(table: u8, tenant: TenantId) -> Vec<u8> {
    join(table, &[&tenant.to_bytes()])
}

/// Prefix of our tenants of one organisation.
#[must_use]
pub fn tenants_by_xero(xero: XeroTenantId) -> Vec<u8> {
    join(TENANTS_BY_XERO, &[xero.0.as_bytes()])
}

/// Index key of a kept answer by its age.
#[must_use]
pub fn receipt_by_age(at: Timestamp, key: &str) -> Vec<u8> {
    join(RECEIPTS_BY_AGE, &[&signed(at.0), &hash(key)])
}

/// First key of the kept answers made at `at` or later.
#[must_use]
pub fn receipts_from(at: Timestamp) -> Vec<u8> {
    join(RECEIPTS_BY_AGE, &[&signed(at.0)])
}

/// Prefix of a tenant's operations in one state.
#[must_use]
pub fn operations_in_state(tenant: TenantId, state: OperationState) -> Vec<u8> {
    let state = match state {
        OperationState::Queued => 0,
        OperationState::Running => 1,
        OperationState::Waiting => 2,
        OperationState::Succeeded => 3,
        OperationState::PartiallyFailed => 4,
        OperationState::Failed => 5,
        OperationState::Cancelled => 6,
    };
    join(OPERATIONS_IN_STATE, &[&tenant.to_bytes(), &[state]])
}

/// Prefix of the open operations of an invoice.
#[must_use]
pub fn open_operations(tenant: TenantId, invoice: InvoiceId) -> Vec<u8> {
    join(OPEN_OPERATIONS, &[&tenant.to_bytes(), &invoice.to_bytes()])
}

/// Index key of an invoice by the host's reference.
#[must_use]
pub fn invoice_by_ref(tenant: TenantId, host_ref: &str) -> Vec<u8> {
    join(INVOICES_BY_REF, &[&tenant.to_bytes(), &hash(host_ref)])
}

/// Prefix of the invoices with one badge.
#[must_use]
pub fn invoices_by_badge(tenant: TenantId, badge: Option<Badge>) -> Vec<u8> {
    join(INVOICES_BY_BADGE, &[&tenant.to_bytes(), &[badge_byte(badge)]])
}

/// Prefix of the invoices with one number.
#[must_use]
pub fn invoices_by_number(tenant: TenantId, kind: InvoiceKind, number: &str) -> Vec<u8> {
    let kind = match kind {
        InvoiceKind::Sales => 0,
        InvoiceKind::Purchase => 1,
    };
    join(INVOICES_BY_NUMBER, &[&tenant.to_bytes(), &[kind], &hash(number)])
}

/// Key of the number of invoices with one badge.
#[must_use]
pub fn badge_count(tenant: TenantId, badge: Option<Badge>) -> Vec<u8> {
    join(BADGE_COUNTS, &[&tenant.to_bytes(), &[badge_byte(badge)]])
}

/// Key of the number of invoices whose alerts were acknowledged.
#[must_use]
pub fn acknowledged_count(tenant: TenantId) -> Vec<u8> {
    join(BADGE_COUNTS, &[&tenant.to_bytes(), &[ACKNOWLEDGED]])
}

/// Prefix of the contacts that were resolved under a name, in whatever case it is written.
#[must_use]
pub fn contacts_by_name(tenant: TenantId, name: &str) -> Vec<u8> {
    join(CONTACTS_BY_NAME, &[&tenant.to_bytes(), &hash(&fold_name(name))])
}

/// Prefix of the parties that were resolved to one Xero contact.
#[must_use]
pub fn contacts_by_xero(tenant: TenantId, xero: XeroContactId) -> Vec<u8> {
    join(CONTACTS_BY_XERO, &[&tenant.to_bytes(), xero.0.as_bytes()])
}

/// Prefix of the invoices linked to one Xero document.
#[must_use]
pub fn invoices_by_xero(tenant: TenantId, xero: XeroInvoiceId) -> Vec<u8> {
    join(INVOICES_BY_XERO, &[&tenant.to_bytes(), xero.0.as_bytes()])
}

/// Prefix of the invoices that one credit takes something off.
#[must_use]
pub fn invoices_by_credit(tenant: TenantId, credit: XeroCreditId) -> Vec<u8> {
    join(INVOICES_BY_CREDIT, &[&tenant.to_bytes(), credit.0.as_bytes()])
}

/// Prefix of the invoices of one work order.
#[must_use]
pub fn invoices_by_order(tenant: TenantId, order: &str) -> Vec<u8> {
    join(INVOICES_BY_ORDER, &[&tenant.to_bytes(), &hash(order)])
}

/// How names are compared: without regard to case, as Xero does.
#[must_use]
pub fn fold_name(name: &str) -> String {
    name.to_lowercase()
}

/// 16 bytes that stand for a text of any length: the head of its SHA-256.
#[must_use]
pub fn hash(text: &str) -> [u8; 16] {
    let digest: [u8; 32] = Sha256::digest(text.as_bytes()).into();
    digest.split_first_chunk().map_or([0; 16], |(head, _)| *head)
}

/// The table of a key; 0, which is no table, for an empty key.
#[must_use]
pub fn table(key: &[u8]) -> u8 {
    key.first().copied().unwrap_or(0)
}

/// The 16 bytes behind the table: the tenant in most tables.
#[must_use]
pub fn owner(key: &[u8]) -> Option<[u8; 16]> {
    key.get(1..17)?.try_into().ok()
}

/// The 16 bytes a key ends with: the id in rows and lists.
#[must_use]
pub fn last_id(key: &[u8]) -> Option<[u8; 16]> {
    key.last_chunk().copied()
}

/// A key in words, for errors: the table, and the ids where they can be read.
#[must_use]
pub fn describe(key: &[u8]) -> String {
    let owner = owner(key).map(TenantId::from_bytes);
    let id = last_id(key);
    match (table(key), owner, id) {
        (TENANTS, Some(tenant), _) => format!("tenant {tenant}"),
        (GRANTS, _, Some(id)) => format!("grant {}", GrantId::from_bytes(id)),
        (OPERATIONS, _, Some(id)) => format!("operation {}", OperationId::from_bytes(id)),
        (INVOICES, Some(tenant), Some(id)) => {
            format!("invoice {} of {tenant}", InvoiceId::from_bytes(id))
        }
        (INTENTS, Some(tenant), Some(id)) => {
            format!("intent {} of {tenant}", IntentId::from_bytes(id))
        }
        (BATCHES, Some(tenant), Some(id)) => {
            format!("batch {} of {tenant}", BatchId::from_bytes(id))
        }
        (CHARTS, Some(tenant), _) => format!("reference data of {tenant}"),
        (CONTACTS, Some(tenant), _) => format!("contact {} of {tenant}", hex(key)),
        (MAPPINGS, Some(tenant), _) => format!("mapping {} of {tenant}", hex(key)),
        (CALLS, Some(tenant), _) => format!("calls {} of {tenant}", hex(key)),
        (STREAMS, Some(tenant), _) => format!("stream {} of {tenant}", hex(key)),
        (FOLLOW_UPS, Some(tenant), _) => format!("follow-up {} of {tenant}", hex(key)),
        (SCANS, Some(tenant), _) => format!("scan {} of {tenant}", hex(key)),
        (JOBS, Some(tenant), Some(id)) => {
            format!("job {} of {tenant}", OperationId::from_bytes(id))
        }
        (AUDIT, Some(tenant), _) => format!("entry {} of the record of {tenant}", hex(key)),
        (RECONCILED, Some(tenant), _) => format!("nightly check of {tenant}"),
        (OPERATION_ITEMS, _, _) => format!("item of an operation {}", hex(key)),
        (RECEIPTS, _, _) => format!("kept answer {}", hex(key)),
        _ => match crate::store::keys::event_seq(key) {
            Some(seq) => format!("event {seq}"),
            None => format!("row {}", hex(key)),
        },
    }
}

fn badge_byte(badge: Option<Badge>) -> u8 {
    match badge {
        None => 0,
        Some(Badge::Synced) => 1,
        Some(Badge::Pending) => 2,
        Some(Badge::Failed) => 3,
    }
}

/// Eight bytes that sort like the number.
fn signed(number: i64) -> [u8; 8] {
    (number.cast_unsigned() ^ (1 << 63)).to_be_bytes()
}

pub(super) fn join(table: u8, parts: &[&[u8]]) -> Vec<u8> {
    let mut key = vec![table];
    for part in parts {
        key.extend_from_slice(part);
    }
    key
}
