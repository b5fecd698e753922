//! Tests of the sandbox.

mod apps;
mod clauses;
mod consent;
mod contacts;
mod control;
mod deliveries;
mod desk;
mod faults;
mod inspect;
mod lifecycle;
mod limits;
mod lists;
mod money;
mod replays;
mod shapes;
mod socket;
mod statuses;
mod tokens;
mod webhooks;
