//! The nightly check: once for each date of the organisation's own calendar, also after the daemon
//! was down.

use chrono::NaiveDate;
use chrono_tz::Tz;

use super::machine::TenantMachine;
use crate::engine::connection::access;
use crate::engine::effect::Effect;
use crate::engine::event::{JobOrder, JobPlan};
use crate::engine::night;
use crate::engine::policy::NightPolicy;
use crate::model::mutation::{Rule, is_broken};
use crate::model::row::{JobKind, Reconciled};
use crate::model::time::{Mono, Now, Timestamp};
use crate::model::write::Write;
use crate::model::zones;

/// Who asks for it.
const SYSTEM: &str = "system";
/// What was missed is made up within this part of the spread: somebody waits for it already.
const MISSED_PARTS: u64 = 6;
/// Longest sleep: a clock may be moved, and calendars are changed by law.
const NAP_MAX_MS: u64 = 6 * 3_600_000;

/// What is known of the nightly check.
#[derive(Debug, Clone)]
pub(super) struct Night {
    done: Option<Reconciled>,
    /// When this machine began.
    since: Mono,
}

impl Night {
    pub(super) const fn restore(now: Now, done: Option<Reconciled>) -> Self {
        Self { done, since: now.mono }
    }
}

impl TenantMachine {
    /// The date that is checked next, and when; `None` while the organisation's zone is not known.
    pub(super) fn next_night(&self, now: Now) -> Option<(NaiveDate, Timestamp)> {
        let policy = self.setup.policy.pull.night?;
        let tenant = &self.setup.tenant;
        if tenant.time_zone.is_empty() {
            return None;
        }
        // A zone Xero added since: its dates are taken for those of UTC.
        let zone = zones::zone(&tenant.time_zone).unwrap_or(Tz::UTC);
        let done = self.night.done.as_ref().filter(|_| !is_broken(Rule::OncePerDate));
        let done = done.map(|done| done.date);
        let (date, due) = night::next(zone, policy.at, (now.wall, tenant.connected_at), done);
        let offset_ms = self.night_offset_ms(&policy);
        let spread = due.plus_ms(i64::try_from(offset_ms).unwrap_or(0));
        // Made up after a start: not all organisations at once.
        let made_up = now.wall_at(self.night.since.plus_ms(offset_ms / MISSED_PARTS));
        Some((date, spread.max(made_up)))
    }

    /// Always the same for one organisation.
    fn night_offset_ms(&self, policy: &NightPolicy) -> u64 {
        let bytes = self.setup.tenant.id.to_bytes();
        let hash = bytes.iter().fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3)
        });
        hash.checked_rem(policy.spread_ms).unwrap_or(0)
    }

    pub(super) fn night_wake(&self, now: Now) -> Option<Mono> {
        if !self.may_check() {
            return None;
        }
        let (_, at) = self.next_night(now)?;
        Some(now.mono_at(at, NAP_MAX_MS))
    }

    /// Whether a check may begin: what stands in its way ends with an event of its own.
    fn may_check(&self) -> bool {
        let is_running = self.jobs.0.values().any(|state| state.job.kind == JobKind::Reconcile);
        access(&self.setup.tenant.connection).reads && !self.is_catching_up() && !is_running
    }

    /// Begins the check that is due. That its date is being checked is durable with it.
    pub(super) fn begin_night(&mut self, now: Now, out: &mut Vec<Effect>) {
        let Some((date, at)) = self.next_night(now) else { return };
        if at > now.wall || !self.may_check() {
            return;
        }
        let order = JobOrder {
            plan: JobPlan::Reconcile,
            linked: None,
            skipped: 0,
            invoice: None,
        };
        let job = self.job_of(now, &order);
        let operation = self.open_job(now, job, (None, 0, None), SYSTEM.to_owned());
        let done = Reconciled {
            tenant: operation.tenant,
            date,
            operation: operation.id,
            began_at: now.wall,
        };
        self.night.done = Some(done.clone());
        let mut writes = self.job_rows(&operation);
        writes.push(Write::Reconciled(Box::new(done)));
        out.push(Effect::Persist(writes));
    }
}
