//! Tables over every mapping of this folder.

mod address;
mod decode;
mod encode;
mod outcome;
mod recordings;
mod webhook;
