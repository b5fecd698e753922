//! Actors and store in memory: rows are really kept, nothing is pushed.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use futures_util::FutureExt;
use tokio::sync::watch;

use crate::actors::control::{
    Accepted, Acknowledgement, Answer, ConnectFault, ConnectImport, ConnectOrder, ConnectStage, ConnectView, Connected,
    Control, Ended, InvoiceName, JobWanted, MappingOrder, Offered, Refused, Returned, Severed, Standing,
};
use crate::engine::effect::Preview;
use crate::http::reads::{
    BadgeCounts, ContactUses, Gaps, InvoiceQuery, OperationQuery, ReadFailed, Reads, ReasonCount,
};
use crate::model::connection::ConnectionState;
use crate::model::document::Draft;
use crate::model::ids::{
    AuditId, ConnectId, EventId, IdSource, InvoiceId, Marker, OperationId, TenantId, XeroTenantId,
};
use crate::model::reason::ReasonCode;
use crate::model::row::{
    Acknowledged, Audit, Back, Badge, Chart, ContactRow, Credits, Event, Invoice, Mapping, MappingKind, Operation,
    OperationItem, OperationState, Receipt, Reconciled, Settings, Stream, Sync, Tenant,
};
use crate::model::standing::{Due, awaits_payment};
use crate::model::time::Timestamp;
use crate::model::xero::WriteTarget;

pub const EPOCH: &str = "epoch-1";

/// The rows.
#[derive(Default)]
pub struct Rows {
    pub tenants: BTreeMap<TenantId, Tenant>,
    pub invoices: BTreeMap<InvoiceId, Invoice>,
    pub operations: BTreeMap<OperationId, Operation>,
    pub events: Vec<(u64, Event)>,
    pub oldest: u64,
    pub receipts: HashMap<String, Receipt>,
    pub mappings: BTreeMap<(TenantId, MappingKind, String), Mapping>,
    pub imports: Vec<ConnectImport>,
    pub jobs: Vec<JobWanted>,
    pub chosen: Vec<(Vec<XeroTenantId>, bool)>,
    pub puts: usize,
    pub refuse_next: Option<Refused>,
    pub reads_fail: bool,
    pub previews: HashMap<String, Preview>,
    /// The next write waits for this.
    pub gate: Option<tokio::sync::oneshot::Receiver<()>>,
}

/// Implements both doors over the same rows.
pub struct House {
    rows: Mutex<Rows>,
    ids: Mutex<IdSource>,
    end: watch::Sender<u64>,
}

impl House {
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            rows: Mutex::new(Rows {
                oldest: 1,
                ..Rows::default()
            }),
            ids: Mutex::new(IdSource::new(7)),
            end: watch::Sender::new(0),
        })
    }

    pub fn rows(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().expect("no test poisons the rows")
    }

    fn parts(&self) -> (u64, u128) {
        let mut ids = self.ids.lock().expect("no test poisons the ids");
        let (_, random) = ids.parts(NOW);
        // Ids of one double grow, as those of the daemon do.
        let count = {
            let rows = self.rows();
            u64::try_from(rows.invoices.len() + rows.operations.len())
        };
        (1_700_000_000_000 + count.expect("small"), random)
    }

    /// Adds an event and tells the followers.
    pub fn publish(&self, tenant: TenantId, event_type: &str) -> u64 {
        let seq = *self.end.borrow() + 1;
        self.publish_with(tenant, event_type, serde_json::json!({"n": seq}))
    }

    /// Adds an event with these particulars.
    pub fn publish_with(&self, tenant: TenantId, event_type: &str, data: serde_json::Value) -> u64 {
        let (at, random) = self.parts();
        let seq = *self.end.borrow() + 1;
        self.rows().events.push((
            seq,
            Event {
                id: EventId::from_parts(at, random),
                tenant,
                event_type: event_type.to_owned(),
                timestamp: NOW,
                data,
            },
        ));
        self.end.send_replace(seq);
        seq
    }

    /// How many follow the feed now.
    pub fn feed_watchers(&self) -> usize {
        self.end.receiver_count()
    }

    /// Changes an invoice as the engine would.
    pub fn change(&self, host_ref: &str, change: impl FnOnce(&mut Invoice)) {
        let mut rows = self.rows();
        let row = rows
            .invoices
            .values_mut()
            .find(|row| row.host_ref == host_ref)
            .expect("the invoice is there");
        change(row);
        row.version += 1;
    }

    /// Ends an operation as the engine would.
    pub fn finish(&self, id: OperationId, state: OperationState, message: &str) {
        let tenant = {
            let mut rows = self.rows();
            let row = rows.operations.get_mut(&id).expect("the operation is there");
            row.state = state;
            row.done = 1;
            row.message = message.to_owned();
            row.finished_at = Some(NOW);
            row.tenant
        };
        self.publish(tenant, "operation.finished");
    }

    fn named(rows: &Rows, tenant: TenantId, name: &InvoiceName) -> Option<Invoice> {
        rows.invoices
            .values()
            .find(|row| {
                row.tenant == tenant
                    && match name {
                        InvoiceName::Id(id) => row.id == *id,
                        InvoiceName::HostRef(host_ref) => row.host_ref == *host_ref,
                    }
            })
            .cloned()
    }
}

pub const NOW: Timestamp = Timestamp(1_700_000_000_000);

fn ready<T: Send + 'static>(result: Result<T, Refused>) -> Answer<T> {
    std::future::ready(result).boxed()
}

impl Control for House {
    fn put_invoice(&self, tenant: TenantId, host_ref: String, draft: Draft, _by: String) -> Answer<Accepted> {
        let (at, random) = self.parts();
        let mut rows = self.rows();
        if let Some(refused) = rows.refuse_next.take() {
            return ready(Err(refused));
        }
        rows.puts += 1;
        let name = InvoiceName::HostRef(host_ref.clone());
        let known = Self::named(&rows, tenant, &name);
        let created = known.is_none();
        let organisation = rows.tenants[&tenant].xero_id;
        let mut row = known.unwrap_or_else(|| Invoice {
            on_request: false,
            id: InvoiceId::from_parts(at, random),
            tenant,
            marker: Marker::derive(organisation, &host_ref, 1),
            host_ref,
            rev: 0,
            version: 0,
            draft: draft.clone(),
            accepted_at: NOW,
            updated_at: NOW,
            sync: Sync {
                badge: Some(Badge::Pending),
                queued_at: Some(NOW),
                ..Sync::default()
            },
            link: None,
            common: None,
            copy: None,
            sent: None,
            create_was_sent: false,
            back: Back::default(),
        });
        let changed = created || row.draft != draft;
        row.rev += 1;
        row.version += 1;
        row.draft = draft;
        rows.invoices.insert(row.id, row.clone());
        let gate = rows.gate.take();
        async move {
            if let Some(gate) = gate {
                gate.await.expect("the test opens the gate");
            }
            Ok(Accepted {
                invoice: row,
                created,
                changed,
            })
        }
        .boxed()
    }

    fn resync(&self, tenant: TenantId, invoice: InvoiceName, by: String) -> Answer<Operation> {
        let (at, random) = self.parts();
        let mut rows = self.rows();
        let Some(row) = Self::named(&rows, tenant, &invoice) else {
            return ready(Err(Refused::InvoiceNotFound));
        };
        let operation = Operation {
            id: OperationId::from_parts(at, random),
            tenant,
            kind: "resync".to_owned(),
            invoice: Some(row.id),
            state: OperationState::Queued,
            done: 0,
            total: 1,
            message: "Queued".to_owned(),
            reason: None,
            requested_by: by,
            created_at: NOW,
            finished_at: None,
            tally: None,
            rest: None,
            retry_of: None,
            why: String::new(),
        };
        rows.operations.insert(operation.id, operation.clone());
        ready(Ok(operation))
    }

    fn signal_payment(&self, tenant: TenantId, invoice: InvoiceName, _by: String) -> Answer<Invoice> {
        let mut rows = self.rows();
        let Some(mut row) = Self::named(&rows, tenant, &invoice) else {
            return ready(Err(Refused::InvoiceNotFound));
        };
        row.back.quieten(NOW.plus_ms(300_000));
        row.version += 1;
        rows.invoices.insert(row.id, row.clone());
        ready(Ok(row))
    }

    fn acknowledge(&self, tenant: TenantId, invoice: InvoiceName, word: Acknowledgement) -> Answer<Invoice> {
        let mut rows = self.rows();
        let Some(mut row) = Self::named(&rows, tenant, &invoice) else {
            return ready(Err(Refused::InvoiceNotFound));
        };
        if word.version.is_some_and(|version| version != row.version) {
            return ready(Err(Refused::Changed(row.version)));
        }
        let said = Acknowledged {
            by: word.by,
            at: NOW,
            note: word.note,
        };
        if word.is_about_variance {
            let open = row.back.variance.iter_mut();
            open.for_each(|variance| variance.acknowledged = Some(said.clone()));
        } else {
            let open = row.back.alerts.iter_mut();
            open.for_each(|alert| alert.acknowledged = Some(said.clone()));
            row.sync.reason = None;
            row.sync.badge = Some(Badge::Synced);
        }
        row.version += 1;
        rows.invoices.insert(row.id, row.clone());
        ready(Ok(row))
    }

    fn begin(&self, tenant: TenantId, wanted: JobWanted, by: String) -> Answer<Operation> {
        let (at, random) = self.parts();
        let mut rows = self.rows();
        if let Some(refused) = rows.refuse_next.take() {
            return ready(Err(refused));
        }
        let operation = Operation {
            id: OperationId::from_parts(at, random),
            tenant,
            kind: match &wanted {
                JobWanted::Bulk(bulk) => bulk.kind.label().to_owned(),
                _ => "refresh".to_owned(),
            },
            invoice: None,
            state: OperationState::Queued,
            done: 0,
            total: 1,
            message: "Queued".to_owned(),
            reason: None,
            requested_by: by,
            created_at: NOW,
            finished_at: None,
            tally: None,
            rest: None,
            retry_of: None,
            why: String::new(),
        };
        rows.jobs.push(wanted);
        rows.operations.insert(operation.id, operation.clone());
        ready(Ok(operation))
    }

    fn cancel(&self, tenant: TenantId, operation: OperationId, _by: String) -> Answer<Operation> {
        let mut rows = self.rows();
        match rows.operations.get_mut(&operation).filter(|row| row.tenant == tenant) {
            None => ready(Err(Refused::HasEnded)),
            Some(row) if row.kind == "resync" => ready(Err(Refused::IsPush)),
            Some(row) => {
                row.state = OperationState::Cancelled;
                row.message = "Cancelled before anything was read.".to_owned();
                row.finished_at = Some(NOW);
                ready(Ok(row.clone()))
            }
        }
    }

    fn preview(&self, tenant: TenantId, invoice: InvoiceName) -> Answer<Preview> {
        let rows = self.rows();
        let Some(row) = Self::named(&rows, tenant, &invoice) else {
            return ready(Err(Refused::InvoiceNotFound));
        };
        let body = format!("{{\"Invoices\":[{{\"Total\":1.50,\"N\":\"{}\"}}]}}", row.draft.number);
        ready(Ok(rows.previews.get(&row.host_ref).cloned().unwrap_or(Preview::Send {
            target: WriteTarget::CreateInvoices,
            body: Bytes::from(body),
            first: vec!["the contact is created".to_owned()],
        })))
    }

    fn connect_import(&self, order: ConnectImport) -> Answer<Vec<Connected>> {
        let mut rows = self.rows();
        if let Some(refused) = rows.refuse_next.take() {
            return ready(Err(refused));
        }
        rows.imports.push(order);
        ready(Ok(connected(&rows)))
    }

    fn begin_connect(&self, order: ConnectOrder) -> Answer<ConnectView> {
        let mut rows = self.rows();
        if let Some(refused) = rows.refuse_next.take() {
            return ready(Err(refused));
        }
        let view = attempt(ConnectStage::Waiting, order.observe);
        ready(Ok(ConnectView {
            authorize_url: Some("https://login.xero.com/identity/connect/authorize?x".into()),
            ..view
        }))
    }

    fn connect_view(&self, id: ConnectId) -> Answer<ConnectView> {
        let view = attempt(ConnectStage::Waiting, false);
        ready(if view.id == id {
            Ok(view)
        } else {
            Err(Refused::NoConnectAttempt(id))
        })
    }

    fn come_back(&self, returned: Returned) -> Answer<(String, ConnectView)> {
        ready(match (returned.state.as_str(), returned.code()) {
            ("good", Some(_)) => Ok(("ticket".into(), self.offer())),
            ("good", None) => Err(Refused::Connect(ConnectFault::Refused {
                what: "The access was refused.",
                fix: "Allow it, with counterfoil connect.",
            })),
            ("used", _) => Err(Refused::Connect(ConnectFault::Used)),
            ("late", _) => Err(Refused::Connect(ConnectFault::Expired)),
            _ => Err(Refused::Connect(ConnectFault::UnknownState)),
        })
    }

    fn choice(&self, ticket: String) -> Answer<ConnectView> {
        ready(match ticket.as_str() {
            "ticket" => Ok(self.offer()),
            "done" => Ok(attempt(ConnectStage::Connected(connected(&self.rows())), false)),
            _ => Err(Refused::Connect(ConnectFault::UnknownState)),
        })
    }

    fn choose(&self, ticket: String, chosen: Vec<XeroTenantId>, observe: bool) -> Answer<ConnectView> {
        let mut rows = self.rows();
        if ticket != "ticket" {
            return ready(Err(Refused::Connect(ConnectFault::UnknownState)));
        }
        rows.chosen.push((chosen, observe));
        let stage = ConnectStage::Connected(connected(&rows));
        ready(Ok(attempt(stage, observe)))
    }

    fn disconnect(&self, tenant: TenantId, _requested_by: String) -> Answer<Ended> {
        let tenant = self.rows().tenants.get(&tenant).cloned();
        ready(tenant.ok_or(Refused::TenantNotFound).map(|tenant| Ended {
            tenant,
            severed: Severed::Consent,
        }))
    }

    fn set_mappings(&self, tenant: TenantId, orders: Vec<MappingOrder>, _by: String) -> Answer<usize> {
        let mut rows = self.rows();
        if let Some(refused) = rows.refuse_next.take() {
            return ready(Err(refused));
        }
        for order in orders {
            let key = (tenant, order.kind, order.key.clone());
            let (kind, set_at) = (order.kind, NOW);
            match order.value {
                Some(value) => {
                    let key_text = order.key;
                    let mapping = Mapping {
                        tenant,
                        kind,
                        key: key_text,
                        value,
                        set_at,
                    };
                    rows.mappings.insert(key, mapping);
                }
                None => {
                    rows.mappings.remove(&key);
                }
            }
        }
        ready(Ok(3))
    }

    fn set_settings(&self, tenant: TenantId, settings: Settings, _by: String) -> Answer<(Settings, usize)> {
        let mut rows = self.rows();
        let row = rows.tenants.get_mut(&tenant).expect("the tenant is there");
        row.settings = settings.clone();
        ready(Ok((settings, 2)))
    }

    fn set_credits(&self, tenant: TenantId, credits: Option<Credits>, _by: String) -> Answer<()> {
        let mut rows = self.rows();
        rows.tenants.get_mut(&tenant).expect("the tenant is there").credits = credits;
        ready(Ok(()))
    }

    fn keep_receipt(&self, receipt: Receipt) -> Answer<()> {
        self.rows().receipts.insert(receipt.key.clone(), receipt);
        ready(Ok(()))
    }
}

impl Reads for House {
    fn tenants(&self) -> Result<Vec<Tenant>, ReadFailed> {
        let rows = self.rows();
        if rows.reads_fail {
            return Err(ReadFailed("a secret path".to_owned()));
        }
        Ok(rows.tenants.values().cloned().collect())
    }

    fn tenant(&self, id: TenantId) -> Result<Option<Tenant>, ReadFailed> {
        Ok(self.rows().tenants.get(&id).cloned())
    }

    fn tenant_by_xero(&self, id: XeroTenantId) -> Result<Option<Tenant>, ReadFailed> {
        let rows = self.rows();
        Ok(rows.tenants.values().find(|row| row.xero_id == id).cloned())
    }

    fn invoice(&self, tenant: TenantId, id: InvoiceId) -> Result<Option<Invoice>, ReadFailed> {
        Ok(Self::named(&self.rows(), tenant, &InvoiceName::Id(id)))
    }

    fn invoice_by_ref(&self, tenant: TenantId, name: &str) -> Result<Option<Invoice>, ReadFailed> {
        let name = InvoiceName::HostRef(name.to_owned());
        Ok(Self::named(&self.rows(), tenant, &name))
    }

    fn invoices(&self, tenant: TenantId, query: &InvoiceQuery) -> Result<Vec<Invoice>, ReadFailed> {
        let mut all: Vec<Invoice> = self.rows().invoices.values().cloned().collect();
        all.retain(|row| {
            row.tenant == tenant
                && query.badge.is_none_or(|badge| row.sync.badge == badge)
                && query
                    .reason
                    .is_none_or(|code| row.sync.reason.as_ref().is_some_and(|given| given.code == code))
                && query.variance.is_none_or(|level| {
                    let open = row.back.open_variance();
                    open.is_some_and(|open| level.is_none_or(|level| level == open.level))
                })
                && query.kind.is_none_or(|kind| row.draft.kind == kind)
                && query.due.is_none_or(|tab| {
                    let due = awaits_payment(row).zip(query.today);
                    due.is_some_and(|(due, today)| Due::on(due, today) == tab)
                })
                && query.number.as_ref().is_none_or(|number| row.draft.number == *number)
                && query
                    .text
                    .as_ref()
                    .is_none_or(|text| row.draft.contact.name.to_lowercase().contains(text))
                && query.after.is_none_or(|after| {
                    if query.newest_first {
                        row.id < after
                    } else {
                        row.id > after
                    }
                })
        });
        if query.newest_first {
            all.reverse();
        }
        all.truncate(query.limit);
        Ok(all)
    }

    fn counts(&self, tenant: TenantId) -> Result<BadgeCounts, ReadFailed> {
        let mut counts = BadgeCounts::default();
        for row in self.rows().invoices.values().filter(|row| row.tenant == tenant) {
            match row.sync.badge {
                Some(Badge::Synced) => counts.synced += 1,
                Some(Badge::Pending) => counts.pending += 1,
                Some(Badge::Failed) => counts.failed += 1,
                None => counts.none += 1,
            }
            counts.variances += u64::from(row.back.open_variance().is_some());
            let has_open = row.back.open_alert().is_some();
            counts.acknowledged += u64::from(!row.back.alerts.is_empty() && !has_open);
        }
        Ok(counts)
    }

    fn failed_by_reason(&self, tenant: TenantId) -> Result<Vec<ReasonCount>, ReadFailed> {
        let mut counts: Vec<ReasonCount> = Vec::new();
        for row in self.rows().invoices.values().filter(|row| row.tenant == tenant) {
            let Some(given) = &row.sync.reason else { continue };
            if let Some(known) = counts.iter_mut().find(|known| known.code == given.code) {
                known.count += 1;
                continue;
            }
            counts.push(ReasonCount {
                code: given.code,
                count: 1,
                oldest: Some(given.since),
                subjects: given.subject.iter().map(|subject| (subject.clone(), 1)).collect(),
            });
        }
        Ok(counts)
    }

    fn operation(&self, id: OperationId) -> Result<Option<Operation>, ReadFailed> {
        Ok(self.rows().operations.get(&id).cloned())
    }

    fn operations(&self, query: &OperationQuery) -> Result<Vec<Operation>, ReadFailed> {
        let rows = self.rows();
        let newest_first = rows.operations.values().rev();
        Ok(newest_first
            .filter(|row| query.tenant.is_none_or(|tenant| row.tenant == tenant))
            .filter(|row| query.state.is_none_or(|state| row.state == state))
            .filter(|row| query.after.is_none_or(|after| row.id < after))
            .take(query.limit)
            .cloned()
            .collect())
    }

    fn items(&self, _operation: OperationId, _from: u32, _limit: usize) -> Result<Vec<OperationItem>, ReadFailed> {
        Ok(Vec::new())
    }

    fn streams(&self, _tenant: TenantId) -> Result<Vec<Stream>, ReadFailed> {
        Ok(Vec::new())
    }

    fn reconciled(&self, _tenant: TenantId) -> Result<Option<Reconciled>, ReadFailed> {
        Ok(None)
    }

    fn audit(&self, _tenant: TenantId, _after: Option<AuditId>, _limit: usize) -> Result<Vec<Audit>, ReadFailed> {
        Ok(Vec::new())
    }

    fn latest_audit(
        &self,
        _tenant: TenantId,
        _before: Option<AuditId>,
        _limit: usize,
    ) -> Result<Vec<Audit>, ReadFailed> {
        Ok(Vec::new())
    }

    fn audit_of_invoice(
        &self,
        _tenant: TenantId,
        _invoice: InvoiceId,
        _after: Option<AuditId>,
        _limit: usize,
    ) -> Result<Vec<Audit>, ReadFailed> {
        Ok(Vec::new())
    }

    fn linked_count(&self, tenant: TenantId) -> Result<u32, ReadFailed> {
        let rows = self.rows();
        let linked = rows
            .invoices
            .values()
            .filter(|row| row.tenant == tenant && row.link.is_some());
        Ok(u32::try_from(linked.count()).expect("few"))
    }

    fn events(&self, after_seq: u64, limit: usize, tenant: Option<TenantId>) -> Result<Vec<(u64, Event)>, ReadFailed> {
        let rows = self.rows();
        Ok(rows
            .events
            .iter()
            .filter(|(seq, event)| *seq > after_seq && tenant.is_none_or(|tenant| event.tenant == tenant))
            .take(limit)
            .cloned()
            .collect())
    }

    fn feed_oldest(&self) -> Result<u64, ReadFailed> {
        Ok(self.rows().oldest)
    }

    fn feed_end(&self) -> u64 {
        *self.end.borrow()
    }

    fn feed_epoch(&self) -> String {
        EPOCH.to_owned()
    }

    fn feed_watch(&self) -> watch::Receiver<u64> {
        self.end.subscribe()
    }

    fn receipt(&self, key: &str) -> Result<Option<Receipt>, ReadFailed> {
        Ok(self.rows().receipts.get(key).cloned())
    }

    fn gaps(&self, _tenant: TenantId, _code: ReasonCode, _limit: usize) -> Result<Gaps, ReadFailed> {
        Ok(Gaps::default())
    }

    fn contact(&self, _tenant: TenantId, _reference: &str) -> Result<Option<ContactRow>, ReadFailed> {
        Ok(None)
    }

    fn contacts_named(&self, _tenant: TenantId, _name: &str) -> Result<Vec<ContactRow>, ReadFailed> {
        Ok(Vec::new())
    }

    fn contact_uses(&self, _tenant: TenantId, _names: &BTreeSet<String>) -> Result<ContactUses, ReadFailed> {
        Ok(ContactUses::default())
    }

    fn chart(&self, _tenant: TenantId) -> Result<Option<Chart>, ReadFailed> {
        Ok(None)
    }

    fn mappings(&self, tenant: TenantId, kind: MappingKind) -> Result<Vec<Mapping>, ReadFailed> {
        let rows = self.rows();
        let all = rows.mappings.values();
        Ok(all
            .filter(|row| row.tenant == tenant && row.kind == kind)
            .cloned()
            .collect())
    }
}

fn connected(rows: &Rows) -> Vec<Connected> {
    let connected = |tenant: &Tenant| Connected {
        tenant: tenant.clone(),
        released: 0,
    };
    rows.tenants.values().map(connected).collect()
}

fn attempt(stage: ConnectStage, observe: bool) -> ConnectView {
    ConnectView {
        id: ConnectId::from_parts(1, 1),
        expires_at: NOW,
        authorize_url: None,
        redirect_uri: Some("http://localhost:7626/xero/callback".into()),
        observe,
        requested_by: "open".into(),
        reconnects: None,
        stage,
    }
}

impl House {
    /// One organisation that is new and has a name full of markup, and one that needs connecting again.
    fn offer(&self) -> ConnectView {
        let offered = |n: u128, name: &str, standing| Offered {
            xero_id: XeroTenantId(uuid::Uuid::from_u128(n)),
            name: name.into(),
            standing,
        };
        let offered = vec![
            offered(1, "<b>\"Smith\" & Sons'</b>", Standing::New),
            offered(2, "Again Ltd", Standing::Known(ConnectionState::RequiresReauth)),
        ];
        attempt(ConnectStage::Choosing(offered), false)
    }
}
