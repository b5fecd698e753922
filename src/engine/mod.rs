//! Decisions. A tenant is a pure state machine:
//!
//! ```text
//! Event ──▶ TenantMachine::handle(now, event) ──▶ [Effect, …]      next_wake() ──▶ when to call again
//! ```
//!
//! It knows no clock, IO, logs, actors, disk or wire format. Add what can happen to [`event`],
//! what can be asked for to [`effect`], and the decision to [`tenant`].

pub mod alert;
pub mod alike;
pub mod apart;
pub mod badge;
pub mod breaker;
pub mod budget;
pub mod compare;
pub mod connection;
mod day;
pub mod desired;
pub mod effect;
pub mod event;
mod merge;
pub mod news;
pub mod night;
pub mod order;
pub mod policy;
pub mod refusal;
pub mod ring;
pub mod sequence;
pub mod silence;
pub mod status;
pub mod sweep;
pub mod take;
pub mod tenant;
pub mod variance;

#[cfg(test)]
mod tests;
