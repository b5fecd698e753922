//! Vocabulary; knows nothing else in the crate.
