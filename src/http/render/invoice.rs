//! An invoice: the host's document, its badge and what Xero has.

use serde_json::{Map, Value, json};

use super::{back, money};
use crate::engine::status::Blocked;
use crate::model::connection::ConnectionState;
use crate::model::document::{InvoiceKind, Line};
use crate::model::failure::Limit;
use crate::model::ids::XeroInvoiceId;
use crate::model::reason::ReasonCode;
use crate::model::row::{Badge, Invoice, ReasonGiven, Sync, Tenant, WaitCause};
use crate::model::standing::Standing;
use crate::model::time::Timestamp;
use crate::model::xero::XeroStatus;

/// Automatic retries of a push (S1: three).
pub const RETRIES_MAX: u8 = 3;

/// How much is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// As in lists: without the lines.
    Summary,
    /// All of it, with the lists that were asked for.
    Full(Lists),
}

/// Lists of what came back that are shown only when they are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lists {
    /// Payments.
    pub payments: bool,
    /// Credit notes, overpayments and prepayments.
    pub credit_notes: bool,
    /// The differences between both documents.
    pub variance: bool,
}

impl Detail {
    /// All of it without those lists.
    pub const FULL: Self = Self::Full(Lists {
        payments: false,
        credit_notes: false,
        variance: false,
    });
}

/// What an invoice is shown beside.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings<'a> {
    /// Its tenant.
    pub tenant: &'a Tenant,
    /// Why nothing may be sent for the tenant now.
    pub blocked: Option<Blocked>,
    /// The wall clock.
    pub now: Timestamp,
}

/// An invoice as the API shows it.
pub fn invoice(row: &Invoice, around: Surroundings<'_>, detail: Detail) -> Value {
    let draft = &row.draft;
    let copy = row.copy.as_ref();
    let mut object = Map::new();
    let mut put = |name: &str, value: Value| {
        object.insert(name.to_owned(), value);
    };
    put("id", json!(row.id));
    put("tenant_id", json!(row.tenant));
    put("host_ref", json!(row.host_ref));
    put("kind", json!(draft.kind.label()));
    put("number", json!(draft.number));
    put("currency", json!(draft.currency));
    put("contact", json!(draft.contact));
    put("issue_date", json!(draft.issue_date));
    put("due_date", json!(draft.due_date));
    put("status", json!(Standing::of(row).label()));
    put("host_status", json!(draft.host_status.label()));
    put("xero_status", json!(copy.map(|copy| copy.status.as_str())));
    put("xero_status_label", json!(copy.map(|copy| status_label(&copy.status))));
    put(
        "totals",
        copy.map_or_else(|| money::totals_of_lines(draft), money::totals_of_copy),
    );
    put("sync", sync(row, around));
    put("variance", json!(row.back.variance.as_ref().map(back::variance)));
    put("suppression", back::suppression(row, around.now));
    put("xero", link(row, around.tenant));
    put("created_at", json!(row.accepted_at.to_rfc3339()));
    put("updated_at", json!(row.updated_at.to_rfc3339()));
    put("etag", json!(etag(row)));
    if let Detail::Full(lists) = detail {
        put("due_date_rule", json!(draft.due_date_rule));
        put("line_amount_types", json!(draft.line_amount_types.label()));
        put("lines", draft.lines.iter().map(line).collect());
        put("reference", json!(draft.reference));
        put("host_url", json!(draft.host_url));
        put("host_created_at", json!(draft.created_at.map(Timestamp::to_rfc3339)));
        put("channel", json!(draft.channel));
        put("location", json!(draft.location));
        put("work_order_ref", json!(draft.work_order_ref));
        put("work_order", back::work_order(row));
        put("alerts", json!(back::alerts(row)));
        if lists.payments {
            put("payments", row.back.payments.iter().map(back::payment).collect());
        }
        if lists.credit_notes {
            put("credit_notes", row.back.credits.iter().map(back::credit).collect());
        }
        if lists.variance {
            put("differences", back::differences(row));
        }
    }
    Value::Object(object)
}

/// The version of the row.
pub fn etag(row: &Invoice) -> String {
    format!("W/\"{}\"", row.version)
}

/// A reason as the API shows it.
pub fn reason(given: &ReasonGiven) -> Value {
    json!({
        "code": given.code.code(),
        "title": given.code.title(),
        "detail": given.detail,
        "fix": given.code.fix(),
        "actionable": given.code.is_actionable(),
        "subject": given.subject,
        "since": given.since.to_rfc3339(),
    })
}

/// The word people see for a status of Xero's.
pub fn status_label(status: &XeroStatus) -> &str {
    match status {
        XeroStatus::Draft => "Draft",
        XeroStatus::Submitted => "Awaiting approval",
        XeroStatus::Authorised => "Authorised",
        XeroStatus::Paid => "Paid",
        XeroStatus::Voided => "Voided",
        XeroStatus::Deleted => "Deleted",
        XeroStatus::Other(word) => word,
    }
}

/// The badge of an invoice and what belongs to it, as the API shows it.
pub fn sync(row: &Invoice, around: Surroundings<'_>) -> Value {
    let sync = &row.sync;
    let waiting = waiting(sync, around);
    let pending_change = row.link.is_some() && row.common.as_ref().is_some_and(|common| common.rev != row.rev);
    let is_connected = around.tenant.connection.state != ConnectionState::Disconnected;
    let existing = existing(row, around.tenant);
    let actions = [
        ("resync", is_connected && row.can_be_synced()),
        ("link", is_connected && existing.is_some()),
        ("acknowledge", row.can_be_acknowledged()),
    ];
    let allowed_actions: Vec<&str> = actions
        .iter()
        .filter(|(_, may)| *may)
        .map(|(action, _)| *action)
        .collect();
    let mut reason = sync.reason.as_ref().map(reason);
    if let (Some(Value::Object(reason)), Some(existing)) = (&mut reason, existing) {
        reason.insert("existing".to_owned(), existing);
    }
    json!({
        "state": sync.badge.map(Badge::state),
        "label": sync.badge.map(Badge::label),
        "reason": reason,
        "last_synced_at": sync.last_synced_at.map(Timestamp::to_rfc3339),
        "queued_at": sync.queued_at.map(Timestamp::to_rfc3339),
        "retries": sync.retries,
        "max_retries": RETRIES_MAX,
        "auto_retry": sync.auto_retry,
        "waiting": waiting,
        "next_attempt_at": waiting.get("until").cloned(),
        "pending_change": pending_change,
        "allowed_actions": allowed_actions,
    })
}

/// The row's own wait, else what holds up the whole tenant. A moment that has passed is none: the
/// step is being taken.
fn waiting(sync: &Sync, around: Surroundings<'_>) -> Value {
    let blocked = around.blocked;
    if sync.badge != Some(Badge::Pending) {
        return Value::Null;
    }
    let (cause, until) = match (sync.waiting, blocked) {
        // While nothing may be sent, the document's own step waits for that too.
        (Some(waiting), Some(blocked)) => (waiting.cause, blocked.until().max(Some(waiting.until))),
        (Some(waiting), None) => (waiting.cause, Some(waiting.until)),
        (None, Some(blocked)) => match cause_of(blocked) {
            Some(cause) => (cause, blocked.until()),
            None => return Value::Null,
        },
        (None, None) => return Value::Null,
    };
    let reason = blocked
        .filter(|_| cause == WaitCause::XeroRateLimit)
        .and_then(day_is_spent);
    json!({
        "cause": cause.label(),
        "until": until.filter(|until| *until > around.now).map(Timestamp::to_rfc3339),
        "detail": cause.in_words(),
        "reason": reason.map(|code| json!({
            "code": code.code(),
            "title": code.title(),
            "detail": code.meaning(),
            "fix": code.fix(),
        })),
    })
}

/// The reason that names a spent day, which lasts for hours where the minute lasts for seconds.
const fn day_is_spent(blocked: Blocked) -> Option<ReasonCode> {
    match blocked {
        Blocked::DayBudget { .. } | Blocked::RetryAfter { limit: Limit::Day, .. } => {
            Some(ReasonCode::DailyQuotaExhausted)
        }
        _ => None,
    }
}

const fn cause_of(blocked: Blocked) -> Option<WaitCause> {
    match blocked {
        Blocked::MinuteBudget { .. }
        | Blocked::DayBudget { .. }
        | Blocked::TooManyInFlight
        | Blocked::RetryAfter { .. } => Some(WaitCause::XeroRateLimit),
        Blocked::BreakerOpen { .. } => Some(WaitCause::Transient),
        Blocked::CatchingUp => Some(WaitCause::CatchingUp),
        Blocked::NotActive(_) => None,
    }
}

/// The document of somebody else that has the number, and how both are linked.
fn existing(row: &Invoice, tenant: &Tenant) -> Option<Value> {
    let reason = row.sync.reason.as_ref();
    let reason = reason.filter(|reason| reason.code == ReasonCode::InvoiceNumberExists && row.link.is_none())?;
    let id: XeroInvoiceId = reason.subject.as_ref()?.parse().ok()?;
    Some(json!({
        "invoice_id": id,
        "url": address(id, row, tenant),
        "link": {
            "command": format!("counterfoil invoices link '{}' {id} --tenant {}", row.host_ref, tenant.id),
            "call": {
                "method": "POST",
                "path": format!("/v1/tenants/{}/invoices:link", tenant.id),
                "body": {"links": [{"host_ref": row.host_ref, "xero_invoice_id": id}]},
            },
        },
    }))
}

fn link(row: &Invoice, tenant: &Tenant) -> Value {
    let Some(link) = &row.link else {
        return Value::Null;
    };
    let id = link.xero_id;
    let url = address(id, row, tenant);
    json!({"invoice_id": id, "url": url, "linked_at": link.linked_at.to_rfc3339()})
}

/// Where a document is shown in Xero.
fn address(id: XeroInvoiceId, row: &Invoice, tenant: &Tenant) -> String {
    match (&tenant.short_code, row.draft.kind) {
        (Some(code), _) => format!("https://go.xero.com/app/{code}/invoicing/view/{id}"),
        (None, InvoiceKind::Sales) => {
            format!("https://go.xero.com/AccountsReceivable/View.aspx?InvoiceID={id}")
        }
        (None, InvoiceKind::Purchase) => {
            format!("https://go.xero.com/AccountsPayable/View.aspx?InvoiceID={id}")
        }
    }
}

fn line(line: &Line) -> Value {
    json!({
        "ref": line.reference,
        "description": line.description,
        "quantity": line.quantity.to_string(),
        "unit_price": line.unit_price.to_string(),
        "nominal_code": line.nominal_code,
        "tax_type": line.tax_type,
        "tax_amount": line.tax_amount.map(money::amount),
        "item_code": line.item_code,
        "discount_percent": line.discount_percent.map(|percent| percent.to_string()),
    })
}
