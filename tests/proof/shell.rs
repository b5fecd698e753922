//! Plays the tenant's actor: persists first and in order, everything else once they are durable.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use counterfoil::actors::tenant::rows;
use counterfoil::engine::effect::{AskId, Call, Effect, LoadId};
use counterfoil::engine::event::{ConnectionEvent, Event, MappingOrder};
use counterfoil::engine::policy::{Limits, Policy, PullPolicy};
use counterfoil::engine::tenant::{Saved, Setup, TenantMachine};
use counterfoil::model::ids::{InvoiceId, TenantId};
use counterfoil::model::row::{Invoice, Operation, OperationState};
use counterfoil::model::time::Now;
use counterfoil::model::write::Write;
use counterfoil::model::xero::Answer;
use counterfoil::sandbox::CallId as WorldCall;
use counterfoil::store::reader::{OperationQuery, Overlay, Reader, View};
use counterfoil::store::rows::batch;
use counterfoil::store::{Batch, Urgency};

use super::fault::Fault;
use super::nth::call_fault::CallFault;
use super::story::Knobs;

/// A commit on its way.
pub struct Commit {
    pub seq: u64,
    pub writes: Vec<Write>,
    pub batch: Batch,
    pub due: u64,
    pub fault: Option<Fault>,
}

/// Where a call is.
pub enum Way {
    /// Waits for a token.
    Leaving { at: u64 },
    /// Under way to Xero.
    Out { arrives: u64 },
    /// Its answer is under way; `told` once the first byte has left.
    Back {
        leaves: u64,
        hears: u64,
        answer: Box<Answer>,
        open: Option<WorldCall>,
    },
}

pub struct Flying {
    pub call: Call,
    pub nth: u64,
    pub departed: u64,
    pub gives_up: u64,
    pub fault: Option<Fault>,
    pub planned: Option<CallFault>,
    pub way: Way,
}

/// Everything that dies with the process.
pub struct Shell {
    /// Mappings that people asked for since the start.
    pub ordered: Vec<MappingOrder>,
    pub machine: TenantMachine,
    pub overlay: Overlay,
    pub submitted_seq: u64,
    pub durable_seq: u64,
    /// Effects behind the persist they wait for.
    pub waiting: VecDeque<(u64, Effect)>,
    pub commits: VecDeque<Commit>,
    pub calls: Vec<Flying>,
    /// Answers of `/connections` under way.
    pub listings: Vec<(u64, ConnectionEvent)>,
    pub asks: BTreeMap<AskId, String>,
    pub is_running: bool,
    pub is_draining: bool,
    next_ask: u64,
    tenant: TenantId,
    reader: Reader,
}

impl Shell {
    /// A machine with the open work the store has.
    pub fn load(reader: &Reader, tenant: TenantId, now: Now, setup: impl FnOnce() -> Setup) -> Self {
        let saved = Saved {
            intents: reader.intents(tenant).unwrap(),
            batches: reader.batches(tenant).unwrap(),
            operations: open_operations(reader, tenant),
            calls: reader.calls(tenant).unwrap(),
            streams: reader.streams(tenant).unwrap(),
            scans: reader.scans(tenant).unwrap(),
            follow_ups: reader.follow_ups(tenant).unwrap(),
            jobs: reader.jobs(tenant).unwrap(),
            reconciled: reader.reconciled(tenant).unwrap(),
        };
        Self {
            machine: TenantMachine::restore(now, setup(), saved),
            overlay: Overlay::default(),
            ordered: Vec::new(),
            submitted_seq: 0,
            durable_seq: 0,
            waiting: VecDeque::new(),
            commits: VecDeque::new(),
            calls: Vec::new(),
            listings: Vec::new(),
            asks: BTreeMap::new(),
            is_running: false,
            is_draining: false,
            next_ask: 0,
            tenant,
            reader: reader.clone(),
        }
    }

    pub fn ask(&mut self, host_ref: &str) -> AskId {
        self.next_ask += 1;
        self.asks.insert(AskId(self.next_ask), host_ref.to_owned());
        AskId(self.next_ask)
    }

    pub fn view(&self) -> View<'_> {
        View::new(&self.overlay, &self.reader, self.tenant)
    }

    pub fn submit(&mut self, writes: Vec<Write>, urgency: Urgency, due: u64, fault: Option<Fault>) {
        self.submitted_seq += 1;
        self.overlay.submitted(self.submitted_seq, writes.clone());
        let batch = batch(&writes, urgency).expect("rows have a form on disk");
        let after = self.commits.back().map_or(0, |commit| commit.due);
        self.commits.push_back(Commit {
            seq: self.submitted_seq,
            writes,
            batch,
            due: due.max(after),
            fault,
        });
    }

    pub fn acknowledged(&mut self, seq: u64) {
        self.durable_seq = self.durable_seq.max(seq);
        self.overlay.acknowledged(seq);
    }

    /// The next effect whose persists are all durable.
    pub fn ready(&mut self) -> Option<Effect> {
        let durable = self.durable_seq;
        let ready = self.waiting.pop_front_if(|(after, _)| *after <= durable);
        ready.map(|(_, effect)| effect)
    }

    pub fn loaded(&self, load: LoadId, invoices: &[InvoiceId]) -> Event {
        let view = self.view();
        let context = |row| rows::push_context(&view, row).unwrap();
        let contexts = self.rows(invoices).into_iter().map(context).collect();
        let chart = self.view().chart().unwrap().map(Box::new);
        Event::Loaded { load, contexts, chart }
    }

    pub fn rows(&self, invoices: &[InvoiceId]) -> Vec<Invoice> {
        rows::invoices(&self.view(), invoices).unwrap()
    }
}

fn open_operations(reader: &Reader, tenant: TenantId) -> Vec<Operation> {
    let mut open = Vec::new();
    for state in [OperationState::Queued, OperationState::Running, OperationState::Waiting] {
        let query = OperationQuery {
            tenant: Some(tenant),
            state: Some(state),
            after: None,
            limit: usize::MAX,
        };
        let page = reader.operations(&query).unwrap();
        assert!(page.next.is_none(), "one page of operations is enough here");
        open.extend(page.operations);
    }
    open
}

/// What a simulation's machine is made with.
pub fn setup_of(tenant: counterfoil::model::row::Tenant, boot_id: String, seed: u64, knobs: &Knobs) -> Setup {
    let mut policy = Policy {
        limits: Limits {
            minute: knobs.minute,
            day: knobs.day,
            concurrent: knobs.concurrent,
        },
        pull: if knobs.pulls {
            PullPolicy {
                // So few calls a day are used up by scans, and the check has the last claim on them.
                night: PullPolicy::default().night.filter(|_| knobs.day >= 1_000),
                ..PullPolicy::default()
            }
        } else {
            PullPolicy::NEVER
        },
        ..Policy::default()
    };
    if knobs.batch_max > 0 {
        policy.batch_sales = knobs.batch_max;
        policy.batch_purchase = knobs.batch_max;
    }
    Setup {
        tenant,
        policy: Arc::new(policy),
        encode: Arc::new(counterfoil::xero::encode::XeroEncoder),
        boot_id: boot_id.into(),
        link_base: Arc::from("https://host.example/"),
        seed,
    }
}
