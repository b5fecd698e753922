//! Which paths `where` and `order` may name on credits, bank transactions and batches.

use super::fields::Field;
use super::tables::{Kind, Table, fast, row};

/// Credit notes.
pub const CREDIT_NOTE: Table = Table {
    name: "CreditNote",
    rows: &[
        fast("CreditNoteID", Field::OwnId, Kind::Id),
        fast("CreditNoteNumber", Field::Number, Kind::Text),
        fast("Type", Field::Type, Kind::Text),
        fast("Status", Field::Status, Kind::Text),
        fast("Reference", Field::Reference, Kind::Text),
        fast("Contact.ContactID", Field::ContactId, Kind::Id),
        row("Contact.Name", Field::ContactName, Kind::Text),
        row("Contact.ContactNumber", Field::ContactNumber, Kind::Text),
        row("Contact.EmailAddress", Field::Email, Kind::Text),
        row("Date", Field::Date, Kind::Moment),
        row("DueDate", Field::DueDate, Kind::Moment),
        row("FullyPaidOnDate", Field::FullyPaidOn, Kind::Moment),
        row("UpdatedDateUTC", Field::Updated, Kind::Moment),
        row("SubTotal", Field::SubTotal, Kind::Number),
        row("TotalTax", Field::TotalTax, Kind::Number),
        row("Total", Field::Total, Kind::Number),
        row("RemainingCredit", Field::RemainingCredit, Kind::Number),
        row("CurrencyCode", Field::Currency, Kind::Text),
        row("CurrencyRate", Field::CurrencyRate, Kind::Number),
        row("LineAmountTypes", Field::AmountsAre, Kind::Text),
    ],
};

/// Overpayments.
pub const OVERPAYMENT: Table = Table {
    name: "Overpayment",
    rows: &[
        fast("OverpaymentID", Field::OwnId, Kind::Id),
        fast("Type", Field::Type, Kind::Text),
        fast("Status", Field::Status, Kind::Text),
        fast("Reference", Field::Reference, Kind::Text),
        fast("Contact.ContactID", Field::ContactId, Kind::Id),
        row("Contact.Name", Field::ContactName, Kind::Text),
        row("Date", Field::Date, Kind::Moment),
        row("UpdatedDateUTC", Field::Updated, Kind::Moment),
        row("Total", Field::Total, Kind::Number),
        row("RemainingCredit", Field::RemainingCredit, Kind::Number),
        row("CurrencyCode", Field::Currency, Kind::Text),
    ],
};

/// Prepayments.
pub const PREPAYMENT: Table = Table {
    name: "Prepayment",
    rows: &[
        fast("PrepaymentID", Field::OwnId, Kind::Id),
        fast("InvoiceNumber", Field::Number, Kind::Text),
        fast("Type", Field::Type, Kind::Text),
        fast("Status", Field::Status, Kind::Text),
        fast("Reference", Field::Reference, Kind::Text),
        fast("Contact.ContactID", Field::ContactId, Kind::Id),
        row("Contact.Name", Field::ContactName, Kind::Text),
        row("Date", Field::Date, Kind::Moment),
        row("UpdatedDateUTC", Field::Updated, Kind::Moment),
        row("Total", Field::Total, Kind::Number),
        row("RemainingCredit", Field::RemainingCredit, Kind::Number),
        row("CurrencyCode", Field::Currency, Kind::Text),
    ],
};

/// Bank transactions.
pub const BANK_TRANSACTION: Table = Table {
    name: "BankTransaction",
    rows: &[
        row("BankTransactionID", Field::OwnId, Kind::Id),
        row("Type", Field::Type, Kind::Text),
        row("Status", Field::Status, Kind::Text),
        row("Reference", Field::Reference, Kind::Text),
        row("Contact.ContactID", Field::ContactId, Kind::Id),
        row("Contact.Name", Field::ContactName, Kind::Text),
        row("Date", Field::Date, Kind::Moment),
        row("UpdatedDateUTC", Field::Updated, Kind::Moment),
        row("Total", Field::Total, Kind::Number),
        row("CurrencyCode", Field::Currency, Kind::Text),
        row("IsReconciled", Field::Reconciled, Kind::Flag),
        row("Url", Field::Url, Kind::Text),
    ],
};

/// Batches of payments.
pub const BATCH_PAYMENT: Table = Table {
    name: "BatchPayment",
    rows: &[
        row("BatchPaymentID", Field::OwnId, Kind::Id),
        row("Type", Field::Type, Kind::Text),
        row("Status", Field::Status, Kind::Text),
        row("Date", Field::Date, Kind::Moment),
        row("UpdatedDateUTC", Field::Updated, Kind::Moment),
        row("TotalAmount", Field::Total, Kind::Number),
        row("IsReconciled", Field::Reconciled, Kind::Flag),
    ],
};
