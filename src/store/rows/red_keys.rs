//! Keys of the lists of red invoices.

use super::keys::{FAILED_BY_REASON, FAILED_BY_SUBJECT, hash, join};
use crate::model::ids::TenantId;

/// Prefix of the invoices that are red for a reason, given by its code.
#[must_use]
pub fn failed_by_reason(tenant: TenantId, code: &str) -> Vec<u8> {
    join(FAILED_BY_REASON, &[&tenant.to_bytes(), &short_hash(code)])
}

/// Prefix of the invoices that are red for a reason and any subject.
#[must_use]
pub fn failed_by_any_subject(tenant: TenantId, code: &str) -> Vec<u8> {
    join(FAILED_BY_SUBJECT, &[&tenant.to_bytes(), &short_hash(code)])
}

/// Prefix of the invoices that are red for a reason and a subject.
#[must_use]
pub fn failed_by_subject(tenant: TenantId, code: &str, subject: &str) -> Vec<u8> {
    [failed_by_any_subject(tenant, code).as_slice(), &hash(subject)].concat()
}

fn short_hash(text: &str) -> [u8; 8] {
    hash(text).split_first_chunk().map_or([0; 8], |(head, _)| *head)
}
