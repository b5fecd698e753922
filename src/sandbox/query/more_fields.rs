//! Values of the resources besides documents of money.

use super::fields::{Field, Readable};
use super::tables::{self, Table};
use super::value::Value;
use crate::sandbox::books::{Books, ContactGroup, Item, ManualJournal, TrackingCategory};
use crate::sandbox::wire::date;

fn text(text: Option<&str>) -> Value<'_> {
    text.map_or(Value::Absent, Value::Text)
}

impl Readable for ManualJournal {
    const TABLE: Table = tables::JOURNAL;

    fn value<'a>(&'a self, field: Field, _books: &'a Books) -> Value<'a> {
        match field {
            Field::OwnId => Value::Id(self.id),
            Field::Status => Value::Text(self.status.text()),
            Field::Narration => Value::Text(&self.narration),
            Field::Date => Value::Moment(date::midnight_ms(self.date)),
            Field::Updated => Value::Moment(self.updated_ms),
            Field::AmountsAre => Value::Text(self.amounts_are.text()),
            Field::Url => text(self.url.as_deref()),
            Field::CashBasis => Value::Flag(self.cash_basis),
            _ => Value::Absent,
        }
    }
}

impl Readable for Item {
    const TABLE: Table = tables::ITEM;

    fn value<'a>(&'a self, field: Field, _books: &'a Books) -> Value<'a> {
        let price = |price: Option<_>| price.map_or(Value::Absent, Value::Number);
        match field {
            Field::OwnId => Value::Id(self.id),
            Field::Code => Value::Text(&self.code),
            Field::Name => text(self.name.as_deref()),
            Field::Description => text(self.description.as_deref()),
            Field::PurchaseDescription => text(self.purchase_description.as_deref()),
            Field::IsSold => Value::Flag(self.is_sold),
            Field::IsPurchased => Value::Flag(self.is_purchased),
            Field::IsTracked => Value::Flag(self.is_tracked()),
            Field::QuantityOnHand => price(self.is_tracked().then_some(self.quantity_on_hand)),
            Field::Total => price(self.is_tracked().then_some(self.cost_pool)),
            Field::SalesPrice => price(self.sales.unit_price),
            Field::SalesAccount => text(self.sales.account_code.as_deref()),
            Field::PurchasePrice => price(self.purchases.unit_price),
            Field::PurchaseAccount => text(self.purchases.account_code.as_deref()),
            Field::Updated => Value::Moment(self.updated_ms),
            _ => Value::Absent,
        }
    }
}

impl Readable for TrackingCategory {
    const TABLE: Table = tables::TRACKING;

    fn value<'a>(&'a self, field: Field, _books: &'a Books) -> Value<'a> {
        match field {
            Field::OwnId => Value::Id(self.id),
            Field::Name => Value::Text(&self.name),
            Field::Status => Value::Text(self.status.text()),
            _ => Value::Absent,
        }
    }
}

impl Readable for ContactGroup {
    const TABLE: Table = tables::GROUP;

    fn value<'a>(&'a self, field: Field, _books: &'a Books) -> Value<'a> {
        match field {
            Field::OwnId => Value::Id(self.id),
            Field::Name => Value::Text(&self.name),
            Field::Status => Value::Text(if self.is_deleted { "DELETED" } else { "ACTIVE" }),
            _ => Value::Absent,
        }
    }
}
