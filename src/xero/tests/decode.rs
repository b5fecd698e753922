//! Answers, as Xero spells them.

use bytes::Bytes;
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::model::document::{InvoiceKind, LineAmountTypes};
use crate::model::ids::XeroInvoiceId;
use crate::model::secret::ExposeSecret;
use crate::model::time::Timestamp;
use crate::model::xero::{Reply, Request, WriteTarget, XeroInvoice, XeroStatus};
use crate::xero::decode::{connections, nothing_newer, reply, tokens};
use crate::xero::wire::{Exact, Misread, day, moment};

const ID: &str = "8a3fdcc9-83eb-4fdd-83e0-52ec1b40b072";

fn read(body: &str) -> Result<Reply, Misread> {
    reply(&Request::InvoicesById(vec![]), body.as_bytes())
}

fn one(fields: &str) -> XeroInvoice {
    let Reply::Invoices { mut found, .. } =
        read(&format!(r#"{{"Invoices":[{{"InvoiceID":"{ID}"{fields}}}]}}"#)).unwrap()
    else {
        panic!("not invoices")
    };
    found.remove(0)
}

fn written(target: WriteTarget, body: &str) -> Result<Reply, Misread> {
    let sent = r#"{"Contacts":[{"Name":"A","ContactNumber":"1"},{"Name":"B","ContactNumber":"2"}]}"#;
    reply(
        &Request::Write {
            target,
            body: Bytes::from(sent),
            key: "k".into(),
        },
        body.as_bytes(),
    )
}

#[test]
fn decimals_are_exact_or_refused() {
    for (text, wanted) in [
        ("2.10", "2.10"),
        ("\"3.00\"", "3.00"),
        ("0", "0"),
        ("-12.5", "-12.5"),
        ("999999999999.9999", "999999999999.9999"),
        ("1e-7", "0.0000001"),
        ("1E3", "1000"),
    ] {
        let number: Exact = serde_json::from_str(text).unwrap();
        assert_eq!(number.0, Decimal::from_str_exact(wanted).unwrap(), "{text}");
    }
    let number: Exact = serde_json::from_str("2.10").unwrap();
    assert_eq!(number.0.to_string(), "2.10");
    for text in ["true", "{}", "\"abc\"", "123456789012345678901234567890123456", "\"\""] {
        assert!(serde_json::from_str::<Exact>(text).is_err(), "{text}");
    }
}

#[test]
fn moments_and_days() {
    for (text, at_ms) in [
        ("/Date(1518685950940+0000)/", Some(1_518_685_950_940)),
        ("/Date(1518685950940+1300)/", Some(1_518_685_950_940)),
        ("/Date(1518685950940)/", Some(1_518_685_950_940)),
        ("/Date(-62135596800000+0000)/", Some(-62_135_596_800_000)),
        ("/Date(0+0000)/", Some(0)),
        ("2026-09-14T09:29:59Z", Some(1_789_378_199_000)),
        ("yesterday", None),
        ("/Date()/", None),
        ("/Date(+)/", None),
    ] {
        assert_eq!(moment(text), at_ms.map(Timestamp), "{text}");
    }
    let shown = |readable, tick| day(readable, tick).map(|day| day.to_string());
    assert_eq!(
        shown(Some("2026-04-24T00:00:00"), Some("/Date(0+0000)/")).as_deref(),
        Some("2026-04-24")
    );
    assert_eq!(
        shown(None, Some("/Date(1776988800000+0000)/")).as_deref(),
        Some("2026-04-24")
    );
    // Midnight in a zone is that zone's day.
    assert_eq!(
        shown(None, Some("/Date(1776945600000+1200)/")).as_deref(),
        Some("2026-04-24")
    );
    assert_eq!(
        shown(Some("rubbish"), Some("/Date(1776988800000)/")).as_deref(),
        Some("2026-04-24")
    );
    assert_eq!(shown(None, Some("2026-04-24")).as_deref(), Some("2026-04-24"));
    assert_eq!(shown(None, None), None);
}

#[test]
fn absent_and_null_mean_zero_or_none() {
    let invoice = one(r#","AmountDue":null,"Total":1.50,"LineItems":[{"Description":"x"}],"Contact":null"#);
    assert_eq!(invoice.amount_due, Decimal::ZERO);
    assert_eq!(invoice.cis_deduction, Decimal::ZERO);
    assert_eq!(invoice.total.to_string(), "1.50");
    assert_eq!(invoice.lines[0].quantity, Decimal::ZERO);
    assert_eq!(
        (invoice.kind, invoice.contact_id, invoice.date, invoice.currency),
        (None, None, None, None)
    );
    assert_eq!(invoice.updated, Timestamp(0));
}

#[test]
fn unknown_words_are_kept() {
    let invoice = one(r#","Status":"FROZEN","Type":"APOVERPAYMENT","LineAmountTypes":"Sideways","NewField":{"a":[1]}"#);
    assert_eq!(invoice.status, XeroStatus::Other("FROZEN".into()));
    assert_eq!(invoice.kind, None);
    assert_eq!(invoice.line_amount_types, LineAmountTypes::Exclusive);
    assert_eq!(
        one(r#","LineAmountTypes":"NOTAX""#).line_amount_types,
        LineAmountTypes::NoTax
    );
    assert_eq!(one(r#","Type":"ACCPAY""#).kind, Some(InvoiceKind::Purchase));
}

#[test]
fn escaped_slashes_are_slashes() {
    let invoice = one(r#","UpdatedDateUTC":"\/Date(1289566516347+0000)\/","Date":"\/Date(1563753600000+0000)\/""#);
    assert_eq!(invoice.updated, Timestamp(1_289_566_516_347));
    assert_eq!(invoice.date.unwrap().to_string(), "2019-07-22");
}

#[test]
fn what_is_not_a_whole_answer_is_discarded() {
    let nil = Uuid::nil();
    for (body, misread) in [
        ("<html></html>".to_owned(), Misread::Shape),
        (String::new(), Misread::Shape),
        (format!(r#"{{"Invoices":[{{"InvoiceID":"{ID}""#), Misread::Shape),
        (
            format!(r#"{{"Invoices":[{{"InvoiceID":"{ID}","Total":"abc"}}]}}"#),
            Misread::Shape,
        ),
        (
            format!(r#"{{"Invoices":[{{"InvoiceID":"{ID}"}}]}} trailing"#),
            Misread::Shape,
        ),
        ("[]".to_owned(), Misread::Shape),
        (r#"{"Status":"OK"}"#.to_owned(), Misread::ListMissing),
        (r#"{"Contacts":[]}"#.to_owned(), Misread::ListMissing),
        (r#"{"Invoices":[{}]}"#.to_owned(), Misread::IdMissing),
        (
            format!(r#"{{"Invoices":[{{"InvoiceID":"{nil}"}}]}}"#),
            Misread::IdMissing,
        ),
    ] {
        assert_eq!(read(&body), Err(misread), "{body}");
    }
    assert_eq!(reply(&Request::InvoicesById(vec![]), b"\xff\xfe"), Err(Misread::Shape));
}

#[test]
fn a_byte_order_mark_is_skipped() {
    let reply = reply(&Request::InvoicesById(vec![]), b"\xEF\xBB\xBF{\"Invoices\":[]}").unwrap();
    assert_eq!(
        reply,
        Reply::Invoices {
            found: vec![],
            page_count: 1
        }
    );
}

#[test]
fn pages_are_counted_even_if_xero_does_not_say() {
    let made = |body: &str| {
        reply(
            &Request::MadeByUs {
                kind: InvoiceKind::Sales,
                since: Timestamp(0),
                page: 2,
            },
            body.as_bytes(),
        )
    };
    let told =
        made(r#"{"pagination":{"page":2,"pageSize":200,"pageCount":7,"itemCount":1300},"Invoices":[]}"#).unwrap();
    assert_eq!(
        told,
        Reply::Invoices {
            found: vec![],
            page_count: 7
        }
    );
    assert_eq!(
        made(r#"{"Invoices":[]}"#).unwrap(),
        Reply::Invoices {
            found: vec![],
            page_count: 2
        }
    );
    let full = vec![format!(r#"{{"InvoiceID":"{ID}"}}"#); 200].join(",");
    let Reply::Invoices { page_count, .. } = made(&format!(r#"{{"Invoices":[{full}]}}"#)).unwrap() else {
        panic!()
    };
    assert_eq!(page_count, 3);
    assert!(nothing_newer(&Request::Organisation).is_none());
    assert!(
        nothing_newer(&Request::MadeByUs {
            kind: InvoiceKind::Sales,
            since: Timestamp(0),
            page: 1
        })
        .is_some()
    );
}

#[test]
fn every_flag_of_a_refused_member_counts() {
    let rows: &[(&str, Result<&[&str], Misread>)] = &[
        (r#","HasErrors":false,"StatusAttributeString":"OK""#, Ok(&[])),
        (
            r#","StatusAttributeString":"WARNING","Warnings":[{"Message":"w"}]"#,
            Ok(&[]),
        ),
        ("", Ok(&[])),
        (r#","ValidationErrors":[]"#, Ok(&[])),
        (r#","HasErrors":true"#, Ok(&["Xero refused this without saying why"])),
        (
            r#","HasValidationErrors":true,"ValidationErrors":[{"Message":"a"}]"#,
            Ok(&["a"]),
        ),
        (
            r#","StatusAttributeString":"ERROR""#,
            Ok(&["Xero refused this without saying why"]),
        ),
        (
            r#","StatusAttributeString":"ERROR","HasErrors":true,"ValidationErrors":[{"Message":"a"},{"Description":"b"}]"#,
            Ok(&["a", "b"]),
        ),
        (r#","ValidationErrors":[{"Message":"a"}]"#, Ok(&["a"])),
        (
            r#","HasErrors":true,"LineItems":[{"ValidationErrors":[{"Message":"line"}]}],"Contact":{"ValidationErrors":[{"Message":"contact"}]}"#,
            Ok(&["contact", "line"]),
        ),
        (
            r#","StatusAttributeString":"OK","HasErrors":true"#,
            Err(Misread::Contradiction),
        ),
        (
            r#","StatusAttributeString":"OK","ValidationErrors":[{"Message":"a"}]"#,
            Err(Misread::Contradiction),
        ),
        (
            r#","LineItems":[{"ValidationErrors":[{"Message":"line"}]}]"#,
            Err(Misread::Contradiction),
        ),
    ];
    for (flags, wanted) in rows {
        let body = format!(r#"{{"Invoices":[{{"InvoiceID":"{ID}"{flags}}}]}}"#);
        let errors = written(WriteTarget::CreateInvoices, &body).map(|reply| match reply {
            Reply::Written(elements) => elements[0].errors.clone(),
            other => panic!("{other:?}"),
        });
        match wanted {
            Ok(wanted) => assert_eq!(errors.unwrap(), *wanted, "{flags}"),
            Err(misread) => assert_eq!(errors, Err(*misread), "{flags}"),
        }
    }
}

#[test]
fn a_refused_member_may_have_no_id_a_saved_one_may_not() {
    let nil = Uuid::nil();
    let refused = format!(r#"{{"Invoices":[{{"InvoiceID":"{nil}","HasErrors":true}},{{"InvoiceID":"{ID}"}}]}}"#);
    let Ok(Reply::Written(elements)) = written(WriteTarget::CreateInvoices, &refused) else {
        panic!()
    };
    assert!(elements[0].invoice.id.0.is_nil() && !elements[0].errors.is_empty());
    assert_eq!(elements[1].invoice.id, ID.parse::<XeroInvoiceId>().unwrap());
    let saved = format!(r#"{{"Invoices":[{{"InvoiceID":"{nil}","StatusAttributeString":"OK"}}]}}"#);
    assert_eq!(written(WriteTarget::CreateInvoices, &saved), Err(Misread::IdMissing));
}

#[test]
fn members_listed_as_elements_are_members() {
    let body = r#"{"ErrorNumber":10,"Type":"ValidationException","Elements":[{"ValidationErrors":[{"Message":"a"}]}]}"#;
    let Ok(Reply::Written(elements)) = written(WriteTarget::CreateInvoices, body) else {
        panic!()
    };
    assert_eq!(elements[0].errors, ["a"]);
}

#[test]
fn written_contacts_come_in_the_order_they_were_sent() {
    let body = format!(
        r#"{{"Contacts":[
            {{"ContactID":"{ID}","Name":"B","ContactNumber":"2"}},
            {{"ContactID":"{nil}","Name":"A","ContactNumber":"1","HasValidationErrors":true,"ValidationErrors":[{{"Message":"taken"}}]}}]}}"#,
        nil = Uuid::nil(),
    );
    let Ok(Reply::Contacts(contacts)) = written(WriteTarget::CreateContacts, &body) else {
        panic!()
    };
    assert_eq!(contacts[0].errors, ["taken"]);
    assert!(contacts[0].id.0.is_nil());
    assert_eq!((contacts[1].name.as_str(), contacts[1].errors.len()), ("B", 0));
    for body in [
        format!(r#"{{"Contacts":[{{"ContactID":"{ID}","ContactNumber":"1"}}]}}"#),
        format!(
            r#"{{"Contacts":[{{"ContactID":"{ID}","ContactNumber":"1"}},{{"ContactID":"{ID}","ContactNumber":"9"}}]}}"#
        ),
        format!(
            r#"{{"Contacts":[{{"ContactID":"{ID}","ContactNumber":"1"}},{{"ContactID":"{ID}","ContactNumber":"2"}},{{"ContactID":"{ID}","ContactNumber":"3"}}]}}"#
        ),
    ] {
        assert_eq!(
            written(WriteTarget::CreateContacts, &body),
            Err(Misread::NotWhatWasSent),
            "{body}"
        );
    }
}

#[test]
fn found_contacts_match_exactly_but_for_case() {
    let other = Uuid::from_u128(5);
    let body = format!(
        r#"{{"Contacts":[
            {{"ContactID":"{ID}","Name":"JOE \"Jo\" Smith","ContactStatus":"ARCHIVED","MergedToContactID":"{other}"}},
            {{"ContactID":"{other}","Name":"Joe Jo the Smith"}},
            {{"ContactID":"{other}","Name":"Other","ContactNumber":"cf-1"}}]}}"#
    );
    let request = Request::FindContacts {
        numbers: vec!["CF-1".into()],
        names: vec!["Joe \"Jo\" Smith".into()],
    };
    let Ok(Reply::Contacts(found)) = reply(&request, body.as_bytes()) else {
        panic!()
    };
    assert_eq!(found.len(), 2);
    assert!(found[0].is_archived);
    assert_eq!(found[0].merged_into.unwrap().0, other);
    assert_eq!(found[1].number.as_deref(), Some("cf-1"));
}

#[test]
fn token_answers_are_pairs_or_nothing() {
    let pair =
        tokens(br#"{"access_token":"a","refresh_token":"r","expires_in":1800,"token_type":"Bearer","scope":"x y"}"#)
            .unwrap();
    assert_eq!(
        (
            pair.access.expose_secret(),
            pair.refresh.expose_secret(),
            pair.expires_in_s
        ),
        ("a", "r", 1800)
    );
    assert_eq!(pair.scope.as_deref(), Some("x y"));
    assert!(!format!("{pair:?}").contains("\"a\""));
    for body in [
        r#"{"access_token":"a"}"#,
        r#"{"access_token":"","refresh_token":"r"}"#,
        "{}",
    ] {
        assert_eq!(tokens(body.as_bytes()).unwrap_err(), Misread::TokenMissing, "{body}");
    }
    assert_eq!(tokens(b"<html>").unwrap_err(), Misread::Shape);
}

#[test]
fn connections_need_no_names() {
    let body = format!(r#"[{{"id":"c1","tenantId":"{ID}","tenantType":"ORGANISATION"}}]"#);
    let list = connections(body.as_bytes()).unwrap();
    assert_eq!((list[0].connection_id.as_str(), list[0].name.as_deref()), ("c1", None));
    assert_eq!(list[0].tenant.to_string(), ID);
    assert_eq!(connections(b"[]").unwrap(), vec![]);
    assert_eq!(connections(b"{}").unwrap_err(), Misread::Shape);
    assert_eq!(
        connections(br#"[{"id":"c1","tenantId":"1234"}]"#).unwrap_err(),
        Misread::IdMissing
    );
}

#[test]
fn reference_data() {
    let body = r#"{"Accounts":[{"Code":"200","Name":"Sales","Type":"REVENUE","TaxType":"OUTPUT2","Status":"ACTIVE"},
        {"Name":"Bank","Type":"BANK","Status":"ARCHIVED"}]}"#;
    let Ok(Reply::Accounts(accounts)) = reply(&Request::Accounts, body.as_bytes()) else {
        panic!()
    };
    assert_eq!(
        (accounts[0].code.as_deref(), accounts[0].is_active),
        (Some("200"), true)
    );
    assert_eq!((accounts[1].code.as_deref(), accounts[1].is_active), (None, false));
    let body = r#"{"TaxRates":[{"TaxType":"OUTPUT2","Name":"20%","EffectiveRate":20.0000,"Status":"ACTIVE"},{"Name":"keyless"}]}"#;
    let Ok(Reply::TaxRates(rates)) = reply(&Request::TaxRates, body.as_bytes()) else {
        panic!()
    };
    assert_eq!(rates.len(), 1);
    assert_eq!(rates[0].effective_rate.to_string(), "20.0000");
    let body = r#"{"Organisations":[{"Name":"D","BaseCurrency":"gbp","Timezone":"GMTSTANDARDTIME","PeriodLockDate":"\/Date(1222732800000+0000)\/"}]}"#;
    let Ok(Reply::Organisation(organisation)) = reply(&Request::Organisation, body.as_bytes()) else {
        panic!()
    };
    assert_eq!(organisation.base_currency.as_str(), "GBP");
    assert_eq!(organisation.period_lock_date.unwrap().to_string(), "2008-09-30");
    for (request, body) in [
        (Request::Organisation, r#"{"Organisations":[]}"#),
        (Request::Accounts, r#"{"Accounts":[]}"#),
        (Request::TaxRates, r#"{"TaxRates":[]}"#),
    ] {
        assert_eq!(reply(&request, body.as_bytes()), Err(Misread::ListMissing), "{body}");
    }
    assert_eq!(
        reply(&Request::Organisation, br#"{"Organisations":[{}]}"#),
        Err(Misread::Shape)
    );
}

#[test]
fn a_page_of_changes_that_does_not_tell_their_number_is_no_answer() {
    let changes = Request::Changes {
        stream: crate::model::row::StreamKind::Invoices,
        since: Timestamp(0),
        page: 1,
    };
    let one = r#"{"Invoices":[{"InvoiceID":"243216c5-369e-4056-ac67-05388f86dc81"}]"#;
    let untold = reply(&changes, format!("{one}}}").as_bytes());
    assert_eq!(untold, Err(Misread::PageCountMissing));
    let told = reply(
        &changes,
        format!(r#"{one},"pagination":{{"pageCount":3}}}}"#).as_bytes(),
    );
    assert!(matches!(told, Ok(Reply::Invoices { page_count: 3, found }) if found.len() == 1));
    let none = reply(&changes, br#"{"Invoices":[]}"#);
    assert_eq!(
        none,
        Ok(Reply::Invoices {
            found: Vec::new(),
            page_count: 0
        })
    );
}
