//! Webhooks in the simulation: the sandbox raises an event for every change, each delivery takes the
//! fate its story has for it, and what arrives goes the daemon's own way: its signature is verified,
//! the porter reads it and rings, and the actor takes what was rung.

pub mod acts;
mod carry;
pub mod ending;
mod forge;
mod judge;
mod knobs;
mod pair;
mod post;
pub mod resync;
pub mod stories;

pub use acts::with_acts;
pub use knobs::HookKnobs;
pub use post::Post;
