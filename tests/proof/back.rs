//! What comes back from Xero, judged by what is durable: the watermark, the copies, the payments.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use counterfoil::model::ids::InvoiceId;
use counterfoil::model::row::{Invoice, Stream, StreamKind};
use counterfoil::model::write::Write;
use counterfoil::sandbox::books::Books;
use rust_decimal::Decimal;

/// The streams as they are durable.
#[derive(Default)]
pub struct Returns {
    streams: BTreeMap<StreamKind, Stream>,
    /// The dates that were checked.
    dates: BTreeSet<NaiveDate>,
}

impl Returns {
    /// These changes are durable now; `invoices` has them in it.
    pub fn commit(&mut self, writes: &[Write], invoices: &BTreeMap<InvoiceId, Invoice>, books: &Books) {
        for write in writes {
            match write {
                Write::Stream(row) => self.stream(row, invoices, books),
                Write::Invoice(row) => check_money(row),
                Write::Reconciled(row) => {
                    assert!(self.dates.insert(row.date), "28: {} is checked twice", row.date);
                }
                _ => {}
            }
        }
        check_payments(invoices);
    }

    fn stream(&mut self, row: &Stream, invoices: &BTreeMap<InvoiceId, Invoice>, books: &Books) {
        let before = self.streams.insert(row.kind, row.clone());
        let before = before.map(|before| before.from);
        assert!(before <= Some(row.from), "14: the watermark went back");
        // What became ours after it was passed is owed, durably, and nothing more is passed before it
        // is here.
        let stays = before.is_none_or(|before| before == row.from);
        // The watermarks of the other streams are about payments, credits, contacts and journals.
        let invoices = invoices.values().filter(|_| row.kind == StreamKind::Invoices);
        for invoice in invoices {
            let Some((name, changed_ms, copied_ms)) = versions(invoice, books) else {
                continue;
            };
            let is_owed = stays
                && invoice
                    .link
                    .as_ref()
                    .is_some_and(|link| row.owed.contains(&link.xero_id));
            assert!(
                changed_ms >= row.from.0 || copied_ms >= Some(changed_ms) || is_owed,
                "13: the watermark {} passed {name}, changed at {changed_ms} and here as of {copied_ms:?}",
                row.from.0
            );
        }
    }
}

/// A linked document: when it last changed in Xero, and how old the copy of it is that is here.
fn versions<'a>(invoice: &'a Invoice, books: &Books) -> Option<(&'a str, i64, Option<i64>)> {
    let link = invoice.link.as_ref()?;
    let document = books.invoices().get(link.xero_id.0)?;
    let copied = invoice.copy.as_ref().map(|copy| copy.updated.0);
    Some((&invoice.host_ref, document.updated_ms, copied))
}

fn check_money(row: &Invoice) {
    let name = &row.host_ref;
    let Some(copy) = &row.copy else { return };
    let living = row.back.payments.iter().filter(|payment| payment.deleted_at.is_none());
    let paid: Decimal = living.map(|payment| payment.amount).sum();
    assert_eq!(
        paid, copy.amount_paid,
        "22: the payments of {name} are not what was paid"
    );
}

fn check_payments(invoices: &BTreeMap<InvoiceId, Invoice>) {
    let mut seen = BTreeSet::new();
    for payment in invoices.values().flat_map(|row| &row.back.payments) {
        assert!(seen.insert(payment.xero_id.0), "23: a payment is here twice");
    }
}

/// Nothing fails any more, and a scan had time to come by: every change of a linked document is here.
pub fn assert_all_here(invoices: &BTreeMap<InvoiceId, Invoice>, books: &Books) {
    for invoice in invoices.values() {
        let Some((name, changed_ms, copied_ms)) = versions(invoice, books) else {
            continue;
        };
        assert_eq!(
            copied_ms,
            Some(changed_ms),
            "35: {name} changed in Xero, and that is not here"
        );
        let document = invoice
            .link
            .as_ref()
            .and_then(|link| books.invoices().get(link.xero_id.0));
        let (theirs, ours) = (
            document.map(|found| found.amount_paid),
            invoice.copy.as_ref().map(|copy| copy.amount_paid),
        );
        assert_eq!(ours, theirs, "22: {name} is paid otherwise in Xero");
    }
}
