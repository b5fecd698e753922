//! The control endpoint: HTTP/1.1 over a Unix socket and loopback TCP, on a runtime of its own.
//!
//! ```text
//! server ──▶ exchange ──▶ guard ──▶ routes ──▶ endpoints ──▶ Control (decides) / Reads (shows)
//!             │  request id, deadline, idempotency, headers
//!             └─ problem: every refusal there is
//! ```
//!
//! A new endpoint is a line in [`routes`], a variant of its `Endpoint` and a function in
//! `endpoints`. A new refusal is a line in [`problem`]. Nothing here decides anything about
//! documents: that is asked of [`crate::actors::control::Control`].
//!
//! [`public`] is a listener of its own, for Xero's webhooks and for people who come back from its
//! consent page; [`callback`] is the page they come back to.

mod body;
pub mod callback;
mod candidates;
mod connections;
mod cursor;
mod endpoints;
mod exchange;
mod filter;
mod guard;
mod idempotency;
mod json;
mod paths;
mod preconditions;
pub mod problem;
pub mod public;
pub mod reads;
mod render;
mod reply;
pub mod routes;
mod server;
mod serving;
mod stall;
mod state;
mod stopping;
mod suggest;

#[cfg(test)]
mod tests;

pub use public::PublicState;
pub use server::{Listen, Server, StartError, start};
pub use state::{Access, Caps, Check, Mount, MountedReply, MountedRequest, Scope, Served, State, Token};
