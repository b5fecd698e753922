//! The nth effect fails: every effect point of the canonical scenarios fails in every way, one by
//! one, and each run must end as the one in which nothing fails.
//!
//! A plain run plays a sample. `NTH=all` plays all single faults, and all second faults after each
//! crash of one create; `NTH=deep:n` every nth pair of any two faults; `NTH_CASE=…` the run of that
//! name, as a failed one is told, and tells what happens in it.

pub mod call_fault;
pub mod course;
mod exhaustive;
pub mod mode;
mod outcome;
pub mod point;
mod run;
mod scenario;
mod stage;
mod wrong;
