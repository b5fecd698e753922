//! Keeps one actor per tenant alive. actix's own `Supervisor` does not survive a panic, so each
//! tenant's actor carries a drop guard that tells here how it ended.

use std::collections::{HashMap, HashSet, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, ActorContext, AsyncContext, Context, Handler, Message, ResponseFuture};
use tokio::sync::oneshot;

use super::keyring::{GrantDied, GrantRevived};
use super::lane::fresh_generation;
use super::ports::Ports;
use super::registry::Door;
use super::tenant::{Down, Drain, GrantsDied, LookAgain, TenantActor};
use crate::engine::status::TenantStatus;
use crate::model::ids::{GrantId, TenantId};
use crate::model::row::Tenant;
use crate::model::time::Mono;
use crate::observe::labels::RestartCause;
use crate::observe::metrics::Metrics;
use crate::store::reader::ReadError;
use crate::store::rows::RowError;
use crate::store::{Batch, Lane, StoreError, Urgency};

/// Panics within [`PARK_WINDOW_MS`] after which a tenant is given up until the daemon restarts.
const PARK_PANICS: usize = 3;
/// Ten minutes.
const PARK_WINDOW_MS: u64 = 600_000;
/// First delay before a restart; doubles with each one in a row.
const RESTART_MS: u64 = 100;
/// Longest delay before a restart after a panic.
const RESTART_MAX_MS: u64 = 30_000;
/// Longest delay before a restart for the store's sake: as often as it is itself tried again, for
/// hosts are turned away meanwhile.
const RESTART_STORE_MAX_MS: u64 = 2_000;
/// How long grants that died are gathered.
const TELL_DEATHS_AFTER: Duration = Duration::from_millis(500);
/// How often it is looked whether webhooks are missing.
const HOOKS_LOOK_EVERY: Duration = Duration::from_secs(1);
/// A tenant that ran this long starts afresh with its delays.
const CALM_MS: u64 = 60_000;

/// One tenant's history of ends.
#[derive(Debug, Default)]
struct History {
    panics: VecDeque<Mono>,
    restarts_in_row: u32,
    started: Mono,
}

/// Starts, restarts and parks tenants.
pub struct Supervisor {
    ports: Arc<Ports>,
    metrics: Metrics,
    histories: HashMap<TenantId, History>,
    /// Grants that died a moment ago.
    dead: HashSet<GrantId>,
    draining: Option<(usize, Option<oneshot::Sender<()>>)>,
}

impl Supervisor {
    /// A supervisor without tenants.
    #[must_use]
    pub fn new(ports: Arc<Ports>, metrics: Metrics) -> Self {
        Self {
            ports,
            metrics,
            histories: HashMap::new(),
            dead: HashSet::new(),
            draining: None,
        }
    }

    fn start(&mut self, tenant: Tenant, ctx: &mut Context<Self>) {
        let id = tenant.id;
        if self.draining.is_some() || matches!(self.ports.registry.door(id), Some(Door::Open(addr)) if addr.connected())
        {
            return;
        }
        self.histories.entry(id).or_default().started = self.ports.clock.now().mono;
        let (ports, down) = (Arc::clone(&self.ports), ctx.address().recipient());
        // Rows that make a machine panic must not take the supervisor, and so all tenants, with them.
        match catch_unwind(AssertUnwindSafe(|| TenantActor::load(ports, tenant, down))) {
            Ok(Ok(actor)) => self.place(id, actor),
            Ok(Err(error)) => self.unreadable(id, &error, ctx),
            // There was no actor yet whose guard could tell of it.
            Err(_panic) => self.panicked(id, ctx),
        }
    }

    /// Tenants are spread by the random end of their id; which thread does not matter.
    fn place(&self, id: TenantId, actor: TenantActor) {
        let place = id.to_bytes().last().copied().map_or(0, usize::from);
        let count = self.ports.arbiters.len().max(1);
        if let Some(arbiter) = self.ports.arbiters.get(place % count) {
            let addr = TenantActor::start_in_arbiter(arbiter, move |_| actor);
            self.ports.registry.set(id, Door::Open(addr));
        }
    }

    fn panicked(&mut self, id: TenantId, ctx: &mut Context<Self>) {
        let now = self.ports.clock.now().mono;
        self.metrics.actor_restarted(RestartCause::Panic);
        let panics = &mut self.histories.entry(id).or_default().panics;
        panics.push_back(now);
        while panics.front().is_some_and(|at| now.since_ms(*at) > PARK_WINDOW_MS) {
            panics.pop_front();
        }
        let panics_count = panics.len();
        tracing::error!(tenant = %id, panics_count, "a tenant's actor panicked");
        if panics_count >= PARK_PANICS {
            self.park(id, format!("{PARK_PANICS} panics within ten minutes"));
        } else {
            self.restart_later(id, RestartCause::Panic, ctx);
        }
    }

    fn restart_later(&mut self, id: TenantId, cause: RestartCause, ctx: &mut Context<Self>) {
        self.ports.registry.set(id, Door::Restarting);
        let history = self.histories.entry(id).or_default();
        let most_ms = if cause == RestartCause::Panic {
            RESTART_MAX_MS
        } else {
            RESTART_STORE_MAX_MS
        };
        let delay_ms = RESTART_MS
            .saturating_mul(1 << history.restarts_in_row.min(16))
            .min(most_ms);
        history.restarts_in_row = history.restarts_in_row.saturating_add(1);
        ctx.run_later(Duration::from_millis(delay_ms), move |supervisor, ctx| {
            supervisor.await_earlier(id, ctx)
        });
    }

    /// What the ended actor had handed to the store is committed, or refused, before its rows are
    /// read again: commits keep their order, so an empty one behind them tells.
    fn await_earlier(&mut self, id: TenantId, ctx: &mut Context<Self>) {
        if self.draining.is_some() {
            return;
        }
        let lane = Lane {
            id: id.to_bytes(),
            generation: fresh_generation(),
        };
        let barrier = Batch {
            urgency: Urgency::Result,
            ..Batch::default()
        };
        let addr = ctx.address();
        let tell = move |result: Result<_, StoreError>| {
            addr.do_send(Settled {
                tenant: id,
                result: result.map(|_| ()),
            })
        };
        if let Err(error) = self.ports.writer.submit(lane, barrier, tell) {
            tracing::warn!(tenant = %id, %error, "a tenant waits for the store");
            self.restart_later(id, RestartCause::Store, ctx);
        }
    }

    fn restart(&mut self, id: TenantId, ctx: &mut Context<Self>) {
        match self.ports.reader.tenant(id) {
            Ok(Some(tenant)) => self.start(tenant, ctx),
            Ok(None) => tracing::error!(tenant = %id, "a tenant that ran is not in the store"),
            Err(error) => self.unreadable(id, &error, ctx),
        }
    }

    /// A store that fails is tried again; a row that cannot be read will not be read later either.
    fn unreadable(&mut self, id: TenantId, error: &ReadError, ctx: &mut Context<Self>) {
        tracing::error!(tenant = %id, %error, "a tenant could not be read from the store");
        match error {
            ReadError::Store(_) => self.restart_later(id, RestartCause::Store, ctx),
            ReadError::Row(_) | ReadError::IndexDisagrees { .. } => self.park(id, error.to_string()),
        }
    }

    fn park(&self, id: TenantId, reason: String) {
        tracing::error!(tenant = %id, reason, "a tenant is parked; the others go on");
        if let Some(mut status) = self.ports.board.get(id).or_else(|| self.unseen(id)) {
            status.parked = Some(reason.clone());
            status.in_flight_count = 0;
            self.ports.board.set(id, status);
        } else {
            self.ports.board.note_unreadable(id);
        }
        self.ports.registry.set(id, Door::Parked(reason));
    }

    /// How a tenant stands whose actor never got as far as to say it.
    fn unseen(&self, id: TenantId) -> Option<TenantStatus> {
        let tenant = self.ports.reader.tenant(id).ok().flatten()?;
        let limits = self.ports.policy.get().limits;
        Some(TenantStatus {
            connection: tenant.connection.state,
            gate: tenant.connection.gate,
            blocked: None,
            unavailable_since: None,
            queued_count: 0,
            in_flight_count: 0,
            unknown_count: 0,
            oldest_queued: None,
            minute_used: 0,
            minute_limit: limits.minute,
            day_used: 0,
            day_limit: limits.day,
            next_check: None,
            illegal_events_count: 0,
            parked: None,
        })
    }
}

impl Actor for Supervisor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.run_interval(HOOKS_LOOK_EVERY, |supervisor, _ctx| supervisor.ports.porter.look());
    }
}

/// From the storage thread: whatever the tenant's earlier actor had submitted is settled, if the
/// store takes commits at all.
#[derive(Message)]
#[rtype(result = "()")]
struct Settled {
    tenant: TenantId,
    result: Result<(), StoreError>,
}

impl Handler<Settled> for Supervisor {
    type Result = ();

    fn handle(&mut self, message: Settled, ctx: &mut Context<Self>) {
        match message.result {
            Ok(()) => self.restart(message.tenant, ctx),
            Err(error) => {
                tracing::warn!(tenant = %message.tenant, %error, "a tenant waits for the store");
                self.restart_later(message.tenant, RestartCause::Store, ctx);
            }
        }
    }
}

/// From the door and from the start of the daemon: run these tenants. Those that run go on. The
/// reply means that every one of them can be found in the registry.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Run(pub Vec<Tenant>);

impl Handler<Run> for Supervisor {
    type Result = ();

    fn handle(&mut self, message: Run, ctx: &mut Context<Self>) {
        for tenant in message.0 {
            self.start(tenant, ctx);
        }
    }
}

/// From the start of the daemon: these tenants' own rows cannot be read, so they do not run.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Park(pub Vec<(TenantId, RowError)>);

impl Handler<Park> for Supervisor {
    type Result = ();

    fn handle(&mut self, message: Park, _ctx: &mut Context<Self>) {
        for (tenant, error) in message.0 {
            self.park(tenant, error.to_string());
        }
    }
}

impl Handler<Down> for Supervisor {
    type Result = ();

    fn handle(&mut self, down: Down, ctx: &mut Context<Self>) {
        if let Some((left, _)) = &mut self.draining {
            *left = left.saturating_sub(1);
            self.end_drain(ctx);
            return;
        }
        let now = self.ports.clock.now().mono;
        let history = self.histories.entry(down.tenant).or_default();
        if now.since_ms(history.started) >= CALM_MS {
            history.restarts_in_row = 0;
        }
        if down.panicked {
            self.panicked(down.tenant, ctx);
        } else {
            self.metrics.actor_restarted(RestartCause::Store);
            self.restart_later(down.tenant, RestartCause::Store, ctx);
        }
    }
}

/// Grants that die together are told together: each telling goes to every tenant.
impl Handler<GrantDied> for Supervisor {
    type Result = ();

    fn handle(&mut self, GrantDied(grant): GrantDied, ctx: &mut Context<Self>) {
        if self.dead.is_empty() {
            ctx.run_later(TELL_DEATHS_AFTER, |supervisor, _ctx| {
                let dead = Arc::new(std::mem::take(&mut supervisor.dead));
                if dead.is_empty() {
                    return;
                }
                for (_, addr) in supervisor.ports.registry.running() {
                    addr.do_send(GrantsDied(Arc::clone(&dead)));
                }
            });
        }
        self.dead.insert(grant);
    }
}

/// Whoever was not told yet is not told any more.
impl Handler<GrantRevived> for Supervisor {
    type Result = ();

    fn handle(&mut self, GrantRevived(grant): GrantRevived, _ctx: &mut Context<Self>) {
        self.dead.remove(&grant);
    }
}

/// From the daemon: start no more calls, let those in flight be answered and recorded, and tell
/// when every tenant has ended.
#[derive(Message)]
#[rtype(result = "()")]
pub struct DrainAll;

impl Handler<DrainAll> for Supervisor {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, _message: DrainAll, ctx: &mut Context<Self>) -> Self::Result {
        let running = self.ports.registry.running();
        let (done, waiting) = oneshot::channel();
        self.draining = Some((running.len(), Some(done)));
        for (_, addr) in running {
            addr.do_send(Drain);
        }
        self.end_drain(ctx);
        Box::pin(async move {
            // The sender is only dropped when the supervisor itself has ended.
            let _ended = waiting.await;
        })
    }
}

impl Supervisor {
    fn end_drain(&mut self, ctx: &mut Context<Self>) {
        if let Some((0, done)) = &mut self.draining {
            if let Some(done) = done.take() {
                // Whoever asked may have stopped waiting.
                let _gone = done.send(());
            }
            ctx.stop();
        }
    }
}

/// From the daemon: the numbers changed, or the clock was moved.
#[derive(Message)]
#[rtype(result = "()")]
pub struct LookAgainAll;

impl Handler<LookAgainAll> for Supervisor {
    type Result = ();

    fn handle(&mut self, _message: LookAgainAll, _ctx: &mut Context<Self>) {
        for (tenant, addr) in self.ports.registry.running() {
            if addr.try_send(LookAgain).is_err() {
                tracing::debug!(%tenant, "a busy tenant looks again by itself soon");
            }
        }
    }
}
