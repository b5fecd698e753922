//! Refreshes, links, comparisons and the nightly check.

use serde_json::{Value, json};

use crate::cli::args::{DriftArgs, LinkArgs, RefreshArgs};
use crate::cli::commands::{invoices, operation};
use crate::cli::control::{Answer, Request, Trouble, segment};
use crate::cli::exit::Exit;
use crate::cli::session::Session;
use crate::cli::tenant;
use crate::cli::words::screen::{Stop, Style};
use crate::cli::words::{Cell, Column, Table, field, time};
use crate::model::ids::XeroInvoiceId;

/// Items that are shown of a result; the others are told of.
const ITEMS_SHOWN: usize = 50;

/// Reads invoices again from Xero.
pub async fn refresh(session: &mut Session<'_>, args: &RefreshArgs) -> Result<Exit, Stop> {
    let tenant = match &args.name {
        Some(name) => tenant::named(session, Some(name)).await?,
        None => tenant::chosen(session).await?,
    };
    let mut body = json!({});
    if !args.invoices.is_empty() {
        let mut ids = Vec::new();
        for name in &args.invoices {
            let path = invoices::find(session, &tenant, name).await?;
            let found = session.get(&path).await?;
            ids.push(field::shown(&found.value, "/id"));
        }
        body = json!({"selection": {"ids": ids}});
    } else if let Some(filter) = &args.filter {
        body = json!({"selection": {"filter": filter}});
    } else if let Some(from) = &args.from {
        body = json!({"selection": {"operation": from}});
    } else if args.all_linked {
        body = json!({"mode": "all_linked"});
    } else if let Some(since) = &args.since {
        body = json!({"window": "custom", "since": since});
    } else if let Some(window) = &args.window {
        body = json!({"window": window});
    }
    let path = format!("{}/refreshes", tenant::path(&tenant));
    if args.dry_run {
        let request = Request::write("POST", format!("{path}?dry_run=true"), body.to_string());
        let answer = session.client.ask(request).await?;
        if !session.shown_as_object(&answer)? {
            let words = field::shown(&answer.value, "/estimate/message");
            session.screen.line(&words)?;
        }
        return Ok(Exit::Ok);
    }
    begin(session, path, body.to_string()).await
}

/// Compares both sides.
pub async fn drift(session: &mut Session<'_>, args: &DriftArgs) -> Result<Exit, Stop> {
    let tenant = tenant::chosen(session).await?;
    let path = format!("{}/drift-reports", tenant::path(&tenant));
    if !args.refresh {
        return begin(session, path, String::new()).await;
    }
    let answer = session.client.ask(Request::write("POST", path, "")).await?;
    let id = field::shown(&answer.value, "/operation/id");
    let ended = operation::until_final(session, &id, session.globals.wait).await?;
    if !operation::is_final(&ended.value) || field::count(&ended.value, "/counts/items") == 0 {
        return finish(session, &ended).await;
    }
    session.screen.note(&field::shown(&ended.value, "/message"));
    let body = json!({"selection": {"operation": id}});
    let path = format!("{}/refreshes", tenant::path(&tenant));
    begin(session, path, body.to_string()).await
}

/// Runs the nightly check now.
pub async fn reconcile(session: &mut Session<'_>) -> Result<Exit, Stop> {
    let tenant = tenant::chosen(session).await?;
    let path = format!("{}/reconciler:run", tenant::path(&tenant));
    begin(session, path, String::new()).await
}

/// Shows the nightly check.
pub async fn reconciler(session: &mut Session<'_>) -> Result<Exit, Stop> {
    let tenant = tenant::chosen(session).await?;
    let answer = session.get(&format!("{}/reconciler", tenant::path(&tenant))).await?;
    if session.shown_as_object(&answer)? {
        return Ok(Exit::Ok);
    }
    let (value, now) = (&answer.value, session.now());
    let zone = field::shown(value, "/time_zone");
    session.screen.pair("Zone", &zone, Style::Plain)?;
    for (name, pointer) in [("Last", "/last_run"), ("Next", "/next_run")] {
        let at = field::moment(value, pointer).map_or_else(|| field::NOTHING.to_owned(), |at| time::ago(at, now));
        session.screen.pair(name, &at, Style::Plain)?;
    }
    if value.pointer("/last_result").is_some_and(Value::is_object) {
        let words = format!(
            "checked {}, repaired {}",
            field::shown(value, "/last_result/checked"),
            field::shown(value, "/last_result/repaired")
        );
        session.screen.pair("Result", &words, Style::Plain)?;
        let id = field::shown(value, "/last_result/operation_id");
        session
            .screen
            .note(&format!("What was repaired: counterfoil operation items {id}"));
    }
    Ok(Exit::Ok)
}

/// Links documents that are in Xero already.
pub async fn link(session: &mut Session<'_>, args: &LinkArgs) -> Result<Exit, Stop> {
    let tenant = tenant::chosen(session).await?;
    let body = match (&args.file, &args.host_ref, &args.document) {
        (Some(file), _, _) if file.as_os_str() == "-" => {
            let mut text = String::new();
            session.input.read_to_string(&mut text)?;
            text
        }
        (Some(file), _, _) => std::fs::read_to_string(file)
            .map_err(|error| Trouble::usage(format!("{} cannot be read", file.display())).because(error.to_string()))?,
        (None, Some(host_ref), Some(document)) => {
            let name = if document.parse::<XeroInvoiceId>().is_ok() {
                "xero_invoice_id"
            } else {
                "number"
            };
            json!({"links": [{"host_ref": host_ref, name: document}]}).to_string()
        }
        _ => return Err(Trouble::usage("Name the reference and the document in Xero").into()),
    };
    begin(session, format!("{}/invoices:link", tenant::path(&tenant)), body).await
}

/// Queues something, and waits for its end if that is wanted.
pub async fn begin(session: &mut Session<'_>, path: String, body: String) -> Result<Exit, Stop> {
    let queued = session.client.ask(Request::write("POST", path, body)).await?;
    let id = field::shown(&queued.value, "/operation/id");
    let Some(limit) = session.globals.wait else {
        if !session.shown_as_object(&queued)? {
            let words = field::shown(&queued.value, "/message");
            session.screen.line(&format!("{words} {id}"))?;
            let hint = format!("Follow it with: counterfoil operation watch {id}");
            session.screen.note(&hint);
            let hint = format!("Its result, document by document: counterfoil operation items {id}");
            session.screen.note(&hint);
        }
        return Ok(Exit::Ok);
    };
    session.screen.note(&format!("Queued {id}"));
    let ended = operation::until_final(session, &id, Some(limit)).await?;
    finish(session, &ended).await
}

/// Tells how an operation ended, and what became of each document.
pub async fn finish(session: &mut Session<'_>, ended: &Answer) -> Result<Exit, Stop> {
    let exit = operation::exit_of(&ended.value);
    if session.shown_as_object(ended)? {
        return Ok(exit);
    }
    let style = match exit {
        Exit::Ok => Style::Good,
        Exit::StillRunning => Style::Quiet,
        _ => Style::Bad,
    };
    let message = field::shown(&ended.value, "/message");
    session.screen.styled(&message, style)?;
    if operation::is_final(&ended.value) && field::count(&ended.value, "/counts/items") > 0 {
        show_items(session, &field::shown(&ended.value, "/id"), None).await?;
    }
    Ok(exit)
}

/// Shows the documents in the result of an operation.
pub async fn items(session: &mut Session<'_>, id: &str, state: Option<&str>) -> Result<Exit, Stop> {
    show_items(session, id, state).await?;
    Ok(Exit::Ok)
}

async fn show_items(session: &mut Session<'_>, id: &str, state: Option<&str>) -> Result<(), Stop> {
    let filter = state.map(|state| format!("&state={state}")).unwrap_or_default();
    let path = format!("/v1/operations/{}/items?limit=1000{filter}", segment(id));
    let answer = session.get(&path).await?;
    if session.shown_as_object(&answer)? {
        return Ok(());
    }
    let items = field::items(&answer.value, "/data");
    if items.is_empty() {
        session.screen.note("It has no such items.");
        return Ok(());
    }
    let mut table = Table::new(vec![
        Column::word("INVOICE"),
        Column::word("RESULT"),
        Column::sentence("DETAIL"),
    ]);
    for item in items.iter().take(ITEMS_SHOWN) {
        let style = match field::text(item, "/state").as_deref() {
            Some("succeeded") => Style::Good,
            Some("skipped") => Style::Quiet,
            _ => Style::Bad,
        };
        table.row(vec![
            field::shown(item, "/host_ref").into(),
            Cell::styled(field::shown(item, "/code"), style),
            field::shown(item, "/detail").into(),
        ]);
        for change in field::items(item, "/changes") {
            let words = format!(
                "{} → {}",
                field::shown(change, "/before"),
                field::shown(change, "/after")
            );
            table.row(vec!["".into(), field::shown(change, "/field").into(), words.into()]);
        }
    }
    session.screen.table(&table)?;
    if items.len() > ITEMS_SHOWN {
        let more = items.len().saturating_sub(ITEMS_SHOWN);
        session
            .screen
            .note(&format!("{more} more: counterfoil operation items {id} --jsonl"));
    }
    Ok(())
}
