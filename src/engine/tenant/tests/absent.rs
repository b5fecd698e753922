//! Answers that something is not there: none is believed at once.

use super::bench::*;
use super::xero::How;
use crate::model::document::{Draft, HostStatus, InvoiceKind};
use crate::model::reason::ReasonCode as R;
use crate::model::row::Badge;
use crate::model::xero::{Reply, Request, WriteTarget};
use InvoiceKind::Sales;

/// A bench with a document that has been in Xero for an hour, and another version of it.
fn changed() -> (Bench, Draft) {
    let mut bench = Bench::warm();
    bench.put("a", draft(Sales, "N1"));
    bench.run_ms(5_000);
    bench.advance_ms(3_600_000);
    bench.run_ms(5_000);
    bench.sent.clear();
    let mut wanted = draft(Sales, "N1");
    wanted.reference = Some("x".to_owned());
    (bench, wanted)
}

const fn is_create(request: &Request) -> bool {
    matches!(
        request,
        Request::Write {
            target: WriteTarget::CreateInvoices,
            ..
        }
    )
}

#[test]
fn a_page_that_says_404_once_changes_nothing() {
    // Which call is answered so: every one of a create, of a change and of a void in turn.
    for nth in 0..3 {
        let mut bench = Bench::warm();
        bench.rows.contacts.clear();
        bench.put("a", draft(Sales, "N1"));
        let mut count = 0;
        bench.run_with(180_000, |_| {
            count += 1;
            if count == nth + 1 { How::NotFound } else { How::Well }
        });
        bench.assert_settled();
        assert_eq!(
            bench.invoice("a").sync.badge,
            Some(Badge::Synced),
            "call {nth} of a create"
        );
        assert_eq!(bench.document("a").number, "N1");
    }
    for (nth, is_void) in [(0, false), (1, false), (0, true), (1, true)] {
        let (mut bench, mut wanted) = changed();
        if is_void {
            wanted.host_status = HostStatus::Void;
        }
        bench.put("a", wanted);
        let mut count = 0;
        bench.run_with(180_000, |_| {
            count += 1;
            if count == nth + 1 { How::NotFound } else { How::Well }
        });
        bench.assert_settled();
        assert_eq!(
            bench.invoice("a").sync.badge,
            Some(Badge::Synced),
            "call {nth} of a change"
        );
        let document = bench.document("a");
        assert!(document.status.is_gone() == is_void && (is_void || document.reference == "x"));
    }
}

#[test]
fn a_create_that_is_always_answered_404_is_red_for_xero_and_made_once() {
    let mut bench = Bench::warm();
    bench.put("a", draft(Sales, "N1"));
    let how = |request: &Request| if is_create(request) { How::NotFound } else { How::Well };
    bench.run_with(1_200_000, how);
    assert_eq!(bench.code("a"), Some(R::XeroUnavailable));
    bench.sync_now("a");
    bench.run_ms(30_000);
    bench.assert_settled();
    bench.document("a");
}

#[test]
fn a_document_that_one_read_does_not_show_is_read_again_later() {
    let (mut bench, wanted) = changed();
    bench.put("a", wanted);
    bench.advance_ms(300);
    let (read, _) = bench.open.pop_front().expect("it is read first");
    let nothing = Reply::Invoices {
        found: Vec::new(),
        page_count: 0,
    };
    bench.answer_with(&read, Ok(nothing));
    let row = bench.invoice("a");
    assert_eq!(row.sync.badge, Some(Badge::Pending));
    let until = row.sync.waiting.expect("it says until when").until;
    assert_eq!(until.since_ms(bench.now.wall), 130_000);
    bench.run_ms(129_000);
    assert!(bench.sent.len() == 1 && bench.open.is_empty(), "it waits");
    bench.run_ms(5_000);
    bench.assert_settled();
    assert_eq!(bench.invoice("a").sync.badge, Some(Badge::Synced));
    assert_eq!(bench.document("a").reference, "x");
}

#[test]
fn a_document_that_two_reads_do_not_show_is_missing() {
    let (mut bench, wanted) = changed();
    let id = bench.document("a").id;
    bench.xero.invoices.remove(&id);
    bench.put("a", wanted);
    bench.run_ms(129_000);
    assert_eq!(bench.invoice("a").sync.badge, Some(Badge::Pending));
    bench.run_ms(5_000);
    assert_eq!(bench.code("a"), Some(R::MissingInXero));
    assert_eq!(bench.writes_sent(), 0);
    // A person who asks again starts anew.
    bench.sync_now("a");
    bench.run_ms(129_000);
    assert_eq!(bench.invoice("a").sync.badge, Some(Badge::Pending));
    bench.run_ms(5_000);
    assert_eq!(bench.code("a"), Some(R::MissingInXero));
}

#[test]
fn a_contact_of_ours_that_xeros_lists_show_late_is_found_and_no_collision() {
    for lag_ms in [0, 5_000, 60_000, 119_000] {
        let mut bench = Bench::warm();
        let mut wanted = draft(Sales, "N1");
        wanted.contact.reference = "C-2".to_owned();
        wanted.contact.name = "New Ltd".to_owned();
        bench.put("a", wanted);
        // The contact is made, and nobody hears of it: the process ends.
        while !bench.xero.contacts.iter().any(|contact| contact.name == "New Ltd") {
            bench.advance_ms(100);
            while let Some((call, _)) = bench.open.pop_front() {
                let result = bench.xero.answer(bench.now, &call.request, How::Well);
                if !call.request.is_write() {
                    bench.answer_with(&call, result);
                }
            }
        }
        let shown_from = bench.now.mono.plus_ms(lag_ms);
        bench.restart(100, UnderWay::Lost);
        for _ in 0..2_000 {
            bench.advance_ms(100);
            while let Some((call, _)) = bench.open.pop_front() {
                let is_hidden = matches!(call.request, Request::FindContacts { .. }) && bench.now.mono < shown_from;
                let result = match is_hidden {
                    true => Ok(Reply::Contacts(Vec::new())),
                    false => bench.xero.answer(bench.now, &call.request, How::Well),
                };
                bench.answer_with(&call, result);
            }
        }
        bench.assert_settled();
        assert_eq!(
            bench.invoice("a").sync.badge,
            Some(Badge::Synced),
            "a lag of {lag_ms} ms"
        );
        let named = bench.xero.contacts.iter().filter(|contact| contact.name == "New Ltd");
        assert_eq!(named.count(), 1);
    }
}
