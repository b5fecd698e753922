//! The public listener: `POST /xero/webhook` and the pages mounted on it, for anybody who reaches it.
//!
//! It stands apart from the control endpoint, on an address, a thread and a runtime of its own, so
//! that no mistake of a proxy opens the one by way of the other and no flood takes its turns. The
//! answer to a webhook has an empty body and no cookie, as Xero wants it, and is given before anything
//! is done. Mounted is the page to which people come back from Xero's consent page.

mod exchange;
mod listener;
mod webhook;

pub use listener::{PublicServer, start};
pub use webhook::{Mounted, PublicState, WEBHOOK_PATH};
