//! The decisions as tables, the seal, and the actor with everything around it.

mod actor;
mod consent;
mod seal;
mod state;
