//! Damaged rows are errors; rows that changed between two steps of a read are not.

use std::io::{Read, Write as IoWrite};
use std::sync::{Arc, Mutex};

use super::world::World;
use crate::model::document::InvoiceKind;
use crate::model::reason::ReasonCode;
use crate::model::row::Badge;
use crate::model::write::Write;
use crate::store::kv::Rows as RawRows;

use crate::store::reader::{InvoiceQuery, OperationQuery, ReadError, Reader};
use crate::store::rows::tests::samples::{self, AT, invoice_id, tenant_id};
use crate::store::rows::{Row, RowError, Rows, batch, keys};
use crate::store::{
    Batch, Committed, EventDraft, MemStore, Op, OpenReport, Pace, Scan, Stats, Store, StoreError, Upkeep, Urgency,
};

const CODE: ReasonCode = ReasonCode::TooLarge;

fn spoil(world: &World, key: Vec<u8>) {
    let value = b"\x01\x00{}".to_vec();
    world.commit_raw(Batch {
        ops: vec![Op::Put { key, value }],
        ..Batch::default()
    });
}

fn is_damaged<T>(result: Result<T, ReadError>) -> bool {
    matches!(result, Err(ReadError::Row(RowError::Damaged { .. })))
}

#[test]
fn a_number_is_found_without_a_look_at_other_invoices() {
    let world = World::memory();
    let tenant = tenant_id(1);
    let rows = [1, 2, 3].map(|n| samples::invoice(tenant, n));
    world.commit(&rows.clone().map(|row| Write::Invoice(Box::new(row))));
    // A look at them would fail.
    spoil(&world, rows[0].key());
    spoil(&world, rows[2].key());
    let query = InvoiceQuery {
        number: Some("INV-2".to_owned()),
        limit: 10,
        ..InvoiceQuery::default()
    };
    let page = world.reader.invoices(tenant, &query).unwrap();
    assert_eq!(page.next, None);
    assert_eq!(page.invoices, [rows[1].clone()]);
}

#[test]
fn no_list_skips_a_damaged_row() {
    let world = World::memory();
    let tenant = tenant_id(1);
    let red = samples::red(samples::invoice(tenant, 1), CODE, Some("x"));
    world.commit(&[
        Write::Invoice(Box::new(red.clone())),
        Write::Invoice(Box::new(samples::invoice(tenant, 2))),
    ]);
    // The index rows stay as they are, as after a flaw that only hit the row.
    spoil(&world, red.key());
    let reader = &world.reader;
    let query = InvoiceQuery {
        limit: 10,
        ..InvoiceQuery::default()
    };
    assert!(is_damaged(reader.invoice(tenant, red.id)));
    assert!(is_damaged(reader.invoices(tenant, &query)));
    let text = Some("inv".to_owned());
    assert!(is_damaged(reader.invoices(tenant, &InvoiceQuery { text, ..query })));

    for key in [
        keys::tenant(tenant),
        keys::grant(samples::grant().id),
        samples::intent(tenant, 1).key(),
        samples::batch(tenant, 1).key(),
        samples::calls(tenant, 1).key(),
        keys::chart(tenant),
        keys::contact(tenant, "C"),
        samples::mapping(tenant, crate::model::row::MappingKind::TaxRates, "T", "U").key(),
        keys::receipt("r"),
        keys::operation(samples::operation_id(1)),
    ] {
        spoil(&world, key);
    }
    assert!(is_damaged(reader.tenants()));
    assert!(is_damaged(reader.grants()));
    assert!(is_damaged(reader.intents(tenant)));
    assert!(is_damaged(reader.batches(tenant)));
    assert!(is_damaged(reader.calls(tenant)));
    assert!(is_damaged(reader.chart(tenant)));
    assert!(is_damaged(reader.contact(tenant, "C")));
    assert!(is_damaged(
        reader.mappings(tenant, crate::model::row::MappingKind::TaxRates)
    ));
    assert!(is_damaged(reader.receipt("r")));
    assert!(is_damaged(reader.operations(&OperationQuery {
        limit: 1,
        ..OperationQuery::default()
    })));
    let error = reader.tenant(tenant).unwrap_err();
    assert!(
        error.to_string().starts_with(&format!("tenant {tenant} is damaged: ")),
        "{error}"
    );
}

#[test]
fn a_damaged_event_stops_the_feed_with_its_number() {
    let world = World::memory();
    let payload = b"\x01\x00[]".to_vec();
    world.commit(&[Write::Event(Box::new(samples::event(tenant_id(1), 1, AT)))]);
    world.commit_raw(Batch {
        events: vec![EventDraft {
            tenant: [1; 16],
            payload,
        }],
        ..Batch::default()
    });
    assert_eq!(world.reader.events(0, 1, None).unwrap().events.len(), 1);
    let error = world.reader.events(0, 2, None).unwrap_err();
    assert!(error.to_string().starts_with("event 2 is damaged"), "{error}");
    assert!(world.reader.events_sweep(AT.plus_ms(1), 9).is_err());
}

#[test]
fn an_index_row_that_points_astray_is_an_error() {
    let world = World::memory();
    let tenant = tenant_id(1);
    world.commit(&[Write::Invoice(Box::new(samples::invoice(tenant, 1)))]);
    let astray = |prefix: Vec<u8>, n: u64| {
        let key = [prefix.as_slice(), &invoice_id(n).to_bytes()].concat();
        let value = br#"{"k":"sales","n":"x","r":"y","c":"z"}"#.to_vec();
        world.commit_raw(Batch {
            ops: vec![Op::Put { key, value }],
            ..Batch::default()
        });
    };
    let disagrees = |error: ReadError| assert!(matches!(error, ReadError::IndexDisagrees { .. }), "{error}");
    astray(keys::failed_by_reason(tenant, CODE.code()), 1);
    disagrees(world.reader.failed(tenant, CODE, None, None, 10).unwrap_err());
    astray(keys::invoices_by_badge(tenant, Some(Badge::Synced)), 9);
    let query = InvoiceQuery {
        badge: Some(Some(Badge::Synced)),
        limit: 5,
        ..InvoiceQuery::default()
    };
    disagrees(world.reader.invoices(tenant, &query).unwrap_err());
    astray(keys::invoices_by_number(tenant, InvoiceKind::Sales, "N"), 1);
    disagrees(
        world
            .reader
            .invoices_numbered(tenant, InvoiceKind::Sales, "N")
            .unwrap_err(),
    );
    let id = invoice_id(1).to_bytes().to_vec();
    world.commit_raw(Batch {
        ops: vec![Op::Put {
            key: keys::invoice_by_ref(tenant, "nobody"),
            value: id,
        }],
        ..Batch::default()
    });
    disagrees(world.reader.invoice_by_ref(tenant, "nobody").unwrap_err());

    let key = keys::badge_count(tenant, None);
    for value in [vec![1], (-1_i64).to_be_bytes().to_vec()] {
        world.commit_raw(Batch {
            ops: vec![Op::Put {
                key: key.clone(),
                value,
            }],
            ..Batch::default()
        });
        assert!(is_damaged(world.reader.counts(tenant)));
    }
}

/// A store in which a commit comes right before a certain row is read.
struct Racing {
    inner: MemStore,
    before: Mutex<Option<(Vec<u8>, Batch)>>,
}

impl Store for Racing {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let mut before = self.before.lock().unwrap();
        if before.as_ref().is_some_and(|(at, _)| at == key)
            && let Some((_, batch)) = before.take()
        {
            self.inner.commit(&[batch])?;
        }
        self.inner.get(key)
    }

    fn scan(&self, scan: &Scan) -> Result<RawRows, StoreError> {
        self.inner.scan(scan)
    }

    fn commit(&self, batches: &[Batch]) -> Result<Committed, StoreError> {
        self.inner.commit(batches)
    }

    fn maintain(&self, pace: Pace) -> Result<Upkeep, StoreError> {
        self.inner.maintain(pace)
    }

    fn request_snapshot(&self) -> Result<(), StoreError> {
        self.inner.request_snapshot()
    }

    fn reopen(&self) -> Result<OpenReport, StoreError> {
        self.inner.reopen()
    }

    fn epoch(&self) -> [u8; 16] {
        self.inner.epoch()
    }

    fn raise_schema(&self, schema: u32) -> Result<(), StoreError> {
        self.inner.raise_schema(schema)
    }

    fn stats(&self) -> Stats {
        self.inner.stats()
    }

    fn export(&self, out: &mut dyn IoWrite) -> Result<u64, StoreError> {
        self.inner.export(out)
    }

    fn import(&self, from: &mut dyn Read, new_epoch: [u8; 16]) -> Result<(), StoreError> {
        self.inner.import(from, new_epoch)
    }

    fn close(&self) -> Result<(), StoreError> {
        self.inner.close()
    }
}

#[test]
fn a_row_that_changes_while_it_is_looked_up_is_left_out() {
    let tenant = tenant_id(1);
    let inner = MemStore::new(Arc::new(Rows), [7; 16], 1);
    let red = |n| samples::red(samples::invoice(tenant, n), CODE, None);
    let put = |row| batch(&[Write::Invoice(Box::new(row))], Urgency::NewWork).unwrap();
    inner.commit(&[put(red(1)), put(red(2))]).unwrap();
    let released = put(samples::badged(red(1), Some(Badge::Pending)));
    let store = Arc::new(Racing {
        inner,
        before: Mutex::new(Some((red(1).key(), released))),
    });
    let reader = Reader::new(store.clone());
    assert_eq!(reader.failed(tenant, CODE, None, None, 10).unwrap(), vec![red(2)]);
    assert!(store.before.lock().unwrap().is_none(), "the commit came in between");
}
