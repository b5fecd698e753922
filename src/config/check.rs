//! Rules between keys.

use super::reader::Reader;
use super::sections::{Control, Store, Sync, Xero};

/// Exactly one source of the client secret.
pub(super) fn xero(xero: &Xero, reader: &mut Reader<'_>) {
    if xero.client_secret_file.is_none() && xero.credential.is_none() {
        reader.note_value(
            "xero.client_secret_file",
            "is not set, nor is xero.credential",
            "Set one of the two: a file that only its owner may read, or a systemd credential.",
        );
    }
}

/// Somewhere to listen, and only where nobody else can listen in.
pub(super) fn control(control: &Control, reader: &mut Reader<'_>) {
    let Some(address) = control.listen.0 else {
        if control.socket.is_none() {
            reader.note_value(
                "control.listen",
                "is off, and control.socket is not set",
                "Set one of the two, or nobody can reach the daemon.",
            );
        }
        return;
    };
    if address.ip().is_loopback() {
        return;
    }
    let fix = "Listen on 127.0.0.1 and let a TLS proxy on this machine forward to it.";
    if control.allow_remote {
        reader.note_value(
            "control.listen",
            format!("is {address}, which other machines reach, and that needs TLS, which this version does not have"),
            fix,
        );
    } else {
        reader.note_value(
            "control.listen",
            format!("is {address}, which other machines reach, and control.allow_remote is false"),
            fix,
        );
    }
}

/// A place, and a ballast that is smaller than the reserve it is part of.
pub(super) fn store(store: &Store, reader: &mut Reader<'_>) {
    if store.path.is_relative() {
        reader.note_value(
            "store.path",
            format!(
                "is {}, which depends on where the daemon is started",
                store.path.display()
            ),
            "Write the whole path, beginning with /.",
        );
    }
    if store.ballast_bytes > store.reserve_bytes {
        reader.note_value(
            "store.ballast_bytes",
            "is more than store.reserve_bytes",
            "Make it smaller: it is freed when even the reserve is used up.",
        );
    }
}

/// Delays that grow.
pub(super) fn sync(sync: &Sync, reader: &mut Reader<'_>) {
    if !sync.retry_delays.is_sorted() {
        reader.note_value(
            "sync.retry_delays",
            "gets shorter",
            "Each delay must be at least as long as the one before it.",
        );
    }
}
