//! Reading lists: the `where` grammar, `order`, paging.

pub mod clause;
pub mod eval;
pub mod fields;
pub mod lexer;
pub mod literal;
pub mod money_fields;
pub mod money_tables;
pub mod more_fields;
pub mod narrow;
pub mod page;
pub mod tables;
pub mod value;

pub use clause::Clause;
pub use fields::{Field, Readable};
pub use page::{Page, PageRequest};
pub use tables::Table;
pub use value::Value;
