//! Invoices: one by one, and as filtered lists.

use chrono::NaiveDate;

use super::access::Reader;
use super::error::ReadError;
use super::failed::is_red_for;
use crate::model::document::InvoiceKind;
use crate::model::ids::{InvoiceId, TenantId};
use crate::model::reason::ReasonCode;
use crate::model::row::{Badge, Invoice, VarianceLevel};
use crate::model::standing::{Due, awaits_payment};
use crate::store::rows::head::{Head, Listed};
use crate::store::rows::{RowError, decode, keys};
use crate::store::{Direction, Scan};

/// Most invoices in one page of a list.
pub const INVOICE_PAGE_MAX: usize = 500;
/// Most rows looked at for one page, so that a search that finds nothing ends in milliseconds.
const EXAMINED_MAX: usize = 2_000;
/// Most whole documents read in one go.
const BLOCK: usize = 100;

/// Which invoices to list. The default lists everything, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InvoiceQuery {
    /// Only this badge; `Some(None)` = only those without one.
    pub badge: Option<Option<Badge>>,
    /// Only those that are red for this reason.
    pub reason: Option<ReasonCode>,
    /// Only those with an open variance; `Some(Some(level))` = of this level.
    pub variance: Option<Option<VarianceLevel>>,
    /// Only sales invoices or only bills.
    pub kind: Option<InvoiceKind>,
    /// Only those that wait for money, seen on this day of the organisation.
    pub due: Option<(Due, NaiveDate)>,
    /// Only those with exactly this number.
    pub number: Option<String>,
    /// Only those whose number, host reference or contact name contains this, in any case.
    pub text: Option<String>,
    /// Continue behind this invoice.
    pub after: Option<InvoiceId>,
    /// At most so many, and never more than [`INVOICE_PAGE_MAX`].
    pub limit: usize,
    /// Newest first instead of oldest first.
    pub newest_first: bool,
}

/// A page of invoices.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InvoicePage {
    /// The invoices, in order of their ids (which is the order they came in).
    pub invoices: Vec<Invoice>,
    /// Where to continue; `None` = this was the end.
    pub next: Option<InvoiceId>,
}

impl Reader {
    /// One invoice.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn invoice(&self, tenant: TenantId, id: InvoiceId) -> Result<Option<Invoice>, ReadError> {
        self.row(&keys::invoice(tenant, id))
    }

    /// One invoice by the host's reference.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn invoice_by_ref(&self, tenant: TenantId, host_ref: &str) -> Result<Option<Invoice>, ReadError> {
        let index = keys::invoice_by_ref(tenant, host_ref);
        let Some(id) = self.store.get(&index)? else {
            return Ok(None);
        };
        let key = [keys::of_tenant(keys::INVOICES, tenant).as_slice(), &id].concat();
        self.follow(&index, &key, |row: &Invoice| row.host_ref == host_ref)
    }

    /// The invoices with a number, oldest first; bills may share one.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn invoices_numbered(
        &self,
        tenant: TenantId,
        kind: InvoiceKind,
        number: &str,
    ) -> Result<Vec<Invoice>, ReadError> {
        let prefix = keys::invoices_by_number(tenant, kind, number);
        self.listed_under(tenant, prefix, |row| {
            row.draft.kind == kind && row.draft.number == number
        })
    }

    /// A page of the invoices that match. At most 2,000 rows are looked at.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn invoices(&self, tenant: TenantId, query: &InvoiceQuery) -> Result<InvoicePage, ReadError> {
        let mut page = InvoicePage::default();
        let Some(list) = List::choose(tenant, query) else {
            return Ok(page);
        };
        if let Some(number) = &query.number {
            return self.numbered_page(&list, number, query);
        }
        let limit = query.limit.clamp(1, INVOICE_PAGE_MAX);
        let mut scan = list.scan(query.after);
        let mut examined = 0;
        loop {
            scan.limit = BLOCK.min(EXAMINED_MAX.saturating_sub(examined));
            if list.all_match {
                scan.limit = scan.limit.min(limit.saturating_sub(page.invoices.len()));
            }
            let rows = self.store.scan(&scan)?;
            let at_end = rows.len() < scan.limit;
            let mut left = rows.len();
            for (key, value) in rows {
                page.invoices.extend(self.matching(&list, &key, &value, query)?);
                left = left.saturating_sub(1);
                examined = examined.saturating_add(1);
                scan.after = Some(key);
                if page.invoices.len() >= limit {
                    break;
                }
            }
            if at_end && left == 0 {
                return Ok(page);
            }
            if page.invoices.len() >= limit || examined >= EXAMINED_MAX {
                let last = scan.after.as_deref().and_then(keys::last_id);
                page.next = last.map(InvoiceId::from_bytes);
                return Ok(page);
            }
        }
    }

    /// A page of the invoices with one number, which may be a sales invoice's and many bills'.
    fn numbered_page(&self, list: &List, number: &str, query: &InvoiceQuery) -> Result<InvoicePage, ReadError> {
        let limit = query.limit.clamp(1, INVOICE_PAGE_MAX);
        let mut indexes = Vec::new();
        for kind in [InvoiceKind::Sales, InvoiceKind::Purchase] {
            if query.kind.is_none_or(|wanted| wanted == kind) {
                let scan = Scan {
                    prefix: keys::invoices_by_number(list.tenant, kind, number),
                    after: None,
                    limit: limit.saturating_add(1),
                    direction: list.direction,
                };
                indexes.extend(self.store.scan(&after_id(scan, query.after))?);
            }
        }
        indexes.sort_by_key(|(index, _)| keys::last_id(index));
        if list.direction == Direction::Backward {
            indexes.reverse();
        }
        let has_more = indexes.len() > limit;
        indexes.truncate(limit);
        let mut page = InvoicePage::default();
        if has_more {
            let last = indexes.last().and_then(|(index, _)| keys::last_id(index));
            page.next = last.map(InvoiceId::from_bytes);
        }
        for (index, _) in indexes {
            let key = row_key(list.tenant, &index);
            let row = self.follow(&index, &key, |row: &Invoice| row.draft.number == number)?;
            page.invoices.extend(row.filter(|row| list.wants_row(row, query)));
        }
        Ok(page)
    }

    pub(super) fn listed_under(
        &self,
        tenant: TenantId,
        prefix: Vec<u8>,
        belongs: impl Fn(&Invoice) -> bool,
    ) -> Result<Vec<Invoice>, ReadError> {
        let mut invoices = Vec::new();
        for index in self.all_keys(prefix, Direction::Forward)? {
            invoices.extend(self.follow(&index, &row_key(tenant, &index), &belongs)?);
        }
        Ok(invoices)
    }

    fn matching(
        &self,
        list: &List,
        key: &[u8],
        value: &[u8],
        query: &InvoiceQuery,
    ) -> Result<Option<Invoice>, ReadError> {
        let damaged = |error: serde_json::Error| RowError::damaged(key, error.to_string());
        if list.is_index {
            let listed: Listed<'_> = serde_json::from_slice(value).map_err(damaged)?;
            if !list.wants(&listed) {
                return Ok(None);
            }
            let row = self.follow(key, &row_key(list.tenant, key), |row: &Invoice| is_listed(row, query))?;
            return Ok(row.filter(|row| has_state(row, query)));
        }
        if !list.all_match && !list.wants(&Head::read(key, value)?.listed()) {
            return Ok(None);
        }
        Ok(Some(decode(key, value)?))
    }
}

/// The narrowest list that holds what is asked for.
struct List {
    tenant: TenantId,
    prefix: Vec<u8>,
    direction: Direction,
    is_index: bool,
    /// Nothing has to be filtered out of the list.
    all_match: bool,
    kind: Option<InvoiceKind>,
    due: Option<(Due, NaiveDate)>,
    folded: Option<String>,
}

impl List {
    /// `None` when nothing can match.
    fn choose(tenant: TenantId, query: &InvoiceQuery) -> Option<Self> {
        let (prefix, is_index) = match (query.reason, query.badge) {
            (Some(_), Some(badge)) if badge != Some(Badge::Failed) => return None,
            (Some(code), _) => (keys::failed_by_reason(tenant, code.code()), true),
            (None, Some(badge)) => (keys::invoices_by_badge(tenant, badge), true),
            (None, None) if query.variance.is_some() => (keys::of_tenant(keys::INVOICES_BY_VARIANCE, tenant), true),
            (None, None) if query.due.is_some() => (keys::of_tenant(keys::INVOICES_BY_DUE, tenant), true),
            (None, None) => (keys::of_tenant(keys::INVOICES, tenant), false),
        };
        let folded = query.text.as_deref().map(str::to_lowercase);
        let folded = folded.filter(|text| !text.is_empty());
        Some(Self {
            tenant,
            prefix,
            direction: if query.newest_first {
                Direction::Backward
            } else {
                Direction::Forward
            },
            is_index,
            all_match: query.kind.is_none() && folded.is_none() && query.due.is_none(),
            kind: query.kind,
            due: query.due,
            folded,
        })
    }

    fn scan(&self, after: Option<InvoiceId>) -> Scan {
        let scan = Scan {
            prefix: self.prefix.clone(),
            after: None,
            limit: 0,
            direction: self.direction,
        };
        after_id(scan, after)
    }

    fn wants_row(&self, row: &Invoice, query: &InvoiceQuery) -> bool {
        self.wants(&Head::of(row).listed()) && has_state(row, query)
    }

    fn wants(&self, listed: &Listed<'_>) -> bool {
        self.kind.is_none_or(|kind| kind == listed.kind)
            && is_due(listed.due, self.due)
            && self.folded.as_deref().is_none_or(|folded| listed.contains(folded))
    }
}

/// Whether an invoice has the badge and the reason that are asked for.
fn has_state(row: &Invoice, query: &InvoiceQuery) -> bool {
    query.badge.is_none_or(|badge| badge == row.sync.badge)
        && query.reason.is_none_or(|code| is_red_for(row, code, None))
        && query.variance.is_none_or(|level| has_variance(row, level))
        && is_due(awaits_payment(row), query.due)
}

/// Whether what waits for money until a date is on this tab.
fn is_due(due: Option<NaiveDate>, wanted: Option<(Due, NaiveDate)>) -> bool {
    wanted.is_none_or(|(tab, today)| due.is_some_and(|due| Due::on(due, today) == tab))
}

/// Whether the list that was chosen for a query holds an invoice.
fn is_listed(row: &Invoice, query: &InvoiceQuery) -> bool {
    let is_by_variance = query.badge.is_none() && query.reason.is_none();
    let listed = InvoiceQuery {
        badge: query.badge,
        reason: query.reason,
        variance: query.variance.filter(|_| is_by_variance).map(|_level| None),
        ..InvoiceQuery::default()
    };
    has_state(row, &listed)
}

fn has_variance(row: &Invoice, level: Option<VarianceLevel>) -> bool {
    let open = row.back.open_variance();
    open.is_some_and(|variance| level.is_none_or(|level| level == variance.level))
}

pub(super) fn after_id(scan: Scan, after: Option<InvoiceId>) -> Scan {
    match after {
        None => scan,
        Some(id) => {
            let key = [scan.prefix.as_slice(), &id.to_bytes()].concat();
            scan.beyond(key)
        }
    }
}

/// Key of the invoice a list row points to.
pub(super) fn row_key(tenant: TenantId, index: &[u8]) -> Vec<u8> {
    let id = keys::last_id(index).unwrap_or_default();
    keys::invoice(tenant, InvoiceId::from_bytes(id))
}
