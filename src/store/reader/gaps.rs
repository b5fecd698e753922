//! What blocks how many invoices: red ones by what they are red about, counted on index keys alone.

use std::collections::{BTreeMap, BTreeSet};

use super::access::Reader;
use super::error::ReadError;
use super::failed::is_red_for;
use crate::model::ids::{InvoiceId, TenantId, XeroContactId};
use crate::model::reason::ReasonCode;
use crate::model::row::{Badge, Invoice};
use crate::store::rows::head::Listed;
use crate::store::rows::{RowError, keys};
use crate::store::{Direction, Scan};

/// Most red invoices of one reason that are counted, so that an answer takes milliseconds.
pub const GAP_ROWS_MAX: usize = 20_000;
/// Invoices that are shown for a gap: the oldest.
pub const GAP_SAMPLES: usize = 3;
/// Synced invoices that are looked at for who uses a contact: the newest.
const USES_EXAMINED_MAX: usize = 2_000;
/// Of these, documents that are read whole.
const USES_READ_MAX: usize = 200;
/// Rows read in one go.
const BLOCK: usize = 500;

/// One thing that invoices are red about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// The reason.
    pub code: ReasonCode,
    /// What it is about, where that is known.
    pub subject: Option<String>,
    /// How many invoices.
    pub count: u64,
    /// Of these, the oldest, at most [`GAP_SAMPLES`].
    pub samples: Vec<Invoice>,
}

/// The gaps of one reason.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Gaps {
    /// Those that block most first.
    pub gaps: Vec<Gap>,
    /// There are more than were asked for, or more invoices than are counted.
    pub has_more: bool,
}

/// Who uses contacts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ContactUses {
    /// How many synced invoices each has.
    pub counts: BTreeMap<XeroContactId, u64>,
    /// Not all invoices were looked at.
    pub is_partial: bool,
}

/// How often a subject was met, and its first invoices.
#[derive(Default)]
struct Met {
    count: u64,
    first: Vec<InvoiceId>,
}

impl Met {
    fn another(&mut self, id: InvoiceId) {
        self.count = self.count.saturating_add(1);
        if self.first.len() < GAP_SAMPLES {
            self.first.push(id);
        }
    }
}

impl Reader {
    /// What invoices are red about for a reason; those that block most first, at most `limit`. Keys of an
    /// index are read, at most [`GAP_ROWS_MAX`], and few documents of each gap.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn gaps(&self, tenant: TenantId, code: ReasonCode, limit: usize) -> Result<Gaps, ReadError> {
        let mut met: BTreeMap<Option<[u8; 16]>, Met> = BTreeMap::new();
        let mut about_something = BTreeSet::new();
        let prefix = keys::failed_by_any_subject(tenant, code.code());
        let mut is_cut = self.some_keys(&prefix, |key| {
            let subject = key
                .get(prefix.len()..)
                .and_then(|rest| rest.first_chunk::<16>().copied());
            let id = InvoiceId::from_bytes(keys::last_id(key).unwrap_or_default());
            about_something.insert(id);
            met.entry(subject).or_default().another(id);
        })?;
        is_cut |= self.some_keys(&keys::failed_by_reason(tenant, code.code()), |key| {
            let id = InvoiceId::from_bytes(keys::last_id(key).unwrap_or_default());
            if !about_something.contains(&id) {
                met.entry(None).or_default().another(id);
            }
        })?;
        let mut met: Vec<Met> = met.into_values().collect();
        met.sort_by_key(|met| (std::cmp::Reverse(met.count), met.first.first().copied()));
        let has_more = is_cut || met.len() > limit;
        met.truncate(limit);
        let mut gaps = Vec::with_capacity(met.len());
        for met in met {
            let mut samples = Vec::new();
            for id in met.first {
                samples.extend(self.invoice(tenant, id)?.filter(|row| is_red_for(row, code, None)));
            }
            // All of them went away since the keys were read.
            let Some(first) = samples.first() else { continue };
            gaps.push(Gap {
                code,
                subject: first.sync.reason.as_ref().and_then(|reason| reason.subject.clone()),
                count: met.count,
                samples,
            });
        }
        Ok(Gaps { gaps, has_more })
    }

    /// How many synced invoices of parties with these names went to which Xero contact, as far as the
    /// newest ones tell.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn contact_uses(&self, tenant: TenantId, names: &BTreeSet<String>) -> Result<ContactUses, ReadError> {
        let folded: BTreeSet<String> = names.iter().map(|name| keys::fold_name(name)).collect();
        let mut scan = Scan {
            prefix: keys::invoices_by_badge(tenant, Some(Badge::Synced)),
            after: None,
            limit: BLOCK,
            direction: Direction::Backward,
        };
        let (mut uses, mut examined, mut read) = (ContactUses::default(), 0_usize, 0_usize);
        loop {
            let rows = self.store.scan(&scan)?;
            let at_end = rows.len() < BLOCK;
            for (key, value) in rows {
                let listed: Listed<'_> =
                    serde_json::from_slice(&value).map_err(|error| RowError::damaged(&key, error.to_string()))?;
                examined = examined.saturating_add(1);
                if folded.contains(&keys::fold_name(&listed.name)) {
                    read = read.saturating_add(1);
                    let id = InvoiceId::from_bytes(keys::last_id(&key).unwrap_or_default());
                    let row = self.invoice(tenant, id)?;
                    if let Some(contact) = row.and_then(|row| row.copy?.contact_id) {
                        let count = uses.counts.entry(contact).or_default();
                        *count = count.saturating_add(1);
                    }
                }
                scan.after = Some(key);
            }
            if at_end {
                return Ok(uses);
            }
            if examined >= USES_EXAMINED_MAX || read >= USES_READ_MAX {
                uses.is_partial = true;
                return Ok(uses);
            }
        }
    }

    /// The keys of a prefix, at most [`GAP_ROWS_MAX`]. Returns whether there are more.
    fn some_keys(&self, prefix: &[u8], mut take: impl FnMut(&[u8])) -> Result<bool, ReadError> {
        let mut scan = Scan::forward(prefix.to_vec(), BLOCK);
        let mut taken = 0_usize;
        loop {
            let rows = self.store.scan(&scan)?;
            let at_end = rows.len() < BLOCK;
            for (key, _value) in &rows {
                take(key);
            }
            taken = taken.saturating_add(rows.len());
            scan.after = rows.into_iter().next_back().map(|(last, _)| last);
            if at_end || taken >= GAP_ROWS_MAX {
                return Ok(!at_end);
            }
        }
    }
}
