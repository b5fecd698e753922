//! What is ready goes out: batches are formed and frozen, documents read, numbers checked.

use sha2::{Digest, Sha256};

use super::attempt::Attempt;
use super::machine::{Direction, OpenCall, Purpose, Stage, TenantMachine};
use super::prepare::{Ready, Step};
use crate::engine::effect::{Call, Effect, RowsWanted};
use crate::model::document::InvoiceKind;
use crate::model::ids::{BatchId, IntentId, InvoiceId, TenantId};
use crate::model::limits::{BATCH_BODY_MAX_BYTES, LOOKUP_MAX};
use crate::model::mutation::{Rule, is_broken};
use crate::model::row::{Badge, Batch, Class, Member, Sent};
use crate::model::time::Now;
use crate::model::write::Write;
use crate::model::xero::{OutgoingInvoice, Request, WriteTarget};

/// The key of an attempt: anything that makes it another request makes it another key.
#[must_use]
pub(super) fn idempotency_key(tenant: TenantId, batch: BatchId, attempts: u32, body: &[u8]) -> String {
    if is_broken(Rule::KeyForOneRequest) {
        return format!("cf1-{tenant}");
    }
    let (batch, attempts) = if is_broken(Rule::NewKeyForNewAttempt) {
        (BatchId::from_bytes([0; 16]), 0)
    } else {
        (batch, attempts)
    };
    let mut hash = Sha256::new();
    hash.update(tenant.to_bytes());
    hash.update(batch.to_bytes());
    hash.update(attempts.to_be_bytes());
    hash.update(body);
    let mut key = String::from("cf1-");
    for byte in hash.finalize() {
        key.push_str(&format!("{byte:02x}"));
    }
    key
}

impl TenantMachine {
    /// Sends what is ready as far as budget and connection allow; the rest waits in the queue.
    pub(super) fn send_ready(&mut self, now: Now, ready: Vec<Ready>, out: &mut Vec<Effect>) {
        let mut reads = Vec::new();
        let mut checks = Vec::new();
        let mut creates: Vec<(Ready, OutgoingInvoice)> = Vec::new();
        for item in ready {
            match item.step.clone() {
                Step::Read(_) => reads.push(item),
                Step::CheckNumber => checks.push(item),
                Step::Create(invoice) => creates.push((item, *invoice)),
                Step::Change(id, change) => {
                    let body = self.setup.encode.change_invoice(id, &change);
                    self.send_batch(now, WriteTarget::ChangeInvoice(id), body, vec![item], out);
                }
                Step::Red(_) | Step::Nothing | Step::Cancel | Step::Chart | Step::Contact => {}
            }
        }
        let alone = |machine: &Self, item: &Ready| machine.works.get(&item.id).is_some_and(|work| work.reads_alone);
        for chunk in reads
            .chunk_by(|one, other| !alone(self, one) && !alone(self, other))
            .map(<[_]>::to_vec)
            .collect::<Vec<_>>()
        {
            for chunk in chunk.chunks(LOOKUP_MAX) {
                let ids = chunk.iter().filter_map(|item| match item.step {
                    Step::Read(id) => Some(id),
                    _ => None,
                });
                let request = Request::InvoicesById(ids.collect());
                self.ask_about(now, chunk, (Purpose::Read, request), out);
            }
        }
        for chunk in checks
            .chunk_by(|one, other| !alone(self, one) && !alone(self, other))
            .map(<[_]>::to_vec)
            .collect::<Vec<_>>()
        {
            for chunk in chunk.chunks(LOOKUP_MAX) {
                let numbers = chunk.iter().map(|item| item.invoice.draft.number.clone());
                let request = Request::InvoicesByNumber(numbers.collect());
                self.ask_about(now, chunk, (Purpose::CheckNumber, request), out);
            }
        }
        self.send_creates(now, creates, out);
    }

    fn send_creates(&mut self, now: Now, mut creates: Vec<(Ready, OutgoingInvoice)>, out: &mut Vec<Effect>) {
        let class = |machine: &Self, ready: &Ready| machine.works.get(&ready.id).map(|work| work.intent.class);
        creates.sort_by_key(|(ready, invoice)| (class(self, ready), invoice.kind, ready.id));
        while let Some((first, invoice)) = creates.first() {
            let (kind, first_class) = (invoice.kind, class(self, first));
            let most = match kind {
                InvoiceKind::Sales => self.setup.policy.batch_sales,
                InvoiceKind::Purchase => self.setup.policy.batch_purchase,
            };
            let cap = self
                .works
                .get(&first.id)
                .map_or(1, |work| work.batch_cap)
                .min(most)
                .max(1);
            let mut length = creates
                .iter()
                .take(cap)
                .take_while(|(ready, invoice)| {
                    let work_cap = self.works.get(&ready.id).map_or(1, |work| work.batch_cap);
                    invoice.kind == kind && class(self, ready) == first_class && work_cap >= cap.min(most)
                })
                .count()
                .max(1);
            let body = loop {
                let invoices: Vec<_> = creates
                    .iter()
                    .take(length)
                    .map(|(_, invoice)| invoice.clone())
                    .collect();
                let body = self.setup.encode.create_invoices(&invoices);
                if body.len() <= BATCH_BODY_MAX_BYTES || length == 1 {
                    break body;
                }
                length = length.div_ceil(2);
            };
            let items = creates.drain(..length).map(|(ready, _)| ready).collect();
            self.send_batch(now, WriteTarget::CreateInvoices, body, items, out);
        }
    }

    /// Freezes one call, makes it durable, and sends it.
    fn send_batch(
        &mut self,
        now: Now,
        target: WriteTarget,
        mut body: bytes::Bytes,
        items: Vec<Ready>,
        out: &mut Vec<Effect>,
    ) {
        let class = self.class_of(&items);
        if self
            .may_start(now, class, Direction::Write, self.calls_waiting(class))
            .is_err()
        {
            self.put_back(now, &items);
            return;
        }
        let (at, random) = self.ids.parts(now.wall);
        let id = BatchId::from_parts(at, random);
        let tenant = self.setup.tenant.id;
        let mut writes = Vec::new();
        let mut members = Vec::new();
        let mut attempts = 0;
        for item in items {
            let mut invoice = item.invoice;
            invoice.sent = Some(Sent {
                rev: invoice.rev,
                draft: invoice.draft.clone(),
                read: invoice.copy.clone().filter(|_| invoice.link.is_some()),
            });
            if invoice.sync.badge != Some(Badge::Pending) {
                crate::engine::badge::pending(&mut invoice, now);
                writes.push(crate::engine::badge::event(&mut self.ids, &invoice, now));
            }
            invoice.create_was_sent |= target == WriteTarget::CreateInvoices && !is_broken(Rule::RememberSent);
            members.push(Member {
                intent: item.id,
                invoice: invoice.id,
                marker: invoice.marker,
                number: invoice.draft.number.clone(),
                kind: invoice.draft.kind,
            });
            self.dequeue(item.id, Stage::InBatch(id));
            if let Some(work) = self.works.get_mut(&item.id) {
                work.intent.batch = Some(id);
                // Whatever comes of it, the document is read anew before it is changed again.
                if !is_broken(Rule::ReadAnew) {
                    work.read_at = None;
                }
                work.intent.attempts = work.intent.attempts.saturating_add(1);
                attempts = attempts.max(work.intent.attempts);
                writes.push(Write::Intent(Box::new(work.intent.clone())));
            }
            writes.push(crate::engine::badge::write(&mut invoice, now));
        }
        let rows: Vec<InvoiceId> = members.iter().map(|member| member.invoice).collect();
        let key = idempotency_key(tenant, id, attempts, &body);
        let batch = Batch {
            id,
            tenant,
            target,
            body: body.clone(),
            key: key.clone(),
            members,
            first_sent: now.wall,
            first_sent_mono_ms: now.mono.0,
            xero_before: self.budget.xero_time(),
            last_sent: now.wall,
            boot_id: self.setup.boot_id.to_string(),
            replays: 0,
        };
        writes.push(Write::Batch(Box::new(batch.clone())));
        self.attempts.insert(id, Attempt::in_flight(batch));
        if is_broken(Rule::FrozenBytes) {
            body = [&body, "\n".as_bytes()].concat().into();
        }
        let request = Request::Write { target, body, key };
        self.call(now, class, Purpose::Send(id), request, rows, writes, out);
    }

    /// Reads in Xero what pushes need to know first: the documents themselves, or who has a number.
    fn ask_about(
        &mut self,
        now: Now,
        items: &[Ready],
        (purpose, request): (fn(Vec<IntentId>) -> Purpose, Request),
        out: &mut Vec<Effect>,
    ) {
        let class = self.class_of(items);
        if self
            .may_start(now, class, Direction::Read, self.calls_waiting(class))
            .is_err()
        {
            self.put_back(now, items);
            return;
        }
        let intents: Vec<_> = items.iter().map(|item| item.id).collect();
        for id in &intents {
            self.dequeue(*id, Stage::Reading);
        }
        let rows = items.iter().map(|item| item.invoice.id).collect();
        self.call(now, class, purpose(intents), request, rows, Vec::new(), out);
    }

    /// Stamps a call, makes the stamp durable together with `writes`, and sends it.
    #[expect(
        clippy::too_many_arguments,
        reason = "a call is all of these; every caller has each at hand"
    )]
    pub(super) fn call(
        &mut self,
        now: Now,
        class: Class,
        purpose: Purpose,
        request: Request,
        rows: Vec<InvoiceId>,
        writes: Vec<Write>,
        out: &mut Vec<Effect>,
    ) {
        self.call_with(now, class, (purpose, request), RowsWanted::These(rows), writes, out);
    }

    /// The rows that are linked to the documents in the answer come with it.
    pub(super) fn call_for_linked(
        &mut self,
        now: Now,
        class: Class,
        question: (Purpose, Request),
        out: &mut Vec<Effect>,
    ) {
        self.call_with(now, class, question, RowsWanted::Linked, Vec::new(), out);
    }

    pub(super) fn call_with(
        &mut self,
        now: Now,
        class: Class,
        (purpose, request): (Purpose, Request),
        rows: RowsWanted,
        mut writes: Vec<Write>,
        out: &mut Vec<Effect>,
    ) {
        let open = OpenCall {
            purpose,
            resource: request.resource(),
            is_write: request.is_write(),
            started: now.mono,
        };
        let (id, stamp) = self.open_call(now, class, open);
        writes.extend(stamp);
        let before = out.len();
        out.push(Effect::Persist(writes));
        let behind = if is_broken(Rule::WriteAhead) { before } else { out.len() };
        let call = Call {
            id,
            class,
            request,
            rows,
        };
        out.insert(behind, Effect::Call(call));
    }

    fn class_of(&self, items: &[Ready]) -> Class {
        items
            .iter()
            .filter_map(|item| self.works.get(&item.id))
            .map(|work| work.intent.class)
            .min()
            .unwrap_or(Class::Push)
    }

    fn put_back(&mut self, now: Now, items: &[Ready]) {
        for item in items {
            self.enqueue(item.id, now.mono);
        }
    }

    /// About how many calls the queue of a class still needs: decides whether it is paced.
    pub(super) fn calls_waiting(&self, class: Class) -> usize {
        let first = (
            class,
            crate::model::time::Mono(0),
            crate::model::ids::IntentId::from_bytes([0; 16]),
        );
        let most = self.setup.policy.batch_sales.max(1);
        let enough = most.saturating_mul(20);
        let waiting = self
            .queue
            .range(first..)
            .take(enough)
            .take_while(|(other, ..)| *other == class)
            .count();
        waiting.div_ceil(most).saturating_add(1)
    }
}
