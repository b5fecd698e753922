//! One organisation's books: its chart, contacts, documents and the indexes over them.

pub mod allocate;
pub mod bank;
pub mod chart;
pub mod cis;
pub mod contact;
pub mod credit;
pub mod credit_ledger;
pub mod group;
pub mod invoice;
pub mod item;
pub mod journal;
pub mod ledger;
pub mod money;
pub mod order;
pub mod organisation;
pub mod payment;
pub mod registers;
pub mod settle;
pub mod shelf;
pub mod tracking;

pub use bank::{BankKind, BankStatus, BankTransaction, Batch};
pub use chart::{Account, AccountClass, AccountStatus, TaxComponent, TaxRate, TaxStatus};
pub use contact::{Contact, ContactStatus};
pub use credit::{Allocation, Applied, Credit, Family};
pub use group::ContactGroup;
pub use invoice::{AmountsAre, Invoice, InvoiceStatus, Kind, Line};
pub use item::{Item, ItemDetails};
pub use journal::{JournalLine, JournalStatus, ManualJournal};
pub use ledger::{Books, Change, Subject};
pub use organisation::Organisation;
pub use payment::{Payment, PaymentStatus, Target};
pub use registers::{Note, Registers};
pub use shelf::{Lag, Mark, Shelf, Stamped};
pub use tracking::{Tracked, TrackingCategory, TrackingOption, TrackingStatus};
