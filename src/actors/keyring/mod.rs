//! The keyring: the only owner of every grant. Xero rotates the refresh token at each use, so two
//! refreshers of one grant lose it; here each grant has one refresher, and everybody else waits.
//!
//! [`state`] decides, [`seal`] encrypts, `actor` carries out, [`Keyring`] is what the rest of the
//! daemon holds.

mod actor;
mod consent;
mod handle;
mod join;
pub mod port;
pub mod seal;
pub mod state;
pub mod tokens;

pub use actor::{Bereaved, GrantDied, GrantRevived};
pub use handle::{Borrowed, Keyring, KeyringError, KeyringParts};

#[cfg(test)]
mod tests;
