//! How things are said on a screen of text.

pub mod badge;
pub mod field;
pub mod json;
pub mod number;
pub mod screen;
pub mod table;
pub mod time;
mod wrap;

pub use screen::{Form, Look, Screen};
pub use table::{Cell, Column, Table};
pub use wrap::wrapped;
