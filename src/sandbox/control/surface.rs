//! The routes of the control surface.

use super::body::Bad;
use super::{access, faults, hooks, keep, lists, plan, requests, rows, setup, trigger};
use crate::sandbox::clock::{ClockMove, Instants};
use crate::sandbox::wire::{Answer, Outcome, Params, Request, Writer};
use crate::sandbox::world::World;

const PREFIX: &str = "/_sandbox/";
const ROOT: &str = "/_sandbox";

/// What a control call produced.
pub(super) struct Done {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
    pub(super) clock: Option<ClockMove>,
}

impl Done {
    /// A JSON object with this status.
    pub(super) fn object(status: u16, body: impl FnOnce(&mut Writer)) -> Self {
        let mut writer = Writer::compact();
        writer.object(body);
        Self {
            status,
            body: writer.into_bytes(),
            clock: None,
        }
    }

    fn answer(self) -> Answer {
        Answer::json(self.status, self.body)
    }

    /// `{"data":[…]}`
    pub(super) fn list(body: impl FnOnce(&mut Writer)) -> Self {
        Self::object(200, |writer| writer.list("data", body))
    }
}

/// Whether a path belongs to the control surface.
pub fn is_control(path: &str) -> bool {
    path.starts_with(PREFIX) || path == ROOT
}

/// Answers a control call; never logged, never limited.
pub(in crate::sandbox) fn answer(world: &mut World, now: Instants, request: &Request) -> Outcome {
    if request.method == "GET" && request.path.trim_end_matches('/') == ROOT {
        let page = requests::page(world, &Params::parse(&request.query));
        return Outcome::untracked(page.unwrap_or_else(|bad| refusal(bad).answer()));
    }
    let done = dispatch(world, now, request).unwrap_or_else(refusal);
    let clock = done.clock;
    let mut outcome = Outcome::untracked(done.answer());
    outcome.clock = clock;
    outcome
}

fn refusal(Bad { status, message }: Bad) -> Done {
    Done::object(status, |body| body.text("error", &message))
}

fn dispatch(world: &mut World, now: Instants, request: &Request) -> Result<Done, Bad> {
    let path = request.path.strip_prefix(PREFIX).unwrap_or_default();
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let params = Params::parse(&request.query);
    match (request.method.as_str(), parts.as_slice()) {
        ("POST", ["faults"]) => faults::add(world, now, request),
        ("GET", ["faults"]) => Ok(faults::list(world)),
        ("DELETE", ["faults"]) => Ok(faults::clear(world)),
        ("DELETE", ["faults", id]) => faults::remove(world, id),
        ("POST", ["clock"]) => setup::clock(request),
        ("POST", ["limits"]) => setup::limits(world, request),
        ("POST", ["lag"]) => lists::lag(world, now, request),
        ("POST", ["since"]) => lists::since(world, request),
        ("POST", ["pages"]) => lists::pages(world, request),
        ("POST", ["tenants"]) => setup::tenant(world, now, request, setup::Grant::Shared),
        ("POST", ["orgs"]) => setup::tenant(world, now, request, setup::Grant::Own),
        ("POST", ["apps"]) => access::register(world, request),
        ("GET", ["apps"]) => Ok(access::apps(world)),
        ("POST", ["consent"]) => access::answers(world, request),
        ("POST", ["grants"]) => access::grace(world, request),
        ("GET", ["grants"]) => Ok(access::grants(world)),
        ("POST", ["webhooks"]) => hooks::subscribe(world, now, request),
        ("POST", ["webhooks", "intent"]) => hooks::intent(world, now),
        ("GET", ["webhooks"]) => Ok(hooks::status(world)),
        ("GET", ["webhooks", "deliveries"]) => Ok(hooks::deliveries(world)),
        ("POST", ["snapshot"]) => keep::snapshot(world, request),
        ("POST", ["restore"]) => keep::restore(world, request),
        ("POST", ["seed"]) => keep::seed(world, now, request),
        ("POST", ["reset"]) => Ok(setup::reset(world, now)),
        ("GET", ["tenants" | "orgs"]) => Ok(rows::tenants(world)),
        ("GET", ["requests"]) => requests::list(world, &params),
        ("GET", ["violations"]) => Ok(rows::violations(world)),
        ("GET", ["tenants" | "orgs", id, "documents"]) => rows::documents(world, id, &params),
        ("POST", ["trigger"]) => trigger::run(world, now, request),
        ("GET", ["trigger"]) => Ok(plan::list(world)),
        (
            _,
            [
                "faults" | "clock" | "limits" | "tenants" | "webhooks" | "reset" | "requests" | "violations"
                | "trigger" | "orgs" | "apps" | "consent" | "grants" | "snapshot" | "restore" | "seed" | "lag"
                | "since" | "pages",
            ],
        ) => Err(Bad {
            status: 405,
            message: "method not allowed here".to_owned(),
        }),
        (_, ["webhooks", "intent" | "deliveries"] | ["faults", _] | ["tenants" | "orgs", _, "documents"]) => Err(Bad {
            status: 405,
            message: "method not allowed here".to_owned(),
        }),
        _ => Err(Bad {
            status: 404,
            message: format!("no such control path: {}", request.path),
        }),
    }
}
