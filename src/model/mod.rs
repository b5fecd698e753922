//! Vocabulary: ids, time, documents, rows, failures, reasons. It knows nothing else in the crate:
//! no clock, no IO, no async, and how Xero spells things only through [`xero::Encode`].
//!
//! Invariants: ids are made from values passed in; money is exact decimal; a stored row only ever
//! gains fields, each with a default.

pub mod candidates;
pub mod capability;
pub mod connection;
pub mod distance;
pub mod document;
pub mod failure;
pub mod ids;
pub mod labels;
pub mod limits;
pub mod mutation;
pub mod problem;
pub mod reason;
pub mod row;
pub mod secret;
pub mod standing;
pub mod time;
pub mod write;
pub mod xero;
pub mod zones;
