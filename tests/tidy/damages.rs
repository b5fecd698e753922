//! What the store says about itself, and what its page says an operator should do.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use counterfoil::store::StoreError;
use counterfoil::store::remedy::CODES;

/// Codes of failures that pass by themselves or are a caller's: no operator has to act on them.
const NOT_FOR_OPERATORS: [&str; 10] = [
    "busy",
    "closed",
    "counter",
    "earlier_failed",
    "export_damaged",
    "needs_reopen",
    "not_empty",
    "read_only",
    "reserved_key",
    "too_large",
];

/// One failure of each kind that an operator has to act on.
fn samples() -> Vec<StoreError> {
    let path = || PathBuf::from("/data/file");
    let text = || "something".to_owned();
    vec![
        StoreError::io("read", Path::new("/data/file"), io::Error::other("refused")),
        StoreError::Full { path: path() },
        StoreError::DiskReserve {
            free_bytes: 1,
            reserve_bytes: 2,
        },
        StoreError::Locked {
            path: path(),
            pid: Some(3),
        },
        StoreError::journal(Path::new("/data/journal/1"), 9, "record 2 is unreadable"),
        StoreError::SnapshotDamaged {
            path: path(),
            journal_begins: 7,
        },
        StoreError::DigestMismatch { group: text() },
        StoreError::Defect { doing: text() },
        StoreError::state("sled panicked"),
        StoreError::SchemaTooNew { found: 2, supported: 1 },
        StoreError::FormatTooNew {
            path: path(),
            found: 3,
            supported: 2,
        },
        StoreError::ImportUnfinished,
    ]
}

/// Failures that the page of damages lacks, or tells in other words. A row is code, message with `…`
/// for what varies, and the act. `source` is where the program names its failures.
pub fn breaches(document: &str, source: &str) -> Vec<String> {
    let rows: BTreeMap<&str, (&str, &str)> = document
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.strip_suffix(" |")?.split_once("` | "))
        .filter_map(|(code, rest)| Some((code, rest.split_once(" | ")?)))
        .filter(|(code, _)| code.chars().all(|c| c.is_ascii_lowercase() || c == '_'))
        .collect();
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    for error in samples() {
        let code = error.code();
        seen.insert(code);
        let Some((message, act)) = rows.get(code) else {
            found.push(format!("the page has no row for {code}"));
            continue;
        };
        if !matches(message, &error.to_string()) {
            found.push(format!("{code} says \"{error}\", its row \"{message}\""));
        }
        if error.way_out() != Some(act) {
            found.push(format!(
                "{code}: the program says {:?}, the page \"{act}\"",
                error.way_out()
            ));
        }
    }
    let codes = BTreeSet::from(CODES);
    found.extend(
        codes
            .symmetric_difference(&seen)
            .map(|code| format!("no sample of {code}, or no code for it")),
    );
    let named = source
        .lines()
        .filter_map(|line| line.trim().strip_suffix("\",")?.split_once("=> \""))
        .map(|(_, code)| code);
    found.extend(
        named
            .filter(|code| code.chars().all(|c| c.is_ascii_lowercase() || c == '_'))
            .filter(|code| !codes.contains(code) && !NOT_FOR_OPERATORS.contains(code))
            .map(|code| format!("{code} is new: give it a row and a sample, or say that nobody has to act on it")),
    );
    let strange = rows.keys().filter(|code| !codes.contains(*code));
    found.extend(strange.map(|code| format!("the page has a row for {code}, which the program does not say")));
    found
}

/// Whether `text` is `pattern` with anything in the place of each `…`.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('…');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let mut ends_open = pattern.ends_with('…');
    for part in parts {
        ends_open = part.is_empty();
        let Some((_, behind)) = rest.split_once(part) else {
            return false;
        };
        rest = behind;
    }
    ends_open || rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::{breaches, matches};

    #[test]
    fn a_pattern_leaves_room_where_it_says_so() {
        assert!(matches("a … b …", "a 1 b 2"));
        assert!(matches("a", "a") && !matches("a", "ab"));
        assert!(!matches("a … c", "a b") && !matches("x …", "y z"));
    }

    #[test]
    fn a_page_without_rows_lacks_every_failure() {
        assert_eq!(breaches("# A page", "").len(), 12);
        let other = "| `disk_full` | the disk is empty | buy one |\n| `no_such_code` | … | … |";
        assert_eq!(breaches(other, "").len(), 14);
    }

    #[test]
    fn a_new_failure_needs_a_row() {
        let source =
            "Self::Io { .. } => \"store_io\",\n    Self::Busy { .. } => \"busy\",\n    Self::Melted => \"melted\",";
        let found = breaches("# A page", source);
        assert_eq!(found.iter().filter(|breach| breach.contains("is new")).count(), 1);
        assert!(found.iter().any(|breach| breach.starts_with("melted")), "{found:?}");
    }
}
