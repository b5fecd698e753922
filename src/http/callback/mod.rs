//! The page people come back to from Xero's consent page, and on which they choose organisations.
//! Plain pages without any script; whoever has the ticket in their address may choose, nobody else.

mod form;
mod mount;
mod page;

pub use mount::{CALLBACK_PATH, Callback};
