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

#[test]
fn a_signing_key_of_webhooks_is_replaced_without_a_restart_and_not_shown() {
    let place = Place::new();
    for (name, text) in [("old", "old-canary"), ("new", "new-canary")] {
        place.secret(name, text, 0o600);
    }
    let with = |names: &[&str]| {
        let paths: Vec<_> = names.iter().map(|name| place.path(name)).collect();
        place.load(
            &format!("public.listen = \"127.0.0.1:7628\"\npublic.webhook_key_files = {paths:?}"),
            &[],
        )
    };
    let one = with(&["old"]).unwrap();
    let both = with(&["old", "new"]).unwrap();
    let told_both = told(&plan(&one, &both));
    assert!(told_both.starts_with("apply public.webhook_key_files: "), "{told_both}");
    assert!(
        told_both.ends_with("; webhook keys: (not shown) -> (not shown)"),
        "{told_both}"
    );
    place.secret("new", "third-canary", 0o600);
    let third = with(&["old", "new"]).unwrap();
    assert_eq!(
        told(&plan(&both, &third)),
        "apply webhook keys: (not shown) -> (not shown)"
    );
    assert!(!format!("{third:?}").contains("canary"));
    let sources: Vec<&str> = third
        .secrets
        .webhook_keys
        .iter()
        .map(|key| key.source.as_str())
        .collect();
    assert!(
        sources[0].ends_with("/old") && sources[1].ends_with("/new"),
        "{sources:?}"
    );
}

#[test]
fn every_signing_key_is_checked_like_any_other_secret() {
    let place = Place::new();
    place.secret("good", "key", 0o600);
    place.secret("open", "key", 0o644);
    place.secret("empty", " \n", 0o600);
    let paths: Vec<_> = ["good", "open", "empty", "missing", "more"]
        .map(|name| place.path(name))
        .to_vec();
    let text = format!("public.webhook_key_files = {paths:?}\npublic.webhook_credentials = [\"hook\"]");
    let problems = place.load(&text, &[]).unwrap_err().to_string();
    for words in [
        "name 6 keys",
        "others than its owner may use (mode 0644)",
        "which is empty",
        "missing, which cannot be read",
        "names the credential hook, but there are none",
    ] {
        assert!(problems.contains(words), "{words} in {problems}");
    }
    let folder = place.path(".").display().to_string();
    place.secret("hook", "from systemd", 0o444);
    let variables = [("CREDENTIALS_DIRECTORY", folder.as_str())];
    let good = place
        .load("public.webhook_credentials = [\"hook\"]", &variables)
        .unwrap();
    assert_eq!(good.secrets.webhook_keys[0].source, "hook");
}
