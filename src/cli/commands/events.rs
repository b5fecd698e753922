//! The feed of events.

use std::collections::VecDeque;
use std::time::Duration;

use serde_json::Value;

use crate::cli::args::TailArgs;
use crate::cli::control::{Answer, Query, Request, Trouble};
use crate::cli::exit::Exit;
use crate::cli::session::Session;
use crate::cli::tenant;
use crate::cli::words::screen::Stop;
use crate::cli::words::{Form, field, time};
use crate::model::time::Timestamp;

/// Events read at once.
const PAGE: &str = "1000";
/// How long the daemon may hold a read for events that come.
const WAIT: Duration = Duration::from_secs(30);
/// Before a daemon that went away is asked again.
const AGAIN: Duration = Duration::from_secs(2);

/// Shows the latest events, and those that come.
pub async fn tail(session: &mut Session<'_>, args: &TailArgs) -> Result<Exit, Stop> {
    let tenant = match &session.globals.tenant {
        Some(_) => Some(tenant::chosen(session).await?),
        None => None,
    };
    let asked = Query::default()
        .with("limit", Some(PAGE))
        .with("tenant", tenant)
        .with("types", args.types.as_deref());
    let mut feed = Feed {
        asked,
        cursor: args.cursor.clone(),
    };
    let has_all = args.cursor.is_some() || session.screen.look().form == Form::Json;
    let mut latest: VecDeque<Value> = VecDeque::new();
    loop {
        let before = feed.cursor.clone();
        let page = feed.next(session, Duration::ZERO).await?;
        if has_all {
            show_page(session, &page)?;
        } else {
            latest.extend(field::items(&page.value, "/data").iter().cloned());
            let superfluous = latest.len().saturating_sub(args.lines);
            latest.drain(..superfluous);
        }
        // A page may be empty though more follows; only a place that stays is the end.
        if feed.cursor == before {
            break;
        }
    }
    for event in &latest {
        show_event(session, event)?;
    }
    if args.follow {
        return feed.follow(session).await;
    }
    if let Some(cursor) = &feed.cursor {
        session.screen.note(&format!(
            "Go on from here with: counterfoil events tail --cursor {cursor}"
        ));
    }
    Ok(Exit::Ok)
}

struct Feed {
    asked: Query,
    cursor: Option<String>,
}

impl Feed {
    /// What follows, as soon as there is something or `wait` is over.
    async fn next(&mut self, session: &Session<'_>, wait: Duration) -> Result<Answer, Trouble> {
        let query = self
            .asked
            .clone()
            .with("cursor", self.cursor.clone())
            .with("wait", Some(wait.as_secs().to_string()));
        let request = Request::get(query.on("/v1/events")).waiting(wait);
        let page = session.client.ask(request).await?;
        let next = page.value.get("next_cursor").and_then(Value::as_str);
        self.cursor = next.map(str::to_owned).or(self.cursor.take());
        Ok(page)
    }

    /// Shows what comes; a daemon that restarts is waited for, and nothing is missed meanwhile.
    async fn follow(mut self, session: &mut Session<'_>) -> Result<Exit, Stop> {
        let mut is_lost = false;
        loop {
            match self.next(session, WAIT).await {
                Ok(page) => {
                    is_lost = false;
                    if !field::items(&page.value, "/data").is_empty() {
                        show_page(session, &page)?;
                    }
                }
                Err(trouble) if trouble.exit == Exit::Unreachable => {
                    if !is_lost {
                        session.screen.note(&format!("{}; trying again", trouble.what));
                    }
                    is_lost = true;
                    tokio::time::sleep(AGAIN).await;
                }
                Err(trouble) => return Err(trouble.into()),
            }
        }
    }
}

fn show_page(session: &mut Session<'_>, page: &Answer) -> Result<(), Stop> {
    if session.shown_as_object(page)? {
        return Ok(());
    }
    field::items(&page.value, "/data")
        .iter()
        .try_for_each(|event| show_event(session, event))
}

fn show_event(session: &mut Session<'_>, event: &Value) -> Result<(), Stop> {
    if session.screen.is_for_people() {
        let now = session.now();
        session.screen.line(&line(event, now))
    } else {
        session.screen.line(&event.to_string())
    }
}

/// An event in one line: when, what, and what it says.
#[must_use]
pub fn line(event: &Value, now: Timestamp) -> String {
    let at = field::moment(event, "/timestamp").map(|at| time::clock(at, now));
    let mut line = format!("{}  {:<24}", at.unwrap_or_default(), field::shown(event, "/type"));
    let members = event.get("data").and_then(Value::as_object);
    for name in members.into_iter().flatten().map(|(name, _)| name) {
        let pointer = format!("/data/{}", name.replace('~', "~0").replace('/', "~1"));
        if let Some(text) = field::text(event, &pointer) {
            line.push_str(&format!("  {}={text}", field::clean(name)));
        }
    }
    line
}
