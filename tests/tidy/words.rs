//! Words that may not be written.

use crate::source::{Source, tokens};

/// Words of code that bring clocks, chance, waiting, logs or IO into decisions.
const IMPURE: [&str; 8] = ["async", "tokio", "actix", "reqwest", "sled", "hyper", "tracing", "rand"];
/// Calls that read a clock.
const CLOCKS: [[&str; 2]; 4] = [
    ["Utc", "now"],
    ["Local", "now"],
    ["Instant", "now"],
    ["SystemTime", "now"],
];
/// Marks of unfinished work, written exactly so.
const UNFINISHED_EXACT: [&str; 3] = ["TODO", "FIXME", "XXX"];
/// Marks of unfinished work, however they are written.
const UNFINISHED: [&str; 3] = ["unimplemented", "placeholder", "for now"];

/// Every banned word of `source`.
pub fn breaches(source: &Source) -> Vec<String> {
    let mut found = unfinished(source);
    if matches!(source.top(), "model" | "engine") {
        found.extend(impure(source));
    }
    found
}

fn impure(source: &Source) -> Vec<String> {
    let words = tokens(&source.code);
    let mut found: Vec<String> = words
        .iter()
        .filter(|word| IMPURE.contains(&word.text.as_str()))
        .map(|word| {
            format!(
                "{}:{}: `{}` may not be used in `{}`",
                source.path,
                word.line,
                word.text,
                source.top()
            )
        })
        .collect();
    for three in words.windows(3) {
        let [owner, joint, call] = three else {
            continue;
        };
        if joint.text == "::" && CLOCKS.contains(&[owner.text.as_str(), call.text.as_str()]) {
            found.push(format!(
                "{}:{}: `{}::{}` reads a clock",
                source.path, owner.line, owner.text, call.text
            ));
        }
    }
    found
}

fn unfinished(source: &Source) -> Vec<String> {
    let mut found = Vec::new();
    for (line, prose) in &source.prose {
        let lower = prose.to_lowercase();
        let exact = UNFINISHED_EXACT.iter().filter(|word| has_word(prose, word));
        let loose = UNFINISHED.iter().filter(|word| has_word(&lower, word));
        found.extend(
            exact
                .chain(loose)
                .map(|word| format!("{}:{line}: \"{word}\" marks work that is not finished", source.path)),
        );
    }
    found
}

/// Whether `word` stands in `text` by itself, not as a part of a longer word.
fn has_word(text: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, _)| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let behind = text.get(at + word.len()..).and_then(|behind| behind.chars().next());
        !before.is_some_and(is_part) && !behind.is_some_and(is_part)
    })
}
