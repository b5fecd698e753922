//! Formats on disk are pinned, old rows stay readable, and index rows follow from rows alone.

mod damage;
mod formats;
mod index;
mod old;
pub mod samples;
