//! Which organisation is meant.

use serde_json::Value;

use super::control::{Trouble, segment};
use super::exit::Exit;
use super::session::Session;
use super::words::field;
use super::words::screen::Stop;
use crate::config::nearest::nearest;
use crate::model::ids::{TenantId, XeroTenantId};

/// Every organisation the daemon serves on one page.
pub const ALL_TENANTS: &str = "/v1/tenants?limit=10000";

/// Most names that are told when none or several fit.
const NAMES_SHOWN_MAX: usize = 8;

/// The organisation of `--tenant`; the only one there is, when none is named.
pub async fn chosen(session: &Session<'_>) -> Result<String, Stop> {
    named(session, session.globals.tenant.as_deref()).await
}

/// An organisation by id, Xero's GUID, short code, name or the beginning of its name.
pub async fn named(session: &Session<'_>, wanted: Option<&str>) -> Result<String, Stop> {
    if let Some(wanted) = wanted
        && (wanted.parse::<TenantId>().is_ok() || wanted.parse::<XeroTenantId>().is_ok())
    {
        return Ok(wanted.to_owned());
    }
    let answer = session.get(ALL_TENANTS).await?;
    Ok(pick(field::items(&answer.value, "/data"), wanted)?)
}

/// The path of an organisation.
pub fn path(tenant: &str) -> String {
    format!("/v1/tenants/{}", segment(tenant))
}

/// The id of the one that is meant.
pub fn pick(tenants: &[Value], wanted: Option<&str>) -> Result<String, Trouble> {
    let Some(wanted) = wanted else {
        return match tenants {
            [only] => Ok(field::shown(only, "/id")),
            [] => Err(
                Trouble::new(Exit::NotFound, "no_tenant", "No Xero organisation is connected")
                    .fix("counterfoil connect"),
            ),
            several => Err(ambiguous("Several organisations are connected", several)),
        };
    };
    let lower = wanted.trim().to_lowercase();
    let name = |tenant: &Value| field::shown(tenant, "/name").to_lowercase();
    let is_exact = |tenant: &&Value| {
        name(tenant) == lower || field::text(tenant, "/short_code").is_some_and(|code| code.to_lowercase() == lower)
    };
    let exact: Vec<&Value> = tenants.iter().filter(is_exact).collect();
    let fitting: Vec<&Value> = if exact.is_empty() {
        tenants
            .iter()
            .filter(|tenant| name(tenant).starts_with(&lower))
            .collect()
    } else {
        exact
    };
    match fitting.as_slice() {
        [only] => Ok(field::shown(only, "/id")),
        [] => Err(unknown(wanted, &lower, tenants)),
        several => Err(ambiguous(
            &format!("Several organisations fit \"{}\"", field::clean(wanted)),
            several.iter().copied(),
        )),
    }
}

fn unknown(wanted: &str, lower: &str, tenants: &[Value]) -> Trouble {
    let what = format!("No organisation is called \"{}\"", field::clean(wanted));
    let mut trouble = Trouble::new(Exit::NotFound, "tenant_not_found", what);
    // A mistyped beginning is compared with beginnings of its length.
    let length = lower.chars().count();
    let names: Vec<(String, String)> = tenants
        .iter()
        .map(|tenant| field::shown(tenant, "/name"))
        .flat_map(|name| {
            let whole = name.to_lowercase();
            let beginning: String = whole.chars().take(length).collect();
            [(whole, name.clone()), (beginning, name)]
        })
        .collect();
    let near = nearest(lower, names.iter().map(|(candidate, _)| candidate.as_str()));
    let meant = names.iter().find(|(candidate, _)| Some(candidate.as_str()) == near);
    if let Some((_, name)) = meant {
        trouble = trouble.because(format!("did you mean \"{name}\"?"));
    }
    trouble.fix("counterfoil tenants list")
}

fn ambiguous<'a>(what: &str, tenants: impl IntoIterator<Item = &'a Value>) -> Trouble {
    let names: Vec<String> = tenants
        .into_iter()
        .map(|tenant| format!("{} ({})", field::shown(tenant, "/name"), field::shown(tenant, "/id")))
        .collect();
    let more = names.len().saturating_sub(NAMES_SHOWN_MAX);
    let trouble = Trouble::usage(what).fix("Name one with --tenant: its id or enough of its name.");
    let trouble = names.into_iter().take(NAMES_SHOWN_MAX).fold(trouble, Trouble::because);
    if more > 0 {
        trouble.because(format!("and {more} more"))
    } else {
        trouble
    }
}
