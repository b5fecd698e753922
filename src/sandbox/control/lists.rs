//! What Xero does not say about its lists, as switches.

use super::body::{self, Bad};
use super::surface::Done;
use crate::sandbox::clock::Instants;
use crate::sandbox::query::page::{SIZE_MAX, SinceIs};
use crate::sandbox::wire::Request;
use crate::sandbox::world::World;

/// Written documents are in lists only after this long.
pub(super) fn lag(world: &mut World, now: Instants, request: &Request) -> Result<Done, Bad> {
    let input = body::object(request)?;
    body::only(&input, &["ms"])?;
    let lag_ms: Option<i64> = body::read(&input, "ms", "milliseconds, 0 or more")?;
    let lag_ms = lag_ms.filter(|ms| *ms >= 0);
    let lag_ms = lag_ms.ok_or_else(|| Bad::input("ms must be milliseconds, 0 or more"))?;
    world.set_lag(lag_ms, now);
    Ok(Done::object(200, |body| body.integer("ms", lag_ms)))
}

/// Whether `If-Modified-Since` lists what changed exactly then.
pub(super) fn since(world: &mut World, request: &Request) -> Result<Done, Bad> {
    let input = body::object(request)?;
    body::only(&input, &["includes_equal"])?;
    let equal: Option<bool> = body::read(&input, "includes_equal", "true or false")?;
    let equal = equal.ok_or_else(|| Bad::input("includes_equal is required"))?;
    world.since_is = if equal { SinceIs::Inclusive } else { SinceIs::Exclusive };
    Ok(Done::object(200, |body| body.flag("includes_equal", equal)))
}

/// A page of what changed since a time holds at most so many documents, whatever `pageSize` asks for:
/// a few documents then take as many pages as thousands do in Xero.
pub(super) fn pages(world: &mut World, request: &Request) -> Result<Done, Bad> {
    let input = body::object(request)?;
    body::only(&input, &["most"])?;
    let most: Option<usize> = body::read(&input, "most", "a whole number")?;
    let most = most.filter(|most| (1..=SIZE_MAX).contains(most));
    let most = most.ok_or_else(|| Bad::input(format!("most must be 1 to {SIZE_MAX}")))?;
    world.page_most = most;
    Ok(Done::object(200, |body| {
        body.integer("most", i64::try_from(most).unwrap_or(i64::MAX))
    }))
}
