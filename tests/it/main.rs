//! Whole-daemon tests.

mod xero_client;
