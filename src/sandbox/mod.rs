//! An independent Xero.
