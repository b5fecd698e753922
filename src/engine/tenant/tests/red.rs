//! Why a badge is red, and how a fixed cause releases it.

use super::bench::*;
use super::xero::{How, failure};
use crate::engine::effect::Reply;
use crate::engine::event::{Event, MappingOrder};
use crate::model::document::{Currency, InvoiceKind};
use crate::model::failure::{FailureKind, Received, Remedy};
use crate::model::reason::ReasonCode as R;
use crate::model::row::{Badge, ContactMatch, MappingKind};
use crate::model::xero::Request;
use InvoiceKind::Sales;

fn with_party(number: &str, reference: &str, name: &str) -> crate::model::document::Draft {
    let mut wanted = draft(Sales, number);
    wanted.contact.reference = reference.to_owned();
    wanted.contact.name = name.to_owned();
    wanted
}

fn map(bench: &mut Bench, kind: MappingKind, key: &str, value: &str) {
    let ask = bench.ask();
    bench.event(Event::MappingsSet {
        ask,
        orders: vec![MappingOrder {
            kind,
            key: key.to_owned(),
            value: Some(value.to_owned()),
            before: None,
        }],
        chart: bench.rows.chart.clone().map(Box::new),
        by: "token:test".to_owned(),
    });
}

#[test]
fn each_refusal_of_xero_becomes_its_reason_at_once() {
    let table = [
        (
            "The document date cannot be before the period lock date, currently set at 1",
            R::PeriodLocked,
        ),
        (
            "Account code '200' is not a valid code for this document.",
            R::AccountMappingIncorrect,
        ),
        (
            "The TaxType code 'X' cannot be used with account code 'Y'",
            R::PrerequisiteUnmapped,
        ),
        (
            "The contact must be un-archived before creating new invoices",
            R::ContactArchived,
        ),
        ("Organisation is not subscribed to currency EUR", R::CurrencyMismatch),
        ("Something nobody has seen", R::ValidationRefused),
    ];
    for (words, code) in table {
        let mut bench = Bench::warm();
        bench.xero.refused.insert("N1".to_owned(), words.to_owned());
        bench.put("a", draft(Sales, "N1"));
        bench.run_ms(20_000);
        bench.assert_settled();
        let row = bench.invoice("a");
        assert_eq!(bench.code("a"), Some(code), "{words}");
        assert!(row.sync.reason.unwrap().detail.contains(words));
        assert_eq!((row.sync.retries, bench.writes_sent()), (0, 1));
        // Sync now tries again, and a fix in Xero lets it through.
        bench.xero.refused.clear();
        bench.sync_now("a");
        bench.run_ms(20_000);
        bench.assert_settled();
        bench.document("a");
    }
}

#[test]
fn what_the_chart_tells_is_red_without_a_write() {
    let mut unmapped = draft(Sales, "N1");
    unmapped.lines[0].nominal_code = Some("4000".to_owned());
    let mut archived = draft(Sales, "N1");
    archived.lines[0].nominal_code = Some("900".to_owned());
    let mut tax = draft(Sales, "N1");
    tax.lines[0].tax_type = Some("NONE9".to_owned());
    let mut currency = draft(Sales, "N1");
    currency.currency = Currency::parse("usd").unwrap();
    let unnumbered = draft(Sales, " ");
    let table = [
        (unmapped, R::UnmappedNominalCode),
        (archived, R::AccountMappingIncorrect),
        (tax, R::PrerequisiteUnmapped),
        (currency, R::CurrencyMismatch),
        (unnumbered, R::ValidationRefused),
    ];
    for (wanted, code) in table {
        let mut bench = Bench::warm();
        bench.put("a", wanted);
        bench.run_ms(20_000);
        bench.assert_settled();
        assert_eq!((bench.code("a"), bench.writes_sent()), (Some(code), 0));
    }
}

#[test]
fn a_mapping_releases_what_was_red_for_it_and_says_how_many() {
    let mut bench = Bench::warm();
    for (number, code) in [("N1", "4000"), ("N2", "4000"), ("N3", "5000")] {
        let mut wanted = draft(Sales, number);
        wanted.lines[0].nominal_code = Some(code.to_owned());
        bench.put(number, wanted);
    }
    // Refused by Xero, in words that do not name the host's code.
    bench
        .xero
        .refused
        .insert("N4".to_owned(), "Account code '200' is not a valid code".to_owned());
    bench.put("N4", draft(Sales, "N4"));
    bench.run_ms(60_000);
    assert_eq!(bench.code("N4"), Some(R::AccountMappingIncorrect));
    map(&mut bench, MappingKind::NominalCodes, "4000", "400");
    assert!(matches!(bench.replies.last(), Some((_, Reply::Done { released: 2 }))));
    bench.xero.refused.clear();
    map(&mut bench, MappingKind::NominalCodes, "200", "400");
    assert!(matches!(bench.replies.last(), Some((_, Reply::Done { released: 1 }))));
    bench.run_ms(60_000);
    bench.assert_settled();
    let badges: Vec<_> = ["N1", "N2", "N3", "N4"]
        .map(|name| bench.invoice(name).sync.badge)
        .to_vec();
    let (green, red) = (Some(Badge::Synced), Some(Badge::Failed));
    assert_eq!(badges, [green, green, red, green]);
    assert_eq!(bench.document("N1").lines[0].account_code.as_deref(), Some("400"));
}

#[test]
fn a_currency_that_is_allowed_and_same_codes_that_are_allowed_release_theirs() {
    let mut bench = Bench::warm();
    bench.settings(|settings| settings.same_code_default = false);
    let mut dollars = draft(Sales, "N1");
    dollars.currency = Currency::parse("USD").unwrap();
    dollars.lines[0].nominal_code = None;
    dollars.lines[0].item_code = Some("ITEM".to_owned());
    bench.put("usd", dollars);
    bench.put("same", draft(Sales, "N2"));
    bench.run_ms(60_000);
    assert_eq!(
        (bench.code("usd"), bench.code("same")),
        (Some(R::CurrencyMismatch), Some(R::UnmappedNominalCode))
    );
    bench.settings(|settings| settings.currencies.push(Currency::parse("USD").unwrap()));
    bench.settings(|settings| settings.same_code_default = true);
    bench.run_ms(60_000);
    bench.assert_settled();
    bench.document("usd");
    bench.document("same");
}

#[test]
fn contacts_are_found_by_number_then_by_name_else_made() {
    // Name and number in Xero, archived; how it is matched, or why not.
    let table = [
        (Some(("Other name", Some("p1"), false)), Ok(ContactMatch::Number)),
        (Some(("PARTY", None, false)), Ok(ContactMatch::Name)),
        (Some(("Party", None, true)), Err(R::ContactArchived)),
        (None, Ok(ContactMatch::Created)),
    ];
    for (there, expected) in table {
        let mut bench = Bench::warm();
        let known = there.map(|(name, number, is_archived)| {
            let mut contact = bench.xero.contact(name, number);
            contact.is_archived = is_archived;
            bench.xero.contacts.push(contact.clone());
            contact.id
        });
        bench.put("a", with_party("N1", "p1", "Party"));
        bench.run_ms(30_000);
        bench.assert_settled();
        match expected {
            Ok(how) => {
                let row = &bench.rows.contacts["p1"];
                assert_eq!(row.how, how);
                assert_eq!(bench.document("a").contact_id, Some(row.xero_id));
                assert!(known.is_none_or(|known| known == row.xero_id));
            }
            Err(code) => assert_eq!(bench.code("a"), Some(code)),
        }
    }
}

#[test]
fn fault_f13_two_parties_of_one_name_collide_and_nothing_is_guessed() {
    let mut bench = Bench::warm();
    bench.put("a", with_party("N1", "p1", "Party"));
    bench.put("b", with_party("N2", "p2", "party"));
    bench.run_ms(60_000);
    bench.assert_settled();
    let mut codes = [bench.code("a"), bench.code("b")];
    codes.sort();
    assert_eq!(codes, [None, Some(R::ContactCollision)]);
    assert_eq!(
        bench
            .xero
            .contacts
            .iter()
            .filter(|contact| contact.name.to_lowercase() == "party")
            .count(),
        1
    );
    // Renamed in the host: it goes, and with it whatever else was red for that party.
    bench.put("c", with_party("N3", "p2", "party"));
    bench.run_ms(60_000);
    assert_eq!(bench.code("c"), Some(R::ContactCollision));
    bench.put("c", with_party("N3", "p2", "Another party"));
    bench.run_ms(60_000);
    bench.assert_settled();
    bench.document("b");
    bench.document("c");
}

#[test]
fn a_creation_that_is_refused_because_it_is_taken_looks_again() {
    let mut bench = Bench::warm();
    bench.put("a", with_party("N1", "p1", "Party"));
    bench.advance_ms(300);
    bench.answer(How::Well);
    // Somebody makes the contact between our look-up and our creation.
    let contact = bench.xero.contact("Party", None);
    bench.xero.contacts.push(contact.clone());
    bench.run_ms(30_000);
    bench.assert_settled();
    assert_eq!(bench.document("a").contact_id, Some(contact.id));
}

#[test]
fn a_lost_creation_of_a_contact_makes_one_contact() {
    for how in [How::LostAfter, How::LostBefore, How::ErrorAfter, How::NotSent] {
        let mut bench = Bench::warm();
        bench.put("a", with_party("N1", "p1", "Party"));
        let mut writes = 0;
        bench.run_with(60_000, |request| {
            writes += usize::from(request.is_write());
            if request.is_write() && writes == 1 {
                how
            } else {
                How::Well
            }
        });
        bench.assert_settled();
        bench.document("a");
        assert_eq!(
            bench
                .xero
                .contacts
                .iter()
                .filter(|contact| contact.name == "Party")
                .count(),
            1
        );
    }
}

#[test]
fn a_party_that_xero_refuses_to_look_for_fails_alone() {
    let mut bench = Bench::warm();
    for number in 0..5 {
        let name = format!("Party {number}");
        bench.put(&name, with_party(&format!("N{number}"), &format!("p{number}"), &name));
    }
    let mut asked = 0;
    for _ in 0..60 {
        bench.advance_ms(1_000);
        while let Some((call, _)) = bench.open.pop_front() {
            let is_bad =
                matches!(&call.request, Request::FindContacts { names, .. } if names.contains(&"Party 3".to_owned()));
            asked += usize::from(is_bad);
            let result = if is_bad {
                Err(failure(
                    FailureKind::Refused,
                    Remedy::GiveUpItem,
                    Received::RefusedWhole,
                    Some(400),
                ))
            } else {
                bench.xero.answer(bench.now, &call.request, How::Well)
            };
            bench.answer_with(&call, result);
        }
    }
    bench.assert_settled();
    assert_eq!((asked, bench.code("Party 3")), (2, Some(R::ValidationRefused)));
    for number in [0, 1, 2, 4] {
        bench.document(&format!("Party {number}"));
    }
}

#[test]
fn a_party_that_failed_says_nothing_about_the_one_that_took_its_place() {
    let mut bench = Bench::warm();
    let mut archived = bench.xero.contact("Gone", None);
    archived.is_archived = true;
    bench.xero.contacts.push(archived);
    bench.put("a", with_party("N1", "p1", "Gone"));
    bench.advance_ms(300);
    bench.put("a", with_party("N1", "p2", "There"));
    bench.run_ms(30_000);
    bench.assert_settled();
    bench.document("a");
}

#[test]
fn fault_f12_a_number_that_is_taken_by_somebody_else_is_never_overwritten() {
    let mut bench = Bench::warm();
    bench.put("a", draft(Sales, "N1"));
    bench.run_ms(5_000);
    let theirs = bench.document("a");
    bench.put("b", draft(Sales, "N1"));
    bench.run_ms(30_000);
    bench.assert_settled();
    assert_eq!(bench.code("b"), Some(R::InvoiceNumberExists));
    assert_eq!(bench.document("a"), theirs);
    bench.put("b", draft(Sales, "N2"));
    bench.run_ms(30_000);
    bench.assert_settled();
    bench.document("b");
}

#[test]
fn fault_a22_a_linked_document_that_is_gone_is_red_and_not_made_again() {
    let mut bench = Bench::warm();
    bench.put("a", draft(Sales, "N1"));
    bench.run_ms(5_000);
    let document = bench.document("a");
    bench.xero.invoices.remove(&document.id);
    let mut changed = draft(Sales, "N1");
    changed.reference = Some("x".to_owned());
    bench.put("a", changed);
    bench.run_ms(30_000);
    assert_eq!(
        bench.invoice("a").sync.badge,
        Some(Badge::Pending),
        "Xero's lists lag behind"
    );
    bench.run_ms(300_000);
    assert_eq!(bench.code("a"), Some(R::MissingInXero));
    assert_eq!(bench.writes_sent(), 1);
}

#[test]
fn a_chart_that_cannot_be_read_neither_spins_nor_holds_up_what_needs_none() {
    let mut bench = Bench::warm();
    let mut unmapped = draft(Sales, "N1");
    unmapped.lines[0].nominal_code = Some("4000".to_owned());
    bench.advance_ms(60_000);
    bench.put("bad", unmapped);
    bench.put("good", draft(Sales, "N2"));
    let reads_fail = |request: &Request| match request {
        Request::Organisation | Request::Accounts | Request::TaxRates => How::NotSent,
        _ => How::Well,
    };
    bench.run_with(20_000, reads_fail);
    assert_eq!(bench.invoice("good").sync.badge, Some(Badge::Synced));
    assert_eq!(bench.invoice("bad").sync.badge, Some(Badge::Pending));
    bench.run_ms(60_000);
    assert_eq!(bench.code("bad"), Some(R::UnmappedNominalCode));
    bench.assert_settled();
}

#[test]
fn a_contact_mapped_by_hand_solves_a_collision_and_goes_before_its_name() {
    let mut bench = Bench::warm();
    bench.put("first", with_party("N1", "C-1", "J Smith"));
    bench.run_ms(60_000);
    bench.put("second", with_party("N2", "C-2", "J Smith"));
    bench.run_ms(60_000);
    assert_eq!(bench.code("second"), Some(R::ContactCollision));
    let theirs = "7e5bd1a5-6f3c-4f0e-8d8f-0c8e7a2b9d11";
    map(&mut bench, MappingKind::Contacts, "C-2", theirs);
    assert!(matches!(bench.replies.last(), Some((_, Reply::Done { released: 1 }))));
    bench.run_ms(60_000);
    bench.assert_settled();
    assert_eq!(bench.invoice("second").sync.badge, Some(Badge::Synced));
    assert_eq!(
        bench.document("second").contact_id.map(|id| id.to_string()).as_deref(),
        Some(theirs)
    );
    assert_ne!(bench.document("first").contact_id, bench.document("second").contact_id);
}

#[test]
fn fault_e2_a_lock_that_was_lifted_is_noticed_although_the_clock_was_set_back() {
    let day_ms = 86_400_000;
    let mut bench = Bench::warm();
    // Long enough for the reference data to be read anew.
    bench.advance_ms(3_700_000);
    bench.xero.organisation.period_lock_date = chrono::NaiveDate::from_ymd_opt(2026, 12, 31);
    bench.put("a", draft(Sales, "N1"));
    bench.run_ms(60_000);
    assert_eq!(bench.code("a"), Some(R::PeriodLocked));
    bench.xero.organisation.period_lock_date = None;
    bench.now.wall = bench.now.wall.plus_ms(-day_ms);
    bench.sync_now("a");
    bench.run_ms(60_000);
    bench.assert_settled();
    assert_eq!(bench.invoice("a").sync.badge, Some(Badge::Synced));
}

#[test]
fn invariant_36_with_few_calls_a_minute_reading_and_doubting_come_to_an_end() {
    for minute in [4, 6, 7, 10] {
        let mut policy = super::bench::quiet(crate::engine::policy::Policy::default());
        policy.limits.minute = minute;
        let mut bench = Bench::with(policy);
        bench.put("a", draft(Sales, "N1"));
        bench.run_ms(1_200_000);
        let mut changed = draft(Sales, "N1");
        changed.lines[0].nominal_code = Some("4000".to_owned());
        bench.put("a", changed);
        bench.run_ms(1_200_000);
        bench.assert_settled();
        assert_eq!(bench.code("a"), Some(R::UnmappedNominalCode), "{minute}");
        map(&mut bench, MappingKind::NominalCodes, "4000", "400");
        bench.run_ms(1_200_000);
        bench.assert_settled();
        assert_eq!(bench.invoice("a").sync.badge, Some(Badge::Synced), "{minute}");
    }
}
