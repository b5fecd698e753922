//! Xero's own description of its API, as a judge of what the sandbox answers.
//!
//! The file is not ours and lies beside the repository; without it nothing is judged, and that is
//! said once. Besides what the schemas demand, every key must be one that Xero sends.

pub mod bench;
pub mod file;
pub mod keys;
