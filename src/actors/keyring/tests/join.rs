//! A token that is handed over for somebody who has a grant already.

use std::sync::atomic::Ordering;

use super::actor::{World, play, token};
use super::consent::code;
use crate::actors::keyring::Keyring;
use crate::model::failure::FailureKind;
use crate::model::ids::GrantId;

fn rows(world: &World) -> Vec<GrantId> {
    world.store.rows.lock().unwrap().keys().copied().collect()
}

/// Somebody consented, and then a token of theirs is handed over.
async fn handed_over(world: &World) -> (Keyring, GrantId, GrantId) {
    world.tell_user("alice");
    let keyring = world.keyring(1).await.unwrap();
    let (alice, _) = keyring.redeem(code("alice")).await.unwrap();
    let (given, _) = keyring.adopt("given".into()).await.unwrap();
    assert!(given != alice && rows(world) == [alice, given]);
    (keyring, alice, given)
}

/// Longer than an access token lives.
const LATER_MS: u64 = 3_600_000;

#[test]
fn its_pair_goes_on_in_the_grant_that_is_there_and_one_row_is_left() {
    play(async {
        let world = World::new();
        let (keyring, alice, given) = handed_over(&world).await;
        assert_eq!(keyring.join(given, [alice].into()).await.unwrap(), alice);
        assert_eq!(rows(&world), [alice]);
        assert_eq!(token(keyring.borrow(alice).await), "a2");
        let unknown = keyring.borrow(given).await.unwrap_err();
        assert_eq!(unknown.kind, FailureKind::GrantRejected);
        world.log();
        world.pass_ms(LATER_MS);
        assert_eq!(token(keyring.borrow(alice).await), "a3");
        assert!(
            world.log().contains(&"refresh r2".to_owned()),
            "the last one of the chain"
        );
        // Asked for again, by this process or the next one, it is the same grant.
        for keyring in [keyring, world.keyring(1).await.unwrap()] {
            assert_eq!(keyring.adopt("given".into()).await.unwrap().0, alice);
        }
        assert_eq!(rows(&world), [alice]);
    });
}

#[test]
fn the_handed_over_row_stays_until_its_pair_is_durable_elsewhere() {
    play(async {
        let world = World::new();
        let (keyring, alice, given) = handed_over(&world).await;
        world.store.failing_saves.store(1, Ordering::Relaxed);
        let refused = keyring.join(given, [alice].into()).await.unwrap_err();
        assert_eq!(refused.kind, FailureKind::Unavailable);
        assert_eq!(rows(&world), [alice, given], "a crash now would lose nothing");
        tokio::time::sleep(std::time::Duration::from_mins(2)).await;
        keyring.rest().await;
        assert_eq!(rows(&world), [alice]);
        assert_eq!(keyring.adopt("given".into()).await.unwrap().0, alice);
    });
}

#[test]
fn what_was_cut_off_before_it_was_joined_is_joined_later() {
    play(async {
        let world = World::new();
        let (keyring, alice, _given) = handed_over(&world).await;
        drop(keyring);
        let keyring = world.keyring(1).await.unwrap();
        keyring.keep_only([alice].into());
        keyring.rest().await;
        assert_eq!(rows(&world), [alice]);
        assert_eq!(token(keyring.borrow(alice).await), "a2", "the later pair of the two");
    });
}

#[test]
fn a_dead_grant_lives_again_by_it() {
    play(async {
        let world = World::new();
        world.tell_user("alice");
        let keyring = world.keyring(1).await.unwrap();
        let (alice, _) = keyring.redeem(code("alice")).await.unwrap();
        // Somebody else renews the chain twice.
        let (first, _) = keyring.adopt("given".into()).await.unwrap();
        keyring.forget(first);
        world.renew();
        world.pass_ms(LATER_MS);
        let dead = keyring.borrow(alice).await.unwrap_err();
        assert_eq!(dead.kind, FailureKind::GrantRejected);
        let live = world.live();
        let (given, _) = keyring.adopt(live.into()).await.unwrap();
        assert_eq!(keyring.join(given, [alice].into()).await.unwrap(), alice);
        assert!(keyring.borrow(alice).await.is_ok());
        assert_eq!(rows(&world), [alice]);
    });
}

#[test]
fn grants_of_others_and_of_nobody_known_stay_apart() {
    play(async {
        let world = World::new();
        let keyring = world.keyring(1).await.unwrap();
        let (bob, _) = keyring.redeem(code("bob")).await.unwrap();
        let (given, _) = keyring.adopt("given".into()).await.unwrap();
        assert_eq!(keyring.join(given, [bob].into()).await.unwrap(), given);
        assert_eq!(rows(&world), [bob, given]);
    });
}
