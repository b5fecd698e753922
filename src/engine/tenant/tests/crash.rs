//! The process ends at every point of a push, and starts again from what was durable.

use super::bench::*;
use super::xero::How;
use crate::model::document::{HostStatus, InvoiceKind};
use crate::model::row::Badge;

/// What happens before, and around, the crash.
#[derive(Debug, Clone, Copy)]
enum Scenario {
    Create,
    LostAnswer,
    Error,
    Change,
    AddLine,
    Void,
}

/// Runs a scenario; the process dies after `dies_in` effects. Returns how many effects there were.
fn run(scenario: Scenario, kind: InvoiceKind, dies_in: Option<usize>, down_ms: u64, arrives: UnderWay) -> usize {
    let mut bench = Bench::warm();
    let mut wanted = draft(kind, "N1");
    if !matches!(scenario, Scenario::Create | Scenario::LostAnswer | Scenario::Error) {
        bench.put("a", wanted.clone());
        bench.run_ms(20_000);
    }
    match scenario {
        Scenario::Create | Scenario::LostAnswer | Scenario::Error => {}
        Scenario::Change => wanted.lines[0].description = "changed".to_owned(),
        Scenario::AddLine => wanted.lines.push(line("2", "second", "5")),
        Scenario::Void => wanted.host_status = HostStatus::Void,
    }
    bench.dies_in = dies_in;
    let before = bench.effects_count;
    let mut writes = 0;
    bench.put("a", wanted.clone());
    bench.run_with(20_000, |request| {
        writes += usize::from(request.is_write());
        match scenario {
            Scenario::LostAnswer if request.is_write() && writes == 1 => How::LostAfter,
            Scenario::Error if request.is_write() && writes == 1 => How::ErrorAfter,
            _ => How::Well,
        }
    });
    let effects = bench.effects_count - before;
    if bench.is_dead {
        bench.restart(down_ms, arrives);
    }
    bench.run_ms(900_000);
    if bench.find("a").is_none_or(|row| row.draft != wanted) {
        // It died before it answered the host, which therefore asks again.
        bench.put("a", wanted.clone());
        bench.run_ms(900_000);
    }
    let label = format!("{scenario:?} {kind:?} {dies_in:?} {down_ms} {arrives:?}");
    bench.assert_settled();
    let row = bench.invoice("a");
    assert_eq!(row.sync.badge, Some(Badge::Synced), "{label}");
    let document = bench.document("a");
    if wanted.host_status == HostStatus::Void {
        assert!(document.status.is_gone(), "{label}");
    } else {
        let lines: Vec<_> = document.lines.iter().map(|line| line.description.clone()).collect();
        let expected: Vec<_> = wanted.lines.iter().map(|line| line.description.clone()).collect();
        assert_eq!(lines, expected, "{label}");
    }
    effects
}

#[test]
fn invariant_01_and_02_a_crash_at_any_effect_leaves_one_document_as_the_host_wants_it() {
    use Scenario as S;
    for scenario in [S::Create, S::LostAnswer, S::Error, S::Change, S::AddLine, S::Void] {
        for kind in [InvoiceKind::Sales, InvoiceKind::Purchase] {
            let effects = run(scenario, kind, None, 0, UnderWay::Lost);
            assert!(effects >= 5, "{scenario:?} has {effects} effects");
            for dies_in in 0..effects {
                for down_ms in [1_000, 150_000, 400_000] {
                    for arrives in [UnderWay::Lost, UnderWay::Arrives, UnderWay::ArrivesLate(100_000)] {
                        run(scenario, kind, Some(dies_in), down_ms, arrives);
                    }
                }
            }
        }
    }
}

#[test]
fn invariant_05_after_a_reboot_or_a_clock_jump_no_key_is_used_again() {
    for (boot_id, jump_ms) in [("boot-2", 0), ("boot-1", 3_600_000), ("boot-1", -3_600_000)] {
        let mut bench = Bench::warm();
        bench.put("a", draft(InvoiceKind::Purchase, "B1"));
        bench.advance_ms(300);
        assert_eq!(bench.writes_sent(), 1);
        bench.setup.boot_id = std::sync::Arc::from(boot_id);
        bench.now.wall = bench.now.wall.plus_ms(jump_ms);
        // What was under way arrives late, but before quiescence.
        bench.restart(1_000, UnderWay::ArrivesLate(100_000));
        bench.run_ms(900_000);
        bench.assert_settled();
        bench.document("a");
        assert_eq!(bench.writes_sent(), 1, "{boot_id} {jump_ms}: found, not sent again");
    }
}

#[test]
fn invariant_06_absence_is_not_believed_before_it_is_quiet() {
    // Nothing arrives until the key is nearly worn out; then the process ends, and the last
    // request is still under way.
    let mut bench = Bench::warm();
    bench.put("a", draft(InvoiceKind::Purchase, "B1"));
    bench.run_with(
        200_000,
        |request| {
            if request.is_write() { How::LostBefore } else { How::Well }
        },
    );
    while bench.open.is_empty() {
        bench.advance_ms(1_000);
    }
    assert!(bench.open[0].0.request.is_write());
    bench.restart(100_000, UnderWay::ArrivesLate(170_000));
    bench.run_ms(900_000);
    bench.assert_settled();
    bench.document("a");
}
