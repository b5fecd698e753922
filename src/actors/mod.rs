//! The only folder that names actix.

pub mod app_budget;
pub mod control;
pub mod keyring;
