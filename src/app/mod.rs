//! The composition root: clocks, signals, systemd, and what puts the parts together.

pub mod clock;
pub mod notify;
pub mod signals;

#[cfg(test)]
mod tests;
