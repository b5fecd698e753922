use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix::{Arbiter, System};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};

use super::seal::{Counting, sealer};
use crate::actors::keyring::port::GrantStore;
use crate::actors::keyring::seal::SealError;
use crate::actors::keyring::{Keyring, KeyringError, KeyringParts};
use crate::model::failure::{Failure, FailureKind, Received, Remedy};
use crate::model::ids::{GrantId, XeroTenantId};
use crate::model::row::GrantRow;
use crate::model::secret::{ExposeSecret, SecretString};
use crate::model::time::{Clock, Mono, Now, Timestamp};
use crate::model::xero::XeroConnection;
use crate::xero::api::{Identity, TokenPair};

struct Wall(AtomicI64);

impl Clock for Wall {
    fn now(&self) -> Now {
        Now {
            wall: Timestamp(self.0.load(Ordering::Relaxed)),
            mono: Mono(0),
        }
    }
    fn boot_id(&self) -> &str {
        "boot"
    }
}

/// A store that can be told to fail.
#[derive(Default)]
struct Rows {
    rows: Mutex<BTreeMap<GrantId, GrantRow>>,
    failing_saves: AtomicI64,
    log: Log,
}

type Log = Arc<Mutex<Vec<String>>>;

impl GrantStore for Rows {
    fn save(&self, row: GrantRow) -> BoxFuture<'static, Result<(), String>> {
        if self.failing_saves.fetch_sub(1, Ordering::Relaxed) > 0 {
            self.log.lock().unwrap().push("save fails".into());
            return std::future::ready(Err("disk full".to_owned())).boxed();
        }
        self.log.lock().unwrap().push("save".into());
        self.rows.lock().unwrap().insert(row.id, row);
        std::future::ready(Ok(())).boxed()
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
            })
        }
        .boxed()
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

struct World {
    store: Arc<Rows>,
    xero: Arc<Xero>,
    clock: Arc<Wall>,
    log: Log,
}

impl World {
    fn new() -> Self {
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
            clock: Arc::new(Wall(AtomicI64::new(1_700_000_000_000))),
            log,
        }
    }

    async fn keyring(&self, key: u8) -> Result<Keyring, KeyringError> {
        let parts = KeyringParts {
            store: self.store.clone(),
            identity: self.xero.clone(),
            clock: self.clock.clone(),
            entropy: Arc::new(Counting::default()),
            sealer: sealer(key),
        };
        Keyring::start(&Arbiter::current(), parts).await
    }

    fn pass_ms(&self, span_ms: i64) {
        self.clock.0.fetch_add(span_ms, Ordering::Relaxed);
    }

    fn log(&self) -> Vec<String> {
        std::mem::take(&mut *self.log.lock().unwrap())
    }
}

fn token(borrowed: Result<super::super::Borrowed, Failure>) -> String {
    borrowed.unwrap().token.expose_secret().to_owned()
}

#[test]
fn an_adopted_grant_survives_a_restart_and_refreshes_once_for_everybody() {
    System::new().block_on(async {
        let world = World::new();
        let keyring = world.keyring(1).await.unwrap();
        let (grant, connections) = keyring.adopt("given".into()).await.unwrap();
        assert_eq!(connections.len(), 1);
        assert_eq!(world.log(), ["save", "refresh given", "save"]);
        assert_eq!(token(keyring.borrow(grant).await), "a1");
        // Adopting the same token again is the same grant, without a refresh.
        assert_eq!(keyring.adopt("given".into()).await.unwrap().0, grant);
        assert_eq!(world.log(), Vec::<String>::new());

        let restarted = world.keyring(1).await.unwrap();
        assert_eq!(token(restarted.borrow(grant).await), "a1");
        world.pass_ms(1_800_000);
        let all = join_all((0..50).map(|_| restarted.borrow(grant))).await;
        assert!(all.into_iter().all(|one| token(one) == "a2"));
        assert_eq!(world.log(), ["refresh r1", "save"]);
    });
}

#[test]
fn a_crash_between_rotation_and_save_goes_on_with_the_stored_token() {
    System::new().block_on(async {
        let world = World::new();
        let keyring = world.keyring(1).await.unwrap();
        let (grant, _) = keyring.adopt("given".into()).await.unwrap();
        world.pass_ms(1_800_000);
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
fn a_failed_save_is_repeated_by_itself() {
    System::new().block_on(async {
        let world = World::new();
        let keyring = world.keyring(1).await.unwrap();
        let (grant, _) = keyring.adopt("given".into()).await.unwrap();
        world.pass_ms(1_800_000);
        world.store.failing_saves.store(1, Ordering::Relaxed);
        assert!(keyring.borrow(grant).await.is_err());
        let served = tokio::time::timeout(Duration::from_secs(20), async {
            loop {
                if let Ok(borrowed) = keyring.borrow(grant).await {
                    return borrowed;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        assert_eq!(served.await.unwrap().token.expose_secret(), "a2");
        assert_eq!(world.xero.state.lock().unwrap().count, 2);
    });
}

#[test]
fn a_refused_token_is_renewed_and_a_dead_grant_says_so() {
    System::new().block_on(async {
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
        world.log();
        assert_eq!(
            keyring.borrow(grant).await.unwrap_err().kind,
            FailureKind::GrantRejected
        );
        assert_eq!(world.log(), ["refresh r2", "refresh r1"]);
        assert_eq!(
            keyring.borrow(grant).await.unwrap_err().kind,
            FailureKind::GrantRejected
        );
        assert_eq!(world.log(), Vec::<String>::new());
    });
}

#[test]
fn a_token_xero_refuses_leaves_nothing_behind() {
    System::new().block_on(async {
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
    System::new().block_on(async {
        let world = World::new();
        let keyring = world.keyring(1).await.unwrap();
        let failure = keyring.adopt("panic".into()).await.unwrap_err();
        assert_eq!(failure.message, "the refresh panicked");
        assert!(keyring.adopt("given".into()).await.is_ok());
    });
}

#[test]
fn the_wrong_key_refuses_to_start() {
    System::new().block_on(async {
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
