use crate::observe::logging::{LogError, filter};

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
