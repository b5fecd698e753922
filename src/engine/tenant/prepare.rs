//! The rows of queued pushes were read: what each of them needs next.

use super::agreement::agreed;
use super::decided::gone;
use super::machine::{Stage, TenantMachine, Work};
use super::parties::archived;
use crate::engine::badge;
use crate::engine::compare::{Sides, compare};
use crate::engine::desired::{self, Obstacle};
use crate::engine::effect::{Effect, LoadId};
use crate::engine::event::PushContext;
use crate::model::document::{HostStatus, InvoiceKind};
use crate::model::ids::{IntentId, XeroContactId, XeroInvoiceId};
use crate::model::limits::WRITE_BODY_MAX_BYTES;
use crate::model::mutation::{Rule, is_broken};
use crate::model::reason::ReasonCode;
use crate::model::row::{Chart, Class, ContactRow, Intent, Invoice, OperationState};
use crate::model::time::{Now, Timestamp};
use crate::model::xero::{InvoiceChange, OutgoingInvoice};

/// What a push needs next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// Red.
    Red(Obstacle),
    /// Xero already has what the host wants.
    Nothing,
    /// Cancelled before anything was sent.
    Cancel,
    /// Reference data must be read first.
    Chart,
    /// The party must be resolved first.
    Contact,
    /// Xero's document must be read first.
    Read(XeroInvoiceId),
    /// The number is taken: by whom?
    CheckNumber,
    /// Create it.
    Create(Box<OutgoingInvoice>),
    /// Change it.
    Change(XeroInvoiceId, Box<InvoiceChange>),
}

/// A push that is ready to go out.
#[derive(Debug, Clone)]
pub(super) struct Ready {
    pub id: IntentId,
    pub invoice: Invoice,
    pub step: Step,
}

/// A reading lasts at least until so many calls at an even pace could be made.
const READING_LASTS_CALLS: u64 = 4;

impl TenantMachine {
    pub(super) fn loaded(
        &mut self,
        now: Now,
        load: LoadId,
        contexts: Vec<PushContext>,
        chart: Option<&Chart>,
        out: &mut Vec<Effect>,
    ) {
        let Some((_, asked)) = self.loading.take_if(|(open, _)| *open == load) else {
            self.illegal("not loading this", "loaded", out);
            return;
        };
        if let Some(chart) = chart {
            self.know_chart(chart);
        }
        let mut writes = Vec::new();
        let mut ready = Vec::new();
        for mut context in contexts {
            let Some(id) = self.by_invoice.get(&context.invoice.id).copied() else {
                continue;
            };
            if !matches!(self.works.get(&id).map(|work| work.stage), Some(Stage::Loading)) {
                continue;
            }
            if self.is_overtaken(&context.invoice) {
                self.enqueue(id, now.mono);
                continue;
            }
            self.recognise_sent(now, id, &mut context);
            let step = self.step(now, id, &context, chart);
            match step {
                Step::Red(obstacle) => self.turn_red(now, id, context.invoice, obstacle, &mut writes, out),
                Step::Nothing => self.in_step(now, id, context.invoice, &mut writes, out),
                Step::Cancel => {
                    let mut invoice = context.invoice;
                    let cancelled = (OperationState::Cancelled, "The invoice was cancelled.");
                    self.drop_intent(now, id, cancelled, Some(&invoice), &mut writes);
                    badge::none(&mut invoice);
                    writes.push(badge::write(&mut invoice, now));
                    writes.push(badge::event(&mut self.ids, &invoice, now));
                }
                Step::Chart => {
                    self.dequeue(id, Stage::Chart);
                    if let Some(work) = self.works.get_mut(&id) {
                        work.doubted_chart = chart.map(|chart| chart.read_at);
                    }
                    self.chart.want();
                }
                Step::Contact => {
                    self.dequeue(id, Stage::Contact);
                    self.contacts.want(now, id, &context.party);
                }
                Step::Read(_) | Step::CheckNumber | Step::Create(_) | Step::Change(..) => {
                    ready.push(Ready {
                        id,
                        invoice: context.invoice,
                        step,
                    });
                }
            }
        }
        // A row that could not be read again has no document: its intent waits for it.
        for id in asked {
            if matches!(self.works.get(&id).map(|work| work.stage), Some(Stage::Loading))
                && !ready.iter().any(|ready| ready.id == id)
            {
                self.enqueue(id, now.mono.plus_ms(1_000));
            }
        }
        if !writes.is_empty() {
            out.push(Effect::Persist(writes));
        }
        self.send_ready(now, ready, out);
    }

    fn step(&self, now: Now, id: IntentId, context: &PushContext, chart: Option<&Chart>) -> Step {
        let Some(work) = self.works.get(&id) else {
            return Step::Cancel;
        };
        let invoice = &context.invoice;
        let is_void = invoice.draft.host_status == HostStatus::Void;
        if is_void && invoice.link.is_none() && !invoice.create_was_sent {
            return Step::Cancel;
        }
        let reference = &context.party.reference;
        let is_about_this = work.doomed_party.as_ref().is_none_or(|party| party == reference);
        if let Some(obstacle) = work.doomed.as_ref().filter(|_| is_about_this) {
            return Step::Red((**obstacle).clone());
        }
        if work.check_number {
            return Step::CheckNumber;
        }
        if let Some(link) = &invoice.link {
            if !self.is_freshly_read(now, work) && !is_broken(Rule::ReadFirst) {
                return Step::Read(link.xero_id);
            }
            if let Some(step) = self.last_step(invoice) {
                return step;
            }
        } else if is_void {
            // A create may have reached Xero: only a look-up tells what there is to void.
            return Step::CheckNumber;
        }
        let Some(chart) = chart else {
            return Step::Chart;
        };
        // Read in what is now the future: the clock was set back since, and nobody knows the age.
        let chart_age_ms = match now.wall.since_ms(chart.read_at) {
            age_ms @ 0.. => age_ms,
            _ => i64::MAX,
        };
        if chart_age_ms > self.setup.policy.chart_max_age_ms {
            return Step::Chart;
        }
        if let Err(obstacle) = desired::check_currency(
            &invoice.draft,
            chart.organisation.base_currency,
            &self.setup.tenant.settings,
        ) {
            return Step::Red(obstacle);
        }
        let contact = match party(context) {
            Ok(Some(contact)) => contact,
            Ok(None) => return Step::Contact,
            Err(obstacle) => return Step::Red(obstacle),
        };
        if let Some(row) = archived_party(work, context, contact) {
            return Step::Red(archived(row));
        }
        let force = work.intent.force || is_broken(Rule::PeopleStay);
        match self.document_step(context, chart, contact, force) {
            Step::Nothing if !force && self.is_asked_for(work) => self.nothing_or_lost(now, context, chart, contact),
            // What is missing may have been added in Xero since the chart was read.
            Step::Red(obstacle)
                if (chart_age_ms > self.setup.policy.chart_doubt_age_ms || self.is_asked_since(&work.intent, chart))
                    // Read anew for this very push, however long that took: it is believed.
                    && work.doubted_chart.is_none_or(|doubted| doubted == chart.read_at)
                    && matches!(
                        obstacle.code,
                        ReasonCode::UnmappedNominalCode
                            | ReasonCode::AccountMappingIncorrect
                            | ReasonCode::PrerequisiteUnmapped
                            | ReasonCode::PeriodLocked
                    ) =>
            {
                Step::Chart
            }
            step => step,
        }
    }

    /// Whether a person asked for a push after the chart was read: they may have put right in Xero what
    /// stood in its way.
    fn is_asked_since(&self, intent: &Intent, chart: &Chart) -> bool {
        let asked = intent.operation.iter().chain(&intent.jobs);
        let mut asked = asked.filter_map(|id| self.operations.get(id));
        asked.any(|operation| operation.created_at > chart.read_at)
    }

    /// Create, change, nothing or red: the document against Xero's copy, once all else is known.
    pub(super) fn document_step(
        &self,
        context: &PushContext,
        chart: &Chart,
        contact: XeroContactId,
        force: bool,
    ) -> Step {
        let invoice = &context.invoice;
        let url = desired::url(&invoice.draft, &self.setup.link_base, invoice.marker);
        if let Some(step) = self.last_step(invoice) {
            return step;
        }
        let desired = match desired::outgoing(context, chart, &self.setup.tenant.settings, contact, url) {
            Ok(desired) => desired,
            Err(obstacle) => return Step::Red(obstacle),
        };
        let (Some(link), Some(current)) = (&invoice.link, &invoice.copy) else {
            if desired.kind == InvoiceKind::Sales && desired.number.trim().is_empty() {
                return Step::Red(without_number());
            }
            return self.within_size(Step::Create(Box::new(desired)));
        };
        let sides = Sides {
            desired: &desired,
            host_lines: &invoice.draft.lines,
            host_status: invoice.draft.host_status,
            host_url: invoice.draft.host_url.as_deref(),
            common: invoice.common.as_ref(),
            current,
            force,
        };
        let found = compare(&sides);
        if !found.conflicts.is_empty() {
            return Step::Red(Obstacle {
                code: ReasonCode::ChangedInXero,
                detail: format!("Changed on both sides: {}.", found.conflicts.join(", ")),
                subject: None,
            });
        }
        if found.change.is_empty() {
            return Step::Nothing;
        }
        self.within_size(Step::Change(link.xero_id, Box::new(found.change)))
    }

    /// What is left to do about a document that is over: to be voided, or gone in Xero.
    fn last_step(&self, invoice: &Invoice) -> Option<Step> {
        if invoice.draft.host_status == HostStatus::Void {
            return Some(self.void_step(invoice));
        }
        gone(invoice)
    }

    fn void_step(&self, invoice: &Invoice) -> Step {
        let (Some(link), Some(current)) = (&invoice.link, &invoice.copy) else {
            return Step::CheckNumber;
        };
        match desired::next_status(HostStatus::Void, &current.status) {
            None => Step::Nothing,
            Some(status) => {
                let change = InvoiceChange {
                    status: Some(status),
                    ..InvoiceChange::default()
                };
                Step::Change(link.xero_id, Box::new(change))
            }
        }
    }

    fn is_freshly_read(&self, now: Now, work: &Work) -> bool {
        let age_ms = work.read_at.map(|at| now.mono.since_ms(at));
        // With few calls a minute the next call comes late, and it must not find the reading stale.
        let paced_ms = READING_LASTS_CALLS * 60_000 / u64::from(self.budget.limits().minute.max(1));
        age_ms.is_some_and(|age_ms| age_ms < self.setup.policy.read_max_age_ms.max(paced_ms))
    }

    /// A change without a known outcome was followed by a new reading: if Xero shows just what was
    /// sent, that is the last common version now, and only what came after it is compared.
    fn recognise_sent(&self, now: Now, id: IntentId, context: &mut PushContext) {
        let is_fresh = self.works.get(&id).is_some_and(|work| self.is_freshly_read(now, work));
        let invoice = &context.invoice;
        let (Some(sent), Some(current), Some(common)) = (&invoice.sent, &invoice.copy, &invoice.common) else {
            return;
        };
        let was_changed_since = sent.read.as_ref().is_some_and(|read| read.updated < current.updated);
        if !is_fresh || !was_changed_since || invoice.link.is_none() {
            return;
        }
        let mut before = context.clone();
        before.invoice.draft = sent.draft.clone();
        before.contact = before.sent_contact.take();
        before.party = desired::party_of(&sent.draft, &before.mappings);
        let Ok(Some(contact)) = party(&before) else { return };
        let url = desired::url(&sent.draft, &self.setup.link_base, invoice.marker);
        let desired = desired::as_sent(&before, contact, url);
        let found = compare(&Sides {
            desired: &desired,
            host_lines: &sent.draft.lines,
            host_status: sent.draft.host_status,
            host_url: sent.draft.host_url.as_deref(),
            common: Some(common),
            current,
            force: false,
        });
        if found.conflicts.is_empty() && found.change.is_empty() {
            let settled = agreed(Some(common), (sent.rev, &sent.draft), current, false);
            context.invoice.common = Some(settled);
            context.invoice.sent = None;
        }
    }

    fn within_size(&self, step: Step) -> Step {
        let size = match &step {
            Step::Create(invoice) => self
                .setup
                .encode
                .create_invoices(std::slice::from_ref(&**invoice))
                .len(),
            Step::Change(id, change) => self.setup.encode.change_invoice(*id, change).len(),
            _ => 0,
        };
        if size <= WRITE_BODY_MAX_BYTES {
            return step;
        }
        Step::Red(Obstacle {
            code: ReasonCode::TooLarge,
            detail: format!("The document is {size} bytes, Xero takes at most {WRITE_BODY_MAX_BYTES}."),
            subject: None,
        })
    }
}

/// The party, if nothing can be made for it because its contact is archived. A person's click asks
/// Xero, who may have restored it since.
fn archived_party<'a>(work: &Work, context: &'a PushContext, contact: XeroContactId) -> Option<&'a ContactRow> {
    let row = context.contact.as_ref()?;
    let is_new = context.invoice.link.is_none();
    (row.is_archived && row.xero_id == contact && is_new && work.intent.class != Class::User).then_some(row)
}

/// The Xero contact of the document's party; `None` = not resolved yet.
pub(super) fn party(context: &PushContext) -> Result<Option<XeroContactId>, Obstacle> {
    let party = &context.party;
    if let Some(contact) = desired::contact_by_hand(&context.invoice.draft, &context.mappings) {
        return Ok(Some(contact));
    }
    if let Some(row) = &context.contact {
        return Ok(Some(row.xero_id));
    }
    match context.namesakes.iter().find(|row| row.reference != party.reference) {
        None => Ok(None),
        Some(other) => Err(Obstacle {
            code: ReasonCode::ContactCollision,
            detail: format!(
                "Two contacts are called \"{}\": {} and {}. The Xero contact {} belongs to the other one.",
                party.name, party.reference, other.reference, other.xero_id
            ),
            subject: Some(party.reference.clone()),
        }),
    }
}

/// Xero would number it by itself, and no look-up by number could find it after a lost answer.
fn without_number() -> Obstacle {
    Obstacle {
        code: ReasonCode::ValidationRefused,
        detail: "The invoice has no number.".to_owned(),
        subject: None,
    }
}

/// What a document says whose automatic retries are used up.
pub(super) fn unavailable(last_status: Option<u16>, attempts: u8, since: Timestamp) -> Obstacle {
    let answer = match last_status {
        Some(status) => format!("Xero answered HTTP {status}"),
        None => "Xero gave no answer".to_owned(),
    };
    Obstacle {
        code: ReasonCode::XeroUnavailable,
        detail: format!("{answer} to the last of {attempts} attempts; the first was made at {since}."),
        subject: None,
    }
}
