//! A source file, cut into code and prose (comments and texts), without any parser crate.

use std::fs;
use std::path::{Path, PathBuf};

/// A Rust file and its place below the root of the repository.
pub struct Source {
    /// Path from the root, with forward slashes.
    pub path: String,
    /// The text.
    pub text: String,
    /// The text with comments and the contents of texts blanked; lines stay where they are.
    pub code: String,
    /// Comments and texts, each with the line it begins in.
    pub prose: Vec<(usize, String)>,
}

impl Source {
    /// Cuts `text`.
    pub fn new(path: &str, text: &str) -> Self {
        let (code, prose) = cut(text);
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
            code,
            prose,
        }
    }

    /// The first folder (or file) below `src`: `engine` for `src/engine/push.rs`.
    pub fn top(&self) -> &str {
        let below = self.path.strip_prefix("src/").unwrap_or(&self.path);
        let first = below.split('/').next().unwrap_or(below);
        first.strip_suffix(".rs").unwrap_or(first)
    }

    /// The module path below the crate root: `["engine", "push"]`.
    pub fn module(&self) -> Vec<String> {
        let below = self.path.strip_prefix("src/").unwrap_or(&self.path);
        let below = below.strip_suffix(".rs").unwrap_or(below);
        let mut parts: Vec<String> = below.split('/').map(str::to_owned).collect();
        if parts
            .last()
            .is_some_and(|last| last == "mod" || last == "lib" || last == "main")
        {
            parts.pop();
        }
        parts
    }

    /// Whether the file holds tests only.
    pub fn is_tests(&self) -> bool {
        self.path.ends_with("/tests.rs") || self.path.contains("/tests/")
    }
}

/// The root of the repository.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Reads a file of the repository.
pub fn read(path: &str) -> String {
    match fs::read_to_string(root().join(path)) {
        Ok(text) => text,
        Err(error) => panic!("cannot read {path}: {error}"),
    }
}

/// Every Rust file below `folder`, in order.
pub fn rust_files(folder: &str) -> Vec<Source> {
    let mut paths = Vec::new();
    walk(&root().join(folder), &mut paths);
    paths.sort();
    paths
        .into_iter()
        .filter(|path| path.ends_with(".rs"))
        .map(|path| Source::new(&path, &read(&path)))
        .collect()
}

/// Every file below `folder`, as paths from the root.
pub fn walk(folder: &Path, found: &mut Vec<String>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            walk(&path, found);
        } else if let Ok(below) = path.strip_prefix(root()) {
            found.push(below.to_string_lossy().replace('\\', "/"));
        }
    }
}

/// A word, a `::` or any other single character of code, with its line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// The characters.
    pub text: String,
    /// Counted from 1.
    pub line: usize,
}

/// Splits code (without comments and texts) into tokens.
pub fn tokens(code: &str) -> Vec<Token> {
    let mut found = Vec::new();
    for (index, line_text) in code.lines().enumerate() {
        let line = index + 1;
        let mut rest = line_text.trim_start();
        while let Some(first) = rest.chars().next() {
            let length = if first.is_alphanumeric() || first == '_' {
                rest.find(|c: char| !c.is_alphanumeric() && c != '_')
                    .unwrap_or(rest.len())
            } else if rest.starts_with("::") {
                2
            } else {
                first.len_utf8()
            };
            let (text, behind) = rest.split_at(length);
            found.push(Token {
                text: text.to_owned(),
                line,
            });
            rest = behind.trim_start();
        }
    }
    found
}

/// Blanks comments and texts, and collects them.
fn cut(text: &str) -> (String, Vec<(usize, String)>) {
    let mut cutter = Cutter {
        rest: text,
        line: 1,
        code: String::with_capacity(text.len()),
        prose: Vec::new(),
    };
    while !cutter.rest.is_empty() {
        cutter.step();
    }
    (cutter.code, cutter.prose)
}

struct Cutter<'a> {
    rest: &'a str,
    line: usize,
    code: String,
    prose: Vec<(usize, String)>,
}

impl Cutter<'_> {
    fn step(&mut self) {
        let rest = self.rest;
        if rest.starts_with("//") {
            self.blank(rest.find('\n').unwrap_or(rest.len()));
        } else if rest.starts_with("/*") {
            self.blank(block_comment_len(rest));
        } else if rest.starts_with('"') {
            self.blank(text_len(rest));
        } else if let Some(length) = raw_text_len(rest).filter(|_| !self.is_inside_word()) {
            self.blank(length);
        } else if let Some(length) = char_len(rest) {
            self.blank(length);
        } else if let Some(first) = rest.chars().next() {
            self.keep(first);
        }
    }

    fn is_inside_word(&self) -> bool {
        self.code
            .chars()
            .next_back()
            .is_some_and(|c| c.is_alphanumeric() || c == '_')
    }

    fn keep(&mut self, first: char) {
        if first == '\n' {
            self.line += 1;
        }
        self.code.push(first);
        self.rest = self.rest.get(first.len_utf8()..).unwrap_or_default();
    }

    fn blank(&mut self, length: usize) {
        let (prose, behind) = self.rest.split_at(length);
        self.prose.push((self.line, prose.to_owned()));
        for c in prose.chars() {
            if c == '\n' {
                self.line += 1;
                self.code.push('\n');
            } else {
                self.code.push(' ');
            }
        }
        self.rest = behind;
    }
}

fn block_comment_len(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(here) = rest.get(at..).filter(|here| !here.is_empty()) {
        if here.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if here.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += here.chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

/// Length of a text in double quotes that begins `rest`.
fn text_len(rest: &str) -> usize {
    let mut is_escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// Length of `r"…"`, `r#"…"#`, `br#"…"#`, if one begins `rest`.
fn raw_text_len(rest: &str) -> Option<usize> {
    let prefix_len = ["br", "cr", "r"]
        .into_iter()
        .find(|prefix| rest.starts_with(prefix))?
        .len();
    let behind = rest.get(prefix_len..)?;
    let hashes: String = behind.chars().take_while(|c| *c == '#').collect();
    let body = behind.get(hashes.len()..)?.strip_prefix('"')?;
    let end = format!("\"{hashes}");
    let body_len = body.find(&end).map_or(body.len(), |at| at + end.len());
    Some(prefix_len + hashes.len() + 1 + body_len)
}

/// Length of a character literal, if one (and not a lifetime) begins `rest`.
fn char_len(rest: &str) -> Option<usize> {
    let behind = rest.strip_prefix('\'')?;
    let mut chars = behind.char_indices();
    let (_, first) = chars.next()?;
    if first == '\\' {
        let (_, _escaped) = chars.next()?;
        return chars.find(|(_, c)| *c == '\'').map(|(at, _)| at + 2);
    }
    match chars.next() {
        Some((at, '\'')) => Some(at + 2),
        _ => None,
    }
}
