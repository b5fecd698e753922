//! The bytes: JSON in and out as Xero writes it, dates, requests and outcomes.

pub mod date;
pub mod json;
pub mod message;
pub mod params;
pub mod writer;

pub use json::Json;
pub use message::{Answer, CallId, Outcome, Request, Transport};
pub use params::Params;
pub use writer::Writer;
