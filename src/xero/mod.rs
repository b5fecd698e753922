//! Xero on the wire: the only folder that knows Xero's addresses, headers and JSON, and the only
//! one (besides the command line's client) that names reqwest.
//!
//! ```text
//! Request ──▶ address ──▶ client (reqwest) ──▶ decode ──▶ Reply
//!                              └──────────▶ outcome ──▶ Failure
//! ```
//!
//! [`api`] is the port the actors use, [`client`] its implementation, [`outcome`] the one table
//! that says what a failed call means, [`encode`] the bytes we send, [`webhook`] what Xero
//! sends by itself.

pub mod address;
pub mod api;
pub mod client;
pub mod consent;
mod decode;
pub mod encode;
mod headers;
pub mod oauth;
pub mod outcome;
mod refusal;
pub mod transport;
pub mod webhook;
mod wire;

#[cfg(test)]
mod tests;
