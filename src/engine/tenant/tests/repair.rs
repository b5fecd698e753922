//! Fixed causes: mappings that are checked, charts that change, and releases that survive a crash.

use super::bench::*;
use super::xero::How;
use crate::engine::effect::{Reply, Unmappable};
use crate::engine::event::{Event, MappingOrder};
use crate::model::document::Draft;
use crate::model::document::InvoiceKind::Sales;
use crate::model::reason::ReasonCode as R;
use crate::model::row::{Badge, FixedCause, MappingKind};
use crate::model::xero::{Account, Request};

fn map(bench: &mut Bench, key: &str, value: Option<&str>) {
    let ask = bench.ask();
    let before = bench.rows.mappings.iter().find(|known| known.key == key);
    bench.event(Event::MappingsSet {
        ask,
        orders: vec![MappingOrder {
            kind: MappingKind::NominalCodes,
            key: key.to_owned(),
            value: value.map(str::to_owned),
            before: before.map(|known| known.value.clone()),
        }],
        chart: bench.rows.chart.clone().map(Box::new),
        by: "token:test".to_owned(),
    });
}

fn coded(number: &str, code: &str) -> Draft {
    let mut wanted = draft(Sales, number);
    wanted.lines[0].nominal_code = Some(code.to_owned());
    wanted
}

fn refused(bench: &Bench) -> Option<&Unmappable> {
    match bench.replies.last() {
        Some((_, Reply::Unmappable(wrong))) => wrong.first(),
        _ => None,
    }
}

fn add_account(bench: &mut Bench, code: &str) {
    let like = bench.xero.accounts[0].clone();
    bench.xero.accounts.push(Account {
        code: Some(code.to_owned()),
        is_active: true,
        ..like
    });
}

#[test]
fn a_mapping_to_an_account_that_was_just_added_is_taken_once_the_chart_was_read_anew() {
    let mut bench = Bench::warm();
    bench.put("a", coded("N1", "4010"));
    bench.run_ms(60_000);
    add_account(&mut bench, "777");
    let replies = bench.replies.len();
    map(&mut bench, "4010", Some("777"));
    assert_eq!(bench.replies.len(), replies, "the chart is asked first");
    bench.run_ms(60_000);
    assert!(matches!(bench.replies.last(), Some((_, Reply::Done { released: 1 }))));
    assert_eq!(bench.document("a").lines[0].account_code.as_deref(), Some("777"));
    let set = bench.rows.audit.iter().find(|entry| entry.action == "mapping.set");
    assert_eq!(set.expect("it is written down").actor, "token:test");
    bench.assert_settled();
}

#[test]
fn a_mapping_to_nothing_is_refused_and_stores_nothing() {
    let mut bench = Bench::warm();
    bench.put("a", coded("N1", "4010"));
    bench.run_ms(60_000);
    map(&mut bench, "4010", Some("888"));
    bench.run_ms(5_000);
    assert!(refused(&bench).is_some_and(|wrong| wrong.why.contains("no account 888")));
    assert!(bench.rows.mappings.is_empty() && bench.rows.tenant.fixed.is_empty());
    // The chart was read a moment ago, so this is known at once.
    map(&mut bench, "4010", Some("889"));
    assert!(refused(&bench).is_some_and(|wrong| wrong.why.contains("no account 889")));
}

#[test]
fn a_mapping_is_decided_on_what_is_known_when_the_chart_cannot_be_read() {
    let mut bench = Bench::warm();
    bench.run_ms(60_000);
    map(&mut bench, "4010", Some("888"));
    let fails = |request: &Request| match request {
        Request::Organisation | Request::Accounts | Request::TaxRates => How::NotSent,
        _ => How::Well,
    };
    bench.run_with(5_000, fails);
    assert!(refused(&bench).is_some(), "nobody waits for ever");
    let mut ended = Bench::warm();
    ended.event(Event::Disconnected {
        requested_by: "token:test".to_owned(),
    });
    ended.run_ms(60_000);
    map(&mut ended, "4010", Some("888"));
    assert!(refused(&ended).is_some());
}

#[test]
fn a_mapping_that_is_taken_away_is_gone() {
    let mut bench = Bench::warm();
    map(&mut bench, "4010", Some("400"));
    bench.put("a", coded("N1", "4010"));
    bench.run_ms(60_000);
    assert_eq!(bench.invoice("a").sync.badge, Some(Badge::Synced));
    map(&mut bench, "4010", None);
    assert!(bench.rows.mappings.is_empty());
    bench.put("b", coded("N2", "4010"));
    bench.run_ms(60_000);
    assert_eq!(bench.code("b"), Some(R::UnmappedNominalCode));
    bench.assert_settled();
}

#[test]
fn only_what_is_red_for_the_very_word_is_counted() {
    let mut bench = Bench::warm();
    for (host_ref, code) in [("a", "4010"), ("b", "4010"), ("c", "4020")] {
        bench.put(host_ref, coded(&format!("N-{host_ref}"), code));
    }
    bench.run_ms(60_000);
    map(&mut bench, "4010", Some("400"));
    assert!(matches!(bench.replies.last(), Some((_, Reply::Done { released: 2 }))));
    bench.run_ms(60_000);
    assert_eq!(bench.code("c"), Some(R::UnmappedNominalCode));
    map(&mut bench, "4020", Some("400"));
    assert!(matches!(bench.replies.last(), Some((_, Reply::Done { released: 1 }))));
    bench.run_ms(60_000);
    bench.assert_settled();
}

#[test]
fn a_release_that_a_crash_cut_off_is_finished_after_the_start() {
    let mut bench = Bench::warm();
    for nth in 0..3 {
        bench.put(&format!("a{nth}"), coded(&format!("N{nth}"), "4010"));
    }
    bench.run_ms(60_000);
    // The mapping is stored, and then the process ends.
    bench.dies_in = Some(1);
    map(&mut bench, "4010", Some("400"));
    assert!(bench.is_dead);
    let cause = FixedCause {
        code: R::UnmappedNominalCode,
        words: Some(vec![(MappingKind::NominalCodes, "4010".to_owned())]),
    };
    assert!(
        bench.rows.tenant.fixed.contains(&cause),
        "{:?}",
        bench.rows.tenant.fixed
    );
    bench.restart(1_000, UnderWay::Lost);
    bench.run_ms(60_000);
    bench.assert_settled();
    for nth in 0..3 {
        bench.document(&format!("a{nth}"));
    }
    assert!(bench.rows.tenant.fixed.is_empty());
}

#[test]
fn a_lock_that_was_lifted_releases_all_that_were_red_for_it_once_the_chart_is_read() {
    let mut bench = Bench::warm();
    bench.advance_ms(3_700_000);
    bench.xero.organisation.period_lock_date = chrono::NaiveDate::from_ymd_opt(2026, 12, 31);
    let mut later = draft(Sales, "N3");
    later.issue_date = chrono::NaiveDate::from_ymd_opt(2026, 11, 30).expect("a date");
    for (host_ref, body) in [("a", draft(Sales, "N1")), ("b", draft(Sales, "N2")), ("c", later)] {
        bench.put(host_ref, body);
    }
    bench.run_ms(60_000);
    assert_eq!(bench.code("b"), Some(R::PeriodLocked));
    // Moved, not taken away: what is still locked is left alone.
    bench.xero.organisation.period_lock_date = chrono::NaiveDate::from_ymd_opt(2026, 11, 25);
    let before = bench.invoice("b");
    bench.sync_now("a");
    bench.run_ms(60_000);
    bench.document("c");
    assert_eq!((bench.code("a"), bench.invoice("b")), (Some(R::PeriodLocked), before));
    bench.xero.organisation.period_lock_date = None;
    bench.sync_now("a");
    bench.run_ms(60_000);
    bench.assert_settled();
    for host_ref in ["a", "b", "c"] {
        bench.document(host_ref);
    }
}

#[test]
fn an_account_that_was_added_releases_what_needed_it() {
    let mut bench = Bench::warm();
    bench.put("a", coded("N1", "4010"));
    bench.put("b", coded("N2", "4010"));
    bench.put("c", coded("N3", "4020"));
    bench.run_ms(60_000);
    add_account(&mut bench, "4010");
    bench.run_ms(60_000);
    bench.sync_now("a");
    bench.run_ms(60_000);
    bench.assert_settled();
    bench.document("b");
    assert_eq!(bench.code("c"), Some(R::UnmappedNominalCode));
}

#[test]
fn what_was_red_for_an_outage_before_a_start_goes_when_xero_is_back() {
    let mut bench = Bench::warm();
    bench.put("a", draft(Sales, "N1"));
    bench.run_with(1_800_000, |request| match request {
        Request::Write { .. } => How::ErrorBefore,
        _ => How::Well,
    });
    assert_eq!(bench.code("a"), Some(R::XeroUnavailable));
    bench.restart(1_000, UnderWay::Lost);
    bench.put("b", draft(Sales, "N2"));
    bench.run_ms(600_000);
    bench.assert_settled();
    bench.document("a");
}

#[test]
fn ux_54_a_party_that_is_left_out_waits_for_a_click() {
    let mut bench = Bench::warm();
    bench.settings(|settings| settings.contacts_opt_out.push("p1".to_owned()));
    let mut left = draft(Sales, "N1");
    left.contact.reference = "p1".to_owned();
    left.contact.name = "Left Out Ltd".to_owned();
    bench.put("a", left.clone());
    bench.put("b", draft(Sales, "N2"));
    bench.run_ms(60_000);
    assert_eq!(bench.invoice("a").sync.badge, None);
    bench.document("b");
    bench.sync_now("a");
    bench.run_ms(60_000);
    bench.document("a");
    // Being let in again sends nothing that was written before.
    left.number = "N3".to_owned();
    bench.put("c", left);
    bench.settings(|settings| settings.contacts_opt_out.clear());
    bench.run_ms(60_000);
    assert_eq!(bench.invoice("c").sync.badge, None);
    bench.assert_settled();
}
