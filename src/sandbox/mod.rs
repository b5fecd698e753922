//! An independent Xero: tokens, limits, idempotency and the accounting API as Xero documents and
//! records them, plus a control surface no Xero has.
//!
//! [`World`] is a sans-IO core that takes a request and the time and gives an outcome; it serves
//! the simulation under virtual time. [`server`] puts it behind a socket. Its JSON shapes are its
//! own on purpose: nothing is shared with the daemon's reading of Xero.

pub mod api;
pub mod books;
pub mod capabilities;
pub mod clock;
pub mod control;
pub mod gate;
pub mod outbox;
pub mod pages;
pub mod query;
pub mod seed;
pub mod seed_credits;
pub mod server;
pub mod webhooks;
pub mod wire;
pub mod world;

pub use clock::{Clock, ClockMove, Instants, Reach};
pub use seed::{Seed, TenantName};
pub use server::{Handle, Options, start};
pub use wire::{Answer, CallId, Outcome, Request, Transport};
pub use world::{Setup, World};

#[cfg(test)]
mod tests;
