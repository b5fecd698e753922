//! Requests that nobody would send: each must get an answer of Xero's kind, and none may take the
//! sandbox down.

mod body;
mod control;
mod draw;
mod gust;
mod held;
mod identity;
mod operations;
mod query;
mod request;
mod verdict;

mod run;
mod tally;
