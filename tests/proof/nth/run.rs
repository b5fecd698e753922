//! One run: a scenario with one fault, or two, and what must hold at its end.

use counterfoil::model::reason::ReasonCode;

use super::call_fault::CallFault;
use super::course::Passed;
use super::mode::Mode;
use super::outcome::Outcome;
use super::point::{Point, What};
use super::scenario::Scenario;
use super::stage::Stage;

/// How long an outage lasts.
pub const OUTAGE_MS: u64 = 2 * 3_600_000;
/// As long as no other: over a day, with its limits.
pub const LONG_OUTAGE_MS: u64 = 26 * 3_600_000;

/// A scenario as it goes when nothing else goes wrong.
pub struct Baseline {
    pub passed: Vec<Passed>,
    pub outcome: Outcome,
}

/// A scenario, and what goes wrong at which of its points.
pub struct Run<'a> {
    pub scenario: &'a Scenario,
    pub faults: &'a [(usize, Mode)],
    pub outage_ms: u64,
}

/// Plays a scenario without a fault of its own.
pub fn baseline(scenario: &Scenario) -> Baseline {
    let mut stage = Stage::new(true);
    begin(&mut stage, scenario, &[], OUTAGE_MS);
    let passed = stage.course().passed.clone();
    stage.settle();
    let outcome = Outcome::of(&stage.simulation);
    Baseline { passed, outcome }
}

/// Every way in which the scenario can go wrong once.
pub fn single_faults(baseline: &Baseline) -> impl Iterator<Item = (usize, Mode)> {
    faults_after(&baseline.passed, 0)
}

/// What can follow a first fault: every way in which one of the later points can go wrong.
pub fn second_faults(scenario: &Scenario, first: (usize, Mode)) -> Vec<(usize, Mode)> {
    let mut stage = Stage::new(true);
    begin(&mut stage, scenario, &[first], OUTAGE_MS);
    faults_after(&stage.course().passed, first.0 + 1).collect()
}

fn faults_after(passed: &[Passed], from: usize) -> impl Iterator<Item = (usize, Mode)> {
    let points = passed.iter().enumerate().skip(from);
    points.flat_map(|(index, passed)| {
        let modes = Mode::all(passed.point, passed.under_way);
        modes.into_iter().map(move |mode| (index, mode))
    })
}

impl Run<'_> {
    /// Plays it: its end must be the expected one.
    pub fn play(&self, stage: &mut Stage, expected: &Outcome) {
        begin(stage, self.scenario, self.faults, self.outage_ms);
        let passed = stage.course().passed.len();
        assert!(
            self.faults.iter().all(|(index, _)| *index < passed),
            "a point was not reached"
        );
        stage.settle();
        if self.is_as(expected, &Outcome::of(&stage.simulation)) {
            return;
        }
        self.people_look_at_what_is_red(stage, expected);
        let outcome = Outcome::of(&stage.simulation);
        assert!(
            self.is_as(expected, &outcome),
            "33: it ends otherwise:\n{outcome:#?}\ninstead of\n{expected:#?}"
        );
    }

    fn is_as(&self, expected: &Outcome, outcome: &Outcome) -> bool {
        outcome.is_like(expected, self.scenario.may_be_spared)
    }

    /// A person looks at what is red for a lie, and presses the button. Nothing else may be red.
    fn people_look_at_what_is_red(&self, stage: &mut Stage, expected: &Outcome) {
        let outcome = Outcome::of(&stage.simulation);
        let passed = &stage.course().passed;
        let planned = self.faults.iter().map(|(index, mode)| (passed[*index].point, *mode));
        let scripted = self.scenario.script.iter().map(|(point, _, mode)| (*point, *mode));
        let met: Vec<(Point, Mode)> = planned.chain(scripted).collect();
        for (name, reason) in outcome.redder_than(expected) {
            let is_excused = met.iter().any(|(point, mode)| may_redden(*point, *mode, reason));
            assert!(is_excused, "33: {name} is red for {} in the end", reason.code());
            stage.sync_now(name);
        }
        stage.settle();
    }
}

fn begin(stage: &mut Stage, scenario: &Scenario, faults: &[(usize, Mode)], outage_ms: u64) {
    (scenario.before)(stage);
    let course = stage.course();
    course.counts = true;
    course.outage_ms = outage_ms;
    course.faults = faults.to_vec();
    course.script = scenario.script.to_vec();
    (scenario.act)(stage);
    stage.come_to_rest();
}

/// Lies that nobody can see through: a document may turn red for them, until a person asks again.
fn may_redden(point: Point, mode: Mode, reason: ReasonCode) -> bool {
    let Mode::Call(fault) = mode else {
        return false;
    };
    match (fault, point) {
        (CallFault::RefusedWhole, Point::Call(_)) => reason == ReasonCode::ValidationRefused,
        (CallFault::OtherMoney, Point::Call(What::Create)) => reason == ReasonCode::NeedsReview,
        (CallFault::Another, Point::Call(What::Accounts)) => reason == ReasonCode::UnmappedNominalCode,
        _ => false,
    }
}
