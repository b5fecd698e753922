//! What operators see: log lines, metrics, and the board of all tenants.
//!
//! It knows notices and statuses only, never a machine, an actor or a store. No name of a customer,
//! no amount and no secret is ever in a line or a label, and labels come from closed sets.
//!
//! To add a metric: a line in [`families`] and one in `docs/METRICS.md`; to add a notice: an arm in
//! [`notices`].

pub mod board;
pub mod families;
mod hooks;
pub mod labels;
pub mod logging;
pub mod meters;
pub mod metrics;
pub mod notices;

#[cfg(test)]
mod tests;

pub use board::{Board, Sums};
pub use families::FAMILIES;
pub use logging::{LogControl, LogError};
pub use metrics::Metrics;
pub use notices::Reporter;
