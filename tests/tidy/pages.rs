//! Documents that must say what the code says.

use std::collections::BTreeSet;

use counterfoil::config::{KEYS, Key};
use counterfoil::http::Access;
use counterfoil::http::problem::ProblemCode;
use counterfoil::http::routes::ROUTES;
use counterfoil::observe::families::{FAMILIES, PREFIX};
use counterfoil::observe::meters::Spec;
use counterfoil::observe::metrics::PROCESS_FAMILIES;
use counterfoil::sandbox::capabilities::{CAPABILITIES, markdown};

use crate::source::{Source, tokens};

/// Codes without a page, and pages without a code.
pub fn reason_breaches(codes: &[&str], files: &[String]) -> Vec<String> {
    let pages: BTreeSet<&str> = files
        .iter()
        .filter_map(|file| file.rsplit('/').next()?.strip_suffix(".md"))
        .collect();
    let codes: BTreeSet<&str> = codes.iter().copied().collect();
    differences(&codes, &pages, "reason", "docs/how-to/reasons")
}

/// The rows that `docs/METRICS.md` must have, in order.
pub fn metric_rows() -> Vec<String> {
    let ours = FAMILIES
        .iter()
        .map(|spec| metric_row(&format!("{PREFIX}_{}", spec.name), spec));
    let process = PROCESS_FAMILIES.iter().map(|spec| metric_row(spec.name, spec));
    ours.chain(process).collect()
}

fn metric_row(name: &str, spec: &Spec) -> String {
    let labels: Vec<String> = spec
        .labels
        .iter()
        .map(|(label, values)| {
            let values = match *label {
                "version" => "the version".to_owned(),
                "reason" => "each code of how-to/reasons".to_owned(),
                "route" | "method" => "each of our routes, other".to_owned(),
                _ => values().join(", "),
            };
            format!("`{label}` ({values})")
        })
        .collect();
    let labels = if labels.is_empty() {
        "–".to_owned()
    } else {
        labels.join(", ")
    };
    format!("| `{name}` | {} | {labels} | {} |", spec.kind, spec.help)
}

/// Rows that the document lacks or has too many.
pub fn metric_breaches(document: &str, rows: &[String]) -> Vec<String> {
    let written: BTreeSet<&str> = document.lines().filter(|line| line.starts_with("| `")).collect();
    let wanted: BTreeSet<&str> = rows.iter().map(String::as_str).collect();
    differences(&wanted, &written, "row", "docs/METRICS.md")
}

/// Routes and refusals that the page of the control API lacks or has too many. The first three
/// cells of a route's row and the first two of a refusal's row are compared.
pub fn api_breaches(document: &str) -> Vec<String> {
    let routes: Vec<String> = ROUTES
        .iter()
        .map(|route| {
            let scope = match route.access {
                Access::Open => "open".to_owned(),
                Access::Needs(scope) => format!("`{}`", scope.name()),
            };
            format!("`{}` `{}` {scope}", route.verb.name(), route.pattern)
        })
        .collect();
    let refusals: Vec<String> = ProblemCode::ALL
        .iter()
        .map(|code| format!("{} `{}`", code.status(), code.code()))
        .collect();
    let is_method = |cell: &str| ["`GET`", "`PUT`", "`POST`", "`PATCH`", "`DELETE`"].contains(&cell);
    let is_status = |cell: &str| cell.len() == 3 && cell.parse::<u16>().is_ok();
    let mut found = compared(&routes, &rows_that(document, is_method, 3), "route");
    found.extend(compared(&refusals, &rows_that(document, is_status, 2), "error"));
    found
}

/// What is wrong with the table of what the sandbox simulates: the page must hold it as the program
/// writes it, and the numbers must be 1 to 36 in order.
pub fn capability_breaches(document: &str) -> Vec<String> {
    let mut found = Vec::new();
    let numbers: Vec<u8> = CAPABILITIES.iter().map(|capability| capability.number).collect();
    if numbers != (1..=36).collect::<Vec<u8>>() {
        found.push("the behaviours are not numbered 1 to 36".to_owned());
    }
    let table = markdown();
    if !document.contains(&table) {
        found.push(format!("docs/reference/sandbox.md must hold this table:\n{table}"));
    }
    found
}

/// Behaviours without a test that is called `behaviour_<number>_…`.
pub fn behaviour_breaches(numbers: &[u8], sources: &[Source]) -> Vec<String> {
    let tests: Vec<String> = sources.iter().flat_map(|source| test_names(&source.code)).collect();
    let is_proven = |number: &u8| {
        let start = format!("behaviour_{number}_");
        tests.iter().any(|name| name.starts_with(&start))
    };
    let unproven = numbers.iter().filter(|number| !is_proven(number));
    unproven
        .map(|number| format!("no test is called behaviour_{number}_…"))
        .collect()
}

/// The first `count` cells of every table row whose first cell `begins` likes.
fn rows_that(document: &str, begins: impl Fn(&str) -> bool, count: usize) -> Vec<String> {
    document
        .lines()
        .filter_map(|line| line.strip_prefix("| "))
        .map(|row| row.split('|').map(str::trim).collect::<Vec<_>>())
        .filter(|cells| cells.len() > count && cells.first().is_some_and(|cell| begins(cell)))
        .map(|cells| cells.into_iter().take(count).collect::<Vec<_>>().join(" "))
        .collect()
}

fn compared(wanted: &[String], written: &[String], what: &str) -> Vec<String> {
    let wanted: BTreeSet<&str> = wanted.iter().map(String::as_str).collect();
    let written: BTreeSet<&str> = written.iter().map(String::as_str).collect();
    differences(&wanted, &written, what, "docs/reference/control-api.md")
}

/// Keys of the program that the shipped file lacks, and the other way round. Keys that are
/// commented out (`# key = value`) count, and their values must be TOML too.
pub fn config_breaches(shipped: &str) -> Vec<String> {
    let uncommented: String = shipped
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(rest) if is_assignment(rest) => format!("{rest}\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    let table: toml::Table = match uncommented.parse() {
        Ok(table) => table,
        Err(error) => return vec![format!("config/counterfoil.toml: {error}")],
    };
    let mut written = BTreeSet::new();
    leaves("", &table, &mut written);
    let written: BTreeSet<&str> = written.iter().map(String::as_str).collect();
    let known: Vec<String> = KEYS.iter().copied().flatten().map(Key::path).collect();
    let known: BTreeSet<&str> = known.iter().map(String::as_str).collect();
    differences(&known, &written, "key", "config/counterfoil.toml")
}

fn is_assignment(line: &str) -> bool {
    line.split_once(" = ")
        .is_some_and(|(name, _)| !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c == '_'))
}

fn leaves(section: &str, table: &toml::Table, found: &mut BTreeSet<String>) {
    for (name, value) in table {
        let path = if section.is_empty() {
            name.clone()
        } else {
            format!("{section}.{name}")
        };
        match value {
            toml::Value::Table(table) => leaves(&path, table, found),
            _ => drop(found.insert(path)),
        }
    }
}

/// Promises whose tests do not exist, and numbers that are missing or there twice. Those of the
/// protocol are `1..=protocol_count`; each stands in the table (proven) or in the list (not yet).
pub fn invariant_breaches(document: &str, protocol_count: usize, sources: &[Source]) -> Vec<String> {
    let functions: BTreeSet<String> = sources.iter().flat_map(|source| test_names(&source.code)).collect();
    let mut found = Vec::new();
    let mut numbers = Vec::new();
    for line in document.lines() {
        if let Some(row) = line.strip_prefix("| ") {
            let cells: Vec<&str> = row.split('|').map(str::trim).collect();
            let Some(number) = cells.first().and_then(|cell| cell.parse::<usize>().ok()) else {
                continue;
            };
            numbers.push(number);
            let tests: Vec<&str> = cells
                .get(2)
                .map(|cell| cell.split('`').skip(1).step_by(2).collect())
                .unwrap_or_default();
            if tests.is_empty() {
                found.push(format!("invariant {number} names no test"));
            }
            for test in tests.iter().filter(|test| !functions.contains(**test)) {
                found.push(format!("invariant {number} names the test `{test}`, which is nowhere"));
            }
        } else if let Some((number, _)) = line.split_once(". ")
            && let Ok(number) = number.parse()
        {
            numbers.push(number);
        }
    }
    for number in 1..=protocol_count {
        if numbers.iter().filter(|listed| **listed == number).count() != 1 {
            found.push(format!("invariant {number} must be listed exactly once"));
        }
    }
    found
}

/// Names of the functions below a `#[test]` (or any attribute that ends in `test]`).
fn test_names(code: &str) -> Vec<String> {
    let words = tokens(code);
    let mut found = Vec::new();
    let mut is_test = false;
    for (word, next) in words.iter().zip(words.iter().skip(1)) {
        if word.text == "test" && next.text == "]" {
            is_test = true;
        }
        if is_test && word.text == "fn" {
            found.push(next.text.clone());
            is_test = false;
        }
    }
    found
}

fn differences(wanted: &BTreeSet<&str>, written: &BTreeSet<&str>, what: &str, place: &str) -> Vec<String> {
    let missing = wanted
        .difference(written)
        .map(|name| format!("{place} lacks the {what} {name}"));
    let extra = written
        .difference(wanted)
        .map(|name| format!("{place} has the {what} {name}, which the code has not"));
    missing.chain(extra).collect()
}
