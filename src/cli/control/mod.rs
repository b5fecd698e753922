//! The daemon's control endpoint, seen from outside.

mod address;
mod client;
mod path;
mod token;
mod trouble;

pub use address::Address;
pub use client::{Answer, Client, Request};
pub use path::{Query, invoice_by_id, invoice_by_ref, segment};
pub use token::{demo_data_dir, find as find_token};
pub use trouble::Trouble;
