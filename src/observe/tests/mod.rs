//! Notices, metrics and the board.

mod board;
mod logging;
mod metrics;
mod notices;
mod tenants;
