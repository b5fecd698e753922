//! What turns a badge red although nothing failed, until somebody acknowledges it.

use super::badge;
use super::desired::Obstacle;
use crate::model::reason::ReasonCode;
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
    if !row.can_be_acknowledged() {
        return false;
    }
    let is_shown = is_shown(row) || row.is_stuck();
    for alert in row.back.alerts.iter_mut().filter(|alert| alert.acknowledged.is_none()) {
        alert.acknowledged = Some(word.clone());
    }
    if is_shown {
        lower(row);
    }
    true
}

/// Somebody decided to leave what Xero changed: a badge that is red for nothing else returns to what it
/// really is. Returns whether it was.
pub fn leave_as_it_is(row: &mut Invoice) -> bool {
    let reason = row.sync.reason.as_ref().map(|reason| reason.code);
    let is_in_step = row.common.as_ref().is_some_and(|common| common.draft == row.draft);
    if row.sync.badge != Some(Badge::Failed) || reason != Some(ReasonCode::ChangedInXero) || !is_in_step {
        return false;
    }
    lower(row);
    show(row);
    true
}

/// A payment that was missed when its deletion was read has come after all, with an older version
/// of its invoice: nobody need look any more. Returns whether the badge is another one now.
pub fn withdraw_matched(row: &mut Invoice) -> bool {
    let payments = &row.back.payments;
    let is_matched = |alert: &Alert| {
        let is_open = alert.reason.code == ReasonCode::PaymentDeleteNoMatch && alert.acknowledged.is_none();
        let is_known = |subject: &str| payments.iter().any(|payment| payment.xero_id.to_string() == subject);
        is_open && alert.reason.subject.as_deref().is_some_and(is_known)
    };
    if !row.back.alerts.iter().any(is_matched) {
        return false;
    }
    let (is_shown, before) = (is_shown(row), row.sync.clone());
    row.back.alerts.retain(|alert| !is_matched(alert));
    if is_shown {
        lower(row);
        show(row);
    }
    row.sync != before
}

/// Whether the badge is red for an alert.
fn is_shown(row: &Invoice) -> bool {
    let shown = row.sync.reason.as_ref().map(|reason| reason.code);
    row.sync.badge == Some(Badge::Failed) && row.back.alerts.iter().any(|alert| Some(alert.reason.code) == shown)
}

/// The badge returns to what it really is.
fn lower(row: &mut Invoice) {
    let is_in_step = row.common.as_ref().is_some_and(|common| common.rev == row.rev);
    // Green also where the host has written since what only a person sends. What it wrote after the
    // document was gone can never be sent.
    let is_green = is_in_step || (row.common.is_some() && !row.is_gone());
    row.sync.reason = None;
    row.sync.badge = is_green.then_some(Badge::Synced);
}
