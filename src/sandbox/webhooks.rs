//! Webhooks as Xero sends them: signed over the raw bytes, and on request lost, doubled, late or
//! out of order.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use rand::RngExt as _;
use rand::rngs::StdRng;
use sha2::Sha256;
use uuid::Uuid;

use super::books::{Change, Family, Subject};
use super::wire::{Writer, date};

/// With `reorder`, deliveries are spread over this much time.
const SHUFFLE_MS: i64 = 500;

/// Where events go and what goes wrong on the way.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Subscription {
    /// `None` sends nothing.
    pub url: Option<String>,
    /// Chance that a delivery is never made, 0 to 1.
    pub lose: f64,
    /// Chance that a delivery is made twice, 0 to 1.
    pub duplicate: f64,
    /// How long every delivery waits, in milliseconds.
    pub delay_ms: i64,
    /// Deliveries overtake each other.
    pub reorder: bool,
}

/// One POST to the subscriber.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Where to.
    pub url: String,
    /// The exact bytes that were signed.
    pub body: Vec<u8>,
    /// `x-xero-signature`
    pub signature: String,
    /// Not before this, in milliseconds of real time.
    pub due_ms: i64,
}

/// The sender.
#[derive(Debug, Clone)]
pub struct Webhooks {
    /// Where to, and how badly.
    pub subscription: Subscription,
    key: String,
    sequence: i64,
    queue: Vec<Delivery>,
}

impl Webhooks {
    /// A sender that signs with this key, taken as plain text.
    pub fn new(key: String) -> Self {
        Self {
            subscription: Subscription::default(),
            key,
            sequence: 0,
            queue: Vec::new(),
        }
    }

    /// The signing key.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Queues one delivery with these events.
    pub fn announce(&mut self, tenant: Uuid, changes: &[Change], rng: &mut StdRng, now_ms: i64) {
        let Some(url) = self.subscription.url.clone().filter(|_| !changes.is_empty()) else {
            return;
        };
        let body = self.body(tenant, changes, rng);
        let signature = sign(&self.key, &body);
        let Subscription {
            lose,
            duplicate,
            delay_ms,
            reorder,
            ..
        } = self.subscription;
        if rng.random_bool(lose.clamp(0.0, 1.0)) {
            return;
        }
        let copies = if rng.random_bool(duplicate.clamp(0.0, 1.0)) {
            2
        } else {
            1
        };
        for _ in 0..copies {
            let shuffle_ms = if reorder { rng.random_range(0..=SHUFFLE_MS) } else { 0 };
            let due_ms = now_ms.saturating_add(delay_ms).saturating_add(shuffle_ms);
            let (url, body, signature) = (url.clone(), body.clone(), signature.clone());
            self.queue.push(Delivery {
                url,
                body,
                signature,
                due_ms,
            });
        }
    }

    /// Deliveries that are due, in the order they are due.
    pub fn take_due(&mut self, now_ms: i64) -> Vec<Delivery> {
        self.queue.sort_by_key(|delivery| delivery.due_ms);
        let due = self.queue.partition_point(|delivery| delivery.due_ms <= now_ms);
        self.queue.drain(..due).collect()
    }

    /// When the next delivery is due, in milliseconds of real time.
    pub fn next_due_ms(&self) -> Option<i64> {
        self.queue.iter().map(|delivery| delivery.due_ms).min()
    }

    fn body(&mut self, tenant: Uuid, changes: &[Change], rng: &mut StdRng) -> Vec<u8> {
        let first = self.sequence.saturating_add(1);
        self.sequence = self.sequence.saturating_add(i64::try_from(changes.len()).unwrap_or(0));
        let entropy: String = (0..20).map(|_| char::from(rng.random_range(b'A'..=b'Z'))).collect();
        let mut writer = Writer::compact();
        writer.object(|body| {
            body.list("events", |events| {
                for change in changes {
                    events.object(|event| write_event(event, tenant, change));
                }
            });
            body.integer("firstEventSequence", first);
            body.integer("lastEventSequence", self.sequence);
            body.text("entropy", &entropy);
        });
        writer.into_bytes()
    }
}

/// base64(HMAC-SHA256(key as plain text, raw body)).
pub fn sign(key: &str, body: &[u8]) -> String {
    match Hmac::<Sha256>::new_from_slice(key.as_bytes()) {
        Ok(mut mac) => {
            mac.update(body);
            STANDARD.encode(mac.finalize().into_bytes())
        }
        // HMAC takes keys of any length.
        Err(_) => String::new(),
    }
}

fn write_event(event: &mut Writer, tenant: Uuid, change: &Change) {
    let (category, folder, kind) = match change.subject {
        Subject::InvoiceCreated => ("INVOICE", "Invoices", "CREATE"),
        Subject::InvoiceUpdated => ("INVOICE", "Invoices", "UPDATE"),
        Subject::ContactCreated => ("CONTACT", "Contacts", "CREATE"),
        Subject::ContactUpdated => ("CONTACT", "Contacts", "UPDATE"),
        Subject::Credit { family, is_new, .. } => {
            let kind = if is_new { "CREATE" } else { "UPDATE" };
            (credit_category(family), family.collection(), kind)
        }
    };
    event.text(
        "resourceUrl",
        &format!("https://api.xero.com/api.xro/2.0/{folder}/{}", change.id),
    );
    event.id("resourceId", change.id);
    event.text("eventDateUtc", &date::event_text(change.at_ms));
    event.text("eventType", kind);
    event.text("eventCategory", category);
    event.id("tenantId", tenant);
    event.text("tenantType", "ORGANISATION");
    if let Subject::Credit {
        family,
        type_text,
        status,
        ..
    } = change.subject
    {
        event.nested("data", |data| {
            data.text("Type", type_text);
            data.text("Status", status.text());
            if family == Family::Prepayment {
                data.text("UpdatedDateUTCString", &date::seconds_text(change.at_ms));
            }
        });
    }
}

/// Credit notes since March 2026, the other two since the late summer; the data of overpayments
/// is assumed to be that of credit notes.
fn credit_category(family: Family) -> &'static str {
    match family {
        Family::CreditNote => "CREDITNOTE",
        Family::Overpayment => "OVERPAYMENT",
        Family::Prepayment => "PREPAYMENT",
    }
}
