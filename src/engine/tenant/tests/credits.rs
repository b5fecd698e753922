//! First syncs that the host counts, and a connection that another grant reaches.

use super::bench::*;
use crate::engine::event::{ConnectionEvent, Event};
use crate::model::connection::ConnectionState::{Active, PendingCredits, RequiresReauth};
use crate::model::document::InvoiceKind::Sales;
use crate::model::failure::{Failure, FailureKind, Received, Remedy};
use crate::model::ids::GrantId;
use crate::model::row::{Badge, Credits};

fn allow(bench: &mut Bench, left: Option<i64>) {
    let ask = bench.ask();
    let credits = left.map(|left| Credits { left, top_up_url: None });
    let by = "token:host".to_owned();
    bench.event(Event::CreditsSet { ask, credits, by });
}

fn left(bench: &Bench) -> Option<i64> {
    bench.rows.tenant.credits.as_ref().map(|credits| credits.left)
}

#[test]
fn each_first_sync_costs_one_and_changes_cost_nothing() {
    let mut bench = Bench::warm();
    let warm = bench.rows.invoices.len();
    allow(&mut bench, Some(2));
    bench.put("one", draft(Sales, "N-1"));
    bench.run_ms(20_000);
    assert_eq!((left(&bench), bench.rows.tenant.connection.state), (Some(1), Active));
    let mut changed = draft(Sales, "N-1");
    changed.reference = Some("changed".to_owned());
    bench.put("one", changed);
    bench.run_ms(20_000);
    assert_eq!(left(&bench), Some(1));
    for name in ["two", "three"] {
        bench.put(name, draft(Sales, name));
    }
    bench.run_ms(20_000);
    // Both were on their way in one call when the last was spent.
    assert_eq!(
        (left(&bench), bench.rows.tenant.connection.state),
        (Some(-1), PendingCredits)
    );
    let sent = bench.writes_sent();
    bench.put("four", draft(Sales, "N-4"));
    bench.run_ms(600_000);
    assert_eq!(bench.writes_sent(), sent);
    assert_eq!(bench.invoice("four").sync.badge, Some(Badge::Failed));
    bench.restart(1_000, UnderWay::Lost);
    bench.run_ms(20_000);
    assert_eq!(bench.rows.tenant.connection.state, PendingCredits);
    allow(&mut bench, Some(1));
    bench.run_ms(20_000);
    assert_eq!(bench.invoice("four").sync.badge, Some(Badge::Synced));
    assert_eq!(left(&bench), Some(0));
    assert_eq!(bench.rows.invoices.len(), warm + 4);
    allow(&mut bench, None);
    assert_eq!((left(&bench), bench.rows.tenant.connection.state), (None, Active));
}

#[test]
fn a_connection_that_comes_back_without_credits_reads_and_does_not_write() {
    let mut bench = Bench::warm();
    bench.connection(ConnectionEvent::GrantLost(
        crate::model::connection::ConnectionCause::GrantDead,
    ));
    allow(&mut bench, Some(0));
    assert_eq!(bench.rows.tenant.connection.state, RequiresReauth);
    bench.put("one", draft(Sales, "N-1"));
    bench.connection(ConnectionEvent::Reconnected);
    bench.run_ms(60_000);
    assert_eq!(bench.rows.tenant.connection.state, PendingCredits);
    assert!(!bench.is_catching_up(), "what changed meanwhile was read");
    assert_eq!(bench.writes_sent(), 0);
    allow(&mut bench, None);
    bench.run_ms(20_000);
    assert_eq!(bench.invoice("one").sync.badge, Some(Badge::Synced));
}

#[test]
fn what_the_old_grant_is_refused_says_nothing_about_the_new_one() {
    let mut bench = Bench::warm();
    bench.put("one", draft(Sales, "N-1"));
    bench.advance_ms(1_000);
    let (old, _) = bench.open.pop_front().expect("a call is open");
    bench.advance_ms(1);
    bench.event(Event::Regranted {
        grant: GrantId::from_parts(9, 9),
        requested_by: "token:test".to_owned(),
        why: "A person consented.".to_owned(),
    });
    let refused = Failure {
        kind: FailureKind::GrantRejected,
        remedy: Remedy::Reconnect,
        received: Received::No,
        status: None,
        message: "the grant is not known".to_owned(),
        validation: Vec::new(),
    };
    bench.answer_with(&old, Err(refused.clone()));
    assert_eq!(bench.rows.tenant.connection.state, Active);
    // The new one is believed.
    bench.advance_ms(1_000);
    let (new, _) = bench.open.pop_front().expect("a call is open");
    bench.answer_with(&new, Err(refused));
    assert_eq!(bench.rows.tenant.connection.state, RequiresReauth);
}
