//! The fields of payments, credits and bank transactions.

use super::fields::{Field, Readable, payment_type};
use super::money_tables;
use super::tables::{self, Table};
use super::value::Value;
use crate::sandbox::books::{BankTransaction, Batch, Books, Credit, Payment, Target};
use crate::sandbox::wire::date;

impl Readable for Payment {
    const TABLE: Table = tables::PAYMENT;

    fn value<'a>(&'a self, field: Field, books: &'a Books) -> Value<'a> {
        let text = |text: Option<&'a str>| text.map_or(Value::Absent, Value::Text);
        let number = || match self.target {
            Target::Invoice(id) => books.invoices().get(id).map(|found| found.number.as_str()),
            Target::Credit(family, id) => books.credit(family, id)?.number.as_deref(),
        };
        let account = || books.account_by_id(self.account);
        match field {
            Field::Type => payment_type(self, books).map_or(Value::Absent, Value::Text),
            Field::Status => Value::Text(self.status.text()),
            Field::OwnId => Value::Id(self.id),
            Field::InvoiceId => match self.target {
                Target::Invoice(id) | Target::Credit(_, id) => Value::Id(id),
            },
            Field::Number | Field::InvoiceNumber => text(number()),
            Field::Reference => text(self.reference.as_deref()),
            Field::Date => Value::Moment(date::midnight_ms(self.date)),
            Field::Updated => Value::Moment(self.updated_ms),
            Field::Total => Value::Number(self.amount),
            Field::AccountId => Value::Id(self.account),
            Field::Code => text(account().map(|paid| paid.code.as_str())),
            Field::Reconciled => Value::Flag(self.reconciled),
            _ => Value::Absent,
        }
    }
}

impl Readable for Credit {
    const TABLE: Table = money_tables::CREDIT_NOTE;

    fn value<'a>(&'a self, field: Field, books: &'a Books) -> Value<'a> {
        let contact = || books.contacts().get(self.contact);
        let text = |text: Option<&'a str>| text.map_or(Value::Absent, Value::Text);
        let day = |day| Value::Moment(date::midnight_ms(day));
        match field {
            Field::Type => Value::Text(self.type_text()),
            Field::Status => Value::Text(self.status.text()),
            Field::OwnId => Value::Id(self.id),
            Field::Number | Field::InvoiceNumber => text(self.number.as_deref()),
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
            Field::RemainingCredit => Value::Number(self.remaining()),
            Field::SubTotal => Value::Number(self.sub_total),
            Field::TotalTax => Value::Number(self.total_tax),
            Field::CurrencyRate => Value::Number(self.currency_rate),
            Field::AmountsAre => Value::Text(self.amounts_are.text()),
            Field::Currency => Value::Text(&self.currency),
            _ => Value::Absent,
        }
    }
}

impl Readable for BankTransaction {
    const TABLE: Table = money_tables::BANK_TRANSACTION;

    fn value<'a>(&'a self, field: Field, books: &'a Books) -> Value<'a> {
        let contact = || books.contacts().get(self.contact);
        match field {
            Field::Type => Value::Text(self.what.text()),
            Field::Status => Value::Text(self.status.text()),
            Field::OwnId => Value::Id(self.id),
            Field::Reference => Value::Text(&self.reference),
            Field::Date => Value::Moment(date::midnight_ms(self.date)),
            Field::Updated => Value::Moment(self.updated_ms),
            Field::ContactId => Value::Id(self.contact),
            Field::ContactName => contact().map_or(Value::Absent, |found| Value::Text(&found.name)),
            Field::Total => Value::Number(self.total),
            Field::Currency => Value::Text(&self.currency),
            Field::Reconciled => Value::Flag(self.reconciled),
            Field::Url => self.url.as_deref().map_or(Value::Absent, Value::Text),
            _ => Value::Absent,
        }
    }
}

impl Readable for Batch {
    const TABLE: Table = money_tables::BATCH_PAYMENT;

    fn value<'a>(&'a self, field: Field, _books: &'a Books) -> Value<'a> {
        match field {
            Field::Type => Value::Text(self.type_text()),
            Field::Status => Value::Text(self.status.text()),
            Field::OwnId => Value::Id(self.id),
            Field::Date => Value::Moment(date::midnight_ms(self.date)),
            Field::Updated => Value::Moment(self.updated_ms),
            Field::Total => Value::Number(self.total),
            Field::Reconciled => Value::Flag(self.reconciled),
            _ => Value::Absent,
        }
    }
}
