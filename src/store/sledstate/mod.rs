//! The indexed state in sled: the only folder that names sled.
//!
//! sled is never trusted: it is opened in a thread of its own because it panics on damaged files,
//! every value carries a checksum and all of them a tally, large values are cut into chunks because
//! sled never frees large ones, and a flush is always followed by a sync of its file because sled's
//! own is none.

mod apply;
mod guard;
mod state;

pub use apply::{Applied, Sync};
pub use state::{SledState, remove_folder};
