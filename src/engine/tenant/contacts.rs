//! The contacts of pushes: mapped, found by our number or by exact name, or created.

use super::attempt::Attempt;
use super::desk::{ContactStage, contact_number};
use super::machine::{Direction, Purpose, Stage, TenantMachine};
use super::queue::Waiting;
use super::send::idempotency_key;
use crate::engine::desired::Obstacle;
use crate::engine::effect::{Effect, Notice};
use crate::engine::refusal;
use crate::model::failure::{Failure, Remedy};
use crate::model::ids::BatchId;
use crate::model::limits::CONTACT_LOOKUP_MAX;
use crate::model::reason::ReasonCode;
use crate::model::row::{Batch, Class, ContactMatch, ContactRow};
use crate::model::time::Now;
use crate::model::write::Write;
use crate::model::xero::{OutgoingContact, Request, WriteTarget, XeroContact};

/// Delays before a contact whose name is taken, although no list shows it, is looked for again: it may
/// be our own, made a moment ago, and Xero's lists lag up to two minutes behind. Then it is given up.
const TAKEN_DELAYS_MS: [u64; 3] = [1_000, 30_000, 90_000];

impl TenantMachine {
    /// Starts what is due of the contacts.
    pub(super) fn dispatch_contacts(&mut self, now: Now, out: &mut Vec<Effect>) {
        self.forget_unneeded_parties();
        let class = self.contacts_class();
        while self.may_start(now, class, Direction::Read, 1).is_ok() {
            let wanted = self.contacts.due_in(now, ContactStage::Wanted, CONTACT_LOOKUP_MAX / 2);
            if wanted.is_empty() {
                break;
            }
            let request = Request::FindContacts {
                numbers: wanted.iter().map(|(reference, _)| contact_number(reference)).collect(),
                names: wanted.iter().map(|(_, party)| party.name.clone()).collect(),
            };
            let references: Vec<String> = wanted.into_iter().map(|(reference, _)| reference).collect();
            for reference in &references {
                self.contacts.enter(reference, ContactStage::Looking);
            }
            self.call(
                now,
                class,
                Purpose::FindContacts(references),
                request,
                Vec::new(),
                Vec::new(),
                out,
            );
        }
        if self.may_start(now, class, Direction::Write, 1).is_ok() {
            self.create_contacts(now, class, out);
        }
    }

    /// How urgent the contacts are.
    pub(super) fn contacts_class(&self) -> Class {
        Waiting::class(&self.waiting.contact)
    }

    /// Nothing is looked for or made for pushes that were dropped.
    fn forget_unneeded_parties(&mut self) {
        let works = &self.works;
        self.contacts.open.retain(|_, party| {
            let is_under_way = matches!(party.stage, ContactStage::Looking | ContactStage::Creating);
            let waits = |id| works.get(id).is_some_and(|work| work.stage == Stage::Contact);
            is_under_way || party.waiting.iter().any(waits)
        });
    }

    fn create_contacts(&mut self, now: Now, class: Class, out: &mut Vec<Effect>) {
        let due = self
            .contacts
            .due_in(now, ContactStage::ToCreate, self.setup.policy.batch_sales.max(1));
        if due.is_empty() {
            return;
        }
        let contacts: Vec<OutgoingContact> = due
            .iter()
            .map(|(reference, party)| OutgoingContact {
                name: party.name.clone(),
                number: contact_number(reference),
                email: party.email.clone(),
            })
            .collect();
        let body = self.setup.encode.create_contacts(&contacts);
        let (at, random) = self.ids.parts(now.wall);
        let id = BatchId::from_parts(at, random);
        let tenant = self.setup.tenant.id;
        let key = idempotency_key(tenant, id, 1, &body);
        let batch = Batch {
            id,
            tenant,
            target: WriteTarget::CreateContacts,
            body: body.clone(),
            key: key.clone(),
            members: Vec::new(),
            first_sent: now.wall,
            first_sent_mono_ms: now.mono.0,
            xero_before: self.budget.xero_time(),
            last_sent: now.wall,
            boot_id: self.setup.boot_id.to_string(),
            replays: 0,
        };
        let writes = vec![Write::Batch(Box::new(batch.clone()))];
        self.attempts.insert(id, Attempt::in_flight(batch));
        let references: Vec<String> = due.into_iter().map(|(reference, _)| reference).collect();
        for reference in &references {
            self.contacts.enter(reference, ContactStage::Creating);
        }
        let request = Request::Write {
            target: WriteTarget::CreateContacts,
            body,
            key,
        };
        self.call(
            now,
            class,
            Purpose::CreateContacts(references, id),
            request,
            Vec::new(),
            writes,
            out,
        );
    }

    pub(super) fn contacts_found(
        &mut self,
        now: Now,
        references: &[String],
        found: &[XeroContact],
        out: &mut Vec<Effect>,
    ) {
        for reference in references {
            let Some(work) = self.contacts.open.get(reference) else {
                continue;
            };
            let number = contact_number(reference);
            let name = work.party.name.to_lowercase();
            let by_number = found
                .iter()
                .find(|contact| contact.number.as_deref() == Some(number.as_str()));
            let named = || found.iter().filter(|contact| contact.name.to_lowercase() == name);
            let by_name = named().find(|contact| !contact.is_archived).or_else(|| named().next());
            match (by_number, by_name) {
                (Some(contact), _) => self.contact_match(now, reference, contact, ContactMatch::Number, out),
                (None, Some(contact)) => self.contact_match(now, reference, contact, ContactMatch::Name, out),
                (None, None) => self.contacts.enter(reference, ContactStage::ToCreate),
            }
        }
    }

    /// A look-up failed. One that Xero refuses is made party by party, so that only the one it
    /// cannot look for fails.
    pub(super) fn contacts_not_found(
        &mut self,
        now: Now,
        references: &[String],
        failure: &Failure,
        out: &mut Vec<Effect>,
    ) {
        if failure.remedy != Remedy::GiveUpItem {
            self.contacts.look_again(now, references);
            return;
        }
        if let [reference] = references {
            let messages = std::slice::from_ref(&failure.message);
            let obstacle = Obstacle {
                code: ReasonCode::ValidationRefused,
                detail: format!("The contact could not be looked up. {}", refusal::in_words(messages)),
                subject: Some(reference.clone()),
            };
            self.contact_failed(now, reference, obstacle, out);
            return;
        }
        self.contacts.look_again(now, references);
        for reference in references {
            if let Some(work) = self.contacts.open.get_mut(reference) {
                work.goes_alone = true;
            }
        }
    }

    pub(super) fn contacts_made(
        &mut self,
        now: Now,
        references: &[String],
        batch: BatchId,
        made: Vec<XeroContact>,
        out: &mut Vec<Effect>,
    ) {
        self.attempts.remove(&batch);
        out.push(Effect::Persist(vec![Write::DropBatch(self.setup.tenant.id, batch)]));
        let complete = made.len() == references.len();
        for (reference, contact) in references.iter().zip(made).filter(|_| complete) {
            if contact.errors.is_empty() {
                self.contact_resolved(now, reference, &contact, ContactMatch::Created, out);
            } else {
                self.contact_refused(now, reference, &contact.errors, out);
            }
        }
        if !complete {
            self.contacts.look_again(now, references);
        }
    }

    /// Contacts may or may not have been made: number and name are unique in Xero, so looking
    /// them up again is safe, and a second creation would be refused.
    pub(super) fn contacts_not_made(
        &mut self,
        now: Now,
        references: &[String],
        batch: BatchId,
        failure: &Failure,
        out: &mut Vec<Effect>,
    ) {
        self.attempts.remove(&batch);
        out.push(Effect::Persist(vec![Write::DropBatch(self.setup.tenant.id, batch)]));
        let is_refused = failure.remedy == Remedy::GiveUpItem;
        for reference in references {
            if is_refused && references.len() == 1 {
                let messages = if failure.validation.is_empty() {
                    vec![failure.message.clone()]
                } else {
                    failure.validation.clone()
                };
                self.contact_refused(now, reference, &messages, out);
            } else {
                self.contacts.look_again(now, std::slice::from_ref(reference));
                if is_refused && let Some(work) = self.contacts.open.get_mut(reference) {
                    work.goes_alone = true;
                }
            }
        }
    }

    /// A creation that was open when the process ended: looked up again when it is needed.
    pub(super) fn dissolve_contacts(&mut self, _now: Now, batch: BatchId, out: &mut Vec<Effect>) {
        self.attempts.remove(&batch);
        out.push(Effect::Persist(vec![Write::DropBatch(self.setup.tenant.id, batch)]));
    }

    fn contact_refused(&mut self, now: Now, reference: &str, messages: &[String], out: &mut Vec<Effect>) {
        let Some(work) = self.contacts.open.get_mut(reference) else {
            return;
        };
        let lower = messages.join(" ").to_lowercase();
        let is_taken =
            lower.contains("already assigned to another contact") || lower.contains("has this contact number");
        if is_taken && let Some(delay_ms) = TAKEN_DELAYS_MS.get(work.rounds) {
            work.rounds = work.rounds.saturating_add(1);
            work.stage = ContactStage::Wanted;
            work.not_before = now.mono.plus_ms(*delay_ms);
            return;
        }
        let code = match refusal::meaning(messages) {
            refusal::Meaning::Reason(ReasonCode::ContactArchived) => ReasonCode::ContactArchived,
            _ if is_taken => ReasonCode::ContactCollision,
            _ => ReasonCode::ValidationRefused,
        };
        self.contact_failed(
            now,
            reference,
            Obstacle {
                code,
                detail: format!("The contact could not be created. {}", refusal::in_words(messages)),
                subject: Some(reference.to_owned()),
            },
            out,
        );
    }

    fn contact_match(
        &mut self,
        now: Now,
        reference: &str,
        contact: &XeroContact,
        how: ContactMatch,
        out: &mut Vec<Effect>,
    ) {
        if contact.is_archived && contact.merged_into.is_none() {
            let obstacle = Obstacle {
                code: ReasonCode::ContactArchived,
                detail: format!("The Xero contact \"{}\" is archived.", contact.name),
                subject: Some(reference.to_owned()),
            };
            self.contact_failed(now, reference, obstacle, out);
        } else {
            self.contact_resolved(now, reference, contact, how, out);
        }
    }

    fn contact_resolved(
        &mut self,
        now: Now,
        reference: &str,
        contact: &XeroContact,
        how: ContactMatch,
        out: &mut Vec<Effect>,
    ) {
        let Some(work) = self.contacts.open.remove(reference) else {
            return;
        };
        out.push(Effect::Persist(vec![Write::Contact(Box::new(ContactRow {
            tenant: self.setup.tenant.id,
            reference: reference.to_owned(),
            name: work.party.name.clone(),
            xero_id: contact.merged_into.unwrap_or(contact.id),
            how,
            resolved_at: now.wall,
            is_archived: false,
            email: contact.email.clone(),
            account_number: contact.account_number.clone(),
        }))]));
        for id in work.waiting {
            if matches!(self.works.get(&id).map(|work| work.stage), Some(Stage::Contact)) {
                self.enqueue(id, now.mono);
            }
        }
        // Its documents that were red for want of a contact can go now.
        self.releases.want_about(ReasonCode::ContactCollision, reference);
        self.releases.want_about(ReasonCode::ContactArchived, reference);
        // Others of the same name must see whose contact it is now.
        let name = work.party.name.to_lowercase();
        let namesakes: Vec<String> = self
            .contacts
            .open
            .iter()
            .filter(|(_, work)| work.stage == ContactStage::Wanted && work.party.name.to_lowercase() == name)
            .map(|(reference, _)| reference.clone())
            .collect();
        for reference in namesakes {
            let waiting = self.contacts.open.remove(&reference).map(|work| work.waiting);
            for id in waiting.unwrap_or_default() {
                if matches!(self.works.get(&id).map(|work| work.stage), Some(Stage::Contact)) {
                    self.enqueue(id, now.mono);
                }
            }
        }
    }

    fn contact_failed(&mut self, now: Now, reference: &str, obstacle: Obstacle, out: &mut Vec<Effect>) {
        let Some(work) = self.contacts.open.remove(reference) else {
            return;
        };
        for id in work.waiting {
            let Some(work) = self.works.get_mut(&id).filter(|work| work.stage == Stage::Contact) else {
                continue;
            };
            work.doomed = Some(Box::new(obstacle.clone()));
            work.doomed_party = Some(reference.to_owned());
            self.enqueue(id, now.mono);
        }
        out.push(Effect::Announce(Notice::ContactFailed { code: obstacle.code }));
    }
}
