//! Xero's webhooks: whether they are Xero's, and what they name.
//!
//! The signature is over the raw bytes; nothing is read before it fits. What is read is hints: of a
//! body that is rightly signed every part that can be understood counts, and the rest is counted.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{NaiveDateTime, TimeZone as _, Utc};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq as _};
use uuid::Uuid;

use super::wire::date;
use crate::model::ids::XeroTenantId;
use crate::model::mutation::{Rule, is_broken};
use crate::model::secret::{ExposeSecret, SecretString};
use crate::model::time::Timestamp;

/// The header of the signature.
pub const SIGNATURE: &str = "x-xero-signature";

/// One signing key, from the app's page in the developer portal.
#[derive(Debug, Clone)]
pub struct Key {
    /// Where it came from, such as the name of its file.
    pub source: String,
    secret: SecretString,
    id: KeyId,
}

/// Tells keys apart without saying anything about them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyId([u8; 16]);

/// All keys that are taken: while a key or an app is being replaced, both sign.
#[derive(Debug, Clone, Default)]
pub struct Keys(Vec<Key>);

/// A body that one of the keys signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Signed {
    /// Which key.
    pub key: KeyId,
    /// The signature: two bodies with the same one are the same body.
    pub mac: [u8; 32],
}

impl Key {
    /// A key as the portal shows it. It looks like base64 and is used as it stands.
    #[must_use]
    pub fn new(source: String, secret: SecretString) -> Self {
        let [id, _] = halves(mac(secret.expose_secret(), b"counterfoil key id"));
        Self {
            source,
            secret,
            id: KeyId(id),
        }
    }

    /// Its id.
    #[must_use]
    pub const fn id(&self) -> KeyId {
        self.id
    }
}

impl Keys {
    /// These keys.
    #[must_use]
    pub const fn new(keys: Vec<Key>) -> Self {
        Self(keys)
    }

    /// Every key.
    pub fn iter(&self) -> impl Iterator<Item = &Key> {
        self.0.iter()
    }

    /// Reads a signature; `None` when it cannot be one, whatever the body is.
    #[must_use]
    pub fn signature(text: &[u8]) -> Option<[u8; 32]> {
        STANDARD.decode(text).ok()?.try_into().ok()
    }

    /// Whether a key signed these very bytes. Every key is tried, and the time it takes says nothing
    /// about which one fits or how nearly.
    #[must_use]
    pub fn verify(&self, body: &[u8], signature: [u8; 32]) -> Option<Signed> {
        let mut found = None;
        for key in &self.0 {
            let fits: Choice = mac(key.secret.expose_secret(), body).ct_eq(&signature);
            if bool::from(fits) || is_broken(Rule::SignedOnly) {
                found.get_or_insert(key.id);
            }
        }
        found.map(|key| Signed { key, mac: signature })
    }
}

/// HMAC-SHA256.
fn mac(key: &str, bytes: &[u8]) -> [u8; 32] {
    match Hmac::<Sha256>::new_from_slice(key.as_bytes()) {
        Ok(mut mac) => {
            mac.update(bytes);
            mac.finalize().into_bytes().into()
        }
        // HMAC takes keys of any length.
        Err(_never) => [0; 32],
    }
}

fn halves(bytes: [u8; 32]) -> [[u8; 16]; 2] {
    let mut halves = [[0; 16]; 2];
    for (half, chunk) in halves.iter_mut().zip(bytes.chunks_exact(16)) {
        half.copy_from_slice(chunk);
    }
    halves
}

/// What a rightly signed body says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Delivery {
    /// Its events, as far as they can be read.
    pub events: Vec<Told>,
    /// How many others there are.
    pub unreadable_count: usize,
    /// Number of the first event; 0 = none was given.
    pub first: i64,
    /// Number of the last event; 0 = none was given.
    pub last: i64,
}

/// One event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    /// The organisation; of `Subscription` it is the app.
    pub tenant: XeroTenantId,
    /// What it is about.
    pub category: Category,
    /// Whether something was created or updated, the only types there are so far.
    pub is_known_type: bool,
    /// The document.
    pub resource: Option<Uuid>,
    /// When it happened.
    pub changed_at: Option<Timestamp>,
}

/// What an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Category {
    /// An invoice or a bill.
    Invoice,
    /// A contact.
    Contact,
    /// A credit note.
    CreditNote,
    /// A prepayment.
    Prepayment,
    /// An overpayment.
    Overpayment,
    /// A payment.
    Payment,
    /// The app's own subscription.
    Subscription,
    /// Anything else: Xero adds categories every few months.
    Other,
}

impl Category {
    fn read(word: &str) -> Self {
        match word.to_ascii_uppercase().as_str() {
            "INVOICE" => Self::Invoice,
            "CONTACT" => Self::Contact,
            "CREDITNOTE" => Self::CreditNote,
            "PREPAYMENT" => Self::Prepayment,
            "OVERPAYMENT" => Self::Overpayment,
            // The name was announced, the spelling was not.
            "PAYMENT" | "PAYMENTS" => Self::Payment,
            "SUBSCRIPTION" => Self::Subscription,
            _ => Self::Other,
        }
    }
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    events: Vec<&'a RawValue>,
    #[serde(rename = "firstEventSequence", default)]
    first: i64,
    #[serde(rename = "lastEventSequence", default)]
    last: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    tenant_id: XeroTenantId,
    event_category: String,
    #[serde(default)]
    event_type: String,
    #[serde(default)]
    resource_id: Option<String>,
    #[serde(default)]
    event_date_utc: Option<String>,
}

/// Reads a body that is rightly signed; `None` when it is no webhook at all.
#[must_use]
pub fn read(body: &[u8]) -> Option<Delivery> {
    let envelope: Envelope<'_> = serde_json::from_slice(body).ok()?;
    let mut delivery = Delivery {
        first: envelope.first,
        last: envelope.last,
        ..Delivery::default()
    };
    for event in envelope.events {
        match serde_json::from_str::<Event>(event.get()) {
            Ok(event) => delivery.events.push(told(&event)),
            Err(_unreadable) => delivery.unreadable_count = delivery.unreadable_count.saturating_add(1),
        }
    }
    Some(delivery)
}

fn told(event: &Event) -> Told {
    let is = |word: &str| event.event_type.eq_ignore_ascii_case(word);
    Told {
        tenant: event.tenant_id,
        category: Category::read(&event.event_category),
        is_known_type: is("CREATE") || is("UPDATE"),
        resource: event.resource_id.as_deref().and_then(|id| Uuid::parse_str(id).ok()),
        changed_at: event.event_date_utc.as_deref().and_then(moment),
    }
}

/// Sometimes with a zone, mostly without one: then it is UTC, as the name of the field says.
fn moment(text: &str) -> Option<Timestamp> {
    date::moment(text).or_else(|| {
        let naive: NaiveDateTime = text.parse().ok()?;
        Some(Timestamp(Utc.from_utc_datetime(&naive).timestamp_millis()))
    })
}
