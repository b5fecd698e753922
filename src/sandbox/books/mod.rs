//! One organisation's books: its chart, contacts, documents and the indexes over them.

pub mod chart;
pub mod contact;
pub mod invoice;
pub mod ledger;
pub mod money;
pub mod order;
pub mod organisation;
pub mod payment;
pub mod settle;
pub mod shelf;

pub use chart::{Account, AccountClass, AccountStatus, TaxRate};
pub use contact::{Contact, ContactStatus};
pub use invoice::{AmountsAre, Invoice, InvoiceStatus, Kind, Line};
pub use ledger::{Books, Change, Subject};
pub use organisation::Organisation;
pub use payment::{Payment, PaymentStatus};
pub use shelf::{Lag, Mark, Shelf, Stamped};
