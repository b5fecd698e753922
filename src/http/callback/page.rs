//! The pages.

use std::fmt::{self, Display, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use crate::actors::control::{ConnectView, Connected, Offered, Standing};
use crate::http::problem::Problem;
use crate::model::connection::{ConnectionState, Gate};

const STYLE: &str = include_str!("style.css");
/// How Xero names the organisations that one can try things on.
const DEMO_COMPANY: &str = "Demo Company";

/// A page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The status.
    pub status: u16,
    /// All of it.
    pub html: String,
}

/// Text between tags or in a quoted attribute.
struct Escaped<'a>(&'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for letter in self.0.chars() {
            match letter {
                '&' => out.write_str("&amp;")?,
                '<' => out.write_str("&lt;")?,
                '>' => out.write_str("&gt;")?,
                '"' => out.write_str("&quot;")?,
                '\'' => out.write_str("&#39;")?,
                other => out.write_char(other)?,
            }
        }
        Ok(())
    }
}

/// What a browser may do with the pages: show them in their own style and send their form back.
pub fn policy() -> String {
    let style = STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    )
}

/// The organisations of a consent, to choose from.
pub fn choose(view: &ConnectView, offered: &[Offered], ticket: &str, trouble: Option<&str>) -> Page {
    let is_served = |found: &Offered| {
        let served = [ConnectionState::Active, ConnectionState::PendingCredits];
        served.map(Standing::Known).contains(&found.standing)
    };
    let may_choose = !offered.iter().all(is_served);
    let (title, words) = match (may_choose, view.reconnects) {
        (true, None) => (
            "Choose organisations",
            "Your consent at Xero reaches these. Only what you tick is connected.",
        ),
        (true, Some(_)) => (
            "Connect again",
            "Your consent reaches the organisation that was to be connected again.",
        ),
        (false, _) => (
            "Everything is connected already",
            "Your consent at Xero reaches these and no other.",
        ),
    };
    let mut main = format!("<h1>{title}</h1>\n<p class=\"soft\">{words}</p>\n");
    if let Some(trouble) = trouble {
        add(
            &mut main,
            format_args!("<p class=\"note bad\" role=\"alert\">{}</p>\n", Escaped(trouble)),
        );
    }
    main.push_str("<form method=\"post\">\n");
    add(
        &mut main,
        format_args!(
            "<input type=\"hidden\" name=\"choice\" value=\"{}\">\n",
            Escaped(ticket)
        ),
    );
    main.push_str(if offered.len() == 1 {
        "<fieldset>\n<legend>Organisation</legend>\n"
    } else {
        "<fieldset>\n<legend>Organisations</legend>\n"
    });
    for organisation in offered {
        if is_served(organisation) {
            served(&mut main, organisation, may_choose);
        } else {
            choice(&mut main, organisation, trouble.is_none() && offered.len() == 1);
        }
    }
    main.push_str("</fieldset>\n");
    if offered.iter().any(|found| found.standing == Standing::New) {
        sending(&mut main, view.observe);
    }
    main.push_str(if may_choose {
        "<div class=\"buttons\"><button class=\"first\" name=\"decision\" value=\"connect\">Connect</button>\
         <button name=\"decision\" value=\"cancel\">Cancel</button></div>\n</form>\n"
    } else {
        "<div class=\"buttons\"><button class=\"first\" name=\"decision\" value=\"connect\">Done</button></div>\n</form>\n"
    });
    let status = if trouble.is_some() { 422 } else { 200 };
    page(status, title, &main)
}

/// An organisation that is connected: there is nothing to choose about it. Where none is left to
/// choose, the form brings it back all the same.
fn served(main: &mut String, organisation: &Offered, may_choose: bool) {
    if !may_choose {
        let id = organisation.xero_id;
        add(
            main,
            format_args!("<input type=\"hidden\" name=\"tenant\" value=\"{id}\">\n"),
        );
    }
    add(
        main,
        format_args!(
            "<p class=\"choice fixed\"><span><strong>{}</strong><small>Connected already</small></span></p>\n",
            Escaped(&organisation.name),
        ),
    );
}

/// An organisation that can be chosen. Ticked at first are those that are to be connected again, and
/// the only one; among several new ones nobody but the person knows.
fn choice(main: &mut String, organisation: &Offered, is_only: bool) {
    let (words, is_ticked) = match organisation.standing {
        Standing::New if organisation.name.starts_with(DEMO_COMPANY) => {
            ("Xero's demo company: good to try things on", is_only)
        }
        Standing::New => ("Not connected yet", is_only),
        Standing::Known(ConnectionState::Disconnected) => {
            ("Was disconnected: its links and settings are still here", is_only)
        }
        Standing::Known(_) => ("Connects again: what waits goes out afterwards", true),
    };
    let checked = if is_ticked { " checked" } else { "" };
    add(
        main,
        format_args!(
            "<label class=\"choice\"><input type=\"checkbox\" name=\"tenant\" value=\"{}\"{checked}>\
             <span><strong>{}</strong><small>{words}</small></span></label>\n",
            organisation.xero_id,
            Escaped(&organisation.name),
        ),
    );
}

fn sending(main: &mut String, observe: bool) {
    let checked = |is: bool| if is { " checked" } else { "" };
    add(
        main,
        format_args!(
            "<fieldset>\n<legend>New organisations start with</legend>\n\
             <label class=\"choice\"><input type=\"radio\" name=\"sending\" value=\"auto\"{}>\
             <span><strong>Sending by itself</strong><small>New invoices go to Xero. Older ones do not.</small></span></label>\n\
             <label class=\"choice\"><input type=\"radio\" name=\"sending\" value=\"observe\"{}>\
             <span><strong>Watching only</strong><small>Nothing is sent until somebody turns it on.</small></span></label>\n\
             </fieldset>\n",
            checked(!observe),
            checked(observe),
        ),
    );
}

/// What was connected.
pub fn connected(connected: &[Connected]) -> Page {
    if connected.is_empty() {
        let main = "<h1>Nothing was connected</h1>\n\
             <p>You chose no organisation, so nothing changed here.</p>\n\
             <p class=\"soft\">Xero still lists this app for the organisations you allowed. Remove it there under \
             Settings, Connected apps, or start again with <code>counterfoil connect</code>.</p>\n";
        return page(200, "Nothing was connected", main);
    }
    let names: Vec<&str> = connected
        .iter()
        .map(|connected| connected.tenant.name.as_str())
        .collect();
    let names = names.join(", ");
    let mut main = format!(
        "<h1>Connected: {}</h1>\n<p>You can close this tab.</p>\n<ul>\n",
        Escaped(&names)
    );
    for Connected { tenant, .. } in connected {
        let state = if tenant.connection.gate == Gate::CatchingUp {
            "Reads what changed meanwhile, then sends what waits"
        } else if tenant.settings.auto_sync.enabled {
            "Sends new invoices by itself"
        } else {
            "Watches only"
        };
        add(
            &mut main,
            format_args!(
                "<li><strong>{}</strong><span>{state}</span></li>\n",
                Escaped(&tenant.name)
            ),
        );
    }
    main.push_str("</ul>\n<p class=\"soft\">Next, in a terminal: <code>counterfoil status</code></p>\n");
    page(200, "Connected", &main)
}

/// Why it does not go on, and what to do.
pub fn refused(problem: &Problem) -> Page {
    let mut main = format!(
        "<h1>{}</h1>\n<p class=\"note warn\" role=\"alert\">{}</p>\n<h2>What to do</h2>\n<p>{}</p>\n",
        Escaped(problem.code.title()),
        Escaped(&problem.detail),
        with_commands(problem.fix()),
    );
    add(
        &mut main,
        format_args!("<p class=\"soft\">Code: <code>{}</code></p>\n", problem.code.code()),
    );
    page(problem.code.status(), problem.code.title(), &main)
}

/// A text of ours whose commands look like what is typed.
fn with_commands(text: &str) -> String {
    let mut shown = Escaped(text).to_string();
    for command in ["counterfoil connect", "counterfoil tenants disconnect"] {
        shown = shown.replace(command, &format!("<code>{command}</code>"));
    }
    shown
}

/// Somebody came with nothing.
pub fn nothing_brought() -> Page {
    let main = "<h1>There is nothing to do here</h1>\n\
         <p>This is where Xero sends you back after your consent, and it sent nothing along.</p>\n\
         <h2>What to do</h2>\n<p>Start with <code>counterfoil connect</code>.</p>\n";
    page(400, "Nothing to do", main)
}

fn page(status: u16, title: &str, main: &str) -> Page {
    let title = Escaped(title);
    let html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title} · Counterfoil</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <header><span></span>Counterfoil</header>\n<main>\n<div class=\"card\">\n{main}</div>\n</main>\n</body>\n</html>\n"
    );
    Page { status, html }
}

fn add(out: &mut String, text: fmt::Arguments<'_>) {
    // Writing into a String cannot fail.
    if out.write_fmt(text).is_err() {
        out.clear();
    }
}
