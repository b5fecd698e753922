//! Rows as the API shows them.

mod back;
mod hooks;
mod invoice;
mod money;
mod operation;
mod tenant;

pub use hooks::{hooks, hooks_warning, tenant_hooks};
pub use invoice::{Detail, Surroundings, etag, invoice, reason};
pub use operation::operation;
pub use tenant::{settings, settings_etag, tenant};
