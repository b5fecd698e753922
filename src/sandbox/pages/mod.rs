//! The few pages the sandbox shows to people: plain HTML, no scripts, readable without colours.

pub mod consent;
pub mod html;
pub mod inspector;
