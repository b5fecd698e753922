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
use super::outbox::{Delivery, Outbox, Purpose};
use super::wire::{Writer, date};

/// With `reorder`, deliveries are spread over this much time.
const SHUFFLE_MS: i64 = 500;
/// The posts of one intent to receive: rightly signed, or wrong in one of these ways.
const INTENT: [Option<Forgery>; 5] = [
    None,
    Some(Forgery::OneCharacter),
    Some(Forgery::OtherKey),
    None,
    Some(Forgery::OtherBody),
];

/// What is wrong with a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Forgery {
    /// Its first character.
    OneCharacter,
    /// It was made with another key.
    OtherKey,
    /// It belongs to another body.
    OtherBody,
}

/// Where events go and what goes wrong on the way.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Subscription {
    /// `None` sends nothing.
    pub url: Option<String>,
    /// Chance that a delivery is never made, 0 to 1.
    pub lose: f64,
    /// So many deliveries are never made, from now on.
    pub lose_next: u32,
    /// Chance that a delivery is made twice, 0 to 1.
    pub duplicate: f64,
    /// How long every delivery waits, in milliseconds.
    pub delay_ms: i64,
    /// Deliveries overtake each other.
    pub reorder: bool,
    /// Events of so long go into one delivery, in milliseconds; 0 is one delivery for each call.
    pub batch_ms: i64,
}

/// The sender.
#[derive(Debug, Clone)]
pub struct Webhooks {
    /// Where to, and how badly.
    pub subscription: Subscription,
    /// What waits, and how the receiver behaves.
    pub outbox: Outbox,
    key: String,
    sequence: i64,
    gathered: Vec<Event>,
    gathered_until_ms: i64,
}

/// Something to tell.
#[derive(Debug, Clone, Copy)]
enum Event {
    /// A document of an organisation changed.
    Document(Uuid, Change),
    /// The subscription of an organisation to the app changed.
    Subscription {
        app: Uuid,
        id: Uuid,
        is_new: bool,
        at_ms: i64,
    },
}

impl Webhooks {
    /// A sender that signs with this key, taken as plain text.
    pub fn new(key: String) -> Self {
        Self {
            subscription: Subscription::default(),
            outbox: Outbox::default(),
            key,
            sequence: 0,
            gathered: Vec::new(),
            gathered_until_ms: 0,
        }
    }

    /// The signing key.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The number of the newest event.
    pub fn sequence(&self) -> i64 {
        self.sequence
    }

    /// Sends to this receiver from now on; what waits for another one is forgotten.
    pub fn subscribe(&mut self, subscription: Subscription) {
        if self.subscription.url != subscription.url {
            self.outbox.clear();
            self.gathered.clear();
        }
        self.subscription = subscription;
    }

    /// Queues these events.
    pub fn announce(&mut self, tenant: Uuid, changes: &[Change], rng: &mut StdRng, now_ms: i64) {
        let events = changes.iter().map(|change| Event::Document(tenant, *change));
        self.tell(events.collect(), rng, now_ms);
    }

    /// Queues an event about a subscription to the app.
    pub fn announce_subscription(
        &mut self,
        (app, id): (Uuid, Uuid),
        is_new: bool,
        rng: &mut StdRng,
        (now_ms, at_ms): (i64, i64),
    ) {
        let event = Event::Subscription { app, id, is_new, at_ms };
        self.tell(vec![event], rng, now_ms);
    }

    /// Asks for the intent to receive: posts without events, some of them wrongly signed.
    pub fn ask_intent(&mut self, rng: &mut StdRng, now_ms: i64) {
        self.outbox.expect_intent(INTENT.len());
        for forgery in INTENT {
            let body = intent_body(rng);
            let right = sign(&self.key, &body);
            let signature = match forgery {
                None => right,
                Some(Forgery::OneCharacter) => one_off(&right),
                Some(Forgery::OtherKey) => sign(&format!("{}x", self.key), &body),
                Some(Forgery::OtherBody) => sign(&self.key, &intent_body(rng)),
            };
            let is_right = forgery.is_none();
            self.outbox.put(body, signature, Purpose::Intent { is_right }, now_ms);
        }
    }

    /// Deliveries that are due, in the order they are due.
    pub fn take_due(&mut self, rng: &mut StdRng, now_ms: i64) -> Vec<Delivery> {
        if !self.gathered.is_empty() && self.gathered_until_ms <= now_ms {
            let events = std::mem::take(&mut self.gathered);
            self.post(&events, rng, now_ms);
        }
        match &self.subscription.url {
            Some(url) => self.outbox.take_due(url, now_ms),
            None => Vec::new(),
        }
    }

    /// When the next delivery is due, in milliseconds of document time.
    pub fn next_due_ms(&self) -> Option<i64> {
        let gathered = Some(self.gathered_until_ms).filter(|_| !self.gathered.is_empty());
        gathered.into_iter().chain(self.outbox.next_due_ms()).min()
    }

    fn tell(&mut self, events: Vec<Event>, rng: &mut StdRng, now_ms: i64) {
        if self.subscription.url.is_none() || events.is_empty() {
            return;
        }
        if self.subscription.batch_ms == 0 {
            return self.post(&events, rng, now_ms);
        }
        if self.gathered.is_empty() {
            self.gathered_until_ms = now_ms.saturating_add(self.subscription.batch_ms);
        }
        self.gathered.extend(events);
    }

    fn post(&mut self, events: &[Event], rng: &mut StdRng, now_ms: i64) {
        let first = self.sequence.saturating_add(1);
        self.sequence = self.sequence.saturating_add(i64::try_from(events.len()).unwrap_or(0));
        let last = self.sequence;
        let body = events_body(events, first, last, rng);
        let signature = sign(&self.key, &body);
        let Subscription {
            lose,
            duplicate,
            delay_ms,
            reorder,
            ..
        } = self.subscription;
        let is_unlucky = rng.random_bool(lose.clamp(0.0, 1.0));
        let is_chosen = self.subscription.lose_next > 0;
        self.subscription.lose_next = self.subscription.lose_next.saturating_sub(1);
        if is_unlucky || is_chosen {
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
            let purpose = Purpose::Events { first, last };
            self.outbox.put(body.clone(), signature.clone(), purpose, due_ms);
        }
    }
}

fn events_body(events: &[Event], first: i64, last: i64, rng: &mut StdRng) -> Vec<u8> {
    let entropy = entropy(rng);
    let mut writer = Writer::compact();
    writer.object(|body| {
        body.list("events", |list| {
            for event in events {
                list.object(|row| match event {
                    Event::Document(tenant, change) => write_event(row, *tenant, change),
                    Event::Subscription { app, id, is_new, at_ms } => {
                        write_subscription(row, (*app, *id), *is_new, *at_ms);
                    }
                });
            }
        });
        body.integer("firstEventSequence", first);
        body.integer("lastEventSequence", last);
        body.text("entropy", &entropy);
    });
    writer.into_bytes()
}

/// The body of the intent to receive has its own spacing, which a receiver must not tidy up
/// before it checks the signature.
fn intent_body(rng: &mut StdRng) -> Vec<u8> {
    let entropy = entropy(rng);
    format!(r#"{{"events":[],"firstEventSequence": 0,"lastEventSequence": 0, "entropy": "{entropy}"}}"#).into_bytes()
}

fn entropy(rng: &mut StdRng) -> String {
    (0..20).map(|_| char::from(rng.random_range(b'A'..=b'Z'))).collect()
}

/// The same signature with its first character changed.
fn one_off(signature: &str) -> String {
    let first = if signature.starts_with('A') { 'B' } else { 'A' };
    std::iter::once(first).chain(signature.chars().skip(1)).collect()
}

fn write_subscription(row: &mut Writer, (app, id): (Uuid, Uuid), is_new: bool, at_ms: i64) {
    row.text(
        "resourceUrl",
        &format!("https://api.xero.com/appstore/2.0/subscriptions/{id}"),
    );
    row.id("resourceId", id);
    row.text("eventDateUtc", &date::event_text(at_ms));
    row.text("eventType", if is_new { "CREATE" } else { "UPDATE" });
    row.text("eventCategory", "SUBSCRIPTION");
    row.id("tenantId", app);
    row.text("tenantType", "APPLICATION");
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
