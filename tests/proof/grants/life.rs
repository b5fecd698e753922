//! A process from its start to its end: the real keyring, and tenants who borrow from it as the
//! daemon's own do.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Context, Handler};
use counterfoil::actors::keyring::{Bereaved, GrantDied, GrantRevived, Keyring, KeyringParts};
use counterfoil::engine::connection::{Transition, next};
use counterfoil::engine::event::ConnectionEvent;
use counterfoil::model::connection::{ConnectionCause, ConnectionState};
use counterfoil::model::failure::{Failure, FailureKind};
use counterfoil::model::secret::SecretString;
use counterfoil::model::time::{Clock, Now};
use futures_util::FutureExt;
use futures_util::future::{Either, select};
use rand::RngExt as _;

use super::rows::{Dice, Grants, sealer};
use super::stage::{Inner, Stage, Tenant};
use super::story;
use super::wire::{Port, read};

/// As the daemon's own: a call that has no token by then is put off.
const LEAVE_WITHIN: Duration = Duration::from_secs(20);
/// As the daemon's own: so many 401s in a row, for so long, are taken for a dead grant.
const REJECTIONS_MAX: u32 = 5;
const REJECTED_FOR_MS: u64 = 30 * 60_000;
/// After a failure work is tried again soon.
const RETRY_MS: u64 = 30_000;
/// Nobody waits longer for the keyring, hanging disks and sleeps apart.
const WAIT_MAX_MS: u64 = 4 * 60_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    Died,
    Done,
}

struct StageClock(Arc<Stage>);

impl Clock for StageClock {
    fn now(&self) -> Now {
        self.0.with(|stage| stage.clock.now())
    }
    fn boot_id(&self) -> &str {
        "boot"
    }
}

/// Runs a process until it dies, or until the story ends.
pub async fn live(stage: Arc<Stage>) -> Ending {
    stage.with(Inner::begin_life);
    // What the last process died of is over.
    let _stale = stage.died.notified().now_or_never();
    let seed = stage.with(|stage| stage.rng.random());
    let parts = KeyringParts {
        store: Arc::new(Grants(Arc::clone(&stage))),
        identity: Arc::new(Port(Arc::clone(&stage))),
        clock: Arc::new(StageClock(Arc::clone(&stage))),
        entropy: Arc::new(Dice::new(seed)),
        sealer: sealer(seed),
    };
    let home = actix::System::current().arbiter().clone();
    let keyring = Keyring::start(&home, parts).await.expect("every row opens");
    keyring.tell_deaths(Bereaved::new(&Supervisor(Arc::clone(&stage)).start()));
    let tenants = stage.with(|stage| stage.tenants.len());
    for nth in 0..tenants {
        actix::spawn(tenant(Arc::clone(&stage), keyring.clone(), nth));
    }
    let died = pin!(stage.died.notified());
    let story = pin!(story::tell(&stage, &keyring));
    let end = match select(died, story).await {
        Either::Left(_) => Ending::Died,
        Either::Right(_) => Ending::Done,
    };
    stage.with(Inner::end_life);
    end
}

/// The supervisor, as far as the keyring sees it.
struct Supervisor(Arc<Stage>);

impl Actor for Supervisor {
    type Context = Context<Self>;
}

impl Handler<GrantDied> for Supervisor {
    type Result = ();

    fn handle(&mut self, GrantDied(grant): GrantDied, _ctx: &mut Context<Self>) {
        self.0.with(|stage| {
            if stage.grant == Some(grant) {
                stage.say("the grant died");
                for nth in 0..stage.tenants.len() {
                    stage.asked_to_reconnect(nth, "the grant died");
                }
            }
        });
    }
}

impl Handler<GrantRevived> for Supervisor {
    type Result = ();

    fn handle(&mut self, GrantRevived(_grant): GrantRevived, _ctx: &mut Context<Self>) {
        self.0.with(|stage| stage.say("the grant works again"));
    }
}

/// A tenant's actor, as far as the keyring sees it.
async fn tenant(stage: Arc<Stage>, keyring: Keyring, nth: usize) {
    loop {
        let nap_ms = stage.with(|stage| {
            if stage.tenants[nth].has_failed {
                return stage.rng.random_range(RETRY_MS / 2..RETRY_MS * 2);
            }
            let pace_ms = stage.tenants[nth].pace_ms;
            stage.rng.random_range(pace_ms / 2..pace_ms * 2) + stage.idle_until.saturating_sub(stage.at())
        });
        let nap = pin!(tokio::time::sleep(Duration::from_millis(nap_ms)));
        let bell = pin!(stage.bell.notified());
        select(nap, bell).await;
        if stage.with(|stage| stage.grant.is_none() || !stage.tenants[nth].is_active()) {
            continue;
        }
        if stage.with(|stage| stage.rng.random_bool(0.1)) {
            list(&stage, &keyring, nth).await;
        } else {
            call(&stage, &keyring, nth).await;
        }
    }
}

/// As `actors::tenant::outcall` makes a call.
async fn call(stage: &Stage, keyring: &Keyring, nth: usize) {
    let Some(grant) = stage.with(|stage| stage.grant) else {
        return;
    };
    let leave = waiting(stage, keyring.borrow(grant));
    let borrowed = match tokio::time::timeout(LEAVE_WITHIN, leave).await {
        Ok(Ok(borrowed)) => borrowed,
        Ok(Err(failure)) => return stage.with(|stage| stage.told(nth, &failure)),
        Err(_elapsed) => return,
    };
    let xero_id = stage.with(|stage| {
        stage.hear(format!("{borrowed:?} {keyring:?}"));
        stage.tenants[nth].xero_id
    });
    let answer = read(stage, xero_id, &borrowed.token).await;
    match answer.result {
        Ok(_) => stage.with(|stage| stage.served(nth)),
        Err(failure) => {
            if failure.kind == FailureKind::TokenRejected {
                keyring.invalidate(grant, borrowed.token.clone());
            }
            stage.with(|stage| {
                stage.rejected(nth, &failure, &borrowed.token);
                stage.told(nth, &failure);
            });
        }
    }
}

/// As `actors::tenant::outcall` looks for its connection: without a limit of its own.
async fn list(stage: &Stage, keyring: &Keyring, nth: usize) {
    let Some(grant) = stage.with(|stage| stage.grant) else {
        return;
    };
    let listed = waiting(stage, keyring.connections(grant)).await;
    stage.with(|stage| match listed {
        Ok(listed) => {
            let xero_id = stage.tenants[nth].xero_id;
            if listed.iter().any(|connection| connection.tenant.0 == xero_id) {
                stage.served(nth);
            } else if !stage.judge.revoked {
                stage.judge.fail(52, "an organisation is not listed any more");
            }
        }
        Err(failure) => stage.told(nth, &failure),
    });
}

/// Counts somebody who waits for the keyring.
pub async fn waiting<T>(stage: &Stage, future: impl Future<Output = T>) -> T {
    struct Place<'a>(&'a Stage, u64);
    impl Drop for Place<'_> {
        fn drop(&mut self) {
            self.0.with(|stage| stage.leave(self.1));
        }
    }
    let place = Place(stage, stage.with(Inner::enter));
    let ended = future.await;
    drop(place);
    ended
}

impl Tenant {
    pub fn is_active(&self) -> bool {
        self.connection.state == ConnectionState::Active
    }
}

impl Inner {
    fn enter(&mut self) -> u64 {
        self.next_wait += 1;
        let at = self.at();
        self.waits.push((self.next_wait, at));
        self.next_wait
    }

    fn leave(&mut self, id: u64) {
        let Some(place) = self.waits.iter().position(|(known, _)| *known == id) else {
            return;
        };
        let (_, since) = self.waits.remove(place);
        self.check_wait(since);
    }

    /// Nobody waits for ever.
    pub fn check_wait(&mut self, since: u64) {
        let waited_ms = self.at().saturating_sub(since);
        let hung_ms = self.judge.trouble_ms(since, self.at());
        if waited_ms > WAIT_MAX_MS + hung_ms {
            let words = format!("somebody waited {waited_ms} ms for a token, {hung_ms} of them excused");
            self.judge.fail(52, words);
        }
    }

    fn served(&mut self, nth: usize) {
        let at = self.at();
        self.tenants[nth].served_at = Some(at);
        self.tenants[nth].rejections = 0;
        if std::mem::take(&mut self.tenants[nth].has_failed) {
            self.say(format!("tenant {nth} is served again"));
        }
    }

    /// As the machine learns from a failure.
    fn told(&mut self, nth: usize, failure: &Failure) {
        let at = self.at();
        self.hear(format!("{failure} {failure:?}"));
        self.say(format!("tenant {nth} is told: {failure}"));
        self.tenants[nth].has_failed = true;
        let is_last = match failure.kind {
            FailureKind::GrantRejected => true,
            FailureKind::TokenRejected => {
                let tenant = &mut self.tenants[nth];
                if tenant.rejections == 0 {
                    tenant.rejected_since = at;
                }
                tenant.rejections += 1;
                tenant.rejections >= REJECTIONS_MAX && at - tenant.rejected_since >= REJECTED_FOR_MS
            }
            _ => false,
        };
        if is_last {
            self.asked_to_reconnect(nth, &failure.message);
        }
    }

    fn asked_to_reconnect(&mut self, nth: usize, words: &str) {
        let at = self.at();
        self.judge.told_to_reconnect(at, words);
        self.change(nth, ConnectionEvent::GrantLost(ConnectionCause::GrantDead));
        let knows = |tenant: &Tenant| !tenant.is_active();
        if self.tenants.iter().all(knows) {
            self.judge.everybody_was_told();
        } else {
            self.judge.somebody_was_told(at);
        }
    }

    fn rejected(&mut self, nth: usize, failure: &Failure, token: &SecretString) {
        if failure.kind == FailureKind::TokenRejected {
            let is_newest = self.judge.is_newest(token);
            if !is_newest {
                self.late_rejections += 1;
            }
            self.say(format!("tenant {nth} is rejected, with the newest token: {is_newest}"));
        }
    }

    pub fn change(&mut self, nth: usize, event: ConnectionEvent) {
        let now = self.wall();
        let tenant = &mut self.tenants[nth];
        match next(&tenant.connection, event, now, 1_000) {
            Transition::To(connection) => tenant.connection = connection,
            Transition::Same => {}
            Transition::Illegal => self.judge.fail(27, format!("{event:?} is illegal")),
        }
    }
}
