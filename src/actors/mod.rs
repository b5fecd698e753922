//! The only folder that names actix.

pub mod control;
