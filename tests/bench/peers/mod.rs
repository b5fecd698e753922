//! Other programs that read Xero, beside ours: `tests/bench/peers/run`. They are installed by name,
//! nothing of them lies here, and no test runs them.

mod access;
mod drift;
mod ours;
mod outcome;
mod programs;
mod reading;
mod reply;
mod section;

pub use section::run;
