//! The fields a clause may name, resolved once, and their values on each kind of document.

use super::tables::{self, Table};
use super::value::Value;
use crate::sandbox::books::{Account, AccountClass, Books, Contact, Invoice, Kind, Payment, Target, TaxRate};
use crate::sandbox::wire::date;

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
    /// `ExpectedPaymentDate`
    ExpectedPayment,
    /// `PlannedPaymentDate`
    PlannedPayment,
    /// `SubTotal`
    SubTotal,
    /// `TotalTax`
    TotalTax,
    /// `AmountCredited`
    AmountCredited,
    /// `CurrencyRate`
    CurrencyRate,
    /// `LineAmountTypes`
    AmountsAre,
    /// `SentToContact`
    SentToContact,
    /// `FirstName`
    FirstName,
    /// `LastName`
    LastName,
    /// `Description`
    Description,
    /// `EnablePaymentsToAccount`
    TakesPayments,
    /// `ShowInExpenseClaims`
    ExpenseClaims,
    /// `BankAccountNumber`
    BankNumber,
    /// `ReportTaxType`
    ReportTaxType,
    /// `EffectiveRate` or `DisplayTaxRate`
    EffectiveRate,
    /// `CanApplyToAssets`
    AppliesToAssets,
    /// `CanApplyToEquity`
    AppliesToEquity,
    /// `CanApplyToExpenses`
    AppliesToExpenses,
    /// `CanApplyToLiabilities`
    AppliesToLiabilities,
    /// `CanApplyToRevenue`
    AppliesToRevenue,
    /// `Narration`
    Narration,
    /// `ShowOnCashBasisReports`
    CashBasis,
    /// `PurchaseDescription`
    PurchaseDescription,
    /// `IsSold`
    IsSold,
    /// `IsPurchased`
    IsPurchased,
    /// `IsTrackedAsInventory`
    IsTracked,
    /// `QuantityOnHand`
    QuantityOnHand,
    /// `SalesDetails.UnitPrice`
    SalesPrice,
    /// `SalesDetails.AccountCode`
    SalesAccount,
    /// `PurchaseDetails.UnitPrice`
    PurchasePrice,
    /// `PurchaseDetails.AccountCode`
    PurchaseAccount,
    /// `RemainingCredit`
    RemainingCredit,
}

/// Something a clause can be tested on.
pub trait Readable {
    /// The paths that exist on it.
    const TABLE: Table;
    /// The value of a field; `Absent` when this kind of document has no such field.
    fn value<'a>(&'a self, field: Field, books: &'a Books) -> Value<'a>;
}

impl Readable for Invoice {
    const TABLE: Table = tables::INVOICE;

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
            Field::AmountCredited => Value::Number(self.amount_credited()),
            Field::Currency => Value::Text(&self.currency),
            Field::Url => text(self.url.as_deref()),
            Field::ExpectedPayment => self.expected_payment.map_or(Value::Absent, day),
            Field::PlannedPayment => self.planned_payment.map_or(Value::Absent, day),
            Field::SubTotal => Value::Number(self.sub_total),
            Field::TotalTax => Value::Number(self.total_tax),
            Field::CurrencyRate => Value::Number(self.currency_rate),
            Field::AmountsAre => Value::Text(self.amounts_are.text()),
            Field::SentToContact => Value::Flag(self.sent_to_contact),
            _ => Value::Absent,
        }
    }
}

impl Readable for Contact {
    const TABLE: Table = tables::CONTACT;

    fn value<'a>(&'a self, field: Field, _books: &'a Books) -> Value<'a> {
        let text = |text: &'a Option<String>| text.as_deref().map_or(Value::Absent, Value::Text);
        match field {
            Field::Status => Value::Text(self.status.text()),
            Field::OwnId | Field::ContactId => Value::Id(self.id),
            Field::Number | Field::ContactNumber => text(&self.number),
            Field::Name | Field::ContactName => Value::Text(&self.name),
            Field::Email => text(&self.email),
            Field::AccountNumber => text(&self.account_number),
            Field::FirstName => text(&self.first_name),
            Field::LastName => text(&self.last_name),
            Field::IsCustomer => Value::Flag(self.is_customer),
            Field::IsSupplier => Value::Flag(self.is_supplier),
            Field::Updated => Value::Moment(self.updated_ms),
            _ => Value::Absent,
        }
    }
}

impl Readable for Account {
    const TABLE: Table = tables::ACCOUNT;

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
            Field::Description => self.description.as_deref().map_or(Value::Absent, Value::Text),
            Field::TakesPayments => Value::Flag(self.payments),
            Field::ExpenseClaims => Value::Flag(self.in_claims),
            Field::BankNumber => self
                .bank
                .as_ref()
                .map_or(Value::Absent, |bank| Value::Text(&bank.number)),
            Field::Updated => Value::Moment(self.updated_ms),
            _ => Value::Absent,
        }
    }
}

impl Readable for TaxRate {
    const TABLE: Table = tables::TAX_RATE;

    fn value<'a>(&'a self, field: Field, _books: &'a Books) -> Value<'a> {
        match field {
            Field::Name => Value::Text(&self.name),
            Field::TaxType => Value::Text(&self.tax_type),
            Field::Status => Value::Text(self.status.text()),
            Field::ReportTaxType => Value::Text(&self.report),
            Field::EffectiveRate => Value::Number(self.rate),
            Field::AppliesToAssets => Value::Flag(self.applies(AccountClass::Asset)),
            Field::AppliesToEquity => Value::Flag(self.applies(AccountClass::Equity)),
            Field::AppliesToExpenses => Value::Flag(self.applies(AccountClass::Expense)),
            Field::AppliesToLiabilities => Value::Flag(self.applies(AccountClass::Liability)),
            Field::AppliesToRevenue => Value::Flag(self.applies(AccountClass::Revenue)),
            _ => Value::Absent,
        }
    }
}

/// The `PaymentType` of a payment; `None` when its document is gone.
pub fn payment_type(payment: &Payment, books: &Books) -> Option<&'static str> {
    Some(match payment.target {
        Target::Invoice(id) => match books.invoices().get(id)?.kind {
            Kind::AccRec => "ACCRECPAYMENT",
            Kind::AccPay => "ACCPAYPAYMENT",
        },
        Target::Credit(family, id) => books.credit(family, id)?.refund_type(),
    })
}
