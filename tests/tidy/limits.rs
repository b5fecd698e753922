//! Sizes, names and places of files.

use crate::source::{Source, Token, tokens};

/// Most lines of a file, tests apart.
pub const FILE_LINES_MAX: usize = 400;
/// Most lines with code in the body of a function, tests apart.
pub const FUNCTION_LINES_MAX: usize = 70;
/// Names that say nothing about a role.
pub const BANNED_NAMES: [&str; 10] = [
    "util", "utils", "common", "manager", "managers", "helper", "helpers", "misc", "imp", "stuff",
];
/// What may lie at the top of the repository, besides files whose name begins with a dot.
pub const TOP_LEVEL: [&str; 11] = [
    "Cargo.toml",
    "Cargo.lock",
    "src",
    "config",
    "systemd",
    "tests",
    "docs",
    "README.md",
    "LICENSE",
    "CHANGELOG.md",
    "clippy.toml",
];

/// Every size, name or place of `source` that is against the rules.
pub fn breaches(source: &Source) -> Vec<String> {
    let mut found = Vec::new();
    let path = &source.path;
    for part in path.split('/') {
        let stem = part.strip_suffix(".rs").unwrap_or(part);
        if BANNED_NAMES.contains(&stem) {
            found.push(format!("{path}: `{stem}` names no role"));
        }
    }
    let words = tokens(&source.code);
    if path.ends_with("/mod.rs") {
        found.extend(
            functions(&words).map(|(name, line, _)| format!("{path}:{line}: mod.rs holds the function `{name}`")),
        );
    }
    if source.is_tests() {
        return found;
    }
    let lines_count = source.text.lines().count();
    if lines_count > FILE_LINES_MAX {
        found.push(format!("{path}: {lines_count} lines, {FILE_LINES_MAX} are allowed"));
    }
    found.extend(
        functions(&words)
            .filter(|(_, _, lines_count)| *lines_count > FUNCTION_LINES_MAX)
            .map(|(name, line, lines_count)| {
                format!("{path}:{line}: `{name}` has {lines_count} lines, {FUNCTION_LINES_MAX} are allowed")
            }),
    );
    found
}

/// Names in `entries` that may not lie at the top; `ignored` is the text of `.gitignore`.
pub fn top_level_breaches(entries: &[String], ignored: &str) -> Vec<String> {
    entries
        .iter()
        .filter(|name| {
            !name.starts_with('.')
                && !TOP_LEVEL.contains(&name.as_str())
                && !ignored
                    .lines()
                    .any(|line| line.trim().trim_matches('/') == name.as_str())
        })
        .map(|name| format!("{name}: may not lie at the top of the repository"))
        .collect()
}

/// Every function: name, line, and how many lines with code its body has.
pub fn functions(words: &[Token]) -> impl Iterator<Item = (&str, usize, usize)> {
    words.iter().enumerate().filter_map(|(at, word)| {
        if word.text != "fn" {
            return None;
        }
        let name = words.get(at + 1)?;
        let begins_name = name.text.starts_with(|c: char| c.is_alphabetic() || c == '_');
        begins_name.then(|| {
            (
                name.text.as_str(),
                name.line,
                body_lines_count(words.get(at + 2..).unwrap_or_default()),
            )
        })
    })
}

/// Lines with code between the first brace outside parentheses and its partner.
fn body_lines_count(words: &[Token]) -> usize {
    let mut depth = 0_usize;
    let mut brackets = 0_usize;
    let mut opened_line = 0;
    let mut lines: Vec<usize> = Vec::new();
    for word in words {
        match word.text.as_str() {
            "(" | "[" => brackets += 1,
            ")" | "]" => brackets = brackets.saturating_sub(1),
            ";" if depth == 0 && brackets == 0 => return 0,
            "{" => {
                if depth == 0 {
                    opened_line = word.line;
                }
                depth += 1;
            }
            "}" => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    lines.retain(|line| *line != opened_line && *line != word.line);
                    lines.dedup();
                    return lines.len();
                }
            }
            _ => {}
        }
        if depth > 0 {
            lines.push(word.line);
        }
    }
    0
}
