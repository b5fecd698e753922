//! Settings: `config/counterfoil.toml` (the shipped defaults, built in), then the operator's file,
//! then environment variables `COUNTERFOIL__SECTION__KEY`. Everything is checked as a whole
//! before anything starts, and every problem is told at once.
//!
//! To add a key: a line in [`sections`], a line in `config/counterfoil.toml`, and `reload` or
//! `restart` beside it for what a changed value takes.

mod check;
pub mod diff;
pub mod load;
pub mod nearest;
pub mod problem;
mod reader;
pub mod secrets;
pub mod sections;
pub mod setting;
pub mod values;

#[cfg(test)]
mod tests;

pub use diff::{Change, ReloadPlan, plan};
pub use load::{Config, DEFAULTS};
pub use problem::{Problem, Problems};
pub use secrets::{Secrets, WebhookKey};
pub use sections::{
    Audit, Control, Events, KEYS, Key, Limits, Log, OnChange, Public, Pull, Reconcile, Store, Sync, Xero,
};
pub use values::{AppType, ByteSize, Count, CredentialName, HttpUrl, Listen, LogFormat, LogLevel, RedirectUri};
