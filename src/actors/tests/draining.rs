//! A stop lets calls in flight end and starts no others.

use std::time::Duration;

use super::world::{Mood, World, until};
use crate::actors::control::Refused;
use crate::actors::supervisor::DrainAll;
use crate::model::row::Badge;

#[actix::test]
async fn a_call_in_flight_is_answered_and_recorded_and_nothing_new_begins() {
    let world = World::new().await;
    let tenant = world.tenant(1).await;
    world.put(&tenant, "A").await.unwrap();
    world.synced(&tenant, "A").await;
    world.xero.moods.lock().unwrap().push((None, "invoices write", Mood::Hang));
    world.put(&tenant, "B").await.unwrap();
    until(|| (world.xero.writes() == 2).then_some(())).await;
    let drained = world.supervisor.send(DrainAll);
    tokio::pin!(drained);
    let early = tokio::time::timeout(Duration::from_millis(60), &mut drained).await;
    assert!(early.is_err(), "it did not wait for the call");
    assert!(matches!(world.put(&tenant, "C").await, Err(Refused::Draining | Refused::Busy)));
    world.xero.release();
    drained.await.unwrap();
    assert_eq!(world.row(&tenant, "B").unwrap().sync.badge, Some(Badge::Synced));
    assert!(world.row(&tenant, "C").is_none());
    assert_eq!(world.xero.writes(), 2);
    assert!(!world.supervisor.connected());
    world.end();
}

#[actix::test]
async fn a_drain_without_tenants_or_with_idle_ones_ends_at_once() {
    let world = World::new().await;
    for number in 1..=5 {
        world.tenant(number).await;
    }
    until(|| (world.ports.board.sums().in_flight_count == 0).then_some(())).await;
    tokio::time::timeout(Duration::from_secs(5), world.supervisor.send(DrainAll)).await.unwrap().unwrap();
    world.ports.keyring.rest().await;
    world.end();
}

#[actix::test]
async fn the_next_life_goes_on_with_what_was_queued() {
    let world = World::new().await;
    let tenant = world.tenant(1).await;
    world.xero.moods.lock().unwrap().push((None, "contacts", Mood::Hang));
    world.put(&tenant, "A").await.unwrap();
    let (store, xero, grants) = (world.store.clone(), world.xero.clone(), world.grants.clone());
    drop(world);
    let next = World::over(store, xero, grants).await;
    next.synced(&tenant, "A").await;
    assert_eq!(next.xero.made.lock().unwrap().len(), 1);
    next.end();
}
