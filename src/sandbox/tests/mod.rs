//! Tests of the sandbox.

mod accounts;
mod apps;
mod asking;
mod bank_money;
mod clauses;
mod consent;
mod contacts;
mod control;
mod credit_desk;
mod credits;
mod deliveries;
mod desk;
mod faults;
mod inspect;
mod journals;
mod lag;
mod lifecycle;
mod limits;
mod lists;
mod money;
mod plans;
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
