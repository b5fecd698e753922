//! The rows that documents of a page concern, and those that a follow-up needs.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::event::{Follow, Related};
use crate::model::ids::{InvoiceId, XeroInvoiceId};
use crate::model::row::{Invoice, MappingKind};
use crate::model::xero::Change;
use crate::store::reader::{ReadError, View};

/// Reads them, each once.
pub(super) fn related(view: &View<'_>, found: &[Change]) -> Result<Related, ReadError> {
    let mut invoices: BTreeMap<InvoiceId, Invoice> = BTreeMap::new();
    let mut contacts = Vec::new();
    for change in found {
        let mut rows = Vec::new();
        match change {
            Change::Payment(payment) => rows.extend(payment.invoice.map(|id| view.invoice_linked(id))),
            Change::Credit(credit) => {
                let linked = |(id, _): &(XeroInvoiceId, _)| view.invoice_linked(*id);
                rows.extend(credit.allocations.iter().map(linked));
                rows.extend(view.invoices_credited(credit.id)?.into_iter().map(|row| Ok(Some(row))));
            }
            Change::Contact(change) => contacts.extend(view.contacts_of(change.contact.id)?),
            Change::Journal(_) => {}
        }
        for row in rows {
            invoices.extend(row?.map(|row| (row.id, row)));
        }
    }
    let of_page: BTreeSet<String> = found.iter().filter_map(contact_id).collect();
    let mut mappings = Vec::new();
    if !of_page.is_empty() {
        mappings = view.mappings(MappingKind::Contacts)?;
        mappings.retain(|mapping| of_page.contains(&mapping.value.to_lowercase()));
    }
    Ok(Related {
        invoices: invoices.into_values().collect(),
        contacts,
        mappings,
    })
}

fn contact_id(change: &Change) -> Option<String> {
    match change {
        Change::Contact(change) => Some(change.contact.id.to_string()),
        Change::Payment(_) | Change::Credit(_) | Change::Journal(_) => None,
    }
}

/// Invoices about which something is to be done, with those of their work orders.
pub fn follows(view: &View<'_>, invoices: &[InvoiceId]) -> Result<Vec<Follow>, ReadError> {
    let mut follows = Vec::with_capacity(invoices.len());
    for id in invoices {
        let Some(invoice) = view.invoice(*id)? else { continue };
        let order = invoice.draft.work_order_ref.as_deref();
        let of_order = match order {
            Some(order) => view.invoices_of_order(order)?,
            None => Vec::new(),
        };
        follows.push(Follow { invoice, of_order });
    }
    Ok(follows)
}
