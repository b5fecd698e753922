//! Types of values with rules of their own.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use chrono::NaiveTime;

use super::setting::{Given, Setting};
use crate::model::xero::{BadScopes, ScopeSet};

/// A whole number with bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Count<const MIN: u32, const MAX: u32>(u32);

impl<const MIN: u32, const MAX: u32> Count<MIN, MAX> {
    /// The number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl<const MIN: u32, const MAX: u32> Setting for Count<MIN, MAX> {
    fn read(given: &Given<'_>) -> Result<Self, String> {
        given
            .whole_number()
            .and_then(|number| u32::try_from(number).ok())
            .filter(|number| (MIN..=MAX).contains(number))
            .map(Self)
            .ok_or_else(|| format!("a whole number from {MIN} to {MAX}"))
    }

    fn show(&self) -> String {
        self.0.to_string()
    }
}

/// A time of day such as `02:00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeOfDay(NaiveTime);

impl TimeOfDay {
    /// The time.
    #[must_use]
    pub const fn get(self) -> NaiveTime {
        self.0
    }
}

impl Setting for TimeOfDay {
    fn read(given: &Given<'_>) -> Result<Self, String> {
        let parsed = given.text().filter(|text| text.len() == 5);
        parsed
            .and_then(|text| NaiveTime::parse_from_str(text, "%H:%M").ok())
            .map(Self)
            .ok_or_else(|| "a time of day such as \"02:00\"".to_owned())
    }

    fn show(&self) -> String {
        self.0.format("%H:%M").to_string()
    }
}

/// A number of bytes, at least 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(u64);

impl ByteSize {
    /// The number of bytes.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

const UNITS: [(&str, u64); 4] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];

impl Setting for ByteSize {
    fn read(given: &Given<'_>) -> Result<Self, String> {
        let with_unit = || {
            let text = given.text()?;
            let (unit, factor) = UNITS.iter().find(|(unit, _)| text.ends_with(unit))?;
            let number: u64 = text.strip_suffix(unit)?.trim_end().parse().ok()?;
            number.checked_mul(*factor)
        };
        given
            .whole_number()
            .or_else(with_unit)
            .filter(|bytes| (1..=i64::MAX.unsigned_abs()).contains(bytes))
            .map(Self)
            .ok_or_else(|| "a number of bytes or a size such as \"64 MiB\"".to_owned())
    }

    fn show(&self) -> String {
        let fits = |factor: u64| self.0.is_multiple_of(factor);
        UNITS
            .iter()
            .find(|(_, factor)| fits(*factor))
            .map_or_else(String::new, |(unit, factor)| {
                format!("{} {unit}", self.0.checked_div(*factor).unwrap_or(self.0))
            })
    }
}

/// The address of a server: scheme, host and perhaps port. Plain http is taken for this machine
/// only, because tokens travel on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpUrl(String);

impl HttpUrl {
    /// Without a slash at the end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn parse(text: &str) -> Option<Self> {
        let text = text.strip_suffix('/').unwrap_or(text);
        let (scheme, authority) = text.split_once("://")?;
        let host = host_of(authority)?;
        let is_fit = match scheme {
            "https" => true,
            "http" => is_this_machine(host),
            _ => false,
        };
        is_fit.then(|| Self(text.to_owned()))
    }
}

impl fmt::Display for HttpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Setting for HttpUrl {
    fn read(given: &Given<'_>) -> Result<Self, String> {
        given.text().and_then(Self::parse).ok_or_else(|| {
            "an address such as \"https://api.xero.com\", without a path (http:// for this machine only)".to_owned()
        })
    }

    fn show(&self) -> String {
        self.0.clone()
    }
}

/// Where people come back to after their consent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedirectUri(String);

/// The end of every redirect address: what the daemon answers on.
pub const CALLBACK_PATH: &str = "/xero/callback";

impl RedirectUri {
    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn parse(text: &str) -> Option<Self> {
        let base = text.strip_suffix(CALLBACK_PATH)?;
        let (scheme, rest) = base.split_once("://")?;
        let (authority, folder) = rest.split_once('/').unwrap_or((rest, ""));
        let is_path = folder
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte));
        let host = host_of(authority)?;
        let is_fit = match scheme {
            "https" => true,
            "http" => is_this_machine(host),
            _ => false,
        };
        (is_fit && is_path).then(|| Self(text.to_owned()))
    }
}

impl Setting for RedirectUri {
    fn read(given: &Given<'_>) -> Result<Self, String> {
        given.text().and_then(Self::parse).ok_or_else(|| {
            format!(
                "an address such as \"https://sync.example.com{CALLBACK_PATH}\": https (http for this machine only), \
                 a path that ends in {CALLBACK_PATH}, nothing behind it"
            )
        })
    }

    fn show(&self) -> String {
        self.0.clone()
    }
}

impl Setting for ScopeSet {
    fn read(given: &Given<'_>) -> Result<Self, String> {
        let wanted = |why: BadScopes| format!("\"granular\", \"legacy\" or a list of scopes that is enough: {why}");
        match given.text() {
            Some(word) if !word.contains(',') => Self::preset(word).map_err(wanted),
            _ => {
                let names = Vec::<String>::read(given)?;
                Self::list(names).map_err(wanted)
            }
        }
    }

    fn show(&self) -> String {
        self.shown()
    }
}

/// The host of `host[:port]`, if that is all there is.
fn host_of(authority: &str) -> Option<&str> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(behind) => {
            let (host, port) = behind.split_once(']')?;
            host.parse::<Ipv6Addr>().ok()?;
            (host, port.strip_prefix(':'))
        }
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    let is_host = !host.is_empty()
        && host
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':'));
    let is_port = port.is_none_or(|port| port.parse::<u16>().is_ok());
    (is_host && is_port).then_some(host)
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Where to listen, if at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listen(pub Option<SocketAddr>);

impl Setting for Listen {
    fn read(given: &Given<'_>) -> Result<Self, String> {
        match given.text() {
            Some("off") => Some(Self(None)),
            Some(text) => text.parse().ok().map(|address| Self(Some(address))),
            None => None,
        }
        .ok_or_else(|| "an address with its port, such as \"127.0.0.1:7626\", or \"off\"".to_owned())
    }

    fn show(&self) -> String {
        self.0.map_or_else(|| "off".to_owned(), |address| address.to_string())
    }
}

/// The name of a systemd credential: a file in `$CREDENTIALS_DIRECTORY`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialName(String);

impl CredentialName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl CredentialName {
    fn parse(text: &str) -> Option<Self> {
        let is_name = !text.is_empty()
            && !text.starts_with('.')
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'));
        is_name.then(|| Self(text.to_owned()))
    }
}

impl Setting for Vec<CredentialName> {
    fn read(given: &Given<'_>) -> Result<Self, String> {
        given
            .members()
            .and_then(|list| list.into_iter().map(CredentialName::parse).collect())
            .ok_or_else(|| "a list of names of systemd credentials (letters, digits, _ - .)".to_owned())
    }

    fn show(&self) -> String {
        let names: Vec<&str> = self.iter().map(CredentialName::as_str).collect();
        names.join(", ")
    }
}

impl Setting for CredentialName {
    fn read(given: &Given<'_>) -> Result<Self, String> {
        given
            .text()
            .and_then(Self::parse)
            .ok_or_else(|| "the name of a systemd credential (letters, digits, _ - .)".to_owned())
    }

    fn show(&self) -> String {
        self.0.clone()
    }
}

/// Implements [`Setting`] for an enum of words.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            $($(#[$doc])* $variant,)*
        }

        impl $name {
            /// The word in the file.
            #[must_use]
            pub const fn label(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }
        }

        impl Setting for $name {
            fn read(given: &Given<'_>) -> Result<Self, String> {
                match given.text() {
                    $(Some($word) => Ok(Self::$variant),)*
                    _ => Err(format!("one of {}", [$($word),*].join(", "))),
                }
            }

            fn show(&self) -> String {
                self.label().to_owned()
            }
        }
    };
}

words!(
    /// What kind of app we are to Xero.
    AppType {
        /// Has a secret; a person consents.
        Web = "web",
        /// Has no secret and proves itself by PKCE; a person consents.
        Pkce = "pkce",
        /// A custom connection: has a secret, one organisation, and nobody consents.
        Custom = "custom",
    }
);
words!(
    /// From which level on lines are logged.
    LogLevel {
        /// A promise was broken.
        Error = "error",
        /// Somebody should look today.
        Warn = "warn",
        /// What happened to documents and connections.
        Info = "info",
        /// Each call.
        Debug = "debug",
        /// Everything.
        Trace = "trace",
    }
);
words!(
    /// How lines are logged.
    LogFormat {
        /// For people and the journal.
        Text = "text",
        /// One JSON object a line.
        Json = "json",
    }
);
