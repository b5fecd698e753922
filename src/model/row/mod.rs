//! What is stored, row by row. A format on disk is one of these as JSON behind a version byte;
//! a field is only ever added, with a default.

mod audit;
mod back;
mod feed;
mod invoice;
mod job;
mod reference;
mod review;
mod stream;
mod tenant;
mod work;

pub use audit::*;
pub use back::*;
pub use feed::*;
pub use invoice::*;
pub use job::*;
pub use reference::*;
pub use review::*;
pub use stream::*;
pub use tenant::*;
pub use work::*;
