//! Webhooks reach their tenant's actor, whatever state it is in.

use serde_json::json;

use super::world::{Crash, World, until};
use crate::actors::registry::Door;
use crate::model::ids::{XeroInvoiceId, XeroTenantId};
use crate::model::row::Tenant;
use crate::model::secret::SecretString;
use crate::model::time::Timestamp;
use crate::xero::webhook::{Key, Signed};

/// A webhook that names an invoice, the `nth` one.
fn ring(world: &World, organisation: XeroTenantId, invoice: XeroInvoiceId, nth: u8) {
    let key = Key::new("file".to_owned(), SecretString::from("key"));
    let signed = Signed {
        key: key.id(),
        mac: [nth; 32],
    };
    let event = json!({
        "tenantId": organisation, "eventCategory": "INVOICE", "eventType": "UPDATE", "resourceId": invoice,
        "eventDateUtc": "2099-06-21T01:15:39.902",
    });
    let body = json!({ "events": [event], "firstEventSequence": nth, "lastEventSequence": nth }).to_string();
    world
        .ports
        .porter
        .delivered(signed, body.as_bytes(), world.ports.clock.now());
}

/// Something changes in Xero that we copy. Returns its new moment.
fn touch(world: &World, invoice: XeroInvoiceId) -> Timestamp {
    let mut made = world.xero.made.lock().unwrap();
    let document = made.iter_mut().find(|document| document.id == invoice).unwrap();
    document.updated = document.updated.plus_ms(1_000);
    document.reference = format!("touched at {}", document.updated);
    document.updated
}

async fn copied(world: &World, tenant: &Tenant, number: &str, at: Timestamp) {
    until(|| {
        let row = world.row(tenant, number)?;
        (row.copy?.updated == at).then_some(())
    })
    .await;
}

#[actix::test]
async fn a_webhook_is_read_and_one_about_nobody_is_not() {
    let world = World::new().await;
    let tenant = world.tenant(1).await;
    world.put(&tenant, "A").await.unwrap();
    let id = world.synced(&tenant, "A").await.link.unwrap().xero_id;
    let at = touch(&world, id);
    ring(&world, XeroTenantId(uuid::Uuid::from_u128(99)), id, 1);
    ring(&world, tenant.xero_id, id, 2);
    copied(&world, &tenant, "A", at).await;
    // What was taken is counted once it is durable: a reader of rows may be faster.
    for series in [
        "xero_webhook_events_total{outcome=\"rung\"} 1\n",
        "xero_webhook_events_total{outcome=\"unknown_tenant\"} 1\n",
        "xero_webhook_invoices_total{outcome=\"read\"} 1\n",
        "xero_webhook_lag_seconds_count 1\n",
    ] {
        until(|| world.metrics.render().contains(series).then_some(())).await;
    }
    world.end();
}

#[actix::test]
async fn a_webhook_that_meets_a_tenant_while_it_is_started_again_is_not_lost() {
    let world = World::new().await;
    let tenant = world.tenant(1).await;
    world.put(&tenant, "A").await.unwrap();
    let id = world.synced(&tenant, "A").await.link.unwrap().xero_id;
    let at = touch(&world, id);
    let Some(Door::Open(addr)) = world.door_of(tenant.id) else {
        panic!("it runs");
    };
    addr.do_send(Crash);
    until(|| matches!(world.door_of(tenant.id), Some(Door::Restarting)).then_some(())).await;
    ring(&world, tenant.xero_id, id, 1);
    copied(&world, &tenant, "A", at).await;
    world.end();
}

#[actix::test]
async fn a_webhook_is_not_lost_in_a_full_mailbox() {
    let world = World::new().await;
    let tenant = world.tenant(1).await;
    world.put(&tenant, "A").await.unwrap();
    let id = world.synced(&tenant, "A").await.link.unwrap().xero_id;
    let at = touch(&world, id);
    let Some(Door::Open(addr)) = world.door_of(tenant.id) else {
        panic!("it runs");
    };
    // More than it holds, while it takes none of them.
    let (hold, held) = std::sync::mpsc::channel::<()>();
    addr.do_send(super::world::Block(held));
    while addr.try_send(crate::actors::tenant::LookAgain).is_ok() {}
    ring(&world, tenant.xero_id, id, 1);
    drop(hold);
    copied(&world, &tenant, "A", at).await;
    world.end();
}
