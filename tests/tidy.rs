//! The rules of the house: who imports whom, sizes, names, words. `tidy/bad_sources.rs` shows
//! that each rule finds what it is for.

#![expect(clippy::panic, reason = "a rule that cannot read the tree must fail")]

#[path = "tidy/imports.rs"]
mod imports;
#[path = "tidy/limits.rs"]
mod limits;
#[path = "tidy/source.rs"]
mod source;
#[path = "tidy/words.rs"]
mod words;

#[cfg(test)]
#[path = "tidy/bad_sources.rs"]
mod bad_sources;

use std::fs;

use source::{read, root, rust_files};

#[track_caller]
fn none(breaches: &[String]) {
    assert!(breaches.is_empty(), "\n{}\n", breaches.join("\n"));
}

#[test]
fn imports_follow_the_table() {
    let tables = imports::Tables::read(&read("docs/ARCHITECTURE.md"));
    assert_eq!(tables.modules().count(), 11, "a row for each module");
    assert!(
        tables.packages().count() >= 4,
        "a row for each fenced package"
    );
    let sources = rust_files("src");
    assert!(sources.len() > 20, "the tree was found");
    let breaches: Vec<String> = sources.iter().flat_map(|s| tables.breaches(s)).collect();
    none(&breaches);
}

#[test]
fn files_and_functions_keep_their_limits() {
    let breaches: Vec<String> = rust_files("src")
        .iter()
        .flat_map(limits::breaches)
        .collect();
    none(&breaches);
}

#[test]
fn no_banned_word_is_written() {
    let breaches: Vec<String> = rust_files("src").iter().flat_map(words::breaches).collect();
    none(&breaches);
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
