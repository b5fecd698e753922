//! What is red: how many invoices have which badge, and which failed for which reason.

use std::collections::BTreeMap;

use super::access::Reader;
use super::error::ReadError;
use super::invoices::{after_id, row_key};
use crate::model::ids::{InvoiceId, TenantId};
use crate::model::reason::ReasonCode;
use crate::model::row::{Badge, Invoice};
use crate::model::time::Timestamp;
use crate::store::Scan;
use crate::store::rows::head::{Head, Listed};
use crate::store::rows::{RowError, keys};

/// Most red invoices in one answer: the size of a machine's bulk step.
pub const FAILED_PAGE_MAX: usize = 500;
/// Rows of the index that are read at a time.
const BLOCK: usize = 1_000;
/// Most subjects of one reason that are told.
const SUBJECTS_MAX: usize = 10;

/// How many invoices have which badge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BadgeCounts {
    /// Without a badge.
    pub none: u64,
    /// "Synced to Xero".
    pub synced: u64,
    /// "Pending".
    pub pending: u64,
    /// "Sync failed".
    pub failed: u64,
    /// Of all, those whose alerts were acknowledged.
    pub acknowledged: u64,
}

impl BadgeCounts {
    /// All of them.
    #[must_use]
    pub const fn total(self) -> u64 {
        self.none
            .saturating_add(self.synced)
            .saturating_add(self.pending)
            .saturating_add(self.failed)
    }
}

/// The invoices that are red for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReasonCount {
    /// The reason.
    pub code: ReasonCode,
    /// How many.
    pub count: u64,
    /// Since when the one is red that has been for the longest time.
    pub oldest: Option<Timestamp>,
    /// What they are about (a nominal code, a contact), the most frequent first, at most ten.
    pub subjects: Vec<(String, u64)>,
}

impl Reader {
    fn count(&self, key: &[u8]) -> Result<u64, ReadError> {
        let value = self.store.get(key)?.unwrap_or_else(|| vec![0; 8]);
        let count = <[u8; 8]>::try_from(value.as_slice())
            .ok()
            .and_then(|bytes| u64::try_from(i64::from_be_bytes(bytes)).ok());
        Ok(count.ok_or_else(|| RowError::damaged(key, "it is not a count"))?)
    }

    /// How many invoices have which badge: five reads, whatever their number.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn counts(&self, tenant: TenantId) -> Result<BadgeCounts, ReadError> {
        let mut counts = BadgeCounts {
            acknowledged: self.count(&keys::acknowledged_count(tenant))?,
            ..BadgeCounts::default()
        };
        for badge in keys::BADGES {
            let count = self.count(&keys::badge_count(tenant, badge))?;
            match badge {
                None => counts.none = count,
                Some(Badge::Synced) => counts.synced = count,
                Some(Badge::Pending) => counts.pending = count,
                Some(Badge::Failed) => counts.failed = count,
            }
        }
        Ok(counts)
    }

    /// Invoices that are red for a reason and, if given, a subject, in order of their ids, at most
    /// `limit` (and never more than [`FAILED_PAGE_MAX`]). An empty list is the end.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn failed(
        &self,
        tenant: TenantId,
        code: ReasonCode,
        subject: Option<&str>,
        after: Option<InvoiceId>,
        limit: usize,
    ) -> Result<Vec<Invoice>, ReadError> {
        let prefix = match subject {
            None => keys::failed_by_reason(tenant, code.code()),
            Some(subject) => keys::failed_by_subject(tenant, code.code(), subject),
        };
        let limit = limit.min(FAILED_PAGE_MAX);
        let mut scan = after_id(Scan::forward(prefix, limit), after);
        let mut failed = Vec::new();
        while failed.len() < limit {
            let rows = self.store.scan(&scan)?;
            let Some((last, _)) = rows.last() else { break };
            scan.after = Some(last.clone());
            for (index, _) in rows {
                failed.extend(self.follow(&index, &row_key(tenant, &index), |row: &Invoice| {
                    is_red_for(row, code, subject)
                })?);
            }
        }
        failed.truncate(limit);
        Ok(failed)
    }

    /// The invoices that are red, by reason, the most frequent first. Reads the index of red invoices
    /// only.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn failed_by_reason(&self, tenant: TenantId) -> Result<Vec<ReasonCount>, ReadError> {
        let mut counts = Vec::new();
        if self.count(&keys::badge_count(tenant, Some(Badge::Failed)))? == 0 {
            return Ok(counts);
        }
        for code in ReasonCode::ALL.iter().copied() {
            counts.extend(self.red_for(tenant, code)?);
        }
        counts.sort_by_key(|count| (u64::MAX - count.count, count.code));
        Ok(counts)
    }

    fn red_for(&self, tenant: TenantId, code: ReasonCode) -> Result<Option<ReasonCount>, ReadError> {
        let mut scan = Scan::forward(keys::failed_by_reason(tenant, code.code()), BLOCK);
        let (mut count, mut oldest) = (0_u64, None::<Timestamp>);
        let mut subjects: BTreeMap<String, u64> = BTreeMap::new();
        loop {
            let rows = self.store.scan(&scan)?;
            for (key, value) in &rows {
                let listed: Listed<'_> =
                    serde_json::from_slice(value).map_err(|error| RowError::damaged(key, error.to_string()))?;
                count = count.saturating_add(1);
                oldest = [oldest, listed.since].into_iter().flatten().min();
                if let Some(subject) = listed.subject {
                    let of_subject = subjects.entry(subject.into_owned()).or_default();
                    *of_subject = of_subject.saturating_add(1);
                }
            }
            if rows.len() < BLOCK {
                break;
            }
            scan.after = rows.into_iter().next_back().map(|(last, _)| last);
        }
        let mut subjects: Vec<(String, u64)> = subjects.into_iter().collect();
        subjects.sort_by_key(|(_, count)| u64::MAX - count);
        subjects.truncate(SUBJECTS_MAX);
        Ok((count > 0).then_some(ReasonCount {
            code,
            count,
            oldest,
            subjects,
        }))
    }
}

/// Whether an invoice is red for this reason and, if given, this subject.
#[must_use]
pub fn is_red_for(invoice: &Invoice, code: ReasonCode, subject: Option<&str>) -> bool {
    let head = Head::of(invoice);
    head.reason.as_deref() == Some(code.code())
        && subject.is_none_or(|subject| head.subject.as_deref() == Some(subject))
}
