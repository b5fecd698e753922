//! A last look before a decided call leaves: it may have waited for the disk, for a token or for
//! its place, and meanwhile Xero or a person may have said no.

use super::attempt::Attempt;
use super::machine::{Direction, OpenCall, Purpose, TenantMachine};
use crate::engine::budget::Spent;
use crate::engine::effect::CallId;
use crate::engine::status::Blocked;
use crate::model::failure::{Failure, FailureKind, Received, Remedy};
use crate::model::ids::XeroInvoiceId;
use crate::model::mutation::{Rule, is_broken};
use crate::model::row::Class;
use crate::model::time::Now;
use crate::model::xero::WriteTarget;

/// A call leaves within this many milliseconds of its decision, or not at all. Its attempt was
/// stamped when it was decided: a key may be used for five minutes from then, and what a dead
/// process sent counts as over 180 seconds after it.
pub const LEAVE_WITHIN_MS: u64 = 20_000;

impl TenantMachine {
    /// Whether a call that was decided earlier may leave now. What it needed of the budget is
    /// already counted, so only what can have changed since is asked.
    ///
    /// # Errors
    /// A failure that says the call never left, to be fed back as its answer.
    pub fn may_leave(&self, now: Now, call: CallId) -> Result<(), Failure> {
        if is_broken(Rule::LastLook) {
            return Ok(());
        }
        let Some(open) = self.calls.get(&call) else {
            return Err(held_back("the call is not open any more"));
        };
        if now.mono.since_ms(open.started) > LEAVE_WITHIN_MS {
            return Err(held_back("the call waited too long for the disk, a token or its place"));
        }
        if self.would_overwrite(open) {
            return Err(held_back(
                "somebody changed the document in Xero while the call was held",
            ));
        }
        if self.is_replay_too_late(now, open) {
            return Err(held_back("Xero may have forgotten the key while the call was held"));
        }
        self.is_still_allowed(now, open)
    }

    /// Whether this sends the bytes of an attempt again, and its key's time is over.
    fn is_replay_too_late(&self, now: Now, open: &OpenCall) -> bool {
        let Purpose::Send(id) = open.purpose else {
            return false;
        };
        self.attempts
            .get(&id)
            .is_some_and(|attempt| attempt.is_unknown() && !self.key_window_is_open(now, &attempt.batch))
    }

    fn would_overwrite(&self, open: &OpenCall) -> bool {
        match open.purpose {
            Purpose::Send(id) => self.attempts.get(&id).is_some_and(Attempt::would_overwrite),
            _ => false,
        }
    }

    /// A document was read in a newer version: what was decided upon an older one is outdated.
    pub(super) fn outdate(&mut self, document: XeroInvoiceId) {
        let target = WriteTarget::ChangeInvoice(document);
        for attempt in self
            .attempts
            .values_mut()
            .filter(|attempt| attempt.batch.target == target)
        {
            attempt.is_outdated = true;
        }
    }

    fn is_still_allowed(&self, now: Now, open: &OpenCall) -> Result<(), Failure> {
        let direction = if open.is_write {
            Direction::Write
        } else {
            Direction::Read
        };
        self.access_for(direction)
            .map_err(|_blocked| held_back("the connection does not allow it any more"))?;
        match self.budget.may_start(now, Class::User, 1) {
            Err(Spent::RetryAfter { .. }) => Err(held_back("Xero asked to wait while the call was held")),
            Ok(()) | Err(Spent::Minute { .. } | Spent::Day { .. } | Spent::Concurrent) => Ok(()),
        }
    }

    /// Whether the connection allows a call in this direction.
    pub(super) fn access_for(&self, direction: Direction) -> Result<(), Blocked> {
        let connection = &self.setup.tenant.connection;
        let access = crate::engine::connection::access(connection);
        let is_catching_up = connection.state == crate::model::connection::ConnectionState::Active;
        match direction {
            _ if !access.reads => Err(Blocked::NotActive(connection.state)),
            Direction::Write if !access.writes && is_catching_up => Err(Blocked::CatchingUp),
            Direction::Write if !access.writes => Err(Blocked::NotActive(connection.state)),
            Direction::Read | Direction::Write => Ok(()),
        }
    }
}

/// Nothing left: whatever it was for costs no retry.
fn held_back(message: &str) -> Failure {
    Failure {
        kind: FailureKind::Throttled,
        remedy: Remedy::RetryWithBackoff,
        received: Received::No,
        status: None,
        message: message.to_owned(),
        validation: Vec::new(),
    }
}
