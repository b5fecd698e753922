//! The typed layer: model rows as bytes, their keys, and what is derived from them.
//!
//! [`batch()`] turns what the engine decided into one durable batch, [`Rows`] keeps the index
//! rows beside it, [`decode`] reads a row back.
//!
//! A value is `version byte | flags byte | JSON`. An invoice carries a short head before its
//! JSON, so that index rows and text searches never parse a document.

mod back_keys;
pub mod batch;
pub mod codec;
pub mod error;
pub mod event;
pub mod head;
pub mod index;
pub mod invoice;
mod job_keys;
pub mod keys;
mod red_keys;

#[cfg(test)]
pub(crate) mod tests;

pub use batch::batch;
pub use codec::{Row, decode, encode};
pub use error::RowError;
pub use index::Rows;
