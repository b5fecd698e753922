//! Tests of the sandbox.

mod desk;
mod lifecycle;
mod socket;
