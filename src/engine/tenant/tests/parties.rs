//! Contacts that are merged, archived and restored in Xero.

use super::bench::*;
use super::hooks::ring_stream;
use super::streams::{OTHERS_MS, following};
use crate::engine::event::{Event, MappingOrder};
use crate::model::document::InvoiceKind::Sales;
use crate::model::document::{Draft, Party};
use crate::model::ids::XeroContactId;
use crate::model::reason::ReasonCode;
use crate::model::row::{Badge, MappingKind, StreamKind};
use crate::model::xero::*;

/// Xero lists the contact of this name as changed now.
fn list(bench: &mut Bench, name: &str, change: impl FnOnce(&mut XeroContact)) -> XeroContactId {
    let now = bench.now;
    let updated = bench.xero.stamp(now);
    let contact = bench.xero.contacts.iter_mut().find(|contact| contact.name == name);
    let contact = contact.expect("it is there");
    change(contact);
    let contact = contact.clone();
    let is_it = |known: &Change| matches!(known, Change::Contact(known) if known.contact.id == contact.id);
    bench.xero.listed.retain(|known| !is_it(known));
    let id = contact.id;
    bench
        .xero
        .listed
        .push(Change::Contact(ContactChange { contact, updated }));
    id
}

fn of_party(reference: &str, name: &str, number: &str) -> Draft {
    Draft {
        contact: Party {
            reference: reference.to_owned(),
            name: name.to_owned(),
            email: None,
        },
        ..draft(Sales, number)
    }
}

fn told(bench: &Bench, kind: &str) -> usize {
    let events = bench.rows.events.iter();
    events.filter(|event| event.event_type == kind).count()
}

#[test]
fn a_party_follows_its_contact_into_the_one_it_was_merged_into_and_nothing_is_made_twice() {
    let mut bench = following(0);
    for (reference, name, number) in [("c1", "Acme", "N-1"), ("c2", "Acme Ltd", "N-2")] {
        bench.put(number, of_party(reference, name, number));
    }
    bench.run_ms(20_000);
    let survivor = bench.rows.contacts["c2"].xero_id;
    let ask = bench.ask();
    let loser = bench.rows.contacts["c1"].xero_id;
    bench.event(Event::MappingsSet {
        ask,
        orders: vec![MappingOrder {
            kind: MappingKind::Contacts,
            key: "c3".to_owned(),
            value: Some(loser.to_string()),
            before: None,
        }],
        chart: None,
        by: "token:test".to_owned(),
    });
    list(&mut bench, "Acme", |contact| {
        contact.is_archived = true;
        contact.merged_into = Some(survivor);
    });
    let contacts = bench.xero.contacts.len();
    bench.run_ms(OTHERS_MS + 60_000);
    assert_eq!(bench.rows.contacts["c1"].xero_id, survivor);
    assert_eq!(bench.rows.mappings[0].value, survivor.to_string());
    assert_eq!(told(&bench, "contact.merged"), 1);
    bench.put("N-3", of_party("c1", "Acme", "N-3"));
    bench.put("N-4", of_party("c3", "Third", "N-4"));
    bench.run_ms(20_000);
    for number in ["N-3", "N-4"] {
        assert_eq!(bench.document(number).contact_id, Some(survivor), "{number}");
    }
    assert_eq!(bench.xero.contacts.len(), contacts, "no contact was made");
}

#[test]
fn an_archived_contact_is_named_without_a_call_and_its_documents_go_out_once_it_is_restored() {
    let mut bench = following(1);
    list(&mut bench, "Acme", |contact| contact.is_archived = true);
    bench.run_ms(OTHERS_MS + 60_000);
    assert!(bench.rows.contacts["c1"].is_archived);
    bench.sent.clear();
    bench.put("new", draft(Sales, "N-NEW"));
    bench.run_ms(20_000);
    assert_eq!(bench.code("new"), Some(ReasonCode::ContactArchived));
    assert_eq!(bench.writes_sent(), 0);
    list(&mut bench, "Acme", |contact| contact.is_archived = false);
    bench.run_ms(OTHERS_MS + 60_000);
    assert_eq!(bench.invoice("new").sync.badge, Some(Badge::Synced));
    assert_eq!(
        (told(&bench, "contact.archived"), told(&bench, "contact.restored")),
        (1, 1)
    );
}

#[test]
fn a_webhook_about_a_contact_has_it_read_within_seconds() {
    let mut bench = following(1);
    bench.run_ms(60_000);
    for is_archived in [true, false, true] {
        list(&mut bench, "Acme", |contact| contact.is_archived = is_archived);
        ring_stream(&mut bench, StreamKind::Contacts);
        bench.run_ms(10_000);
        assert_eq!(bench.rows.contacts["c1"].is_archived, is_archived);
    }
}

#[test]
fn a_renamed_contact_is_still_the_same() {
    let mut bench = following(1);
    let id = list(&mut bench, "Acme", |contact| contact.name = "Acme Limited".to_owned());
    let rows = bench.rows.contacts.clone();
    bench.run_ms(OTHERS_MS + 60_000);
    assert_eq!(bench.rows.contacts, rows);
    bench.put("new", draft(Sales, "N-NEW"));
    bench.run_ms(20_000);
    assert_eq!(bench.document("new").contact_id, Some(id));
}
