//! Documents that a webhook named are read by their ids, folded: a webhook only rings.

use std::collections::BTreeMap;

use super::machine::{Direction, Purpose, TenantMachine};
use crate::engine::effect::{Effect, Notice};
use crate::engine::event::Ring;
use crate::model::failure::{Failure, Remedy};
use crate::model::ids::XeroInvoiceId;
use crate::model::limits::LOOKUP_MAX;
use crate::model::mutation::{Rule, is_broken};
use crate::model::row::{Class, Invoice};
use crate::model::time::{Mono, Now, Timestamp};
use crate::model::xero::{Request, XeroInvoice};

/// First delay before documents that could not be read are asked for again; doubles.
const AGAIN_MS: u64 = 1_000;
/// After so many failures they are left to the scan.
const FAILURES_MAX: u32 = 5;
/// A document is read at once this often; named more often within [`BURST_MS`] it waits.
const AT_ONCE: u32 = 5;
const BURST_MS: u64 = 10_000;
/// Most documents that wait to be read by their ids: 25 calls. More are left to the scan, which
/// reads a thousand in a call.
const NAMED_MAX: usize = 1_000;

/// A document that a webhook named.
#[derive(Debug, Clone, Copy)]
pub(super) struct Named {
    pub due: Mono,
    /// Named so often since this moment.
    since: Mono,
    times: u32,
    /// Waits to be read.
    pub is_wanted: bool,
    failures: u32,
    /// When the first webhook was received whose change has not come yet.
    pub rung_at: Option<Mono>,
}

impl TenantMachine {
    /// Reads what was named and is due, at most 40 documents a call.
    pub(super) fn read_named(&mut self, now: Now, out: &mut Vec<Effect>) {
        let due = |named: &Named| named.is_wanted && named.due <= now.mono;
        if self.pulls.named.values().any(due) && self.may_start(now, Class::Webhook, Direction::Read, 1).is_ok() {
            let ids: Vec<XeroInvoiceId> = self
                .pulls
                .named
                .iter()
                .filter(|(_, named)| due(named))
                .map(|(id, _)| *id)
                .take(LOOKUP_MAX)
                .collect();
            for id in &ids {
                if let Some(named) = self.pulls.named.get_mut(id) {
                    named.is_wanted = false;
                }
            }
            let question = (Purpose::ReadNamed(ids.clone()), Request::InvoicesById(ids));
            self.call_for_linked(now, Class::Webhook, question, out);
        }
    }

    /// Webhooks rang: the scans they are about are due soon, and followed invoices that they named
    /// are read by themselves, unless their change is here already.
    pub(super) fn rung(&mut self, now: Now, ring: Ring, rows: &[Invoice], out: &mut Vec<Effect>) {
        if is_broken(Rule::RingsHeard) {
            return;
        }
        self.hurry(now, &ring);
        let is_fresh = |named: &Named| named.is_wanted || now.mono.since_ms(named.since) < BURST_MS;
        self.pulls.named.retain(|_, named| is_fresh(named));
        let copies: BTreeMap<XeroInvoiceId, Option<Timestamp>> = rows
            .iter()
            .filter_map(|row| Some((row.link.as_ref()?.xero_id, row.copy.as_ref().map(|copy| copy.updated))))
            .collect();
        // Without a connection nothing is read; when it is back, all that changed is.
        let may_read = self.access_for(Direction::Read).is_ok();
        let (mut read_count, mut folded_count, mut known_count) = (0, 0, 0);
        let (mut not_followed_count, mut crowded_count) = (0_usize, 0_usize);
        for (id, changed_at) in ring.invoices {
            let is_here = |have: &Option<Timestamp>| changed_at.is_some_and(|at| have.is_some_and(|have| have >= at));
            match copies.get(&id) {
                None if !is_broken(Rule::FollowedOnly) => not_followed_count = not_followed_count.saturating_add(1),
                None => {
                    self.name(now, id, None);
                }
                Some(have) if is_here(have) => known_count += 1,
                Some(_) if !may_read || !self.has_room_for(id) => {
                    crowded_count = crowded_count.saturating_add(1);
                }
                Some(_) => {
                    read_count += 1;
                    folded_count += usize::from(self.name(now, id, Some(ring.received_at)));
                }
            }
        }
        out.push(Effect::Announce(Notice::Rung {
            read_count,
            folded_count,
            known_count,
            not_followed_count,
            crowded_count,
        }));
    }

    fn has_room_for(&self, id: XeroInvoiceId) -> bool {
        self.pulls.named.len() < NAMED_MAX || self.pulls.named.contains_key(&id)
    }

    /// It is to be read. Returns whether it waited for that already.
    pub(super) fn name(&mut self, now: Now, id: XeroInvoiceId, received_at: Option<Mono>) -> bool {
        let fold_ms = self.setup.policy.pull.fold_ms;
        let named = self.pulls.named.entry(id).or_insert(Named {
            due: now.mono,
            since: now.mono,
            times: 0,
            is_wanted: false,
            failures: 0,
            rung_at: None,
        });
        named.times = named.times.saturating_add(1);
        named.rung_at = named.rung_at.or(received_at);
        if named.is_wanted {
            return true;
        }
        named.is_wanted = true;
        named.due = if named.times > AT_ONCE {
            named.since.plus_ms(BURST_MS).max(now.mono)
        } else {
            now.mono.plus_ms(fold_ms)
        };
        false
    }

    /// Named documents were read.
    pub(super) fn named_read(
        &mut self,
        now: Now,
        ids: &[XeroInvoiceId],
        (found, rows): (Vec<XeroInvoice>, Vec<Invoice>),
        out: &mut Vec<Effect>,
    ) {
        let mut writes = Vec::new();
        self.take_all(now, found, rows, &mut writes);
        out.push(Effect::Persist(writes));
        for id in ids {
            if let Some(named) = self.pulls.named.get_mut(id) {
                named.failures = 0;
                if !named.is_wanted {
                    // Its change was here before.
                    named.rung_at = None;
                }
            }
        }
    }

    /// They could not be read: again, a few times; the scan finds them anyway.
    pub(super) fn named_failed(&mut self, now: Now, ids: Vec<XeroInvoiceId>, failure: &Failure) {
        for id in ids {
            let Some(named) = self.pulls.named.get_mut(&id) else {
                continue;
            };
            let delay_ms = match failure.remedy {
                // The budget or the keyring says when.
                Remedy::WaitForLimit { .. } | Remedy::RefreshToken => Some(0),
                Remedy::RetryWithBackoff if named.failures < FAILURES_MAX => {
                    named.failures = named.failures.saturating_add(1);
                    Some(AGAIN_MS << named.failures.saturating_sub(1))
                }
                Remedy::RetryWithBackoff | Remedy::CheckConnection | Remedy::Reconnect | Remedy::GiveUpItem => None,
            };
            match delay_ms {
                Some(delay_ms) => {
                    named.is_wanted = true;
                    named.due = now.mono.plus_ms(delay_ms);
                }
                // Named again meanwhile, it is read for that.
                None if named.is_wanted => {}
                None => {
                    self.pulls.named.remove(&id);
                }
            }
        }
    }
}
