//! Works out what a commit changes, before anything is written.
//!
//! Index rows, counters, event numbers and digests are final values here, so that the journal
//! holds plain puts and deletes and replaying it never asks the typed layer anything.

use std::collections::BTreeMap;

use super::changes::Changes;
use super::digest::{Digest, digest_key, group_of};
use super::error::{StoreError, hex};
use super::keys::{LAST_EVENT, check_batch, check_row, event_key};
use super::kv::{Batch, Derive, Derived, EventDraft, EventRange, Op};

/// Reads a row as of the last commit.
pub type ReadRow<'a> = dyn Fn(&[u8]) -> Result<Option<Vec<u8>>, StoreError> + 'a;

/// The outcome of planning.
#[derive(Debug)]
pub struct Plan {
    /// Rows that really change; empty when every batch wrote what was already there.
    pub changes: Changes,
    /// Events of each batch.
    pub events: Vec<Option<EventRange>>,
    /// Newest event number after the commit.
    pub last_event: u64,
}

/// Plans a commit of `batches` over the rows that `read` answers. Later batches see earlier ones.
///
/// # Errors
/// What [`check_batch`] refuses, [`StoreError::Counter`], and whatever `read` fails with.
pub fn plan(read: &ReadRow<'_>, derive: &dyn Derive, last_event: u64, batches: &[Batch]) -> Result<Plan, StoreError> {
    let mut planner = Planner {
        read,
        derive,
        rows: BTreeMap::new(),
        last_event,
    };
    let mut events = Vec::with_capacity(batches.len());
    for batch in batches {
        check_batch(batch)?;
        for op in &batch.ops {
            match op {
                Op::Put { key, value } => planner.write(key, Some(value))?,
                Op::Delete { key } => planner.write(key, None)?,
            }
        }
        events.push(planner.append(&batch.events)?);
    }
    if planner.last_event != last_event {
        planner.set(&LAST_EVENT, Some(planner.last_event.to_be_bytes().to_vec()))?;
    }
    planner.update_digests()?;
    let last_event = planner.last_event;
    let changed = planner.rows.into_iter().filter(|(_, row)| row.old != row.new);
    Ok(Plan {
        changes: changed.map(|(key, row)| (key, row.new)).collect(),
        events,
        last_event,
    })
}

struct Planner<'a> {
    read: &'a ReadRow<'a>,
    derive: &'a dyn Derive,
    rows: BTreeMap<Vec<u8>, Row>,
    last_event: u64,
}

/// A row that was looked at: as it was before the commit, and as it is now.
struct Row {
    old: Option<Vec<u8>>,
    new: Option<Vec<u8>>,
}

impl Planner<'_> {
    fn current(&mut self, key: &[u8]) -> Result<&mut Row, StoreError> {
        if !self.rows.contains_key(key) {
            let old = (self.read)(key)?;
            self.rows.insert(key.to_vec(), Row { new: old.clone(), old });
        }
        self.rows
            .get_mut(key)
            .ok_or_else(|| StoreError::state("a planned row vanished"))
    }

    fn set(&mut self, key: &[u8], value: Option<Vec<u8>>) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(std::mem::replace(&mut self.current(key)?.new, value))
    }

    fn write(&mut self, key: &[u8], value: Option<&Vec<u8>>) -> Result<(), StoreError> {
        let old = self.set(key, value.cloned())?;
        if old.as_ref() == value {
            return Ok(());
        }
        for derived in self.derive.derive(key, old.as_deref(), value.map(Vec::as_slice)) {
            self.write_derived(derived)?;
        }
        Ok(())
    }

    fn write_derived(&mut self, derived: Derived) -> Result<(), StoreError> {
        match derived {
            Derived::Put { key, value } => {
                check_row(&key, &value)?;
                self.set(&key, Some(value))?;
            }
            Derived::Delete { key } => {
                check_row(&key, &[])?;
                self.set(&key, None)?;
            }
            Derived::Add { key, delta } => {
                check_row(&key, &[])?;
                let row = self.current(&key)?;
                row.new = add(&key, row.new.as_deref(), delta)?;
            }
        }
        Ok(())
    }

    fn append(&mut self, drafts: &[EventDraft]) -> Result<Option<EventRange>, StoreError> {
        let before = self.last_event;
        for draft in drafts {
            self.last_event = self
                .last_event
                .checked_add(1)
                .ok_or_else(|| StoreError::state("event numbers used up"))?;
            let mut value = draft.tenant.to_vec();
            value.extend_from_slice(&draft.payload);
            let key = event_key(self.last_event);
            // A number is never given twice, so nothing is read here.
            self.rows.insert(
                key.clone(),
                Row {
                    old: None,
                    new: Some(value.clone()),
                },
            );
            for derived in self.derive.derive(&key, None, Some(&value)) {
                self.write_derived(derived)?;
            }
        }
        let grew = self.last_event != before;
        Ok(grew.then(|| EventRange {
            first: before.saturating_add(1),
            last: self.last_event,
        }))
    }

    fn update_digests(&mut self) -> Result<(), StoreError> {
        let mut groups: BTreeMap<[u8; 16], Digest> = BTreeMap::new();
        for (key, row) in self.rows.iter().filter(|(_, row)| row.old != row.new) {
            let Some(group) = group_of(self.derive, key) else {
                continue;
            };
            let digest = match groups.entry(group) {
                std::collections::btree_map::Entry::Occupied(known) => known.into_mut(),
                std::collections::btree_map::Entry::Vacant(new) => {
                    new.insert(Digest::from_row((self.read)(&digest_key(&group))?.as_deref())?)
                }
            };
            if let Some(old) = &row.old {
                digest.remove(key, old);
            }
            if let Some(new) = &row.new {
                digest.add(key, new);
            }
        }
        for (group, digest) in groups {
            self.set(&digest_key(&group), digest.to_row())?;
        }
        Ok(())
    }
}

fn add(key: &[u8], row: Option<&[u8]>, delta: i64) -> Result<Option<Vec<u8>>, StoreError> {
    let refuse = |problem| StoreError::Counter { key: hex(key), problem };
    let before = match row {
        None => 0,
        Some(row) => i64::from_be_bytes(row.try_into().map_err(|_| refuse("it is not eight bytes long"))?),
    };
    let after = before
        .checked_add(delta)
        .ok_or_else(|| refuse("the sum leaves the range of a counter"))?;
    Ok((after != 0).then(|| after.to_be_bytes().to_vec()))
}
