//! The connected Xero organisations.

use serde_json::Value;

use crate::cli::args::PageArgs;
use crate::cli::control::Query;
use crate::cli::exit::Exit;
use crate::cli::session::Session;
use crate::cli::tenant;
use crate::cli::words::screen::{Screen, Stop, Style};
use crate::cli::words::{Cell, Column, Table, field, number, time};
use crate::model::connection::ConnectionState;
use crate::model::row::Badge;
use crate::model::time::Timestamp;

/// Lists the organisations.
pub async fn list(session: &mut Session<'_>, page: &PageArgs) -> Result<Exit, Stop> {
    let mut cursor = page.cursor.clone();
    let mut rows = Vec::new();
    loop {
        let query = Query::default()
            .with("limit", page.limit.map(|limit| limit.to_string()))
            .with("cursor", cursor);
        let answer = session.get(&query.on("/v1/tenants")).await?;
        let is_shown = session.shown_as_object(&answer)?;
        cursor = answer
            .value
            .get("next_cursor")
            .and_then(Value::as_str)
            .map(str::to_owned);
        if !is_shown {
            rows.extend(field::items(&answer.value, "/data").iter().cloned());
        }
        if !page.all || cursor.is_none() {
            break;
        }
    }
    if !session.screen.is_for_people() {
        return Ok(Exit::Ok);
    }
    if rows.is_empty() {
        session
            .screen
            .note("No Xero organisation is connected. Connect one with: counterfoil connect");
        return Ok(Exit::Ok);
    }
    session.screen.table(&table(&rows))?;
    if let Some(cursor) = cursor {
        session
            .screen
            .note(&format!("There are more: add --all, or --cursor {cursor}"));
    }
    Ok(Exit::Ok)
}

/// Shows one organisation.
pub async fn show(session: &mut Session<'_>, name: Option<String>) -> Result<Exit, Stop> {
    let wanted = name.or_else(|| session.globals.tenant.clone());
    let id = tenant::named(session, wanted.as_deref()).await?;
    let answer = session.get(&tenant::path(&id)).await?;
    if !session.shown_as_object(&answer)? {
        let now = session.now();
        sheet(&mut session.screen, &answer.value, now)?;
    }
    Ok(Exit::Ok)
}

/// The list as a table.
#[must_use]
pub fn table(tenants: &[Value]) -> Table {
    let mut table = Table::new(vec![
        Column::text("ORGANISATION"),
        Column::word("ID"),
        Column::word("CONNECTION"),
        Column::number("SYNCED").spare(),
        Column::number("PENDING").spare(),
        Column::number("FAILED"),
        Column::number("CALLS TODAY").spare(),
    ]);
    for tenant in tenants {
        let count = |pointer: &str| Cell::from(number::count(field::count(tenant, pointer)));
        let failed = field::count(tenant, "/counts/failed");
        let failed_style = if failed > 0 { Style::Bad } else { Style::Plain };
        table.row(vec![
            field::shown(tenant, "/name").into(),
            field::shown(tenant, "/id").into(),
            Cell::styled(field::shown(tenant, "/connection/state"), state_style(tenant)),
            count("/counts/synced"),
            count("/counts/pending"),
            Cell::styled(number::count(failed), failed_style),
            used(tenant, "/budget/day")
                .unwrap_or_else(|| field::NOTHING.to_owned())
                .into(),
        ]);
    }
    table
}

/// How many invoices have each badge, in one line.
#[must_use]
pub fn badges(counts: &Value) -> String {
    let count = |name: &str| number::count(field::count(counts, name));
    let mut line = format!(
        "{} {} · {} {} · {} {}",
        Badge::Synced.label(),
        count("/synced"),
        Badge::Pending.label(),
        count("/pending"),
        Badge::Failed.label(),
        count("/failed"),
    );
    if field::count(counts, "/none") > 0 {
        line.push_str(&format!(" · without badge {}", count("/none")));
    }
    line
}

/// `4,212 / 5,000`.
#[must_use]
pub fn used(tenant: &Value, pointer: &str) -> Option<String> {
    let budget = tenant.pointer(pointer).filter(|budget| budget.is_object())?;
    let used = number::count(field::count(budget, "/used"));
    Some(format!("{used} / {}", number::count(field::count(budget, "/limit"))))
}

/// Whether Xero's webhooks come, in one line.
#[must_use]
pub fn live(webhooks: Option<&Value>, now: Timestamp) -> Option<(String, Style)> {
    let webhooks = webhooks?;
    let state = field::text(webhooks, "/status")?;
    let mut line = match state.as_str() {
        "off" => "webhooks off, changes are read at intervals".to_owned(),
        "waiting" => "no webhook since the start".to_owned(),
        "silent" => "webhooks silent: Xero may have disabled them".to_owned(),
        other => format!("webhooks {other}"),
    };
    if let Some(at) = field::moment(webhooks, "/last_received_at") {
        line.push_str(&format!(", last {}", time::ago(at, now)));
    }
    if let Some(lag) = webhooks.pointer("/lag_p95_s").and_then(Value::as_f64) {
        line.push_str(&format!(" · pull lag p95 {lag:.1} s"));
    }
    let style = if state == "silent" {
        Style::Warning
    } else {
        Style::Plain
    };
    Some((line, style))
}

fn sheet(screen: &mut Screen<'_>, tenant: &Value, now: Timestamp) -> Result<(), Stop> {
    let text = |pointer: &str| field::shown(tenant, pointer);
    screen.styled(&text("/name"), Style::Strong)?;
    screen.pair("Connection", &connection(tenant, now), state_style(tenant))?;
    if let Some(action) = field::text(tenant, "/connection/resolve/label") {
        let command = format!("counterfoil tenants resolve {}", text("/id"));
        screen.pair("", &format!("Fix: {action}: {command}"), Style::Plain)?;
        screen.pair("", "More: counterfoil explain connection_not_active", Style::Plain)?;
    }
    screen.pair("Id", &text("/id"), Style::Plain)?;
    let xero = match field::text(tenant, "/short_code") {
        Some(code) => format!("{} ({code})", text("/xero_tenant_id")),
        None => text("/xero_tenant_id"),
    };
    screen.pair("In Xero", &xero, Style::Plain)?;
    let zone = format!("{} · {}", text("/time_zone"), text("/base_currency"));
    screen.pair("Zone", &zone, Style::Plain)?;
    screen.pair("Auto-sync", &auto_sync(tenant), Style::Plain)?;
    let counts = tenant.get("counts").unwrap_or(&Value::Null);
    screen.pair("Invoices", &badges(counts), Style::Plain)?;
    let calls = used(tenant, "/budget/minute").zip(used(tenant, "/budget/day"));
    if let Some((minute, day)) = calls {
        let line = format!("{minute} of the last minute · {day} of the last day");
        screen.pair("Calls", &line, Style::Plain)?;
    }
    if let Some(cause) = field::text(tenant, "/budget/blocked/cause") {
        let until = field::moment(tenant, "/budget/blocked/until");
        let until = until.map(|until| format!(" until {}", time::clock(until, now)));
        let line = format!("{}{}", held_up(&cause), until.unwrap_or_default());
        screen.pair("Held up by", &line, Style::Warning)?;
    }
    queue(screen, tenant, now)?;
    if let Some((line, style)) = live(tenant.get("webhooks"), now) {
        screen.pair("Live", &line, style)?;
    }
    if let Some(why) = field::text(tenant, "/parked") {
        let line = format!("parked: {why}. Restarting the daemon starts it again.");
        screen.pair("Stopped", &line, Style::Bad)?;
    }
    Ok(())
}

/// What holds calls up, in words before `until 14:02`.
fn held_up(cause: &str) -> String {
    let words = match cause {
        "not_active" => "the connection, which is not active",
        "catching_up" => "what changed in Xero meanwhile, which is read first",
        "minute_budget" => "Xero's limit of calls a minute,",
        "day_budget" => "Xero's limit of calls a day,",
        "too_many_in_flight" => "calls under way, as many as Xero allows",
        "retry_after" => "Xero, which asked to wait",
        "breaker_open" => "Xero, which looks unavailable and is not called",
        other => return other.replace('_', " "),
    };
    words.to_owned()
}

fn queue(screen: &mut Screen<'_>, tenant: &Value, now: Timestamp) -> Result<(), Stop> {
    if !tenant.get("queue").is_some_and(Value::is_object) {
        return Ok(());
    }
    let count = |pointer: &str| number::count(field::count(tenant, pointer));
    let mut line = format!(
        "{} waiting · {} on their way",
        count("/queue/queued"),
        count("/queue/in_flight")
    );
    if field::count(tenant, "/queue/unknown") > 0 {
        line.push_str(&format!(" · {} being looked up in Xero", count("/queue/unknown")));
    }
    if let Some(at) = field::moment(tenant, "/queue/oldest_queued_at") {
        line.push_str(&format!(" · the oldest {}", time::ago(at, now)));
    }
    screen.pair("Queue", &line, Style::Plain)
}

fn connection(tenant: &Value, now: Timestamp) -> String {
    let mut line = field::shown(tenant, "/connection/state");
    if field::is_true(tenant, "/connection/catching_up") {
        line.push_str(", catching up");
    }
    if let Some(since) = field::moment(tenant, "/connection/since") {
        line.push_str(&format!(" {}", time::lasting(since, now)));
    }
    if let Some(cause) = field::text(tenant, "/connection/reason") {
        line.push_str(&format!(" ({})", cause.replace('_', " ")));
    }
    if let Some(end) = field::moment(tenant, "/connection/expires_at") {
        line.push_str(&format!(", ends {}", time::ago(end, now)));
    }
    line
}

fn auto_sync(tenant: &Value) -> String {
    let on = |pointer: &str| if field::is_true(tenant, pointer) { "on" } else { "off" };
    format!(
        "{} (sales {}, purchases {})",
        on("/auto_sync/enabled"),
        on("/auto_sync/sales"),
        on("/auto_sync/purchases"),
    )
}

fn state_style(tenant: &Value) -> Style {
    let state = field::text(tenant, "/connection/state");
    if state.as_deref() == Some(ConnectionState::Active.label()) {
        Style::Good
    } else {
        Style::Bad
    }
}
