//! Requests that nobody would send: each must get an answer of Xero's kind, and none may take the
//! sandbox down.

mod body;
mod draw;
mod gust;
mod request;
mod verdict;

mod run;
