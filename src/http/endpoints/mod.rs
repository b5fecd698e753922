//! What each route does.

mod audit;
mod bulk;
mod call;
mod capabilities;
mod connect;
mod dispatch;
mod events;
mod export;
mod failed;
mod gaps;
mod invoices;
mod jobs;
mod mappings;
mod operations;
mod orders;
mod pushes;
mod refused;
mod resolve;
mod reviews;
mod selection;
mod settings;
mod stream;
mod system;
mod tenants;
mod watermarks;

pub use call::{Call, Shared};
pub use dispatch::dispatch;
pub use refused::problem as refusal;
