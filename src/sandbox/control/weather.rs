//! Scenarios about the whole connection: outages, quotas, lost webhooks, subscriptions.

use uuid::Uuid;

use super::body::{self, Bad};
use super::surface::Done;
use crate::sandbox::clock::Instants;
use crate::sandbox::gate::app::AppId;
use crate::sandbox::gate::fault::{Fault, Match, Outage, Rule};
use crate::sandbox::gate::grant::new_id;
use crate::sandbox::gate::limit::DAY_MS;
use crate::sandbox::wire::Json;
use crate::sandbox::world::World;

/// Their names, for the message about unknown ones.
pub(super) const NAMES: &str = "outage, quota.exhausted, webhook.lost, subscription.created, subscription.updated";

/// What a scenario gets.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scene<'a> {
    /// The time.
    pub(super) now: Instants,
    /// The organisation, when one was named.
    pub(super) tenant: Option<Uuid>,
    /// Its `args`.
    pub(super) args: &'a Json,
}

/// Plays one of them; `None` when the name is none.
pub(super) fn play(name: &str, world: &mut World, scene: Scene<'_>) -> Option<Result<Done, Bad>> {
    Some(match name {
        "outage" => outage(world, scene),
        "quota.exhausted" => exhaust(world, scene),
        "webhook.lost" => lose(world, scene),
        "subscription.created" => Ok(subscription(world, scene, true)),
        "subscription.updated" => Ok(subscription(world, scene, false)),
        _ => return None,
    })
}

/// Accounting calls of the organisation (of all, when none is named) get a 503; args `outage`
/// (organisation, maintenance, unavailable), `times` (calls) or `for_s` (seconds); without
/// either until the fault is removed.
fn outage(world: &mut World, scene: Scene<'_>) -> Result<Done, Bad> {
    body::only(scene.args, &["outage", "times", "for_s"])?;
    let outage = Outage::named(scene.args.text("outage")).ok_or_else(|| Bad::input(Outage::KNOWN))?;
    let times: Option<u64> = body::read(scene.args, "times", "a whole number")?;
    let seconds: Option<i64> = body::read(scene.args, "for_s", "whole seconds")?;
    let id = new_id(&mut world.rng);
    world.faults.add(Rule {
        id,
        on: Match {
            method: None,
            path: Some("/api.xro/*".to_owned()),
            tenant: scene.tenant,
        },
        fault: Fault::Outage(outage),
        times,
        every: 1,
        seen: 0,
        probability: None,
        rng: None,
        until_ms: seconds.map(|seconds| scene.now.real_ms.saturating_add(seconds.saturating_mul(1000))),
    });
    Ok(Done::object(200, |body| {
        body.text("scenario", "outage");
        body.id("id", id);
    }))
}

/// Other users of the app have spent the organisation's day; args `left` (calls, default 0),
/// `retry_after` (seconds, default 66,183).
fn exhaust(world: &mut World, scene: Scene<'_>) -> Result<Done, Bad> {
    body::only(scene.args, &["left", "retry_after"])?;
    let left: usize = body::read(scene.args, "left", "a whole number")?.unwrap_or(0);
    let seconds: i64 = body::read(scene.args, "retry_after", "whole seconds")?.unwrap_or(66_183);
    if seconds < 1 || seconds.saturating_mul(1000) > DAY_MS {
        return Err(Bad::input("retry_after must be 1 to 86400 seconds"));
    }
    let only = match world.tenant_order.as_slice() {
        [only] => Some(*only),
        _ => None,
    };
    let id = scene.tenant.or(only);
    let id = id.ok_or_else(|| Bad::input("tenant_id is required"))?;
    let day = world.limits.day;
    let Some(tenant) = world.tenants.get_mut(&id) else {
        return Err(Bad::missing(format!("no organisation {id}")));
    };
    let now_ms = scene.now.real_ms;
    let until_ms = now_ms.saturating_add(seconds.saturating_mul(1000));
    let meter = tenant.meters.entry(AppId::default()).or_default();
    meter.spend_elsewhere(day.saturating_sub(left), until_ms, now_ms);
    Ok(Done::object(200, |body| {
        body.text("scenario", "quota.exhausted");
        body.id("tenant_id", id);
        body.integer("retry_after", seconds);
    }))
}

/// The next deliveries are never made; args `count` (default 1).
fn lose(world: &mut World, scene: Scene<'_>) -> Result<Done, Bad> {
    body::only(scene.args, &["count"])?;
    let count: u32 = body::read(scene.args, "count", "a whole number")?.unwrap_or(1);
    let next = &mut world.webhooks.subscription.lose_next;
    *next = next.saturating_add(count);
    Ok(Done::object(200, |body| {
        body.text("scenario", "webhook.lost");
        body.integer("count", i64::from(count));
    }))
}

/// An organisation's owner subscribes to the app, or changes the plan: an event, nothing more.
fn subscription(world: &mut World, scene: Scene<'_>, is_new: bool) -> Done {
    // The app's own id as GUID: client ids are GUIDs without hyphens.
    let app = Uuid::parse_str(world.client_id()).unwrap_or_default();
    let id = new_id(&mut world.rng);
    let times = (scene.now.document_ms, scene.now.document_ms);
    world
        .webhooks
        .announce_subscription((app, id), is_new, &mut world.rng, times);
    Done::object(200, |body| {
        body.text(
            "scenario",
            if is_new {
                "subscription.created"
            } else {
                "subscription.updated"
            },
        );
        body.id("id", id);
    })
}
