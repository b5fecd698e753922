//! The composition root: clocks, signals, systemd, and what puts the parts together.

pub mod clock;
mod consent;
pub mod daemon;
mod data_folder;
pub mod demo;
mod endpoint;
mod folder;
pub mod grants;
mod hooks;
pub mod keyfile;
pub mod metered;
pub mod notify;
pub mod numbers;
pub mod opened;
mod panics;
pub mod programs;
pub mod reads;
pub mod reload;
pub mod rescue;
pub mod sandbox;
mod seeding;
pub mod serve;
pub mod signals;
pub mod start_error;
pub mod upkeep;

#[cfg(test)]
mod tests;
