//! `/_sandbox`: what tests and demos may do that no Xero offers. Every answer is JSON; lists are
//! `{"data":[…]}`; wrong input is a 400 that says what is wrong.

pub mod access;
pub mod body;
pub mod faults;
pub mod rows;
pub mod scenario;
pub mod setup;
pub mod surface;
pub mod trigger;

pub(super) use surface::answer;
pub use surface::is_control;
