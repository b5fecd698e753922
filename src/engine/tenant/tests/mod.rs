//! The machine under a bench that plays the shell, and against a tiny Xero.

mod absent;
mod bench;
mod bulk;
mod cancel;
mod crash;
mod credits;
mod decided;
mod hooks;
mod jobs;
mod leave;
mod link;
mod parties;
mod payments;
mod pull;
mod push;
mod random;
mod red;
mod repair;
mod small_day;
mod streams;
mod unknown;
mod xero;
