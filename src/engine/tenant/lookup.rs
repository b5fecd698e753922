//! Look-ups that settle unknown outcomes: what they find is ours by its marker; what two complete
//! ones miss, far enough apart, does not exist.

use super::attempt::{AttemptState, Doubt};
use super::found::{Marked, marked, several};
use super::machine::TenantMachine;
use crate::engine::effect::{Effect, Notice};
use crate::model::document::InvoiceKind;
use crate::model::failure::{Failure, Remedy};
use crate::model::ids::BatchId;
use crate::model::limits::LOOKUP_MAX;
use crate::model::mutation::{Rule, is_broken};
use crate::model::row::Invoice;
use crate::model::time::{Mono, Now};
use crate::model::write::Write;
use crate::model::xero::XeroInvoice;

/// Delay before a failed look-up is made again; doubles each time.
const LOOK_AGAIN_MS: u64 = 1_000;
/// How often it doubles: about a minute at most.
const LOOK_AGAIN_DOUBLINGS: u32 = 6;

impl TenantMachine {
    /// A look-up was answered: what it found is settled; what it did not find may be absent.
    pub(super) fn looked_up(
        &mut self,
        now: Now,
        id: BatchId,
        (found, page_count): (&[XeroInvoice], u32),
        mut rows: Vec<Invoice>,
        out: &mut Vec<Effect>,
    ) {
        let Some(attempt) = self.attempts.get(&id) else {
            return;
        };
        let AttemptState::LookingUp(mut doubt) = attempt.state.clone() else {
            return;
        };
        let members = attempt.batch.members.clone();
        let mut writes = Vec::new();
        let mut settled = 0_usize;
        doubt.look_up_failures = 0;
        for member in self.members_of(id) {
            let Some(index) = rows.iter().position(|row| row.id == member.invoice) else {
                continue;
            };
            let ours = marked(found, member.marker);
            if matches!(ours, Marked::Nothing) {
                continue;
            }
            let mut row = rows.swap_remove(index);
            settled = settled.saturating_add(1);
            match ours {
                Marked::Nothing => {}
                Marked::One(ours) => {
                    // It was read whole: what was paid meanwhile is taken as well.
                    self.take_found(now, &mut row, ours.clone(), &mut writes);
                    self.done(now, member.intent, row, ours.clone(), &mut writes, out);
                }
                Marked::Several(first) => {
                    self.link_to(&mut row, first, now, &mut writes);
                    row.sent = None;
                    self.turn_red(now, member.intent, row, several(), &mut writes, out);
                }
            }
        }
        let is_whole = match members.first().map_or(InvoiceKind::Sales, |member| member.kind) {
            InvoiceKind::Sales if !doubt.by_marker => {
                doubt.cursor = doubt.cursor.saturating_add(LOOKUP_MAX);
                doubt.cursor >= members.len()
            }
            InvoiceKind::Sales | InvoiceKind::Purchase => {
                doubt.cursor = doubt.cursor.saturating_add(1);
                doubt.cursor >= usize::try_from(page_count).unwrap_or(usize::MAX)
            }
        };
        let looked_for = is_whole || is_broken(Rule::WholeLookUp);
        if settled > 0 {
            out.push(Effect::Announce(Notice::OutcomeSettled {
                members_count: settled,
                how: "look_up",
            }));
        }
        if self.members_of(id).is_empty() {
            self.attempts.remove(&id);
            writes.push(Write::DropBatch(self.setup.tenant.id, id));
            out.push(Effect::Persist(writes));
            return;
        }
        if !writes.is_empty() {
            out.push(Effect::Persist(writes));
        }
        if !looked_for {
            self.stay_unknown(
                id,
                Doubt {
                    next_at: now.mono,
                    ..doubt
                },
            );
            return;
        }
        self.found_nothing(now, id, doubt, out);
    }

    /// A complete look-up missed some members. Two of them, far enough apart and both begun after
    /// it was quiet, prove absence.
    fn found_nothing(&mut self, now: Now, id: BatchId, mut doubt: Doubt, out: &mut Vec<Effect>) {
        let gap_ms = if is_broken(Rule::LookUpGap) {
            0
        } else {
            self.setup.policy.absence_gap_ms
        };
        doubt.cursor = 0;
        if is_broken(Rule::TwoLookUps) {
            doubt.absent_at.get_or_insert(Mono(0));
        }
        if doubt.began_at < doubt.quiet_at && !is_broken(Rule::Quiescence) {
            doubt.next_at = doubt.quiet_at.max(now.mono.plus_ms(1_000));
            self.stay_unknown(id, doubt);
        } else {
            match doubt.absent_at {
                Some(first) if doubt.began_at.since_ms(first) >= gap_ms => {
                    self.dissolve(now, id, doubt.service_failed, out);
                }
                first => {
                    let first = first.unwrap_or(now.mono);
                    doubt.absent_at = Some(first);
                    doubt.next_at = first.plus_ms(gap_ms);
                    self.stay_unknown(id, doubt);
                }
            }
        }
    }

    /// It is still not known; its badges name the next step's moment.
    pub(super) fn stay_unknown(&mut self, id: BatchId, doubt: Doubt) {
        if let Some(attempt) = self.attempts.get_mut(&id) {
            attempt.state = AttemptState::Unknown(doubt);
            let rows = attempt.batch.members.iter().map(|member| member.invoice);
            self.relabels.wanted.extend(rows);
        }
    }

    /// A look-up failed: it is made again later, from its beginning.
    pub(super) fn look_up_failed(&mut self, now: Now, id: BatchId, failure: &Failure) {
        if let Some(attempt) = self.attempts.get(&id)
            && let AttemptState::LookingUp(doubt) = attempt.state.clone()
            && !is_broken(Rule::LookAgain)
        {
            let next_at = now
                .mono
                .plus_ms(LOOK_AGAIN_MS << doubt.look_up_failures.min(LOOK_AGAIN_DOUBLINGS));
            let doubt = Doubt {
                next_at,
                cursor: 0,
                look_up_failures: doubt.look_up_failures.saturating_add(1),
                by_marker: doubt.by_marker || failure.remedy == Remedy::GiveUpItem,
                ..doubt
            };
            self.stay_unknown(id, doubt);
        }
    }
}
