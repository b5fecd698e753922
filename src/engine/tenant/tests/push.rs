//! From a host's write to Xero, with a service that works.

use super::bench::*;
use super::xero::How;
use crate::engine::effect::Reply;
use crate::engine::policy::Policy;
use crate::model::document::{HostStatus, InvoiceKind};
use crate::model::reason::ReasonCode;
use crate::model::row::Badge;
use crate::model::xero::{InvoiceChange, Request, XeroStatus};
use InvoiceKind::{Purchase, Sales};

#[test]
fn a_new_invoice_becomes_one_document_and_turns_green() {
    for kind in [Sales, Purchase] {
        let mut bench = Bench::new();
        bench.put("a", draft(kind, "N1"));
        assert_eq!(bench.invoice("a").sync.badge, Some(Badge::Pending));
        bench.run_ms(10_000);
        bench.assert_settled();
        assert_eq!(bench.invoice("a").sync.badge, Some(Badge::Synced));
        assert_eq!(bench.document("a").status, XeroStatus::Authorised);
        let calls: Vec<_> = bench.sent.iter().map(|(_, request)| request.resource()).collect();
        assert_eq!(
            calls,
            [
                "organisation",
                "accounts",
                "tax_rates",
                "contacts",
                "contacts",
                "invoices"
            ]
        );
    }
}

#[test]
fn writing_the_same_document_again_changes_nothing() {
    let mut bench = Bench::warm();
    bench.put("a", draft(Sales, "N1"));
    bench.run_ms(5_000);
    let (before, effects) = (bench.rows.invoices.clone(), bench.effects_count);
    bench.put("a", draft(Sales, "N1"));
    assert_eq!(bench.effects_count, effects + 1);
    assert!(matches!(
        bench.replies.last(),
        Some((
            _,
            Reply::Accepted {
                created: false,
                changed: false,
                ..
            }
        ))
    ));
    assert_eq!(bench.rows.invoices, before);
    assert!(bench.rows.intents.is_empty());
}

#[test]
fn ux_13_a_changed_document_is_read_compared_and_pushed_again() {
    let mut bench = Bench::warm();
    bench.put("a", draft(Sales, "N1"));
    bench.run_ms(5_000);
    bench.sent.clear();
    let mut changed = draft(Sales, "N1");
    changed.lines[0].description = "More work".to_owned();
    bench.put("a", changed);
    assert_eq!(bench.invoice("a").sync.badge, Some(Badge::Pending));
    bench.run_ms(5_000);
    bench.assert_settled();
    assert!(matches!(bench.sent[0].1, Request::InvoicesById(_)));
    assert_eq!((bench.sent.len(), bench.writes_sent()), (2, 1));
    assert_eq!(bench.document("a").lines[0].description, "More work");
    assert_eq!(bench.invoice("a").common.unwrap().rev, 2);
}

#[test]
fn ux_88_the_host_status_decides_what_is_pushed_and_as_what() {
    let table = [
        (HostStatus::Draft, None, Some(XeroStatus::Draft)),
        (
            HostStatus::Pending,
            Some(XeroStatus::Submitted),
            Some(XeroStatus::Submitted),
        ),
        (
            HostStatus::Approved,
            Some(XeroStatus::Authorised),
            Some(XeroStatus::Authorised),
        ),
        (HostStatus::Void, None, None),
    ];
    for (status, by_itself, on_request) in table {
        let mut bench = Bench::warm();
        let mut wanted = draft(Sales, "N1");
        wanted.host_status = status;
        bench.put("a", wanted);
        bench.run_ms(5_000);
        let marker = bench.invoice("a").marker;
        let found = |bench: &Bench| bench.xero.of_marker(marker).first().map(|found| found.status.clone());
        assert_eq!(found(&bench), by_itself, "{status:?}");
        assert_eq!(bench.invoice("a").sync.badge, by_itself.map(|_| Badge::Synced));
        bench.sync_now("a");
        bench.run_ms(5_000);
        assert_eq!(found(&bench), on_request, "{status:?} after Sync now");
        bench.assert_settled();
    }
}

#[test]
fn ux_6_sync_now_is_an_operation_that_ends_and_is_joined_while_it_runs() {
    let mut bench = Bench::warm();
    bench.settings(|settings| settings.auto_sync.enabled = false);
    bench.put("a", draft(Sales, "N1"));
    assert_eq!(bench.invoice("a").sync.badge, None);
    bench.sync_now("a");
    bench.sync_now("a");
    let operations: Vec<_> = bench.rows.operations.values().cloned().collect();
    assert_eq!(operations.len(), 1);
    assert_eq!(operations[0].message, "Queued");
    bench.run_ms(5_000);
    bench.assert_settled();
    assert_eq!(bench.rows.operations[&operations[0].id].message, "Synced to Xero");
}

#[test]
fn an_operation_ends_with_the_newest_version_not_with_the_one_under_way() {
    let mut bench = Bench::warm();
    bench.put("a", draft(Sales, "N1"));
    bench.advance_ms(300);
    let mut changed = draft(Sales, "N1");
    changed.due_date = None;
    changed.lines[0].unit_price = dec("7");
    bench.put("a", changed);
    bench.sync_now("a");
    bench.answer(How::Well);
    assert!(
        bench
            .rows
            .operations
            .values()
            .all(|operation| !operation.state.is_final())
    );
    bench.run_ms(5_000);
    bench.assert_settled();
    assert_eq!(bench.document("a").sub_total, dec("7"));
}

#[test]
fn history_and_documents_taken_while_their_toggle_was_off_wait_for_a_person() {
    let mut bench = Bench::warm();
    let mut old = draft(Sales, "OLD");
    old.created_at = Some(bench.rows.tenant.connected_at.plus_ms(-1));
    bench.put("old", old);
    bench.settings(|settings| settings.auto_sync.purchases = false);
    bench.put("bill", draft(Purchase, "B1"));
    bench.put("sale", draft(Sales, "S1"));
    bench.run_ms(5_000);
    bench.settings(|settings| settings.auto_sync.purchases = true);
    let mut changed = draft(Purchase, "B1");
    changed.lines[0].description = "changed".to_owned();
    bench.put("bill", changed);
    bench.run_ms(5_000);
    assert_eq!(
        (bench.invoice("old").sync.badge, bench.invoice("bill").sync.badge),
        (None, None)
    );
    assert_eq!(bench.invoice("sale").sync.badge, Some(Badge::Synced));
    bench.sync_now("old");
    bench.sync_now("bill");
    bench.run_ms(5_000);
    bench.assert_settled();
    bench.document("old");
    bench.document("bill");
}

#[test]
fn what_becomes_a_draft_again_before_it_was_sent_is_left_to_people() {
    let mut bench = Bench::warm();
    bench.put("a", draft(Sales, "N1"));
    let mut again = draft(Sales, "N1");
    again.host_status = HostStatus::Draft;
    bench.put("a", again);
    bench.run_ms(5_000);
    bench.assert_settled();
    assert_eq!((bench.invoice("a").sync.badge, bench.writes_sent()), (None, 0));
}

#[test]
fn void_follows_the_document_wherever_it_is() {
    // Host status before, whether it was pushed, what Xero has afterwards.
    let table = [
        (HostStatus::Approved, true, Some(XeroStatus::Voided)),
        (HostStatus::Pending, true, Some(XeroStatus::Deleted)),
        (HostStatus::Approved, false, None),
    ];
    for (status, pushed, expected) in table {
        let mut bench = Bench::warm();
        let mut wanted = draft(Sales, "N1");
        wanted.host_status = status;
        bench.put("a", wanted.clone());
        if pushed {
            bench.run_ms(5_000);
        }
        wanted.host_status = HostStatus::Void;
        bench.put("a", wanted);
        bench.run_ms(5_000);
        bench.assert_settled();
        let marker = bench.invoice("a").marker;
        assert_eq!(
            bench.xero.of_marker(marker).first().map(|found| found.status.clone()),
            expected
        );
    }
}

#[test]
fn a_void_needs_no_account_contact_or_currency() {
    let mut bench = Bench::warm();
    bench.put("a", draft(Sales, "N1"));
    bench.run_ms(5_000);
    bench.xero.accounts.clear();
    bench.rows.contacts.clear();
    let mut void = draft(Sales, "N1");
    void.host_status = HostStatus::Void;
    void.contact.reference = "unknown".to_owned();
    void.contact.name = "Nobody".to_owned();
    bench.put("a", void);
    bench.run_ms(5_000);
    bench.assert_settled();
    assert_eq!(bench.document("a").status, XeroStatus::Voided);
    assert!(bench.xero.contacts.iter().all(|contact| contact.name != "Nobody"));
}

#[test]
fn a_void_of_a_lost_create_finds_the_document_first() {
    for how in [How::LostBefore, How::LostAfter] {
        let mut bench = Bench::warm();
        bench.put("a", draft(Sales, "N1"));
        bench.advance_ms(300);
        bench.answer(how);
        let mut void = draft(Sales, "N1");
        void.host_status = HostStatus::Void;
        bench.put("a", void);
        bench.run_ms(600_000);
        bench.assert_settled();
        assert_eq!(bench.document("a").status, XeroStatus::Voided, "{how:?}");
    }
}

#[test]
fn fault_a17_members_of_a_batch_are_settled_one_by_one() {
    for count in 1..=6_u32 {
        for pattern in 0..(1_u32 << count) {
            let mut bench = Bench::warm();
            for member in 0..count {
                let number = format!("N{member}");
                if pattern & (1 << member) != 0 {
                    bench
                        .xero
                        .refused
                        .insert(number.clone(), "Description is wrong.".to_owned());
                }
                bench.put(&number, draft(Sales, &number));
            }
            bench.advance_ms(300);
            assert_eq!(bench.open.len(), 1, "one call for all");
            // Shuffled, and for some patterns short by one.
            let (call, _) = bench.open.pop_front().unwrap();
            let reply = bench.xero.answer(bench.now, &call.request, How::Well).unwrap();
            let crate::model::xero::Reply::Written(mut elements) = reply else {
                panic!("a write");
            };
            elements.reverse();
            if pattern % 3 == 1 {
                elements.pop();
            }
            bench.answer_with(&call, Ok(crate::model::xero::Reply::Written(elements)));
            bench.run_ms(700_000);
            bench.assert_settled();
            for member in 0..count {
                let row = bench.invoice(&format!("N{member}"));
                let is_refused = pattern & (1 << member) != 0;
                let expected = if is_refused { Badge::Failed } else { Badge::Synced };
                assert_eq!(row.sync.badge, Some(expected), "{count} {pattern:b} {member}");
                let documents = bench.xero.of_marker(row.marker).len();
                assert_eq!(documents, usize::from(!is_refused));
            }
        }
    }
}

#[test]
fn a_member_that_left_a_batch_is_not_settled_by_it_again() {
    // Two members: one refused for its number, one never answered. The replay of the whole batch
    // must not touch the first, which is on its way again.
    let mut bench = Bench::warm();
    bench.put("x", draft(Sales, "X"));
    bench.put("y", draft(Sales, "Y"));
    bench.advance_ms(300);
    let (call, _) = bench.open.pop_front().unwrap();
    bench
        .xero
        .refused
        .insert("X".to_owned(), "Invoice # must be unique.".to_owned());
    let reply = bench.xero.answer(bench.now, &call.request, How::Well).unwrap();
    let crate::model::xero::Reply::Written(elements) = reply else {
        panic!("a write");
    };
    let only_x: Vec<_> = elements
        .into_iter()
        .filter(|element| !element.errors.is_empty())
        .collect();
    bench.answer_with(&call, Ok(crate::model::xero::Reply::Written(only_x)));
    bench.xero.refused.clear();
    bench.run_ms(700_000);
    bench.assert_settled();
    bench.document("x");
    bench.document("y");
}

#[test]
fn invariant_32_one_poisoned_document_does_not_hold_up_the_others() {
    // The whole call is refused as long as N3 is in it.
    let mut bench = Bench::warm();
    for number in 0..8 {
        bench.put(&format!("r{number}"), draft(Sales, &format!("N{number}")));
    }
    for _ in 0..60 {
        bench.advance_ms(2_000);
        while let Some((call, _)) = bench.open.pop_front() {
            let is_poisoned = matches!(&call.request, Request::Write { body, .. } if String::from_utf8_lossy(body).contains("\"N3\""));
            let result = if is_poisoned {
                Err(crate::model::failure::Failure {
                    kind: crate::model::failure::FailureKind::Refused,
                    remedy: crate::model::failure::Remedy::GiveUpItem,
                    received: crate::model::failure::Received::RefusedWhole,
                    status: Some(400),
                    message: "a validation exception occurred".to_owned(),
                    validation: Vec::new(),
                })
            } else {
                bench.xero.answer(bench.now, &call.request, How::Well)
            };
            bench.answer_with(&call, result);
        }
    }
    bench.assert_settled();
    assert_eq!(bench.code("r3"), Some(ReasonCode::ValidationRefused));
    for number in (0..8).filter(|number| *number != 3) {
        bench.document(&format!("r{number}"));
    }
}

#[test]
fn a_batch_holds_no_more_than_the_policy_says_and_only_one_kind() {
    let mut bench = Bench::warm_with(Policy {
        batch_sales: 3,
        batch_purchase: 2,
        ..quiet(Policy::default())
    });
    for number in 0..5 {
        bench.put(&format!("s{number}"), draft(Sales, &format!("S{number}")));
        bench.put(&format!("p{number}"), draft(Purchase, &format!("P{number}")));
    }
    bench.run_ms(60_000);
    bench.assert_settled();
    assert_eq!(bench.writes_sent(), 2 + 3);
}

#[test]
fn what_both_sides_changed_is_red_and_sync_now_lets_the_host_win() {
    let mut bench = Bench::warm();
    bench.put("a", draft(Sales, "N1"));
    bench.run_ms(5_000);
    let id = bench.document("a").id;
    let theirs = InvoiceChange {
        due_date: chrono::NaiveDate::from_ymd_opt(2027, 1, 1),
        ..InvoiceChange::default()
    };
    bench.xero.change(bench.now, id, &theirs);
    let mut ours = draft(Sales, "N1");
    ours.due_date = chrono::NaiveDate::from_ymd_opt(2027, 2, 2);
    bench.advance_ms(20_000);
    bench.put("a", ours.clone());
    bench.run_ms(5_000);
    assert_eq!(bench.code("a"), Some(ReasonCode::ChangedInXero));
    assert_eq!(bench.document("a").due_date, theirs.due_date);
    bench.sync_now("a");
    bench.run_ms(5_000);
    bench.assert_settled();
    assert_eq!(bench.document("a").due_date, ours.due_date);
    // The force is spent: the next clash is red again.
    bench.xero.change(bench.now, id, &theirs);
    ours.due_date = chrono::NaiveDate::from_ymd_opt(2027, 3, 3);
    bench.advance_ms(20_000);
    bench.put("a", ours);
    bench.run_ms(5_000);
    assert_eq!(bench.code("a"), Some(ReasonCode::ChangedInXero));
}

#[test]
fn a_change_xero_made_earlier_is_not_overwritten_by_a_later_push() {
    // Xero moves the due date, then the host changes another field (pushed), then the due date.
    let mut bench = Bench::warm();
    let mut ours = draft(Sales, "N1");
    bench.put("a", ours.clone());
    bench.run_ms(5_000);
    let theirs = InvoiceChange {
        due_date: chrono::NaiveDate::from_ymd_opt(2027, 1, 1),
        ..InvoiceChange::default()
    };
    let id = bench.document("a").id;
    bench.xero.change(bench.now, id, &theirs);
    bench.advance_ms(20_000);
    ours.reference = Some("ref".to_owned());
    bench.put("a", ours.clone());
    bench.run_ms(5_000);
    assert_eq!(bench.invoice("a").sync.badge, Some(Badge::Synced));
    bench.advance_ms(20_000);
    ours.due_date = chrono::NaiveDate::from_ymd_opt(2027, 2, 2);
    bench.put("a", ours);
    bench.run_ms(5_000);
    assert_eq!(bench.code("a"), Some(ReasonCode::ChangedInXero));
    assert_eq!(bench.document("a").due_date, theirs.due_date);
}

#[test]
fn a_line_added_in_xero_survives_every_push_of_the_host() {
    let mut bench = Bench::warm();
    let mut ours = draft(Sales, "N1");
    bench.put("a", ours.clone());
    bench.run_ms(5_000);
    let found = bench.document("a");
    let kept = &found.lines[0];
    let outgoing = |id, description: &str| crate::model::xero::OutgoingLine {
        id,
        description: description.to_owned(),
        quantity: dec("1"),
        unit_amount: dec("100.00"),
        account_code: Some("200".to_owned()),
        tax_type: None,
        tax_amount: None,
        item_code: None,
        discount_rate: None,
    };
    let theirs = InvoiceChange {
        lines: Some(vec![outgoing(kept.id, "Work"), outgoing(None, "Theirs")]),
        ..InvoiceChange::default()
    };
    bench.xero.change(bench.now, found.id, &theirs);
    for round in 0..3 {
        bench.advance_ms(20_000);
        ours.lines[0].description = format!("Work {round}");
        if round == 1 {
            ours.lines.push(line("2", "Second", "5"));
        }
        bench.put("a", ours.clone());
        bench.run_ms(5_000);
        bench.assert_settled();
        let lines: Vec<_> = bench
            .document("a")
            .lines
            .iter()
            .map(|line| line.description.clone())
            .collect();
        assert!(lines.contains(&"Theirs".to_owned()), "{round}: {lines:?}");
        assert_eq!(lines.len(), ours.lines.len() + 1, "{round}: {lines:?}");
    }
}

#[test]
fn a_line_removed_in_xero_stays_removed() {
    let mut bench = Bench::warm();
    let mut ours = draft(Sales, "N1");
    ours.lines.push(line("2", "Second", "5"));
    bench.put("a", ours.clone());
    bench.run_ms(5_000);
    let found = bench.document("a");
    bench.xero.invoices.get_mut(&found.id).unwrap().lines.remove(1);
    for round in 0..2 {
        bench.advance_ms(20_000);
        ours.lines[0].description = format!("Work {round}");
        bench.put("a", ours.clone());
        bench.run_ms(5_000);
        bench.assert_settled();
        assert_eq!(bench.document("a").lines.len(), 1);
    }
    // A third line of the host gets its own id, not that of the removed one.
    ours.lines.push(line("3", "Third", "6"));
    bench.advance_ms(20_000);
    bench.put("a", ours.clone());
    bench.run_ms(5_000);
    ours.lines[2].description = "Third, changed".to_owned();
    bench.advance_ms(20_000);
    bench.put("a", ours);
    bench.run_ms(5_000);
    bench.assert_settled();
    let lines: Vec<_> = bench
        .document("a")
        .lines
        .iter()
        .map(|line| line.description.clone())
        .collect();
    assert_eq!(lines, ["Work 1", "Third, changed"]);
}

#[test]
fn edits_that_never_end_do_not_put_a_push_off_for_ever() {
    let mut bench = Bench::warm();
    for round in 0..20 {
        let mut wanted = draft(Sales, "N1");
        wanted.lines[0].description = format!("Work {round}");
        bench.put("a", wanted);
        bench.advance_ms(100);
    }
    assert!(bench.writes_sent() > 0);
    bench.run_ms(10_000);
    bench.assert_settled();
    assert_eq!(bench.document("a").lines[0].description, "Work 19");
}

#[test]
fn a_row_that_was_read_before_an_edit_is_not_what_is_sent() {
    let mut bench = Bench::warm();
    bench.defers_loads = true;
    bench.put("a", draft(Sales, "N1"));
    bench.advance_ms(300);
    assert_eq!(bench.deferred.len(), 1);
    let mut changed = draft(Sales, "N1");
    changed.lines[0].description = "changed".to_owned();
    bench.put("a", changed);
    bench.defers_loads = false;
    let overtaken = bench.deferred.remove(0);
    bench.event(overtaken);
    bench.run_ms(10_000);
    bench.assert_settled();
    assert_eq!(bench.document("a").lines[0].description, "changed");
}

#[test]
fn a_member_that_is_on_its_way_again_is_left_alone_by_its_old_batch() {
    let mut bench = Bench::warm();
    bench.put("x", draft(Sales, "X"));
    bench.put("y", draft(Sales, "Y"));
    bench.advance_ms(300);
    let (call, _) = bench.open.pop_front().unwrap();
    bench
        .xero
        .refused
        .insert("X".to_owned(), "Invoice # must be unique.".to_owned());
    let Ok(crate::model::xero::Reply::Written(elements)) = bench.xero.answer(bench.now, &call.request, How::Well)
    else {
        panic!("a write");
    };
    let only_x: Vec<_> = elements
        .into_iter()
        .filter(|element| !element.errors.is_empty())
        .collect();
    bench.answer_with(&call, Ok(crate::model::xero::Reply::Written(only_x)));
    // Nobody has the number, so it is sent again; the whole old batch is asked for again meanwhile.
    bench.answer(How::Well);
    bench.advance_ms(5_000);
    assert_eq!(bench.open.len(), 2);
    let before = bench
        .rows
        .intents
        .values()
        .find(|intent| intent.invoice == bench.invoice("x").id)
        .cloned();
    bench.answer(How::Well);
    let after = bench
        .rows
        .intents
        .values()
        .find(|intent| intent.invoice == bench.invoice("x").id)
        .cloned();
    assert_eq!(before, after);
    bench.xero.refused.clear();
    bench.run_ms(10_000);
    bench.assert_settled();
}

#[test]
fn a_paced_queue_and_a_waiting_namesake_do_not_make_the_machine_spin() {
    let mut bench = Bench::warm_with(Policy {
        batch_sales: 1,
        ..quiet(Policy::default())
    });
    for number in 0..40 {
        bench.put(&format!("r{number}"), draft(Sales, &format!("N{number}")));
    }
    bench.wakes = 0;
    bench.run_ms(20_000);
    assert!(bench.wakes < 120, "{} wakes", bench.wakes);
    let mut bench = Bench::warm();
    for (host_ref, party) in [("a", "p1"), ("b", "p2")] {
        let mut wanted = draft(Sales, host_ref);
        wanted.contact.reference = party.to_owned();
        wanted.contact.name = "Same".to_owned();
        bench.put(host_ref, wanted);
    }
    bench.wakes = 0;
    bench.advance_ms(10_000);
    assert_eq!(bench.open.len(), 1);
    assert!(bench.wakes < 20, "{} wakes", bench.wakes);
}

#[test]
fn no_contact_is_made_for_a_push_that_was_cancelled() {
    let mut bench = Bench::warm();
    let mut wanted = draft(Sales, "N1");
    wanted.contact.reference = "p9".to_owned();
    wanted.contact.name = "Nobody".to_owned();
    bench.put("a", wanted.clone());
    bench.advance_ms(300);
    assert_eq!(bench.open.len(), 1);
    wanted.host_status = HostStatus::Void;
    bench.put("a", wanted);
    bench.run_ms(10_000);
    bench.assert_settled();
    assert!(bench.xero.contacts.iter().all(|contact| contact.name != "Nobody"));
}
