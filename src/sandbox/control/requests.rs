//! The request inspector: the log of calls, filtered, as JSON and as a page.

use uuid::Uuid;

use super::body::Bad;
use super::rows::{maybe_id, whole};
use super::surface::Done;
use crate::sandbox::gate::journal::Row;
use crate::sandbox::pages::inspector;
use crate::sandbox::wire::{Answer, Params, Writer};
use crate::sandbox::world::World;

const KEYS: [&str; 7] = ["since", "tenant", "method", "path", "status", "limit", "bodies"];
/// Calls the page shows when it is not told otherwise.
const PAGE_ROWS: usize = 100;

/// Which statuses are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Statuses {
    Exactly(u16),
    /// `4xx`, by its first digit.
    Class(u16),
    /// Never answered.
    None,
}

/// Which calls are asked for.
#[derive(Debug, Clone, Default)]
struct Filter {
    since: u64,
    tenant: Option<Uuid>,
    method: Option<String>,
    path: Option<String>,
    status: Option<Statuses>,
    limit: Option<usize>,
    bodies: bool,
}

/// `GET /_sandbox/requests`
pub(super) fn list(world: &World, params: &Params) -> Result<Done, Bad> {
    let filter = Filter::read(params)?;
    let rows = world.journal.since(filter.since).filter(|row| filter.covers(row));
    let rows = rows.take(filter.limit.unwrap_or(usize::MAX));
    Ok(Done::list(|items| {
        for row in rows {
            items.object(|out| write(out, row, filter.bodies));
        }
    }))
}

/// `GET /_sandbox/`: the newest calls first.
pub(super) fn page(world: &World, params: &Params) -> Result<Answer, Bad> {
    let filter = Filter::read(params)?;
    let rows = world.journal.iter().rev();
    let rows = rows.filter(|row| row.seq > filter.since && filter.covers(row));
    let rows: Vec<&Row> = rows.take(filter.limit.unwrap_or(PAGE_ROWS)).collect();
    Ok(inspector::page(&inspector::View {
        rows: &rows,
        calls: world.journal.iter().count(),
        violations: world.watch.violations().len(),
        faults: world.faults.rules().len(),
        tenants: &world.tenants(),
        asked: params,
    }))
}

impl Filter {
    fn read(params: &Params) -> Result<Self, Bad> {
        if let Some((stranger, _)) = params.iter().find(|(name, _)| !KEYS.contains(name)) {
            return Err(Bad::input(format!(
                "unknown key '{stranger}'; known are {}",
                KEYS.join(", ")
            )));
        }
        Ok(Self {
            since: read(params, "since", "a sequence number")?.unwrap_or(0),
            tenant: read(params, "tenant", "a GUID")?,
            method: params.get("method").map(str::to_owned),
            path: params.get("path").map(str::to_ascii_lowercase),
            status: params.get("status").map(statuses).transpose()?,
            limit: read(params, "limit", "a whole number")?,
            bodies: read(params, "bodies", "true or false")?.unwrap_or(false),
        })
    }

    fn covers(&self, row: &Row) -> bool {
        let path_fits = self.path.as_deref().is_none_or(|wanted| {
            let path = row.path.to_ascii_lowercase();
            match wanted.strip_suffix('*') {
                Some(start) => path.starts_with(start),
                None => path == wanted,
            }
        });
        let status_fits = match (self.status, row.status) {
            (None, _) | (Some(Statuses::None), None) => true,
            (Some(Statuses::Exactly(wanted)), Some(status)) => wanted == status,
            (Some(Statuses::Class(wanted)), Some(status)) => status.checked_div(100) == Some(wanted),
            _ => false,
        };
        let method = self.method.as_deref();
        path_fits
            && status_fits
            && self.tenant.is_none_or(|tenant| row.tenant == Some(tenant))
            && method.is_none_or(|method| method.eq_ignore_ascii_case(&row.method))
    }
}

fn read<T: std::str::FromStr>(params: &Params, key: &str, what: &str) -> Result<Option<T>, Bad> {
    let read = |text: &str| text.parse().map_err(|_| Bad::input(format!("{key} must be {what}")));
    params.get(key).map(read).transpose()
}

fn statuses(text: &str) -> Result<Statuses, Bad> {
    let wrong = || Bad::input("status must be a number such as 429, a class such as 4xx, or none");
    if text.eq_ignore_ascii_case("none") {
        return Ok(Statuses::None);
    }
    let lower = text.to_ascii_lowercase();
    match lower.strip_suffix("xx") {
        Some(class) => class.parse().map(Statuses::Class).map_err(|_| wrong()),
        None => lower.parse().map(Statuses::Exactly).map_err(|_| wrong()),
    }
}

fn write(out: &mut Writer, row: &Row, bodies: bool) {
    out.integer("seq", whole(row.seq));
    out.text("method", &row.method);
    out.text("path", &row.path);
    out.text("query", &row.query);
    match row.status {
        Some(status) => out.integer("status", i64::from(status)),
        None => out.null("status"),
    }
    maybe_id(out, "tenant_id", row.tenant);
    out.integer("at_ms", row.at_ms);
    out.integer("in_flight", whole(row.in_flight));
    out.integer("bytes", whole(row.bytes));
    match row.fault {
        Some(fault) => out.text("fault", fault),
        None => out.null("fault"),
    }
    if bodies {
        match &row.bodies {
            Some(kept) => {
                out.text("request_body", &String::from_utf8_lossy(&kept.request));
                out.text("response_body", &String::from_utf8_lossy(&kept.answer));
            }
            None => {
                out.null("request_body");
                out.null("response_body");
            }
        }
    }
}
