//! Typed identifiers: ours are a prefix and a ULID, Xero's are GUIDs.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use ulid::Ulid;
use uuid::Uuid;

/// A text is not an identifier of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {wanted}")]
pub struct BadId {
    /// What was given.
    pub text: String,
    /// What was wanted, in words.
    pub wanted: &'static str,
}

macro_rules! ulid_id {
    ($(#[$meta:meta])* $name:ident, $prefix:literal) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u128);

        impl $name {
            /// Made from a time in milliseconds and 80 random bits, both passed in.
            #[must_use]
            pub const fn from_parts(at_ms: u64, random: u128) -> Self {
                Self(Ulid::from_parts(at_ms, random).0)
            }

            /// The 16 bytes used in stored keys; they sort by time of making.
            #[must_use]
            pub const fn to_bytes(self) -> [u8; 16] {
                self.0.to_be_bytes()
            }

            /// The reverse of [`Self::to_bytes`].
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(u128::from_be_bytes(bytes))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}{}", $prefix, Ulid(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = BadId;

            fn from_str(text: &str) -> Result<Self, BadId> {
                text.strip_prefix($prefix)
                    .and_then(|rest| Ulid::from_string(rest).ok())
                    .map(|ulid| Self(ulid.0))
                    .ok_or_else(|| BadId {
                        text: text.to_owned(),
                        wanted: concat!("an id of the form ", $prefix, "…"),
                    })
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

macro_rules! guid_id {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl FromStr for $name {
            type Err = BadId;

            fn from_str(text: &str) -> Result<Self, BadId> {
                Uuid::parse_str(text).map(Self).map_err(|_not_a_guid| BadId {
                    text: text.to_owned(),
                    wanted: "a GUID",
                })
            }
        }
    };
}

ulid_id!(
    /// One connected Xero organisation: one actor.
    TenantId, "ten_"
);
ulid_id!(
    /// One invoice or bill of the host.
    InvoiceId, "inv_"
);
ulid_id!(
    /// One durable decision to write one document to Xero.
    IntentId, "int_"
);
ulid_id!(
    /// One request body that was, or is about to be, sent to Xero: one or more intents, frozen.
    BatchId, "bat_"
);
ulid_id!(
    /// An asynchronous act with progress and a result.
    OperationId, "op_"
);
ulid_id!(
    /// One entry of the record of changes.
    AuditId, "aud_"
);
ulid_id!(
    /// One entry of the event feed.
    EventId, "evt_"
);
ulid_id!(
    /// One Xero consent: a rotating token chain that may cover several tenants.
    GrantId, "grn_"
);
ulid_id!(
    /// One attempt of a person to connect organisations.
    ConnectId, "con_"
);
ulid_id!(
    /// One request to our own control endpoint.
    RequestId, "req_"
);
ulid_id!(
    /// A payment that came from Xero.
    PaymentId, "pay_"
);
guid_id!(
    /// Xero's id of an organisation, sent as `xero-tenant-id`.
    XeroTenantId
);
guid_id!(
    /// Xero's `InvoiceID`.
    XeroInvoiceId
);
guid_id!(
    /// Xero's `ContactID`.
    XeroContactId
);
guid_id!(
    /// Xero's `LineItemID`.
    LineItemId
);
guid_id!(
    /// Xero's `PaymentID`.
    XeroPaymentId
);
guid_id!(
    /// Xero's id of a credit note, overpayment or prepayment.
    XeroCreditId
);
guid_id!(
    /// Xero's `ManualJournalID`.
    XeroJournalId
);

/// What we write into a document's `Url` (`cf=<marker>`) to recognise it again: derived from the
/// organisation, the host's reference and the issue number, so that even a lost store finds it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Marker(u128);

impl Marker {
    /// The query parameter that carries a marker.
    pub const PARAMETER: &'static str = "cf";

    /// The marker of the `issue`th document made for one host reference in one organisation.
    #[must_use]
    pub fn derive(organisation: XeroTenantId, host_ref: &str, issue: u32) -> Self {
        use sha2::{Digest, Sha256};
        let mut hash = Sha256::new();
        hash.update(b"counterfoil marker 1\0");
        hash.update(organisation.0.as_bytes());
        hash.update(issue.to_be_bytes());
        hash.update(host_ref.as_bytes());
        let bytes = hash.finalize();
        let mut value = 0_u128;
        for byte in bytes.iter().take(16) {
            value = (value << 8) | u128::from(*byte);
        }
        Self(value)
    }

    /// The marker in a document's `Url`, if there is one.
    #[must_use]
    pub fn find(url: &str) -> Option<Self> {
        let (_, query) = url.split_once('?')?;
        let query = query.split('#').next().unwrap_or(query);
        query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .filter(|(name, _)| *name == Self::PARAMETER)
            .find_map(|(_, value)| value.parse().ok())
    }
}

impl fmt::Display for Marker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Ulid(self.0))
    }
}

impl fmt::Debug for Marker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Marker {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        Ulid::from_string(text)
            .map(|ulid| Self(ulid.0))
            .map_err(|_not_a_ulid| BadId {
                text: text.to_owned(),
                wanted: "a marker of 26 characters",
            })
    }
}

impl Serialize for Marker {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Marker {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Makes ids and jitter from a seed that was passed in (splitmix64). Not fit for secrets.
#[derive(Debug, Clone)]
pub struct IdSource(u64);

impl IdSource {
    /// A source with this seed; the shell takes it from its entropy.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub const fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Time and random bits for an id's `from_parts`.
    pub fn parts(&mut self, at: super::time::Timestamp) -> (u64, u128) {
        let high = u128::from(self.next_u64());
        let low = u128::from(self.next_u64());
        (u64::try_from(at.0).unwrap_or(0), (high << 64) | low)
    }

    /// A number below `bound` (0 when `bound` is 0).
    pub const fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 { 0 } else { self.next_u64() % bound }
    }
}
