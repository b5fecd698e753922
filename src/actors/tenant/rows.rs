//! The rows that events carry, read when they are handed over: through what is submitted and not
//! durable yet. Whoever plays the actor's part hands over the same.

pub use super::related::follows;
use super::related::related;
use crate::engine::desired::party_of;
use crate::engine::effect::{CallId, RowsWanted};
use crate::engine::event::{Event, PushContext, Ring};
use crate::model::ids::InvoiceId;
use crate::model::row::{Invoice, Mapping, MappingKind};
use crate::model::xero::{Answer, Reply, XeroInvoice};
use crate::store::reader::{ReadError, View};

/// Documents of a page that are fed at a time. Their rows are in memory twice, as rows and as what
/// is stored, until they are durable.
const SLICE_DOCUMENTS: usize = 100;

/// An answer on its way to the machine, a long one in slices: no event may hold up the others.
#[derive(Debug)]
pub struct HandOver {
    call: CallId,
    wanted: Option<RowsWanted>,
    answer: Option<Answer>,
}

impl HandOver {
    /// An answer, and the rows that its call asked for.
    #[must_use]
    pub const fn new(call: CallId, wanted: Option<RowsWanted>, answer: Answer) -> Self {
        Self {
            call,
            wanted,
            answer: Some(answer),
        }
    }

    /// The next event; `None` = all of it was handed over. Each is to be fed before the next one is
    /// asked for: it may change rows that the next one carries.
    ///
    /// # Errors
    /// Rows cannot be read.
    pub fn next(&mut self, view: &View<'_>) -> Result<Option<Event>, ReadError> {
        let Some(mut answer) = self.answer.take() else {
            return Ok(None);
        };
        let call = self.call;
        let mut rows = Vec::new();
        match (&self.wanted, &mut answer.result) {
            (Some(RowsWanted::These(ids)), _) => rows = invoices(view, ids)?,
            (Some(RowsWanted::Linked), Ok(Reply::Invoices { found, .. })) => {
                let slice: Vec<XeroInvoice> = found.drain(..found.len().min(SLICE_DOCUMENTS)).collect();
                rows = linked(view, &slice)?;
                if !found.is_empty() {
                    self.answer = Some(answer);
                    let found = slice;
                    return Ok(Some(Event::Slice { call, found, rows }));
                }
                *found = slice;
            }
            (Some(RowsWanted::Linked), Ok(Reply::Changes { found, .. })) if !found.is_empty() => {
                let rest = found.split_off(found.len().min(SLICE_DOCUMENTS));
                let found = std::mem::replace(found, rest);
                let related = related(view, &found)?;
                self.answer = Some(answer);
                return Ok(Some(Event::Changes { call, found, related }));
            }
            (Some(RowsWanted::LinkedTo(ids)), _) => {
                for id in ids {
                    rows.extend(view.invoice_linked(*id)?);
                }
            }
            (Some(RowsWanted::RefsAndLinked(refs)), Ok(Reply::Invoices { found, .. })) => {
                rows = linked(view, found)?;
                for host_ref in refs {
                    rows.extend(view.invoice_by_ref(host_ref)?);
                }
                rows.sort_by_key(|row| row.id);
                rows.dedup_by_key(|row| row.id);
            }
            _ => {}
        }
        Ok(Some(Event::Answered { call, answer, rows }))
    }
}

fn linked(view: &View<'_>, documents: &[XeroInvoice]) -> Result<Vec<Invoice>, ReadError> {
    let mut rows = Vec::new();
    for document in documents {
        rows.extend(view.invoice_linked(document.id)?);
    }
    Ok(rows)
}

/// What webhooks told, with the rows that are linked to the invoices they named.
///
/// # Errors
/// Rows cannot be read.
pub fn rung(view: &View<'_>, ring: Ring) -> Result<Event, ReadError> {
    let mut rows = Vec::new();
    for id in ring.invoices.keys() {
        rows.extend(view.invoice_linked(*id)?);
    }
    let ring = Box::new(ring);
    Ok(Event::Rung { ring, rows })
}

/// The rows of these invoices, as far as they are there.
///
/// # Errors
/// Rows cannot be read.
pub fn invoices(view: &View<'_>, ids: &[InvoiceId]) -> Result<Vec<Invoice>, ReadError> {
    let mut rows = Vec::with_capacity(ids.len());
    for id in ids {
        rows.extend(view.invoice(*id)?);
    }
    Ok(rows)
}

/// What a push of this invoice needs.
///
/// # Errors
/// Rows cannot be read.
pub fn push_context(view: &View<'_>, invoice: Invoice) -> Result<PushContext, ReadError> {
    let sent = invoice.sent.as_ref().map(|sent| &sent.draft);
    let mut mappings: Vec<Mapping> = Vec::new();
    for draft in std::iter::once(&invoice.draft).chain(sent) {
        for kind in MappingKind::ALL {
            for key in kind.words_of(draft) {
                let is_known = |known: &Mapping| known.kind == kind && known.key == key;
                if !mappings.iter().any(is_known) {
                    mappings.extend(view.mapping(kind, key)?);
                }
            }
        }
    }
    let party = party_of(&invoice.draft, &mappings);
    let contact = view.contact(&party.reference)?;
    let namesakes = if contact.is_some() {
        Vec::new()
    } else {
        view.contacts_named(&party.name)?
    };
    let sent_party = sent.map(|draft| party_of(draft, &mappings));
    let sent_contact = sent_party.map(|party| view.contact(&party.reference)).transpose()?;
    Ok(PushContext {
        party,
        contact,
        namesakes,
        mappings,
        sent_contact: sent_contact.flatten(),
        invoice,
    })
}
