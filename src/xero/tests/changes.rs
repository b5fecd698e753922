//! What the lists of payments, credit notes, contacts and manual journals are asked, and what they
//! tell.

use rust_decimal::Decimal;

use crate::model::row::StreamKind;
use crate::model::time::Timestamp;
use crate::model::xero::{Change, Reply, Request};
use crate::xero::address;
use crate::xero::decode::{nothing_newer, reply};
use crate::xero::wire::Misread;

const INVOICE: &str = "243216c5-369e-4056-ac67-05388f86dc81";
const OTHER: &str = "8a3fdcc9-83eb-4fdd-83e0-52ec1b40b072";

const fn ask(stream: StreamKind) -> Request {
    Request::Changes {
        stream,
        since: Timestamp(1_790_000_000_000),
        page: 2,
    }
}

fn read(stream: StreamKind, list: &str, row: &str) -> Vec<Change> {
    let body = format!(r#"{{"pagination":{{"pageCount":1}},"{list}":[{row}]}}"#);
    match reply(&ask(stream), body.as_bytes()) {
        Ok(Reply::Changes { found, page_count: 1 }) => found,
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_list_is_asked_only_what_it_takes() {
    let path = |stream| address::of(&ask(stream)).unwrap().path;
    assert_eq!(
        path(StreamKind::Payments),
        "/api.xro/2.0/Payments?order=UpdatedDateUTC&page=2&pageSize=1000"
    );
    assert_eq!(
        path(StreamKind::CreditNotes),
        "/api.xro/2.0/CreditNotes?order=UpdatedDateUTC&page=2&pageSize=1000"
    );
    assert_eq!(
        path(StreamKind::Contacts),
        "/api.xro/2.0/Contacts?includeArchived=true&order=UpdatedDateUTC&page=2&pageSize=1000"
    );
    // Asked for an order, Xero would not page.
    assert_eq!(
        path(StreamKind::ManualJournals),
        "/api.xro/2.0/ManualJournals?page=2&pageSize=1000"
    );
    for stream in StreamKind::ALL {
        let since = address::of(&ask(stream)).unwrap().modified_since;
        assert_eq!(since.as_deref(), Some("2026-09-21T14:13:20"));
    }
}

#[test]
fn a_payment_tells_its_invoice_and_whether_it_was_deleted() {
    let row = |status: &str| {
        format!(
            r#"{{"PaymentID":"{OTHER}","Amount":30.10,"Status":"{status}","Invoice":{{"InvoiceID":"{INVOICE}"}},
            "UpdatedDateUTC":"\/Date(1518685950940+0000)\/"}}"#
        )
    };
    for (status, is_deleted) in [("AUTHORISED", false), ("DELETED", true)] {
        let found = read(StreamKind::Payments, "Payments", &row(status));
        let [Change::Payment(payment)] = found.as_slice() else {
            panic!("{found:?}")
        };
        assert_eq!(payment.id.to_string(), OTHER);
        assert_eq!(payment.invoice.unwrap().to_string(), INVOICE);
        assert_eq!(payment.amount, Decimal::new(3010, 2));
        assert_eq!(
            (payment.is_deleted, payment.updated),
            (is_deleted, Timestamp(1_518_685_950_940))
        );
    }
}

#[test]
fn a_credit_note_tells_what_it_takes_off_each_invoice() {
    let part = |invoice: &str, amount: &str, more: &str| {
        format!(r#"{{"Amount":{amount},"Invoice":{{"InvoiceID":"{invoice}"}}{more}}}"#)
    };
    let row = |status: &str| {
        let parts = [
            part(INVOICE, "10.00", ""),
            part(OTHER, "5.00", ""),
            part(INVOICE, "2.50", ""),
            part(OTHER, "9.00", r#","IsDeleted":true"#),
        ];
        let parts = parts.join(",");
        format!(r#"{{"CreditNoteID":"{OTHER}","Status":"{status}","Allocations":[{parts}]}}"#)
    };
    let found = read(StreamKind::CreditNotes, "CreditNotes", &row("AUTHORISED"));
    let [Change::Credit(credit)] = found.as_slice() else {
        panic!("{found:?}")
    };
    let told: Vec<String> = credit
        .allocations
        .iter()
        .map(|(id, amount)| format!("{id} {amount}"))
        .collect();
    assert_eq!(told, [format!("{INVOICE} 12.50"), format!("{OTHER} 5.00")]);
    let found = read(StreamKind::CreditNotes, "CreditNotes", &row("VOIDED"));
    assert!(matches!(found.as_slice(), [Change::Credit(credit)] if credit.allocations.is_empty()));
}

#[test]
fn contacts_and_journals_are_told_by_their_ids() {
    let row = format!(
        r#"{{"ContactID":"{OTHER}","Name":"Acme","ContactStatus":"ARCHIVED","MergedToContactID":"{INVOICE}",
        "UpdatedDateUTC":"\/Date(1518685950940+0000)\/"}}"#
    );
    let found = read(StreamKind::Contacts, "Contacts", &row);
    let [Change::Contact(change)] = found.as_slice() else {
        panic!("{found:?}")
    };
    assert!(change.contact.is_archived);
    assert_eq!(change.contact.merged_into.unwrap().to_string(), INVOICE);
    assert_eq!(change.updated, Timestamp(1_518_685_950_940));
    let row = format!(r#"{{"ManualJournalID":"{OTHER}","UpdatedDateUTC":"\/Date(1518685950940+0000)\/"}}"#);
    let found = read(StreamKind::ManualJournals, "ManualJournals", &row);
    assert!(matches!(found.as_slice(), [Change::Journal(journal)] if journal.id.to_string() == OTHER));
}

#[test]
fn a_page_of_any_stream_must_be_whole() {
    for (stream, list) in [
        (StreamKind::Payments, "Payments"),
        (StreamKind::CreditNotes, "CreditNotes"),
        (StreamKind::Contacts, "Contacts"),
        (StreamKind::ManualJournals, "ManualJournals"),
    ] {
        let of = |body: String| reply(&ask(stream), body.as_bytes());
        let none = Reply::Changes {
            found: Vec::new(),
            page_count: 0,
        };
        assert_eq!(of(format!(r#"{{"{list}":[]}}"#)), Ok(none.clone()));
        assert_eq!(nothing_newer(&ask(stream)), Some(none));
        assert_eq!(of(r#"{"Invoices":[]}"#.to_owned()), Err(Misread::ListMissing));
        let nameless = format!(r#"{{"{list}":[{{}}],"pagination":{{"pageCount":1}}}}"#);
        assert_eq!(of(nameless), Err(Misread::IdMissing));
    }
    let untold = format!(r#"{{"Payments":[{{"PaymentID":"{OTHER}"}}]}}"#);
    assert_eq!(
        reply(&ask(StreamKind::Payments), untold.as_bytes()),
        Err(Misread::PageCountMissing)
    );
}
