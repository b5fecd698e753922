//! Decisions. A tenant is a pure state machine:
//!
//! ```text
//! Event ──▶ TenantMachine::handle(now, event) ──▶ [Effect, …]      next_wake() ──▶ when to call again
//! ```
//!
//! It knows no async, clock, IO, logs, actors, disk or JSON. Add what can happen to [`event`],
//! what can be asked for to [`effect`], and the decision to `tenant`.

pub mod effect;
pub mod event;
pub mod status;
