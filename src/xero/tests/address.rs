//! Where requests go.

use bytes::Bytes;

use crate::model::document::InvoiceKind;
use crate::model::ids::XeroInvoiceId;
use crate::model::time::Timestamp;
use crate::model::xero::{Request, WriteTarget};
use crate::xero::address::{Unaskable, Verb, of};
use uuid::Uuid;

fn path(request: &Request) -> String {
    of(request).unwrap().path
}

#[test]
fn reads_ask_for_lines_and_four_decimals() {
    let id = XeroInvoiceId(Uuid::from_u128(7));
    assert_eq!(
        path(&Request::InvoicesById(vec![id, id])),
        format!("/api.xro/2.0/Invoices?IDs={id},{id}&includeArchived=true&page=1&pageSize=100&unitdp=4"),
    );
    assert_eq!(
        path(&Request::InvoicesByNumber(vec!["INV 1".into(), "Ü&2".into()])),
        "/api.xro/2.0/Invoices?InvoiceNumbers=INV%201,%C3%9C%262&includeArchived=true&page=1&pageSize=100&unitdp=4",
    );
    let made = of(&Request::MadeByUs {
        kind: InvoiceKind::Purchase,
        since: Timestamp(1_588_633_397_999),
        page: 3,
    })
    .unwrap();
    assert_eq!(
        made.path,
        "/api.xro/2.0/Invoices?createdByMyApp=true&where=Type%3D%3D%22ACCPAY%22&page=3&pageSize=200&unitdp=4",
    );
    // Seconds are cut, never rounded up: a later moment could skip a document.
    assert_eq!(made.modified_since.as_deref(), Some("2020-05-04T23:03:17"));
    assert_eq!(made.verb, Verb::Get);
}

#[test]
fn a_number_with_a_comma_is_asked_for_by_where() {
    assert_eq!(
        path(&Request::InvoicesByNumber(vec!["A,1".into(), "B".into()])),
        "/api.xro/2.0/Invoices?where=InvoiceNumber%3D%3D%22A,1%22%20OR%20InvoiceNumber%3D%3D%22B%22\
         &includeArchived=true&page=1&pageSize=100&unitdp=4",
    );
}

#[test]
fn quotation_marks_never_reach_a_literal() {
    let rows = [
        ("Plain Ltd", r#"Name=="Plain Ltd""#),
        ("O'Brien", r#"Name=="O'Brien""#),
        (
            r#"Joe "Jo" Smith"#,
            r#"(Name.StartsWith("Joe ") AND Name.Contains("Jo") AND Name.EndsWith(" Smith"))"#,
        ),
        (r"a\b", r#"(Name.StartsWith("a") AND Name.EndsWith("b"))"#),
        (
            r#""A" OR Name!=""#,
            r#"(Name.Contains("A") AND Name.Contains(" OR Name!="))"#,
        ),
    ];
    for (name, clause) in rows {
        let found = path(&Request::FindContacts {
            numbers: vec![],
            names: vec![name.into()],
        });
        let query = found.strip_prefix("/api.xro/2.0/Contacts?where=").unwrap();
        let (query, rest) = query.split_once('&').unwrap();
        assert_eq!(decoded(query), clause, "{name}");
        assert_eq!(rest, "includeArchived=true&page=1&pageSize=100");
    }
}

#[test]
fn contacts_are_found_by_number_or_name() {
    let found = path(&Request::FindContacts {
        numbers: vec!["cf-1".into()],
        names: vec!["N".into()],
    });
    assert!(decoded(&found).contains(r#"where=ContactNumber=="cf-1" OR Name=="N"&"#));
}

#[test]
fn writes_create_with_put_and_change_with_post() {
    let id = XeroInvoiceId(Uuid::from_u128(9));
    let rows = [
        (
            WriteTarget::CreateInvoices,
            Verb::Put,
            "/api.xro/2.0/Invoices?summarizeErrors=false&unitdp=4".to_owned(),
        ),
        (
            WriteTarget::ChangeInvoice(id),
            Verb::Post,
            format!("/api.xro/2.0/Invoices/{id}?summarizeErrors=false&unitdp=4"),
        ),
        (
            WriteTarget::CreateContacts,
            Verb::Put,
            "/api.xro/2.0/Contacts?summarizeErrors=false".to_owned(),
        ),
    ];
    for (target, verb, path) in rows {
        let body = Bytes::from_static(b"{ }");
        let address = of(&Request::Write {
            target,
            body: body.clone(),
            key: "k".into(),
        })
        .unwrap();
        assert_eq!((address.verb, address.path), (verb, path));
        assert_eq!(address.write, Some(("k".to_owned(), body)));
    }
}

#[test]
fn what_would_ask_for_everything_is_not_sent() {
    let find = |names: Vec<String>| Request::FindContacts { numbers: vec![], names };
    let write = |body: &'static str, key: &str| Request::Write {
        target: WriteTarget::CreateInvoices,
        body: Bytes::from_static(body.as_bytes()),
        key: key.into(),
    };
    for (request, why) in [
        (Request::InvoicesById(vec![]), Unaskable::Nothing),
        (Request::InvoicesByNumber(vec![]), Unaskable::Nothing),
        (Request::InvoicesByNumber(vec![String::new()]), Unaskable::Nothing),
        (find(vec![]), Unaskable::Nothing),
        (find(vec!["\"".into()]), Unaskable::Nothing),
        (
            Request::InvoicesByNumber(vec!["a,b".into(), "\"\\".into()]),
            Unaskable::Inexpressible,
        ),
        (write("", "k"), Unaskable::Inexpressible),
        (write("{}", ""), Unaskable::Inexpressible),
    ] {
        assert_eq!(of(&request).err(), Some(why), "{request:?}");
    }
    // Beside another one it is left out.
    assert!(of(&find(vec!["\"".into(), "A".into()])).is_ok());
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let hex: String = [rest.next().unwrap(), rest.next().unwrap()]
                .map(char::from)
                .iter()
                .collect();
            bytes.push(u8::from_str_radix(&hex, 16).unwrap());
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).unwrap()
}
