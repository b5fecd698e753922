//! The switches of mutation tests: one module has them, everybody else only asks, and no plain
//! build contains them.

use std::collections::BTreeSet;

use crate::source::{Source, Token, tokens};

/// The module that has the switches.
pub const HOME: &str = "src/model/mutation.rs";
/// The feature that a build with switches needs.
pub const FEATURE: &str = "mutations";

/// Hidden state in decisions, features outside the one module, switches thrown by the program.
pub fn breaches(source: &Source) -> Vec<String> {
    if source.path == HOME || source.is_tests() {
        return Vec::new();
    }
    let words = tokens(&source.code);
    let text = |at: usize| words.get(at).map_or("", |word| word.text.as_str());
    let before = |at: usize, back: usize| at.checked_sub(back).map_or("", text);
    let decides = matches!(source.top(), "model" | "engine");
    let judges = source.top() == "sandbox";
    let mut found = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let place = format!("{}:{}", source.path, word.line);
        match word.text.as_str() {
            "static" | "thread_local" if decides && before(at, 1) != "'" => {
                found.push(format!("{place}: `{}` is state beside the machine", word.text));
            }
            "feature" if text(at + 1) == "=" => {
                found.push(format!("{place}: only {HOME} depends on a feature"));
            }
            "is_broken" if judges => found.push(format!("{place}: the sandbox judges and is never broken")),
            "Rule" if !judges && text(at + 1) == "::" && (before(at, 1) != "(" || before(at, 2) != "is_broken") => {
                found.push(format!(
                    "{place}: a rule may only be asked for with `is_broken(Rule::…)`"
                ));
            }
            "with_broken" => found.push(format!("{place}: only tests break rules")),
            _ => {}
        }
    }
    found
}

/// Rules whose switch nobody asks for.
pub fn unasked(home: &Source, sources: &[Source]) -> Vec<String> {
    let asked: BTreeSet<String> = sources
        .iter()
        .filter(|source| source.path != HOME && !source.is_tests())
        .flat_map(|source| rules_asked(&tokens(&source.code)))
        .collect();
    rules(home)
        .into_iter()
        .filter(|rule| !asked.contains(rule))
        .map(|rule| format!("{HOME}: nobody asks whether {rule} is broken"))
        .collect()
}

/// The names between `rules! {` and its brace.
pub fn rules(home: &Source) -> Vec<String> {
    let words = tokens(&home.code);
    let is_begin = |three: &[Token]| three.iter().map(|word| word.text.as_str()).eq(["rules", "!", "{"]);
    let Some(begin) = words.windows(3).position(is_begin) else {
        return Vec::new();
    };
    words
        .iter()
        .skip(begin + 3)
        .take_while(|word| word.text != "}")
        .filter(|word| word.text != ",")
        .map(|word| word.text.clone())
        .collect()
}

fn rules_asked(words: &[Token]) -> Vec<String> {
    let is_asked = |five: &&[Token]| {
        let mut texts = five.iter().map(|word| word.text.as_str());
        texts.by_ref().take(4).eq(["is_broken", "(", "Rule", "::"])
    };
    let named = words.windows(5).filter(is_asked).filter_map(|five| five.last());
    named.map(|word| word.text.clone()).collect()
}

/// A plain build without the switches: the feature exists, and no other one turns it on.
pub fn feature_breaches(manifest: &str) -> Vec<String> {
    let manifest: toml::Table = match manifest.parse() {
        Ok(manifest) => manifest,
        Err(error) => return vec![format!("Cargo.toml: {error}")],
    };
    let Some(features) = manifest.get("features").and_then(toml::Value::as_table) else {
        return vec![format!("Cargo.toml has no feature `{FEATURE}`")];
    };
    let mut found = Vec::new();
    if !features.contains_key(FEATURE) {
        found.push(format!("Cargo.toml has no feature `{FEATURE}`"));
    }
    for (name, turned_on) in features {
        let turned_on = turned_on.as_array().into_iter().flatten();
        if turned_on.filter_map(toml::Value::as_str).any(|on| on == FEATURE) {
            found.push(format!("Cargo.toml: the feature `{name}` turns on `{FEATURE}`"));
        }
    }
    found
}

// A plain build knows at compile time that no rule is broken: nothing a test could set exists.
#[cfg(not(feature = "mutations"))]
const _: () = assert!(!counterfoil::model::mutation::is_broken(
    counterfoil::model::mutation::Rule::WriteAhead
));
