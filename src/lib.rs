//! Counterfoil keeps an application's invoices and its Xero organisation in step.
//!
//! ```text
//! model ← engine ← actors ← http ← app, cli        beside engine: config, xero, store, observe
//! sandbox → model only
//! ```
//!
//! Start at [`engine`]: what can happen to a tenant is `engine::event`, what it can ask for is
//! `engine::effect`, what it decides is `engine::tenant`. `docs/ARCHITECTURE.md` has the import
//! table, `docs/INVARIANTS.md` the promises.

pub mod actors;
pub mod app;
pub mod cli;
pub mod config;
pub mod engine;
pub mod http;
pub mod model;
pub mod observe;
pub mod sandbox;
pub mod store;
pub mod xero;
