//! Rows as the API shows them.

mod back;
mod hooks;
mod invoice;
mod money;
mod operation;
mod tenant;

pub use back::{audit, differences};
pub use hooks::{hooks, hooks_warning, tenant_hooks};
pub use invoice::{Detail, Lists, RETRIES_MAX, Surroundings, etag, invoice, reason, status_label, sync};
pub use operation::{item, operation, state_of};
pub use tenant::{credits, settings, settings_etag, tenant};
