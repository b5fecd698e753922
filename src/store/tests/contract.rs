//! What every store promises.

use std::collections::BTreeMap;
use std::ops::Bound;

use proptest::prelude::*;

use super::subject::{Folder, batch, delete, document, everything, memory, put, with_event};
use crate::store::keys::{EVENTS, MAX_VALUE_BYTES, event_key, event_parts};
use crate::store::kv::{Batch, Direction, EventDraft, EventRange, Pace, Scan, Store, Urgency};
use crate::store::{StoreError, keys};

macro_rules! contract {
    ($($name:ident),* $(,)?) => {
        mod on_disk { $(#[test] fn $name() { let folder = super::Folder::new(); super::$name(&folder.open().0); })* }
        mod in_memory { $(#[test] fn $name() { super::$name(&super::memory()); })* }
    };
}

contract!(
    rows_are_read_back,
    scans_go_both_ways,
    derived_rows_follow,
    later_batches_see_earlier_ones,
    events_are_numbered_without_gaps,
    refusals_change_nothing,
    large_values_come_back_whole,
    writing_the_same_again_is_no_record,
    reopening_keeps_everything,
    an_export_can_be_imported,
    closed_means_closed,
    schema_can_be_raised,
);

fn rows_are_read_back(store: &dyn Store) {
    store
        .commit(&[batch(vec![put([4, 1], "one"), put([4, 2], "two"), delete([4, 1])])])
        .unwrap();
    assert_eq!(store.get(&[4, 1]).unwrap(), None);
    assert_eq!(store.get(&[4, 2]).unwrap(), Some(b"two".to_vec()));
    store.maintain(Pace::Idle).unwrap();
    assert_eq!(store.get(&[4, 2]).unwrap(), Some(b"two".to_vec()));
    store.commit(&[batch(vec![delete([4, 2])])]).unwrap();
    assert_eq!(store.get(&[4, 2]).unwrap(), None);
    store.maintain(Pace::Idle).unwrap();
    assert_eq!(store.get(&[4, 2]).unwrap(), None);
}

fn scans_go_both_ways(store: &dyn Store) {
    // Half in the indexed state, half in the layer above, with one removal and one overwrite.
    store
        .commit(&[batch((0..10).map(|n| put([5, n * 2], vec![n])).collect())])
        .unwrap();
    store.maintain(Pace::Idle).unwrap();
    store
        .commit(&[batch((0..10).map(|n| put([5, n * 2 + 1], vec![n])).collect())])
        .unwrap();
    store
        .commit(&[batch(vec![delete([5, 4]), put([5, 6], "new"), put([6], "beyond")])])
        .unwrap();
    let keys = |scan: Scan| {
        store
            .scan(&scan)
            .unwrap()
            .iter()
            .map(|(key, _)| key[1])
            .collect::<Vec<_>>()
    };
    assert_eq!(keys(Scan::forward([5], 6)), [0, 1, 2, 3, 5, 6]);
    assert_eq!(keys(Scan::forward([5], 3).beyond([5, 6])), [7, 8, 9]);
    assert_eq!(keys(Scan::backward([5], 3)), [19, 18, 17]);
    assert_eq!(keys(Scan::backward([5], 3).beyond([5, 5])), [3, 2, 1]);
    assert_eq!(keys(Scan::forward([5], 3).beyond([1])), [0, 1, 2]);
    assert_eq!(keys(Scan::backward([5], 2).beyond([9])), [19, 18]);
    assert!(keys(Scan::forward([5], 3).beyond([9])).is_empty());
    assert!(keys(Scan::backward([5], 3).beyond([1])).is_empty());
    assert!(keys(Scan::forward([5], 0)).is_empty());
    assert_eq!(store.scan(&Scan::forward([5, 6], 1)).unwrap()[0].1, b"new");
}

fn derived_rows_follow(store: &dyn Store) {
    let key = document(1, 1);
    store
        .commit(&[batch(vec![put(key.clone(), "a"), put(document(1, 2), "b")])])
        .unwrap();
    assert_eq!(store.get(&[3, 1]).unwrap(), Some(2_i64.to_be_bytes().to_vec()));
    assert_eq!(store.scan(&Scan::forward([2, b'a'], 9)).unwrap().len(), 1);
    store.commit(&[batch(vec![put(key.clone(), "b")])]).unwrap();
    assert!(store.scan(&Scan::forward([2, b'a'], 9)).unwrap().is_empty());
    assert_eq!(store.scan(&Scan::forward([2, b'b'], 9)).unwrap().len(), 2);
    store
        .commit(&[batch(vec![delete(key), delete(document(1, 2))])])
        .unwrap();
    assert_eq!(store.get(&[3, 1]).unwrap(), None, "a counter at zero has no row");
    assert!(store.scan(&Scan::forward([2], 9)).unwrap().is_empty());
    assert!(
        store.scan(&Scan::forward([keys::DIGESTS], 9)).unwrap().is_empty(),
        "an empty group has no digest"
    );
}

fn later_batches_see_earlier_ones(store: &dyn Store) {
    let key = document(2, 1);
    let batches = [
        batch(vec![put(key.clone(), "a")]),
        batch(vec![put(key.clone(), "b"), put(document(2, 2), "b")]),
        batch(vec![delete(key)]),
    ];
    store.commit(&batches).unwrap();
    assert_eq!(store.get(&[3, 2]).unwrap(), Some(1_i64.to_be_bytes().to_vec()));
    assert_eq!(store.scan(&Scan::forward([2], 9)).unwrap().len(), 1);
}

fn events_are_numbered_without_gaps(store: &dyn Store) {
    let first = store
        .commit(&[with_event(vec![], "a"), batch(vec![]), with_event(vec![], "b")])
        .unwrap();
    let range = |n| Some(EventRange { first: n, last: n });
    assert_eq!(first.events, [range(1), None, range(2)]);
    assert_eq!(first.last_event, 2);
    let (tenant, payload) = event_parts(&store.get(&event_key(2)).unwrap().unwrap())
        .map(|(t, p)| (t, p.to_vec()))
        .unwrap();
    assert_eq!((tenant, payload.as_slice()), ([9; 16], b"b".as_slice()));
    // Events may be removed, all of them, and numbers go on.
    store
        .commit(&[batch(vec![delete(event_key(1)), delete(event_key(2))])])
        .unwrap();
    store.reopen().unwrap();
    assert_eq!(store.stats().last_event, 2);
    assert_eq!(store.commit(&[with_event(vec![], "c")]).unwrap().events, [range(3)]);
    assert_eq!(store.scan(&Scan::forward([EVENTS], 9)).unwrap().len(), 1);
}

fn refusals_change_nothing(store: &dyn Store) {
    store.commit(&[batch(vec![put([3, 9], "no counter")])]).unwrap();
    let before = everything(store);
    let good = with_event(vec![put([4, 1], "x")], "e");
    let refused = |bad: Batch| store.commit(&[good.clone(), bad]).unwrap_err();
    let large = vec![0; MAX_VALUE_BYTES + 1];
    assert!(matches!(
        refused(batch(vec![put([4], large.clone())])),
        StoreError::TooLarge { what: "value", .. }
    ));
    assert!(matches!(
        refused(batch(vec![put(vec![4; 2000], "")])),
        StoreError::TooLarge { what: "key", .. }
    ));
    assert!(matches!(
        refused(batch(vec![put(event_key(1), "")])),
        StoreError::ReservedKey { .. }
    ));
    assert!(matches!(
        refused(batch(vec![put([keys::META, b'e'], "")])),
        StoreError::ReservedKey { .. }
    ));
    assert!(matches!(
        refused(batch(vec![delete(Vec::new())])),
        StoreError::ReservedKey { .. }
    ));
    assert!(matches!(
        refused(batch(vec![put(document(9, 1), "")])),
        StoreError::Counter { .. }
    ));
    let events = vec![EventDraft {
        tenant: [0; 16],
        payload: large,
    }];
    let event = Batch {
        ops: vec![],
        events,
        urgency: Urgency::Result,
    };
    assert!(refused(event).is_about_one_batch());
    assert_eq!(everything(store), before);
    assert_eq!(store.stats().last_event, 0);
}

fn large_values_come_back_whole(store: &dyn Store) {
    let value = |len: usize, salt: usize| {
        (0..len)
            .map(|n| u8::try_from((n * 31 + salt) % 251).unwrap())
            .collect::<Vec<u8>>()
    };
    for (round, len) in [10, 16 * 1024, 16 * 1024 + 1, 100_000, MAX_VALUE_BYTES, 20_000, 5]
        .into_iter()
        .enumerate()
    {
        store
            .commit(&[batch(vec![put([4, 4], value(len, round)), put([4, 5], "next")])])
            .unwrap();
        for _ in 0..2 {
            assert_eq!(store.get(&[4, 4]).unwrap(), Some(value(len, round)));
            assert_eq!(store.scan(&Scan::forward([4], 9)).unwrap().len(), 2);
            store.maintain(Pace::Idle).unwrap();
        }
    }
    let rows = everything(store).len();
    store.commit(&[batch(vec![delete([4, 4])])]).unwrap();
    store.reopen().unwrap();
    assert_eq!(everything(store).len(), rows - 1);
}

fn writing_the_same_again_is_no_record(store: &dyn Store) {
    let first = store.commit(&[batch(vec![put(document(1, 1), "a")])]).unwrap();
    let again = store
        .commit(&[batch(vec![put(document(1, 1), "a"), delete(document(1, 9))])])
        .unwrap();
    assert_eq!(first.seq, again.seq);
    assert_eq!(store.commit(&[]).unwrap().seq, first.seq);
}

fn reopening_keeps_everything(store: &dyn Store) {
    for n in 0..50 {
        store
            .commit(&[with_event(vec![put(document(1, n), vec![1; 3000])], "e")])
            .unwrap();
        if n == 30 {
            store.maintain(Pace::Idle).unwrap();
        }
    }
    let before = everything(store);
    store.reopen().unwrap();
    assert_eq!(everything(store), before);
    assert_eq!(store.commit(&[with_event(vec![], "e")]).unwrap().last_event, 51);
}

fn an_export_can_be_imported(store: &dyn Store) {
    for n in 0..40 {
        store
            .commit(&[with_event(vec![put(document(1, n), vec![1; 1000])], "e")])
            .unwrap();
    }
    let mut backup = Vec::new();
    store.export(&mut backup).unwrap();
    let of = |store: &dyn Store| {
        let mut rows = everything(store);
        rows.retain(|(key, _)| *key != keys::EPOCH);
        rows
    };
    let folder = Folder::new();
    let targets: [&dyn Store; 2] = [&folder.open().0, &memory()];
    for target in targets {
        target.import(&mut backup.as_slice(), [8; 16]).unwrap();
        assert_eq!(of(target), of(store));
        assert_eq!(target.epoch(), [8; 16]);
        assert_eq!(target.commit(&[with_event(vec![], "e")]).unwrap().last_event, 41);
        target.reopen().unwrap();
        assert_eq!(target.epoch(), [8; 16]);
        assert!(matches!(
            target.import(&mut backup.as_slice(), [9; 16]),
            Err(StoreError::NotEmpty)
        ));
    }
    assert_ne!(store.epoch(), [8; 16]);
    // No byte of a backup may be lost or changed unnoticed.
    for at in (0..backup.len()).step_by(97) {
        let mut bad = backup.clone();
        bad[at] ^= 0x10;
        assert!(memory().import(&mut bad.as_slice(), [8; 16]).is_err(), "flip at {at}");
        assert!(memory().import(&mut &backup[..at], [8; 16]).is_err(), "cut at {at}");
    }
}

fn closed_means_closed(store: &dyn Store) {
    store.close().unwrap();
    store.close().unwrap();
    assert!(matches!(store.get(&[1]), Err(StoreError::Closed)));
    assert!(matches!(store.scan(&Scan::forward([1], 1)), Err(StoreError::Closed)));
    assert!(matches!(store.commit(&[]), Err(StoreError::Closed)));
    assert!(matches!(store.reopen(), Err(StoreError::Closed)));
}

fn schema_can_be_raised(store: &dyn Store) {
    assert_eq!(store.stats().schema, 1);
    store.raise_schema(1).unwrap();
    assert_eq!(store.stats().schema, 1);
}

#[derive(Debug, Clone)]
enum Step {
    Commit(Vec<Batch>),
    Idle,
    Reopen,
    Check {
        prefix: Vec<u8>,
        after: Option<Vec<u8>>,
        limit: usize,
        direction: Direction,
    },
}

fn key() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        (1_u8..=2, 0_u32..12).prop_map(|(group, id)| document(group, id)),
        (4_u8..=5, 0_u8..12).prop_map(|(table, id)| vec![table, id]),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let value = prop_oneof![4 => prop::collection::vec(any::<u8>(), 0..8), 1 => (15_000_usize..40_000).prop_map(|len| vec![5; len])];
    let op = prop_oneof![3 => (key(), value).prop_map(|(key, value)| put(key, value)), 1 => key().prop_map(delete)];
    let batch = (prop::collection::vec(op, 0..6), 0_u8..3).prop_map(|(ops, events)| {
        let events = (0..events)
            .map(|n| EventDraft {
                tenant: [n; 16],
                payload: vec![n],
            })
            .collect();
        Batch {
            ops,
            events,
            urgency: Urgency::NewWork,
        }
    });
    let direction = prop_oneof![Just(Direction::Forward), Just(Direction::Backward)];
    let prefix = prop_oneof![
        Just(vec![1]),
        Just(vec![1, 2]),
        Just(vec![2]),
        Just(vec![4]),
        Just(Vec::new())
    ];
    prop_oneof![
        6 => prop::collection::vec(batch, 0..4).prop_map(Step::Commit),
        2 => Just(Step::Idle),
        1 => Just(Step::Reopen),
        4 => (prefix, prop::option::of(key()), 0_usize..8, direction)
            .prop_map(|(prefix, after, limit, direction)| Step::Check { prefix, after, limit, direction }),
    ]
}

/// What the rows ought to be, worked out the slow way.
#[derive(Default)]
struct Model {
    rows: BTreeMap<Vec<u8>, Vec<u8>>,
    events: u64,
}

impl Model {
    fn commit(&mut self, batches: &[Batch]) {
        use crate::store::kv::Op;
        for batch in batches {
            for op in &batch.ops {
                match op {
                    Op::Put { key, value } => drop(self.rows.insert(key.clone(), value.clone())),
                    Op::Delete { key } => drop(self.rows.remove(key)),
                }
            }
            for event in &batch.events {
                self.events += 1;
                self.rows
                    .insert(event_key(self.events), [&event.tenant[..], &event.payload].concat());
            }
        }
        let documents: Vec<_> = self
            .rows
            .iter()
            .filter(|(key, _)| key[0] == 1)
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect();
        self.rows.retain(|key, _| key[0] != 2 && key[0] != 3);
        let mut counts: BTreeMap<u8, i64> = BTreeMap::new();
        for (key, value) in documents {
            *counts.entry(key[1]).or_default() += 1;
            self.rows.insert(
                [&[2, value.first().copied().unwrap_or(0)], &key[..]].concat(),
                Vec::new(),
            );
        }
        self.rows.extend(
            counts
                .into_iter()
                .map(|(group, n)| (vec![3, group], n.to_be_bytes().to_vec())),
        );
    }

    fn scan(
        &self,
        prefix: &[u8],
        after: Option<&Vec<u8>>,
        limit: usize,
        direction: Direction,
    ) -> Vec<(Vec<u8>, Vec<u8>)> {
        let low = self
            .rows
            .range::<Vec<u8>, _>((Bound::Included(prefix.to_vec()), Bound::Unbounded));
        let rows = low
            .filter(|(key, _)| key.starts_with(prefix))
            .map(|(k, v)| (k.clone(), v.clone()));
        match direction {
            Direction::Forward => rows
                .filter(|(key, _)| after.is_none_or(|after| key > after))
                .take(limit)
                .collect(),
            Direction::Backward => {
                let mut rows: Vec<_> = rows.filter(|(key, _)| after.is_none_or(|after| key < after)).collect();
                rows.reverse();
                rows.truncate(limit);
                rows
            }
        }
    }
}

fn agrees_with_the_model(store: &dyn Store, steps: &[Step]) {
    let mut model = Model::default();
    for step in steps {
        match step {
            Step::Commit(batches) => {
                model.commit(batches);
                assert_eq!(store.commit(batches).unwrap().last_event, model.events);
            }
            Step::Idle => drop(store.maintain(Pace::Idle).unwrap()),
            Step::Reopen => drop(store.reopen().unwrap()),
            Step::Check {
                prefix,
                after,
                limit,
                direction,
            } => {
                let scan = Scan {
                    prefix: prefix.clone(),
                    after: after.clone(),
                    limit: *limit,
                    direction: *direction,
                };
                let mut found = store.scan(&scan).unwrap();
                let mut expected = model.scan(prefix, after.as_ref(), *limit, *direction);
                if prefix.is_empty() {
                    // The store's own rows stand at one end of such a scan.
                    found.retain(|(key, _)| key[0] < keys::DIGESTS);
                    expected.truncate(found.len());
                }
                assert_eq!(found, expected);
            }
        }
    }
    let mut rows = everything(store);
    rows.retain(|(key, _)| key[0] < keys::DIGESTS);
    assert_eq!(rows, model.rows.clone().into_iter().collect::<Vec<_>>());
    for key in model.rows.keys() {
        assert_eq!(store.get(key).unwrap().as_ref(), model.rows.get(key));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_steps_on_disk(steps in prop::collection::vec(step(), 1..24)) {
        let folder = Folder::new();
        let mut options = folder.options();
        // Small steps, so that commits fall between the moves of two rows.
        options.move_step_bytes = 30;
        options.recent_bytes = 150_000;
        agrees_with_the_model(&folder.try_open(options).unwrap().0, &steps);
    }

    #[test]
    fn random_steps_in_memory(steps in prop::collection::vec(step(), 1..40)) {
        agrees_with_the_model(&memory(), &steps);
    }

    #[test]
    fn both_stores_hold_the_same_rows(steps in prop::collection::vec(step(), 1..16)) {
        let (folder, twin) = (Folder::new(), memory());
        let (disk, _) = folder.open();
        for step in &steps {
            if let Step::Commit(batches) = step {
                prop_assert_eq!(disk.commit(batches).unwrap(), twin.commit(batches).unwrap());
            }
        }
        prop_assert_eq!(everything(&disk), everything(&twin));
    }
}
