//! What the host and people tell about what came back: a payment is on its way, something was looked
//! at.

use super::machine::TenantMachine;
use crate::engine::effect::{AskId, Effect, Reply};
use crate::engine::event::Review;
use crate::engine::{alert, badge};
use crate::model::row::{Acknowledged, Invoice};
use crate::model::time::Now;

impl TenantMachine {
    /// The host takes a payment: until it is here, Xero's version is not compared.
    pub(super) fn payment_signalled(&mut self, now: Now, ask: AskId, mut row: Invoice, out: &mut Vec<Effect>) {
        let quiet_ms = i64::try_from(self.setup.policy.pull.quiet_ms).unwrap_or(i64::MAX);
        row.back.quieten(now.wall.plus_ms(quiet_ms));
        self.record.said("payment.signalled", &row, "");
        out.push(Effect::Persist(vec![badge::write(&mut row, now)]));
        out.push(Effect::Reply(ask, Reply::Noted(Box::new(row))));
    }

    /// Somebody looked at the variance or the alerts of an invoice. Nothing open is no fault: somebody
    /// else looked before.
    pub(super) fn acknowledged(
        &mut self,
        now: Now,
        (ask, mut row): (AskId, Invoice),
        review: &Review,
        out: &mut Vec<Effect>,
    ) {
        if review.version.is_some_and(|version| version != row.version) {
            out.push(Effect::Reply(ask, Reply::Changed(Box::new(row))));
            return;
        }
        let word = Acknowledged {
            by: review.by.clone(),
            at: now.wall,
            note: review.note.clone(),
        };
        let before = row.sync.clone();
        let was_open = if review.is_about_variance {
            let open = row.back.variance.as_mut();
            let open = open.filter(|variance| variance.acknowledged.is_none());
            let was_open = open.map(|variance| variance.acknowledged = Some(word)).is_some();
            alert::leave_as_it_is(&mut row) || was_open
        } else {
            alert::acknowledge(&mut row, &word)
        };
        if was_open {
            let action = if review.is_about_variance {
                "variance.acknowledged"
            } else {
                "alerts.acknowledged"
            };
            self.record.said(action, &row, &review.note);
            let mut writes = vec![badge::write(&mut row, now)];
            if row.sync != before {
                writes.push(badge::event(&mut self.ids, &row, now));
            }
            out.push(Effect::Persist(writes));
        }
        out.push(Effect::Reply(ask, Reply::Noted(Box::new(row))));
    }
}
