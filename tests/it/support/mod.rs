//! What the tests share: child processes, a client, and documents.

mod api;
mod config;
mod daemon;
mod document;
mod feed;
mod mounts;
mod process;
mod sandbox;
mod wait;

pub use api::{Answer, Api};
pub use config::ConfigFile;
pub use daemon::{Daemon, Demo, House, invoice_path};
pub use document::{bill, sale, with};
pub use feed::Feed;
pub use mounts::{in_own_mounts, mount_memory, skip};
pub use process::{Process, run_program};
pub use sandbox::{Documents, Sandbox};
pub use wait::{idle, look_for, now, until, wall_ms};
