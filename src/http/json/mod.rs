//! Strict reading of bodies: a bounded tree first, then fields, collecting everything wrong.

mod connect;
mod decimal;
mod draft;
mod fields;
mod jobs;
mod orders;
mod selection;
mod tree;

pub use connect::{Choice, read_choice, read_connect, read_redirected};
pub use draft::read_draft;
pub use jobs::{RefreshWanted, read_links, read_refresh};
pub use orders::{
    patch_settings, read_credits, read_import, read_mapping_value, read_mappings, read_note, read_nothing,
};
pub use selection::{Selection, read_bulk, read_refs};
pub use tree::parse;
