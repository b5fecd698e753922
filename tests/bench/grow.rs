//! Makes a store large: rows that the daemon itself wrote are multiplied, through the store's own
//! interface, while the daemon is down.

use std::sync::Arc;

use counterfoil::model::ids::{InvoiceId, Marker, TenantId, XeroInvoiceId, XeroTenantId};
use counterfoil::model::row::{Chart, Invoice, Tenant};
use counterfoil::model::write::Write;
use counterfoil::store::marker::current_boot_id;
use counterfoil::store::reader::Reader;
use counterfoil::store::rows::{Rows, batch};
use counterfoil::store::{DiskStore, OpenOptions, Pace, Store, Upkeep, Urgency};
use rustix::process::Signal;
use uuid::Uuid;

use crate::support::House;

/// Rows of one commit.
const COMMIT_ROWS: usize = 500;
/// What the daemon's rows have.
const SCHEMA: u32 = 1;
/// 2026-09-21: where the ids of made rows begin.
const FROM_MS: u64 = 1_790_000_000_000;

/// The store of a daemon that has stopped in good order.
struct Open {
    store: Arc<DiskStore>,
    reader: Reader,
}

impl Open {
    fn of(house: &House) -> Self {
        let boot_id = current_boot_id().unwrap();
        let mut options = OpenOptions::new(house.folder().join("data"), [0; 16], SCHEMA, boot_id);
        // One snapshot at the end instead of many on the way.
        options.snapshot_after_bytes = u64::MAX;
        let (store, _report) = DiskStore::open(options, Arc::new(Rows)).unwrap();
        assert_eq!(store.stats().schema, SCHEMA);
        let store = Arc::new(store);
        let reader = Reader::new(store.clone());
        Self { store, reader }
    }

    fn add(&self, rows: impl Iterator<Item = Write>) {
        let mut rows = rows.peekable();
        while rows.peek().is_some() {
            let some: Vec<Write> = rows.by_ref().take(COMMIT_ROWS).collect();
            self.store.commit(&[batch(&some, Urgency::Result).unwrap()]).unwrap();
            self.store.maintain(Pace::Busy).unwrap();
        }
    }

    fn close(self) {
        self.store.request_snapshot().unwrap();
        while self.store.maintain(Pace::Idle).unwrap() == Upkeep::More {}
        self.store.close().unwrap();
    }
}

/// Stops the daemon in good order, and waits for its end.
pub fn stop(house: &mut House) {
    house.daemon.process.signal(Signal::TERM);
    let status = house.daemon.process.wait(120);
    assert_eq!(status.code(), Some(0), "{status}");
}

/// Adds these organisations of Xero, each like the one there is: connected, with its chart.
pub fn add_tenants(house: &House, theirs: &[XeroTenantId]) {
    let open = Open::of(house);
    let tenant = open.reader.tenants().unwrap().remove(0);
    let chart = open.reader.chart(tenant.id).unwrap().unwrap();
    open.add((0..).zip(theirs).flat_map(|(nth, xero_id)| {
        // The end of an id decides on the thread its tenant lives on.
        let id = TenantId::from_parts(FROM_MS, (nth << 8) | (nth & 0xFF));
        let made = Tenant {
            id,
            xero_id: *xero_id,
            name: format!("Organisation {nth} Ltd"),
            ..tenant.clone()
        };
        let chart = Chart {
            tenant: id,
            ..chart.clone()
        };
        [Write::Tenant(Box::new(made)), Write::Chart(Box::new(chart))]
    }));
    open.close();
}

/// Adds invoices numbered from `from` up to `to` to the one organisation, as copies of those with
/// these references: one of a hundred is a copy of each but the first, all others are of that one.
pub fn add_invoices(house: &House, references: &[&str], from: u64, to: u64) {
    let open = Open::of(house);
    let tenant = open.reader.tenants().unwrap().remove(0);
    let kinds: Vec<Invoice> = references
        .iter()
        .map(|reference| open.reader.invoice_by_ref(tenant.id, reference).unwrap().unwrap())
        .collect();
    let (usual, others) = kinds.split_first().unwrap();
    open.add((from..to).map(|nth| {
        let other = usize::try_from(nth % 100).unwrap();
        let kind = others.get(other).unwrap_or(usual);
        Write::Invoice(Box::new(copy_of(kind, &tenant, nth)))
    }));
    open.close();
}

fn copy_of(kind: &Invoice, tenant: &Tenant, nth: u64) -> Invoice {
    let mut made = kind.clone();
    made.id = InvoiceId::from_parts(FROM_MS + nth, nth.into());
    made.host_ref = format!("GROWN-{nth}");
    made.marker = Marker::derive(tenant.xero_id, &made.host_ref, 1);
    made.draft.number = format!("GROWN-{nth}");
    let xero_id = XeroInvoiceId(Uuid::from_u128((1 << 64) | u128::from(nth)));
    if let Some(link) = &mut made.link {
        link.xero_id = xero_id;
    }
    if let Some(copy) = &mut made.copy {
        copy.id = xero_id;
        copy.number.clone_from(&made.draft.number);
    }
    if let Some(common) = &mut made.common {
        common.xero.id = xero_id;
        common.xero.number.clone_from(&made.draft.number);
        common.draft.number.clone_from(&made.draft.number);
    }
    made
}
