//! The tale of what a grant must survive: races of its organisations, lost answers of the token
//! endpoint, and crashes between refresh and save, each in every seed, in any order and together.

use rand::RngExt as _;
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;

use super::fault::{Fault, Phase};
use super::stage::{Deed, Inner, Stage};
use super::story::{MINUTE_MS, pass, ring};

/// One of the three, or two of them together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ordeal {
    Race,
    LostAnswers,
    Crash,
    LostAnswersAndCrash,
}

impl Ordeal {
    /// Each of the three, and up to three more.
    pub fn drawn(rng: &mut StdRng) -> Vec<Self> {
        let mut drawn = vec![Self::Race, Self::LostAnswers, Self::Crash];
        let all = [Self::Race, Self::LostAnswers, Self::Crash, Self::LostAnswersAndCrash];
        for _ in 0..rng.random_range(0..4) {
            drawn.push(all[rng.random_range(0..all.len())]);
        }
        drawn.shuffle(rng);
        drawn
    }
}

/// Time without faults comes between two ordeals, also when the process died of the first.
pub async fn tell(stage: &Stage) {
    quiet(stage).await;
    while let Some(ordeal) = stage.with(|stage| stage.ordeals.pop()) {
        stage.with(|stage| stage.say(format!("{ordeal:?}")));
        match ordeal {
            Ordeal::Race => race(stage).await,
            Ordeal::LostAnswers => lose_answers(stage).await,
            Ordeal::Crash => crash(stage).await,
            Ordeal::LostAnswersAndCrash => {
                stage.with(Inner::answers_are_lost);
                crash(stage).await;
            }
        }
        quiet(stage).await;
    }
}

async fn quiet(stage: &Stage) {
    let span_ms = stage.with(|stage| stage.rng.random_range(8 * MINUTE_MS..40 * MINUTE_MS));
    pass(stage, span_ms).await;
}

/// All organisations want a new token at once: theirs are refused, or come to their end.
async fn race(stage: &Stage) {
    let is_end = stage.with(|stage| stage.rng.random_bool(0.3));
    if is_end {
        return ring(stage, 32).await;
    }
    stage.with(|stage| {
        if stage.rng.random_bool(0.5) {
            // Once more in the middle of the refresh that follows.
            let phase = Phase::ALL[stage.rng.random_range(1..Phase::ALL.len())];
            stage.plan = Some((phase, Deed::RejectAll));
        }
        stage.perform(Deed::RejectAll);
    });
    for _ in 0..5 {
        stage.bell.notify_waiters();
        let span_ms = stage.with(|stage| stage.rng.random_range(1..800));
        pass(stage, span_ms).await;
    }
    pass(stage, MINUTE_MS).await;
    stage.with(|stage| stage.plan = None);
}

/// Xero may have rotated; nobody hears of it.
async fn lose_answers(stage: &Stage) {
    stage.with(|stage| {
        stage.answers_are_lost();
        stage.perform(Deed::RejectAll);
    });
    stage.bell.notify_waiters();
    pass(stage, 2 * MINUTE_MS).await;
}

/// The process or the machine dies when Xero has rotated and the new pair is not durable.
async fn crash(stage: &Stage) {
    stage.with(|stage| {
        let phase = [Phase::Answering, Phase::Saving][stage.rng.random_range(0..2)];
        let fault = [Fault::Crash, Fault::Crash, Fault::Reboot][stage.rng.random_range(0..3)];
        let longest_ms = [1_000, MINUTE_MS, 20 * MINUTE_MS][stage.rng.random_range(0..3)];
        let down_ms = stage.rng.random_range(50..longest_ms);
        stage.plan = Some((phase, Deed::Die(fault, down_ms)));
    });
    for _ in 0..10 {
        stage.with(|stage| stage.perform(Deed::RejectAll));
        stage.bell.notify_waiters();
        pass(stage, MINUTE_MS).await;
    }
    panic!("nothing was refreshed in ten minutes");
}

impl Inner {
    fn answers_are_lost(&mut self) {
        let kinds = [
            Fault::LostAfter,
            Fault::ErrorAfter,
            Fault::Cut,
            Fault::Garbage,
            Fault::TooLate,
            Fault::SlowRequest,
        ];
        let kind = kinds[self.rng.random_range(0..kinds.len())];
        let until = self.at() + self.rng.random_range(1_000..MINUTE_MS);
        self.outage = Some((kind, until));
    }
}
