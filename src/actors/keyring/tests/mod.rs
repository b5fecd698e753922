//! The decisions as tables, the seal, and the actor with everything around it.

mod actor;
mod consent;
mod join;
mod seal;
mod state;
