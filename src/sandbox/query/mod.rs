//! Reading lists: the `where` grammar, `order`, paging.

pub mod clause;
pub mod eval;
pub mod fields;
pub mod lexer;
pub mod page;

pub use clause::Clause;
pub use fields::{Field, Readable, Value};
pub use page::{Page, PageRequest};
