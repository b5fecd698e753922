//! Secrets that cannot be printed by accident.

pub use secrecy::{ExposeSecret, SecretString};
