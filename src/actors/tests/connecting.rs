//! Adopting a grant: repeated, in part, twice at once, after a crash.

use futures_util::future::join;

use super::world::{World, organisation, until};
use crate::actors::control::Refused;
use crate::actors::keyring::{GrantDied, GrantRevived};
use crate::model::connection::{ConnectionCause, ConnectionState};
use crate::model::ids::TenantId;
use crate::store::memory::{Fault, Repeat};

#[actix::test]
async fn a_repeated_import_changes_nothing() {
    let world = World::new().await;
    let tenant = world.tenant(1).await;
    let again = world.import("seed", None).await.unwrap();
    assert_eq!(again.len(), 1);
    assert_eq!((again[0].id, again[0].grant), (tenant.id, tenant.grant));
    assert_eq!(again[0].connection.since, tenant.connection.since);
    assert_eq!(world.ports.reader.tenants().unwrap().len(), 1);
    assert_eq!(world.grants.0.lock().unwrap().len(), 1);
    world.end();
}

#[actix::test]
async fn two_imports_at_once_make_one_tenant() {
    let world = World::new().await;
    world.xero.listed.lock().unwrap().push(organisation(1));
    let (one, other) = join(world.import("seed", None), world.import("seed", None)).await;
    assert_eq!(one.unwrap()[0].id, other.unwrap()[0].id);
    assert_eq!(world.ports.reader.tenants().unwrap().len(), 1);
    world.end();
}

#[actix::test]
async fn a_failed_commit_half_way_is_finished_by_asking_again() {
    let world = World::new().await;
    world
        .xero
        .listed
        .lock()
        .unwrap()
        .extend([organisation(1), organisation(2)]);
    world.store.inject(1, Repeat::Once, Fault::LostBefore);
    assert!(matches!(world.import("seed", None).await, Err(Refused::Store(_))));
    // The first token is used up at Xero; ours is known by it all the same.
    let tenants = loop {
        match world.import("seed", None).await {
            Ok(tenants) => break tenants,
            Err(Refused::Store(_)) => tokio::task::yield_now().await,
            Err(other) => panic!("{other}"),
        }
    };
    assert_eq!(tenants.len(), 2);
    assert_eq!(world.ports.reader.tenants().unwrap().len(), 2);
    assert_eq!(world.grants.0.lock().unwrap().len(), 1);
    for tenant in &tenants {
        world.put_until_taken(tenant, "A").await;
    }
    world.end();
}

#[actix::test]
async fn an_organisation_that_is_not_reached_is_named() {
    let world = World::new().await;
    world.xero.listed.lock().unwrap().push(organisation(1));
    let refused = world
        .import("seed", Some(vec![organisation(1), organisation(9)]))
        .await
        .unwrap_err();
    assert_eq!(refused, Refused::NotReached(organisation(9)));
    assert!(
        world.ports.reader.tenants().unwrap().is_empty(),
        "all or nothing of a wrong list"
    );
    world.end();
}

#[actix::test]
async fn a_crash_after_the_tenant_was_stored_is_mended_by_asking_again() {
    let world = World::new().await;
    let tenant = world.tenant(1).await;
    let mut stored = tenant.clone();
    stored.id = crate::model::ids::TenantId::from_parts(1_790_000_000_000, 77);
    stored.xero_id = organisation(2);
    world.xero.listed.lock().unwrap().push(organisation(2));
    world
        .commit(&[crate::model::write::Write::Tenant(Box::new(stored.clone()))])
        .await;
    assert!(matches!(world.put(&stored, "A").await, Err(Refused::TenantNotFound)));
    let tenants = world.import("seed", None).await.unwrap();
    assert_eq!(tenants.len(), 2);
    world.put(&stored, "A").await.unwrap();
    world.synced(&stored, "A").await;
    world.end();
}

#[actix::test]
async fn another_grant_takes_the_place_of_the_old_one_which_is_forgotten() {
    let world = World::new().await;
    let (one, other) = (world.tenant(1).await, world.tenant(2).await);
    assert_eq!(one.grant, other.grant);
    *world.xero.live_token.lock().unwrap() = "fresh".to_owned();
    let moved = world.import("fresh", Some(vec![organisation(1)])).await.unwrap();
    assert_ne!(moved[0].grant, one.grant);
    assert_eq!(moved[0].connection.state, ConnectionState::Active);
    // The other tenant still lives by it.
    assert!(world.grants.0.lock().unwrap().contains_key(&one.grant));
    let live = world.xero.live_token.lock().unwrap().clone();
    world.import(&live, Some(vec![organisation(2)])).await.unwrap();
    until(|| (!world.grants.0.lock().unwrap().contains_key(&one.grant)).then_some(())).await;
    let stored = world.ports.reader.tenants().unwrap();
    assert!(stored.iter().all(|tenant| tenant.grant == moved[0].grant), "{stored:?}");
    world.end();
}

#[actix::test]
async fn organisations_of_a_dead_grant_are_told_although_they_want_nothing() {
    let world = World::new().await;
    let (one, other) = (world.tenant(1).await, world.tenant(2).await);
    *world.xero.live_token.lock().unwrap() = "fresh".to_owned();
    world.xero.listed.lock().unwrap().push(organisation(3));
    let spared = world
        .import("fresh", Some(vec![organisation(3)]))
        .await
        .unwrap()
        .remove(0);
    assert_ne!(spared.grant, one.grant);
    // One that works again before its death was told is not told of.
    world.supervisor.do_send(GrantDied(spared.grant));
    world.supervisor.do_send(GrantRevived(spared.grant));
    world.supervisor.do_send(GrantDied(one.grant));
    let state = |tenant: TenantId| world.ports.reader.tenant(tenant).unwrap().unwrap().connection;
    for told in [&one, &other] {
        until(|| (state(told.id).state == ConnectionState::RequiresReauth).then_some(())).await;
        assert_eq!(state(told.id).cause, Some(ConnectionCause::GrantDead));
    }
    assert_eq!(state(spared.id).state, ConnectionState::Active);
    world.end();
}
