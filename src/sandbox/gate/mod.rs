//! What stands before the books: tokens, limits, idempotency, faults, and the sandbox's own eye
//! on how its clients behave.

pub mod app;
pub mod consent;
pub mod fault;
pub mod grant;
pub mod grants;
pub mod idempotency;
pub mod journal;
pub mod jwt;
pub mod limit;
pub mod scope;
pub mod token;
pub mod watch;

pub use fault::{Fault, Faults, Rule};
pub use grant::{Connection, Grant};
pub use grants::Grants;
pub use idempotency::Replays;
pub use journal::{Bodies, Journal, Row};
pub use limit::{Limits, Meter, Refusal};
pub use watch::{Violation, Watch};
