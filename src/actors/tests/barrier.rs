//! A restarted actor sees what its predecessor had handed to the store, however late it came.

use super::world::{Mood, World, until};
use crate::actors::registry::Door;
use crate::store::memory::{Fault, Repeat};

#[actix::test]
async fn rows_committed_after_the_actor_died_are_seen_by_the_next_one() {
    let world = World::new().await;
    let tenant = world.tenant(1).await;
    world.put(&tenant, "A").await.unwrap();
    world.synced(&tenant, "A").await;
    // The actor dies while a host's write is still on its way to the disk.
    world.xero.moods.lock().unwrap().push((None, "invoices write", Mood::Hang));
    world.put(&tenant, "B").await.unwrap();
    until(|| (world.xero.writes() == 2).then_some(())).await;
    world.store.inject(1, Repeat::Once, Fault::Hang);
    let late = tokio::spawn(world.door_put(&tenant, "C"));
    until(|| world.store.is_hanging().then_some(())).await;
    let Some(Door::Open(addr)) = world.door_of(tenant.id) else { panic!("it runs") };
    addr.do_send(super::world::Crash);
    until(|| matches!(world.door_of(tenant.id), Some(Door::Restarting)).then_some(())).await;
    tokio::time::sleep(std::time::Duration::from_millis(250)).await;
    assert!(matches!(world.door_of(tenant.id), Some(Door::Restarting)), "it did not wait for the earlier commit");
    world.store.release();
    late.await.unwrap().unwrap_err();
    world.synced(&tenant, "C").await;
    world.synced(&tenant, "B").await;
    let mut numbers: Vec<String> = world.xero.made.lock().unwrap().iter().map(|made| made.number.clone()).collect();
    numbers.sort();
    assert_eq!(numbers, ["A", "B", "C"]);
    world.end();
}

#[actix::test]
async fn a_store_that_refuses_the_barrier_for_a_while_does_not_shut_the_tenant_out() {
    let world = World::new().await;
    let tenant = world.tenant(1).await;
    for round in 0..6 {
        world.store.inject(1, Repeat::Forever, Fault::LostBefore);
        world.put_refused(&tenant, "A").await;
        // The barrier is refused too, at least once.
        let tried = world.store.commits();
        until(|| (world.store.commits() > tried).then_some(())).await;
        world.store.heal();
        world.put_until_taken(&tenant, &format!("R{round}")).await;
    }
    for round in 0..6 {
        world.synced(&tenant, &format!("R{round}")).await;
    }
    world.end();
}
