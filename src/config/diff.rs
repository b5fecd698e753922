//! What a reload would do, worked out before it is done.

use serde::Serialize;

use super::load::Config;
use super::sections::{Key, OnChange};

/// A key whose value changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The key with its section.
    pub key: String,
    /// The value in use.
    pub old: String,
    /// The value in the file.
    pub new: String,
}

/// What a reload would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReloadPlan {
    /// Nothing changed.
    Unchanged,
    /// These changes can be applied.
    Apply(Vec<Change>),
    /// These changes need a restart, so nothing at all is applied.
    Refuse(Vec<Change>),
}

/// Compares the configuration in use with one that was just read. Secrets are compared, never shown.
#[must_use]
pub fn plan(old: &Config, new: &Config) -> ReloadPlan {
    let mut changes: Vec<(OnChange, Change)> = old
        .shown()
        .into_iter()
        .zip(new.shown())
        .filter(|((_, old), (_, new))| old != new)
        .map(|((key, old), (_, new))| changed(key, old, new))
        .collect();
    changes.extend(changed_secrets(old, new));
    if changes.is_empty() {
        return ReloadPlan::Unchanged;
    }
    let (refused, applied): (Vec<_>, Vec<_>) = changes
        .into_iter()
        .partition(|(on_change, _)| *on_change == OnChange::Restart);
    let only = |changes: Vec<(OnChange, Change)>| changes.into_iter().map(|(_, change)| change).collect();
    if refused.is_empty() {
        ReloadPlan::Apply(only(applied))
    } else {
        ReloadPlan::Refuse(only(refused))
    }
}

fn changed(key: Key, old: String, new: String) -> (OnChange, Change) {
    let change = Change {
        key: key.path(),
        old,
        new,
    };
    (key.on_change, change)
}

/// Secrets whose content changed behind the same file or credential. Signing keys of webhooks are
/// replaced while the daemon runs.
fn changed_secrets(old: &Config, new: &Config) -> Vec<(OnChange, Change)> {
    const HIDDEN: &str = "(not shown)";
    let hidden = |key: &str| Change {
        key: key.to_owned(),
        old: HIDDEN.to_owned(),
        new: HIDDEN.to_owned(),
    };
    let mut changes = Vec::new();
    if !old.secrets.is_same_but_for_webhooks(&new.secrets) {
        changes.push((OnChange::Restart, hidden("secrets")));
    }
    if old.secrets.webhook_keys != new.secrets.webhook_keys {
        changes.push((OnChange::Reload, hidden("webhook keys")));
    }
    changes
}
