//! Xero's webhooks on their way from the public listener to the tenants' actors.
//!
//! ```text
//! public listener ──▶ porter ──▶ bell of the tenant ──▶ its actor takes all that was rung since
//!                       └─ desk: repeats, lost numbers, silence
//! ```
//!
//! Nothing here is stored, and nothing waits: a bell is rung or it is not, however often. What is
//! lost with the process costs nothing, because every start reads what changed.

mod bell;
mod desk;
mod porter;

pub use bell::Bell;
pub use porter::{Porter, PorterParts};

#[cfg(test)]
mod tests;
