//! The record of who changed what, and why: whatever hosts are told of, and whatever people set,
//! is written down in the commit that makes it durable.

use std::collections::BTreeMap;

use serde_json::Value;

use super::machine::{Purpose, TenantMachine};
use super::particulars::{CONNECTION, particulars};
use crate::engine::apart;
use crate::engine::effect::{Effect, LoadId};
use crate::engine::event::Event;
use crate::model::connection::ConnectionState;
use crate::model::ids::{AuditId, InvoiceId, OperationId};
use crate::model::row::{self, Audit, Cause, Change, Invoice, JobKind, Operation, OperationState};
use crate::model::time::Now;
use crate::model::write::Write;
use crate::model::xero::XeroInvoice;

/// What is known while one event is dealt with.
#[derive(Debug, Clone)]
pub(super) struct Record {
    cause: Cause,
    actor: String,
    operation: Option<OperationId>,
    /// What changed of each document.
    changes: BTreeMap<InvoiceId, Vec<Change>>,
    /// From which state the connection came into which.
    connection: Vec<Change>,
    /// What people did, set and said.
    noted: Vec<Noted>,
    /// Keeps entries of one moment in order.
    count: u16,
}

/// What a person did or set, or said about a document.
#[derive(Debug, Clone, Default)]
struct Noted {
    action: &'static str,
    about: Option<(InvoiceId, String)>,
    reason: Option<String>,
    changes: Vec<Change>,
}

impl Default for Record {
    fn default() -> Self {
        Self {
            cause: Cause::System,
            actor: String::new(),
            operation: None,
            changes: BTreeMap::new(),
            connection: Vec::new(),
            noted: Vec::new(),
            count: 0,
        }
    }
}

impl Record {
    /// What changed of a document.
    pub(super) fn changed(&mut self, invoice: InvoiceId, changes: Vec<Change>) {
        if !changes.is_empty() {
            self.changes.entry(invoice).or_default().extend(changes);
        }
    }

    /// The connection is in another state.
    pub(super) fn connection(&mut self, before: ConnectionState, after: ConnectionState) {
        self.connection = vec![Change {
            field: "connection.state".to_owned(),
            before: before.label().to_owned(),
            after: after.label().to_owned(),
        }];
    }

    /// What a person set.
    pub(super) fn set(&mut self, action: &'static str, changes: Vec<Change>) {
        self.noted.push(Noted {
            action,
            changes,
            ..Noted::default()
        });
    }

    /// What follows is what this person asked for earlier.
    pub(super) fn on_behalf_of(&mut self, by: String) {
        self.cause = Cause::User;
        self.actor = by;
    }

    /// What a person did, and why.
    pub(super) fn note(&mut self, action: &'static str, reason: String) {
        self.noted.push(Noted {
            action,
            reason: Some(reason),
            ..Noted::default()
        });
    }

    /// What a person said about a document.
    pub(super) fn said(&mut self, action: &'static str, row: &Invoice, note: &str) {
        self.noted.push(Noted {
            action,
            about: Some((row.id, row.host_ref.clone())),
            reason: Some(note.to_owned()).filter(|note| !note.is_empty()),
            ..Noted::default()
        });
    }
}

impl TenantMachine {
    /// Notes who and what is behind everything that follows from an event.
    pub(super) fn begin_record(&mut self, event: &Event) {
        let (cause, actor, operation) = match event {
            Event::HostWrote { by, .. } | Event::PaymentSignalled { by, .. } => (Cause::Host, by.clone(), None),
            Event::SyncNow { requested_by, .. }
            | Event::Begin { requested_by, .. }
            | Event::Regranted { requested_by, .. }
            | Event::Disconnected { requested_by } => (Cause::User, requested_by.clone(), None),
            Event::Cancel {
                operation,
                requested_by,
                ..
            } => (Cause::User, requested_by.clone(), Some(*operation)),
            Event::MappingsSet { by, .. } | Event::SettingsSet { by, .. } | Event::CreditsSet { by, .. } => {
                (Cause::User, by.clone(), None)
            }
            Event::Acknowledged { review, .. } => (Cause::User, review.by.clone(), None),
            Event::Loaded { .. } | Event::FailedLoaded { .. } => (Cause::Push, system(), None),
            Event::RowsLoaded { load, .. } => self.cause_of_rows(*load),
            Event::Answered { call, .. } | Event::Slice { call, .. } => match self.calls.get(call) {
                Some(open) => self.cause_of(&open.purpose),
                None => (Cause::System, system(), None),
            },
            _ => (Cause::System, system(), None),
        };
        let count = self.record.count;
        self.record = Record {
            cause,
            actor,
            operation,
            count,
            ..Record::default()
        };
    }

    /// A person asked for what is done with chosen rows.
    fn cause_of_rows(&self, load: LoadId) -> (Cause, String, Option<OperationId>) {
        let job = self.jobs.0.values().find(|state| state.loading == Some(load));
        let operation = job.and_then(|state| self.operations.get(&state.job.operation));
        operation.map_or_else(
            || (Cause::System, system(), None),
            |operation| (Cause::User, operation.requested_by.clone(), Some(operation.id)),
        )
    }

    fn cause_of(&self, purpose: &Purpose) -> (Cause, String, Option<OperationId>) {
        match purpose {
            Purpose::Page(_) | Purpose::ReadOwed(..) => (Cause::Sweep, "xero".to_owned(), None),
            Purpose::ReadNamed(_) => (Cause::Webhook, "xero".to_owned(), None),
            Purpose::JobPage(id) | Purpose::JobIds(id, _) | Purpose::JobLinks(id, _) => {
                let kind = self.jobs.0.get(id).map(|state| state.job.kind);
                let cause = match kind {
                    Some(JobKind::Reconcile) => Cause::Reconcile,
                    Some(JobKind::Link) => Cause::Link,
                    _reads_again => Cause::Refresh,
                };
                let actor = self.operations.get(id).map(|operation| operation.requested_by.clone());
                (cause, actor.unwrap_or_else(system), Some(*id))
            }
            Purpose::Organisation | Purpose::Accounts | Purpose::TaxRates => (Cause::System, system(), None),
            _ => (Cause::Push, system(), None),
        }
    }

    /// What is another in the copy of Xero's document than before.
    pub(super) fn record_copy(&mut self, row: &Invoice, before: Option<&XeroInvoice>) {
        if let (Some(before), Some(after)) = (before, &row.copy) {
            self.record.changed(row.id, apart::changes(before, after));
        }
    }

    /// Adds an entry for each event, each operation that was asked for, and all that people set.
    pub(super) fn write_record(&mut self, now: Now, effects: &mut [Effect]) {
        let mut noted = std::mem::take(&mut self.record.noted);
        for effect in effects.iter_mut() {
            let Effect::Persist(writes) = effect else { continue };
            let mut entries = Vec::new();
            for write in writes.iter() {
                match write {
                    Write::Event(event) => entries.push(self.of_event(now, event)),
                    Write::Operation(operation) if is_new(operation) => entries.push(self.of_order(now, operation)),
                    _ => {}
                }
            }
            for noted in noted.drain(..) {
                let entry = self.entry(now, noted.action);
                let (invoice, host_ref) = noted.about.unzip();
                entries.push(Audit {
                    invoice,
                    host_ref,
                    reason: noted.reason,
                    changes: noted.changes,
                    ..entry
                });
            }
            writes.extend(entries.into_iter().map(|entry| Write::Audit(Box::new(entry))));
        }
    }

    fn of_event(&mut self, now: Now, event: &row::Event) -> Audit {
        let text = |pointer: &str| event.data.pointer(pointer).and_then(Value::as_str);
        let is_about_invoice = text("/host_ref").is_some();
        let invoice: Option<InvoiceId> = text("/id").filter(|_| is_about_invoice).and_then(|id| id.parse().ok());
        let told = particulars(event);
        let changes = match invoice {
            Some(_) if !told.changes.is_empty() => Some(told.changes),
            Some(id) => self.record.changes.remove(&id),
            None => (event.event_type == CONNECTION).then(|| std::mem::take(&mut self.record.connection)),
        };
        let reason = text("/reason/detail")
            .or_else(|| text("/message"))
            .or_else(|| text("/reason"))
            .or(told.reason.as_deref());
        let operation = text("/operation_id").and_then(|id| id.parse().ok());
        let entry = self.entry(now, &event.event_type);
        Audit {
            invoice,
            host_ref: text("/host_ref").map(str::to_owned),
            operation: entry.operation.or(operation),
            reason: reason.map(str::to_owned),
            changes: changes.unwrap_or_default(),
            ..entry
        }
    }

    fn of_order(&mut self, now: Now, operation: &Operation) -> Audit {
        let entry = self.entry(now, &format!("{}.requested", operation.kind));
        Audit {
            actor: operation.requested_by.clone(),
            invoice: operation.invoice,
            operation: Some(operation.id),
            reason: Some(operation.why.clone()).filter(|why| !why.is_empty()),
            ..entry
        }
    }

    fn entry(&mut self, now: Now, action: &str) -> Audit {
        let record = &mut self.record;
        record.count = record.count.wrapping_add(1);
        let in_order = u128::from(record.count) << 64;
        let at_ms = u64::try_from(now.wall.0).unwrap_or(0);
        Audit {
            id: AuditId::from_parts(at_ms, in_order | u128::from(self.ids.next_u64())),
            tenant: self.setup.tenant.id,
            at: now.wall,
            actor: record.actor.clone(),
            cause: record.cause,
            action: action.to_owned(),
            invoice: None,
            host_ref: None,
            operation: record.operation,
            reason: None,
            changes: Vec::new(),
        }
    }
}

/// Whether an operation was just asked for.
fn is_new(operation: &Operation) -> bool {
    operation.state == OperationState::Queued && operation.done == 0
}

fn system() -> String {
    "system".to_owned()
}
