//! Panics in the log: where, never what. What a panic says may hold a customer's name or a secret.

use std::panic;

/// Sends every panic of every thread to the log.
pub(super) fn report() {
    panic::set_hook(Box::new(|info| {
        let place = info.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
        let thread = std::thread::current();
        tracing::error!(place, thread = thread.name().unwrap_or("unnamed"), "panic: a defect of this program");
    }));
}
