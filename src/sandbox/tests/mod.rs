//! Tests of the sandbox.

mod accounts;
mod asking;
mod clauses;
mod contacts;
mod control;
mod desk;
mod faults;
mod journals;
mod lag;
mod lifecycle;
mod limits;
mod lists;
mod money;
mod queries;
mod replays;
mod resources;
mod shapes;
mod socket;
mod statuses;
mod tokens;
mod transport;
mod webhooks;
