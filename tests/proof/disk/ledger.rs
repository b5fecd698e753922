//! What a host knows: what it wrote and what was acknowledged. The plain model of a store.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use counterfoil::model::document::Draft;
use counterfoil::model::ids::{EventId, InvoiceId, Marker, TenantId, XeroTenantId};
use counterfoil::model::row::{Back, Badge, CallMinute, Chart, Event, Invoice, Mapping, MappingKind, Sync};
use counterfoil::model::time::Timestamp;
use counterfoil::model::write::Write;
use counterfoil::store::reader::Reader;
use counterfoil::store::rows::{Rows, batch, keys};
use counterfoil::store::{Batch, MemStore, Scan, Store, Urgency};
use serde_json::json;
use uuid::Uuid;

pub const FRESH: [u8; 16] = [7; 16];
pub const SCHEMA: u32 = 1;
const AT: Timestamp = Timestamp(1_767_312_123_457);
/// Some 100 bytes each.
const CHART_ACCOUNTS: u32 = if cfg!(debug_assertions) { 250 } else { 900 };
/// Documents that are written again and again.
const DOCUMENTS: u64 = 40;

/// Everything written so far, record by record.
pub struct Ledger {
    tenant: TenantId,
    /// Whether every tenth record is a large one.
    has_charts: bool,
    /// Documents as they were acknowledged last.
    documents: BTreeMap<InvoiceId, Invoice>,
    events: u64,
    /// The same commits in memory, for the rows a host does not see.
    twin: MemStore,
    /// A hash over all rows after each record; the first record is the creation of the store.
    prints: Vec<u64>,
}

impl Ledger {
    pub fn new() -> Self {
        let twin = MemStore::new(Arc::new(Rows), FRESH, SCHEMA);
        let prints = vec![print(&twin)];
        Self {
            tenant: TenantId::from_parts(1, 1),
            has_charts: false,
            documents: BTreeMap::new(),
            events: 0,
            twin,
            prints,
        }
    }

    /// One in which every tenth record is a chart of accounts, large enough to be kept in chunks.
    pub fn with_charts() -> Self {
        Self {
            has_charts: true,
            ..Self::new()
        }
    }

    /// Records acknowledged.
    pub fn acknowledged(&self) -> u64 {
        self.prints.len() as u64
    }

    /// What is written as record `n`: a document with its event, the stamp of a call, a mapping. Some
    /// 250 bytes to some 3 KB in the journal, as the daemon writes them.
    pub fn writes(&self, n: u64) -> Vec<Write> {
        if self.has_charts && n.is_multiple_of(10) {
            return vec![Write::Chart(Box::new(chart(self.tenant, n)))];
        }
        match n % 4 {
            0 | 2 => {
                let invoice = self.invoice(n);
                let event = Event {
                    id: EventId::from_parts(n, 6),
                    tenant: self.tenant,
                    event_type: "invoice.synced".to_owned(),
                    timestamp: AT.plus_ms(i64::try_from(n).unwrap()),
                    data: json!({"id": invoice.id.to_string(), "rev": invoice.rev}),
                };
                vec![Write::Invoice(Box::new(invoice)), Write::Event(Box::new(event))]
            }
            1 => vec![Write::Calls(CallMinute {
                tenant: self.tenant,
                minute: i64::try_from(n / 8).unwrap(),
                sent: u32::try_from(n % 60).unwrap(),
                answered: (0..n % 12).map(|at| AT.0 + i64::try_from(at).unwrap()).collect(),
                not_before: None,
            })],
            _ => vec![Write::Mapping(Box::new(Mapping {
                tenant: self.tenant,
                kind: MappingKind::NominalCodes,
                key: format!("{}", 4000 + n % 30),
                value: format!("{}", 200 + n),
                set_at: AT,
            }))],
        }
    }

    pub fn batch(&self, n: u64) -> Batch {
        batch(&self.writes(n), Urgency::NewWork).unwrap()
    }

    /// Record `n` was acknowledged.
    pub fn acknowledge(&mut self, n: u64) {
        assert_eq!(n, self.acknowledged() + 1, "records are acknowledged in order");
        self.twin.commit(&[self.batch(n)]).unwrap();
        for write in self.writes(n) {
            match write {
                Write::Invoice(invoice) => drop(self.documents.insert(invoice.id, *invoice)),
                Write::Event(_) => self.events += 1,
                _ => {}
            }
        }
        self.prints.push(print(&self.twin));
    }

    /// How many records a store holds; `None` when it holds what never was.
    pub fn records_in(&self, store: &dyn Store) -> Option<u64> {
        let found = print(store);
        let at = self.prints.iter().rposition(|known| *known == found)?;
        Some(at as u64 + 1)
    }

    /// Whether every acknowledged document, event and row is there, by the eyes of a host.
    #[track_caller]
    pub fn assert_whole(&self, store: &Arc<dyn Store>, what: &str) {
        let reader = Reader::new(Arc::clone(store));
        for (id, acknowledged) in &self.documents {
            let found = reader.invoice(self.tenant, *id).unwrap();
            assert_eq!(found.as_ref(), Some(acknowledged), "{what}");
        }
        assert_eq!(reader.feed_end().unwrap(), self.events, "{what}");
        let badges = reader.counts(self.tenant).unwrap();
        assert_eq!(badges.total(), self.documents.len() as u64, "{what}");
        let wrong = self.wrong_rows(&**store);
        assert!(
            wrong.is_empty(),
            "{what}: rows that are missing, strange or old: {wrong:#?}"
        );
    }

    /// Keys of the rows in which a store differs from what was acknowledged.
    fn wrong_rows(&self, store: &dyn Store) -> Vec<String> {
        let all = |store: &dyn Store| -> BTreeMap<_, _> {
            let rows = store.scan(&Scan::forward(Vec::new(), usize::MAX)).unwrap();
            rows.into_iter().collect()
        };
        let (expected, found) = (all(&self.twin), all(store));
        let keys: BTreeSet<_> = expected.keys().chain(found.keys()).collect();
        let wrong = keys.into_iter().filter(|key| expected.get(*key) != found.get(*key));
        wrong.map(|key| keys::describe(key)).collect()
    }

    fn invoice(&self, n: u64) -> Invoice {
        let number = n / 2 % DOCUMENTS;
        let host_ref = format!("SO-{number}");
        let id = InvoiceId::from_parts(number + 1, 0xAB);
        let before = self.documents.get(&id);
        Invoice {
            id,
            tenant: self.tenant,
            marker: Marker::derive(XeroTenantId(Uuid::from_u128(9)), &host_ref, 0),
            host_ref,
            rev: before.map_or(1, |before| before.rev + 1),
            version: before.map_or(1, |before| before.version + 1),
            draft: draft(number, n),
            accepted_at: AT,
            updated_at: AT.plus_ms(i64::try_from(n).unwrap()),
            sync: Sync {
                badge: [None, Some(Badge::Pending), Some(Badge::Synced)][usize::try_from(n % 3).unwrap()],
                ..Sync::default()
            },
            link: None,
            common: None,
            copy: None,
            sent: None,
            on_request: false,
            create_was_sent: false,
            back: Back::default(),
        }
    }
}

fn draft(number: u64, n: u64) -> Draft {
    let lines: Vec<_> = (0..=n % 5)
        .map(|line| {
            json!({"ref": format!("L{line}"), "description": format!("Work of week {n}, part {line}"),
                "quantity": "2", "unit_price": format!("{}.50", 10 + line), "nominal_code": "4000"})
        })
        .collect();
    let kind = if number.is_multiple_of(2) { "sales" } else { "purchase" };
    let draft = json!({"kind": kind, "number": format!("INV-{number}"),
        "contact": {"ref": format!("C-{}", number % 7), "name": "Acme Ltd"}, "currency": "GBP",
        "issue_date": "2026-01-02", "due_date": "2026-02-01", "host_status": "approved",
        "line_amount_types": "Exclusive", "lines": lines, "reference": format!("PO {n}")});
    serde_json::from_str(&draft.to_string()).unwrap()
}

fn chart(tenant: TenantId, n: u64) -> Chart {
    let accounts: Vec<_> = (0..CHART_ACCOUNTS)
        .map(|code| {
            json!({"code": format!("{code}"), "name": format!("Account {code} as of {n}"),
                "account_type": "REVENUE", "tax_type": "OUTPUT2", "is_active": true})
        })
        .collect();
    let chart = json!({"tenant": tenant, "read_at": AT, "accounts": accounts, "tax_rates": [],
        "organisation": {"name": "Demo Ltd", "base_currency": "GBP", "time_zone": "GMTSTANDARDTIME",
            "short_code": null, "period_lock_date": null, "end_of_year_lock_date": null}});
    serde_json::from_str(&chart.to_string()).unwrap()
}

/// A hash over every row, the store's own included.
fn print(store: &dyn Store) -> u64 {
    let mut hasher = DefaultHasher::new();
    store
        .scan(&Scan::forward(Vec::new(), usize::MAX))
        .unwrap()
        .hash(&mut hasher);
    hasher.finish()
}
