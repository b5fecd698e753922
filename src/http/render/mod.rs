//! Rows as the API shows them.

mod back;
mod invoice;
mod money;
mod operation;
mod tenant;

pub use back::{audit, difference};
pub use invoice::{Detail, Surroundings, etag, invoice, reason};
pub use operation::{item, operation};
pub use tenant::{settings, settings_etag, tenant};
