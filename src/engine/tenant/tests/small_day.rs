//! An organisation whose days allow few calls.

use super::bench::*;
use crate::engine::policy::{Limits, NightPolicy, Policy, PullPolicy};
use crate::model::document::InvoiceKind::Sales;
use crate::model::row::{Operation, OperationState};

#[test]
fn ux_52_the_nightly_check_runs_every_night_also_where_a_day_allows_400_calls() {
    let mut bench = Bench::warm_with(Policy {
        limits: Limits {
            day: 400,
            ..Limits::default()
        },
        pull: PullPolicy {
            night: Some(NightPolicy::default()),
            ..PullPolicy::default()
        },
        ..Policy::default()
    });
    for nth in 0..3 {
        bench.put(&format!("i-{nth}"), draft(Sales, &format!("N-{nth}")));
    }
    for day in 1..=5 {
        for _hour in 0..24 {
            bench.run_ms(3_600_000);
            let used = bench.machine.status(bench.now).day_used;
            assert!(used <= 400, "{used} calls on day {day}");
        }
        let all = bench.rows.operations.values();
        let checks: Vec<&Operation> = all.filter(|row| row.kind == "reconcile").collect();
        assert_eq!(checks.len(), day, "one for each date");
        for check in checks {
            assert_eq!(check.state, OperationState::Succeeded, "{check:?}");
            let took_ms = check.finished_at.unwrap().since_ms(check.created_at);
            assert!(took_ms < 60_000, "it waited {took_ms} ms for calls");
        }
        // Nor do the readings in between stop at any time.
        let used = bench.machine.status(bench.now).day_used;
        assert!((230..=320).contains(&used), "{used} calls on day {day}");
    }
}
