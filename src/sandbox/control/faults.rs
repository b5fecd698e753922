//! Adding and removing faults.

use rand::rngs::StdRng;
use uuid::Uuid;

use super::body::{self, Bad};
use super::surface::Done;
use crate::sandbox::clock::Instants;
use crate::sandbox::gate::fault::{self, Fault, Match, Outage, Rule};
use crate::sandbox::gate::grant::new_id;
use crate::sandbox::gate::limit::Refusal;
use crate::sandbox::wire::{Json, Request};
use crate::sandbox::world::World;

const KEYS: [&str; 14] = [
    "match",
    "fault",
    "times",
    "every",
    "probability",
    "seed",
    "ms",
    "code",
    "body",
    "problem",
    "retry_after",
    "meters",
    "outage",
    "for_s",
];

const NAMES: &str = "refuse_connection, drop_reply_before_write, drop_reply_after_write, cut_body, \
delay, status, outage, rate_limit, garbage_200, error_after_write, token_expired";

pub(super) fn add(world: &mut World, now: Instants, request: &Request) -> Result<Done, Bad> {
    let input = body::object(request)?;
    body::only(&input, &KEYS)?;
    let seed: Option<u64> = body::read(&input, "seed", "a whole number")?;
    let every: Option<u64> = body::read(&input, "every", "a whole number")?;
    if every == Some(0) {
        return Err(Bad::input("every must be at least 1"));
    }
    let rng: Option<StdRng> = seed.map(fault::seeded);
    let rule = Rule {
        id: new_id(&mut world.rng),
        on: matching(&input)?,
        fault: fault(&input)?,
        times: times(&input)?,
        every: every.unwrap_or(1),
        seen: 0,
        probability: body::chance(&input, "probability")?,
        rng,
        until_ms: until_ms(&input, now)?,
    };
    let id = rule.id;
    world.faults.add(rule);
    Ok(Done::object(201, |body| body.id("id", id)))
}

pub(super) fn list(world: &World) -> Done {
    Done::list(|items| {
        for rule in world.faults.rules() {
            items.object(|row| {
                row.id("id", rule.id);
                row.text("fault", rule.fault.name());
                row.maybe_text("method", rule.on.method.as_deref());
                row.maybe_text("path", rule.on.path.as_deref());
                if let Some(tenant) = rule.on.tenant {
                    row.id("tenant_id", tenant);
                }
                match rule.times {
                    Some(left) => row.integer("times", i64::try_from(left).unwrap_or(i64::MAX)),
                    None => row.null("times"),
                }
                row.integer("seen", i64::try_from(rule.seen).unwrap_or(i64::MAX));
            });
        }
    })
}

pub(super) fn clear(world: &mut World) -> Done {
    world.faults.clear();
    Done::object(200, |body| body.text("message", "all faults removed"))
}

pub(super) fn remove(world: &mut World, id: &str) -> Result<Done, Bad> {
    let known = Uuid::parse_str(id).is_ok_and(|id| world.faults.remove(id));
    if known {
        Ok(Done::object(200, |body| body.text("message", "fault removed")))
    } else {
        Err(Bad::missing(format!("no fault {id}")))
    }
}

/// The calls that `match` names; every call without it.
pub(super) fn matching(input: &Json) -> Result<Match, Bad> {
    let Some(on) = input.get("match") else {
        return Ok(Match::default());
    };
    body::only(on, &["method", "path", "tenant_id"])?;
    Ok(Match {
        method: on.text("method").map(str::to_ascii_uppercase),
        path: on.text("path").map(str::to_ascii_lowercase),
        tenant: body::guid(on, "tenant_id")?,
    })
}

/// `for_s`: how long a rule lives, in seconds of real time.
fn until_ms(input: &Json, now: Instants) -> Result<Option<i64>, Bad> {
    match body::read::<i64>(input, "for_s", "whole seconds")? {
        Some(seconds) if seconds < 1 => Err(Bad::input("for_s must be at least 1")),
        seconds => Ok(seconds.map(|seconds| now.real_ms.saturating_add(seconds.saturating_mul(1000)))),
    }
}

/// Absent is once; `null` is for ever.
fn times(input: &Json) -> Result<Option<u64>, Bad> {
    let Json::Map(pairs) = input else {
        return Ok(Some(1));
    };
    match pairs.iter().find(|(key, _)| key == "times") {
        None => Ok(Some(1)),
        Some((_, Json::Null)) => Ok(None),
        Some(_) => match body::read::<u64>(input, "times", "a whole number or null")? {
            Some(0) | None => Err(Bad::input("times must be at least 1, or null")),
            some => Ok(some),
        },
    }
}

fn fault(input: &Json) -> Result<Fault, Bad> {
    Ok(match body::required(input, "fault")? {
        "refuse_connection" => Fault::RefuseConnection,
        "drop_reply_before_write" => Fault::DropReplyBeforeWrite,
        "drop_reply_after_write" => Fault::DropReplyAfterWrite,
        "cut_body" => Fault::CutBody,
        "delay" => {
            let ms: Option<u64> = body::read(input, "ms", "a whole number")?;
            Fault::Delay {
                ms: ms.ok_or_else(|| Bad::input("delay needs ms"))?,
            }
        }
        "status" => {
            let code: Option<u16> = body::read(input, "code", "an HTTP status")?;
            let code = code.filter(|code| (200..600).contains(code));
            let code = code.ok_or_else(|| Bad::input("status needs code, 200 to 599"))?;
            Fault::Status {
                code,
                body: status_body(input)?,
            }
        }
        "rate_limit" => Fault::RateLimit {
            refusal: rate_limit(input)?,
            meters: body::read(input, "meters", "true or false")?.unwrap_or(true),
        },
        "outage" => {
            let outage = Outage::named(input.text("outage"));
            Fault::Outage(outage.ok_or_else(|| Bad::input(Outage::KNOWN))?)
        }
        "garbage_200" => Fault::Garbage200,
        "error_after_write" => Fault::ErrorAfterWrite,
        "token_expired" => Fault::TokenExpired,
        other => {
            return Err(Bad::input(format!("unknown fault '{other}'; known are {NAMES}")));
        }
    })
}

fn status_body(input: &Json) -> Result<Option<String>, Bad> {
    match input.get("body") {
        None => Ok(None),
        Some(Json::Text(text)) => Ok(Some(text.clone())),
        Some(value @ (Json::Map(_) | Json::List(_))) => {
            let mut writer = crate::sandbox::wire::Writer::compact();
            writer.json_element(value);
            Ok(Some(String::from_utf8_lossy(&writer.into_bytes()).into_owned()))
        }
        Some(_) => Err(Bad::input("body must be a string, an object or a list")),
    }
}

fn rate_limit(input: &Json) -> Result<Refusal, Bad> {
    let problem = input.text("problem").unwrap_or("minute");
    let seconds: Option<i64> = body::read(input, "retry_after", "whole seconds")?;
    // Xero gives a time for everything but concurrency.
    let seconds = match problem.to_ascii_lowercase().as_str() {
        "concurrent" => seconds,
        "day" => seconds.or(Some(66_183)),
        _ => seconds.or(Some(26)),
    };
    fault::injected_refusal(problem, seconds)
        .ok_or_else(|| Bad::input("problem must be minute, day, concurrent or app"))
}
