//! What the sandbox shows of itself.

use uuid::Uuid;

use super::body::Bad;
use super::surface::Done;
use crate::sandbox::api::invoice_view::{self, Shape, View};
use crate::sandbox::api::{bank_transactions, contact_view, credit_view, journals, payment_view};
use crate::sandbox::books::{Books, Family};
use crate::sandbox::wire::{Params, Writer};
use crate::sandbox::world::World;

pub(super) fn tenants(world: &World) -> Done {
    Done::list(|items| {
        for tenant in world.tenants() {
            items.object(|row| {
                row.id("tenant_id", tenant.tenant_id);
                row.text("name", &tenant.name);
                if let Some(books) = world.books(tenant.tenant_id) {
                    row.text("base_currency", &books.organisation.base_currency);
                    row.text("time_zone", books.organisation.zone.name());
                }
            });
        }
    })
}

pub(super) fn violations(world: &World) -> Done {
    Done::list(|items| {
        for violation in world.watch.violations() {
            items.object(|row| {
                row.text("kind", violation.kind);
                row.integer("at_ms", violation.at_ms);
                row.integer("seq", whole(violation.seq));
                maybe_id(row, "tenant_id", violation.tenant);
                row.text("detail", &violation.detail);
            });
        }
    })
}

pub(super) fn documents(world: &World, tenant: &str, params: &Params) -> Result<Done, Bad> {
    let books = Uuid::parse_str(tenant).ok().and_then(|id| world.books(id));
    let books = books.ok_or_else(|| Bad::missing(format!("no organisation {tenant}")))?;
    let kind = params.get("type").unwrap_or("invoices").to_ascii_lowercase();
    match kind.as_str() {
        "invoices" => Ok(Done::list(|items| invoices(items, books))),
        "contacts" => Ok(Done::list(|items| {
            for contact in books.contacts().iter() {
                items.object(|row| {
                    contact_view::write(row, contact, books, contact_view::Shape::Full);
                    row.integer("versions", i64::from(contact.versions));
                });
            }
        })),
        "payments" => Ok(Done::list(|items| {
            for payment in books.payments().iter() {
                items.object(|row| {
                    payment_view::write(row, payment, books, false);
                    row.integer("versions", i64::from(payment.versions));
                });
            }
        })),
        "manualjournals" => Ok(Done::list(|items| {
            for journal in books.registers.journals.iter() {
                items.object(|row| {
                    journals::write_journal(row, journal, books, journals::Shape::Paged);
                    row.integer("versions", i64::from(journal.versions));
                });
            }
        })),
        "creditnotes" => Ok(Done::list(|items| credits(items, books, Family::CreditNote))),
        "overpayments" => Ok(Done::list(|items| credits(items, books, Family::Overpayment))),
        "prepayments" => Ok(Done::list(|items| credits(items, books, Family::Prepayment))),
        "banktransactions" => Ok(Done::list(|items| {
            for transaction in books.bank_transactions().iter() {
                items.object(|row| {
                    bank_transactions::write_row(row, transaction, books, WHOLE);
                    row.integer("versions", i64::from(transaction.versions));
                });
            }
        })),
        "batchpayments" => Ok(Done::list(|items| {
            for batch in books.batches().iter() {
                items.object(|row| {
                    payment_view::write_batch(row, batch, books);
                    row.integer("versions", i64::from(batch.versions));
                });
            }
        })),
        _ => Err(Bad::input(
            "type must be invoices, contacts, payments, creditnotes, overpayments, prepayments, \
             banktransactions, batchpayments or manualjournals",
        )),
    }
}

/// Everything there is to see.
const WHOLE: View = View {
    shape: Shape::Paged,
    unit_places: 4,
    amount_due: None,
};

fn credits(items: &mut Writer, books: &Books, family: Family) {
    for credit in books.credits(family).iter() {
        items.object(|row| {
            credit_view::write(row, credit, books, WHOLE);
            row.integer("versions", i64::from(credit.versions));
        });
    }
}

fn invoices(items: &mut Writer, books: &Books) {
    for invoice in books.invoices().iter() {
        items.object(|row| {
            invoice_view::write(row, invoice, books, WHOLE);
            row.integer("versions", i64::from(invoice.versions));
        });
    }
}

pub(super) fn maybe_id(row: &mut Writer, key: &str, id: Option<Uuid>) {
    match id {
        Some(id) => row.id(key, id),
        None => row.null(key),
    }
}

pub(super) fn whole(value: impl TryInto<i64>) -> i64 {
    value.try_into().unwrap_or(i64::MAX)
}
