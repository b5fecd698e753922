//! What a person types, and how it ends.
//!
//! [`run`] reads the arguments and either starts a program ([`Programs`]) or asks the daemon's
//! control endpoint and shows its answer. Data goes to standard output, everything else to standard
//! error, both through one [`words::Screen`].
//!
//! To add a command: its arguments in [`args`], its function in `commands`, an arm in `session`.

pub mod args;
mod commands;
pub mod control;
pub mod exit;
pub mod explain;
mod outside;
mod run;
mod session;
mod tenant;
mod terminal;
pub mod words;

#[cfg(test)]
mod tests;

pub use args::{DemoArgs, RescueArgs, SandboxArgs, ServeArgs};
pub use control::demo_data_dir;
pub use outside::{Ends, Outside, Programs};
pub use run::{run, start};
