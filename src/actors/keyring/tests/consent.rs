//! A person consents anew: decisions, and the actor that carries them out.

use std::time::Duration;

use super::actor::{Log, World, listener, pass, play, token};
use super::seal::sealer;
use crate::actors::keyring::state::{Act, Grant, Input};
use crate::actors::keyring::tokens::{Access, Durable, NewPair};
use crate::model::failure::{Failure, FailureKind, Received, Remedy};
use crate::model::ids::GrantId;
use crate::model::secret::ExposeSecret;
use crate::model::time::{Mono, Now, Timestamp};
use crate::xero::api::Code;

/// A moment of the clocks, in milliseconds after a start at which a token was made.
fn at(ms: u64) -> Now {
    Now {
        wall: Timestamp(1_700_000_000_000).plus_ms(i64::try_from(ms).unwrap()),
        mono: Mono(1_000 + ms),
    }
}

fn pair(name: &str) -> NewPair {
    NewPair {
        access: format!("access {name}").into(),
        refresh: name.to_owned().into(),
        expires_in_s: 1_800,
        user: Some("u".into()),
    }
}

fn stored() -> Grant {
    let durable = Durable {
        current: "old".to_owned().into(),
        previous: None,
        given: None,
        access: Some(Access {
            token: "access old".to_owned().into(),
            expires_at: at(0).wall,
        }),
        refreshed_at: at(0).wall.plus_ms(-1_800_000),
        user: Some("u".into()),
        is_unsure: false,
    };
    Grant::stored(at(0), durable, i64::MAX)
}

fn refused() -> Failure {
    Failure {
        kind: FailureKind::GrantRejected,
        remedy: Remedy::Reconnect,
        received: Received::No,
        status: Some(400),
        message: String::new(),
        validation: Vec::new(),
    }
}

/// What the shell would do: every save works, every refresh is answered so.
struct Shell {
    grant: Grant,
    answer: fn() -> Result<NewPair, Failure>,
    saves: Vec<(String, Option<String>)>,
    kept: Vec<bool>,
    open: Vec<Act>,
}

impl Shell {
    fn of(answer: fn() -> Result<NewPair, Failure>) -> Self {
        Self {
            grant: stored(),
            answer,
            saves: Vec::new(),
            kept: Vec::new(),
            open: Vec::new(),
        }
    }

    fn feed(&mut self, ms: u64, input: Input) {
        let acts = self.grant.handle(at(ms), input);
        self.open.extend(acts);
        let is_io = |act: &&Act| matches!(act, Act::Save(_) | Act::Refresh(_));
        assert!(
            self.open.iter().filter(is_io).count() <= 1,
            "one thing at a time: {:?}",
            self.open
        );
    }

    /// Carries out the oldest act. `false` when there is none.
    fn step(&mut self, ms: u64) -> bool {
        if self.open.is_empty() {
            return false;
        }
        match self.open.remove(0) {
            Act::Save(durable) => {
                let previous = durable.previous.as_ref().map(|token| token.expose_secret().to_owned());
                self.saves.push((durable.current.expose_secret().to_owned(), previous));
                self.feed(ms, Input::Saved(Ok(())));
            }
            Act::Refresh(_token) => self.feed(ms, Input::Refreshed((self.answer)())),
            Act::Kept(is_kept) => self.kept.push(is_kept),
            Act::WakeAfter(_) => self.feed(ms + 10_000, Input::Woken),
            Act::Answer(..) => {}
        }
        true
    }
}

#[test]
fn a_new_consent_is_stored_after_whatever_is_under_way_and_told_once() {
    let waiter = crate::actors::keyring::state::WaiterId(1);
    let rotates: fn() -> Result<NewPair, Failure> = || Ok(pair("refreshed"));
    for answer in [rotates, || Err(refused())] {
        // After none, one, two, … of the steps of a refresh.
        for steps in 0..8 {
            let mut shell = Shell::of(answer);
            shell.feed(0, Input::Borrow(waiter));
            for _ in 0..steps {
                shell.step(0);
            }
            shell.feed(0, Input::Consented(pair("consented")));
            for _ in 0..50 {
                if !shell.step(0) {
                    break;
                }
            }
            assert_eq!(shell.kept, [true], "after {steps} steps");
            let (current, previous) = shell.saves.last().unwrap();
            assert_eq!(current, "consented", "after {steps} steps");
            let held = if shell.saves.iter().any(|(current, _)| current == "refreshed") {
                "refreshed"
            } else {
                "old"
            };
            assert_eq!(previous.as_deref(), Some(held), "the other one Xero may have made last");
            assert!(!shell.grant.is_dead() && !shell.grant.is_busy());
        }
    }
}

#[test]
fn a_pair_that_cannot_be_stored_is_told_and_stored_later() {
    let mut grant = stored();
    assert!(matches!(
        grant.handle(at(0), Input::Consented(pair("new"))).as_slice(),
        [Act::Save(_)]
    ));
    let acts = grant.handle(at(0), Input::Saved(Err("full".into())));
    assert!(acts.iter().any(|act| matches!(act, Act::Kept(false))), "{acts:?}");
    let acts = grant.handle(at(60_000), Input::Woken);
    assert!(matches!(acts.as_slice(), [Act::Save(durable)] if durable.current.expose_secret() == "new"));
    let acts = grant.handle(at(60_000), Input::Saved(Ok(())));
    assert!(
        !acts.iter().any(|act| matches!(act, Act::Kept(_))),
        "nobody waits any more: {acts:?}"
    );
}

#[test]
fn a_grant_in_doubt_is_renewed_at_once_although_nobody_waits() {
    let mut shell = Shell::of(|| Ok(pair("refreshed")));
    shell.feed(0, Input::Doubted);
    for _ in 0..6 {
        shell.step(0);
    }
    assert!(
        shell.saves.contains(&("refreshed".into(), Some("old".into()))),
        "{:?}",
        shell.saves
    );
}

pub(super) fn code(text: &str) -> Code {
    Code {
        code: text.to_owned().into(),
        redirect_uri: "http://localhost/xero/callback".into(),
        verifier: None,
    }
}

fn rows(world: &World) -> usize {
    world.store.rows.lock().unwrap().len()
}

#[test]
fn two_consents_of_one_user_are_one_grant_and_of_two_users_two() {
    play(async {
        let world = World::new();
        let keyring = world.keyring(1).await.unwrap();
        let (first, is_new) = keyring.redeem(code("alice")).await.unwrap();
        assert!(is_new);
        assert_eq!(world.log(), ["save", "save"], "the mark, then the pair in its place");
        let (second, is_new) = keyring.redeem(code("alice")).await.unwrap();
        assert_eq!((second, is_new), (first, false));
        let (other, is_new) = keyring.redeem(code("bob")).await.unwrap();
        assert!(is_new && other != first);
        assert_eq!(rows(&world), 2, "no mark is left");
        assert_eq!(token(keyring.borrow(first).await), "a2");
        // The next process knows whose they are.
        let keyring = world.keyring(1).await.unwrap();
        let (again, is_new) = keyring.redeem(code("bob")).await.unwrap();
        assert_eq!((again, is_new), (other, false));
    });
}

#[test]
fn a_code_that_xero_refuses_leaves_nothing_behind() {
    play(async {
        let world = World::new();
        let keyring = world.keyring(1).await.unwrap();
        let refused = keyring.redeem(code("used")).await.unwrap_err();
        assert_eq!(refused.kind, FailureKind::GrantRejected);
        keyring.rest().await;
        assert_eq!(rows(&world), 0);
    });
}

#[test]
fn a_code_whose_answer_is_lost_makes_sure_of_every_grant() {
    play(async {
        let world = World::new();
        let keyring = world.keyring(1).await.unwrap();
        keyring.redeem(code("alice")).await.unwrap();
        world.log();
        keyring.redeem(code("lost")).await.unwrap_err();
        super::super::Keyring::rest(&keyring).await;
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        assert!(world.log().contains(&"refresh r1".to_owned()));
        assert_eq!(rows(&world), 1);
    });
}

#[test]
fn a_mark_that_a_killed_process_left_makes_sure_of_every_grant_and_goes() {
    play(async {
        let world = World::new();
        let keyring = world.keyring(1).await.unwrap();
        keyring.redeem(code("alice")).await.unwrap();
        drop(keyring);
        let mark = GrantId::from_parts(9, 9);
        let row = sealer(1).seal(mark, &Durable::redeeming()).unwrap();
        world.store.rows.lock().unwrap().insert(mark, row);
        world.log();
        let keyring = world.keyring(1).await.unwrap();
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        keyring.rest().await;
        assert!(world.log().contains(&"refresh r1".to_owned()));
        assert!(!world.store.rows.lock().unwrap().contains_key(&mark));
    });
}

#[test]
fn a_revoked_grant_is_ended_at_xero_and_one_nobody_chose_is_dropped() {
    play(async {
        let world = World::new();
        let keyring = world.keyring(1).await.unwrap();
        let (handed_over, _) = keyring.adopt("given".into()).await.unwrap();
        let (alice, _) = keyring.redeem(code("alice")).await.unwrap();
        let (bob, _) = keyring.redeem(code("bob")).await.unwrap();
        let (carol, _) = keyring.redeem(code("carol")).await.unwrap();
        keyring.revoke(alice).await.unwrap();
        assert!(world.log().contains(&"revoke r2".to_owned()));
        keyring.keep_only([carol].into());
        keyring.rest().await;
        let left: Vec<GrantId> = world.store.rows.lock().unwrap().keys().copied().collect();
        assert!(left.contains(&handed_over) && left.contains(&carol), "{left:?}");
        assert!(!left.contains(&alice) && !left.contains(&bob), "{left:?}");
    });
}

#[test]
fn who_listens_is_told_that_a_dead_grant_works_again() {
    play(async {
        let world = World::new();
        let keyring = world.keyring(1).await.unwrap();
        let (grant, _) = keyring.redeem(code("alice")).await.unwrap();
        let heard = Log::default();
        keyring.tell_deaths(listener(&heard));
        world.refuses_all();
        keyring.borrow(grant).await.unwrap_err();
        let (again, is_new) = keyring.redeem(code("alice")).await.unwrap();
        assert_eq!((again, is_new), (grant, false));
        pass(Duration::from_secs(1)).await;
        assert_eq!(
            *heard.lock().unwrap(),
            [format!("{grant} died"), format!("{grant} revived")]
        );
    });
}
