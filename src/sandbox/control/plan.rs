//! Scenarios that wait: what somebody does in Xero right after a certain call was answered, such as
//! an edit between two pages of one reader.

use uuid::Uuid;

use super::body::{self, Bad};
use super::surface::Done;
use super::{faults, trigger};
use crate::sandbox::clock::Instants;
use crate::sandbox::gate::fault::Match;
use crate::sandbox::wire::{Json, Request};
use crate::sandbox::world::World;

/// Scenarios that wait, and those that could not be played when their turn came; oldest first.
#[derive(Debug, Default)]
pub struct Plans(Vec<Plan>);

#[derive(Debug)]
struct Plan {
    on: Match,
    /// Matching calls until it is its turn.
    left: u64,
    request: Request,
    input: Json,
    /// Why it could not be played.
    error: Option<String>,
}

/// `after` has `match` as faults have it, and `calls`: after how many of them (1).
pub(super) fn add(world: &mut World, request: &Request, input: &Json, after: &Json) -> Result<Done, Bad> {
    body::only(after, &["match", "calls"])?;
    let scenario = body::required(input, "scenario")?.to_owned();
    let calls: Option<u64> = body::read(after, "calls", "a whole number")?;
    if calls == Some(0) {
        return Err(Bad::input("calls must be at least 1"));
    }
    world.plans.0.push(Plan {
        on: faults::matching(after)?,
        left: calls.unwrap_or(1),
        request: request.clone(),
        input: input.clone(),
        error: None,
    });
    Ok(Done::object(202, |body| body.text("scenario", &scenario)))
}

/// What waits, and what failed with its reason.
pub(super) fn list(world: &World) -> Done {
    Done::list(|items| {
        for plan in &world.plans.0 {
            items.object(|row| {
                row.maybe_text("scenario", plan.input.text("scenario"));
                row.integer("calls", i64::try_from(plan.left).unwrap_or(i64::MAX));
                row.maybe_text("error", plan.error.as_deref());
            });
        }
    })
}

/// A call was answered: plays what waited for it. Says whether anything was played.
pub fn play(world: &mut World, now: Instants, (method, path): (&str, &str), tenant: Option<Uuid>) -> bool {
    if world.plans.0.is_empty() {
        return false;
    }
    let lower = path.to_ascii_lowercase();
    let mut due = Vec::new();
    let mut waiting = Vec::new();
    for mut plan in std::mem::take(&mut world.plans.0) {
        if plan.error.is_none() && plan.on.covers(method, &lower, tenant) {
            plan.left = plan.left.saturating_sub(1);
        }
        let is_due = plan.error.is_none() && plan.left == 0;
        if is_due { &mut due } else { &mut waiting }.push(plan);
    }
    world.plans.0 = waiting;
    let has_played = !due.is_empty();
    for mut plan in due {
        if let Err(bad) = trigger::run_now(world, now, &plan.request, &plan.input) {
            plan.error = Some(bad.message);
            world.plans.0.push(plan);
        }
    }
    has_played
}
