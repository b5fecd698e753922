//! Which paths `where` and `order` may name on each kind of document, their types, and which of
//! them lists have an index for.

use super::fields::Field;

/// The type of a field, under the name Xero's parser gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `String`
    Text,
    /// `Decimal`
    Number,
    /// `Guid`
    Id,
    /// `DateTime`
    Moment,
    /// `Boolean`
    Flag,
}

/// One path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// In lower case.
    pub path: &'static str,
    /// What it names.
    pub field: Field,
    /// Its type.
    pub kind: Kind,
    /// Whether equality with a constant is answered from an index.
    pub indexed: bool,
}

/// The fields of one kind of document.
#[derive(Debug, Clone, Copy)]
pub struct Table {
    /// Xero's name of the document, `Invoice`.
    pub name: &'static str,
    /// Its paths.
    pub rows: &'static [Row],
}

impl Kind {
    /// The word in Xero's messages.
    pub fn text(self) -> &'static str {
        match self {
            Self::Text => "String",
            Self::Number => "Decimal",
            Self::Id => "Guid",
            Self::Moment => "DateTime",
            Self::Flag => "Boolean",
        }
    }
}

impl Table {
    /// The row of a path in any letter case.
    pub fn row(&self, path: &str) -> Option<&'static Row> {
        self.rows.iter().find(|row| row.path.eq_ignore_ascii_case(path))
    }
}

pub(super) const fn row(path: &'static str, field: Field, kind: Kind) -> Row {
    Row {
        path,
        field,
        kind,
        indexed: false,
    }
}

pub(super) const fn fast(path: &'static str, field: Field, kind: Kind) -> Row {
    Row {
        path,
        field,
        kind,
        indexed: true,
    }
}

/// Invoices and bills.
pub const INVOICE: Table = Table {
    name: "Invoice",
    rows: &[
        fast("Type", Field::Type, Kind::Text),
        fast("Status", Field::Status, Kind::Text),
        fast("InvoiceID", Field::OwnId, Kind::Id),
        fast("InvoiceNumber", Field::Number, Kind::Text),
        fast("Reference", Field::Reference, Kind::Text),
        fast("Contact.ContactID", Field::ContactId, Kind::Id),
        row("Contact.Name", Field::ContactName, Kind::Text),
        row("Contact.ContactNumber", Field::ContactNumber, Kind::Text),
        row("Contact.EmailAddress", Field::Email, Kind::Text),
        row("Date", Field::Date, Kind::Moment),
        row("DueDate", Field::DueDate, Kind::Moment),
        row("ExpectedPaymentDate", Field::ExpectedPayment, Kind::Moment),
        row("PlannedPaymentDate", Field::PlannedPayment, Kind::Moment),
        row("FullyPaidOnDate", Field::FullyPaidOn, Kind::Moment),
        row("UpdatedDateUTC", Field::Updated, Kind::Moment),
        row("SubTotal", Field::SubTotal, Kind::Number),
        row("TotalTax", Field::TotalTax, Kind::Number),
        row("Total", Field::Total, Kind::Number),
        row("AmountDue", Field::AmountDue, Kind::Number),
        row("AmountPaid", Field::AmountPaid, Kind::Number),
        row("AmountCredited", Field::AmountCredited, Kind::Number),
        row("CurrencyCode", Field::Currency, Kind::Text),
        row("CurrencyRate", Field::CurrencyRate, Kind::Number),
        row("LineAmountTypes", Field::AmountsAre, Kind::Text),
        row("SentToContact", Field::SentToContact, Kind::Flag),
        row("Url", Field::Url, Kind::Text),
    ],
};

/// Contacts.
pub const CONTACT: Table = Table {
    name: "Contact",
    rows: &[
        fast("ContactID", Field::OwnId, Kind::Id),
        fast("ContactStatus", Field::Status, Kind::Text),
        fast("Name", Field::Name, Kind::Text),
        fast("ContactNumber", Field::Number, Kind::Text),
        row("AccountNumber", Field::AccountNumber, Kind::Text),
        row("EmailAddress", Field::Email, Kind::Text),
        row("FirstName", Field::FirstName, Kind::Text),
        row("LastName", Field::LastName, Kind::Text),
        row("IsCustomer", Field::IsCustomer, Kind::Flag),
        row("IsSupplier", Field::IsSupplier, Kind::Flag),
        row("UpdatedDateUTC", Field::Updated, Kind::Moment),
    ],
};

/// Payments.
pub const PAYMENT: Table = Table {
    name: "Payment",
    rows: &[
        fast("PaymentID", Field::OwnId, Kind::Id),
        fast("Invoice.InvoiceID", Field::InvoiceId, Kind::Id),
        row("Invoice.InvoiceNumber", Field::InvoiceNumber, Kind::Text),
        fast("Status", Field::Status, Kind::Text),
        row("PaymentType", Field::Type, Kind::Text),
        fast("Reference", Field::Reference, Kind::Text),
        row("Date", Field::Date, Kind::Moment),
        row("UpdatedDateUTC", Field::Updated, Kind::Moment),
        row("Amount", Field::Total, Kind::Number),
        row("Account.AccountID", Field::AccountId, Kind::Id),
        row("Account.Code", Field::Code, Kind::Text),
        row("IsReconciled", Field::Reconciled, Kind::Flag),
    ],
};

/// Accounts of the chart.
pub const ACCOUNT: Table = Table {
    name: "Account",
    rows: &[
        row("AccountID", Field::OwnId, Kind::Id),
        row("Code", Field::Code, Kind::Text),
        row("Name", Field::Name, Kind::Text),
        row("Type", Field::Type, Kind::Text),
        row("Status", Field::Status, Kind::Text),
        row("Class", Field::Class, Kind::Text),
        row("TaxType", Field::TaxType, Kind::Text),
        row("Description", Field::Description, Kind::Text),
        row("SystemAccount", Field::System, Kind::Text),
        row("EnablePaymentsToAccount", Field::TakesPayments, Kind::Flag),
        row("ShowInExpenseClaims", Field::ExpenseClaims, Kind::Flag),
        row("BankAccountNumber", Field::BankNumber, Kind::Text),
        row("UpdatedDateUTC", Field::Updated, Kind::Moment),
    ],
};

/// Tax rates.
pub const TAX_RATE: Table = Table {
    name: "TaxRate",
    rows: &[
        row("Name", Field::Name, Kind::Text),
        row("TaxType", Field::TaxType, Kind::Text),
        row("Status", Field::Status, Kind::Text),
        row("ReportTaxType", Field::ReportTaxType, Kind::Text),
        row("EffectiveRate", Field::EffectiveRate, Kind::Number),
        row("DisplayTaxRate", Field::EffectiveRate, Kind::Number),
        row("CanApplyToAssets", Field::AppliesToAssets, Kind::Flag),
        row("CanApplyToEquity", Field::AppliesToEquity, Kind::Flag),
        row("CanApplyToExpenses", Field::AppliesToExpenses, Kind::Flag),
        row("CanApplyToLiabilities", Field::AppliesToLiabilities, Kind::Flag),
        row("CanApplyToRevenue", Field::AppliesToRevenue, Kind::Flag),
    ],
};

/// Manual journals.
pub const JOURNAL: Table = Table {
    name: "ManualJournal",
    rows: &[
        fast("ManualJournalID", Field::OwnId, Kind::Id),
        fast("Status", Field::Status, Kind::Text),
        row("Narration", Field::Narration, Kind::Text),
        row("Date", Field::Date, Kind::Moment),
        row("UpdatedDateUTC", Field::Updated, Kind::Moment),
        row("LineAmountTypes", Field::AmountsAre, Kind::Text),
        row("Url", Field::Url, Kind::Text),
        row("ShowOnCashBasisReports", Field::CashBasis, Kind::Flag),
    ],
};

/// Items.
pub const ITEM: Table = Table {
    name: "Item",
    rows: &[
        row("ItemID", Field::OwnId, Kind::Id),
        row("Code", Field::Code, Kind::Text),
        row("Name", Field::Name, Kind::Text),
        row("Description", Field::Description, Kind::Text),
        row("PurchaseDescription", Field::PurchaseDescription, Kind::Text),
        row("IsSold", Field::IsSold, Kind::Flag),
        row("IsPurchased", Field::IsPurchased, Kind::Flag),
        row("IsTrackedAsInventory", Field::IsTracked, Kind::Flag),
        row("QuantityOnHand", Field::QuantityOnHand, Kind::Number),
        row("TotalCostPool", Field::Total, Kind::Number),
        row("SalesDetails.UnitPrice", Field::SalesPrice, Kind::Number),
        row("SalesDetails.AccountCode", Field::SalesAccount, Kind::Text),
        row("PurchaseDetails.UnitPrice", Field::PurchasePrice, Kind::Number),
        row("PurchaseDetails.AccountCode", Field::PurchaseAccount, Kind::Text),
        row("UpdatedDateUTC", Field::Updated, Kind::Moment),
    ],
};

/// Tracking categories.
pub const TRACKING: Table = Table {
    name: "TrackingCategory",
    rows: &[
        row("TrackingCategoryID", Field::OwnId, Kind::Id),
        row("Name", Field::Name, Kind::Text),
        row("Status", Field::Status, Kind::Text),
    ],
};

/// Contact groups.
pub const GROUP: Table = Table {
    name: "ContactGroup",
    rows: &[
        row("ContactGroupID", Field::OwnId, Kind::Id),
        row("Name", Field::Name, Kind::Text),
        row("Status", Field::Status, Kind::Text),
    ],
};
