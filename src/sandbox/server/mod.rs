//! The sandbox behind a socket: HTTP/1.1 on 127.0.0.1, with connections that really break.

mod body;
mod courier;
mod history;
mod listen;

pub use listen::{Handle, Options, start};
