//! Committed rows, typed: what actors start from and what `http` shows.
//!
//! Every read sees only what is durable. A list is answered in pages with bounded work: a page
//! can hold fewer rows than asked for, even none, and still name where to continue. A row that
//! cannot be read is an error naming it; nothing is skipped because it is damaged.
//!
//! Reads of one call are not one snapshot: a commit may come between an index row and the row it
//! points to. Such a row is left out, as if the call had been made after the commit.
//!
//! An actor reads through a [`View`]: its own batches that are submitted but not yet acknowledged
//! ([`Overlay`]) over what is committed.

mod about;
mod access;
mod audit;
mod error;
mod failed;
mod feed;
mod gaps;
mod invoices;
mod linked;
mod operations;
mod overlay;
mod reference;
mod tenants;
mod view;

#[cfg(test)]
mod tests;

pub use access::Reader;
pub use error::ReadError;
pub use failed::{BadgeCounts, FAILED_PAGE_MAX, ReasonCount};
pub use feed::{EVENT_PAGE_MAX, EventPage};
pub use gaps::{ContactUses, Gap, Gaps};
pub use invoices::{INVOICE_PAGE_MAX, InvoicePage, InvoiceQuery};
pub use linked::{ITEM_PAGE_MAX, LINKED_PAGE_MAX};
pub use operations::{OPERATION_PAGE_MAX, OperationPage, OperationQuery};
pub use overlay::Overlay;
pub use view::View;
