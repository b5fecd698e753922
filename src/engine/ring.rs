//! Which invoices must be read anew because a payment or a credit note changed: those whose row
//! does not say already what the list says.

use std::collections::BTreeMap;

use crate::model::ids::XeroInvoiceId;
use crate::model::row::Invoice;
use crate::model::xero::{CreditChange, PaymentChange};

/// Followed invoices by Xero's id.
pub type Followed = BTreeMap<XeroInvoiceId, Invoice>;

/// The rows by the Xero document they are linked to.
#[must_use]
pub fn followed(rows: Vec<Invoice>) -> Followed {
    let linked = |row: &Invoice| row.link.as_ref().map(|link| link.xero_id);
    rows.into_iter()
        .filter_map(|row| linked(&row).map(|id| (id, row)))
        .collect()
}

/// The invoice of a payment, if its row does not have the payment as it is. A payment that was
/// deleted before its row ever had it concerns no row.
#[must_use]
pub fn by_payment(payment: &PaymentChange, followed: &Followed) -> Option<XeroInvoiceId> {
    let id = payment.invoice?;
    let row = followed.get(&id)?;
    let known = row.back.payments.iter().find(|known| known.xero_id == payment.id);
    let is_in_step = match known {
        None => payment.is_deleted,
        Some(known) if payment.is_deleted => known.deleted_at.is_some(),
        Some(known) => known.deleted_at.is_none() && known.amount == payment.amount,
    };
    (!is_in_step).then_some(id)
}

/// The invoices a credit note touches whose rows do not have what it takes off, and those it has
/// left.
#[must_use]
pub fn by_credit(credit: &CreditChange, followed: &Followed) -> Vec<XeroInvoiceId> {
    let counted = |row: &Invoice| {
        let mut counted = row.back.counted();
        counted
            .find(|known| known.xero_id == credit.id)
            .map(|known| known.amount)
    };
    let differs = |(id, row): (&XeroInvoiceId, &Invoice)| {
        let listed = credit.allocations.iter().find(|(invoice, _)| invoice == id);
        (listed.map(|(_, amount)| *amount) != counted(row)).then_some(*id)
    };
    followed.iter().filter_map(differs).collect()
}

/// Whether the row of any invoice it touches is here.
#[must_use]
pub fn touches(credit: &CreditChange, followed: &Followed) -> bool {
    let has_credit = |row: &Invoice| row.back.credits.iter().any(|known| known.xero_id == credit.id);
    credit.allocations.iter().any(|(id, _)| followed.contains_key(id)) || followed.values().any(has_credit)
}

/// Whether a payment was deleted that its followed invoice never had, since it is followed.
#[must_use]
pub fn is_unmatched_delete(payment: &PaymentChange, row: &Invoice) -> bool {
    let is_known = row.back.payments.iter().any(|known| known.xero_id == payment.id);
    let is_since = row.link.as_ref().is_some_and(|link| payment.updated >= link.linked_at);
    payment.is_deleted && !is_known && is_since
}
