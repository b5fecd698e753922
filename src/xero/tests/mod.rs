//! Tables over every mapping of this folder.

mod address;
mod changes;
mod decode;
mod encode;
mod outcome;
mod recordings;
mod webhook;
