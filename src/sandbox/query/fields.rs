//! The fields a clause may name, resolved once, and their values on each kind of document.

use std::cmp::Ordering;

use rust_decimal::Decimal;
use uuid::Uuid;

use super::clause::QueryError;
use crate::sandbox::books::{Account, Books, Contact, Invoice, Payment, TaxRate};
use crate::sandbox::wire::date;

/// A field's value on one document.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// Compared in any letter case.
    Text(&'a str),
    /// A number.
    Number(Decimal),
    /// A GUID.
    Id(Uuid),
    /// A time or a date (midnight UTC), in milliseconds.
    Moment(i64),
    /// A boolean.
    Flag(bool),
    /// No value.
    Absent,
}

/// Every path the sandbox can filter and sort by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// `Type` or `PaymentType`
    Type,
    /// `Status` or `ContactStatus`
    Status,
    /// `InvoiceID`, `ContactID`, `PaymentID`, `AccountID`: the document's own
    OwnId,
    /// `InvoiceNumber` or `ContactNumber`
    Number,
    /// `Reference`
    Reference,
    /// `Date`
    Date,
    /// `DueDate`
    DueDate,
    /// `UpdatedDateUTC`
    Updated,
    /// `Name`
    Name,
    /// `EmailAddress`
    Email,
    /// `AccountNumber`
    AccountNumber,
    /// `IsCustomer`
    IsCustomer,
    /// `IsSupplier`
    IsSupplier,
    /// `Contact.ContactID`
    ContactId,
    /// `Contact.Name`
    ContactName,
    /// `Contact.ContactNumber`
    ContactNumber,
    /// `Invoice.InvoiceID`
    InvoiceId,
    /// `Invoice.InvoiceNumber`
    InvoiceNumber,
    /// `Account.Code` or `Code`
    Code,
    /// `Account.AccountID`
    AccountId,
    /// `Total` or `Amount`
    Total,
    /// `AmountDue`
    AmountDue,
    /// `AmountPaid`
    AmountPaid,
    /// `CurrencyCode`
    Currency,
    /// `Class`
    Class,
    /// `TaxType`
    TaxType,
    /// `SystemAccount`
    System,
    /// `Url`
    Url,
    /// `IsReconciled`
    Reconciled,
    /// `FullyPaidOnDate`
    FullyPaidOn,
}

/// Paths in lower case.
const PATHS: [(&str, Field); 39] = [
    ("type", Field::Type),
    ("paymenttype", Field::Type),
    ("status", Field::Status),
    ("contactstatus", Field::Status),
    ("invoiceid", Field::OwnId),
    ("contactid", Field::OwnId),
    ("paymentid", Field::OwnId),
    ("accountid", Field::OwnId),
    ("invoicenumber", Field::Number),
    ("contactnumber", Field::Number),
    ("reference", Field::Reference),
    ("date", Field::Date),
    ("duedate", Field::DueDate),
    ("updateddateutc", Field::Updated),
    ("name", Field::Name),
    ("emailaddress", Field::Email),
    ("accountnumber", Field::AccountNumber),
    ("iscustomer", Field::IsCustomer),
    ("issupplier", Field::IsSupplier),
    ("contact.contactid", Field::ContactId),
    ("contact.name", Field::ContactName),
    ("contact.contactnumber", Field::ContactNumber),
    ("invoice.invoiceid", Field::InvoiceId),
    ("invoice.invoicenumber", Field::InvoiceNumber),
    ("account.code", Field::Code),
    ("code", Field::Code),
    ("account.accountid", Field::AccountId),
    ("total", Field::Total),
    ("amount", Field::Total),
    ("amountdue", Field::AmountDue),
    ("amountpaid", Field::AmountPaid),
    ("currencycode", Field::Currency),
    ("class", Field::Class),
    ("taxtype", Field::TaxType),
    ("systemaccount", Field::System),
    ("url", Field::Url),
    ("isreconciled", Field::Reconciled),
    ("fullypaidondate", Field::FullyPaidOn),
    ("contact.emailaddress", Field::Email),
];

/// Something a clause can be tested on.
pub trait Readable {
    /// The value of a field; `Absent` when this kind of document has no such field.
    fn value<'a>(&'a self, field: Field, books: &'a Books) -> Value<'a>;
}

impl Field {
    /// Resolves a path in any letter case.
    ///
    /// # Errors
    /// When no document has such a field.
    pub fn named(path: &str) -> Result<Self, QueryError> {
        let lower = path.to_ascii_lowercase();
        PATHS
            .iter()
            .find(|(name, _)| *name == lower)
            .map(|(_, field)| *field)
            .ok_or_else(|| QueryError(format!("No property or field '{path}' exists")))
    }
}

impl Value<'_> {
    /// Order for sorting; absent first.
    pub fn order(&self, other: &Value<'_>) -> Ordering {
        match (self, other) {
            (Value::Absent, Value::Absent) => Ordering::Equal,
            (Value::Absent, _) => Ordering::Less,
            (_, Value::Absent) => Ordering::Greater,
            _ => self.compare(other).unwrap_or(Ordering::Equal),
        }
    }

    /// How two values of one type compare; `None` when they cannot be compared.
    pub fn compare(&self, other: &Value<'_>) -> Option<Ordering> {
        match (self, other) {
            (Value::Text(left), Value::Text(right)) => Some(compare_text(left, right)),
            (Value::Number(left), Value::Number(right)) => Some(left.cmp(right)),
            (Value::Id(left), Value::Id(right)) => Some(left.cmp(right)),
            (Value::Id(left), Value::Text(right)) => Some(left.cmp(&Uuid::parse_str(right).ok()?)),
            (Value::Moment(left), Value::Moment(right)) => Some(left.cmp(right)),
            (Value::Flag(left), Value::Flag(right)) => Some(left.cmp(right)),
            _ => None,
        }
    }
}

impl Readable for Invoice {
    fn value<'a>(&'a self, field: Field, books: &'a Books) -> Value<'a> {
        let contact = || books.contacts().get(self.contact);
        let text = |text: Option<&'a str>| text.map_or(Value::Absent, Value::Text);
        let day = |day| Value::Moment(date::midnight_ms(day));
        match field {
            Field::Type => Value::Text(self.kind.text()),
            Field::Status => Value::Text(self.status.text()),
            Field::OwnId | Field::InvoiceId => Value::Id(self.id),
            Field::Number | Field::InvoiceNumber => Value::Text(&self.number),
            Field::Reference => Value::Text(&self.reference),
            Field::Date => day(self.date),
            Field::DueDate => self.due_date.map_or(Value::Absent, day),
            Field::FullyPaidOn => self.fully_paid_on.map_or(Value::Absent, day),
            Field::Updated => Value::Moment(self.updated_ms),
            Field::ContactId => Value::Id(self.contact),
            Field::ContactName | Field::Name => text(contact().map(|found| found.name.as_str())),
            Field::ContactNumber => text(contact().and_then(|found| found.number.as_deref())),
            Field::Email => text(contact().and_then(|found| found.email.as_deref())),
            Field::Total => Value::Number(self.total),
            Field::AmountDue => Value::Number(self.amount_due()),
            Field::AmountPaid => Value::Number(self.amount_paid),
            Field::Currency => Value::Text(&self.currency),
            Field::Url => text(self.url.as_deref()),
            _ => Value::Absent,
        }
    }
}

impl Readable for Contact {
    fn value<'a>(&'a self, field: Field, _books: &'a Books) -> Value<'a> {
        let text = |text: &'a Option<String>| text.as_deref().map_or(Value::Absent, Value::Text);
        match field {
            Field::Status => Value::Text(self.status.text()),
            Field::OwnId | Field::ContactId => Value::Id(self.id),
            Field::Number | Field::ContactNumber => text(&self.number),
            Field::Name | Field::ContactName => Value::Text(&self.name),
            Field::Email => text(&self.email),
            Field::AccountNumber => text(&self.account_number),
            Field::IsCustomer => Value::Flag(self.is_customer),
            Field::IsSupplier => Value::Flag(self.is_supplier),
            Field::Updated => Value::Moment(self.updated_ms),
            _ => Value::Absent,
        }
    }
}

impl Readable for Payment {
    fn value<'a>(&'a self, field: Field, books: &'a Books) -> Value<'a> {
        let invoice = || books.invoices().get(self.invoice);
        let account = || books.account_by_id(self.account);
        match field {
            Field::Type => invoice().map_or(Value::Absent, |paid| Value::Text(payment_type(paid))),
            Field::Status => Value::Text(self.status.text()),
            Field::OwnId => Value::Id(self.id),
            Field::InvoiceId => Value::Id(self.invoice),
            Field::Number | Field::InvoiceNumber => invoice().map_or(Value::Absent, |paid| Value::Text(&paid.number)),
            Field::Reference => Value::Text(&self.reference),
            Field::Date => Value::Moment(date::midnight_ms(self.date)),
            Field::Updated => Value::Moment(self.updated_ms),
            Field::Total => Value::Number(self.amount),
            Field::AccountId => Value::Id(self.account),
            Field::Code => account().map_or(Value::Absent, |paid| Value::Text(&paid.code)),
            Field::Reconciled => Value::Flag(self.reconciled),
            _ => Value::Absent,
        }
    }
}

impl Readable for Account {
    fn value<'a>(&'a self, field: Field, _books: &'a Books) -> Value<'a> {
        match field {
            Field::Type => Value::Text(&self.account_type),
            Field::Status => Value::Text(self.status.text()),
            Field::OwnId | Field::AccountId => Value::Id(self.id),
            Field::Code => Value::Text(&self.code),
            Field::Name => Value::Text(&self.name),
            Field::Class => Value::Text(self.class().text()),
            Field::TaxType => Value::Text(&self.tax_type),
            Field::System => self.system.as_deref().map_or(Value::Absent, Value::Text),
            Field::Updated => Value::Moment(self.updated_ms),
            _ => Value::Absent,
        }
    }
}

impl Readable for TaxRate {
    fn value<'a>(&'a self, field: Field, _books: &'a Books) -> Value<'a> {
        match field {
            Field::Name => Value::Text(&self.name),
            Field::TaxType => Value::Text(&self.tax_type),
            Field::Status => Value::Text("ACTIVE"),
            _ => Value::Absent,
        }
    }
}

/// The `PaymentType` of a payment of this invoice.
pub fn payment_type(invoice: &Invoice) -> &'static str {
    match invoice.kind {
        crate::sandbox::books::Kind::AccRec => "ACCRECPAYMENT",
        crate::sandbox::books::Kind::AccPay => "ACCPAYPAYMENT",
    }
}

fn compare_text(left: &str, right: &str) -> Ordering {
    if left.is_ascii() && right.is_ascii() {
        let fold = |text: &'_ str| text.bytes().map(|byte| byte.to_ascii_lowercase()).collect::<Vec<u8>>();
        if left.len() == right.len() && left.eq_ignore_ascii_case(right) {
            return Ordering::Equal;
        }
        return fold(left).cmp(&fold(right));
    }
    left.to_lowercase().cmp(&right.to_lowercase())
}
