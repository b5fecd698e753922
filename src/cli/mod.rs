//! What a person types, and how it ends.

pub mod exit;
pub mod explain;

#[cfg(test)]
mod tests;
