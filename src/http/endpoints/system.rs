//! Health, metrics, and what there is to know about the daemon itself.

use serde_json::{Value, json};

use super::call::Call;
use crate::http::paths::Query;
use crate::http::problem::{Problem, ProblemCode};
use crate::http::reads::BadgeCounts;
use crate::http::render;
use crate::http::reply::Reply;
use crate::http::routes::WAIT_MAX_S;
use crate::http::suggest;
use crate::http::{filter, idempotency};
use crate::model::connection::ConnectionState;
use crate::model::labels;
use crate::model::limits;
use crate::model::reason::ReasonCode;
use crate::model::row::{Badge, OperationState, Tenant};
use crate::model::time::Timestamp;
use crate::model::xero::XeroStatus;

/// The process answers.
pub fn healthz(call: &Call) -> Result<Reply, Problem> {
    Query::parse(&call.query, &[])?;
    Ok(Reply::json(200, &json!({"status": "ok"})))
}

/// Whether work is accepted; 503 with the checks that fail, if not.
pub fn readyz(call: &Call) -> Result<Reply, Problem> {
    Query::parse(&call.query, &[])?;
    let mut checks = (call.shared.state.readiness)();
    if call.shared.stopping.is_ordered() {
        checks.push(crate::http::state::Check {
            name: "stopping",
            failing: Some("the daemon is stopping".to_owned()),
        });
    }
    let failing: Vec<Value> = checks
        .iter()
        .filter_map(|check| {
            let why = check.failing.as_ref()?;
            Some(json!({"name": check.name, "detail": why}))
        })
        .collect();
    let (status, word) = if failing.is_empty() {
        (200, "ready")
    } else {
        (503, "not_ready")
    };
    let names: Vec<&str> = checks.iter().map(|check| check.name).collect();
    let body = json!({"status": word, "checks": names, "failing": failing});
    Ok(Reply::json(status, &body))
}

/// The Prometheus text.
pub fn metrics(call: &Call) -> Result<Reply, Problem> {
    Query::parse(&call.query, &[])?;
    let text = (call.shared.state.exposition)();
    Ok(Reply::text(200, "text/plain; version=0.0.4; charset=utf-8", text))
}

/// How the daemon stands as a whole.
pub async fn status(call: &Call) -> Result<Reply, Problem> {
    Query::parse(&call.query, &[])?;
    let mut all = call.shared.read(|reads| reads.tenants()).await?;
    all.retain(|tenant| call.caller.reaches(tenant.id));
    let ids: Vec<_> = all.iter().map(|tenant| tenant.id).collect();
    let counts = call
        .shared
        .read(move |reads| {
            ids.into_iter().try_fold(BadgeCounts::default(), |mut sum, id| {
                sum.add(reads.counts(id)?);
                Ok(sum)
            })
        })
        .await?;
    let mut by_state = serde_json::Map::new();
    for state in ConnectionState::ALL {
        let count = all.iter().filter(|tenant| tenant.connection.state == state).count();
        by_state.insert(state.label().to_owned(), count.into());
    }
    let now = call.shared.state.clock.now();
    let hooks = (call.shared.state.hooks)();
    Ok(Reply::json(
        200,
        &json!({
            "version": env!("CARGO_PKG_VERSION"),
            "uptime_s": now.mono.since_ms(call.shared.started) / 1_000,
            "time": now.wall.to_rfc3339(),
            "tenants": {"total": all.len(), "by_state": by_state},
            "invoices": {
                "total": counts.total(),
                "by_state": {
                    "synced": counts.synced, "pending": counts.pending,
                    "failed": counts.failed, "none": counts.none,
                },
                "variances": counts.variances,
            },
            "webhooks": render::hooks(&hooks),
            "warnings": warnings(&all).chain(outage(call, &all)).chain(render::hooks_warning(&hooks)).collect::<Vec<_>>(),
            "errors": unready(call).chain(errors(call, &all)).collect::<Vec<_>>(),
        }),
    ))
}

/// What stands in the way of work as a whole.
fn unready(call: &Call) -> impl Iterator<Item = Value> {
    (call.shared.state.readiness)().into_iter().filter_map(|check| {
        let failing = check.failing?;
        Some(json!({ "tenant_id": null, "message": format!("{}: {failing}", check.name), "fix": null }))
    })
}

/// Connections a person has to look at.
fn warnings(all: &[Tenant]) -> impl Iterator<Item = Value> {
    all.iter()
        .filter(|tenant| tenant.connection.state != ConnectionState::Active)
        .map(|tenant| {
            let connection = &tenant.connection;
            let action = connection.state.resolving_action();
            json!({
                "tenant_id": tenant.id,
                "message": format!(
                    "{}: {} since {}.",
                    tenant.name, connection.state.label(), connection.since,
                ),
                "fix": action.map(|(_, label)| format!("{label}: counterfoil tenants resolve '{}'", tenant.name)),
            })
        })
}

/// Xero fails each time, for one organisation or for several.
fn outage(call: &Call, all: &[Tenant]) -> Option<Value> {
    let since = |tenant: &Tenant| call.status(tenant.id)?.unavailable_since;
    let failing: Vec<(&Tenant, Timestamp)> = all.iter().filter_map(|tenant| Some((tenant, since(tenant)?))).collect();
    let first = failing.iter().map(|(_, since)| *since).min()?;
    let (tenant, whose) = match failing.as_slice() {
        [(only, _)] => (Some(only.id), format!("{}: ", only.name)),
        several => (None, format!("{} of {} organisations: ", several.len(), all.len())),
    };
    Some(json!({
        "tenant_id": tenant,
        "message": format!("{whose}Xero looks unavailable since {first}."),
        "fix": "Wait: what is to be sent or read goes on by itself; https://status.xero.com tells about outages",
    }))
}

/// Tenants that take no work.
fn errors(call: &Call, all: &[Tenant]) -> Vec<Value> {
    all.iter()
        .filter_map(|tenant| {
            let why = call.status(tenant.id)?.parked?;
            Some(json!({
                "tenant_id": tenant.id,
                "message": format!("{}: parked: {why}.", tenant.name),
                "fix": "See the log; restarting the daemon starts the tenant again.",
            }))
        })
        .collect()
}

/// Every reason a badge can be red for.
pub fn reasons(call: &Call) -> Result<Reply, Problem> {
    Query::parse(&call.query, &[])?;
    let data: Vec<Value> = ReasonCode::ALL.iter().map(|code| entry(*code)).collect();
    Ok(Reply::json(200, &json!({"data": data, "has_more": false})))
}

/// One reason; codes of problems are explained too, since `type` points here.
pub fn reason(call: &Call) -> Result<Reply, Problem> {
    Query::parse(&call.query, &[])?;
    let code = call.param("code").unwrap_or_default();
    if let Some(code) = ReasonCode::from_code(&code) {
        return Ok(Reply::json(200, &entry(code)));
    }
    if let Some(problem) = ProblemCode::from_code(&code) {
        return Ok(Reply::json(
            200,
            &json!({
                "code": problem.code(),
                "title": problem.title(),
                "fix": problem.fix(),
                "status": problem.status(),
                "retryable": problem.is_retryable(),
                "blocks_push": false,
            }),
        ));
    }
    let codes: Vec<&str> = ReasonCode::ALL.iter().map(|code| code.code()).collect();
    let shown: String = code.chars().take(64).collect();
    Err(Problem::new(
        ProblemCode::ReasonNotFound,
        suggest::sentence(&format!("There is no reason `{shown}`"), &shown, &codes),
    ))
}

fn entry(code: ReasonCode) -> Value {
    json!({
        "code": code.code(),
        "title": code.title(),
        "detail_template": code.meaning(),
        "fix": code.fix(),
        "actionable": code.is_actionable(),
        "blocks_push": true,
    })
}

/// The bounds of what is accepted.
pub fn limits(call: &Call) -> Result<Reply, Problem> {
    Query::parse(&call.query, &[])?;
    let caps = call.shared.caps();
    Ok(Reply::json(
        200,
        &json!({
            "host_ref_max_bytes": limits::HOST_REF_MAX_BYTES,
            "number_max_chars": limits::NUMBER_MAX_CHARS,
            "reference_max_chars": limits::REFERENCE_MAX_CHARS,
            "contact_name_max_chars": limits::CONTACT_NAME_MAX_CHARS,
            "description_max_chars": limits::DESCRIPTION_MAX_CHARS,
            "lines_max": limits::LINES_MAX_COUNT,
            "unit_decimals_max": limits::UNIT_DECIMALS_MAX,
            "amount_below": limits::AMOUNT_LIMIT.to_string(),
            "idempotency_key_max_chars": limits::IDEMPOTENCY_KEY_MAX_CHARS,
            "idempotency_kept_s": idempotency::KEPT_MS / 1_000,
            "invoice_body_max_bytes": 4 << 20,
            "body_max_bytes": 1 << 20,
            "page_max": super::invoices::PAGE_MAX,
            "events_page_max": super::events::PAGE_MAX,
            "selection_max": limits::SELECTION_MAX,
            "filtered_max": limits::FILTERED_MAX,
            "badges_max": limits::REFS_MAX,
            "wait_max_s": WAIT_MAX_S,
            "connections_max": caps.connections_max,
        }),
    ))
}

fn worded(words: &[(&str, &str)]) -> Value {
    let pairs = words
        .iter()
        .map(|(word, label)| ((*word).to_owned(), Value::from(*label)));
    pairs.collect::<serde_json::Map<_, _>>().into()
}

/// The words people see.
pub fn labels(call: &Call) -> Result<Reply, Problem> {
    Query::parse(&call.query, &[])?;
    let badges = [Badge::Synced, Badge::Pending, Badge::Failed];
    let badge_labels: Value = badges
        .iter()
        .map(|badge| (badge.state().to_owned(), Value::from(badge.label())))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let operation_states = [
        OperationState::Queued,
        OperationState::Running,
        OperationState::Waiting,
        OperationState::Succeeded,
        OperationState::PartiallyFailed,
        OperationState::Failed,
        OperationState::Cancelled,
    ];
    let xero_statuses: Value = ["DRAFT", "SUBMITTED", "AUTHORISED", "PAID", "VOIDED", "DELETED"]
        .map(|word| {
            (
                word.to_owned(),
                Value::from(render::status_label(&XeroStatus::parse(word))),
            )
        })
        .into_iter()
        .collect::<serde_json::Map<_, _>>()
        .into();
    let reasons: Value = ReasonCode::ALL
        .iter()
        .map(|code| (code.code().to_owned(), Value::from(code.title())))
        .collect::<serde_json::Map<_, _>>()
        .into();
    Ok(Reply::json(
        200,
        &json!({
            "badges": badge_labels,
            "statuses": ["Unpaid", "Part paid", "Paid", "Void"],
            "xero_statuses": xero_statuses,
            "actions": {
                "resync": "Sync now",
                "export": labels::EXPORT_ONE,
                "resync_many": labels::RESYNC,
                "acknowledge": "Acknowledge",
            },
            "messages": {
                "resync": super::pushes::QUEUED,
                "before_resync": labels::BEFORE_RESYNC,
                "moved": labels::MOVED,
                "remaining": labels::REMAINING,
            },
            "exports": {
                "tab": labels::EXPORTS_TAB,
                "tiles": worded(&labels::EXPORT_TILES),
                "failed_heading": labels::FAILED_HEADING,
            },
            "due": worded(&labels::DUE_TABS),
            "operation_states": operation_states.map(OperationState::label),
            "filter_keys": filter::KEYS,
            "reasons": reasons,
        }),
    ))
}
