//! A call was answered, or failed.

use super::attempt::AttemptState;
use super::chart::Part;
use super::machine::{OpenCall, Purpose, TenantMachine};
use crate::engine::breaker::Change;
use crate::engine::effect::{CallId, Effect, Notice};
use crate::engine::event::ConnectionEvent;
use crate::model::connection::ConnectionCause;
use crate::model::failure::{Failure, FailureKind, Received, Remedy};
use crate::model::ids::{BatchId, IntentId};
use crate::model::mutation::{Rule, is_broken};
use crate::model::reason::ReasonCode;
use crate::model::row::Invoice;
use crate::model::time::{Mono, Now, Timestamp};
use crate::model::write::Write;
use crate::model::xero::{Answer, Reply};

/// Rejected tokens in a row after which the grant is taken for dead, when they go on for
/// [`TOKEN_REJECTED_FOR_MS`]: whether it is dead is for the token endpoint to say, so this is for
/// a Xero that hands out tokens and takes none.
const TOKEN_REJECTIONS_MAX: u32 = 5;
/// Half an hour: longer than a passing fault of Xero's own lasts, for the customer has to act then.
const TOKEN_REJECTED_FOR_MS: u64 = 30 * 60_000;

impl TenantMachine {
    pub(super) fn answered(
        &mut self,
        now: Now,
        call: CallId,
        answer: Answer,
        rows: Vec<Invoice>,
        out: &mut Vec<Effect>,
    ) {
        let Some(open) = self.calls.remove(&call) else {
            out.push(Effect::Announce(Notice::StaleAnswer));
            return;
        };
        let mut writes = vec![self.budget.finish(now, self.setup.tenant.id, &answer.meta)];
        out.push(Effect::Announce(Notice::Called {
            resource: open.resource,
            is_write: open.is_write,
            failure: answer.result.as_ref().err().map(|failure| failure.kind),
            bytes_count: answer.meta.bytes_count,
            took_ms: now.mono.since_ms(open.started),
        }));
        match answer.result {
            Ok(reply) => {
                self.token_rejections = 0;
                self.tenant_rejections = 0;
                let change = self.breaker.succeeded();
                self.breaker_changed(change, out);
                self.releases.heard_of_xero();
                out.push(Effect::Persist(writes));
                self.succeeded(now, open, (reply, answer.meta.xero_time), rows, out);
            }
            Err(failure) => {
                self.learn(now, open.started, &failure, &mut writes, out);
                out.push(Effect::Persist(writes));
                self.failed(now, open, &failure, rows, out);
            }
        }
    }

    fn succeeded(
        &mut self,
        now: Now,
        open: OpenCall,
        (reply, told_at): (Reply, Option<Timestamp>),
        rows: Vec<Invoice>,
        out: &mut Vec<Effect>,
    ) {
        match (open.purpose, reply) {
            (Purpose::Send(id), Reply::Written(elements)) => self.settle_members(now, id, elements, rows, out),
            (Purpose::LookUp(id), Reply::Invoices { found, page_count }) => {
                self.looked_up(now, id, (&found, page_count), rows, out);
            }
            (Purpose::Read(intents), Reply::Invoices { found, .. }) => self.read(now, &intents, &found, rows, out),
            (Purpose::CheckNumber(intents), Reply::Invoices { found, .. }) => {
                self.number_checked(now, &intents, &found, rows, out);
            }
            (Purpose::FindContacts(references), Reply::Contacts(found)) => {
                self.contacts_found(now, &references, &found, out);
            }
            (Purpose::CreateContacts(references, batch), Reply::Contacts(made)) => {
                self.contacts_made(now, &references, batch, made, out);
            }
            (Purpose::Organisation, Reply::Organisation(organisation)) => {
                self.chart.organisation = Some(organisation);
                self.chart_part(now, Part::Organisation, out);
            }
            (Purpose::Accounts, Reply::Accounts(accounts)) => {
                self.chart.accounts = Some(accounts);
                self.chart_part(now, Part::Accounts, out);
            }
            (Purpose::TaxRates, Reply::TaxRates(rates)) => {
                self.chart.tax_rates = Some(rates);
                self.chart_part(now, Part::TaxRates, out);
            }
            (Purpose::Page(kind), Reply::Invoices { found, page_count }) => {
                self.page(now, kind, (found, page_count), told_at, rows, out);
            }
            (Purpose::Page(kind), Reply::Changes { page_count, .. }) => {
                self.page(now, kind, (Vec::new(), page_count), told_at, rows, out);
            }
            (Purpose::ReadNamed(ids), Reply::Invoices { found, .. }) => self.named_read(now, &ids, (found, rows), out),
            (Purpose::ReadOwed(kind, ids), Reply::Invoices { found, .. }) => {
                self.owed_read(now, (kind, &ids), found, rows, out);
            }
            (Purpose::JobPage(id), Reply::Invoices { found, page_count }) => {
                self.job_page(now, id, (found, page_count), told_at, rows, out);
            }
            (Purpose::JobIds(id, asked), Reply::Invoices { found, .. }) => {
                self.job_ids(now, id, &asked, found, rows, out);
            }
            (Purpose::JobLinks(id, count), Reply::Invoices { found, page_count }) => {
                self.job_links(now, id, count, (found, page_count), rows, out);
            }
            (purpose, _) => {
                self.illegal(&format!("{purpose:?}"), "an answer of another kind", out);
                let failure = Failure {
                    kind: FailureKind::Garbled,
                    remedy: Remedy::RetryWithBackoff,
                    received: Received::UnknownAnswered,
                    status: None,
                    message: "the answer is of another kind than the question".to_owned(),
                    validation: Vec::new(),
                };
                let open = OpenCall { purpose, ..open };
                self.failed(now, open, &failure, rows, out);
            }
        }
    }

    fn failed(&mut self, now: Now, open: OpenCall, failure: &Failure, rows: Vec<Invoice>, out: &mut Vec<Effect>) {
        match open.purpose {
            Purpose::Send(id) => self.send_failed(now, id, failure, rows, out),
            Purpose::LookUp(id) => self.look_up_failed(now, id, failure),
            Purpose::Read(intents) | Purpose::CheckNumber(intents) => self.read_failed(now, intents, failure, out),
            Purpose::FindContacts(references) => self.contacts_not_found(now, &references, failure, out),
            Purpose::CreateContacts(references, batch) => {
                self.contacts_not_made(now, &references, batch, failure, out);
            }
            Purpose::Page(kind) => self.page_failed(now, kind, failure),
            Purpose::ReadNamed(named) => self.named_failed(now, named, failure),
            Purpose::ReadOwed(kind, ids) => self.owed_failed(now, kind, &ids, failure, out),
            Purpose::JobPage(id) | Purpose::JobIds(id, _) | Purpose::JobLinks(id, _) => {
                self.job_failed(now, id, failure, out);
            }
            Purpose::Organisation => self.chart_part_failed(now, Part::Organisation, out),
            Purpose::Accounts => self.chart_part_failed(now, Part::Accounts, out),
            Purpose::TaxRates => self.chart_part_failed(now, Part::TaxRates, out),
        }
    }

    /// What a failure tells about limits, the service, the token and the connection.
    fn learn(&mut self, now: Now, started: Mono, failure: &Failure, writes: &mut Vec<Write>, out: &mut Vec<Effect>) {
        match failure.kind {
            FailureKind::Unavailable | FailureKind::TimedOut | FailureKind::Garbled => self.service_failed(now, out),
            FailureKind::Refused | FailureKind::NotFound | FailureKind::KeyMismatch => {
                let change = self.breaker.succeeded();
                self.breaker_changed(change, out);
            }
            FailureKind::Throttled
            | FailureKind::TokenRejected
            | FailureKind::GrantRejected
            | FailureKind::TenantRejected => self.breaker.ended_otherwise(now.mono),
        }
        match failure.remedy {
            Remedy::WaitForLimit { limit, retry_after_ms } => {
                let (wait_ms, write) = self.budget.throttled(now, self.setup.tenant.id, limit, retry_after_ms);
                writes.push(write);
                out.push(Effect::Announce(Notice::Throttled { limit, wait_ms }));
            }
            Remedy::RefreshToken => self.token_rejected(now, started, out),
            // What the old grant is refused says nothing about the new one.
            Remedy::Reconnect if started < self.regranted_at => {}
            Remedy::Reconnect => {
                let cause = if failure.status == Some(401) {
                    ConnectionCause::ScopeMissing
                } else {
                    ConnectionCause::GrantDead
                };
                self.connection_event(now, ConnectionEvent::GrantLost(cause), out);
            }
            Remedy::CheckConnection => {
                self.tenant_rejections = self.tenant_rejections.saturating_add(1);
                self.check_connection(now, out);
            }
            Remedy::RetryWithBackoff | Remedy::GiveUpItem => {}
        }
    }

    fn service_failed(&mut self, now: Now, out: &mut Vec<Effect>) {
        let jitter_ms = self.ids.below(self.setup.policy.breaker_probe_ms / 10 + 1);
        let change = self.breaker.failed(now.mono, jitter_ms);
        self.breaker_changed(change, out);
    }

    /// One rejection is a token that has ended. Xero's fault it is when the next ones, just made,
    /// are rejected too: the breaker then keeps calls from going on at once for ever.
    fn token_rejected(&mut self, now: Now, started: Mono, out: &mut Vec<Effect>) {
        // Calls that were under way together carry one token: they are one rejection.
        if self.token_rejections > 0 && started < self.token_rejected_at {
            return;
        }
        if self.token_rejections == 0 {
            self.token_rejected_first = now.mono;
        } else {
            self.service_failed(now, out);
        }
        self.token_rejections = self.token_rejections.saturating_add(1);
        self.token_rejected_at = now.mono;
        let lasted_ms = now.mono.since_ms(self.token_rejected_first);
        if self.token_rejections >= TOKEN_REJECTIONS_MAX && lasted_ms >= TOKEN_REJECTED_FOR_MS {
            self.token_rejections = 0;
            self.connection_event(now, ConnectionEvent::GrantLost(ConnectionCause::GrantDead), out);
        }
    }

    fn breaker_changed(&mut self, change: Option<Change>, out: &mut Vec<Effect>) {
        match change {
            Some(Change::Opened) => out.push(Effect::Announce(Notice::BreakerOpened)),
            Some(Change::Closed) => {
                out.push(Effect::Announce(Notice::BreakerClosed));
                self.releases.want(ReasonCode::XeroUnavailable);
            }
            None => {}
        }
    }

    fn send_failed(&mut self, now: Now, id: BatchId, failure: &Failure, rows: Vec<Invoice>, out: &mut Vec<Effect>) {
        let Some(attempt) = self.attempts.get(&id) else {
            return;
        };
        let was_sent_before = matches!(attempt.state, AttemptState::InFlight { again: Some(_) });
        match failure.received {
            // The first send never arrived: the attempt is undone and costs nothing.
            Received::No if !was_sent_before => self.undo(now, id, failure, out),
            Received::No => self.replay_not_sent(now, id),
            // While the first send may still be at work, what Xero says of the second is no verdict.
            Received::RefusedWhole
                if (failure.kind == FailureKind::KeyMismatch || was_sent_before) && !is_broken(Rule::RefusedReplay) =>
            {
                self.outcome_unknown(now, id, failure, rows, out);
            }
            Received::RefusedWhole => self.refused_whole(now, id, failure, rows, out),
            _ if is_broken(Rule::UnknownIsNoFailure) => self.refused_whole(now, id, failure, rows, out),
            Received::Unknown | Received::UnknownAnswered => self.outcome_unknown(now, id, failure, rows, out),
        }
    }

    fn undo(&mut self, now: Now, id: BatchId, failure: &Failure, out: &mut Vec<Effect>) {
        let Some(attempt) = self.attempts.remove(&id) else {
            return;
        };
        let mut writes = vec![Write::DropBatch(self.setup.tenant.id, id)];
        for member in attempt.batch.members {
            if !self.is_member(member.intent, id) {
                continue;
            }
            if is_broken(Rule::WaitingIsNoRetry) {
                self.retry_later(now, member.intent, &mut writes, out);
            } else {
                self.wait_for_free(now, member.intent, failure, &mut writes);
            }
        }
        out.push(Effect::Persist(writes));
    }

    /// Back into the queue without using up a retry.
    pub(super) fn wait_for_free(&mut self, now: Now, id: IntentId, failure: &Failure, writes: &mut Vec<Write>) {
        let Some(work) = self.works.get_mut(&id) else {
            return;
        };
        let delay_ms = match failure.remedy {
            // The budget, the keyring or the connection say when.
            Remedy::WaitForLimit { .. } | Remedy::RefreshToken | Remedy::Reconnect => 0,
            Remedy::CheckConnection | Remedy::GiveUpItem => 5_000,
            Remedy::RetryWithBackoff => 250_u64.saturating_mul(1 << work.free_waits.min(7)),
        };
        work.free_waits = work.free_waits.saturating_add(1);
        let jitter_ms = self.ids.below(delay_ms / 4 + 1);
        self.requeue(now, id, delay_ms.saturating_add(jitter_ms), writes);
    }

    fn replay_not_sent(&mut self, now: Now, id: BatchId) {
        if let Some(attempt) = self.attempts.get(&id)
            && let AttemptState::InFlight { again: Some(doubt) } = attempt.state.clone()
            && !is_broken(Rule::ReplayAgain)
        {
            let next_at = now.mono.plus_ms(1_000);
            self.stay_unknown(id, super::attempt::Doubt { next_at, ..doubt });
        }
    }

    /// Xero read the request and refused it as a whole: nothing was written.
    fn refused_whole(&mut self, now: Now, id: BatchId, failure: &Failure, rows: Vec<Invoice>, out: &mut Vec<Effect>) {
        let Some(attempt) = self.attempts.remove(&id) else {
            return;
        };
        let mut writes = vec![Write::DropBatch(self.setup.tenant.id, id)];
        let members = attempt.batch.members;
        let half = members.len().div_ceil(2);
        if members.len() > 1 {
            for member in members
                .iter()
                .filter(|member| self.is_member(member.intent, id))
                .cloned()
                .collect::<Vec<_>>()
            {
                if let Some(work) = self.works.get_mut(&member.intent) {
                    work.batch_cap = half;
                }
                self.requeue(now, member.intent, 0, &mut writes);
            }
            out.push(Effect::Persist(writes));
            return;
        }
        let messages = if failure.validation.is_empty() {
            vec![failure.message.clone()]
        } else {
            failure.validation.clone()
        };
        for member in members {
            let Some(row) = rows.iter().find(|row| row.id == member.invoice).cloned() else {
                self.requeue(now, member.intent, 0, &mut writes);
                continue;
            };
            self.refused(now, member.intent, row, &messages, &mut writes, out);
        }
        out.push(Effect::Persist(writes));
    }
}
