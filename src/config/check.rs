//! Rules between keys. Each looks at the keys it needs by itself, so that it speaks up also where
//! another key of the section is bad.

use std::path::PathBuf;
use std::time::Duration;

use super::reader::Reader;
use super::values::{AppType, ByteSize, CredentialName, Listen};

/// Exactly one source of the client secret, where the app has one.
pub(super) fn xero(reader: &mut Reader<'_>) {
    let file = reader.peek::<Option<PathBuf>>("xero", "client_secret_file");
    let credential = reader.peek::<Option<CredentialName>>("xero", "credential");
    let app = reader.peek::<AppType>("xero", "app_type");
    if app == Some(AppType::Pkce) {
        if matches!(file, Some(Some(_))) || matches!(credential, Some(Some(_))) {
            reader.note_value(
                "xero.app_type",
                "is \"pkce\", and such an app has no client secret",
                "Take client_secret_file and credential out, or write \"web\".",
            );
        }
    } else if let (Some(None), Some(None)) = (file, credential) {
        reader.note_value(
            "xero.client_secret_file",
            "is not set, nor is xero.credential",
            "Set one of the two: a file that only its owner may read, or a systemd credential.",
        );
    }
}

/// Somewhere to listen, and only where nobody else can listen in.
pub(super) fn control(reader: &mut Reader<'_>) {
    let Some(listen) = reader.peek::<Listen>("control", "listen") else {
        return;
    };
    let Some(address) = listen.0 else {
        if reader.peek::<Option<PathBuf>>("control", "socket") == Some(None) {
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
    let why = if reader.peek::<bool>("control", "allow_remote") == Some(true) {
        "that needs TLS, which this version does not have"
    } else {
        "control.allow_remote is false"
    };
    reader.note_value(
        "control.listen",
        format!("is {address}, which other machines reach, and {why}"),
        "Listen on 127.0.0.1 and let a TLS proxy on this machine forward to it.",
    );
}

/// Most signing keys: one more than a change of key and of app at once takes. Each costs a
/// computation for every request of a stranger.
const WEBHOOK_KEYS_MAX: usize = 4;
/// Below it a quiet hour would count as silence.
const SILENT_AFTER_MIN: Duration = Duration::from_secs(1);

/// Nobody listens without a key.
pub(super) fn public(reader: &mut Reader<'_>) {
    let files = reader.peek::<Vec<PathBuf>>("public", "webhook_key_files");
    let credentials = reader.peek::<Vec<CredentialName>>("public", "webhook_credentials");
    if let (Some(files), Some(credentials)) = (files, credentials) {
        let keys_count = files.len().saturating_add(credentials.len());
        let listens = reader
            .peek::<Listen>("public", "listen")
            .is_some_and(|listen| listen.0.is_some());
        if listens && keys_count == 0 {
            reader.note_value(
                "public.webhook_key_files",
                "is empty, and so is public.webhook_credentials",
                "Put the webhooks key of Xero's developer portal into a file that only its owner may read, and name it; or set public.listen to \"off\".",
            );
        }
        if keys_count > WEBHOOK_KEYS_MAX {
            reader.note_value(
                "public.webhook_key_files",
                format!("and public.webhook_credentials name {keys_count} keys"),
                format!("Name at most {WEBHOOK_KEYS_MAX}: the key in use, and the one that takes its place."),
            );
        }
    }
    let silent_after = reader.peek::<Duration>("public", "silent_after");
    if silent_after.is_some_and(|after| after < SILENT_AFTER_MIN) {
        reader.note_value(
            "public.silent_after",
            "is shorter than a second",
            "Write a time in which a webhook comes at the latest, such as \"30m\".",
        );
    }
}

/// A place, and a ballast that is smaller than the reserve it is part of.
pub(super) fn store(reader: &mut Reader<'_>) {
    if let Some(path) = reader
        .peek::<PathBuf>("store", "path")
        .filter(|path| path.is_relative())
    {
        reader.note_value(
            "store.path",
            format!("is {}, which depends on where the daemon is started", path.display()),
            "Write the whole path, beginning with /.",
        );
    }
    let ballast = reader.peek::<ByteSize>("store", "ballast_bytes");
    let reserve = reader.peek::<ByteSize>("store", "reserve_bytes");
    if let (Some(ballast), Some(reserve)) = (ballast, reserve)
        && ballast > reserve
    {
        reader.note_value(
            "store.ballast_bytes",
            "is more than store.reserve_bytes",
            "Make it smaller: it is freed when even the reserve is used up.",
        );
    }
}

/// Shortest time between two readings.
const PULL_EVERY_MIN: Duration = Duration::from_secs(1);

/// Delays that grow.
pub(super) fn sync(reader: &mut Reader<'_>) {
    let delays = reader.peek::<[Duration; 3]>("sync", "retry_delays");
    if delays.is_some_and(|delays| !delays.is_sorted()) {
        reader.note_value(
            "sync.retry_delays",
            "gets shorter",
            "Each delay must be at least as long as the one before it.",
        );
    }
}

/// Each reading costs a call.
pub(super) fn pull(reader: &mut Reader<'_>) {
    for key in ["invoices_every", "others_every"] {
        let every = reader.peek::<Duration>("pull", key);
        if every.is_some_and(|every| every < PULL_EVERY_MIN) {
            reader.note_value(
                &format!("pull.{key}"),
                "is shorter than a second",
                "Write at least 1s: each reading costs one of the 5,000 calls of a day.",
            );
        }
    }
}
