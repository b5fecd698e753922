//! Fields of a contact that the sandbox keeps and shows, and does nothing else with.
//!
//! The types and lengths are published; that a wrong one is refused and in which words is an
//! assumption.

use super::contact_view::BANK_DETAILS;
use crate::sandbox::books::{Books, Contact};
use crate::sandbox::wire::Json;

/// What a field may be.
#[derive(Debug, Clone, Copy)]
enum Form {
    /// A text of at most so many characters.
    Text(usize),
    /// One of these words, in any letter case.
    Word(&'static [&'static str]),
    /// `true` or `false`.
    Flag,
    /// A day of the month, 0 to 31.
    Day,
    /// An object with some of these keys; others are passed over.
    Record(&'static [(&'static str, Form)]),
}

const TEXT: Form = Form::Text(255);
const AMOUNT_TYPES: Form = Form::Word(&["INCLUSIVE", "EXCLUSIVE", "NONE"]);
const TERM: Form = Form::Record(&[
    ("Day", Form::Day),
    (
        "Type",
        Form::Word(&[
            "DAYSAFTERBILLDATE",
            "DAYSAFTERBILLMONTH",
            "OFCURRENTMONTH",
            "OFFOLLOWINGMONTH",
        ]),
    ),
]);

const SETTINGS: [(&str, Form); 16] = [
    (BANK_DETAILS, TEXT),
    ("CompanyNumber", Form::Text(50)),
    ("TaxNumber", Form::Text(50)),
    ("TaxNumberType", Form::Word(&["SSN", "EIN", "ITIN", "ATIN"])),
    ("AccountsReceivableTaxType", TEXT),
    ("AccountsPayableTaxType", TEXT),
    ("DefaultCurrency", Form::Text(3)),
    ("XeroNetworkKey", TEXT),
    ("SalesDefaultAccountCode", TEXT),
    ("PurchasesDefaultAccountCode", TEXT),
    ("SalesDefaultLineAmountType", AMOUNT_TYPES),
    ("PurchasesDefaultLineAmountType", AMOUNT_TYPES),
    ("TrackingCategoryName", TEXT),
    ("TrackingCategoryOption", TEXT),
    ("PaymentTerms", Form::Record(&[("Bills", TERM), ("Sales", TERM)])),
    (
        "BatchPayments",
        Form::Record(&[
            ("BankAccountNumber", TEXT),
            ("BankAccountName", TEXT),
            ("Details", Form::Text(18)),
            ("Code", Form::Text(12)),
            ("Reference", Form::Text(12)),
        ]),
    ),
];

const PERSON: Form = Form::Record(&[
    ("FirstName", TEXT),
    ("LastName", TEXT),
    ("EmailAddress", TEXT),
    ("IncludeInEmails", Form::Flag),
]);

/// Takes over the settings and people an element carries, an empty text takes a setting away; says
/// what is wrong with the others.
pub fn fill(contact: &mut Contact, element: &Json) -> Vec<String> {
    let mut errors = Vec::new();
    for (key, form) in SETTINGS {
        let Some(sent) = element.get(key) else {
            continue;
        };
        let is_taken_away = matches!(sent, Json::Text(text) if text.is_empty());
        match read(sent, form) {
            _ if is_taken_away => contact.settings.retain(|(known, _)| *known != key),
            Some(value) => {
                contact.settings.retain(|(known, _)| *known != key);
                contact.settings.push((key, value));
            }
            None => errors.push(format!("{key} is not valid")),
        }
    }
    if let Some(sent) = element.list("ContactPersons") {
        let persons: Option<Vec<Json>> = sent.iter().map(|person| read(person, PERSON)).collect();
        match persons {
            Some(persons) => contact.persons = persons,
            None => errors.push("ContactPersons is not valid".to_owned()),
        }
    }
    errors
}

/// Settings that name what the books do not have.
pub fn refusals(books: &Books, contact: &Contact) -> Vec<String> {
    let text = |key: &str| {
        let mut settings = contact.settings.iter();
        match settings.find(|(known, _)| *known == key) {
            Some((_, Json::Text(text))) => Some(text.as_str()),
            _ => None,
        }
    };
    let mut errors = Vec::new();
    if let Some(currency) = text("DefaultCurrency").filter(|code| !books.organisation.trades_in(code)) {
        errors.push(format!("Organisation is not subscribed to currency {currency}"));
    }
    for key in ["AccountsReceivableTaxType", "AccountsPayableTaxType"] {
        if let Some(tax_type) = text(key).filter(|tax_type| books.tax_rate(tax_type).is_none()) {
            errors.push(format!("The TaxType code {tax_type} does not exist"));
        }
    }
    for key in ["SalesDefaultAccountCode", "PurchasesDefaultAccountCode"] {
        if let Some(code) = text(key).filter(|code| books.account(code).is_none()) {
            errors.push(format!("Account code '{code}' is not a valid code for this document."));
        }
    }
    errors
}

/// The value as Xero would show it; `None` when it is not of the form.
fn read(sent: &Json, form: Form) -> Option<Json> {
    match (form, sent) {
        (Form::Text(most), Json::Text(text) | Json::Number(text)) => {
            (text.chars().count() <= most).then(|| Json::Text(text.clone()))
        }
        (Form::Word(words), Json::Text(text)) => {
            let found = words.iter().find(|word| word.eq_ignore_ascii_case(text));
            found.map(|word| Json::Text((*word).to_owned()))
        }
        (Form::Flag, Json::Flag(_)) => Some(sent.clone()),
        (Form::Day, Json::Number(digits)) => {
            let day: u8 = digits.parse().ok()?;
            (day <= 31).then(|| Json::Number(day.to_string()))
        }
        (Form::Record(fields), Json::Map(_)) => {
            let mut pairs = Vec::new();
            for (key, form) in fields {
                match sent.get(key) {
                    Some(value) => pairs.push(((*key).to_owned(), read(value, *form)?)),
                    None => continue,
                }
            }
            Some(Json::Map(pairs))
        }
        _ => None,
    }
}
