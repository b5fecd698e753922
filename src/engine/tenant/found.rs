//! What reads found: the document before it is changed, and who has a number that is taken.

use super::machine::{Stage, TenantMachine};
use crate::engine::badge;
use crate::engine::desired::Obstacle;
use crate::engine::effect::Effect;
use crate::engine::refusal;
use crate::model::document::HostStatus;
use crate::model::failure::{Failure, Remedy};
use crate::model::ids::{IntentId, Marker};
use crate::model::mutation::{Rule, is_broken};
use crate::model::reason::ReasonCode;
use crate::model::row::{Invoice, Link, OperationState, WaitCause};
use crate::model::time::{Mono, Now};
use crate::model::write::Write;
use crate::model::xero::XeroInvoice;

/// How long a row or document that could not be read is left alone.
const READ_AGAIN_MS: u64 = 1_000;
/// A document linked this recently may not be in Xero's lists yet.
const LIST_LAG_MS: i64 = 180_000;
/// How long such a document is left alone.
const LIST_LAG_RETRY_MS: u64 = 15_000;

/// The documents that carry one marker.
pub(super) enum Marked<'a> {
    /// None does.
    Nothing,
    /// One does; of several the only one that is not voided or deleted.
    One(&'a XeroInvoice),
    /// More than one that lives, this one among them: only a person can tell which is right.
    Several(&'a XeroInvoice),
}

/// Looks for a marker.
pub(super) fn marked(found: &[XeroInvoice], marker: Marker) -> Marked<'_> {
    let is_ours = |invoice: &&XeroInvoice| {
        (invoice.marker() == Some(marker) || is_broken(Rule::MarkerCompared))
            && !(invoice.status.is_gone() && is_broken(Rule::VoidedFound))
    };
    let ours = || found.iter().filter(is_ours);
    let mut living = ours().filter(|invoice| !invoice.status.is_gone());
    match (living.next(), ours().next()) {
        (Some(first), _) if living.all(|other| other.id == first.id) => Marked::One(first),
        (Some(first), _) => Marked::Several(first),
        (None, Some(gone)) => Marked::One(gone),
        (None, None) => Marked::Nothing,
    }
}

impl TenantMachine {
    /// Documents were read before they are changed.
    pub(super) fn read(
        &mut self,
        now: Now,
        intents: &[IntentId],
        found: &[XeroInvoice],
        rows: Vec<Invoice>,
        out: &mut Vec<Effect>,
    ) {
        let mut writes = Vec::new();
        for mut row in rows {
            let Some(id) = self.reading(&row, intents) else {
                continue;
            };
            let link = row.link.as_ref();
            let is_young = link.is_some_and(|link| (0..LIST_LAG_MS).contains(&now.wall.since_ms(link.linked_at)));
            match found
                .iter()
                .find(|invoice| Some(invoice.id) == link.map(|link| link.xero_id))
            {
                None if is_young => self.requeue(now, id, LIST_LAG_RETRY_MS, &mut writes),
                None => match self.missed_until(now, id) {
                    Some(until) => {
                        badge::still_waiting(&mut row, WaitCause::Transient, now.wall_at(until));
                        writes.push(badge::write(&mut row, now));
                        self.requeue(now, id, until.since_ms(now.mono), &mut writes);
                    }
                    None => self.turn_red(now, id, row, missing(), &mut writes, out),
                },
                Some(current) => {
                    self.take_one(now, &mut row, current.clone(), &mut writes);
                    if let Some(work) = self.works.get_mut(&id) {
                        work.read_at = Some(now.mono);
                        work.missed_at = None;
                    }
                    self.enqueue(id, now.mono);
                }
            }
        }
        self.read_again(now, intents);
        out.push(Effect::Persist(writes));
    }

    /// A read did not show a linked document: until when it must be looked for once more. One answer
    /// proves nothing; two that are far enough apart do, as where a document is to be made anew.
    fn missed_until(&mut self, now: Now, id: IntentId) -> Option<Mono> {
        let gap_ms = self.setup.policy.absence_gap_ms;
        let work = self.works.get_mut(&id)?;
        let until = work.missed_at.get_or_insert(now.mono).plus_ms(gap_ms);
        (until > now.mono).then_some(until)
    }

    /// It was looked up who has the number.
    pub(super) fn number_checked(
        &mut self,
        now: Now,
        intents: &[IntentId],
        found: &[XeroInvoice],
        rows: Vec<Invoice>,
        out: &mut Vec<Effect>,
    ) {
        let mut writes = Vec::new();
        for mut row in rows {
            let Some(id) = self.reading(&row, intents) else {
                continue;
            };
            let was_refused = self
                .works
                .get_mut(&id)
                .is_some_and(|work| std::mem::take(&mut work.check_number));
            let theirs = found.iter().find(|invoice| {
                // A number differs from another by more than case, and stays taken by what was voided.
                invoice.number.eq_ignore_ascii_case(&row.draft.number) && invoice.kind == Some(row.draft.kind)
            });
            match (marked(found, row.marker), theirs) {
                // Ours from an earlier attempt. What it was sent with is not known any more, so
                // the host's present version is compared with it next.
                (Marked::One(ours), _) => self.adopt(now, id, row, ours.clone(), &mut writes),
                (Marked::Several(first), _) => {
                    self.link_to(&mut row, first, now, &mut writes);
                    self.turn_red(now, id, row, several(), &mut writes, out);
                }
                (Marked::Nothing, _) if row.draft.host_status == HostStatus::Void => {
                    self.drop_void(now, id, row, &mut writes);
                }
                (Marked::Nothing, Some(theirs)) => {
                    let obstacle = taken_by(theirs);
                    self.turn_red(now, id, row, obstacle, &mut writes, out);
                }
                // Looked for to be voided, and meanwhile it is wanted again: nothing failed.
                (Marked::Nothing, None) if !was_refused => self.requeue(now, id, 0, &mut writes),
                (Marked::Nothing, None) => match self.retry_later(now, id, &mut writes, out) {
                    Some(delay_ms) => {
                        let retries = self.works.get(&id).map_or(0, |work| work.intent.retries);
                        writes.push(Self::show_retry(now, row, delay_ms, retries));
                    }
                    None => {
                        let obstacle = taken_by_nobody(&row.draft.number);
                        self.turn_red(now, id, row, obstacle, &mut writes, out);
                    }
                },
            }
        }
        self.read_again(now, intents);
        out.push(Effect::Persist(writes));
    }

    /// A read failed. One that Xero refuses is made document by document, so that only the one it
    /// cannot read turns red.
    pub(super) fn read_failed(&mut self, now: Now, intents: Vec<IntentId>, failure: &Failure, out: &mut Vec<Effect>) {
        let is_refused = failure.remedy == Remedy::GiveUpItem;
        let mut writes = Vec::new();
        let is_alone = intents.len() == 1;
        for id in intents {
            let Some(work) = self.works.get_mut(&id).filter(|work| work.stage == Stage::Reading) else {
                continue;
            };
            if is_refused && is_alone {
                work.doomed = Some(Box::new(Obstacle {
                    code: ReasonCode::ValidationRefused,
                    detail: refusal::in_words(std::slice::from_ref(&failure.message)),
                    subject: None,
                }));
                self.requeue(now, id, 0, &mut writes);
            } else if is_refused {
                work.reads_alone = true;
                self.requeue(now, id, 0, &mut writes);
            } else {
                self.wait_for_free(now, id, failure, &mut writes);
            }
        }
        out.push(Effect::Persist(writes));
    }

    fn reading(&self, row: &Invoice, intents: &[IntentId]) -> Option<IntentId> {
        let id = self
            .by_invoice
            .get(&row.id)
            .copied()
            .filter(|id| intents.contains(id))?;
        (self.works.get(&id)?.stage == Stage::Reading).then_some(id)
    }

    /// Those whose rows did not come with the answer.
    fn read_again(&mut self, now: Now, intents: &[IntentId]) {
        for id in intents {
            if self.works.get(id).is_some_and(|work| work.stage == Stage::Reading) {
                self.enqueue(*id, now.mono.plus_ms(READ_AGAIN_MS));
            }
        }
    }

    /// Links a document of ours that an earlier attempt made, and compares it again.
    fn adopt(&mut self, now: Now, id: IntentId, mut row: Invoice, xero: XeroInvoice, writes: &mut Vec<Write>) {
        self.link_to(&mut row, &xero, now, writes);
        row.sent = None;
        writes.push(badge::write(&mut row, now));
        if let Some(work) = self.works.get_mut(&id) {
            work.read_at = Some(now.mono);
            // There is no common version to compare with: what the host has now is what was sent.
            work.intent.force = true;
        }
        self.requeue(now, id, 0, writes);
    }

    /// Links a row to a document that carries its marker: from now on it is changed, never made again.
    pub(super) fn link_to(&mut self, row: &mut Invoice, xero: &XeroInvoice, now: Now, writes: &mut Vec<Write>) {
        row.link.get_or_insert(Link {
            xero_id: xero.id,
            linked_at: now.wall,
        });
        self.take_found(now, row, xero.clone(), writes);
    }

    fn drop_void(&mut self, now: Now, id: IntentId, mut row: Invoice, writes: &mut Vec<Write>) {
        let words = "The invoice is void and Xero never had it.";
        self.drop_intent(now, id, (OperationState::Succeeded, words), Some(&row), writes);
        badge::none(&mut row);
        writes.push(badge::write(&mut row, now));
        writes.push(badge::event(&mut self.ids, &row, now));
    }
}

/// The linked document is not there.
pub(super) fn missing() -> Obstacle {
    Obstacle {
        code: ReasonCode::MissingInXero,
        detail: "Xero does not find the document this invoice is linked to.".to_owned(),
        subject: None,
    }
}

/// More than one document carries our marker.
pub(super) fn several() -> Obstacle {
    Obstacle {
        code: ReasonCode::NeedsReview,
        detail: "More than one document in Xero carries the link of this invoice.".to_owned(),
        subject: None,
    }
}

fn taken_by(theirs: &XeroInvoice) -> Obstacle {
    Obstacle {
        code: ReasonCode::InvoiceNumberExists,
        detail: format!(
            "The number {} belongs to a document that is in Xero already: {}, {}{} {}, to \"{}\" ({}).",
            theirs.number,
            theirs.status.as_str().to_lowercase(),
            theirs.date.map(|date| format!("dated {date}, ")).unwrap_or_default(),
            theirs.total,
            theirs.currency.map(|code| code.to_string()).unwrap_or_default(),
            theirs.contact_name,
            theirs.id
        ),
        subject: Some(theirs.id.to_string()),
    }
}

fn taken_by_nobody(number: &str) -> Obstacle {
    Obstacle {
        code: ReasonCode::InvoiceNumberExists,
        detail: format!(
            "Xero says the number {number} is taken, but shows no such document; it may have been deleted or voided."
        ),
        subject: None,
    }
}
