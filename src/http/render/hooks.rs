//! Xero's webhooks.

use serde_json::{Value, json};

use crate::engine::status::{HookState, HookStatus, TenantHooks};
use crate::model::time::Timestamp;

/// Webhooks of the whole app.
pub fn hooks(status: &HookStatus) -> Value {
    let text = |at: Option<Timestamp>| at.map(Timestamp::to_rfc3339);
    let keys: Vec<Value> = status
        .keys
        .iter()
        .map(|(source, used_at)| json!({"source": source, "last_used_at": text(*used_at)}))
        .collect();
    json!({
        "status": status.state.label(),
        "last_received_at": text(status.last_received_at),
        "silent_since": text(status.silent_since),
        "gaps": status.gaps_count,
        "last_gap_at": text(status.last_gap_at),
        "keys": keys,
    })
}

/// Webhooks of one tenant.
pub fn tenant_hooks(hooks: &TenantHooks) -> Value {
    json!({
        "status": hooks.state.label(),
        "last_received_at": hooks.last_received_at.map(Timestamp::to_rfc3339),
        "lag_p95_s": hooks.lag_p95_ms.map(seconds),
    })
}

/// What a person has to look at.
pub fn hooks_warning(status: &HookStatus) -> Option<Value> {
    if status.state != HookState::Silent {
        return None;
    }
    let last = status
        .last_received_at
        .map_or_else(|| "since the start".to_owned(), |at| format!("since {at}"));
    Some(json!({
        "tenant_id": null,
        "message": format!(
            "No webhook has come {last} although documents changed in Xero. Xero may have disabled the webhook; until it comes again, changes are read every few minutes."
        ),
        "fix": "In Xero's developer portal open the app, look at Webhooks, and enable it again; see docs/how-to/receive-webhooks.md",
    }))
}

/// `0.412`: seconds as a number.
fn seconds(ms: u64) -> Value {
    let whole = ms / 1_000;
    let rest = ms % 1_000;
    serde_json::from_str(&format!("{whole}.{rest:03}")).unwrap_or(Value::Null)
}
