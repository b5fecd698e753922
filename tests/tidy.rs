//! The rules of the house: who imports whom, sizes, names, words. `tidy/bad_sources.rs` shows
//! that each rule finds what it is for.

#![expect(clippy::panic, reason = "a rule that cannot read the tree must fail")]

#[path = "tidy/damages.rs"]
mod damages;
#[path = "tidy/imports.rs"]
mod imports;
#[path = "tidy/limits.rs"]
mod limits;
#[path = "tidy/pages.rs"]
mod pages;
#[path = "tidy/source.rs"]
mod source;
#[path = "tidy/switches.rs"]
mod switches;
#[path = "tidy/words.rs"]
mod words;

#[cfg(test)]
#[path = "tidy/bad_sources.rs"]
mod bad_sources;

use std::fs;

use counterfoil::model::reason::ReasonCode;
use source::{Source, read, root, rust_files, walk};

#[track_caller]
fn none(breaches: &[String]) {
    assert!(breaches.is_empty(), "\n{}\n", breaches.join("\n"));
}

#[test]
fn imports_follow_the_table() {
    let tables = imports::Tables::read(&read("docs/ARCHITECTURE.md"));
    assert_eq!(tables.modules().count(), 11, "a row for each module");
    assert!(tables.packages().count() >= 4, "a row for each fenced package");
    let sources = rust_files("src");
    assert!(sources.len() > 20, "the tree was found");
    let breaches: Vec<String> = sources.iter().flat_map(|s| tables.breaches(s)).collect();
    none(&breaches);
}

#[test]
fn files_and_functions_keep_their_limits() {
    let breaches: Vec<String> = rust_files("src").iter().flat_map(limits::breaches).collect();
    none(&breaches);
}

#[test]
fn no_banned_word_is_written() {
    let breaches: Vec<String> = rust_files("src").iter().flat_map(words::breaches).collect();
    none(&breaches);
}

#[test]
fn the_switches_of_mutation_tests_stay_in_their_place() {
    let sources = rust_files("src");
    let Some(home) = sources.iter().find(|source| source.path == switches::HOME) else {
        panic!("{} is gone", switches::HOME);
    };
    assert!(switches::rules(home).len() > 30, "the rules were found");
    none(&switches::feature_breaches(&read("Cargo.toml")));
    none(&switches::unasked(home, &sources));
    none(&sources.iter().flat_map(switches::breaches).collect::<Vec<_>>());
}

#[test]
fn the_top_of_the_repository_holds_nothing_else() {
    let entries: Vec<String> = fs::read_dir(root())
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    assert!(entries.iter().any(|name| name == "Cargo.toml"));
    none(&limits::top_level_breaches(&entries, &read(".gitignore")));
}

#[test]
fn every_reason_has_a_page_and_every_page_a_reason() {
    let mut files = Vec::new();
    walk(&root().join("docs/how-to/reasons"), &mut files);
    let codes: Vec<&str> = ReasonCode::ALL.iter().map(|reason| reason.code()).collect();
    none(&pages::reason_breaches(&codes, &files));
    for reason in ReasonCode::ALL {
        let page = read(&format!("docs/how-to/reasons/{}.md", reason.code()));
        let headings: Vec<&str> = page.lines().filter(|line| line.starts_with('#')).collect();
        let title = format!("# {}", reason.title());
        let expected = [
            title.as_str(),
            "## What it means",
            "## What Counterfoil does by itself",
            "## What to do",
            "## How to see that it went away",
        ];
        assert_eq!(headings, expected, "{}", reason.code());
    }
}

/// In the whole-daemon tests by its code, or in those of the machine by its name.
#[test]
fn every_reason_is_provoked_by_a_test() {
    let mut files = Vec::new();
    walk(&root().join("tests/it"), &mut files);
    walk(&root().join("src/engine/tenant/tests"), &mut files);
    let texts: Vec<String> = files.iter().map(|file| read(file)).collect();
    let missing: Vec<&str> = ReasonCode::ALL
        .iter()
        .filter(|reason| {
            let names = [
                format!("\"{}\"", reason.code()),
                format!("R::{reason:?}"),
                format!("ReasonCode::{reason:?}"),
            ];
            !texts
                .iter()
                .any(|text| names.iter().any(|name| text.contains(name.as_str())))
        })
        .map(|reason| reason.code())
        .collect();
    assert!(missing.is_empty(), "no test provokes {missing:?}");
}

#[test]
fn the_list_of_metrics_is_that_of_the_program() {
    let rows = pages::metric_rows();
    let breaches = pages::metric_breaches(&read("docs/METRICS.md"), &rows);
    assert!(breaches.is_empty(), "the rows must be:\n{}", rows.join("\n"));
}

#[test]
fn the_page_of_the_control_api_has_the_routes_of_the_program() {
    none(&pages::api_breaches(&read("docs/reference/control-api.md")));
}

#[test]
fn the_page_of_damages_says_what_the_program_says() {
    let source = read("src/store/remedy.rs");
    none(&damages::breaches(
        &read("docs/how-to/disk-full-or-store-damaged.md"),
        &source,
    ));
}

#[test]
fn the_page_of_the_sandbox_has_the_capabilities_of_the_program() {
    none(&pages::capability_breaches(&read("docs/reference/sandbox.md")));
}

#[test]
fn each_behaviour_of_the_sandbox_has_a_test_that_names_it() {
    let sources = rust_files("src");
    let numbers: Vec<u8> = (1..=36).collect();
    none(&pages::behaviour_breaches(&numbers, &sources));
}

#[test]
fn the_shipped_configuration_has_the_keys_of_the_program() {
    none(&pages::config_breaches(&read("config/counterfoil.toml")));
}

#[test]
fn every_invariant_is_listed_and_its_test_exists() {
    let sources: Vec<Source> = ["src", "tests"].into_iter().flat_map(rust_files).collect();
    none(&pages::invariant_breaches(&read("docs/INVARIANTS.md"), 40, &sources));
}
