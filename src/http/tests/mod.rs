//! The control endpoint over real sockets.

mod bad_input;
mod bulk;
mod callback;
mod client;
mod double;
mod feed;
mod fixture;
mod guards;
mod hooks;
mod limits;
mod listing;
mod pure;
mod repeats;
mod resources;
mod reviews;
mod words;
