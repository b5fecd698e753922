use super::lines::Lines;
use crate::model::time::Timestamp;
use crate::observe::logging::{Format, LogError, build, filter};
use crate::observe::{Board, Metrics};

#[test]
fn other_packages_are_never_heard_below_warn() {
    let rows = [
        ("error", "error", "error"),
        ("warn", "warn", "warn"),
        ("info", "warn", "info"),
        ("trace", "warn", "trace"),
    ];
    for (level, others, ours) in rows {
        let filter = filter(level).unwrap().to_string();
        let mut parts: Vec<&str> = filter.split(',').collect();
        parts.sort_unstable();
        let mut expected = vec![others.to_owned(), format!("counterfoil={ours}")];
        expected.sort_unstable();
        assert_eq!(parts, expected, "{level}");
    }
    assert!(matches!(filter("loud"), Err(LogError::BadLevel(word)) if word == "loud"));
}

#[test]
fn the_level_changes_while_running_and_lines_are_counted() {
    let metrics = Metrics::new(Board::default(), Timestamp(0), &[]);
    let lines = Lines::default();
    let writer = lines.clone();
    let (subscriber, control) = build("warn", Format::Text, metrics.clone(), move || writer.clone()).unwrap();
    tracing::subscriber::with_default(subscriber, || {
        tracing::info!("first");
        control.set_level("info").unwrap();
        tracing::info!("second");
        tracing::info!(target: "hyper", "a header");
        assert!(matches!(control.set_level("loud"), Err(LogError::BadLevel(_))));
        tracing::info!("third");
    });
    let text = lines.text();
    assert!(!text.contains("first") && !text.contains("header"), "{text}");
    assert!(text.contains("second") && text.contains("third"), "{text}");
    assert_eq!(metrics.families().log_events.get(["info"]), 2);
    assert!(matches!(control.set_level("info"), Err(LogError::Gone)));
}

#[test]
fn json_lines_are_objects_with_their_fields() {
    let metrics = Metrics::new(Board::default(), Timestamp(0), &[]);
    let lines = Lines::default();
    let writer = lines.clone();
    let (subscriber, _control) = build("info", Format::Json, metrics, move || writer.clone()).unwrap();
    tracing::subscriber::with_default(subscriber, || {
        tracing::warn!(tenant = "ten_1", wait_ms = 5, "xero throttled us");
    });
    let text = lines.text();
    let line: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(line["level"], "WARN");
    assert_eq!(line["message"], "xero throttled us");
    assert_eq!((&line["tenant"], &line["wait_ms"]), (&"ten_1".into(), &5.into()));
    assert!(line["timestamp"].is_string());
}
