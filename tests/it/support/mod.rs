//! What the tests share: child processes, a client, and documents.

mod api;
pub mod browser;
mod config;
mod daemon;
mod document;
mod empty;
mod feed;
mod kept_alive;
mod mounts;
mod paging;
mod process;
mod sandbox;
mod typed;
mod wait;

pub use api::{Answer, Api};
pub use config::ConfigFile;
pub use daemon::{Daemon, Demo, House, invoice_path};
pub use document::{bill, sale, with};
pub use empty::Empty;
pub use feed::Feed;
pub use kept_alive::{KeptAlive, share_out};
pub use mounts::{in_own_mounts, mount_memory, skip};
pub use paging::{Paging, scans};
pub use process::{Process, run_program};
pub use sandbox::{Documents, Sandbox};
pub use wait::{idle, look_for, now, until, wall_ms};
