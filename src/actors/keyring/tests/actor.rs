use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix::{Actor, Arbiter, Context, Handler, System};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};
use tokio::time::Instant;

use super::seal::{Counting, sealer};
use crate::actors::keyring::port::GrantStore;
use crate::actors::keyring::seal::SealError;
use crate::actors::keyring::state::STRAY_MAX_MS;
use crate::actors::keyring::{Bereaved, GrantDied, GrantRevived, Keyring, KeyringError, KeyringParts};
use crate::model::failure::{Failure, FailureKind, Received, Remedy};
use crate::model::ids::{GrantId, XeroTenantId};
use crate::model::row::GrantRow;
use crate::model::secret::{ExposeSecret, SecretString};
use crate::model::time::{Clock, Mono, Now, Timestamp};
use crate::model::xero::XeroConnection;
use crate::xero::api::{Code, Identity, TokenPair};

/// The runtime's clock, moved by what tests let pass at once.
#[derive(Default)]
struct Moved(AtomicU64);

impl Clock for Moved {
    fn now(&self) -> Now {
        let ran_ms = STARTED.with(|started| u64::try_from(started.get().unwrap().elapsed().as_millis()).unwrap());
        let mono = Mono(ran_ms + self.0.load(Ordering::Relaxed));
        Now {
            wall: Timestamp(1_700_000_000_000).plus_ms(i64::try_from(mono.0).unwrap()),
            mono,
        }
    }
    fn boot_id(&self) -> &str {
        "boot"
    }
}

/// A store that can be told to fail.
#[derive(Default)]
pub(super) struct Rows {
    pub(super) rows: Mutex<BTreeMap<GrantId, GrantRow>>,
    /// Saves that work before those that fail.
    passing_saves: AtomicI64,
    pub(super) failing_saves: AtomicI64,
    log: Log,
}

pub(super) type Log = Arc<Mutex<Vec<String>>>;

impl GrantStore for Rows {
    fn save(&self, row: GrantRow) -> BoxFuture<'static, Result<(), String>> {
        let is_spared = self.passing_saves.fetch_sub(1, Ordering::Relaxed) > 0;
        if !is_spared && self.failing_saves.fetch_sub(1, Ordering::Relaxed) > 0 {
            self.log.lock().unwrap().push("save fails".into());
            return std::future::ready(Err("disk full".to_owned())).boxed();
        }
        self.log.lock().unwrap().push("save".into());
        self.rows.lock().unwrap().insert(row.id, row);
        std::future::ready(Ok(())).boxed()
    }
    fn replace(&self, row: GrantRow, gone: GrantId) -> BoxFuture<'static, Result<(), String>> {
        let (saved, removed) = (self.save(row).now_or_never().unwrap(), gone);
        if saved.is_ok() {
            self.remove(removed).now_or_never().unwrap().unwrap();
        }
        std::future::ready(saved).boxed()
    }
    fn load_all(&self) -> BoxFuture<'static, Result<Vec<GrantRow>, String>> {
        let rows = self.rows.lock().unwrap().values().cloned().collect();
        std::future::ready(Ok(rows)).boxed()
    }
    fn remove(&self, grant: GrantId) -> BoxFuture<'static, Result<(), String>> {
        self.rows.lock().unwrap().remove(&grant);
        std::future::ready(Ok(())).boxed()
    }
}

/// Rotates like Xero: each refresh token works once, in `grace` again.
#[derive(Default)]
struct Xero {
    log: Log,
    state: Arc<Mutex<Chain>>,
}

#[derive(Default)]
struct Chain {
    live: String,
    grace: Option<String>,
    access: HashMap<String, ()>,
    count: u32,
    /// Whose it is, if Xero says so at a refresh.
    user: Option<String>,
}

impl Identity for Xero {
    fn refresh(&self, token: SecretString) -> BoxFuture<'static, Result<TokenPair, Failure>> {
        let token = token.expose_secret().to_owned();
        self.log.lock().unwrap().push(format!("refresh {token}"));
        let state = Arc::clone(&self.state);
        async move {
            tokio::task::yield_now().await;
            if token == "panic" {
                panic!("a defect of the client");
            }
            let mut chain = state.lock().unwrap();
            if chain.live != token && chain.grace.as_deref() != Some(token.as_str()) {
                return Err(failed(FailureKind::GrantRejected));
            }
            chain.count += 1;
            chain.live = format!("r{}", chain.count);
            chain.grace = Some(token);
            let access = format!("a{}", chain.count);
            chain.access.insert(access.clone(), ());
            Ok(TokenPair {
                access: access.into(),
                refresh: chain.live.clone().into(),
                expires_in_s: 1_800,
                scope: None,
                user: chain.user.clone(),
            })
        }
        .boxed()
    }
    fn redeem(&self, code: Code) -> BoxFuture<'static, Result<TokenPair, Failure>> {
        let mut chain = self.state.lock().unwrap();
        let code = code.code.expose_secret();
        if code == "used" {
            return std::future::ready(Err(failed(FailureKind::GrantRejected))).boxed();
        }
        chain.count += 1;
        chain.grace = Some(chain.live.clone());
        if code == "lost" {
            chain.live = format!("r{}", chain.count);
            let lost = Failure {
                received: Received::Unknown,
                ..failed(FailureKind::TimedOut)
            };
            return std::future::ready(Err(lost)).boxed();
        }
        chain.live = format!("r{}", chain.count);
        let access = format!("a{}", chain.count);
        chain.access.insert(access.clone(), ());
        let pair = TokenPair {
            access: access.into(),
            refresh: chain.live.clone().into(),
            user: Some(code.to_owned()),
            expires_in_s: 1_800,
            scope: None,
        };
        std::future::ready(Ok(pair)).boxed()
    }
    fn revoke(&self, refresh: SecretString) -> BoxFuture<'static, Result<(), Failure>> {
        self.log
            .lock()
            .unwrap()
            .push(format!("revoke {}", refresh.expose_secret()));
        std::future::ready(Ok(())).boxed()
    }
    fn connections(&self, access: SecretString) -> BoxFuture<'static, Result<Vec<XeroConnection>, Failure>> {
        let known = self.state.lock().unwrap().access.contains_key(access.expose_secret());
        let listed = if known {
            Ok(vec![XeroConnection {
                connection_id: "c".into(),
                tenant: XeroTenantId(uuid::Uuid::from_u128(1)),
                tenant_type: "ORGANISATION".into(),
                name: None,
            }])
        } else {
            Err(failed(FailureKind::TokenRejected))
        };
        std::future::ready(listed).boxed()
    }
    fn disconnect(&self, _: SecretString, _: String) -> BoxFuture<'static, Result<(), Failure>> {
        std::future::ready(Ok(())).boxed()
    }
}

fn failed(kind: FailureKind) -> Failure {
    Failure {
        kind,
        remedy: Remedy::Reconnect,
        received: Received::No,
        status: None,
        message: "x".into(),
        validation: vec![],
    }
}

pub(super) struct World {
    pub(super) store: Arc<Rows>,
    xero: Arc<Xero>,
    clock: Arc<Moved>,
    log: Log,
}

impl World {
    pub(super) fn new() -> Self {
        let log = Log::default();
        let chain = Chain {
            live: "given".into(),
            ..Chain::default()
        };
        Self {
            store: Arc::new(Rows {
                log: Arc::clone(&log),
                ..Rows::default()
            }),
            xero: Arc::new(Xero {
                log: Arc::clone(&log),
                state: Arc::new(Mutex::new(chain)),
            }),
            clock: Arc::default(),
            log,
        }
    }

    /// Somebody else renews the chain twice: whatever is held here is too old.
    pub(super) fn renew(&self) {
        let mut chain = self.xero.state.lock().unwrap();
        (chain.live, chain.grace) = ("elsewhere".into(), None);
    }

    /// The token that works now.
    pub(super) fn live(&self) -> String {
        self.xero.state.lock().unwrap().live.clone()
    }

    /// Xero says from now on whose tokens these are.
    pub(super) fn tell_user(&self, user: &str) {
        self.xero.state.lock().unwrap().user = Some(user.to_owned());
    }

    pub(super) async fn keyring(&self, key: u8) -> Result<Keyring, KeyringError> {
        let parts = KeyringParts {
            store: self.store.clone(),
            identity: self.xero.clone(),
            clock: self.clock.clone(),
            entropy: Arc::new(Counting::default()),
            sealer: sealer(key),
        };
        Keyring::start(&Arbiter::current(), parts).await
    }

    pub(super) fn pass_ms(&self, span_ms: u64) {
        self.clock.0.fetch_add(span_ms, Ordering::Relaxed);
    }

    pub(super) fn log(&self) -> Vec<String> {
        std::mem::take(&mut *self.log.lock().unwrap())
    }
}

thread_local! {
    /// When the process that is played began.
    static STARTED: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// Plays a test in its own time: whatever waits costs none.
pub(super) fn play(test: impl Future<Output = ()>) {
    let runtime = || {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        runtime.enable_time().start_paused(true).build().unwrap()
    };
    System::with_tokio_rt(runtime).block_on(async {
        STARTED.with(|started| started.set(Some(Instant::now())));
        test.await;
    });
}

pub(super) async fn pass(span: Duration) {
    tokio::time::sleep(span).await;
}

pub(super) fn token(borrowed: Result<super::super::Borrowed, Failure>) -> String {
    borrowed.unwrap().token.expose_secret().to_owned()
}

#[test]
fn an_adopted_grant_survives_a_restart_and_refreshes_once_for_everybody() {
    play(async {
        let world = World::new();
        let keyring = world.keyring(1).await.unwrap();
        let (grant, connections) = keyring.adopt("given".into()).await.unwrap();
        assert_eq!(connections.len(), 1);
        assert_eq!(world.log(), ["save", "save", "refresh given", "save"]);
        assert_eq!(token(keyring.borrow(grant).await), "a1");
        // Adopting the same token again is the same grant, without a refresh.
        assert_eq!(keyring.adopt("given".into()).await.unwrap().0, grant);
        assert_eq!(world.log(), Vec::<String>::new());

        let restarted = world.keyring(1).await.unwrap();
        assert_eq!(token(restarted.borrow(grant).await), "a1");
        world.pass_ms(1_800_000);
        let all = join_all((0..50).map(|_| restarted.borrow(grant))).await;
        assert!(all.into_iter().all(|one| token(one) == "a2"));
        assert_eq!(world.log(), ["save", "refresh r1", "save"]);
    });
}

#[test]
fn a_crash_between_rotation_and_save_goes_on_with_the_stored_token() {
    play(async {
        let world = World::new();
        let keyring = world.keyring(1).await.unwrap();
        let (grant, _) = keyring.adopt("given".into()).await.unwrap();
        world.pass_ms(1_800_000);
        world.store.passing_saves.store(1, Ordering::Relaxed);
        world.store.failing_saves.store(i64::MAX, Ordering::Relaxed);
        let unsaved = keyring.borrow(grant).await.unwrap_err();
        assert_eq!(unsaved.kind, FailureKind::Unavailable);
        assert_eq!(world.xero.state.lock().unwrap().live, "r2");
        // The process ends here; the store still has r1, which Xero takes again.
        world.store.failing_saves.store(0, Ordering::Relaxed);
        let restarted = world.keyring(1).await.unwrap();
        assert_eq!(token(restarted.borrow(grant).await), "a3");
    });
}

#[test]
fn what_a_crash_left_unheard_is_asked_for_again_at_once_although_nobody_waits() {
    let world = World::new();
    let mut grant = None;
    play(async {
        let keyring = world.keyring(1).await.unwrap();
        grant = Some(keyring.adopt("given".into()).await.unwrap().0);
        world.pass_ms(1_800_000);
        world.store.passing_saves.store(1, Ordering::Relaxed);
        world.store.failing_saves.store(i64::MAX, Ordering::Relaxed);
        keyring.borrow(grant.unwrap()).await.unwrap_err();
    });
    world.store.failing_saves.store(0, Ordering::Relaxed);
    world.log();
    play(async {
        let restarted = world.keyring(1).await.unwrap();
        pass(Duration::from_secs(1)).await;
        assert_eq!(world.log(), ["save", "refresh r1", "save"]);
        // A request of the old process may still have been on its way.
        pass(Duration::from_millis(STRAY_MAX_MS)).await;
        assert_eq!(world.log(), ["save", "refresh r3", "save"]);
        pass(Duration::from_secs(1_000)).await;
        assert_eq!(world.log(), Vec::<String>::new());
        assert_eq!(token(restarted.borrow(grant.unwrap()).await), "a4");
    });
}

#[test]
fn nothing_is_asked_of_xero_that_could_not_be_stored() {
    play(async {
        let world = World::new();
        let keyring = world.keyring(1).await.unwrap();
        let (grant, _) = keyring.adopt("given".into()).await.unwrap();
        world.pass_ms(1_800_000);
        world.log();
        world.store.failing_saves.store(1, Ordering::Relaxed);
        let refused = keyring.borrow(grant).await.unwrap_err();
        assert_eq!(refused.kind, FailureKind::Unavailable);
        assert_eq!(world.log(), ["save fails"]);
    });
}

#[test]
fn a_failed_save_is_repeated_by_itself() {
    play(async {
        let world = World::new();
        let keyring = world.keyring(1).await.unwrap();
        let (grant, _) = keyring.adopt("given".into()).await.unwrap();
        world.pass_ms(1_800_000);
        world.store.passing_saves.store(1, Ordering::Relaxed);
        world.store.failing_saves.store(1, Ordering::Relaxed);
        assert!(keyring.borrow(grant).await.is_err());
        assert_eq!(world.xero.state.lock().unwrap().live, "r2");
        let served = tokio::time::timeout(Duration::from_secs(20), async {
            loop {
                if let Ok(borrowed) = keyring.borrow(grant).await {
                    return borrowed;
                }
                pass(Duration::from_millis(20)).await;
            }
        });
        assert_eq!(served.await.unwrap().token.expose_secret(), "a2");
        assert_eq!(world.xero.state.lock().unwrap().count, 2);
    });
}

#[test]
fn a_refused_token_is_renewed_and_a_dead_grant_says_so() {
    play(async {
        let world = World::new();
        let keyring = world.keyring(1).await.unwrap();
        let (grant, _) = keyring.adopt("given".into()).await.unwrap();
        world.xero.state.lock().unwrap().access.clear();
        // `/connections` answers 401, so the token is renewed and asked again.
        assert_eq!(keyring.connections(grant).await.unwrap().len(), 1);
        assert_eq!(token(keyring.borrow(grant).await), "a2");
        keyring.disconnect(grant, "c".into()).await.unwrap();

        *world.xero.state.lock().unwrap() = Chain {
            live: "other".into(),
            ..Chain::default()
        };
        keyring.invalidate(grant, "a2".into());
        // It is the second that was rejected as soon as it was made.
        pass(Duration::from_secs(1)).await;
        world.log();
        assert_eq!(
            keyring.borrow(grant).await.unwrap_err().kind,
            FailureKind::GrantRejected
        );
        let round = ["save", "refresh r2", "refresh r1"];
        assert_eq!(world.log(), [round, round, round].concat());
        assert_eq!(
            keyring.borrow(grant).await.unwrap_err().kind,
            FailureKind::GrantRejected
        );
        assert_eq!(world.log(), Vec::<String>::new());
    });
}

/// Listens for grants that die.
struct Listener(Log);

impl Actor for Listener {
    type Context = Context<Self>;
}

impl Handler<GrantDied> for Listener {
    type Result = ();

    fn handle(&mut self, GrantDied(grant): GrantDied, _ctx: &mut Context<Self>) {
        self.0.lock().unwrap().push(format!("{grant} died"));
    }
}

impl Handler<GrantRevived> for Listener {
    type Result = ();

    fn handle(&mut self, GrantRevived(grant): GrantRevived, _ctx: &mut Context<Self>) {
        self.0.lock().unwrap().push(format!("{grant} revived"));
    }
}

impl World {
    /// Xero refuses every token there is from now on.
    pub(super) fn refuses_all(&self) {
        let mut state = self.xero.state.lock().unwrap();
        state.live = "other".into();
        state.grace = None;
        drop(state);
        self.pass_ms(1_800_000);
    }
}

pub(super) fn listener(heard: &Log) -> Bereaved {
    Bereaved::new(&Listener(Arc::clone(heard)).start())
}

#[test]
fn who_listens_is_told_of_grants_that_die_and_of_those_that_are_dead() {
    play(async {
        let world = World::new();
        let keyring = world.keyring(1).await.unwrap();
        let (grant, _) = keyring.adopt("given".into()).await.unwrap();
        world.refuses_all();
        for is_late in [false, true] {
            let heard = Log::default();
            keyring.tell_deaths(listener(&heard));
            let refused = keyring.borrow(grant).await.unwrap_err();
            assert_eq!(refused.kind, FailureKind::GrantRejected);
            pass(Duration::from_secs(1)).await;
            assert_eq!(*heard.lock().unwrap(), [format!("{grant} died")], "late: {is_late}");
        }
    });
}

#[test]
fn a_token_xero_refuses_leaves_nothing_behind() {
    play(async {
        let world = World::new();
        let keyring = world.keyring(1).await.unwrap();
        let refused = keyring.adopt("stolen".into()).await.unwrap_err();
        assert_eq!(refused.kind, FailureKind::GrantRejected);
        assert_eq!(
            keyring.borrow(GrantId::from_parts(1, 1)).await.unwrap_err().kind,
            FailureKind::GrantRejected
        );
        assert!(world.store.rows.lock().unwrap().is_empty());
    });
}

#[test]
fn a_panic_of_the_client_is_a_failure_like_any_other() {
    play(async {
        let world = World::new();
        let keyring = world.keyring(1).await.unwrap();
        let failure = keyring.adopt("panic".into()).await.unwrap_err();
        assert_eq!(failure.message, "the refresh panicked");
        assert!(keyring.adopt("given".into()).await.is_ok());
    });
}

#[test]
fn the_wrong_key_refuses_to_start() {
    play(async {
        let world = World::new();
        let (grant, _) = world.keyring(1).await.unwrap().adopt("given".into()).await.unwrap();
        let refused = world.keyring(2).await.unwrap_err();
        assert_eq!(
            refused,
            KeyringError::CannotOpen {
                grant,
                why: SealError::WrongKeyOrDamaged
            }
        );
    });
}
