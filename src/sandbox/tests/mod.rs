//! Tests of the sandbox.

mod accounts;
mod asking;
mod bank_money;
mod clauses;
mod contacts;
mod control;
mod credit_desk;
mod credits;
mod desk;
mod faults;
mod journals;
mod lag;
mod lifecycle;
mod limits;
mod lists;
mod money;
mod queries;
mod rates;
mod recorded;
mod recorded_shapes;
mod replays;
mod resources;
#[path = "../../../tests/judges/schema/mod.rs"]
mod schema;
mod shapes;
mod socket;
mod statuses;
mod tokens;
mod transport;
mod webhooks;
