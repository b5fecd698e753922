//! How everything stands, on one screen, with what needs a person at the bottom.

use std::time::Duration;

use serde_json::Value;

use crate::cli::args::StatusArgs;
use crate::cli::commands::tenants;
use crate::cli::exit::Exit;
use crate::cli::session::Session;
use crate::cli::words::screen::{Screen, Stop, Style};
use crate::cli::words::{field, number, time};
use crate::model::connection::ConnectionState;
use crate::model::time::Timestamp;

/// Between two looks with `--watch`.
const LOOK_AGAIN: Duration = Duration::from_secs(2);
/// Up to so many organisations are looked at one by one.
const TENANTS_MAX: u64 = 200;
/// Most findings that are shown.
const FINDINGS_MAX: usize = 8;
/// A day's calls are told of from this share on, in percent.
const DAY_SHARE_PERCENT: u64 = 80;

/// Shows the status, with `--watch` again and again.
pub async fn show(session: &mut Session<'_>, args: &StatusArgs) -> Result<Exit, Stop> {
    loop {
        once(session, args.watch).await?;
        if !args.watch {
            return Ok(Exit::Ok);
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

async fn once(session: &mut Session<'_>, is_repeated: bool) -> Result<(), Stop> {
    let answer = session.get("/v1/status").await?;
    if session.shown_as_object(&answer)? {
        return Ok(());
    }
    let status = &answer.value;
    let tenants = if field::count(status, "/tenants/total") <= TENANTS_MAX {
        session.get(&format!("/v1/tenants?limit={TENANTS_MAX}")).await?.value
    } else {
        Value::Null
    };
    if is_repeated && session.ends.out_is_terminal {
        session.screen.clear()?;
    }
    let now = field::moment(status, "/time").unwrap_or_else(|| session.now());
    screenful(&mut session.screen, status, field::items(&tenants, "/data"), now)
}

/// The whole screen.
pub fn screenful(screen: &mut Screen<'_>, status: &Value, tenants: &[Value], now: Timestamp) -> Result<(), Stop> {
    let total = field::count(status, "/tenants/total");
    let title = format!(
        "counterfoil {} · up {} · {}",
        field::shown(status, "/version"),
        time::span(field::count(status, "/uptime_s")),
        number::counted(total, "organisation"),
    );
    screen.styled(&title, Style::Strong)?;
    let states: Vec<String> = ConnectionState::ALL
        .iter()
        .map(|state| {
            (
                state.label(),
                field::count(status, &format!("/tenants/by_state/{}", state.label())),
            )
        })
        .filter(|(_, count)| *count > 0)
        .map(|(label, count)| format!("{label} {}", number::count(count)))
        .collect();
    if !states.is_empty() {
        screen.line(&format!("  {}", states.join(" · ")))?;
    }
    let counts = status.pointer("/invoices/by_state").unwrap_or(&Value::Null);
    screen.pair("Invoices", &tenants::badges(counts), Style::Plain)?;
    if let Some((line, style)) = tenants::live(status.pointer("/webhooks"), now) {
        screen.pair("Live", &line, style)?;
    }
    for line in budgets(tenants, now) {
        screen.pair("Calls", &line, Style::Warning)?;
    }
    screen.line("")?;
    health(screen, &findings(status, tenants))
}

/// One thing that needs a person, and what to type.
struct Finding {
    style: Style,
    what: String,
    next: String,
}

fn health(screen: &mut Screen<'_>, findings: &[Finding]) -> Result<(), Stop> {
    if findings.is_empty() {
        return screen.styled("# Health check: nothing needs you.", Style::Good);
    }
    screen.line("# Health check:")?;
    for finding in findings.iter().take(FINDINGS_MAX) {
        screen.styled(&format!("#   - {} Run: {}", finding.what, finding.next), finding.style)?;
    }
    let more = findings.len().saturating_sub(FINDINGS_MAX);
    if more > 0 {
        screen.line(&format!("#   and {more} more. Run: counterfoil tenants list"))?;
    }
    Ok(())
}

fn findings(status: &Value, tenants: &[Value]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (list, style) in [("/errors", Style::Bad), ("/warnings", Style::Warning)] {
        for entry in field::items(status, list) {
            let fix = field::text(entry, "/fix").map(|fix| format!(" {}.", fix.trim_end_matches('.')));
            findings.push(Finding {
                style,
                what: format!("{}{}", field::shown(entry, "/message"), fix.unwrap_or_default()),
                next: match field::text(entry, "/tenant_id") {
                    Some(tenant) => format!("counterfoil tenants show {tenant}"),
                    None => "counterfoil status --json".to_owned(),
                },
            });
        }
    }
    for kind in [&FAILED, &VARIED] {
        findings.extend(needy(status, tenants, kind));
    }
    if field::count(status, "/tenants/total") == 0 {
        findings.push(Finding {
            style: Style::Warning,
            what: "No Xero organisation is connected.".to_owned(),
            next: "counterfoil connect".to_owned(),
        });
    }
    findings
}

/// Invoices that need somebody: how they are counted, said and listed.
struct Needy {
    /// In the whole, and of one organisation.
    counted: [&'static str; 2],
    words: &'static str,
    list: &'static str,
    style: Style,
}

const FAILED: Needy = Needy {
    counted: ["/invoices/by_state/failed", "/counts/failed"],
    words: "failed",
    list: "invoices list --state failed",
    style: Style::Bad,
};

const VARIED: Needy = Needy {
    counted: ["/invoices/variances", "/counts/variances"],
    words: "changed in Xero alone (variance)",
    list: "variances list",
    style: Style::Warning,
};

/// Where invoices need somebody: by organisation when there is more than one.
fn needy(status: &Value, tenants: &[Value], needy: &Needy) -> Vec<Finding> {
    let [in_all, of_one] = needy.counted;
    let total = field::count(status, in_all);
    if total == 0 {
        return Vec::new();
    }
    let finding = |what: String, option: String| Finding {
        style: needy.style,
        what: format!("{what} {}.", needy.words),
        next: format!("counterfoil {}{option}", needy.list),
    };
    let having: Vec<&Value> = tenants
        .iter()
        .filter(|tenant| field::count(tenant, of_one) > 0)
        .collect();
    if having.is_empty() || tenants.len() == 1 {
        let option = if tenants.is_empty() { " --tenant TEN" } else { "" };
        return vec![finding(number::counted(total, "invoice"), option.to_owned())];
    }
    having
        .into_iter()
        .map(|tenant| {
            let count = number::counted(field::count(tenant, of_one), "invoice");
            let what = format!("{}: {count}", field::shown(tenant, "/name"));
            finding(what, format!(" --tenant {}", field::shown(tenant, "/id")))
        })
        .collect()
}

/// Organisations whose calls of the day run out, or that wait for one of Xero's limits.
fn budgets(tenants: &[Value], now: Timestamp) -> Vec<String> {
    tenants
        .iter()
        .filter_map(|tenant| {
            let used = field::count(tenant, "/budget/day/used");
            let limit = field::count(tenant, "/budget/day/limit");
            let is_high = limit > 0 && used.saturating_mul(100) >= limit.saturating_mul(DAY_SHARE_PERCENT);
            let until = field::moment(tenant, "/budget/blocked/until");
            if !is_high && until.is_none() {
                return None;
            }
            let name = field::shown(tenant, "/name");
            let day = tenants::used(tenant, "/budget/day").unwrap_or_default();
            let wait = until.map(|until| format!(", waiting until {}", time::clock(until, now)));
            Some(format!("{name} {day} of the last day{}", wait.unwrap_or_default()))
        })
        .take(FINDINGS_MAX)
        .collect()
}
