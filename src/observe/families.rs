//! Every family of metrics: name, labels, meaning. `docs/METRICS.md` is this table.

use prometheus_client::registry::Registry;

use super::labels::{
    Badge, HookEvent, HookOutcome, HookResult, HttpRejection, IdempotencyOutcome, OauthOutcome, PushOutcome,
    ReloadResult, RestartCause, StoreOp, call_outcomes, causes, failures, gates, jobs, kinds, limits, reasons,
    resources, states, status_classes, streams,
};
use super::meters::{Counters, Gauges, Histograms, Meter, Spec};

/// Stands before every name but those of the process.
pub const PREFIX: &str = "counterfoil";

macro_rules! families {
    ($($field:ident: $meter:ty = $name:literal { $($label:literal in $values:expr),* } $help:literal;)*) => {
        /// The meters, one a family.
        #[derive(Debug, Clone)]
        pub struct Families {
            $(#[doc = $help] pub $field: $meter,)*
        }

        /// The table of families, in the order in which they are shown.
        pub const FAMILIES: &[Spec] = &[$(Spec {
            name: $name,
            kind: <$meter as Meter>::KIND,
            labels: &[$(($label, $values)),*],
            help: $help,
        }),*];

        impl Families {
            /// Makes and registers every family.
            pub(super) fn register(registry: &mut Registry) -> Self {
                Self {
                    $($field: Meter::register(&Spec {
                        name: $name,
                        kind: <$meter as Meter>::KIND,
                        labels: &[$(($label, $values)),*],
                        help: $help,
                    }, registry),)*
                }
            }
        }
    };
}

families! {
    build_info: Gauges<1> = "build_info" {"version" in || vec![env!("CARGO_PKG_VERSION")]} "Always 1; the label is the version.";
    start_timestamp: Gauges<0> = "start_timestamp_seconds" {} "When the daemon started.";
    config_reloads: Counters<1> = "config_reloads_total" {"result" in || ReloadResult::LABELS.to_vec()} "Reloads of the configuration.";
    config_last_reload: Gauges<0> = "config_last_reload_success_timestamp_seconds" {} "When a reload last was applied or found nothing changed.";
    log_events: Counters<1> = "log_events_total" {"level" in || vec!["error", "warn", "info", "debug", "trace"]} "Lines logged.";

    tenants: Gauges<1> = "tenants" {"state" in states} "Organisations by state of their connection.";
    tenants_parked: Gauges<0> = "tenants_parked" {} "Organisations whose actor takes no more work after repeated faults, or whose row cannot be read.";
    tenant_state_transitions: Counters<2> = "tenant_state_transitions_total" {"to" in states, "cause" in causes} "Changes of a connection's state.";
    tenants_daily_budget_low: Gauges<0> = "tenants_daily_budget_low" {} "Organisations that used 80 % of their day's calls or more.";
    tenants_daily_budget_exhausted: Gauges<0> = "tenants_daily_budget_exhausted" {} "Organisations that used all of their day's calls.";
    actor_restarts: Counters<1> = "actor_restarts_total" {"cause" in || RestartCause::LABELS.to_vec()} "Actors that were started again.";
    illegal_events: Counters<0> = "illegal_events_total" {} "Events that did not fit the state they met; each is a defect.";
    stale_answers: Counters<0> = "stale_answers_total" {} "Answers to calls that were not open any more.";

    invoices: Gauges<1> = "invoices" {"sync_state" in || Badge::LABELS.to_vec()} "Invoices by badge.";
    host_writes: Counters<1> = "host_writes_total" {"result" in || vec!["created", "replaced"]} "Documents accepted from the host.";
    pushes: Counters<2> = "pushes_total" {"kind" in kinds, "outcome" in || PushOutcome::LABELS.to_vec()} "Documents that reached Xero, or whose badge went red.";
    push_failures: Counters<1> = "push_failures_total" {"reason" in reasons} "Badges that went red, by reason.";
    push_latency: Histograms<0> = "push_latency_seconds" {} "From being queued to being in Xero.";
    push_queue_depth: Gauges<0> = "push_queue_depth" {} "Documents that wait to be sent.";
    push_queue_oldest: Gauges<0> = "push_queue_oldest_timestamp_seconds" {} "When the oldest waiting document was queued; 0 = none waits.";
    push_outcomes_open: Gauges<0> = "push_outcomes_open" {} "Attempts whose outcome is being found out.";
    push_outcomes_unknown: Counters<1> = "push_outcomes_unknown_total" {"failure" in failures} "Documents of attempts that ended without a known outcome.";
    push_outcomes_settled: Counters<1> = "push_outcomes_settled_total" {"how" in || vec!["replay", "look_up", "absent", "other"]} "Documents whose unknown outcome was found out.";
    retries: Counters<0> = "retries_total" {} "Automatic retries.";
    send_gate_changes: Counters<1> = "send_gate_changes_total" {"to" in gates} "Sending stopped, and why, or goes on (open).";
    operations: Counters<1> = "operations_total" {"outcome" in || vec!["succeeded", "failed"]} "Operations that ended.";
    scans: Counters<1> = "scans_total" {"stream" in streams} "Scans of what changed in Xero that are complete.";
    scanned_documents: Counters<1> = "scanned_documents_total" {"stream" in streams} "Documents those scans looked at.";
    changed_documents: Counters<1> = "changed_documents_total" {"stream" in streams} "Of these, the ones that were changed here.";
    jobs: Counters<1> = "jobs_total" {"kind" in jobs} "Refreshes, nightly checks, comparisons, sets of links, resyncs and acknowledgements of many that came to their end.";
    job_documents: Counters<1> = "job_documents_total" {"kind" in jobs} "Documents those looked at.";
    job_changed_documents: Counters<1> = "job_changed_documents_total" {"kind" in jobs} "Of these, the ones that were changed, repaired or linked, or that differ.";
    events_appended: Counters<0> = "events_appended_total" {} "Entries of the event feed.";

    xero_requests: Counters<3> = "xero_requests_total" {"resource" in resources, "access" in || vec!["read", "write"], "outcome" in call_outcomes} "Calls to Xero that ended.";
    xero_request_duration: Histograms<1> = "xero_request_duration_seconds" {"resource" in resources} "How long calls to Xero took.";
    xero_requests_in_flight: Gauges<0> = "xero_requests_in_flight" {} "Calls to Xero under way.";
    xero_response_bytes: Counters<1> = "xero_response_bytes_total" {"resource" in resources} "Decoded bytes of Xero's answers, an upper bound of what Xero bills.";
    xero_rate_limited: Counters<1> = "xero_rate_limited_total" {"limit" in limits} "Times Xero said 429.";
    xero_minute_used: Gauges<0> = "xero_minute_used" {} "Calls of the last rolling minute, over all organisations.";
    xero_day_used: Gauges<0> = "xero_day_used" {} "Calls of the last rolling day, over all organisations.";
    xero_breaker_changes: Counters<1> = "xero_breaker_changes_total" {"to" in || vec!["open", "closed"]} "Breakers that opened because Xero failed, or closed again.";
    oauth_refreshes: Counters<1> = "oauth_refreshes_total" {"outcome" in || OauthOutcome::LABELS.to_vec()} "Refreshes of access tokens.";

    xero_webhooks_received: Counters<1> = "xero_webhooks_received_total" {"result" in || HookResult::LABELS.to_vec()} "Requests to the public listener.";
    xero_webhook_events: Counters<1> = "xero_webhook_events_total" {"outcome" in || HookEvent::LABELS.to_vec()} "Events of webhooks.";
    xero_webhook_invoices: Counters<1> = "xero_webhook_invoices_total" {"outcome" in || HookOutcome::LABELS.to_vec()} "Invoices that webhooks named.";
    xero_webhook_ack: Histograms<0> = "xero_webhook_ack_seconds" {} "How long webhooks took to be answered.";
    xero_webhook_lag: Histograms<0> = "xero_webhook_lag_seconds" {} "From the receipt of a webhook to its change being taken over; the commit follows.";
    xero_webhook_last_received: Gauges<0> = "xero_webhook_last_received_timestamp_seconds" {} "When a rightly signed webhook last came.";
    xero_webhook_gaps: Counters<0> = "xero_webhook_gaps_total" {} "Times that numbers of events were missing.";
    xero_webhook_events_lost: Counters<0> = "xero_webhook_events_lost_total" {} "Numbers of events that were missing.";
    xero_webhooks_silent: Gauges<0> = "xero_webhooks_silent" {} "1 while scans find changes and no webhook comes: Xero may have disabled it.";
    xero_unannounced_changes: Counters<0> = "xero_unannounced_changes_total" {} "Changes that scans found and no webhook had announced; without webhooks all of them.";

    http_requests: Counters<3> = "http_requests_total" {"route" in || vec!["other"], "method" in || vec!["other"], "status_class" in status_classes} "Requests to our endpoints; routes are templates.";
    http_request_duration: Histograms<1> = "http_request_duration_seconds" {"route" in || vec!["other"]} "How long requests took; routes are templates.";
    http_rejected: Counters<1> = "http_rejected_total" {"cause" in || HttpRejection::LABELS.to_vec()} "Requests that were turned away before they were looked at.";
    idempotency: Counters<1> = "idempotency_total" {"outcome" in || IdempotencyOutcome::LABELS.to_vec()} "Requests with an Idempotency-Key.";

    store_bytes: Gauges<0> = "store_bytes" {} "Size of the data folder.";
    store_free_bytes: Gauges<0> = "store_free_bytes" {} "Free space on its disk.";
    store_flush: Histograms<0> = "store_flush_seconds" {} "How long a commit took to be durable.";
    store_errors: Counters<1> = "store_errors_total" {"op" in || StoreOp::LABELS.to_vec()} "Failures of the store.";
}
