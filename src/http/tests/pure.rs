//! Properties of the readers that take anything.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::http::cursor::{self, FeedCursor};
use crate::http::json;
use crate::http::reads::InvoiceQuery;
use crate::http::reply::{Content, Reply};
use crate::http::{filter, paths, suggest};
use crate::model::ids::InvoiceId;

/// The text of a list.
fn list_text(data: &[Value], rest: &Value) -> String {
    match Reply::list(data.iter().cloned(), rest).content {
        Content::Whole("application/json", bytes) => String::from_utf8(bytes.to_vec()).expect("text"),
        _ => panic!("a list is JSON"),
    }
}

#[test]
fn a_list_is_written_as_its_tree_would_be() {
    let rows = [json!({"name": "a \"b\"", "n": 1}), json!(null), json!([1, "x"])];
    let rest = json!({"has_more": true, "next_cursor": "c\\d", "total": {"value": 3, "exact": true}});
    for count in 0..=rows.len() {
        let mut whole = rest.clone();
        whole["data"] = json!(rows[..count]);
        assert_eq!(list_text(&rows[..count], &rest), whole.to_string());
    }
    assert_eq!(list_text(&[], &json!({})), r#"{"data":[]}"#);
}

proptest! {
    #[test]
    fn any_bytes_are_a_tree_or_a_problem(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(node) = json::parse(&bytes) {
            prop_assert!(serde_json::from_slice::<serde_json::Value>(&bytes).is_ok());
            // No tree of bytes alone is a document by accident without a problem being told.
            if let Err(problem) = json::read_draft(&node) {
                prop_assert!(!problem.faults.is_empty());
            }
        }
    }

    #[test]
    fn any_filter_is_read_or_refused(text in "\\PC{0,60}") {
        let mut query = InvoiceQuery::default();
        let read = filter::apply(&text, &mut query);
        if text.trim().is_empty() {
            prop_assert!(read.is_ok() || text.chars().any(|letter| !matches!(letter, ' ' | '\t')));
        }
    }

    #[test]
    fn feed_cursors_come_back(epoch in "[!-~]{0,40}", seq in any::<u64>()) {
        let cursor = FeedCursor { epoch, seq };
        prop_assert_eq!(FeedCursor::decode(&cursor.encode()).expect("ours"), cursor);
    }

    #[test]
    fn list_cursors_come_back_to_their_own_list_only(n in any::<u64>(), list in ".{0,20}") {
        let id = InvoiceId::from_parts(n >> 16, u128::from(n));
        let text = cursor::encode_list(&list, &id.to_string());
        let back: InvoiceId = cursor::decode_list(&text, &list).expect("ours");
        prop_assert_eq!(back, id);
        let other = format!("{list}x");
        prop_assert!(cursor::decode_list::<InvoiceId>(&text, &other).is_err());
    }

    #[test]
    fn percent_encoding_comes_back(text in "\\PC{0,40}") {
        let encoded: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
        prop_assert_eq!(paths::decode(&encoded), Some(text));
    }

    #[test]
    fn the_nearest_word_is_one_of_the_known(word in "\\PC{0,20}") {
        let known = ["state", "reason", "kind", "number", "q"];
        if let Some(near) = suggest::nearest(&word, &known) {
            prop_assert!(known.contains(&near));
        }
    }
}

#[test]
fn suggestions_see_through_spelling() {
    let known = ["issue_date", "due_date", "unit_price", "number"];
    for (word, near) in [
        ("issueDate", Some("issue_date")),
        ("due-date", Some("due_date")),
        ("untiprice", Some("unit_price")),
        ("numbr", Some("number")),
        ("colour", None),
    ] {
        assert_eq!(suggest::nearest(word, &known), near, "{word}");
    }
}
