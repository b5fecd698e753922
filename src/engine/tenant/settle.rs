//! A write was answered: each member is settled by itself.

use super::agreement::agreed;
use super::attempt::AttemptState;
use super::bulk::PushEnd;
use super::echo::{echo_finding, element_of};
use super::host::Push;
use super::machine::{Stage, TenantMachine};
use super::queue::PushOrder;
use crate::engine::badge;
use crate::engine::desired::Obstacle;
use crate::engine::effect::{Effect, Notice};
use crate::engine::refusal::{self, Meaning};
use crate::model::connection::ConnectionState;
use crate::model::ids::{BatchId, IntentId, OperationId};
use crate::model::mutation::{Rule, is_broken};
use crate::model::reason::ReasonCode;
use crate::model::row::{Class, Intent, Invoice, Link, Member, Operation, OperationState, ReasonGiven, WaitCause};
use crate::model::time::Now;
use crate::model::write::Write;
use crate::model::xero::{Element, XeroInvoice};

impl TenantMachine {
    /// Settles every member Xero answered about; the others stay unknown.
    pub(super) fn settle_members(
        &mut self,
        now: Now,
        id: BatchId,
        mut elements: Vec<Element>,
        mut rows: Vec<Invoice>,
        out: &mut Vec<Effect>,
    ) {
        let Some(attempt) = self.attempts.get(&id) else {
            return;
        };
        let was_replay = matches!(attempt.state, AttemptState::InFlight { again: Some(_) });
        let target = attempt.batch.target;
        let mut writes = Vec::new();
        let mut settled = 0_usize;
        let all_fail = is_broken(Rule::MembersAlone) && elements.iter().any(|element| !element.errors.is_empty());
        for member in self.members_of(id) {
            let Some(index) = element_of(&member, target, &elements) else {
                continue;
            };
            let element = elements.swap_remove(index);
            let Some(index) = rows.iter().position(|row| row.id == member.invoice) else {
                continue;
            };
            let row = rows.swap_remove(index);
            settled = settled.saturating_add(1);
            if (element.errors.is_empty() && !all_fail) || is_broken(Rule::RefusedIsNotDone) {
                if was_replay && row.link.is_none() {
                    self.owe_kept(&element.invoice, &mut writes);
                }
                self.done(now, member.intent, row, element.invoice, &mut writes, out);
            } else {
                self.refused(now, member.intent, row, &element.errors, &mut writes, out);
            }
        }
        if was_replay {
            out.push(Effect::Announce(Notice::OutcomeSettled {
                members_count: settled,
                how: "replay",
            }));
        }
        if self.members_of(id).is_empty() {
            self.attempts.remove(&id);
            writes.push(Write::DropBatch(self.setup.tenant.id, id));
            out.push(Effect::Persist(writes));
            return;
        }
        out.push(Effect::Persist(writes));
        // Xero answered about fewer documents than were sent: what became of the others?
        let failure = crate::model::failure::Failure {
            kind: crate::model::failure::FailureKind::Garbled,
            remedy: crate::model::failure::Remedy::RetryWithBackoff,
            received: crate::model::failure::Received::UnknownAnswered,
            status: Some(200),
            message: "the answer is about fewer documents than were sent".to_owned(),
            validation: Vec::new(),
        };
        self.outcome_unknown(now, id, &failure, rows, out);
    }

    /// The document is in Xero as it was sent.
    pub(super) fn done(
        &mut self,
        now: Now,
        id: IntentId,
        mut row: Invoice,
        xero: XeroInvoice,
        writes: &mut Vec<Write>,
        out: &mut Vec<Effect>,
    ) {
        let sent = row.sent.take();
        let (rev, draft) = sent.map_or_else(|| (row.rev, row.draft.clone()), |sent| (sent.rev, sent.draft));
        let finding = echo_finding(&draft, &xero, row.link.is_some());
        let is_first = row.link.is_none();
        row.link.get_or_insert(Link {
            xero_id: xero.id,
            linked_at: now.wall,
        });
        let Some(intent) = self.forget(id) else {
            return;
        };
        if is_first {
            self.spend_credit(writes);
        }
        row.common = Some(agreed(row.common.as_ref(), (rev, &draft), &xero, intent.force));
        self.take_echo(now, &mut row, xero, writes);
        writes.push(Write::DropIntent(intent.tenant, id));
        if let Some(obstacle) = finding {
            self.red(now, &mut row, obstacle, &intent, writes, out);
            return;
        }
        let latency_ms = u64::try_from(now.wall.since_ms(intent.queued_at)).unwrap_or(0);
        out.push(Effect::Announce(Notice::Synced {
            invoice: row.id,
            kind: intent.kind,
            latency_ms,
        }));
        let was_asked = row.sync.asked;
        badge::synced(&mut row, now);
        let told = badge::event(&mut self.ids, &row, now);
        if is_broken(Rule::OneCommit) {
            out.push(Effect::Persist(vec![told]));
        } else {
            writes.push(told);
        }
        // The host changed it meanwhile: the newer version follows.
        let is_followed = row.rev != rev && self.follow_up(now, &mut row, &intent, was_asked, writes);
        if !is_followed {
            self.compare_again(now, &mut row, writes);
        }
        if let Some(operation) = intent.operation.filter(|_| !is_followed) {
            let words = settled_in_words(&row);
            self.finish_operation(now, operation, (OperationState::Succeeded, &words), None, writes);
        }
        if !is_followed {
            self.tell_jobs(&intent, Some(&row), PushEnd::synced(), writes);
        }
        writes.push(badge::write(&mut row, now));
    }

    /// There was nothing to send.
    pub(super) fn in_step(
        &mut self,
        now: Now,
        id: IntentId,
        mut row: Invoice,
        writes: &mut Vec<Write>,
        out: &mut Vec<Effect>,
    ) {
        match row.copy.clone() {
            Some(copy) => {
                row.sent = None;
                self.done(now, id, row, copy, writes, out);
            }
            None => {
                let nothing = (OperationState::Succeeded, "Nothing to send.");
                self.drop_intent(now, id, nothing, Some(&row), writes);
                badge::none(&mut row);
                writes.push(badge::write(&mut row, now));
            }
        }
    }

    /// Xero refused the document.
    pub(super) fn refused(
        &mut self,
        now: Now,
        id: IntentId,
        row: Invoice,
        messages: &[String],
        writes: &mut Vec<Write>,
        out: &mut Vec<Effect>,
    ) {
        match refusal::meaning(messages) {
            Meaning::NumberTaken => {
                if let Some(work) = self.works.get_mut(&id) {
                    work.check_number = true;
                }
                self.requeue(now, id, 0, writes);
            }
            Meaning::Reason(code) => {
                if code == ReasonCode::AccountMappingIncorrect || code == ReasonCode::PrerequisiteUnmapped {
                    self.chart.want();
                }
                let subject = refusal::subject(code, messages, &row.draft);
                let obstacle = Obstacle {
                    code,
                    detail: refusal::in_words(messages),
                    subject,
                };
                self.turn_red(now, id, row, obstacle, writes, out);
            }
        }
    }

    /// Ends an intent red.
    pub(super) fn turn_red(
        &mut self,
        now: Now,
        id: IntentId,
        mut row: Invoice,
        obstacle: Obstacle,
        writes: &mut Vec<Write>,
        out: &mut Vec<Effect>,
    ) {
        let was_sent = matches!(self.works.get(&id).map(|work| work.stage), Some(Stage::InBatch(_)));
        let Some(intent) = self.forget(id) else {
            return;
        };
        writes.push(Write::DropIntent(intent.tenant, id));
        if was_sent {
            let sent_rev = row.sent.take().map(|sent| sent.rev);
            let was_asked = row.sync.asked;
            // What was refused is not what the host wants any more.
            if sent_rev.is_some_and(|rev| rev != row.rev) && self.follow_up(now, &mut row, &intent, was_asked, writes) {
                writes.push(badge::write(&mut row, now));
                return;
            }
        }
        row.sync.retries = intent.retries;
        self.red(now, &mut row, obstacle, &intent, writes, out);
    }

    /// Queues the version the host wrote while an older one was on its way, if it is pushed by
    /// itself or somebody waits for it. The operation goes with it.
    fn follow_up(
        &mut self,
        now: Now,
        row: &mut Invoice,
        intent: &Intent,
        was_asked: bool,
        writes: &mut Vec<Write>,
    ) -> bool {
        let is_asked = intent.operation.is_some() || !intent.jobs.is_empty();
        let is_wanted = is_asked || self.push_rule(row) == Push::ByItself;
        if !is_wanted || is_broken(Rule::NewerFollows) {
            return false;
        }
        let order = PushOrder {
            class: if is_asked { intent.class } else { Class::Push },
            operation: intent.operation,
            jobs: intent.jobs.clone(),
            ..PushOrder::by_itself(self.setup.policy.batch_wait_ms)
        };
        row.sync.asked |= was_asked;
        self.queue_push(now, row, order, writes);
        writes.push(badge::event(&mut self.ids, row, now));
        true
    }

    fn red(
        &mut self,
        now: Now,
        row: &mut Invoice,
        obstacle: Obstacle,
        intent: &Intent,
        writes: &mut Vec<Write>,
        out: &mut Vec<Effect>,
    ) {
        let code = obstacle.code;
        let reason = badge::failed(row, obstacle, now);
        out.push(Effect::Announce(Notice::Failed {
            invoice: row.id,
            kind: row.draft.kind,
            code,
        }));
        let words = format!("{}. {}", code.title(), reason.detail);
        if let Some(operation) = intent.operation {
            self.finish_operation(now, operation, (OperationState::Failed, &words), Some(reason), writes);
        }
        self.tell_jobs(intent, Some(row), PushEnd::red(code, words), writes);
        writes.push(badge::write(row, now));
        if !is_broken(Rule::EventOfRed) {
            writes.push(badge::event(&mut self.ids, row, now));
        }
    }

    /// Schedules an automatic retry; `None` when they are used up.
    pub(super) fn retry_later(
        &mut self,
        now: Now,
        id: IntentId,
        writes: &mut Vec<Write>,
        out: &mut Vec<Effect>,
    ) -> Option<u64> {
        let policy = std::sync::Arc::clone(&self.setup.policy);
        let work = self.works.get_mut(&id)?;
        if work.intent.retries >= policy.max_retries {
            return None;
        }
        let index = usize::from(work.intent.retries).min(policy.retry_delays_ms.len().saturating_sub(1));
        let base_ms = policy.retry_delays_ms.get(index).copied().unwrap_or(1_000);
        work.intent.retries = work.intent.retries.saturating_add(1);
        let retry = work.intent.retries;
        let delay_ms = base_ms.saturating_add(self.ids.below(base_ms / 4 + 1));
        self.requeue(now, id, delay_ms, writes);
        out.push(Effect::Announce(Notice::RetryScheduled {
            intent: id,
            retry,
            delay_ms,
        }));
        Some(delay_ms)
    }

    /// Puts an intent back into the queue, durably.
    pub(super) fn requeue(&mut self, now: Now, id: IntentId, delay_ms: u64, writes: &mut Vec<Write>) {
        let due = now.mono.plus_ms(delay_ms);
        if let Some(work) = self.works.get_mut(&id) {
            work.intent.batch = None;
            work.intent.due = now.wall_at(due);
            writes.push(Write::Intent(Box::new(work.intent.clone())));
        }
        self.enqueue(id, due);
        if self.setup.tenant.connection.state != ConnectionState::Active
            && let Some(work) = self.works.get(&id)
        {
            self.relabels.wanted.insert(work.intent.invoice);
        }
    }

    /// The rows of a retry say so.
    pub(super) fn show_retry(now: Now, mut row: Invoice, delay_ms: u64, retries: u8) -> Write {
        let until = now.wall.plus_ms(i64::try_from(delay_ms).unwrap_or(0));
        row.sync.retries = retries;
        row.sent = None;
        badge::still_waiting(&mut row, WaitCause::Transient, until);
        badge::write(&mut row, now)
    }

    /// Ends an operation; what it is then.
    pub(super) fn finish_operation(
        &mut self,
        now: Now,
        id: OperationId,
        (state, message): (OperationState, &str),
        reason: Option<ReasonGiven>,
        writes: &mut Vec<Write>,
    ) -> Option<Operation> {
        let mut operation = self.operations.remove(&id)?;
        operation.state = state;
        message.clone_into(&mut operation.message);
        operation.reason = reason;
        if state != OperationState::Cancelled && operation.rest.is_none() {
            operation.done = operation.total;
        }
        operation.finished_at = Some(now.wall);
        writes.push(badge::operation_event(&mut self.ids, &operation, now));
        if !is_broken(Rule::OperationEnds) {
            writes.push(Write::Operation(Box::new(operation.clone())));
        }
        Some(operation)
    }

    /// The members of an attempt that are not settled yet.
    pub(super) fn members_of(&self, id: BatchId) -> Vec<Member> {
        let members = self.attempts.get(&id).map(|attempt| attempt.batch.members.as_slice());
        let is_open = |member: &&Member| self.is_member(member.intent, id);
        members.unwrap_or_default().iter().filter(is_open).cloned().collect()
    }

    /// Whether this intent still belongs to this attempt.
    pub(super) fn is_member(&self, intent: IntentId, batch: BatchId) -> bool {
        matches!(self.works.get(&intent).map(|work| work.stage), Some(Stage::InBatch(open)) if open == batch)
    }
}

/// How a push ended well.
fn settled_in_words(row: &Invoice) -> String {
    if super::decided::gone(row).is_some() {
        let status = super::decided::in_xero(row);
        return format!("The document is {status} in Xero: there is nothing to send.");
    }
    "Synced to Xero".to_owned()
}

/// Tells of every operation that ends with these changes.
pub(super) fn announce_ended(effects: &mut Vec<Effect>) {
    let mut ended = Vec::new();
    for effect in effects.iter() {
        let Effect::Persist(writes) = effect else { continue };
        for write in writes {
            if let Write::Operation(operation) = write
                && operation.state.is_final()
            {
                ended.push(Effect::Announce(Notice::OperationFinished {
                    operation: operation.id,
                    succeeded: operation.state == OperationState::Succeeded,
                }));
            }
        }
    }
    effects.append(&mut ended);
}
