//! What the index says of its own rows.

use super::subject::{Folder, batch, delete, document, everything, put};
use crate::store::kv::{Pace, Store};
use crate::store::sledstate::{Applied, SledState, Sync};
use crate::store::{StateReport, StoreError};

const FIRST: Applied = Applied {
    lineage: [1; 16],
    seq: 1,
};

fn change(state: &SledState, key: u8, value: Option<Vec<u8>>) {
    state
        .apply([(&vec![1, key], &value)], Some(FIRST), Sync::EveryPiece)
        .unwrap();
}

fn whole(state: &SledState) -> Result<usize, StoreError> {
    let mut rows = 0;
    state.each_row(&mut |_, _| {
        rows += 1;
        Ok(())
    })?;
    Ok(rows)
}

/// Large values are kept in chunks, small ones are not; each may follow the other.
#[test]
fn the_tally_follows_every_change() {
    let folder = tempfile::tempdir().unwrap();
    let state = SledState::open(folder.path(), 1 << 20).unwrap();
    assert_eq!(whole(&state).unwrap(), 0);
    let sizes = [10, 40_000, 300_000, 17_000, 5, 0, 16_384, 16_385];
    for round in 0..24_usize {
        for key in 0..5_usize {
            let size = sizes[(round * 5 + key * 3) % sizes.len()];
            let value = (size != 5 || round % 2 == 0).then(|| vec![round as u8; size]);
            change(&state, key as u8, value);
            whole(&state).unwrap();
        }
    }
    state.close().unwrap();
    let state = SledState::open(folder.path(), 1 << 20).unwrap();
    whole(&state).unwrap();
    change(&state, 9, Some(vec![1; 100]));
    whole(&state).unwrap();
}

#[test]
fn a_row_that_is_gone_old_or_strange_is_missed() {
    for harm in [
        (|db: &sled::Db, _: sled::IVec| drop(db.remove([1, 3]).unwrap())) as fn(&sled::Db, sled::IVec),
        |db, old| drop(db.insert([1, 3], old).unwrap()),
        |db, old| drop(db.insert([1, 99], old).unwrap()),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let state = SledState::open(folder.path(), 1 << 20).unwrap();
        (0..20).for_each(|key| change(&state, key, Some(vec![key; 50])));
        state.close().unwrap();
        let db = sled::open(folder.path()).unwrap();
        let old = db.get([1, 3]).unwrap().unwrap();
        drop(db);
        let state = SledState::open(folder.path(), 1 << 20).unwrap();
        change(&state, 3, Some(vec![7; 50]));
        whole(&state).unwrap();
        state.close().unwrap();
        let db = sled::open(folder.path()).unwrap();
        harm(&db, old);
        db.flush().unwrap();
        drop(db);
        let state = SledState::open(folder.path(), 1 << 20).unwrap();
        assert!(matches!(whole(&state), Err(StoreError::StateDamaged { .. })));
    }
}

/// A process that is killed between two pieces leaves an index that can be brought up to date: it
/// is not made again.
#[test]
fn a_kill_between_two_pieces_is_only_a_delay() {
    let folder = Folder::new();
    let mut options = folder.options();
    options.move_step_bytes = 30_000;
    let (store, _) = folder.try_open(options).unwrap();
    for round in 0..4_u8 {
        let rows = (0..12).map(|id| {
            let size = if (id as u8 + round).is_multiple_of(3) {
                50_000
            } else {
                200
            };
            put(document(1, id), vec![round; size])
        });
        let mut ops: Vec<_> = rows.collect();
        ops.push(delete(document(1, u32::from(round))));
        store.commit(&[batch(ops)]).unwrap();
        let rows = everything(&store);
        for _ in 0..3 {
            store.maintain(Pace::Busy).unwrap();
            let killed = folder.copy();
            let (again, report) = killed.open();
            assert!(
                matches!(report.state, StateReport::Replayed { .. }),
                "{:?}",
                report.state
            );
            assert_eq!(everything(&again), rows);
        }
    }
}
