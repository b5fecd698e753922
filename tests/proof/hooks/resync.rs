//! What a re-sync may do to the copy of a document and to what people set: judged by each commit, and
//! by each decision as it is made.

use std::collections::BTreeMap;

use counterfoil::engine::effect::Effect;
use counterfoil::engine::event::{Event, MappingOrder};
use counterfoil::model::ids::InvoiceId;
use counterfoil::model::row::{Invoice, JobKind, Mapping, MappingKind, Operation, OperationState};
use counterfoil::model::write::Write;
use counterfoil::model::xero::Change;
use counterfoil::store::reader::View;

/// What is here of a document, byte by byte, and its version.
#[derive(Debug, Clone, PartialEq, Eq)]
struct CopyOf {
    bytes: Vec<u8>,
    version: Option<i64>,
}

/// Judges re-syncs by what is durable.
#[derive(Debug, Default)]
pub struct Resyncs {
    /// Of those under way that are about one document: what was here when they began.
    open: BTreeMap<String, (InvoiceId, CopyOf)>,
}

fn copy_of(row: &Invoice) -> CopyOf {
    let back = (&row.copy, &row.back.payments, &row.back.credits);
    CopyOf {
        bytes: serde_json::to_vec(&back).expect("a copy has a form"),
        version: row.copy.as_ref().map(|copy| copy.updated.0),
    }
}

impl Resyncs {
    /// These changes become durable; `invoices` are as they were before.
    pub fn commit(&mut self, writes: &[Write], invoices: &BTreeMap<InvoiceId, Invoice>) {
        for write in writes {
            if let Write::Invoice(row) = write
                && let Some(before) = invoices.get(&row.id)
            {
                kept(before, row);
            }
        }
        for write in writes {
            if let Write::Operation(operation) = write
                && operation.kind == JobKind::Refresh.label()
            {
                self.operation(operation, writes, invoices);
            }
        }
    }

    fn operation(&mut self, operation: &Operation, writes: &[Write], invoices: &BTreeMap<InvoiceId, Invoice>) {
        let Some(before) = operation.invoice.and_then(|id| invoices.get(&id)) else {
            return;
        };
        let name = operation.id.to_string();
        if !operation.state.is_final() {
            self.open.entry(name).or_insert_with(|| (before.id, copy_of(before)));
            return;
        }
        let Some((id, began)) = self.open.remove(&name) else {
            return;
        };
        let after = writes.iter().rev().find_map(|write| match write {
            Write::Invoice(row) if row.id == id => Some(copy_of(row)),
            _ => None,
        });
        let now = after.unwrap_or_else(|| copy_of(before));
        // Another reading may have brought a newer version meanwhile.
        let is_newer = now.version > began.version;
        let has_failed = operation.state == OperationState::Failed;
        assert!(
            !has_failed || is_newer || now == began,
            "19: a re-sync of {} failed and left another copy",
            before.host_ref
        );
    }
}

/// What a person said of an alert or a variance stays said.
fn kept(before: &Invoice, after: &Invoice) {
    let name = &before.host_ref;
    for alert in before.back.alerts.iter().filter(|alert| alert.acknowledged.is_some()) {
        assert!(
            after.back.alerts.contains(alert),
            "20: what a person acknowledged of {name} is open again: {alert:?}"
        );
    }
    let Some(said) = before.back.variance.as_ref().filter(|said| said.acknowledged.is_some()) else {
        return;
    };
    let is_same = |now: &&counterfoil::model::row::Variance| now.differences == said.differences;
    let now = after.back.variance.as_ref().filter(is_same);
    assert!(
        now.is_none_or(|now| now.acknowledged == said.acknowledged),
        "20: a person acknowledged the variance of {name}, and it is open again"
    );
}

/// What an event may change, as far as it can be told before it is handled.
pub struct Before {
    has_failed: bool,
    is_set: bool,
    /// Mappings that people asked for; the chart may be read before one is set.
    ordered: Vec<MappingOrder>,
    /// Contacts that Xero says were merged into another one: what is mapped to them follows.
    merged: Vec<String>,
    settings: counterfoil::model::row::Settings,
}

impl Before {
    pub fn of(event: &Event, settings: &counterfoil::model::row::Settings, ordered: &mut Vec<MappingOrder>) -> Self {
        if let Event::MappingsSet { orders, .. } = event {
            ordered.extend(orders.iter().cloned());
        }
        Self {
            has_failed: matches!(event, Event::Answered { answer, .. } if answer.result.is_err()),
            is_set: matches!(event, Event::SettingsSet { .. }),
            ordered: ordered.clone(),
            merged: merged(event),
            settings: settings.clone(),
        }
    }

    fn is_ordered(&self, kind: MappingKind, key: &str, value: Option<&str>) -> bool {
        let is_it =
            |order: &MappingOrder| (order.kind, order.key.as_str(), order.value.as_deref()) == (kind, key, value);
        self.ordered.iter().any(is_it)
    }

    fn may_follow(&self, mapping: &Mapping, view: &View<'_>) -> bool {
        let before = view.mapping(mapping.kind, &mapping.key).expect("rows can be read");
        mapping.kind == MappingKind::Contacts && before.is_some_and(|before| self.merged.contains(&before.value))
    }

    /// What was decided; `view` shows the rows as they are before it.
    pub fn judge(&self, effects: &[Effect], view: &View<'_>) {
        let writes = effects.iter().filter_map(|effect| match effect {
            Effect::Persist(writes) => Some(writes),
            _ => None,
        });
        for write in writes.flatten() {
            match write {
                Write::Invoice(row) if self.has_failed => {
                    let before = view.invoice(row.id).expect("rows can be read");
                    assert!(
                        before.is_none_or(|before| copy_of(&before) == copy_of(row)),
                        "19: a reading failed and changed the copy of {}",
                        row.host_ref
                    );
                }
                Write::Mapping(mapping) => {
                    assert!(
                        self.is_ordered(mapping.kind, &mapping.key, Some(&mapping.value))
                            || self.may_follow(mapping, view),
                        "20: the mapping of {} was changed by nobody",
                        mapping.key
                    );
                }
                Write::DropMapping(_, kind, key) => {
                    assert!(
                        self.is_ordered(*kind, key, None),
                        "20: the mapping of {key} was taken away by nobody"
                    );
                }
                Write::Tenant(tenant) => {
                    assert!(
                        self.is_set || tenant.settings == self.settings,
                        "20: settings were changed by nobody"
                    );
                }
                _ => {}
            }
        }
    }
}

fn merged(event: &Event) -> Vec<String> {
    let Event::Changes { found, .. } = event else {
        return Vec::new();
    };
    let contacts = found.iter().filter_map(|change| match change {
        Change::Contact(change) => Some(&change.contact),
        _ => None,
    });
    let merged = contacts.filter(|contact| contact.merged_into.is_some());
    merged.map(|contact| contact.id.to_string()).collect()
}
