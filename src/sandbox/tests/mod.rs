//! Tests of the sandbox.

mod clauses;
mod contacts;
mod control;
mod desk;
mod faults;
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
