//! Attempts whose outcome is not known: replayed under their key while Xero keeps it, looked up
//! afterwards, and only made anew once it is proven that nothing of them exists or can still come.

use super::attempt::{Attempt, AttemptState, Doubt};
use super::machine::{Direction, Purpose, TenantMachine};
use crate::engine::badge;
use crate::engine::connection::access;
use crate::engine::effect::{Effect, Notice};
use crate::model::document::InvoiceKind;
use crate::model::failure::{Failure, Received};
use crate::model::ids::{BatchId, InvoiceId};
use crate::model::limits::LOOKUP_MAX;
use crate::model::mutation::{Rule, is_broken};
use crate::model::row::{Batch, Class, Invoice, WaitCause};
use crate::model::time::{Mono, Now, Timestamp};
use crate::model::write::Write;
use crate::model::xero::{Request, WriteTarget};

/// Clocks that drift further apart than this since a send are not trusted for the key window.
const CLOCK_TRUST_MS: u64 = 5_000;
/// How far before the first send a look-up begins, by Xero's own clock.
const LOOKUP_MARGIN_MS: i64 = 300_000;
/// The same by our clock, where Xero's was not heard: ours may have been days ahead, and a document
/// that is not found would be made again.
const LOOKUP_BLIND_MARGIN_MS: i64 = 31 * 86_400_000;
/// Longest delay between two replays.
const REPLAY_DELAY_MAX_MS: u64 = 30_000;

impl TenantMachine {
    /// An attempt the store has: its process ended, so its outcome is unknown.
    pub(super) fn adopt_attempt(&mut self, now: Now, batch: Batch) {
        // A moment is only comparable on a clock that did not jump since.
        let last_sent = if self.clock_is_trusted(now, &batch) {
            now.mono_at(batch.last_sent, 0)
        } else {
            // The sender died, but nobody can say how long ago.
            now.mono
        };
        let quiescence_ms = if is_broken(Rule::QuietAfterCrash) {
            0
        } else {
            self.setup.policy.quiescence_ms
        };
        let never = is_broken(Rule::ResumeLookUp).then_some(Mono(u64::MAX));
        let doubt = Doubt {
            next_at: never.unwrap_or(now.mono),
            quiet_at: last_sent.plus_ms(quiescence_ms),
            last_status: None,
            no_replay: false,
            absent_at: None,
            began_at: now.mono,
            cursor: 0,
            service_failed: false,
            look_up_failures: 0,
            by_marker: false,
        };
        self.attempts.insert(
            batch.id,
            Attempt {
                batch,
                state: AttemptState::Unknown(doubt),
                is_outdated: false,
            },
        );
    }

    /// Whether the attempt may still be repeated under its key.
    pub(super) fn key_window_is_open(&self, now: Now, batch: &Batch) -> bool {
        let mono_ms = now.mono.0.saturating_sub(batch.first_sent_mono_ms);
        let is_young = mono_ms < self.setup.policy.key_window_ms || is_broken(Rule::KeyWindow);
        is_young && self.clock_is_trusted(now, batch)
    }

    /// Whether the time since the first send is known: same boot, and both clocks agree.
    fn clock_is_trusted(&self, now: Now, batch: &Batch) -> bool {
        if is_broken(Rule::BootOfKey) {
            return true;
        }
        if batch.boot_id != *self.setup.boot_id || now.mono.0 < batch.first_sent_mono_ms {
            return false;
        }
        let mono_ms = now.mono.0.saturating_sub(batch.first_sent_mono_ms);
        let wall_ms = now.wall.since_ms(batch.first_sent);
        let drift_ms = wall_ms
            .saturating_sub(i64::try_from(mono_ms).unwrap_or(i64::MAX))
            .unsigned_abs();
        drift_ms <= CLOCK_TRUST_MS || is_broken(Rule::ClockDrift)
    }

    /// Whether the next step is to send again: the key is still of use, and writing is allowed.
    /// Where it is held, a look-up finds out as well.
    fn replays(&self, now: Now, attempt: &Attempt, doubt: &Doubt) -> bool {
        !doubt.no_replay && access(&self.setup.tenant.connection).writes && self.key_window_is_open(now, &attempt.batch)
    }

    pub(super) fn attempt_class(&self, attempt: &Attempt) -> Class {
        attempt
            .batch
            .members
            .iter()
            .filter_map(|member| self.works.get(&member.intent))
            .map(|work| work.intent.class)
            .min()
            .unwrap_or(Class::Push)
    }

    /// When an attempt wants its next step, and in which direction.
    pub(super) fn attempt_wake(&self, now: Now, attempt: &Attempt) -> Option<(Mono, Direction)> {
        let AttemptState::Unknown(doubt) = &attempt.state else {
            return None;
        };
        if is_broken(Rule::WakeUp) {
            return None;
        }
        let replays = self.replays(now, attempt, doubt);
        Some((doubt.next_at, if replays { Direction::Write } else { Direction::Read }))
    }

    /// Takes the next step of every unknown outcome that is due.
    pub(super) fn find_out(&mut self, now: Now, out: &mut Vec<Effect>) {
        let due: Vec<BatchId> = self
            .attempts
            .iter()
            .filter(|(_, attempt)| matches!(&attempt.state, AttemptState::Unknown(doubt) if doubt.next_at <= now.mono))
            .map(|(id, _)| *id)
            .collect();
        for id in due {
            let Some(attempt) = self.attempts.get(&id) else {
                continue;
            };
            let AttemptState::Unknown(doubt) = attempt.state.clone() else {
                continue;
            };
            let class = self.attempt_class(attempt);
            let replays = self.replays(now, attempt, &doubt);
            let direction = if replays { Direction::Write } else { Direction::Read };
            if attempt.batch.target == WriteTarget::CreateContacts {
                self.dissolve_contacts(now, id, out);
            } else if self.may_start(now, class, direction, 1).is_err() {
            } else if replays {
                self.replay(now, id, class, doubt, out);
            } else if let WriteTarget::ChangeInvoice(_) = attempt.batch.target {
                self.reread_after(now, id, doubt, out);
            } else {
                self.look_up(now, id, class, doubt, out);
            }
        }
    }

    /// Sends the same bytes again under the same key.
    fn replay(&mut self, now: Now, id: BatchId, class: Class, doubt: Doubt, out: &mut Vec<Effect>) {
        let Some(attempt) = self.attempts.get_mut(&id) else {
            return;
        };
        attempt.batch.last_sent = now.wall;
        attempt.batch.replays = attempt.batch.replays.saturating_add(1);
        attempt.state = AttemptState::InFlight { again: Some(doubt) };
        if is_broken(Rule::SameKeyOnReplay) {
            attempt.batch.key.push('-');
        }
        if is_broken(Rule::SameBytesOnReplay) {
            attempt.batch.body = [&attempt.batch.body, "\n".as_bytes()].concat().into();
        }
        let batch = attempt.batch.clone();
        let request = Request::Write {
            target: batch.target,
            body: batch.body.clone(),
            key: batch.key.clone(),
        };
        let rows = batch.members.iter().map(|member| member.invoice).collect();
        let writes = vec![Write::Batch(Box::new(batch))];
        self.call(now, class, Purpose::Send(id), request, rows, writes, out);
    }

    /// A change needs no proof of absence: once it is quiet, the document is read and compared anew.
    fn reread_after(&mut self, now: Now, id: BatchId, doubt: Doubt, out: &mut Vec<Effect>) {
        if now.mono < doubt.quiet_at {
            let next_at = doubt.quiet_at;
            self.stay_unknown(id, Doubt { next_at, ..doubt });
            return;
        }
        self.dissolve(now, id, doubt.service_failed, out);
    }

    fn look_up(&mut self, now: Now, id: BatchId, class: Class, mut doubt: Doubt, out: &mut Vec<Effect>) {
        let Some(attempt) = self.attempts.get_mut(&id) else {
            return;
        };
        let members = &attempt.batch.members;
        if doubt.cursor == 0 {
            doubt.began_at = now.mono;
        }
        let kind = members.first().map_or(InvoiceKind::Sales, |member| member.kind);
        let request = match kind {
            InvoiceKind::Sales if !doubt.by_marker => Request::InvoicesByNumber(
                members
                    .iter()
                    .skip(doubt.cursor)
                    .take(LOOKUP_MAX)
                    .map(|member| member.number.clone())
                    .collect(),
            ),
            InvoiceKind::Sales | InvoiceKind::Purchase => Request::MadeByUs {
                kind,
                since: looked_for_since(&attempt.batch),
                page: u32::try_from(doubt.cursor).unwrap_or(u32::MAX).saturating_add(1),
            },
        };
        let rows: Vec<InvoiceId> = members.iter().map(|member| member.invoice).collect();
        attempt.state = AttemptState::LookingUp(doubt);
        self.call(now, class, Purpose::LookUp(id), request, rows, Vec::new(), out);
    }

    /// A send ended without telling its outcome.
    pub(super) fn outcome_unknown(
        &mut self,
        now: Now,
        id: BatchId,
        failure: &Failure,
        rows: Vec<Invoice>,
        out: &mut Vec<Effect>,
    ) {
        let policy = std::sync::Arc::clone(&self.setup.policy);
        let Some(attempt) = self.attempts.get_mut(&id) else {
            return;
        };
        let AttemptState::InFlight { again } = attempt.state.clone() else {
            return;
        };
        let is_first = again.is_none();
        let before = again.as_ref().and_then(|doubt| doubt.last_status);
        let was_answered = failure.received == Received::UnknownAnswered;
        // The same failure again under the same key is the kept answer of the first.
        let is_kept_answer = was_answered && before.is_some() && before == failure.status;
        if is_kept_answer && is_broken(Rule::KeptErrorIsNoProof) {
            return self.dissolve(now, id, true, out);
        }
        // Refused where an earlier send may be at work: the key tells nothing more.
        let key_is_lost = failure.received == Received::RefusedWhole;
        let was_quiet = again.as_ref().map_or(now.mono, |doubt| doubt.quiet_at);
        let quiet_ms = match attempt.batch.target {
            _ if is_kept_answer || key_is_lost => 0,
            _ if !was_answered => policy.quiescence_ms,
            // It may be done, and a reading not show it yet: Xero's lists lag.
            WriteTarget::ChangeInvoice(_) => policy.absence_gap_ms,
            WriteTarget::CreateInvoices | WriteTarget::CreateContacts => 0,
        };
        let delay_ms = policy
            .replay_delay_ms
            .saturating_mul(1_u64 << attempt.batch.replays.min(10))
            .min(REPLAY_DELAY_MAX_MS);
        let jitter_ms = self.ids.below(delay_ms / 4 + 1);
        let no_replay = again.as_ref().is_some_and(|doubt| doubt.no_replay) || is_kept_answer || key_is_lost;
        let doubt = Doubt {
            next_at: if no_replay {
                now.mono
            } else {
                now.mono.plus_ms(delay_ms).plus_ms(jitter_ms)
            },
            quiet_at: was_quiet.max(now.mono.plus_ms(quiet_ms)),
            last_status: failure.status,
            no_replay,
            absent_at: None,
            began_at: now.mono,
            cursor: 0,
            service_failed: was_answered,
            look_up_failures: 0,
            by_marker: false,
        };
        let until = now.wall_at(doubt.next_at);
        attempt.state = AttemptState::Unknown(doubt);
        let members_count = attempt.batch.members.len();
        let mut writes = Vec::new();
        for mut row in rows {
            if !self
                .by_invoice
                .get(&row.id)
                .is_some_and(|intent| self.is_member(*intent, id))
            {
                continue;
            }
            badge::waiting(&mut row, WaitCause::OutcomeUnknown, until);
            if is_broken(Rule::UnknownIsNoSuccess) {
                badge::synced(&mut row, now);
            }
            writes.push(badge::write(&mut row, now));
        }
        out.push(Effect::Persist(writes));
        if is_first {
            out.push(Effect::Announce(Notice::OutcomeUnknown {
                members_count,
                kind: failure.kind,
            }));
        }
    }

    /// It is proven that nothing of the attempt exists: its members may be sent anew.
    pub(super) fn dissolve(&mut self, now: Now, id: BatchId, costs_retry: bool, out: &mut Vec<Effect>) {
        let Some(attempt) = self.attempts.remove(&id) else {
            return;
        };
        let last_status = attempt.last_status();
        let mut writes = vec![Write::DropBatch(self.setup.tenant.id, id)];
        let members_count = attempt.batch.members.len();
        for member in attempt.batch.members {
            if !self.is_member(member.intent, id) {
                continue;
            }
            self.relabels.wanted.insert(member.invoice);
            if !costs_retry {
                self.requeue(now, member.intent, 0, &mut writes);
            } else if self.retry_later(now, member.intent, &mut writes, out).is_none() {
                if let Some(work) = self.works.get_mut(&member.intent) {
                    let attempts = work.intent.retries.saturating_add(1);
                    let obstacle = super::prepare::unavailable(last_status, attempts, work.intent.queued_at);
                    work.doomed = Some(Box::new(obstacle));
                }
                self.requeue(now, member.intent, 0, &mut writes);
            }
        }
        out.push(Effect::Persist(writes));
        out.push(Effect::Announce(Notice::OutcomeSettled {
            members_count,
            how: "absent",
        }));
    }
}

/// No document of this attempt is older.
fn looked_for_since(batch: &Batch) -> Timestamp {
    match batch.xero_before {
        Some(_) if is_broken(Rule::XeroClock) => batch.first_sent.plus_ms(-LOOKUP_MARGIN_MS),
        Some(at) => at.plus_ms(-LOOKUP_MARGIN_MS),
        None => batch.first_sent.plus_ms(-LOOKUP_BLIND_MARGIN_MS),
    }
}
