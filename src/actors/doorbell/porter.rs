//! Takes what the public listener has verified, and rings.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use super::bell::Bell;
use super::desk::Desk;
use crate::actors::registry::{Door, Registry};
use crate::actors::tenant::BellRang;
use crate::engine::effect::Notice;
use crate::engine::status::{HookState, HookStatus, TenantHooks};
use crate::model::ids::{TenantId, XeroInvoiceId, XeroTenantId};
use crate::model::row::StreamKind;
use crate::model::time::{Clock, Now, Timestamp};
use crate::observe::labels::{HookEvent, HookResult};
use crate::observe::metrics::Metrics;
use crate::xero::webhook::{Category, Delivery, KeyId, Keys, Signed, Told, read};

/// What a porter is made with.
pub struct PorterParts {
    /// Where tenants' actors are found.
    pub registry: Registry,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Numbers.
    pub metrics: Metrics,
}

/// The porter. Every method comes back at once.
pub struct Porter {
    parts: PorterParts,
    bells: RwLock<HashMap<XeroTenantId, (TenantId, Arc<Bell>)>>,
    desk: Mutex<Desk>,
    keys: RwLock<Arc<Keys>>,
    silent_after: RwLock<Duration>,
}

impl Porter {
    /// A porter who knows no tenant and no key.
    #[must_use]
    pub fn new(parts: PorterParts) -> Self {
        Self {
            parts,
            bells: RwLock::default(),
            desk: Mutex::new(Desk::new()),
            keys: RwLock::default(),
            silent_after: RwLock::new(Duration::MAX),
        }
    }

    /// The bell of a tenant.
    #[must_use]
    pub fn bell(&self, tenant: TenantId, organisation: XeroTenantId) -> Arc<Bell> {
        let mut bells = self.bells.write().unwrap_or_else(PoisonError::into_inner);
        let (served_by, bell) = bells
            .entry(organisation)
            .or_insert_with(|| (tenant, Arc::new(Bell::default())));
        *served_by = tenant;
        Arc::clone(bell)
    }

    /// The keys that are taken.
    #[must_use]
    pub fn keys(&self) -> Arc<Keys> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes these keys from now on, and calls webhooks silent after this long.
    pub fn set(&self, keys: Keys, silent_after: Duration) {
        let taken: Vec<KeyId> = keys.iter().map(|key| key.id()).collect();
        self.desk().keep_keys(&taken);
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
        *self.silent_after.write().unwrap_or_else(PoisonError::into_inner) = silent_after;
    }

    /// From now on webhooks can come.
    pub fn listen(&self) {
        self.desk().listen(self.parts.clock.now());
    }

    /// Takes a body that is rightly signed.
    pub fn delivered(&self, signed: Signed, body: &[u8], received: Now) {
        let metrics = &self.parts.metrics;
        if self.desk().is_repeat(signed) {
            metrics.webhook_received(HookResult::Duplicate);
            return;
        }
        let delivery = read(body);
        let numbers = delivery
            .as_ref()
            .map_or((0, 0), |delivery| (delivery.first, delivery.last));
        metrics.webhook_heard(received.wall);
        if self.desk().heard(received, signed.key, numbers) {
            metrics.set_webhooks_silent(false);
            tracing::info!("webhooks come again");
        }
        match delivery {
            Some(delivery) if delivery.events.is_empty() && delivery.unreadable_count == 0 => {
                metrics.webhook_received(HookResult::IntentToReceive);
                tracing::info!("xero asked for the intent to receive webhooks, and it was shown");
            }
            Some(delivery) => {
                metrics.webhook_received(HookResult::Accepted);
                self.take(&delivery, received);
            }
            None => {
                metrics.webhook_received(HookResult::Unreadable);
                tracing::warn!("a webhook is rightly signed and cannot be read");
                self.ring_unreadable(received);
            }
        }
    }

    /// A request was refused.
    pub fn refused(&self, result: HookResult) {
        self.parts.metrics.webhook_received(result);
        if result == HookResult::BadSignature
            && let Some(count) = self.desk().bad(self.parts.clock.now().mono)
        {
            tracing::warn!(
                count,
                "webhooks without a right signature were refused; if Xero sent them, the signing key is not the one in its developer portal"
            );
        }
    }

    /// A request was answered after so long.
    pub fn answered(&self, took: Duration) {
        self.parts.metrics.webhook_answered(took);
    }

    /// A tenant told something that may be about its webhooks.
    pub fn noticed(&self, bell: &Bell, notice: &Notice) {
        match notice {
            Notice::HookTaken { took_ms } => bell.taken(*took_ms),
            Notice::Unannounced { latest, .. } => self.unannounced(*latest),
            _ => {}
        }
    }

    /// A scan found a change that no webhook had announced.
    fn unannounced(&self, changed_at: Timestamp) {
        let patience_ms = self.patience_ms();
        self.desk().unannounced(self.parts.clock.now(), changed_at, patience_ms);
    }

    /// Looks whether events were lost, or none come any more. To be called every second or so.
    pub fn look(&self) {
        let now = self.parts.clock.now();
        let patience_ms = self.patience_ms();
        let findings = self.desk().look(now, patience_ms);
        for gap in &findings.lost {
            let lost_count = gap.last.saturating_sub(gap.first).saturating_add(1);
            self.parts.metrics.webhook_gap(u64::try_from(lost_count).unwrap_or(0));
            tracing::warn!(
                first = gap.first,
                last = gap.last,
                lost_count,
                "webhooks were lost on their way; what they announced is read instead"
            );
        }
        if findings.fell_silent {
            self.parts.metrics.set_webhooks_silent(true);
            tracing::warn!(
                "no webhook comes although documents change in Xero: Xero may have disabled the webhook; look at the app's webhooks in its developer portal"
            );
        }
        if findings.ring_all {
            self.ring_all(now);
        }
    }

    /// Webhooks of the whole app.
    #[must_use]
    pub fn status(&self) -> HookStatus {
        let keys = self.keys();
        let desk = self.desk();
        HookStatus {
            state: state(&desk),
            last_received_at: desk.last_received,
            silent_since: desk.silent_since,
            gaps_count: desk.gaps_count,
            last_gap_at: desk.last_gap_at,
            keys: keys
                .iter()
                .map(|key| (key.source.clone(), desk.used_at(key.id())))
                .collect(),
        }
    }

    /// Webhooks of one organisation.
    #[must_use]
    pub fn status_of(&self, organisation: XeroTenantId) -> TenantHooks {
        let shown = self.known(organisation).map(|(_, bell)| bell.shown());
        let (last_received_at, lag_p95_ms) = shown.unwrap_or((None, None));
        TenantHooks {
            state: state(&self.desk()),
            last_received_at,
            lag_p95_ms,
        }
    }

    fn take(&self, delivery: &Delivery, received: Now) {
        for event in &delivery.events {
            let outcome = self.take_event(event, received);
            self.parts.metrics.webhook_event(outcome);
        }
        for _ in 0..delivery.unreadable_count {
            self.parts.metrics.webhook_event(HookEvent::Unreadable);
        }
        if delivery.unreadable_count > 0 {
            tracing::warn!(
                unreadable_count = delivery.unreadable_count,
                "events of a webhook cannot be read"
            );
            self.ring_unreadable(received);
        }
    }

    fn take_event(&self, event: &Told, received: Now) -> HookEvent {
        if event.category == Category::Subscription {
            return HookEvent::Subscription;
        }
        let Some((tenant, bell)) = self.known(event.tenant) else {
            return HookEvent::UnknownTenant;
        };
        let invoice = match (event.category, event.resource) {
            (Category::Invoice, Some(id)) => Some((XeroInvoiceId(id), event.changed_at)),
            _ => None,
        };
        self.ring(tenant, &bell, received, (streams(event.category), invoice), true);
        if event.category == Category::Other || !event.is_known_type {
            HookEvent::Unknown
        } else {
            HookEvent::Rung
        }
    }

    fn ring_unreadable(&self, now: Now) {
        if self.desk().unreadable(now) {
            self.ring_all(now);
        }
    }

    /// Makes the next readings of every organisation earlier.
    fn ring_all(&self, now: Now) {
        let bells: Vec<(TenantId, Arc<Bell>)> = {
            let bells = self.bells.read().unwrap_or_else(PoisonError::into_inner);
            bells.values().cloned().collect()
        };
        for (tenant, bell) in bells {
            self.ring(tenant, &bell, now, (&StreamKind::ALL, None), false);
        }
    }

    /// Rings, and tells the actor if its bell was still: a mailbox never holds more than one such
    /// message, so it is sent whatever else waits there. An actor that is being started again looks
    /// at its bell by itself.
    fn ring(&self, tenant: TenantId, bell: &Bell, now: Now, what: What<'_>, is_webhook: bool) {
        let (streams, invoice) = what;
        if bell.ring(now, streams, invoice, is_webhook)
            && let Some(Door::Open(addr)) = self.parts.registry.door(tenant)
        {
            addr.do_send(BellRang);
        }
    }

    fn patience_ms(&self) -> u64 {
        let patience = *self.silent_after.read().unwrap_or_else(PoisonError::into_inner);
        u64::try_from(patience.as_millis()).unwrap_or(u64::MAX)
    }

    fn known(&self, organisation: XeroTenantId) -> Option<(TenantId, Arc<Bell>)> {
        let bells = self.bells.read().unwrap_or_else(PoisonError::into_inner);
        bells.get(&organisation).cloned()
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Streams, and an invoice with the moment of its change.
type What<'a> = (&'a [StreamKind], Option<(XeroInvoiceId, Option<Timestamp>)>);

fn state(desk: &Desk) -> HookState {
    if !desk.is_listening() {
        HookState::Off
    } else if desk.is_silent() {
        HookState::Silent
    } else if desk.last_received.is_none() {
        HookState::Waiting
    } else {
        HookState::On
    }
}

/// The streams that may have news: always invoices, because credits and payments change them, and
/// nobody knows what a category of tomorrow is about.
const fn streams(category: Category) -> &'static [StreamKind] {
    use StreamKind::{Contacts, CreditNotes, Invoices, Payments};
    match category {
        Category::Contact => &[Contacts, Invoices],
        Category::CreditNote | Category::Prepayment | Category::Overpayment => &[CreditNotes, Invoices],
        Category::Payment => &[Payments, Invoices],
        Category::Invoice | Category::Subscription | Category::Other => &[Invoices],
    }
}
