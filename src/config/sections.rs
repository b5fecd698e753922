//! The sections of the file and their keys: name, type, meaning, and what a change takes.

use std::path::PathBuf;
use std::time::Duration;

use super::reader::Reader;
use super::setting::Setting;
use super::values::{
    AppType, ByteSize, Count, CredentialName, HttpUrl, Listen, LogFormat, LogLevel, RedirectUri, TimeOfDay,
};
use crate::model::xero::ScopeSet;

/// What a changed value takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnChange {
    /// A reload applies it.
    Reload,
    /// Only a restart applies it; a reload is refused.
    Restart,
}

/// One key of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// The section, such as `xero.limits`.
    pub section: &'static str,
    /// The key in it.
    pub name: &'static str,
    /// What a changed value takes.
    pub on_change: OnChange,
}

impl Key {
    /// The key with its section, such as `xero.limits.minute`.
    #[must_use]
    pub fn path(&self) -> String {
        format!("{}.{}", self.section, self.name)
    }

    /// The environment variable that sets it.
    #[must_use]
    pub fn variable(&self) -> String {
        variable(&self.path())
    }
}

/// The environment variable that sets the key at `path`.
pub(super) fn variable(path: &str) -> String {
    format!("COUNTERFOIL__{}", path.replace('.', "__").to_uppercase())
}

/// A value as it may be shown: key and text.
pub(super) type Shown = (Key, String);

macro_rules! sections {
    ($($(#[$meta:meta])* $name:ident = $section:literal {
        $($(#[$doc:meta])* $field:ident: $type:ty, $on_change:ident;)*
    })*) => {
        $(
            $(#[$meta])*
            #[derive(Debug, Clone, PartialEq, Eq)]
            pub struct $name {
                $($(#[$doc])* pub $field: $type,)*
            }

            impl $name {
                /// The keys, in order.
                pub const KEYS: &'static [Key] = &[$(Key {
                    section: $section,
                    name: stringify!($field),
                    on_change: OnChange::$on_change,
                }),*];

                /// Reads every key, noting each problem; `None` when there was one.
                pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
                    $(let $field = reader.take::<$type>($section, stringify!($field));)*
                    Some(Self { $($field: $field?,)* })
                }

                /// Every value as text.
                pub(super) fn shown(&self) -> Vec<Shown> {
                    let texts = [$(Setting::show(&self.$field)),*];
                    Self::KEYS.iter().copied().zip(texts).collect()
                }
            }
        )*

        /// Every section, in the order of the shipped file.
        pub const SECTIONS: &[&str] = &[$($section),*];
        /// Every key, by section.
        pub const KEYS: &[&[Key]] = &[$($name::KEYS),*];
    };
}

sections! {
    /// Who we are to Xero, and where Xero is.
    Xero = "xero" {
        /// The app's client id, from Xero's developer portal.
        client_id: String, Restart;
        /// What kind of app it is there: `web`, `pkce` or `custom`.
        app_type: AppType, Restart;
        /// A file that holds the client secret; only its owner may read it.
        client_secret_file: Option<PathBuf>, Restart;
        /// Instead of the file: name of a systemd credential that holds the client secret.
        credential: Option<CredentialName>, Restart;
        /// The accounting API.
        api_url: HttpUrl, Restart;
        /// The token endpoint.
        identity_url: HttpUrl, Restart;
        /// Where people give their consent.
        login_url: HttpUrl, Restart;
        /// What a consent is asked for: `granular`, `legacy` or a list.
        scopes: ScopeSet, Restart;
        /// Where people come back to after their consent; not set = the control endpoint's own
        /// address on this machine.
        redirect_uri: Option<RedirectUri>, Restart;
    }

    /// What Xero allows. Lower it to leave calls to other integrations of the same organisation.
    Limits = "xero.limits" {
        /// Calls in any rolling minute per organisation (Xero: 60).
        minute: Count<1, 60>, Reload;
        /// Calls in any rolling day per organisation (Xero: 5,000; 1,000 on its Starter tier).
        day: Count<1, 5_000>, Reload;
        /// Calls at once per organisation (Xero: 5).
        concurrent: Count<1, 5>, Reload;
        /// Calls in a minute over all organisations (Xero: 10,000).
        app_minute: Count<60, 10_000>, Restart;
    }

    /// The control endpoint.
    Control = "control" {
        /// Loopback address and port; `off` = no TCP.
        listen: Listen, Restart;
        /// A Unix socket to listen on too.
        socket: Option<PathBuf>, Restart;
        /// Further values of `Host` that are answered, with the port a client puts there; localhost,
        /// 127.0.0.1 and [::1] with the port of `listen` always are.
        hosts: Vec<String>, Restart;
        /// Lets `listen` be another address than loopback, which needs TLS; this version has
        /// none and refuses it.
        allow_remote: bool, Restart;
        /// A request's head must be complete after this time.
        header_timeout: Duration, Restart;
        /// A request must be answered after this time, waiting requests apart.
        request_timeout: Duration, Restart;
        /// Most connections at once.
        connections_max: Count<1, 65_536>, Restart;
    }

    /// The listener that strangers reach, through a TLS proxy: Xero's webhooks, and people who come
    /// back from its consent page.
    Public = "public" {
        /// Address and port; `off` = none, and changes are found by reading at intervals alone.
        listen: Listen, Restart;
        /// Files that hold a signing key each; only their owner may read them.
        webhook_key_files: Vec<PathBuf>, Reload;
        /// Names of systemd credentials that hold a signing key each, beside the files.
        webhook_credentials: Vec<CredentialName>, Reload;
        /// Webhooks are called silent when readings found changes for so long and none came.
        silent_after: Duration, Reload;
        /// Most connections at once.
        connections_max: Count<1, 65_536>, Restart;
    }

    /// The data folder.
    Store = "store" {
        /// Journal, index, snapshots and the admin token lie here.
        path: PathBuf, Restart;
        /// New work is refused when less than this is free on the disk.
        reserve_bytes: ByteSize, Restart;
        /// A file of this size is given up when the disk is full, to end work in good order.
        ballast_bytes: ByteSize, Restart;
        /// A snapshot is taken after this much journal.
        snapshot_after_bytes: ByteSize, Restart;
        /// Memory for the index.
        cache_bytes: ByteSize, Restart;
        /// A file that holds the key tokens are encrypted with; only its owner may read it.
        key_file: Option<PathBuf>, Restart;
        /// Instead of the file: name of a systemd credential that holds the key. With neither, a
        /// key is made on the first start and kept in the data folder.
        key_credential: Option<CredentialName>, Restart;
    }

    /// How documents are sent.
    Sync = "sync" {
        /// Most sales invoices in one call (Xero advises about 50).
        batch_max: Count<1, 50>, Reload;
        /// How long an automatic push waits for company; a person's click never waits.
        batch_wait: Duration, Reload;
        /// Automatic retries of a failure that is known to have had no effect.
        max_retries: Count<0, 10>, Reload;
        /// Delay before each retry; the last one is used for all further ones.
        retry_delays: [Duration; 3], Reload;
        /// How long a connection that Xero no longer lists is kept.
        grace_period: Duration, Reload;
        /// How long a payment holds back the comparison of its invoice with Xero's version.
        payment_suppression: Duration, Reload;
        /// Address put into documents that have none of their own in the application; our marker
        /// is added to it.
        link_base: HttpUrl, Restart;
    }

    /// How what changes in Xero is read.
    Pull = "pull" {
        /// Longest time between two readings of changed invoices: without any webhook a payment is
        /// here after it.
        invoices_every: Duration, Reload;
        /// The same for payments, credit notes, contacts and manual journals.
        others_every: Duration, Reload;
    }

    /// The nightly check of what may have been missed.
    Reconcile = "reconcile" {
        /// When, by the clock of each organisation.
        at: TimeOfDay, Reload;
        /// Over how long many organisations are spread.
        spread: Duration, Reload;
        /// How many days it looks back.
        days: Count<1, 365>, Reload;
    }

    /// The record of who changed what, and why.
    Audit = "audit" {
        /// How long it is kept.
        keep: Duration, Reload;
    }

    /// The event feed.
    Events = "events" {
        /// How long events are kept.
        keep: Duration, Reload;
    }

    /// The log.
    Log = "log" {
        /// `error`, `warn`, `info`, `debug` or `trace`. No level shows names, amounts or secrets.
        level: LogLevel, Reload;
        /// `text` or `json`.
        format: LogFormat, Restart;
    }
}
