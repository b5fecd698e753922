//! Notices, metrics and the board.

mod board;
mod metrics;
mod notices;
mod tenants;
