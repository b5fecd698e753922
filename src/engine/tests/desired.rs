use super::samples::*;
use crate::engine::desired::{check_currency, first_status, outgoing, url};
use crate::engine::event::PushContext;
use crate::model::document::{Currency, HostStatus, InvoiceKind};
use crate::model::ids::{Marker, TenantId};
use crate::model::reason::ReasonCode as R;
use crate::model::row::{Chart, Mapping, MappingKind, Settings};
use crate::model::time::Timestamp;
use crate::model::xero::{Account, Organisation, TaxRate, XeroStatus};

fn chart() -> Chart {
    let account = |code: &str, is_active| Account {
        code: Some(code.to_owned()),
        name: String::new(),
        account_type: "REVENUE".to_owned(),
        tax_type: None,
        is_active,
        system_account: None,
    };
    let rate = |tax_type: &str, is_active| TaxRate {
        tax_type: tax_type.to_owned(),
        name: String::new(),
        effective_rate: dec("20"),
        is_active,
    };
    Chart {
        tenant: TenantId::from_bytes([1; 16]),
        read_at: Timestamp(0),
        organisation: Organisation {
            name: "Demo".to_owned(),
            base_currency: Currency::GBP,
            time_zone: String::new(),
            short_code: None,
            period_lock_date: None,
            end_of_year_lock_date: None,
        },
        accounts: vec![account("200", true), account("400", true), account("900", false)],
        tax_rates: vec![rate("OUTPUT2", true), rate("OLD", false)],
    }
}

fn context() -> PushContext {
    PushContext {
        party: row().draft.contact,
        invoice: row(),
        contact: None,
        namesakes: Vec::new(),
        mappings: Vec::new(),
        sent_contact: None,
    }
}

fn mapping(kind: MappingKind, key: &str, value: &str) -> Mapping {
    Mapping {
        tenant: TenantId::from_bytes([1; 16]),
        kind,
        key: key.to_owned(),
        value: value.to_owned(),
        set_at: Timestamp(0),
    }
}

use MappingKind::{NominalCodes, TaxRates};

// Nominal code, tax type, mapping, same codes allowed; account and tax sent, or the reason.
type Expected = Result<(Option<&'static str>, Option<&'static str>), (R, &'static str)>;
type Row = (
    Option<&'static str>,
    Option<&'static str>,
    Option<(MappingKind, &'static str, &'static str)>,
    bool,
    Expected,
);

const CODES: [Row; 12] = [
    (Some("200"), None, None, true, Ok((Some("200"), None))),
    (Some("200"), None, None, false, Err((R::UnmappedNominalCode, "200"))),
    (
        Some("200"),
        None,
        Some((NominalCodes, "200", "400")),
        true,
        Ok((Some("400"), None)),
    ),
    (
        Some("200"),
        None,
        Some((NominalCodes, "200", "200")),
        false,
        Ok((Some("200"), None)),
    ),
    (Some("4000"), None, None, true, Err((R::UnmappedNominalCode, "4000"))),
    (
        Some("4000"),
        None,
        Some((NominalCodes, "4000", "400")),
        true,
        Ok((Some("400"), None)),
    ),
    (
        Some("4000"),
        None,
        Some((NominalCodes, "4000", "900")),
        true,
        Err((R::AccountMappingIncorrect, "4000")),
    ),
    (
        Some("4000"),
        None,
        Some((NominalCodes, "4000", "777")),
        true,
        Err((R::AccountMappingIncorrect, "4000")),
    ),
    (Some("900"), None, None, true, Err((R::AccountMappingIncorrect, "900"))),
    (None, Some("OUTPUT2"), None, true, Ok((None, Some("OUTPUT2")))),
    (
        None,
        Some("VAT"),
        Some((TaxRates, "VAT", "OUTPUT2")),
        true,
        Ok((None, Some("OUTPUT2"))),
    ),
    (None, Some("OLD"), None, true, Err((R::PrerequisiteUnmapped, "OLD"))),
];

#[test]
fn nominal_codes_and_tax_rates_become_xeros_or_say_why_not() {
    for (nominal, tax, map, same_code_default, expected) in CODES {
        let mut context = context();
        context.invoice.draft.lines.truncate(1);
        context.invoice.draft.lines[0].nominal_code = nominal.map(str::to_owned);
        // Only an item brings its own account.
        context.invoice.draft.lines[0].item_code = nominal.is_none().then(|| "ITEM".to_owned());
        context.invoice.draft.lines[0].tax_type = tax.map(str::to_owned);
        context
            .mappings
            .extend(map.map(|(kind, key, value)| mapping(kind, key, value)));
        let settings = Settings {
            same_code_default,
            ..Settings::default()
        };
        let found = outgoing(&context, &chart(), &settings, contact_id(1), String::new());
        let found = found
            .map(|sent| (sent.lines[0].account_code.clone(), sent.lines[0].tax_type.clone()))
            .map_err(|obstacle| (obstacle.code, obstacle.subject.unwrap()));
        let expected = expected
            .map(|(account, tax)| (account.map(str::to_owned), tax.map(str::to_owned)))
            .map_err(|(code, subject)| (code, subject.to_owned()));
        assert_eq!(found, expected, "{nominal:?} {tax:?} {map:?}");
    }
}

#[test]
fn a_line_without_a_nominal_code_is_for_drafts_and_items() {
    use crate::model::document::HostStatus;
    // Host status, whether the line has an item, whether it may be sent.
    let table = [
        (HostStatus::Draft, false, true),
        (HostStatus::Approved, true, true),
        (HostStatus::Pending, false, false),
        (HostStatus::Approved, false, false),
    ];
    for (status, has_item, may) in table {
        let mut context = context();
        context.invoice.draft.host_status = status;
        for line in &mut context.invoice.draft.lines {
            line.nominal_code = None;
            line.item_code = has_item.then(|| "ITEM".to_owned());
        }
        let found = outgoing(&context, &chart(), &Settings::default(), contact_id(1), String::new());
        let code = found.err().map(|obstacle| obstacle.code);
        assert_eq!(code, (!may).then_some(R::UnmappedNominalCode), "{status:?} {has_item}");
    }
}

#[test]
fn dates_up_to_a_lock_date_are_refused() {
    // Period lock, year-end lock, whether a document of the first may be sent.
    let table = [
        (None, None, true),
        (Some(1), None, false),
        (None, Some(1), false),
        (Some(2), None, false),
        (Some(1), Some(3), false),
    ];
    for (period, year, allowed) in table {
        let mut chart = chart();
        chart.organisation.period_lock_date = period.map(day);
        chart.organisation.end_of_year_lock_date = year.map(day);
        let found = outgoing(&context(), &chart, &Settings::default(), contact_id(1), String::new());
        assert_eq!(
            found.map_err(|obstacle| obstacle.code).err(),
            (!allowed).then_some(R::PeriodLocked)
        );
    }
    let mut before = chart();
    before.organisation.period_lock_date = day(1).pred_opt();
    assert!(outgoing(&context(), &before, &Settings::default(), contact_id(1), String::new()).is_ok());
}

#[test]
fn a_currency_must_be_the_base_or_allowed() {
    let usd = Currency::parse("usd").unwrap();
    let mut wanted = draft();
    wanted.currency = usd;
    let refused = check_currency(&wanted, Currency::GBP, &Settings::default()).unwrap_err();
    assert_eq!(
        (refused.code, refused.subject.as_deref()),
        (R::CurrencyMismatch, Some("USD"))
    );
    let allowing = Settings {
        currencies: vec![usd],
        ..Settings::default()
    };
    assert!(check_currency(&wanted, Currency::GBP, &allowing).is_ok());
    assert!(check_currency(&wanted, usd, &Settings::default()).is_ok());
}

#[test]
fn the_document_carries_what_the_host_wrote_and_bills_have_no_reference() {
    for kind in [InvoiceKind::Sales, InvoiceKind::Purchase] {
        let mut context = context();
        context.invoice.draft.kind = kind;
        context.invoice.draft.lines[0].discount_percent = Some(dec("0"));
        let sent = outgoing(&context, &chart(), &Settings::default(), contact_id(4), "u".to_owned()).unwrap();
        let draft = &context.invoice.draft;
        assert_eq!(
            (sent.kind, &sent.number, sent.contact),
            (kind, &draft.number, contact_id(4))
        );
        assert_eq!(sent.reference.is_some(), kind == InvoiceKind::Sales);
        assert_eq!(
            (sent.date, sent.due_date, sent.currency),
            (draft.issue_date, draft.due_date, draft.currency)
        );
        assert_eq!(sent.lines.len(), 2);
        assert!(
            sent.lines
                .iter()
                .all(|line| line.id.is_none() && line.discount_rate.is_none())
        );
    }
    let statuses = [
        (HostStatus::Draft, Some(XeroStatus::Draft)),
        (HostStatus::Pending, Some(XeroStatus::Submitted)),
        (HostStatus::Approved, Some(XeroStatus::Authorised)),
        (HostStatus::Void, None),
    ];
    for (host, xero) in statuses {
        assert_eq!(first_status(host), xero);
    }
}

#[test]
fn the_link_carries_the_marker_whatever_the_address_looks_like() {
    let marker = row().marker;
    let table = [
        (None, format!("https://base/?cf={marker}")),
        (Some("https://h/i/1"), format!("https://h/i/1?cf={marker}")),
        (Some("https://h/i?a=1"), format!("https://h/i?a=1&cf={marker}")),
        (Some("https://h/i?a=1#top"), format!("https://h/i?a=1&cf={marker}#top")),
    ];
    for (host_url, expected) in table {
        let mut wanted = draft();
        wanted.host_url = host_url.map(str::to_owned);
        let found = url(&wanted, "https://base/", marker);
        assert_eq!(found, expected);
        assert_eq!(Marker::find(&found), Some(marker));
    }
}
