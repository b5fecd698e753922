//! The control endpoint over real sockets.
