//! The machine: its state, its one entrance, and when it wants to be called again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::attempt::Attempt;
use super::bulk::keep_last;
use super::chart::ChartState;
use super::desk::ContactDesk;
use super::follow::FollowUps;
use super::job_steps::Jobs;
use super::link::Relabels;
use super::mapped::Doubted;
use super::night::Night;
use super::record::Record;
use super::release::Releases;
use super::settle::announce_ended;
use super::streams::Pulls;
use crate::engine::breaker::Breaker;
use crate::engine::budget::{Budget, Spent};
use crate::engine::desired::Obstacle;
use crate::engine::effect::{CallId, Effect, LoadId, Notice};
use crate::engine::event::Event;
use crate::engine::policy::Policy;
use crate::engine::status::Blocked;
use crate::model::connection::Gate;
use crate::model::ids::{BatchId, IdSource, IntentId, InvoiceId, OperationId, XeroInvoiceId};
use crate::model::row::{
    Batch, CallMinute, Class, FollowUp, Intent, Job, Operation, Reconciled, Scan, Stream, StreamKind, Tenant,
};
use crate::model::time::{Mono, Now, Timestamp};
use crate::model::write::Write;
use crate::model::xero::Encode;

/// What a machine is made with.
#[derive(Clone)]
pub struct Setup {
    /// The tenant.
    pub tenant: Tenant,
    /// The numbers it decides by.
    pub policy: Arc<Policy>,
    /// Makes request bodies.
    pub encode: Arc<dyn Encode>,
    /// The running boot of the machine: only within it can boot-time moments be compared.
    pub boot_id: Arc<str>,
    /// Base of the link that carries our marker, for documents without an address of their own.
    pub link_base: Arc<str>,
    /// Seed of ids and jitter.
    pub seed: u64,
}

/// Open work as the store has it.
#[derive(Debug, Clone, Default)]
pub struct Saved {
    /// Open intents.
    pub intents: Vec<Intent>,
    /// Open attempts.
    pub batches: Vec<Batch>,
    /// Operations that have not ended.
    pub operations: Vec<Operation>,
    /// The calls of the last day.
    pub calls: Vec<CallMinute>,
    /// What is known of the streams.
    pub streams: Vec<Stream>,
    /// Scans that were interrupted.
    pub scans: Vec<Scan>,
    /// What is to be done about invoices later.
    pub follow_ups: Vec<FollowUp>,
    /// Jobs that have not ended.
    pub jobs: Vec<Job>,
    /// The latest date that was checked.
    pub reconciled: Option<Reconciled>,
}

/// Where an intent stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Waits in the queue; not before this moment.
    Queued(Mono),
    /// Its rows are being read.
    Loading,
    /// Waits for reference data.
    Chart,
    /// Waits for its contact.
    Contact,
    /// Its document is being read in Xero.
    Reading,
    /// Part of an open attempt.
    InBatch(BatchId),
}

/// An open intent.
#[derive(Debug, Clone)]
pub(super) struct Work {
    pub intent: Intent,
    pub stage: Stage,
    /// Most companions in its next call, after a call was refused as a whole.
    pub batch_cap: usize,
    /// When its document was last read in Xero.
    pub read_at: Option<Mono>,
    /// When the reference data was read that was not enough for it.
    pub doubted_chart: Option<Timestamp>,
    /// When a read first did not show its document.
    pub missed_at: Option<Mono>,
    /// Its number is taken: find out by whom.
    pub check_number: bool,
    /// Xero refused a read of several documents: this one is read by itself.
    pub reads_alone: bool,
    /// It turns red, for this reason, when its row is read next.
    pub doomed: Option<Box<Obstacle>>,
    /// The party the reason is about: it does not hold for another one.
    pub doomed_party: Option<String>,
    /// Version of its row as last written: older rows come from a read that was overtaken.
    pub row_version: u64,
    /// Free waits so far (a request that never left costs no retry).
    pub free_waits: u32,
}

/// What an open call is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Purpose {
    Send(BatchId),
    LookUp(BatchId),
    Read(Vec<IntentId>),
    CheckNumber(Vec<IntentId>),
    FindContacts(Vec<String>),
    CreateContacts(Vec<String>, BatchId),
    Organisation,
    Accounts,
    TaxRates,
    Page(StreamKind),
    JobPage(OperationId),
    JobIds(OperationId, Vec<XeroInvoiceId>),
    JobLinks(OperationId, usize),
    ReadNamed(Vec<XeroInvoiceId>),
    ReadOwed(StreamKind, Vec<XeroInvoiceId>),
}

#[derive(Debug, Clone)]
pub(super) struct OpenCall {
    pub purpose: Purpose,
    pub resource: &'static str,
    pub is_write: bool,
    pub started: Mono,
}

/// One tenant: everything decided about it is decided here.
pub struct TenantMachine {
    pub(super) setup: Setup,
    pub(super) ids: IdSource,
    pub(super) budget: Budget,
    pub(super) breaker: Breaker,
    pub(super) works: BTreeMap<IntentId, Work>,
    pub(super) by_invoice: BTreeMap<InvoiceId, IntentId>,
    pub(super) queue: BTreeSet<(Class, Mono, IntentId)>,
    pub(super) waiting: super::queue::Waiting,
    pub(super) attempts: BTreeMap<BatchId, Attempt>,
    pub(super) calls: BTreeMap<CallId, OpenCall>,
    pub(super) contacts: ContactDesk,
    pub(super) chart: ChartState,
    pub(super) releases: Releases,
    pub(super) doubted_mappings: Vec<Doubted>,
    pub(super) operations: BTreeMap<OperationId, Operation>,
    pub(super) loading: Option<(LoadId, Vec<IntentId>)>,
    pub(super) probe_at: Mono,
    pub(super) asked_listed_at: Option<Mono>,
    pub(super) token_rejections: u32,
    pub(super) token_rejected_at: Mono,
    /// When the present grant took the place of another: what was under way then used the old one.
    pub(super) regranted_at: Mono,
    /// Of those in a row, the first.
    pub(super) token_rejected_first: Mono,
    pub(super) tenant_rejections: u32,
    pub(super) relabels: Relabels,
    pub(super) pulls: Pulls,
    pub(super) follow_ups: FollowUps,
    pub(super) jobs: Jobs,
    pub(super) night: Night,
    pub(super) record: Record,
    next_number: u64,
    pub(super) illegal_events: u64,
    pub(super) last_gate: Option<&'static str>,
}

/// Whether a call reads or writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Read,
    Write,
}

impl TenantMachine {
    /// A machine with the open work the store has. Attempts without an outcome are unknown.
    #[must_use]
    pub fn restore(now: Now, setup: Setup, saved: Saved) -> Self {
        let policy = Arc::clone(&setup.policy);
        let mut machine = Self {
            ids: IdSource::new(setup.seed),
            budget: Budget::restore(policy.limits, now, saved.calls),
            breaker: Breaker::new(policy.breaker_threshold, policy.breaker_probe_ms),
            works: BTreeMap::new(),
            by_invoice: BTreeMap::new(),
            queue: BTreeSet::new(),
            waiting: Default::default(),
            attempts: BTreeMap::new(),
            calls: BTreeMap::new(),
            contacts: ContactDesk::default(),
            chart: ChartState::default(),
            releases: Releases::restore(&setup.tenant.fixed),
            doubted_mappings: Vec::new(),
            operations: saved
                .operations
                .into_iter()
                .map(|operation| (operation.id, operation))
                .collect(),
            loading: None,
            probe_at: now.mono,
            asked_listed_at: None,
            token_rejections: 0,
            token_rejected_at: now.mono,
            regranted_at: Mono(0),
            token_rejected_first: now.mono,
            tenant_rejections: 0,
            relabels: Relabels::default(),
            pulls: Pulls::restore(now, saved.streams, saved.scans),
            follow_ups: FollowUps::restore(now, saved.follow_ups),
            jobs: Jobs::restore(now, saved.jobs),
            night: Night::restore(now, saved.reconciled),
            record: Record::default(),
            next_number: 0,
            illegal_events: 0,
            last_gate: None,
            setup,
        };
        if machine.setup.tenant.base_currency.is_none() || machine.is_catching_up() {
            machine.chart.want();
        }
        machine.begin_comparisons_again();
        for batch in saved.batches {
            machine.adopt_attempt(now, batch);
        }
        for intent in saved.intents {
            // The process may have ended between a change and the badges that follow it.
            machine.relabels.wanted.insert(intent.invoice);
            machine.adopt_intent(now, intent);
        }
        machine
    }

    /// Takes one event and returns what must be done, in order.
    pub fn handle(&mut self, now: Now, event: Event) -> Vec<Effect> {
        let mut effects = Vec::new();
        let out = &mut effects;
        if let Some(write) = self.budget.note_lost() {
            out.push(Effect::Persist(vec![write]));
        }
        self.begin_record(&event);
        match event {
            Event::HostWrote {
                ask,
                host_ref,
                draft,
                row,
                ..
            } => self.host_wrote(now, ask, host_ref, *draft, row, out),
            Event::SyncNow { ask, row, requested_by } => self.sync_now(now, ask, *row, requested_by, out),
            Event::PreviewWanted { ask, context, chart } => self.preview(now, ask, &context, chart.as_deref(), out),
            Event::Loaded { load, contexts, chart } => self.loaded(now, load, contexts, chart.as_deref(), out),
            Event::RowsLoaded { load, rows } => self.rows_loaded(now, load, rows, out),
            Event::FailedLoaded { code, subject, rows } => self.release_rows(now, code, subject, rows, out),
            Event::Answered { call, answer, rows } => self.answered(now, call, answer, rows, out),
            Event::Slice { call, found, rows } => self.slice(now, call, found, rows, out),
            Event::Changes { call, found, related } => self.changes(now, call, &found, related, out),
            Event::FollowUpsLoaded { load, rows } => self.follow(now, load, rows, out),
            Event::PaymentSignalled { ask, row, .. } => self.payment_signalled(now, ask, *row, out),
            Event::Acknowledged { ask, row, review } => self.acknowledged(now, (ask, *row), &review, out),
            Event::Rung { ring, rows } => self.rung(now, *ring, &rows, out),
            Event::Begin {
                ask,
                order,
                requested_by,
            } => self.begin(now, ask, *order, requested_by, out),
            Event::Cancel { ask, operation, .. } => self.cancel(now, ask, operation, out),
            Event::LinkedLoaded { load, rows } => self.linked_loaded(now, load, &rows, out),
            Event::Connection(event) => self.connection_event(now, event, out),
            Event::Regranted { grant, why, .. } => self.regranted(now, grant, why, out),
            Event::Disconnected { .. } => self.disconnected(now, out),
            Event::MappingsSet { ask, orders, chart, by } => {
                self.mappings_set(now, ask, orders, chart.as_deref(), by, out);
            }
            Event::SettingsSet { ask, settings, .. } => self.settings_set(ask, *settings, out),
            Event::CreditsSet { ask, credits, .. } => self.credits_set(now, ask, credits, out),
            Event::Woken => {}
        }
        self.settle(now, out);
        self.announce_heard(out);
        self.note_versions(&effects);
        keep_last(&mut effects);
        self.write_record(now, &mut effects);
        announce_ended(&mut effects);
        effects
    }

    /// How many pushes are open.
    #[must_use]
    pub fn open_count(&self) -> usize {
        self.works.len()
    }

    /// The tenant as the machine knows it.
    #[must_use]
    pub const fn tenant(&self) -> &Tenant {
        &self.setup.tenant
    }

    /// Takes new numbers, as a reload brings them.
    pub fn set_policy(&mut self, policy: Arc<Policy>) {
        self.budget.set_limits(policy.limits);
        self.setup.policy = policy;
    }

    /// Whether a call may go now, and if not, why: the value the status page shows.
    pub(super) fn may_start(
        &self,
        now: Now,
        class: Class,
        direction: Direction,
        waiting_calls: usize,
    ) -> Result<(), Blocked> {
        self.access_for(direction)?;
        self.breaker
            .may_start(now.mono)
            .map_err(|probe_at| Blocked::BreakerOpen {
                until: now.wall_at(probe_at.unwrap_or_else(|| now.mono.plus_ms(self.setup.policy.breaker_probe_ms))),
            })?;
        self.budget
            .may_start(now, class, waiting_calls)
            .map_err(|spent| match spent {
                Spent::Minute { until } => Blocked::MinuteBudget {
                    until: now.wall_at(until),
                },
                Spent::Day { until } => Blocked::DayBudget {
                    until: now.wall_at(until),
                },
                Spent::Concurrent => Blocked::TooManyInFlight,
                Spent::RetryAfter { limit, until } => Blocked::RetryAfter {
                    limit,
                    until: now.wall_at(until),
                },
            })
    }

    /// Notes a call that goes out now. The returned changes must be durable before it does.
    pub(super) fn open_call(&mut self, now: Now, class: Class, open: OpenCall) -> (CallId, Vec<Write>) {
        self.next_number = self.next_number.saturating_add(1);
        let id = CallId(self.next_number);
        self.calls.insert(id, open);
        self.breaker.started();
        (id, self.budget.start(now, self.setup.tenant.id, class))
    }

    pub(super) const fn next_load(&mut self) -> LoadId {
        self.next_number = self.next_number.saturating_add(1);
        LoadId(self.next_number)
    }

    pub(super) const fn is_catching_up(&self) -> bool {
        matches!(self.setup.tenant.connection.gate, Gate::CatchingUp)
    }

    pub(super) fn illegal(&mut self, state: &str, event: &str, out: &mut Vec<Effect>) {
        self.illegal_events = self.illegal_events.saturating_add(1);
        out.push(Effect::Announce(Notice::IllegalEvent {
            state: state.to_owned(),
            event: event.to_owned(),
        }));
    }
}
