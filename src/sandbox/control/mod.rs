//! `/_sandbox`: what tests and demos may do that no Xero offers. Every answer is JSON; lists are
//! `{"data":[…]}`; wrong input is a 400 that says what is wrong.

pub mod access;
pub mod body;
pub mod credit_scenario;
pub mod faults;
pub mod hooks;
pub mod keep;
pub mod lists;
pub mod office;
pub mod plan;
pub mod requests;
pub mod rows;
pub mod scenario;
pub mod setup;
pub mod story;
pub mod surface;
pub mod trigger;
pub mod weather;

pub(super) use surface::answer;
pub use surface::is_control;
