//! Xero's JSON as types. Everything is optional, because Xero leaves out what has no value;
//! unknown fields are ignored and unknown words kept.

mod change;
mod contact;
mod credit;
pub(super) mod date;
mod guid;
mod invoice;
mod number;
mod reference;
mod verdict;

pub use change::{Changed, CreditNote, Journal, Payment};
pub use contact::{Contact, Contacts, SentContacts};
pub use date::{day, moment};
pub use guid::guid;
pub use invoice::{Invoice, Invoices, Pagination};
pub use number::Exact;
pub use reference::{Accounts, Connection, Organisations, TaxRates, Tokens};

/// An answer that cannot be what was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Misread {
    /// Not JSON, or JSON of another shape.
    #[error("the answer is not the JSON that was expected")]
    Shape,
    /// The collection that was asked for is not in the answer.
    #[error("the answer lacks the list that was asked for")]
    ListMissing,
    /// A page of a list that does not tell how many pages there are.
    #[error("the answer does not say how many pages there are")]
    PageCountMissing,
    /// A stored document without an id.
    #[error("a document in the answer has no id")]
    IdMissing,
    /// Flags that contradict each other.
    #[error("the answer says of one document both that it was saved and that it was refused")]
    Contradiction,
    /// The answer to a write is not about what was sent.
    #[error("the answer does not list what was sent")]
    NotWhatWasSent,
    /// The token endpoint handed out less than a pair.
    #[error("the token answer lacks a token")]
    TokenMissing,
}
