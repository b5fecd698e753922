//! How a run ended, as far as anybody can tell: what hosts see, what Xero has, what the feed said.

use std::collections::BTreeMap;

use counterfoil::model::connection::ConnectionState;
use counterfoil::model::ids::Marker;
use counterfoil::model::reason::ReasonCode;
use counterfoil::model::row::{Badge, OperationState};
use counterfoil::sandbox::books::{Books, Invoice, InvoiceStatus, Kind};
use rust_decimal::Decimal;

use crate::simulation::Simulation;

/// The end of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    pub connection: ConnectionState,
    pub documents: BTreeMap<String, Document>,
    /// Names of all contacts in Xero.
    pub contacts: Vec<String>,
    /// Documents in Xero that belong to none of these.
    pub strays: usize,
}

/// One document, here and in Xero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    pub badge: Option<Badge>,
    pub reason: Option<ReasonCode>,
    /// How the last operation ended.
    pub operation: Option<OperationState>,
    /// Those that carry its marker.
    pub in_xero: Vec<InXero>,
    pub is_linked: bool,
}

/// A document as Xero has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InXero {
    pub kind: Kind,
    pub number: String,
    pub status: InvoiceStatus,
    pub contact: String,
    pub total: Decimal,
    pub lines: Vec<(String, Option<Decimal>, Option<Decimal>, String)>,
    pub dates: String,
}

impl Outcome {
    pub fn of(simulation: &Simulation) -> Self {
        let promises = &simulation.promises;
        promises.compare(&simulation.reader);
        let books = simulation.wire.world.books(simulation.wire.tenant).expect("the books");
        assert_told(simulation);
        let mut documents = BTreeMap::new();
        for row in promises.invoices.values() {
            let ours: Vec<&Invoice> = books
                .invoices()
                .iter()
                .filter(|found| found.url.as_deref().and_then(Marker::find) == Some(row.marker))
                .collect();
            let linked = row.link.as_ref().map(|link| link.xero_id.0);
            assert!(
                linked.is_none_or(|id| ours.iter().any(|found| found.id == id)),
                "9: {} is linked to something else",
                row.host_ref
            );
            let operations = promises
                .operations
                .values()
                .filter(|operation| operation.invoice == Some(row.id));
            let document = Document {
                badge: row.sync.badge,
                reason: row.sync.reason.as_ref().map(|reason| reason.code),
                operation: operations
                    .max_by_key(|operation| operation.created_at)
                    .map(|operation| operation.state),
                in_xero: ours.iter().map(|found| in_xero(books, found)).collect(),
                is_linked: linked.is_some(),
            };
            documents.insert(row.host_ref.clone(), document);
        }
        let found = documents.values().map(|document| document.in_xero.len()).sum::<usize>();
        let mut contacts: Vec<String> = books.contacts().iter().map(|contact| contact.name.clone()).collect();
        contacts.sort();
        Self {
            connection: promises.tenant.connection.state,
            documents,
            contacts,
            strays: books.invoices().len() - found,
        }
    }

    /// Documents that are red here and not in the other.
    pub fn redder_than<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = (&'a str, ReasonCode)> {
        self.documents.iter().filter_map(|(name, document)| {
            let expected = other.documents.get(name).and_then(|document| document.reason);
            let reason = document.reason.filter(|reason| Some(*reason) != expected)?;
            Some((name.as_str(), reason))
        })
    }

    /// The same, whatever operations people had to start. Where the host takes a document back, it may
    /// be in time: then it never comes to Xero.
    pub fn is_like(&self, other: &Self, may_be_spared: bool) -> bool {
        let mut same = self.clone();
        for (name, document) in &mut same.documents {
            let Some(expected) = other.documents.get(name) else {
                continue;
            };
            if expected.operation.is_none() {
                document.operation = None;
            }
            let is_gone = expected.in_xero.iter().all(|found| found.status.is_cancelled());
            if may_be_spared && is_gone && document.was_never_sent() {
                *document = expected.clone();
            }
        }
        same == *other
    }
}

impl Document {
    const fn was_never_sent(&self) -> bool {
        self.badge.is_none() && self.reason.is_none() && self.in_xero.is_empty() && !self.is_linked
    }
}

fn in_xero(books: &Books, found: &Invoice) -> InXero {
    let contact = books.contacts().get(found.contact);
    let line = |line: &counterfoil::sandbox::books::Line| {
        (
            line.description.clone().unwrap_or_default(),
            line.quantity,
            line.unit_amount,
            line.account_code.clone().unwrap_or_default(),
        )
    };
    InXero {
        kind: found.kind,
        number: found.number.clone(),
        status: found.status,
        contact: contact.map_or_else(String::new, |contact| contact.name.clone()),
        total: found.total,
        lines: found.lines.iter().map(line).collect(),
        dates: format!("{} {:?}", found.date, found.due_date),
    }
}

/// 31: the feed has no gap, and the last that it said of each document is how it stands.
fn assert_told(simulation: &Simulation) {
    let reader = &simulation.reader;
    let (mut after, mut last) = (0, BTreeMap::new());
    loop {
        let page = reader.events(after, 1_000, None).unwrap();
        if page.events.is_empty() {
            break;
        }
        for (seq, event) in page.events {
            assert_eq!(seq, after + 1, "31: the feed has a gap");
            after = seq;
            if let Some(name) = event.data["host_ref"].as_str() {
                last.insert(name.to_owned(), event.data.clone());
            }
        }
    }
    for row in simulation.promises.invoices.values() {
        let name = &row.host_ref;
        let said = last
            .get(name)
            .unwrap_or_else(|| panic!("37: nothing was told of {name}"));
        let state = row.sync.badge.map(Badge::state);
        assert_eq!(said["sync_state"].as_str(), state, "31: {name} was told otherwise last");
        let link = row.link.as_ref().map(|link| link.xero_id.to_string());
        assert_eq!(
            said["xero_invoice_id"].as_str(),
            link.as_deref(),
            "31: {name} was told another link"
        );
        let reason = row.sync.reason.as_ref().map(|reason| reason.code.code());
        assert_eq!(
            said["reason"]["code"].as_str(),
            reason,
            "31: {name} was told another reason"
        );
    }
}
