//! Who may import whom: the tables of `docs/ARCHITECTURE.md`, held against every path in `src`.

use std::collections::BTreeMap;

use crate::source::{Source, Token, tokens};

/// The two tables of the architecture document.
pub struct Tables {
    /// Module → what it may import (`model`, `engine::effect`, …); `all` allows everything.
    modules: BTreeMap<String, Vec<String>>,
    /// Package → the modules that may name it.
    packages: BTreeMap<String, Vec<String>>,
}

impl Tables {
    /// Reads the tables headed `Module` and `Package`.
    pub fn read(document: &str) -> Self {
        Self {
            modules: table(document, "Module"),
            packages: table(document, "Package"),
        }
    }

    /// The modules with a row.
    pub fn modules(&self) -> impl Iterator<Item = &str> {
        self.modules.keys().map(String::as_str)
    }

    /// The packages with a row.
    pub fn packages(&self) -> impl Iterator<Item = &str> {
        self.packages.keys().map(String::as_str)
    }

    /// Every import of `source` that the tables do not allow.
    pub fn breaches(&self, source: &Source) -> Vec<String> {
        let mut found = Vec::new();
        let words = tokens(&source.code);
        let own = source.top();
        if matches!(source.path.as_str(), "src/lib.rs" | "src/main.rs") {
            return found;
        }
        let Some(allowed) = self.modules.get(own) else {
            return vec![format!("{}: `{own}` has no row in the import table", source.path)];
        };
        for (line, path) in crate_paths(source, &words) {
            if path.first().is_some_and(|first| first == own) || is_allowed(allowed, &path) {
                continue;
            }
            found.push(format!(
                "{}:{line}: `{own}` may not import `{}`",
                source.path,
                if path.is_empty() {
                    "the crate root".to_owned()
                } else {
                    path.join("::")
                }
            ));
        }
        for (package, modules) in &self.packages {
            if modules.iter().any(|module| module == own) {
                continue;
            }
            for line in named_in(&words, package) {
                found.push(format!(
                    "{}:{line}: only {} may name the package `{package}`",
                    source.path,
                    modules.join(", ")
                ));
            }
        }
        found
    }
}

/// Rows of the markdown table whose first heading is `heading`: first cell → names in the second.
fn table(document: &str, heading: &str) -> BTreeMap<String, Vec<String>> {
    document
        .lines()
        .skip_while(|line| cells(line).first().is_none_or(|cell| cell != heading))
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .filter_map(|line| {
            let mut cells = cells(line).into_iter();
            let name = code_names(&cells.next()?).into_iter().next()?;
            Some((name, code_names(&cells.next()?)))
        })
        .collect()
}

fn cells(line: &str) -> Vec<String> {
    let line = line.trim().trim_start_matches('|').trim_end_matches('|');
    line.split('|').map(|cell| cell.trim().to_owned()).collect()
}

/// The names in backticks of a cell; `engine::{effect, status}` is two.
fn code_names(cell: &str) -> Vec<String> {
    let mut names = Vec::new();
    for quoted in cell.split('`').skip(1).step_by(2) {
        match quoted.split_once("::{") {
            Some((module, rest)) => names.extend(
                rest.trim_end_matches('}')
                    .split(',')
                    .map(|name| format!("{module}::{}", name.trim())),
            ),
            None => names.push(quoted.to_owned()),
        }
    }
    names
}

fn is_allowed(allowed: &[String], path: &[String]) -> bool {
    allowed.iter().any(|entry| {
        entry == "all" || {
            let wanted: Vec<&str> = entry.split("::").collect();
            path.len() >= wanted.len() && path.iter().zip(&wanted).all(|(part, want)| part == want)
        }
    })
}

/// Every path that begins at the crate root (`crate::`, `counterfoil::`) or climbs to it with
/// `super`, with groups spread out.
fn crate_paths(source: &Source, words: &[Token]) -> Vec<(usize, Vec<String>)> {
    let mut found = Vec::new();
    let mut inline = InlineModules::default();
    for (at, word) in words.iter().enumerate() {
        inline.see(words, at);
        let is_start = at
            .checked_sub(1)
            .and_then(|before| words.get(before))
            .is_none_or(|before| before.text != "::");
        if !is_start || words.get(at + 1).is_none_or(|next| next.text != "::") {
            continue;
        }
        let mut base = match word.text.as_str() {
            "crate" | "counterfoil" => Vec::new(),
            "super" | "self" => {
                let mut base = source.module();
                base.extend(inline.names());
                base
            }
            _ => continue,
        };
        if word.text == "super" {
            base.pop();
        }
        let mut paths = Vec::new();
        spread(words, at + 2, base, &mut paths);
        found.extend(paths.into_iter().map(|path| (word.line, path)));
    }
    found
}

/// Follows one path (or group) from `at`; answers where it ended.
fn spread(words: &[Token], at: usize, base: Vec<String>, paths: &mut Vec<Vec<String>>) -> usize {
    let mut path = base;
    let mut at = at;
    while let Some(word) = words.get(at) {
        match word.text.as_str() {
            "{" => {
                at += 1;
                while words.get(at).is_some_and(|word| word.text != "}") {
                    if words.get(at).is_some_and(|word| word.text == ",") {
                        at += 1;
                    } else {
                        at = spread(words, at, path.clone(), paths).max(at + 1);
                    }
                }
                return at + 1;
            }
            "super" => drop(path.pop()),
            "self" => {}
            text if is_word(text) => path.push(text.to_owned()),
            _ => break,
        }
        if words.get(at + 1).is_some_and(|next| next.text == "::") {
            at += 2;
        } else {
            at += 1;
            break;
        }
    }
    // `use x::y as z`: the new name is no path.
    if words.get(at).is_some_and(|word| word.text == "as") {
        at += 2;
    }
    paths.push(path);
    at
}

/// Lines in which a package is named: `package::…`, `use package;`, `use package as …`.
pub fn named_in(words: &[Token], package: &str) -> Vec<usize> {
    words
        .iter()
        .enumerate()
        .filter(|(at, word)| {
            let before = at
                .checked_sub(1)
                .and_then(|before| words.get(before))
                .map_or("", |token| token.text.as_str());
            let after = words.get(at + 1).map_or("", |token| token.text.as_str());
            word.text == package && before != "::" && (after == "::" || before == "use")
        })
        .map(|(_, word)| word.line)
        .collect()
}

fn is_word(text: &str) -> bool {
    text.chars().all(|c| c.is_alphanumeric() || c == '_')
}

/// Follows `mod name { … }` inside a file, so that `super` is counted from the right place.
#[derive(Default)]
struct InlineModules {
    depth: usize,
    open: Vec<(String, usize)>,
}

impl InlineModules {
    fn see(&mut self, words: &[Token], at: usize) {
        let text = |at: usize| words.get(at).map_or("", |word| word.text.as_str());
        match text(at) {
            "mod" if text(at + 2) == "{" => {
                self.open.push((text(at + 1).to_owned(), self.depth));
            }
            "{" => self.depth += 1,
            "}" => {
                self.depth = self.depth.saturating_sub(1);
                let depth = self.depth;
                self.open.retain(|(_, opened)| *opened < depth);
            }
            _ => {}
        }
    }

    fn names(&self) -> impl Iterator<Item = String> + '_ {
        self.open.iter().map(|(name, _)| name.clone())
    }
}
