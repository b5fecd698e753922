//! The page on which a person looks at the calls.

use super::html::{Escaped, frame, put};
use crate::sandbox::gate::journal::Row;
use crate::sandbox::seed::TenantName;
use crate::sandbox::wire::{Answer, Params, date};

/// Longer bodies are cut on the page, in characters.
const BODY_CHARS_MAX: usize = 4_000;

/// What the page shows.
#[derive(Debug)]
pub struct View<'a> {
    /// The calls, newest first.
    pub rows: &'a [&'a Row],
    /// How many there are in all.
    pub calls: usize,
    /// How many violations were counted.
    pub violations: usize,
    /// How many faults wait.
    pub faults: usize,
    /// The organisations.
    pub tenants: &'a [TenantName],
    /// The filter as it was asked for.
    pub asked: &'a Params,
}

/// The page itself.
pub fn page(view: &View<'_>) -> Answer {
    let mut main = String::from("<h1>Calls</h1>\n");
    figures(&mut main, view);
    filter(&mut main, view);
    if view.rows.is_empty() {
        main.push_str("<p class=\"soft\">No call fits.</p>\n");
    } else {
        table(&mut main, view);
    }
    Answer::page(200, frame("Calls", "inspector", &main))
}

fn figures(main: &mut String, view: &View<'_>) {
    let View {
        calls,
        violations,
        faults,
        ..
    } = view;
    let kind = if *violations == 0 { "good" } else { "bad" };
    let ending = |count: usize| if count == 1 { "" } else { "s" };
    let (call_s, violation_s, fault_s) = (ending(*calls), ending(*violations), ending(*faults));
    put(
        main,
        format_args!(
            "<ul class=\"figures\"><li><strong>{calls}</strong> call{call_s}</li>\
             <li class=\"{kind}\"><a href=\"/_sandbox/violations\"><strong>{violations}</strong> violation{violation_s}</a></li>\
             <li><a href=\"/_sandbox/faults\"><strong>{faults}</strong> fault{fault_s} waiting</a></li>\
             <li><a href=\"/_sandbox/webhooks\">Webhooks</a></li></ul>\n"
        ),
    );
}

fn filter(main: &mut String, view: &View<'_>) {
    let value = |name: &str| view.asked.get(name).unwrap_or_default().to_owned();
    main.push_str("<form method=\"get\" action=\"/_sandbox/\" class=\"filter\">\n");
    main.push_str("<label>Organisation <select name=\"tenant\"><option value=\"\">All</option>");
    for tenant in view.tenants {
        let id = tenant.tenant_id.to_string();
        let chosen = if value("tenant") == id { " selected" } else { "" };
        let name = Escaped(&tenant.name);
        put(main, format_args!("<option value=\"{id}\"{chosen}>{name}</option>"));
    }
    main.push_str("</select></label>\n<label>Method <select name=\"method\"><option value=\"\">All</option>");
    for method in ["GET", "PUT", "POST", "DELETE"] {
        let chosen = if value("method") == method { " selected" } else { "" };
        put(main, format_args!("<option{chosen}>{method}</option>"));
    }
    let (path, status) = (value("path"), value("status"));
    put(
        main,
        format_args!(
            "</select></label>\n<label>Path, may end in * <input name=\"path\" value=\"{}\"></label>\n\
             <label>Status: 429, 4xx, none <input name=\"status\" value=\"{}\"></label>\n\
             <button class=\"first\">Show</button></form>\n",
            Escaped(&path),
            Escaped(&status)
        ),
    );
}

fn table(main: &mut String, view: &View<'_>) {
    main.push_str(
        "<div class=\"wide\" role=\"region\" aria-label=\"Calls\" tabindex=\"0\"><table>\n\
         <caption>Newest first</caption>\n<thead><tr><th scope=\"col\">No.</th>\
         <th scope=\"col\">Time (UTC)</th><th scope=\"col\">Call</th><th scope=\"col\">Organisation</th>\
         <th scope=\"col\">Status</th><th scope=\"col\">Fault</th><th scope=\"col\">Bytes</th></tr></thead>\n<tbody>\n",
    );
    for row in view.rows {
        let name = view.tenants.iter().find(|tenant| Some(tenant.tenant_id) == row.tenant);
        let name = name.map_or("–", |tenant| tenant.name.as_str());
        let (status, kind) = status(row);
        put(
            main,
            format_args!(
                "<tr><td class=\"number\">{}</td><td>{}</td><td>",
                row.seq,
                date::event_text(row.at_ms).replace('T', " ")
            ),
        );
        call(main, row);
        put(
            main,
            format_args!(
                "</td><td>{}</td><td><span class=\"pill {kind}\">{status}</span></td><td>{}</td>\
                 <td class=\"number\">{}</td></tr>\n",
                Escaped(name),
                Escaped(row.fault.unwrap_or("–")),
                row.bytes
            ),
        );
    }
    main.push_str("</tbody></table></div>\n");
}

/// Method and path; the bodies unfold where they are kept.
fn call(main: &mut String, row: &Row) {
    let query = if row.query.is_empty() {
        String::new()
    } else {
        format!("?{}", row.query)
    };
    let line = format!("{} {}{query}", row.method, row.path);
    let bodies = row.bodies.as_ref();
    let parts = bodies.map(|bodies| [("Request", &bodies.request), ("Answer", &bodies.answer)]);
    let parts: Vec<_> = parts
        .into_iter()
        .flatten()
        .filter(|(_, body)| !body.is_empty())
        .collect();
    if parts.is_empty() {
        return put(main, format_args!("<code>{}</code>", Escaped(&line)));
    }
    put(
        main,
        format_args!("<details><summary><code>{}</code></summary>", Escaped(&line)),
    );
    for (name, body) in parts {
        let text = String::from_utf8_lossy(body);
        let shown: String = text.chars().take(BODY_CHARS_MAX).collect();
        let rest = if shown.len() < text.len() { "\n…" } else { "" };
        put(
            main,
            format_args!("<h3>{name}</h3><pre tabindex=\"0\">{}{rest}</pre>", Escaped(&shown)),
        );
    }
    main.push_str("</details>");
}

fn status(row: &Row) -> (String, &'static str) {
    match row.status {
        Some(status) => {
            let kind = match status {
                200..=399 => "good",
                429 | 503 => "warn",
                _ => "bad",
            };
            (status.to_string(), kind)
        }
        None => ("no answer".to_owned(), "bad"),
    }
}
