//! What we ask of Xero and what it answers, in our own words. The spelling on the wire is known
//! to the crate's `xero` folder alone.

mod call;
mod change;
mod scope;
mod seen;

pub use call::*;
pub use change::*;
pub use scope::{BadScopes, ScopeSet};
pub use seen::*;
