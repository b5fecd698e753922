use super::load::Place;
use crate::config::{ReloadPlan, plan};

/// What a reload from `old` to `new` does, as text.
#[track_caller]
fn reload(old: &str, new: &str) -> String {
    let place = Place::new();
    let old = place.load(old, &[]).unwrap();
    let new = place.load(new, &[]).unwrap();
    told(&plan(&old, &new))
}

fn told(plan: &ReloadPlan) -> String {
    let (word, changes) = match plan {
        ReloadPlan::Unchanged => return "unchanged".to_owned(),
        ReloadPlan::Apply(changes) => ("apply", changes),
        ReloadPlan::Refuse(changes) => ("refuse", changes),
    };
    let list: Vec<String> = changes
        .iter()
        .map(|change| format!("{}: {} -> {}", change.key, change.old, change.new))
        .collect();
    format!("{word} {}", list.join("; "))
}

#[test]
fn a_reload_is_worked_out_before_it_is_done() {
    let rows = [
        ("", "", "unchanged"),
        ("log.level = \"info\"", "", "unchanged"),
        ("", "events.keep = \"2592000s\"", "unchanged"),
        ("", "log.level = \"debug\"", "apply log.level: info -> debug"),
        (
            "sync.batch_max = 1",
            "xero.limits.day = 1000",
            "apply xero.limits.day: 5000 -> 1000; sync.batch_max: 1 -> 50",
        ),
        (
            "",
            "control.listen = \"127.0.0.1:1\"",
            "refuse control.listen: 127.0.0.1:7626 -> 127.0.0.1:1",
        ),
    ];
    for (old, new, expected) in rows {
        assert_eq!(reload(old, new), expected, "{old} => {new}");
    }
}

#[test]
fn one_key_that_needs_a_restart_refuses_all_and_only_it_is_named() {
    assert_eq!(
        reload("", "log.level = \"debug\"\nlog.format = \"json\""),
        "refuse log.format: text -> json"
    );
}

#[test]
fn a_changed_secret_is_noticed_and_not_shown() {
    let place = Place::new();
    let old = place.load("", &[]).unwrap();
    place.secret("secret", "another-canary", 0o600);
    let new = place.load("", &[]).unwrap();
    assert_eq!(told(&plan(&old, &new)), "refuse secrets: (not shown) -> (not shown)");
}
