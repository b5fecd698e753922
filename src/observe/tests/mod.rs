//! Notices, metrics and the board.

mod board;
mod lines;
mod logging;
mod metrics;
mod notices;
mod tenants;
