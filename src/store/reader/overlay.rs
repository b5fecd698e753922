//! What was submitted and is not yet acknowledged, so that an actor reads its own writes.

use std::collections::BTreeMap;

use crate::model::ids::{InvoiceId, OperationId, XeroInvoiceId};
use crate::model::mutation::{Rule, is_broken};
use crate::model::row::{Chart, ContactRow, Invoice, Mapping, MappingKind, Operation};
use crate::model::write::Write;

/// The newest unacknowledged version of each row of one tenant.
///
/// Batches of a tenant are submitted, committed and acknowledged in order, so acknowledging one
/// acknowledges those before it. When a batch fails, the overlay is dropped with its machine.
#[derive(Debug, Clone, Default)]
pub struct Overlay {
    pub(super) invoices: Newest<InvoiceId, Invoice>,
    /// Which of these invoices is linked to a document. A link, once set, never changes.
    pub(super) links: Newest<XeroInvoiceId, InvoiceId>,
    pub(super) contacts: Newest<String, ContactRow>,
    pub(super) charts: Newest<(), Chart>,
    /// `None` = taken away.
    pub(super) mappings: Newest<(MappingKind, String), Option<Mapping>>,
    pub(super) operations: Newest<OperationId, Operation>,
}

impl Overlay {
    /// Takes in a batch that was handed to the store. `seq` grows with every batch.
    pub fn submitted(&mut self, seq: u64, writes: Vec<Write>) {
        if is_broken(Rule::ReadYourWrites) {
            return;
        }
        for write in writes {
            match write {
                Write::Invoice(row) => {
                    if let Some(link) = &row.link {
                        self.links.put(seq, link.xero_id, Box::new(row.id));
                    }
                    self.invoices.put(seq, row.id, row);
                }
                Write::Contact(row) => self.contacts.put(seq, row.reference.clone(), row),
                Write::Chart(row) => self.charts.put(seq, (), row),
                Write::Mapping(row) => self
                    .mappings
                    .put(seq, (row.kind, row.key.clone()), Box::new(Some(*row))),
                Write::DropMapping(_, kind, key) => self.mappings.put(seq, (kind, key), Box::new(None)),
                Write::Operation(row) => self.operations.put(seq, row.id, row),
                // The machine holds open work and the tenant itself; nothing reads these here.
                Write::Tenant(_)
                | Write::Intent(_)
                | Write::DropIntent(..)
                | Write::Batch(_)
                | Write::DropBatch(..)
                | Write::Stream(_)
                | Write::Scan(_)
                | Write::DropScan(..)
                | Write::FollowUp(_)
                | Write::DropFollowUp(..)
                | Write::Job(_)
                | Write::DropJob(..)
                | Write::Item(_)
                | Write::Reconciled(_)
                | Write::Audit(_)
                | Write::Calls(_)
                | Write::DropCalls(..)
                | Write::Grant(_)
                | Write::DropGrant(_)
                | Write::Receipt(_)
                | Write::DropReceipt(_)
                | Write::Event(_) => {}
            }
        }
    }

    /// The batch `seq`, and all before it, can be read from the store.
    pub fn acknowledged(&mut self, seq: u64) {
        self.invoices.acknowledged(seq);
        self.links.acknowledged(seq);
        self.contacts.acknowledged(seq);
        self.charts.acknowledged(seq);
        self.mappings.acknowledged(seq);
        self.operations.acknowledged(seq);
    }

    /// Whether every batch was acknowledged.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.invoices.0.is_empty()
            && self.contacts.0.is_empty()
            && self.charts.0.is_empty()
            && self.mappings.0.is_empty()
            && self.operations.0.is_empty()
    }
}

/// Rows by key, each with the batch that wrote it last. A row stays where it was made: one of an
/// invoice is some kilobytes.
#[derive(Debug, Clone)]
pub(super) struct Newest<K, V>(BTreeMap<K, (u64, Box<V>)>);

impl<K, V> Default for Newest<K, V> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<K: Ord, V> Newest<K, V> {
    pub(super) fn get(&self, key: &K) -> Option<&V> {
        self.0.get(key).map(|(_, row)| row.as_ref())
    }

    pub(super) fn has(&self, key: &K) -> bool {
        self.0.contains_key(key)
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = &V> {
        self.0.values().map(|(_, row)| row.as_ref())
    }

    fn put(&mut self, seq: u64, key: K, row: Box<V>) {
        self.0.insert(key, (seq, row));
    }

    fn acknowledged(&mut self, seq: u64) {
        self.0.retain(|_, (written, _)| *written > seq);
    }
}
