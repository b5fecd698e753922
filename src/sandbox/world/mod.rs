//! Xero as one deterministic state machine: a request and the time go in, an outcome comes out.
//! No sockets, no clock, no randomness of its own.

mod identity;
mod respond;
mod serve;
mod state;

pub use state::{Setup, World};
