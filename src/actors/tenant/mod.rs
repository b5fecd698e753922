//! One actor per tenant: the machine, its ports, one timer. A handler turns its message into an
//! event, gives it to the machine, and has the effects carried out; it decides nothing.
//!
//! Order: persists are submitted at once and in order; every other effect waits until all
//! persists before it are durable. A failed persist ends the actor: its machine knows what the
//! store does not, so both start again from the store.

mod actor;
mod handlers;
mod jobs;
mod messages;
mod outcall;
mod perform;
mod related;
pub mod rows;

pub use actor::{Down, TenantActor};
pub use messages::{
    Acknowledge, Begin, BellRang, Cancel, ConnectionChanged, Drain, EndConnection, GrantsDied, LookAgain, PutInvoice,
    Regranted, Replier, SetCredits, SetMappings, SetSettings, SignalPayment, SyncNow, WantPreview,
};
pub(super) use perform::refusal;

#[cfg(test)]
mod tests;
