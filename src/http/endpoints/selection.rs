//! The invoices of a selection, as they are when it is made.

use serde_json::{Value, json};

use super::call::Call;
use crate::http::filter;
use crate::http::paths::{Query, invalid_parameter};
use crate::http::problem::{Fault, Problem, ProblemCode};
use crate::http::reads::InvoiceQuery;
use crate::model::document::InvoiceKind;
use crate::model::ids::{InvoiceId, OperationId, TenantId, XeroInvoiceId};
use crate::model::limits::FILTERED_MAX;
use crate::model::row::{Invoice, OperationItem, Tenant};
use crate::model::zones;

/// Invoices read at a time to find out what a filter shows.
const PAGE_INVOICES: usize = 500;
/// A filter may show this part more or less than the caller saw: a twentieth.
const DRIFT_PARTS: u64 = 20;
/// Most items an operation has.
const ITEMS_MAX: usize = 10_000;

/// What must be known of a chosen invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chosen {
    /// Its id.
    pub id: InvoiceId,
    /// Sales invoice or bill.
    pub kind: InvoiceKind,
    /// What it is linked to.
    pub xero_id: Option<XeroInvoiceId>,
}

impl Chosen {
    /// What must be known of this one.
    pub fn of(row: &Invoice) -> Self {
        Self {
            id: row.id,
            kind: row.draft.kind,
            xero_id: row.link.as_ref().map(|link| link.xero_id),
        }
    }
}

/// Whether a request only wants to know what it would do.
pub fn is_dry_run(call: &Call) -> Result<bool, Problem> {
    match Query::parse(&call.query, &["dry_run"])?.get("dry_run") {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_other) => Err(invalid_parameter("dry_run", "it must be true or false")),
    }
}

/// The invoices a filter shows now, the oldest first, if those that count are not too many.
pub async fn shown_by(
    call: &Call,
    tenant: &Tenant,
    filter: &str,
    counts: fn(&Invoice) -> bool,
) -> Result<Vec<Chosen>, Problem> {
    let mut query = InvoiceQuery {
        limit: PAGE_INVOICES,
        today: Some(zones::date_in(&tenant.time_zone, call.shared.now())),
        ..InvoiceQuery::default()
    };
    filter::apply(filter, &mut query)?;
    let id = tenant.id;
    let (shown, counted) = call
        .shared
        .read(move |reads| {
            let (mut shown, mut counted) = (Vec::new(), 0_usize);
            loop {
                let rows = reads.invoices(id, &query)?;
                query.after = rows.last().map(|row| row.id);
                counted = counted.saturating_add(rows.iter().filter(|row| counts(row)).count());
                shown.extend(rows.iter().map(Chosen::of));
                if rows.len() < PAGE_INVOICES || counted > FILTERED_MAX {
                    return Ok((shown, counted));
                }
            }
        })
        .await?;
    if counted > FILTERED_MAX {
        return Err(Problem::invalid(vec![Fault {
            pointer: "/selection/filter".to_owned(),
            code: "too_many",
            detail: format!("it shows more than {FILTERED_MAX} invoices: narrow it"),
        }]));
    }
    Ok(shown)
}

/// Refuses a selection that is not the one its caller saw.
pub fn check_count(count: usize, expected: Option<u32>) -> Result<(), Problem> {
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    if let Some(expected) = expected
        && u64::from(count.abs_diff(expected)).saturating_mul(DRIFT_PARTS) > u64::from(expected)
    {
        let detail = format!("The filter shows {count} invoices now, not {expected}.");
        return Err(Problem::new(ProblemCode::SelectionChanged, detail).with("count", count));
    }
    Ok(())
}

/// The items in the result of an operation of this tenant.
pub async fn items_of(call: &Call, tenant: &Tenant, id: OperationId) -> Result<Vec<OperationItem>, Problem> {
    let found = call
        .shared
        .read(move |reads| {
            let operation = reads.operation(id)?;
            let items = reads.items(id, 0, ITEMS_MAX)?;
            Ok(operation.map(|operation| (operation, items)))
        })
        .await?;
    let found = found.filter(|(operation, _)| operation.tenant == tenant.id);
    found.map(|(_, items)| items).ok_or_else(|| {
        let detail = "There is no such operation of this tenant.";
        Problem::new(ProblemCode::OperationNotFound, detail)
    })
}

/// The calls of the day, as far as they are known.
pub fn day(call: &Call, tenant: TenantId) -> Option<Value> {
    let status = call.status(tenant)?;
    Some(json!({"used": status.day_used, "limit": status.day_limit}))
}
