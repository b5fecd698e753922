//! Grants: the real keyring, its actor and its seal, over the sandbox's token endpoint and a real
//! store, under a clock that tests move. Several organisations share one grant and borrow from it,
//! as the daemon's tenants do, while everything between Xero and the disk goes wrong.
//!
//! One tale has what a grant must survive and nothing else: races of its organisations, lost
//! answers of the token endpoint, and crashes between refresh and save. The other has everything,
//! also what ends a consent; then everybody must be told.
//!
//! `GRANT_SEED=n` plays one seed, `GRANT_SEEDS=n` that many, `GRANT_FROM=n` starts there.

mod fault;
mod judge;
mod life;
mod rows;
pub mod seeds;
mod stage;
mod story;
mod three;
mod wire;
mod xero;
