//! Each notice becomes exactly one log line and its metric, here and nowhere else.
//!
//! Levels: `error` = a promise was broken, `warn` = somebody should look today, `info` = what
//! happened to documents and connections, `debug` = each call. Lines hold ids and labels only.

use std::time::Duration;

use tracing::{debug, error, info, warn};

use super::labels::{HookOutcome, NONE, PushOutcome};
use super::metrics::Metrics;
use crate::engine::effect::Notice;
use crate::engine::status::Blocked;
use crate::model::connection::{ConnectionCause, ConnectionState};
use crate::model::document::InvoiceKind;
use crate::model::failure::FailureKind;
use crate::model::ids::{InvoiceId, TenantId};
use crate::model::reason::ReasonCode;

/// Turns notices into lines and metrics. Shared by cloning.
#[derive(Debug, Clone)]
pub struct Reporter {
    metrics: Metrics,
}

impl Reporter {
    /// Feeds these metrics.
    #[must_use]
    pub const fn new(metrics: Metrics) -> Self {
        Self { metrics }
    }

    /// Reports what a tenant announced.
    pub fn announce(&self, tenant: TenantId, notice: &Notice) {
        match notice {
            Notice::Accepted { .. }
            | Notice::ContactFailed { .. }
            | Notice::Synced { .. }
            | Notice::Failed { .. }
            | Notice::RetryScheduled { .. }
            | Notice::OutcomeUnknown { .. }
            | Notice::OutcomeSettled { .. }
            | Notice::Scanned { .. }
            | Notice::JobEnded { .. }
            | Notice::OperationFinished { .. } => self.document(tenant, notice),
            Notice::Called { .. }
            | Notice::Throttled { .. }
            | Notice::BreakerOpened
            | Notice::BreakerClosed
            | Notice::SendGate(_)
            | Notice::StaleAnswer => self.traffic(tenant, notice),
            Notice::Rung { .. } | Notice::HookTaken { .. } | Notice::Unannounced { .. } => self.hooks(tenant, notice),
            Notice::ConnectionChanged { from, to, cause } => {
                self.connection(tenant, *from, *to, *cause);
            }
            Notice::IllegalEvent { state, event } => {
                self.metrics.families().illegal_events.inc([]);
                let (state, event) = (first_word(state), first_word(event));
                error!(%tenant, state, event, "event does not fit the state");
            }
        }
    }

    /// What happened to documents.
    fn document(&self, tenant: TenantId, notice: &Notice) {
        let families = self.metrics.families();
        match notice {
            Notice::Accepted { invoice, created } => {
                let result = if *created { "created" } else { "replaced" };
                families.host_writes.inc([result]);
                info!(%tenant, %invoice, result, "document accepted");
            }
            Notice::Synced {
                invoice,
                kind,
                latency_ms,
            } => {
                families.pushes.inc([kind.label(), PushOutcome::Ok.label()]);
                families.push_latency.observe([], Duration::from_millis(*latency_ms));
                info!(%tenant, %invoice, kind = kind.label(), latency_ms, "document synced");
            }
            Notice::Failed { invoice, kind, code } => self.failed(tenant, *invoice, *kind, *code),
            Notice::ContactFailed { code } => info!(%tenant, reason = code.code(), "contact not resolved"),
            Notice::RetryScheduled {
                intent,
                retry,
                delay_ms,
            } => {
                families.retries.inc([]);
                info!(%tenant, %intent, retry, delay_ms, "retry scheduled");
            }
            Notice::OutcomeUnknown { members_count, kind } => {
                families
                    .push_outcomes_unknown
                    .add([kind.label()], count(*members_count));
                info!(%tenant, members_count, failure = kind.label(), "outcome unknown");
            }
            Notice::OutcomeSettled { members_count, how } => {
                families.push_outcomes_settled.add([how], count(*members_count));
                info!(%tenant, members_count, how, "outcome settled");
            }
            Notice::Scanned {
                stream,
                checked_count,
                not_linked_count,
                changed_count,
            } => {
                let stream = stream.label();
                families.scans.inc([stream]);
                families.scanned_documents.add([stream], u64::from(*checked_count));
                families.changed_documents.add([stream], u64::from(*changed_count));
                debug!(%tenant, stream, checked_count, not_linked_count, changed_count, "changes read");
            }
            Notice::JobEnded {
                kind,
                checked_count,
                changed_count,
            } => {
                let kind = kind.label();
                families.jobs.inc([kind]);
                families.job_documents.add([kind], u64::from(*checked_count));
                families.job_changed_documents.add([kind], u64::from(*changed_count));
                info!(%tenant, kind, checked_count, changed_count, "job ended");
            }
            Notice::OperationFinished { operation, succeeded } => {
                let outcome = if *succeeded { "succeeded" } else { "failed" };
                families.operations.inc([outcome]);
                info!(%tenant, %operation, outcome, "operation finished");
            }
            _ => {}
        }
    }

    fn failed(&self, tenant: TenantId, invoice: InvoiceId, kind: InvoiceKind, code: ReasonCode) {
        let families = self.metrics.families();
        families.pushes.inc([kind.label(), PushOutcome::Failed.label()]);
        families.push_failures.inc([code.code()]);
        let (kind, reason) = (kind.label(), code.code());
        if code == ReasonCode::NeedsReview {
            warn!(%tenant, %invoice, kind, reason, "document failed");
        } else {
            info!(%tenant, %invoice, kind, reason, "document failed");
        }
    }

    /// What happened between us and Xero.
    fn traffic(&self, tenant: TenantId, notice: &Notice) {
        let families = self.metrics.families();
        match notice {
            Notice::Called {
                resource,
                is_write,
                failure,
                bytes_count,
                took_ms,
            } => {
                let access = if *is_write { "write" } else { "read" };
                let outcome = failure.map_or("ok", FailureKind::label);
                families.xero_requests.inc([resource, access, outcome]);
                families
                    .xero_request_duration
                    .observe([resource], Duration::from_millis(*took_ms));
                families.xero_response_bytes.add([resource], *bytes_count);
                debug!(%tenant, resource, access, outcome, bytes_count, took_ms, "xero called");
            }
            Notice::Throttled { limit, wait_ms } => {
                families.xero_rate_limited.inc([limit.label()]);
                info!(%tenant, limit = limit.label(), wait_ms, "xero throttled us");
            }
            Notice::BreakerOpened => {
                families.xero_breaker_changes.inc(["open"]);
                warn!(%tenant, "xero keeps failing, calls stop");
            }
            Notice::BreakerClosed => {
                families.xero_breaker_changes.inc(["closed"]);
                info!(%tenant, "xero answers again");
            }
            Notice::SendGate(blocked) => {
                let gate = blocked.map_or("open", Blocked::label);
                families.send_gate_changes.inc([gate]);
                debug!(%tenant, gate, "send gate changed");
            }
            Notice::StaleAnswer => {
                families.stale_answers.inc([]);
                debug!(%tenant, "stale answer ignored");
            }
            _ => {}
        }
    }

    /// What webhooks brought, and what they did not.
    fn hooks(&self, tenant: TenantId, notice: &Notice) {
        let families = self.metrics.families();
        match notice {
            Notice::Rung {
                read_count,
                folded_count,
                known_count,
                not_followed_count,
                crowded_count,
            } => {
                let outcomes = [
                    (HookOutcome::Read, *read_count),
                    (HookOutcome::Folded, *folded_count),
                    (HookOutcome::Known, *known_count),
                    (HookOutcome::NotFollowed, *not_followed_count),
                    (HookOutcome::Crowded, *crowded_count),
                ];
                for (outcome, named_count) in outcomes {
                    families
                        .xero_webhook_invoices
                        .add([outcome.label()], count(named_count));
                }
                debug!(%tenant, read_count, folded_count, known_count, not_followed_count, crowded_count, "webhook rang");
            }
            Notice::HookTaken { took_ms } => {
                families.xero_webhook_lag.observe([], Duration::from_millis(*took_ms));
                debug!(%tenant, took_ms, "change of a webhook taken");
            }
            Notice::Unannounced { count, latest } => {
                families.xero_unannounced_changes.add([], u64::from(*count));
                debug!(%tenant, count, %latest, "changes found that no webhook announced");
            }
            _ => {}
        }
    }

    fn connection(&self, tenant: TenantId, from: ConnectionState, to: ConnectionState, cause: Option<ConnectionCause>) {
        let cause = cause.map_or(NONE, ConnectionCause::label);
        self.metrics
            .families()
            .tenant_state_transitions
            .inc([to.label(), cause]);
        let (from, is_fine, to) = (from.label(), to == ConnectionState::Active, to.label());
        if is_fine {
            info!(%tenant, from, to, cause, "connection changed");
        } else {
            warn!(%tenant, from, to, cause, "connection changed");
        }
    }
}

/// The name of a state or an event without what is in it, which could be a customer's.
fn first_word(text: &str) -> &str {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
        .next()
        .unwrap_or_default()
}

fn count(members_count: usize) -> u64 {
    u64::try_from(members_count).unwrap_or(u64::MAX)
}
