//! Tenants and their settings.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::tenant_hooks;
use crate::engine::status::{Blocked, TenantHooks, TenantStatus};
use crate::http::reads::BadgeCounts;
use crate::model::connection::{ConnectionCause, ConnectionState, Gate};
use crate::model::row::{Settings, Tenant};
use crate::model::time::Timestamp;

/// A tenant as the API shows it. What its actor alone knows is null while it has not reported.
pub fn tenant(row: &Tenant, counts: &BadgeCounts, status: Option<&TenantStatus>, hooks: &TenantHooks) -> Value {
    json!({
        "id": row.id,
        "name": row.name,
        "xero_tenant_id": row.xero_id,
        "short_code": row.short_code,
        "time_zone": row.time_zone,
        "base_currency": row.base_currency,
        "connected_at": row.connected_at.to_rfc3339(),
        "connection": connection(row),
        "credits": credits(row),
        "integration_configured": row.connection.state != ConnectionState::Disconnected,
        "auto_sync": row.settings.auto_sync,
        "budget": status.map(budget),
        "unavailable_since": status.and_then(|status| status.unavailable_since).map(Timestamp::to_rfc3339),
        "queue": status.map(queue),
        "counts": {
            "synced": counts.synced,
            "pending": counts.pending,
            "failed": counts.failed,
            "none": counts.none,
            "total": counts.total(),
            "variances": counts.variances,
        },
        "webhooks": tenant_hooks(hooks),
        "parked": status.and_then(|status| status.parked.as_deref()),
    })
}

/// Settings as the API shows them, with their ETag.
pub fn settings(settings: &Settings) -> Value {
    json!({
        "auto_sync": settings.auto_sync,
        "same_code_default": settings.same_code_default,
        "currencies": settings.currencies,
        "contacts_opt_out": settings.contacts_opt_out,
        "etag": settings_etag(settings),
    })
}

/// The version of settings: they carry no counter, so it is taken from what they say.
pub fn settings_etag(settings: &Settings) -> String {
    let said = json!([
        settings.auto_sync,
        settings.same_code_default,
        settings.currencies,
        settings.contacts_opt_out
    ]);
    let hash: [u8; 32] = Sha256::digest(said.to_string().as_bytes()).into();
    let short: String = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("W/\"{short}\"")
}

/// What the host still allows.
pub fn credits(row: &Tenant) -> Value {
    json!({
        "state": if row.is_out_of_credits() { "used_up" } else { "available" },
        "left": row.credits.as_ref().map(|credits| credits.left),
        "top_up_url": row.credits.as_ref().and_then(|credits| credits.top_up_url.as_deref()),
    })
}

fn connection(row: &Tenant) -> Value {
    let connection = &row.connection;
    let resolve = connection.state.resolving_action();
    let actions: Vec<&str> = resolve.iter().map(|(action, _)| *action).collect();
    json!({
        "state": connection.state.label(),
        "since": connection.since.to_rfc3339(),
        "reason": connection.cause.map(ConnectionCause::label),
        "expires_at": connection.deadline.map(Timestamp::to_rfc3339),
        "catching_up": connection.gate == Gate::CatchingUp,
        "actions": actions,
        "banner": connection.state.banner(),
        "resolve": resolve.map(|(action, label)| json!({"action": action, "label": label})),
    })
}

fn budget(status: &TenantStatus) -> Value {
    json!({
        "minute": {"used": status.minute_used, "limit": status.minute_limit},
        "day": {"used": status.day_used, "limit": status.day_limit},
        "blocked": status.blocked.map(|blocked| json!({
            "cause": blocked.label(),
            "until": blocked.until().map(Timestamp::to_rfc3339),
        })),
        "resets_at": status.blocked.and_then(Blocked::until).map(Timestamp::to_rfc3339),
    })
}

fn queue(status: &TenantStatus) -> Value {
    json!({
        "queued": status.queued_count,
        "in_flight": status.in_flight_count,
        "unknown": status.unknown_count,
        "oldest_queued_at": status.oldest_queued.map(Timestamp::to_rfc3339),
    })
}
