//! The machine under a bench that plays the shell, and against a tiny Xero.

mod absent;
mod bench;
mod crash;
mod jobs;
mod leave;
mod link;
mod pull;
mod push;
mod random;
mod red;
mod unknown;
mod xero;
