//! From what was decided to what is made durable.

use super::codec::{Row, encode};
use super::error::RowError;
use super::{event, keys};
use crate::model::write::Write;
use crate::store::{Batch, Op, Urgency};

/// The batch that carries these writes, in their order; all of it becomes durable or none.
///
/// # Errors
/// [`RowError::Unwritable`] for the first row that has no form on disk.
pub fn batch(writes: &[Write], urgency: Urgency) -> Result<Batch, RowError> {
    let mut batch = Batch {
        urgency,
        ..Batch::default()
    };
    for write in writes {
        let op = match write {
            Write::Event(row) => {
                batch.events.push(event::to_draft(row)?);
                continue;
            }
            Write::Tenant(row) => put(row.as_ref())?,
            Write::Invoice(row) => put(row.as_ref())?,
            Write::Intent(row) => put(row.as_ref())?,
            Write::Batch(row) => put(row.as_ref())?,
            Write::Contact(row) => put(row.as_ref())?,
            Write::Chart(row) => put(row.as_ref())?,
            Write::Mapping(row) => put(row.as_ref())?,
            Write::DropMapping(tenant, kind, key) => delete(keys::mapping(*tenant, *kind, key)),
            Write::Calls(row) => put(row)?,
            Write::Stream(row) => put(row.as_ref())?,
            Write::Scan(row) => put(row.as_ref())?,
            Write::DropScan(tenant, kind) => delete(keys::scan(*tenant, *kind)),
            Write::FollowUp(row) => put(row)?,
            Write::DropFollowUp(tenant, invoice) => delete(keys::follow_up(*tenant, *invoice)),
            Write::Job(row) => put(row.as_ref())?,
            Write::DropJob(tenant, id) => delete(keys::job(*tenant, *id)),
            Write::Audit(row) => put(row.as_ref())?,
            Write::Reconciled(row) => put(row.as_ref())?,
            Write::Item(row) => put(row.as_ref())?,
            Write::Operation(row) => put(row.as_ref())?,
            Write::Grant(row) => put(row.as_ref())?,
            Write::Receipt(row) => put(row.as_ref())?,
            Write::DropIntent(tenant, id) => delete(keys::intent(*tenant, *id)),
            Write::DropBatch(tenant, id) => delete(keys::batch(*tenant, *id)),
            Write::DropCalls(tenant, minute) => delete(keys::calls(*tenant, *minute)),
            Write::DropGrant(id) => delete(keys::grant(*id)),
            Write::DropReceipt(key) => delete(keys::receipt(key)),
        };
        batch.ops.push(op);
    }
    Ok(batch)
}

fn put<R: Row>(row: &R) -> Result<Op, RowError> {
    Ok(Op::Put {
        key: row.key(),
        value: encode(row)?,
    })
}

const fn delete(key: Vec<u8>) -> Op {
    Op::Delete { key }
}
