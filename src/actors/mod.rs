//! The only folder that names actix: one actor per tenant, their supervisor, and the keyring.
//!
//! ```text
//! http ──▶ door ──try_send──▶ tenant (one per organisation) ──▶ store, xero
//!             │                  ▲   │ borrows tokens ──▶ keyring (one owner per grant)
//!             └──▶ supervisor ───┘   └ ends ──▶ supervisor (restart, park)
//! webhooks ──▶ doorbell ──one message──▶ tenant
//! ```
//!
//! A tenant's mailbox holds 1,024 messages, then callers are told "busy". Nothing here decides
//! what happens to a document: that is `engine`.

pub mod app_budget;
pub mod connect;
pub mod control;
pub mod door;
pub mod doorbell;
pub mod intake;
pub mod keyring;
pub mod lane;
pub mod ports;
pub mod pulse;
pub mod registry;
mod replies;
pub mod supervisor;
pub mod tenant;

#[cfg(test)]
mod tests;
