//! What turns a badge red although nothing failed, until somebody acknowledges it.

use super::badge;
use super::desired::Obstacle;
use crate::model::row::{Acknowledged, Alert, Badge, Invoice};
use crate::model::time::Now;

/// Raises an alert, unless it was raised before. The badge shows it where nothing else stands there:
/// a push that waits or failed goes first. Returns whether it is new.
pub fn raise(row: &mut Invoice, obstacle: Obstacle, now: Now) -> bool {
    if is_known(row, &obstacle) {
        return false;
    }
    let reason = badge::reason(row, obstacle, now);
    row.back.alerts.push(Alert {
        reason,
        acknowledged: None,
    });
    if matches!(row.sync.badge, Some(Badge::Synced) | None) {
        show(row);
    }
    true
}

/// Whether it was raised before, acknowledged or not.
#[must_use]
pub fn is_known(row: &Invoice, obstacle: &Obstacle) -> bool {
    let is_it = |alert: &Alert| alert.reason.code == obstacle.code && alert.reason.subject == obstacle.subject;
    row.back.alerts.iter().any(is_it)
}

/// Turns the badge red for the oldest alert that is open.
pub fn show(row: &mut Invoice) {
    if let Some(alert) = row.back.open_alert() {
        let reason = alert.reason.clone();
        badge::turn_red(row, reason);
    }
}

/// Somebody looked: the badge returns to what it really is. Returns whether anything was open.
pub fn acknowledge(row: &mut Invoice, word: &Acknowledged) -> bool {
    if row.back.open_alert().is_none() {
        return false;
    }
    let shown = row.sync.reason.as_ref().map(|reason| reason.code);
    let is_shown =
        row.sync.badge == Some(Badge::Failed) && row.back.alerts.iter().any(|alert| Some(alert.reason.code) == shown);
    for alert in row.back.alerts.iter_mut().filter(|alert| alert.acknowledged.is_none()) {
        alert.acknowledged = Some(word.clone());
    }
    if is_shown {
        let is_in_step = row.common.as_ref().is_some_and(|common| common.rev == row.rev);
        row.sync.reason = None;
        row.sync.badge = is_in_step.then_some(Badge::Synced);
    }
    true
}
