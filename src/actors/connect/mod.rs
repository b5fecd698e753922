//! Connecting by consent: an attempt is begun, a person goes to Xero and comes back, and chooses
//! which organisations are to be served.
//!
//! ```text
//! waiting ──state comes back with a code──▶ redeeming ──▶ choosing ──▶ connected
//!    │ └── with an error ──▶ refused             └──────▶ refused
//!    └── ten minutes ──▶ expired                         choosing ── ten minutes ──▶ expired
//! ```
//!
//! Attempts are kept in memory only: a daemon that starts again knows none of them, and what a code
//! was redeemed for is in the keyring.

mod address;
mod adopt;
mod attempts;
mod disconnect;
mod flow;
mod terms;

pub use attempts::{Attempts, OPEN_MS};
pub use flow::Desk;
pub use terms::{
    AppKind, By, ConnectFault, ConnectOrder, ConnectSettings, ConnectStage, ConnectView, Connected, Ended, Offered,
    Returned, Severed, Standing,
};
