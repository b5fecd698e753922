//! The webhook subscription: where to, how badly, how it stands, what was sent.

use super::body::{self, Bad};
use super::surface::Done;
use crate::sandbox::clock::Instants;
use crate::sandbox::outbox::{Health, Purpose};
use crate::sandbox::webhooks::Subscription;
use crate::sandbox::wire::{Request, Writer};
use crate::sandbox::world::World;

const KEYS: [&str; 7] = ["url", "lose", "duplicate", "delay_ms", "reorder", "batch_ms", "intent"];

/// Subscribes. With `intent`, nothing is sent until the intent to receive is shown.
pub(super) fn subscribe(world: &mut World, now: Instants, request: &Request) -> Result<Done, Bad> {
    let input = body::object(request)?;
    body::only(&input, &KEYS)?;
    let milliseconds = |key: &str| -> Result<i64, Bad> {
        let given: Option<i64> = body::read(&input, key, "milliseconds, 0 or more")?;
        match given.unwrap_or(0) {
            ms if ms >= 0 => Ok(ms),
            _ => Err(Bad::input(format!("{key} must be milliseconds, 0 or more"))),
        }
    };
    let url = input.text("url").map(str::to_owned);
    if url.as_deref().is_some_and(|url| !is_http(url)) {
        return Err(Bad::input("url must start with http:// and name a host"));
    }
    let wants_intent = body::read(&input, "intent", "true or false")?.unwrap_or(false);
    if wants_intent && url.is_none() {
        return Err(Bad::input("intent needs url"));
    }
    let subscription = Subscription {
        url: url.clone(),
        lose: body::chance(&input, "lose")?.unwrap_or_default(),
        lose_next: 0,
        duplicate: body::chance(&input, "duplicate")?.unwrap_or_default(),
        delay_ms: milliseconds("delay_ms")?,
        reorder: body::read(&input, "reorder", "true or false")?.unwrap_or(false),
        batch_ms: milliseconds("batch_ms")?,
    };
    world.webhooks.subscribe(subscription);
    if wants_intent {
        world.webhooks.ask_intent(&mut world.rng, now.document_ms);
    }
    let key = world.webhooks.key().to_owned();
    Ok(Done::object(200, |body| {
        match &url {
            Some(url) => body.text("url", url),
            None => body.null("url"),
        }
        body.text("webhook_key", &key);
    }))
}

/// Asks the receiver for its intent to receive; a disabled subscription comes back this way.
pub(super) fn intent(world: &mut World, now: Instants) -> Result<Done, Bad> {
    if world.webhooks.subscription.url.is_none() {
        return Err(Bad::input("nobody has subscribed"));
    }
    world.webhooks.ask_intent(&mut world.rng, now.document_ms);
    Ok(Done::object(202, |body| body.text("status", "intent_asked")))
}

/// How the subscription stands.
pub(super) fn status(world: &World) -> Done {
    let webhooks = &world.webhooks;
    Done::object(200, |body| {
        match &webhooks.subscription.url {
            Some(url) => body.text("url", url),
            None => body.null("url"),
        }
        write_health(body, webhooks.subscription.url.is_some(), webhooks.outbox.health());
        body.integer("waiting", i64::try_from(webhooks.outbox.waiting()).unwrap_or(i64::MAX));
        body.integer("last_event_sequence", webhooks.sequence());
        body.text("webhook_key", webhooks.key());
    })
}

/// What was sent, and what came back.
pub(super) fn deliveries(world: &World) -> Done {
    Done::list(|items| {
        for sent in world.webhooks.outbox.sent() {
            items.object(|row| {
                row.integer("id", i64::try_from(sent.id).unwrap_or(i64::MAX));
                row.integer("at_ms", sent.at_ms);
                match sent.purpose {
                    Purpose::Events { first, last } => {
                        row.text("purpose", "events");
                        row.integer("first_event_sequence", first);
                        row.integer("last_event_sequence", last);
                    }
                    Purpose::Intent { is_right } => {
                        row.text("purpose", "intent");
                        row.flag("rightly_signed", is_right);
                    }
                }
                row.integer("attempt", i64::from(sent.attempt));
                match sent.receipt.status {
                    Some(status) => row.integer("status", i64::from(status)),
                    None => row.null("status"),
                }
                row.flag("accepted", sent.is_right);
            });
        }
    })
}

fn write_health(body: &mut Writer, is_subscribed: bool, health: Health) {
    if !is_subscribed {
        return body.text("status", "off");
    }
    match health {
        Health::Ok => body.text("status", "ok"),
        Health::Retry { since_ms, next_ms } => {
            body.text("status", "retry");
            body.integer("since_ms", since_ms);
            body.integer("next_ms", next_ms);
        }
        Health::Disabled { since_ms } => {
            body.text("status", "disabled");
            body.integer("since_ms", since_ms);
        }
        Health::IntentAsked => body.text("status", "intent_asked"),
        Health::IntentFailed => body.text("status", "intent_failed"),
    }
}

fn is_http(url: &str) -> bool {
    let host = url.strip_prefix("http://").and_then(|rest| rest.split('/').next());
    host.is_some_and(|host| !host.is_empty()) && url.parse::<hyper::Uri>().is_ok()
}
