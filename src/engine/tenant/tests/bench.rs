//! Plays the shell: keeps the rows, reads them at once, collects the calls, checks the promises
//! that hold after every step.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use uuid::Uuid;

use super::super::{Saved, Setup, TenantMachine};
use super::xero::{How, Xero};
use crate::engine::connection::access;
use crate::engine::effect::{AskId, Call, Effect, Notice, Reply, RowsWanted};
use crate::engine::event::{ConnectionEvent, Event, Follow, PushContext, Related};
use crate::engine::policy::{Policy, PullPolicy};
use crate::model::connection::{Connection, Gate};
use crate::model::document::*;
use crate::model::ids::*;
use crate::model::row::*;
use crate::model::time::{Mono, Now, Timestamp};
use crate::model::write::Write;
use crate::model::xero::{Answer, AnswerMeta, Change, Request, WriteTarget};

/// The durable rows.
#[derive(Clone)]
pub struct Rows {
    pub tenant: Tenant,
    pub invoices: BTreeMap<InvoiceId, Invoice>,
    pub intents: BTreeMap<IntentId, Intent>,
    pub batches: BTreeMap<BatchId, Batch>,
    pub contacts: BTreeMap<String, ContactRow>,
    pub chart: Option<Chart>,
    pub mappings: Vec<Mapping>,
    pub calls: BTreeMap<i64, CallMinute>,
    pub streams: BTreeMap<StreamKind, Stream>,
    pub scans: BTreeMap<StreamKind, Scan>,
    pub follow_ups: BTreeMap<InvoiceId, FollowUp>,
    pub operations: BTreeMap<OperationId, Operation>,
    pub jobs: BTreeMap<OperationId, Job>,
    pub items: Vec<OperationItem>,
    pub audit: Vec<Audit>,
    pub reconciled: Option<Reconciled>,
    pub events: Vec<crate::model::row::Event>,
}

impl Rows {
    /// What jobs write, and the record of changes.
    fn store_job(&mut self, write: Write) {
        let rows = self;
        match write {
            Write::Job(row) => {
                rows.jobs.insert(row.operation, *row);
            }
            Write::DropJob(_, id) => {
                rows.jobs.remove(&id);
            }
            Write::Item(row) => rows.items.push(*row),
            Write::Audit(row) => rows.audit.push(*row),
            Write::Reconciled(row) => {
                let before = rows.reconciled.replace(*row.clone());
                assert!(
                    before.is_none_or(|before| before.date != row.date),
                    "a date is checked once"
                );
            }
            other => panic!("{other:?} is stored elsewhere"),
        }
    }
}

pub struct Bench {
    pub machine: TenantMachine,
    pub now: Now,
    pub setup: Setup,
    pub rows: Rows,
    pub xero: Xero,
    pub open: VecDeque<(Call, u64)>,
    pub replies: Vec<(AskId, Reply)>,
    pub notices: Vec<Notice>,
    /// What a scan does, in order: `answer`, `page` (asked for), `rows` and `stream` (stored), `told`.
    pub order: Vec<&'static str>,
    pub checks: usize,
    /// Every request that was made, with the moment of its sending.
    pub sent: Vec<(u64, Request)>,
    /// Effects until the process dies.
    pub dies_in: Option<usize>,
    pub is_dead: bool,
    pub effects_count: usize,
    next_ask: u64,
    first_sends: HashMap<String, (u64, Request)>,
    not_before: u64,
    arrivals: VecDeque<u64>,
    late: Vec<(u64, Request)>,
    /// How often the machine was woken.
    pub wakes: usize,
    /// Keeps what was read until the test lets it go.
    pub defers_loads: bool,
    pub deferred: Vec<Event>,
    read_since_write: HashMap<XeroInvoiceId, bool>,
}

/// What of an effect belongs to a scan.
fn steps(effect: &Effect) -> Vec<&'static str> {
    match effect {
        Effect::Persist(writes) => {
            let has = |is: fn(&Write) -> bool| writes.iter().any(is);
            let rows = has(|write| matches!(write, Write::Invoice(_))).then_some("rows");
            let stream = has(|write| matches!(write, Write::Stream(_))).then_some("stream");
            rows.into_iter().chain(stream).collect()
        }
        Effect::Call(call) if matches!(call.request, Request::Changes { .. }) => vec!["page"],
        Effect::Announce(Notice::Scanned { .. }) => vec!["told"],
        _ => Vec::new(),
    }
}

/// What becomes of the requests that are under way when the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnderWay {
    Lost,
    Arrives,
    /// Arrives this many milliseconds later.
    ArrivesLate(u64),
}

pub fn dec(text: &str) -> Decimal {
    text.parse().unwrap()
}

pub fn line(reference: &str, description: &str, price: &str) -> Line {
    Line {
        reference: Some(reference.to_owned()),
        description: description.to_owned(),
        quantity: Decimal::ONE,
        unit_price: dec(price),
        nominal_code: Some("200".to_owned()),
        tax_type: None,
        tax_amount: None,
        item_code: None,
        discount_percent: None,
    }
}

pub fn draft(kind: InvoiceKind, number: &str) -> Draft {
    Draft {
        kind,
        number: number.to_owned(),
        contact: Party {
            reference: "c1".to_owned(),
            name: "Acme".to_owned(),
            email: None,
        },
        currency: Currency::GBP,
        issue_date: NaiveDate::from_ymd_opt(2026, 11, 22).unwrap(),
        due_date: NaiveDate::from_ymd_opt(2026, 12, 22),
        due_date_rule: None,
        host_status: HostStatus::Approved,
        line_amount_types: LineAmountTypes::Exclusive,
        lines: vec![line("1", "Work", "100.00")],
        reference: None,
        host_url: None,
        created_at: None,
        channel: None,
        location: None,
        work_order_ref: None,
    }
}

/// The policy without reading what changed in Xero.
pub fn quiet(policy: Policy) -> Policy {
    Policy {
        pull: PullPolicy::NEVER,
        ..policy
    }
}

pub const START: Now = Now {
    wall: Timestamp(1_795_000_000_000),
    mono: Mono(50_000_000),
};

impl Bench {
    pub fn new() -> Self {
        Self::with(quiet(Policy::default()))
    }

    /// Nothing is read by itself, unless the policy says so.
    pub fn with(policy: Policy) -> Self {
        let xero = Xero::new();
        let tenant = Tenant {
            credits: None,
            id: TenantId::from_parts(1, 1),
            xero_id: XeroTenantId(Uuid::from_u128(7)),
            name: "Demo".to_owned(),
            grant: GrantId::from_parts(1, 1),
            time_zone: String::new(),
            base_currency: None,
            short_code: None,
            connected_at: START.wall,
            connection: Connection::fresh(START.wall),
            settings: Settings::default(),
            fixed: Vec::new(),
        };
        let setup = Setup {
            tenant: tenant.clone(),
            policy: Arc::new(policy),
            encode: Arc::new(xero.encoder.clone()),
            boot_id: Arc::from("boot-1"),
            link_base: Arc::from("https://host.example/"),
            seed: 1,
        };
        Self {
            machine: TenantMachine::restore(START, setup.clone(), Saved::default()),
            now: START,
            setup,
            rows: Rows {
                tenant,
                invoices: BTreeMap::new(),
                intents: BTreeMap::new(),
                batches: BTreeMap::new(),
                contacts: BTreeMap::new(),
                chart: None,
                mappings: Vec::new(),
                calls: BTreeMap::new(),
                streams: BTreeMap::new(),
                scans: BTreeMap::new(),
                follow_ups: BTreeMap::new(),
                operations: BTreeMap::new(),
                jobs: BTreeMap::new(),
                items: Vec::new(),
                audit: Vec::new(),
                reconciled: None,
                events: Vec::new(),
            },
            xero,
            open: VecDeque::new(),
            replies: Vec::new(),
            notices: Vec::new(),
            order: Vec::new(),
            checks: 0,
            sent: Vec::new(),
            dies_in: None,
            is_dead: false,
            effects_count: 0,
            next_ask: 0,
            first_sends: HashMap::new(),
            not_before: 0,
            arrivals: VecDeque::new(),
            late: Vec::new(),
            wakes: 0,
            defers_loads: false,
            deferred: Vec::new(),
            read_since_write: HashMap::new(),
        }
    }

    /// A bench whose reference data and contact are known.
    pub fn warm() -> Self {
        Self::warm_with(quiet(Policy::default()))
    }

    pub fn warm_with(policy: Policy) -> Self {
        let mut bench = Self::with(policy);
        bench.put("warm", draft(InvoiceKind::Sales, "WARM"));
        bench.run_ms(5_000);
        assert_eq!(bench.invoice("warm").sync.badge, Some(Badge::Synced));
        bench.sent.clear();
        bench.advance_ms(61_000);
        bench
    }

    // What happens.

    pub fn event(&mut self, event: Event) {
        let mut events = VecDeque::from([event]);
        let mut rounds = 0;
        while let Some(event) = events.pop_front() {
            rounds += 1;
            assert!(rounds < 1_000, "one event leads to another without end");
            if self.is_dead {
                return;
            }
            if matches!(event, Event::Answered { .. }) {
                self.order.push("answer");
            }
            let effects = self.machine.handle(self.now, event);
            self.order.extend(effects.iter().flat_map(steps));
            self.carry_out(effects, &mut events);
            if let Some(wake) = self.machine.next_wake(self.now) {
                assert!(wake > self.now.mono, "the next wake lies ahead");
            }
        }
    }

    fn carry_out(&mut self, effects: Vec<Effect>, events: &mut VecDeque<Event>) {
        for effect in effects {
            if matches!(effect, Effect::Persist(_) | Effect::Call(_) | Effect::Reply(..)) {
                self.effects_count += 1;
                if self.dies_in == Some(0) {
                    self.is_dead = true;
                    return;
                }
                self.dies_in = self.dies_in.map(|left| left - 1);
            }
            match effect {
                Effect::Persist(writes) => writes.into_iter().for_each(|write| self.store(write)),
                Effect::Load { load, invoices } => {
                    let contexts = invoices.iter().filter_map(|id| self.context(*id)).collect();
                    let chart = self.rows.chart.clone().map(Box::new);
                    let loaded = Event::Loaded { load, contexts, chart };
                    if self.defers_loads {
                        self.deferred.push(loaded);
                    } else {
                        events.push_back(loaded);
                    }
                }
                Effect::LoadFailed { code, subject, after } => {
                    let is_meant = |row: &&Invoice| {
                        row.sync.badge == Some(Badge::Failed)
                            && row.sync.reason.as_ref().is_some_and(|reason| {
                                reason.code == code && (subject.is_none() || reason.subject == subject)
                            })
                            && after.is_none_or(|after| row.id > after)
                    };
                    let rows = self
                        .rows
                        .invoices
                        .values()
                        .filter(is_meant)
                        .take(500)
                        .cloned()
                        .collect();
                    events.push_back(Event::FailedLoaded { code, subject, rows });
                }
                Effect::LoadRows { load, invoices } => {
                    let rows = self.named(&invoices);
                    events.push_back(Event::RowsLoaded { load, rows });
                }
                Effect::LoadFollowUps { load, invoices } => {
                    let rows = self.named(&invoices).into_iter().map(|invoice| self.follow(invoice));
                    let rows = rows.collect();
                    events.push_back(Event::FollowUpsLoaded { load, rows });
                }
                Effect::LoadLinked { load, after } => {
                    let id = |row: &Invoice| row.link.as_ref().map(|link| link.xero_id);
                    let mut rows: Vec<Invoice> = self.rows.invoices.values().cloned().collect();
                    rows.retain(|row| id(row).is_some() && id(row) > after);
                    rows.sort_by_key(id);
                    rows.truncate(500);
                    events.push_back(Event::LinkedLoaded { load, rows });
                }
                Effect::Call(call) => self.called(call),
                Effect::CheckConnection => self.checks += 1,
                Effect::Reply(ask, reply) => self.replies.push((ask, reply)),
                Effect::Announce(notice) => {
                    assert!(!matches!(notice, Notice::IllegalEvent { .. }), "{notice:?}");
                    self.notices.push(notice);
                }
            }
        }
    }

    fn called(&mut self, call: Call) {
        let at = self.now.mono.0;
        let limits = self.setup.policy.limits;
        let connection = self.machine.tenant().connection;
        assert!(access(&connection).reads, "no call without a connection that reads");
        assert!(
            !call.request.is_write() || access(&connection).writes,
            "writes are held"
        );
        assert!(at >= self.not_before, "no call before Retry-After has passed");
        if let Request::Write { key, body, target } = &call.request {
            let stored = self.rows.batches.values().find(|batch| batch.key == *key);
            let stored = stored.expect("a durable attempt comes before its bytes");
            assert_eq!((&stored.body, &stored.target), (body, target));
            let is_new = !self.first_sends.contains_key(key);
            if let WriteTarget::ChangeInvoice(id) = target
                && is_new
            {
                let was_read = self.read_since_write.insert(*id, false);
                assert_eq!(was_read, Some(true), "a document is read before it is changed");
            }
            let first = self
                .first_sends
                .entry(key.clone())
                .or_insert((at, call.request.clone()));
            assert_eq!(first.1, call.request, "one key, one request");
            assert!(at - first.0 <= 300_000, "no key is sent later than five minutes");
        }
        match &call.request {
            Request::InvoicesById(ids) => self.read_since_write.extend(ids.iter().map(|id| (*id, true))),
            Request::InvoicesByNumber(_) => {
                let ids = self.xero.invoices.keys().map(|id| (*id, true));
                self.read_since_write.extend(ids);
            }
            _ => {}
        }
        self.sent.push((at, call.request.clone()));
        self.open.push_back((call, at));
        assert!(
            self.open.len() <= usize::try_from(limits.concurrent).unwrap(),
            "too many at once"
        );
    }

    fn store(&mut self, write: Write) {
        let rows = &mut self.rows;
        match write {
            Write::Tenant(tenant) => rows.tenant = *tenant,
            Write::Invoice(invoice) => {
                let before = rows.invoices.insert(invoice.id, *invoice.clone());
                if let Some(before) = before {
                    let linked = before.link.map(|link| link.xero_id);
                    assert!(linked.is_none() || linked == invoice.link.as_ref().map(|link| link.xero_id));
                    assert!(
                        before.rev <= invoice.rev && before.version < invoice.version,
                        "no edit is lost"
                    );
                }
            }
            Write::Intent(intent) => {
                rows.intents.insert(intent.id, *intent);
            }
            Write::DropIntent(_, id) => {
                rows.intents.remove(&id);
            }
            Write::Batch(batch) => {
                rows.batches.insert(batch.id, *batch);
            }
            Write::DropBatch(_, id) => {
                rows.batches.remove(&id);
            }
            Write::Contact(contact) => {
                rows.contacts.insert(contact.reference.clone(), *contact);
            }
            Write::Chart(chart) => rows.chart = Some(*chart),
            Write::Mapping(mapping) => {
                rows.mappings
                    .retain(|old| old.key != mapping.key || old.kind != mapping.kind);
                rows.mappings.push(*mapping);
            }
            Write::DropMapping(_, kind, key) => rows.mappings.retain(|old| old.key != key || old.kind != kind),
            Write::Calls(minute) => {
                rows.calls.insert(minute.minute, minute);
            }
            Write::DropCalls(_, minute) => {
                rows.calls.remove(&minute);
            }
            Write::Stream(row) => {
                rows.streams.insert(row.kind, *row);
            }
            Write::Scan(row) => {
                rows.scans.insert(row.kind, *row);
            }
            Write::FollowUp(row) => {
                rows.follow_ups.insert(row.invoice, row);
            }
            Write::DropFollowUp(_, invoice) => {
                rows.follow_ups.remove(&invoice);
            }
            Write::DropScan(_, kind) => {
                rows.scans.remove(&kind);
            }
            Write::Job(_) | Write::DropJob(..) | Write::Item(_) | Write::Audit(_) | Write::Reconciled(_) => {
                rows.store_job(write);
            }
            Write::Operation(operation) => {
                rows.operations.insert(operation.id, *operation);
            }
            Write::Event(event) => rows.events.push(*event),
            Write::Grant(_) | Write::DropGrant(_) | Write::Receipt(_) | Write::DropReceipt(_) => {
                panic!("not the machine's rows")
            }
        }
    }

    pub fn context(&self, id: InvoiceId) -> Option<PushContext> {
        let invoice = self.rows.invoices.get(&id)?.clone();
        let party = invoice.draft.contact.clone();
        Some(PushContext {
            party: party.clone(),
            contact: self.rows.contacts.get(&party.reference).cloned(),
            namesakes: self
                .rows
                .contacts
                .values()
                .filter(|row| row.name.to_lowercase() == party.name.to_lowercase() && row.reference != party.reference)
                .cloned()
                .collect(),
            mappings: self.rows.mappings.clone(),
            sent_contact: invoice
                .sent
                .as_ref()
                .and_then(|sent| self.rows.contacts.get(&sent.draft.contact.reference).cloned()),
            invoice,
        })
    }

    fn linked(&self, found: &[crate::model::xero::XeroInvoice]) -> Vec<Invoice> {
        let linked = |row: &Invoice| row.link.as_ref().map(|link| link.xero_id);
        let rows = self.rows.invoices.values();
        let is_found = |row: &&Invoice| found.iter().any(|document| linked(row) == Some(document.id));
        rows.filter(is_found).cloned().collect()
    }

    fn follow(&self, invoice: Invoice) -> Follow {
        let order = &invoice.draft.work_order_ref;
        let rows = self.rows.invoices.values();
        let of_order = rows.filter(|row| order.is_some() && row.draft.work_order_ref == *order);
        Follow {
            of_order: of_order.cloned().collect(),
            invoice,
        }
    }

    fn named(&self, ids: &[InvoiceId]) -> Vec<Invoice> {
        ids.iter()
            .filter_map(|id| self.rows.invoices.get(id))
            .cloned()
            .collect()
    }

    // What a test does.

    pub fn ask(&mut self) -> AskId {
        self.next_ask += 1;
        AskId(self.next_ask)
    }

    pub fn put(&mut self, host_ref: &str, draft: Draft) {
        let ask = self.ask();
        let row = self.find(host_ref).map(Box::new);
        self.event(Event::HostWrote {
            ask,
            host_ref: host_ref.to_owned(),
            draft: Box::new(draft),
            row,
            by: "token:host".to_owned(),
        });
    }

    pub fn sync_now(&mut self, host_ref: &str) {
        let ask = self.ask();
        let row = Box::new(self.invoice(host_ref));
        self.event(Event::SyncNow {
            ask,
            row,
            requested_by: "token:test".to_owned(),
        });
    }

    pub fn connection(&mut self, event: ConnectionEvent) {
        self.event(Event::Connection(event));
    }

    pub fn settings(&mut self, change: impl FnOnce(&mut Settings)) {
        let ask = self.ask();
        let mut settings = self.rows.tenant.settings.clone();
        change(&mut settings);
        self.event(Event::SettingsSet {
            ask,
            settings: Box::new(settings),
            by: "token:test".to_owned(),
        });
    }

    pub fn find(&self, host_ref: &str) -> Option<Invoice> {
        self.rows
            .invoices
            .values()
            .find(|row| row.host_ref == host_ref)
            .cloned()
    }

    pub fn invoice(&self, host_ref: &str) -> Invoice {
        self.find(host_ref).expect("it was put")
    }

    pub fn code(&self, host_ref: &str) -> Option<crate::model::reason::ReasonCode> {
        self.invoice(host_ref).sync.reason.map(|reason| reason.code)
    }

    /// The document of an invoice in Xero: exactly one.
    pub fn document(&self, host_ref: &str) -> crate::model::xero::XeroInvoice {
        let found = self.xero.of_marker(self.invoice(host_ref).marker);
        assert_eq!(found.len(), 1, "exactly one document of {host_ref}");
        found[0].clone()
    }

    pub fn writes_sent(&self) -> usize {
        self.sent.iter().filter(|(_, request)| request.is_write()).count()
    }

    /// Answers the oldest open call.
    pub fn answer(&mut self, how: How) {
        self.answer_nth(0, how);
    }

    pub fn answer_nth(&mut self, nth: usize, how: How) {
        let (call, _) = self.open.remove(nth).expect("a call is open");
        let result = self.xero.answer(self.now, &call.request, how);
        if let How::Throttled(wait_ms) = how {
            self.not_before = self.not_before.max(self.now.mono.0 + wait_ms);
        }
        self.arrived(self.now.mono.0);
        self.answer_with(&call, result);
    }

    /// The documents of a page come before its answer.
    fn hand_over(&mut self, call: &Call, found: Vec<Change>) {
        let mut related = Related::default();
        let contacts = found.iter().filter_map(|change| match change {
            Change::Contact(change) => Some(change.contact.id),
            _ => None,
        });
        for id in contacts {
            let is_of = |row: &&ContactRow| row.xero_id == id;
            related
                .contacts
                .extend(self.rows.contacts.values().filter(is_of).cloned());
            let is_to = |mapping: &&Mapping| mapping.kind == MappingKind::Contacts && mapping.value == id.to_string();
            related
                .mappings
                .extend(self.rows.mappings.iter().filter(is_to).cloned());
        }
        for row in self.rows.invoices.values() {
            let linked = row.link.as_ref().map(|link| link.xero_id);
            let concerns = |change: &Change| match change {
                Change::Payment(payment) => linked.is_some() && payment.invoice == linked,
                Change::Credit(credit) => {
                    let counts = |counted: &Credit| counted.xero_id == credit.id;
                    credit.allocations.iter().any(|(id, _)| Some(*id) == linked) || row.back.counted().any(counts)
                }
                Change::Contact(_) | Change::Journal(_) => false,
            };
            if found.iter().any(concerns) {
                related.invoices.push(row.clone());
            }
        }
        self.event(Event::Changes {
            call: call.id,
            found,
            related,
        });
    }

    pub fn answer_with(
        &mut self,
        call: &Call,
        mut result: Result<crate::model::xero::Reply, crate::model::failure::Failure>,
    ) {
        if let Ok(crate::model::xero::Reply::Changes { found, .. }) = &mut result {
            let found = std::mem::take(found);
            self.hand_over(call, found);
        }
        let rows = match (&call.rows, &result) {
            (RowsWanted::These(ids), _) => self.named(ids),
            (RowsWanted::Linked, Ok(crate::model::xero::Reply::Invoices { found, .. })) => self.linked(found),
            (RowsWanted::LinkedTo(ids), _) => {
                let linked = |row: &&Invoice| row.link.as_ref().is_some_and(|link| ids.contains(&link.xero_id));
                self.rows.invoices.values().filter(linked).cloned().collect()
            }
            (RowsWanted::RefsAndLinked(refs), Ok(crate::model::xero::Reply::Invoices { found, .. })) => {
                let mut rows = self.linked(found);
                let named = self.rows.invoices.values().filter(|row| refs.contains(&row.host_ref));
                let more: Vec<Invoice> = named
                    .filter(|row| rows.iter().all(|other| other.id != row.id))
                    .cloned()
                    .collect();
                rows.extend(more);
                rows
            }
            _ => Vec::new(),
        };
        self.event(Event::Answered {
            call: call.id,
            answer: Answer {
                result,
                meta: AnswerMeta {
                    xero_time: Some(self.now.wall),
                    ..AnswerMeta::default()
                },
            },
            rows,
        });
    }

    fn arrived(&mut self, at: u64) {
        self.arrivals.push_back(at);
        while self.arrivals.front().is_some_and(|first| at - first >= 60_000) {
            self.arrivals.pop_front();
        }
        let most = usize::try_from(self.setup.policy.limits.minute).unwrap();
        assert!(self.arrivals.len() <= most, "too many calls in a rolling minute");
    }

    /// Lets time pass; the machine is woken when it asked for it.
    pub fn advance_ms(&mut self, span_ms: u64) {
        let end = self.now.mono.plus_ms(span_ms);
        let mut wakes = 0;
        while let Some(wake) = self.machine.next_wake(self.now).filter(|wake| *wake <= end) {
            if self.is_dead {
                return;
            }
            wakes += 1;
            assert!(wakes < 2_000, "the machine spins");
            self.to(wake);
            self.wakes += 1;
            self.event(Event::Woken);
        }
        self.to(end);
        self.event(Event::Woken);
    }

    fn to(&mut self, at: Mono) {
        let (mut due, later): (Vec<_>, Vec<_>) = std::mem::take(&mut self.late)
            .into_iter()
            .partition(|(due, _)| *due <= at.0);
        self.late = later;
        due.sort_by_key(|(due, _)| *due);
        for (due, request) in due {
            self.set_clock(Mono(due.max(self.now.mono.0)));
            let _nobody_hears_it = self.xero.take(self.now, &request, How::Well);
        }
        self.set_clock(at);
    }

    fn set_clock(&mut self, at: Mono) {
        let span = i64::try_from(at.since_ms(self.now.mono)).unwrap();
        self.now = Now {
            wall: self.now.wall.plus_ms(span),
            mono: at,
        };
    }

    /// Runs for a while with a Xero that answers well after 100 ms.
    pub fn run_ms(&mut self, span_ms: u64) {
        self.run_with(span_ms, |_| How::Well);
    }

    pub fn run_with(&mut self, span_ms: u64, mut how: impl FnMut(&Request) -> How) {
        let end = self.now.mono.plus_ms(span_ms);
        while self.now.mono < end && !self.is_dead {
            if let Some((call, at)) = self.open.front() {
                let (due, chosen) = (Mono(at + 100), how(&call.request));
                if due > self.now.mono {
                    self.advance_ms(due.since_ms(self.now.mono));
                }
                if !self.is_dead {
                    self.answer(chosen);
                }
                continue;
            }
            match self.machine.next_wake(self.now).filter(|wake| *wake < end) {
                Some(wake) => self.advance_ms(wake.since_ms(self.now.mono)),
                None => self.advance_ms(end.since_ms(self.now.mono)),
            }
        }
    }

    /// The process ends and starts again after `span_ms`. What was under way reaches Xero or not.
    pub fn restart(&mut self, span_ms: u64, under_way: UnderWay) {
        for (call, _) in std::mem::take(&mut self.open) {
            match under_way {
                UnderWay::Arrives if call.request.is_write() => self.late.push((0, call.request)),
                UnderWay::ArrivesLate(delay_ms) if call.request.is_write() => {
                    self.late.push((self.now.mono.0 + delay_ms, call.request));
                }
                UnderWay::Lost | UnderWay::Arrives | UnderWay::ArrivesLate(_) => {}
            }
        }
        self.is_dead = false;
        self.dies_in = None;
        let later = self.now.mono.plus_ms(span_ms);
        self.to(later);
        self.setup.tenant = self.rows.tenant.clone();
        self.setup.seed += 1;
        self.machine = TenantMachine::restore(
            self.now,
            self.setup.clone(),
            Saved {
                intents: self.rows.intents.values().cloned().collect(),
                batches: self.rows.batches.values().cloned().collect(),
                operations: self
                    .rows
                    .operations
                    .values()
                    .filter(|operation| !operation.state.is_final())
                    .cloned()
                    .collect(),
                calls: self.rows.calls.values().cloned().collect(),
                streams: self.rows.streams.values().cloned().collect(),
                scans: self.rows.scans.values().cloned().collect(),
                follow_ups: self.rows.follow_ups.values().cloned().collect(),
                jobs: self.rows.jobs.values().cloned().collect(),
                reconciled: self.rows.reconciled.clone(),
            },
        );
        self.event(Event::Woken);
    }

    /// Nothing is open any more, each invoice has at most one document, badge and document agree.
    pub fn assert_settled(&self) {
        assert!(self.open.is_empty() && self.rows.batches.is_empty() && self.rows.intents.is_empty());
        assert!(
            self.rows
                .operations
                .values()
                .all(|operation| operation.state.is_final())
        );
        for row in self.rows.invoices.values() {
            let found = self.xero.of_marker(row.marker);
            assert!(found.len() <= 1, "{} has {} documents", row.host_ref, found.len());
            assert_ne!(row.sync.badge, Some(Badge::Pending), "{} is still grey", row.host_ref);
            if row.sync.badge == Some(Badge::Synced) {
                assert_eq!(found.len(), 1, "{} is green, but not in Xero", row.host_ref);
                assert_eq!(Some(found[0].id), row.link.as_ref().map(|link| link.xero_id));
            }
            if found.len() == 1 {
                assert!(row.link.is_some(), "{} is in Xero and not linked", row.host_ref);
            }
        }
    }

    pub fn is_catching_up(&self) -> bool {
        self.machine.tenant().connection.gate == Gate::CatchingUp
    }
}
