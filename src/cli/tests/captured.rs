//! Answers of the control endpoint.

use serde_json::{Value, json};

pub const ACME: &str = "ten_01KJG4QZ3N8V5T7W9X2Y4Z6A8B";
pub const BLUEBIRD: &str = "ten_01KJG4QZ3N8V5T7W9X2Y4Z6A8C";

pub fn tenant(id: &str, name: &str, state: &str) -> Value {
    let is_active = state == "active";
    json!({
        "id": id, "name": name, "xero_tenant_id": "7f9c24e8-3b52-4a1d-9c77-5d1f0a6b2c3d",
        "short_code": "!mBdtL", "time_zone": "Europe/London", "base_currency": "GBP",
        "connected_at": "2026-03-01T08:00:00.000Z",
        "connection": {
            "state": state, "since": "2026-03-12T09:12:00.000Z",
            "reason": if is_active { Value::Null } else { json!("grant_dead") },
            "expires_at": null, "catching_up": false,
            "actions": if is_active { json!([]) } else { json!(["reconnect"]) },
            "resolve": if is_active { Value::Null } else { json!({"action": "reconnect", "label": "Reconnect to Xero"}) },
        },
        "auto_sync": {"enabled": true, "sales": true, "purchases": false},
        "budget": {
            "minute": {"used": 12, "limit": 60}, "day": {"used": 4212, "limit": 5000},
            "blocked": null, "resets_at": null,
        },
        "queue": {"queued": 3, "in_flight": 1, "unknown": 0, "oldest_queued_at": "2026-03-12T14:05:08.000Z"},
        "counts": {"synced": 1811, "pending": 4, "failed": if is_active { 2 } else { 0 }, "none": 7, "total": 1824},
        "parked": null,
    })
}

pub fn tenants() -> Value {
    json!({
        "data": [tenant(ACME, "Acme Ltd", "active"), tenant(BLUEBIRD, "Bluebird Foods", "requires_reauth")],
        "next_cursor": null, "has_more": false, "total": {"value": 2, "exact": true},
    })
}

pub fn only_acme() -> Value {
    json!({"data": [tenant(ACME, "Acme Ltd", "active")], "next_cursor": null, "has_more": false})
}

pub fn reason() -> Value {
    json!({
        "code": "unmapped_nominal_code", "title": "Unmapped nominal code",
        "detail": "Line 2 uses nominal code 4010, which has no Xero account code.",
        "fix": "Fill in the Xero account code for 4010, then click Sync now.",
        "actionable": true, "subject": "4010", "since": "2026-03-12T12:05:11.000Z",
    })
}

pub fn synced() -> Value {
    json!({
        "state": "synced", "label": "Synced to Xero", "reason": null,
        "last_synced_at": "2026-03-12T14:03:11.000Z", "queued_at": null, "retries": 0, "max_retries": 3,
        "auto_retry": true, "waiting": null, "next_attempt_at": null, "pending_change": false,
        "allowed_actions": ["resync"],
    })
}

pub fn with(sync: Value, changes: Value) -> Value {
    let (Value::Object(mut sync), Value::Object(changes)) = (sync, changes) else {
        panic!("two objects");
    };
    sync.extend(changes);
    Value::Object(sync)
}

pub fn pending() -> Value {
    with(
        synced(),
        json!({"state": "pending", "label": "Pending", "last_synced_at": null, "queued_at": "2026-03-12T14:04:59.000Z"}),
    )
}

pub fn waiting(cause: &str) -> Value {
    with(
        pending(),
        json!({"waiting": {"cause": cause, "until": "2026-03-12T14:32:00.000Z", "detail": "…"}}),
    )
}

pub fn failed() -> Value {
    with(
        synced(),
        json!({"state": "failed", "label": "Sync failed", "reason": reason(), "auto_retry": false,
               "last_synced_at": "2026-03-11T09:14:00.000Z"}),
    )
}

pub fn none() -> Value {
    with(synced(), json!({"state": null, "label": null, "last_synced_at": null}))
}

pub fn invoice(number: &str, host_ref: &str, sync: Value) -> Value {
    json!({
        "id": "inv_01KJG4QZ3N8V5T7W9X2Y4Z6A8D", "tenant_id": ACME, "host_ref": host_ref, "kind": "sales",
        "number": number, "currency": "GBP",
        "contact": {"ref": "c-1", "name": "Hedgehog & Partners", "email": "accounts@hedgehog.example"},
        "issue_date": "2026-03-02", "due_date": "2026-04-01",
        "status": "Part paid", "host_status": "approved", "xero_status": "AUTHORISED", "xero_status_label": "Authorised",
        "totals": {"subtotal": "1000.00", "tax": "200.00", "cis_deduction": "0.00", "total": "1200.00",
                   "amount_due": "800.00", "amount_paid": "400.00", "amount_credited": "0.00"},
        "sync": sync, "variance": null,
        "xero": {"invoice_id": "8b1c", "url": "https://go.xero.com/app/!mBdtL/invoicing/view/8b1c", "linked_at": "2026-03-02T10:00:00.000Z"},
        "created_at": "2026-03-02T10:00:00.000Z", "updated_at": "2026-03-12T14:03:11.000Z", "etag": "W/\"17\"",
        "lines": [
            {"ref": "1", "description": "Scaffolding hire, east side", "quantity": "10", "unit_price": "75.00",
             "nominal_code": "4000", "tax_type": "OUTPUT2", "tax_amount": null, "item_code": null, "discount_percent": null},
            {"ref": "2", "description": "Inspection", "quantity": "2.5", "unit_price": "111.1111",
             "nominal_code": "4010", "tax_type": null, "tax_amount": null, "item_code": null, "discount_percent": "10"},
        ],
        "payments": [{"id": "pay_1", "method": "Xero Sync", "amount": "400.00", "date": "2026-03-10", "deleted_at": null}],
    })
}

pub fn status() -> Value {
    json!({
        "version": "0.4.0", "uptime_s": 273_600, "time": "2026-03-12T14:05:11.000Z",
        "tenants": {"total": 2, "by_state": {"active": 1, "pending_credits": 0, "requires_reauth": 1, "grace_period": 0, "disconnected": 0}},
        "invoices": {"total": 184_000, "by_state": {"synced": 182_113, "pending": 14, "failed": 2, "none": 0}},
        "warnings": [{"tenant_id": BLUEBIRD, "message": "Bluebird Foods: requires_reauth since 2026-03-12T09:12:00.000Z.", "fix": "Reconnect to Xero"}],
        "errors": [],
    })
}

pub fn operation(state: &str) -> Value {
    json!({
        "id": "op_01KJG4QZ3N8V5T7W9X2Y4Z6A8E", "tenant_id": ACME, "kind": "resync", "label": "Sync now",
        "invoice_id": "inv_01KJG4QZ3N8V5T7W9X2Y4Z6A8D", "state": state,
        "progress": {"done": 0, "total": 1, "percent": 0}, "counts": {"total": 1, "succeeded": 0, "failed": 0},
        "message": "Queued", "error": null, "result": null, "requested_by": "token:admin",
        "created_at": "2026-03-12T14:05:10.000Z", "finished_at": null,
    })
}

pub fn ended(state: &str, message: &str, error: Value) -> Value {
    with(
        operation(state),
        json!({"message": message, "error": error, "finished_at": "2026-03-12T14:05:11.000Z",
               "progress": {"done": 1, "total": 1, "percent": 100}}),
    )
}

pub fn problem(status: u16, code: &str, title: &str, detail: &str, fix: &str) -> Value {
    json!({"type": format!("/v1/reasons/{code}"), "title": title, "status": status, "detail": detail, "code": code,
           "fix": fix, "retryable": false, "request_id": "req_1", "errors": []})
}
