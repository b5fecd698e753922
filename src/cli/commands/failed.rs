//! Sends again what failed, and acknowledges it: many invoices at once.

use std::time::Duration;

use serde_json::{Value, json};

use crate::cli::args::{FailedAckArgs, FailedResyncArgs, FailedSelection};
use crate::cli::commands::sync::together;
use crate::cli::commands::{invoices, jobs, operation};
use crate::cli::control::{Answer, Request, Trouble};
use crate::cli::exit::Exit;
use crate::cli::session::Session;
use crate::cli::tenant;
use crate::cli::words::screen::{Stop, Style};
use crate::cli::words::{field, number};
use crate::model::ids::InvoiceId;
use crate::model::labels::REMAINING;

/// One request for many invoices.
struct Order {
    /// Where it goes; the organisation in it, if it is about one.
    path: String,
    selection: Value,
    /// Why, under the name it has there.
    why: (&'static str, Option<String>),
}

impl Order {
    fn body(&self, expected: Option<u64>) -> String {
        let mut selection = self.selection.clone();
        if let (Value::Object(fields), Some(expected)) = (&mut selection, expected)
            && fields.contains_key("filter")
        {
            fields.insert("expected_count".to_owned(), expected.into());
        }
        let mut body = json!({ "selection": selection });
        if let (Value::Object(fields), (name, Some(why))) = (&mut body, &self.why) {
            fields.insert((*name).to_owned(), why.as_str().into());
        }
        body.to_string()
    }
}

/// Sends what failed again.
pub async fn resync(session: &mut Session<'_>, args: &FailedResyncArgs) -> Result<Exit, Stop> {
    let is_one = !args.selection.invoices.is_empty() || session.globals.tenant.is_some();
    let tenant = if is_one {
        Some(tenant::chosen(session).await?)
    } else {
        None
    };
    let selection = selection(session, &args.selection, tenant.as_deref()).await?;
    let order = Order {
        path: match &tenant {
            Some(tenant) => format!("{}/resyncs", tenant::path(tenant)),
            None => "/v1/resyncs".to_owned(),
        },
        selection,
        why: ("reason", args.because.clone()),
    };
    let Some(count) = agree(session, &order, args.selection.dry_run).await? else {
        return Ok(Exit::Ok);
    };
    if tenant.is_some() {
        return go(session, &order, count).await;
    }
    let queued = session
        .client
        .ask(Request::write("POST", order.path.clone(), order.body(Some(count))))
        .await?;
    follow_all(session, &queued).await
}

/// Somebody looked at what failed.
pub async fn acknowledge(session: &mut Session<'_>, args: &FailedAckArgs) -> Result<Exit, Stop> {
    let tenant = tenant::chosen(session).await?;
    let order = Order {
        path: format!("{}/invoices:acknowledge", tenant::path(&tenant)),
        selection: selection(session, &args.selection, Some(&tenant)).await?,
        why: ("note", args.note.clone()),
    };
    let Some(count) = agree(session, &order, args.selection.dry_run).await? else {
        return Ok(Exit::Ok);
    };
    go(session, &order, count).await
}

/// The selection as the API takes it.
async fn selection(session: &mut Session<'_>, args: &FailedSelection, tenant: Option<&str>) -> Result<Value, Stop> {
    if args.invoices.is_empty() {
        let has_state = |filter: &str| filter.split_whitespace().any(|word| word.starts_with("state:"));
        let filter = match (&args.reason, &args.filter) {
            (Some(reason), _) => format!("state:failed reason:{reason}"),
            (None, Some(filter)) if has_state(filter) => filter.clone(),
            (None, Some(filter)) => format!("state:failed {filter}"),
            (None, None) => "state:failed".to_owned(),
        };
        return Ok(json!({ "filter": filter }));
    }
    let mut ids = Vec::new();
    for name in names(session, &args.invoices)? {
        let is_exact = name.parse::<InvoiceId>().is_ok() || name.starts_with("ref:");
        match tenant {
            Some(tenant) if !is_exact => {
                let path = invoices::find(session, tenant, &name).await?;
                ids.push(field::shown(&session.get(&path).await?.value, "/id"));
            }
            _ => ids.push(name),
        }
    }
    Ok(json!({ "ids": ids }))
}

/// What was typed; `-` stands for the lines of standard input.
pub fn names(session: &mut Session<'_>, typed: &[String]) -> Result<Vec<String>, Stop> {
    if typed != ["-"] {
        return Ok(typed.to_vec());
    }
    let mut text = String::new();
    session.input.read_to_string(&mut text)?;
    let lines: Vec<String> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect();
    if lines.is_empty() {
        return Err(Trouble::usage("Standard input names no invoice").into());
    }
    Ok(lines)
}

/// Tells what would be done, and asks whether it may be. `None` = there is nothing more to do.
async fn agree(session: &mut Session<'_>, order: &Order, is_dry: bool) -> Result<Option<u64>, Stop> {
    let path = format!("{}?dry_run=true", order.path);
    let planned = session
        .client
        .ask(Request::write("POST", path, order.body(None)))
        .await?;
    let count = field::count(&planned.value, "/plan/invoices");
    let question = question(&planned.value);
    if is_dry {
        if !session.shown_as_object(&planned)? {
            session.screen.line(&question)?;
        }
        return Ok(None);
    }
    if count == 0 {
        if !session.shown_as_object(&planned)? {
            session.screen.line("No invoice fits: nothing was done.")?;
        }
        return Ok(None);
    }
    session.confirm(&question)?;
    Ok(Some(count))
}

fn question(planned: &Value) -> String {
    let calls = field::count(planned, "/estimate/calls");
    let word = if calls == 1 { "call" } else { "calls" };
    format!(
        "This selects {} in {} (≈ {} Xero {word}).",
        number::counted(field::count(planned, "/plan/invoices"), "invoice"),
        number::counted(field::count(planned, "/plan/organisations"), "organisation"),
        number::count(calls),
    )
}

async fn go(session: &mut Session<'_>, order: &Order, count: u64) -> Result<Exit, Stop> {
    let exit = jobs::begin(session, order.path.clone(), order.body(Some(count))).await?;
    remind(session, exit);
    Ok(exit)
}

fn remind(session: &mut Session<'_>, exit: Exit) {
    if matches!(exit, Exit::PartlyFailed | Exit::Failed) {
        session.screen.note(REMAINING);
    }
}

/// Tells of the operations of several organisations, and waits for all of them if that is wanted.
async fn follow_all(session: &mut Session<'_>, queued: &Answer) -> Result<Exit, Stop> {
    let operations = field::items(&queued.value, "/operations");
    let refused = field::items(&queued.value, "/refused");
    for refusal in refused {
        let what = format!(
            "{}: {}",
            field::shown(refusal, "/tenant"),
            field::shown(refusal, "/detail")
        );
        session
            .screen
            .trouble(&Trouble::new(Exit::Failed, &field::shown(refusal, "/code"), what));
    }
    let mut ends: Vec<Exit> = refused.iter().map(|_| Exit::Failed).collect();
    let Some(limit) = session.globals.wait else {
        if !session.shown_as_object(queued)? {
            for operation in operations {
                let id = field::shown(operation, "/id");
                session
                    .screen
                    .line(&format!("{} {id}", field::shown(&queued.value, "/message")))?;
                session
                    .screen
                    .note(&format!("Follow it with: counterfoil operation watch {id}"));
            }
        }
        ends.extend(operations.iter().map(|_| Exit::Ok));
        return Ok(together(&ends));
    };
    let began = session.clock.now().mono;
    for operation in operations {
        let id = field::shown(operation, "/id");
        let spent = Duration::from_millis(session.clock.now().mono.since_ms(began));
        let ended = operation::until_final(session, &id, Some(limit.saturating_sub(spent))).await?;
        if operations.len() > 1 && session.screen.is_for_people() {
            session
                .screen
                .styled(&field::shown(&ended.value, "/tenant_id"), Style::Strong)?;
        }
        ends.push(jobs::finish(session, &ended).await?);
    }
    let exit = together(&ends);
    remind(session, exit);
    Ok(exit)
}
