//! Whole-daemon tests.

#[cfg(test)]
mod xero_client;
