//! A seed's story: a grant is adopted, everything goes wrong, then nothing does, and both
//! organisations must be served.

use std::time::Duration;

use counterfoil::actors::keyring::Keyring;
use counterfoil::engine::event::ConnectionEvent;
use counterfoil::model::failure::FailureKind;
use rand::RngExt as _;

use super::fault::{Fault, Phase};
use super::life::waiting;
use super::stage::{Deed, Inner, Stage, Tale, Tenant};
use super::three;

pub const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 86_400_000;
/// The last part of a story, without faults.
const CALM_MINUTES: u32 = 12;

/// What happens in this process, and in all before it.
pub async fn tell(stage: &Stage, keyring: &Keyring) {
    if stage.with(|stage| stage.grant.is_none()) {
        let is_calm = stage.with(|stage| stage.tale == Tale::Three || stage.rng.random_bool(0.6));
        stage.with(|stage| stage.fault_percent = if is_calm { 0 } else { 40 });
        adopt(stage, keyring).await;
    }
    if stage.with(|stage| stage.tale) == Tale::Three {
        three::tell(stage).await;
        return settle(stage, keyring).await;
    }
    if stage.with(|stage| std::mem::take(&mut stage.was_set_back)) {
        // Nobody can know of it before the token in the store has ended, and somebody needs one.
        stage.with(|stage| stage.idle_until = 0);
        ring(stage, 32).await;
    }
    loop {
        let more = stage.with(|stage| {
            stage.acts_left = stage.acts_left.saturating_sub(1);
            stage.acts_left > 0 && stage.judge.violations.is_empty()
        });
        if !more {
            break;
        }
        act(stage).await;
        if stage.with(|stage| stage.tenants.iter().all(|tenant| !tenant.is_active())) {
            reconnect(stage, keyring).await;
        }
    }
    settle(stage, keyring).await;
}

pub async fn pass(stage: &Stage, span_ms: u64) {
    tokio::time::sleep(Duration::from_millis(span_ms)).await;
    stage.go_on().await;
}

/// A person hands over the consent, and again if it does not work at once.
async fn adopt(stage: &Stage, keyring: &Keyring) {
    for _ in 0..40 {
        let token = stage.with(|stage| {
            stage.say("a person adopts the grant");
            stage.first_token.clone()
        });
        match waiting(stage, keyring.adopt(token.into())).await {
            Ok((grant, listed)) => {
                return stage.with(|stage| {
                    if listed.len() != stage.tenants.len() {
                        stage
                            .judge
                            .fail(52, format!("{} organisations are listed", listed.len()));
                    }
                    stage.grant = Some(grant);
                    stage.say("adopted");
                });
            }
            Err(failure) => {
                stage.with(|stage| {
                    stage.hear(format!("{failure} {failure:?}"));
                    stage.say(format!("not adopted: {failure}"));
                    // A person can see for themselves whether one refusal was a mistake.
                    let is_mistake = stage.at() < stage.last_spurious + MINUTE_MS;
                    if failure.kind == FailureKind::GrantRejected && !is_mistake {
                        let at = stage.at();
                        stage.judge.told_to_reconnect(at, &failure.message);
                        stage.first_token = stage.renew_consent();
                    }
                });
                forget_all(stage, keyring);
            }
        }
        pass(stage, MINUTE_MS).await;
        stage.with(|stage| stage.fault_percent = 10);
    }
    stage.with(|stage| stage.judge.fail(52, "a grant cannot be adopted"));
}

/// Grants that no organisation names are dropped.
fn forget_all(stage: &Stage, keyring: &Keyring) {
    if stage.with(|stage| !stage.ends.is_empty()) {
        let old = stage.with(|stage| stage.shelf.grants());
        old.into_iter().for_each(|old| keyring.forget(old));
    }
}

async fn act(stage: &Stage) {
    let choice = stage.with(|stage| stage.rng.random_range(0..100));
    match choice {
        0..15 => {
            let span_ms = stage.with(|stage| stage.rng.random_range(1_000..40 * MINUTE_MS));
            pass(stage, span_ms).await;
        }
        15..55 => plan(stage).await,
        55..72 => weather(stage).await,
        72..82 => outage(stage).await,
        82..88 => rejections(stage).await,
        88..94 => rest(stage).await,
        94..97 => set_back(stage).await,
        _ => {
            // Everybody at once, at the moment a token ends.
            for _ in 0..4 {
                stage.bell.notify_waiters();
                pass(stage, 8 * MINUTE_MS).await;
            }
        }
    }
}

/// Something happens in a phase of the next refresh.
async fn plan(stage: &Stage) {
    stage.with(|stage| {
        let phase = Phase::ALL[stage.rng.random_range(0..Phase::ALL.len())];
        let deed = stage.deed();
        stage.say(format!("planned for {phase:?}: {deed:?}"));
        if phase == Phase::Idle {
            stage.perform(deed);
        } else {
            stage.plan = Some((phase, deed));
            // A token that is refused makes a refresh come at once.
            stage.reject_next += u32::from(stage.rng.random_bool(0.5));
        }
    });
    stage.go_on().await;
    stage.bell.notify_waiters();
    let span_ms = stage.with(|stage| stage.rng.random_range(MINUTE_MS..35 * MINUTE_MS));
    pass(stage, span_ms).await;
    stage.with(|stage| stage.plan = None);
}

/// Some share of everything goes wrong for a while.
async fn weather(stage: &Stage) {
    let span_ms = stage.with(|stage| {
        stage.fault_percent = stage.rng.random_range(5..60);
        stage.reject_next += stage.rng.random_range(0..3);
        let percent = stage.fault_percent;
        stage.say(format!("{percent} % of everything goes wrong"));
        stage.rng.random_range(MINUTE_MS..50 * MINUTE_MS)
    });
    stage.bell.notify_waiters();
    pass(stage, span_ms).await;
    stage.with(|stage| stage.fault_percent = 0);
}

/// One thing goes wrong all the time.
async fn outage(stage: &Stage) {
    let span_ms = stage.with(|stage| {
        let kinds = [
            Fault::Refused,
            Fault::LostAfter,
            Fault::LostBefore,
            Fault::Busy503,
            Fault::Throttled,
            Fault::TooLate,
            Fault::SlowRequest,
            Fault::SaveFails,
            Fault::SaveLostAfter,
            Fault::Spurious,
            Fault::LongSpurious,
        ];
        let kind = kinds[stage.rng.random_range(0..kinds.len())];
        let span_ms = match kind {
            Fault::Spurious => stage.rng.random_range(500..5_000),
            _ => stage.rng.random_range(10_000..50 * MINUTE_MS),
        };
        let until = stage.at() + span_ms;
        stage.outage = Some((kind, until));
        if kind == Fault::LongSpurious {
            stage.judge.refused_until = Some(until);
        }
        stage.say(format!("{kind:?} for {span_ms} ms"));
        stage.reject_next += 1;
        span_ms
    });
    stage.bell.notify_waiters();
    pass(stage, span_ms).await;
    stage.with(|stage| stage.outage = None);
    pass(stage, MINUTE_MS).await;
}

/// Good tokens are refused.
async fn rejections(stage: &Stage) {
    for _ in 0..3 {
        stage.with(|stage| {
            stage.perform(Deed::RejectAll);
            stage.fault_percent = if stage.rng.random_bool(0.3) { 30 } else { 0 };
        });
        stage.bell.notify_waiters();
        let span_ms = stage.with(|stage| stage.rng.random_range(5_000..10 * MINUTE_MS));
        pass(stage, span_ms).await;
    }
    stage.with(|stage| stage.fault_percent = 0);
}

/// Nobody wants anything for long.
async fn rest(stage: &Stage) {
    let span_ms = stage.with(|stage| {
        let hours = [2, 12, 8 * 24, 20 * 24, 70 * 24][stage.rng.random_range(0..5)];
        let span_ms = hours * HOUR_MS;
        stage.idle_until = stage.at() + span_ms;
        stage.say(format!("nobody wants anything for {hours} hours"));
        span_ms
    });
    pass(stage, span_ms).await;
}

/// The store is set back, soon enough for Xero to take what is in it.
async fn set_back(stage: &Stage) {
    // So that the last rotation is young.
    stage.with(|stage| stage.reject_next = 1);
    stage.bell.notify_waiters();
    pass(stage, 5 * MINUTE_MS).await;
    stage.with(|stage| {
        let down_ms = stage.rng.random_range(MINUTE_MS..5 * MINUTE_MS);
        stage.perform(Deed::Die(Fault::Restored, down_ms));
    });
    stage.go_on().await;
}

impl Inner {
    fn deed(&mut self) -> Deed {
        match self.rng.random_range(0..100) {
            0..45 => {
                let down_ms = match self.rng.random_range(0..3) {
                    0 => self.rng.random_range(50..5_000),
                    1 => self.rng.random_range(5_000..2 * MINUTE_MS),
                    _ => self.rng.random_range(2 * MINUTE_MS..20 * MINUTE_MS),
                };
                Deed::Die(Fault::Crash, down_ms)
            }
            45..55 => Deed::Die(Fault::Reboot, self.rng.random_range(20_000..3 * MINUTE_MS)),
            55..57 => Deed::Die(Fault::LongDown, self.rng.random_range(31 * MINUTE_MS..50 * HOUR_MS)),
            57..72 => {
                let skews = [DAY_MS, -DAY_MS, 600_000, -600_000, 40 * DAY_MS, -20_000];
                Deed::Jump(skews[self.rng.random_range(0..skews.len())])
            }
            72..84 => Deed::Sleep(self.rng.random_range(10 * MINUTE_MS..3 * HOUR_MS)),
            84..98 => Deed::RejectAll,
            _ => Deed::Revoke,
        }
    }
}

/// Nothing goes wrong any more.
async fn settle(stage: &Stage, keyring: &Keyring) {
    let from = stage.with(|stage| {
        stage.fault_percent = 0;
        stage.reject_next = 0;
        stage.outage = None;
        stage.plan = None;
        stage.idle_until = 0;
        stage.say("nothing goes wrong any more");
        stage.at()
    });
    ring(stage, CALM_MINUTES).await;
    let is_dead = stage.with(|stage| stage.verdict(from));
    if is_dead {
        reconnect(stage, keyring).await;
    }
}

pub async fn ring(stage: &Stage, minutes: u32) {
    for _ in 0..minutes * 2 {
        stage.bell.notify_waiters();
        pass(stage, MINUTE_MS / 2).await;
    }
}

/// A person consents again: all is well without anything else.
async fn reconnect(stage: &Stage, keyring: &Keyring) {
    stage.with(|stage| {
        stage.fault_percent = 0;
        stage.reject_next = 0;
        stage.plan = None;
        stage.idle_until = 0;
        stage.first_token = stage.renew_consent();
        stage.grant = None;
    });
    forget_all(stage, keyring);
    adopt(stage, keyring).await;
    let from = stage.with(|stage| {
        for nth in 0..stage.tenants.len() {
            stage.change(nth, ConnectionEvent::Reconnected);
        }
        stage.at()
    });
    ring(stage, 2).await;
    if stage.with(|stage| stage.verdict(from)) {
        stage.with(|stage| stage.judge.fail(52, "a new consent does not work"));
    }
}

impl Inner {
    /// Whether the grant is dead, once everybody has wanted something.
    fn verdict(&mut self, from: u64) -> bool {
        let waits = self.waits.clone();
        for (_, since) in waits {
            self.check_wait(since);
        }
        let dead = self.tenants.iter().filter(|tenant| !tenant.is_active()).count();
        let unserved = |tenant: &&Tenant| tenant.served_at.is_none_or(|at| at < from);
        let unserved = self.tenants.iter().filter(unserved).count();
        let all = self.tenants.len();
        self.say(format!(
            "of {all} tenants {dead} are told to reconnect, {unserved} are not served"
        ));
        if dead == 0 && unserved > 0 {
            let words = format!("{unserved} of {all} tenants are not served although nothing is wrong");
            self.judge.fail(52, words);
        }
        if dead != 0 && dead != all {
            let words = format!("only {dead} of {all} tenants of one dead grant are told");
            self.judge.fail(53, words);
        }
        dead > 0
    }
}
