use crate::engine::status::TenantStatus;
use crate::model::connection::{ConnectionState, Gate};
use crate::model::ids::TenantId;

pub(super) fn tenant(number: u128) -> TenantId {
    TenantId::from_parts(1_000, number)
}

/// A tenant at rest in this state.
pub(super) fn at_rest(connection: ConnectionState) -> TenantStatus {
    TenantStatus {
        connection,
        gate: Gate::Open,
        blocked: None,
        unavailable_since: None,
        queued_count: 0,
        in_flight_count: 0,
        unknown_count: 0,
        oldest_queued: None,
        minute_used: 0,
        minute_limit: 60,
        day_used: 0,
        day_limit: 5_000,
        next_check: None,
        illegal_events_count: 0,
        parked: None,
    }
}
