//! `/Items`: in the order of their codes, never paged.
//!
//! Recorded: the shapes, tracked and not, and the refusal of a code that is taken. Assumptions: the
//! other texts; that nothing a tracked item has on hand can be set; that an item in use can be
//! deleted.

use rust_decimal::Decimal;
use uuid::Uuid;

use super::call::{Call, Mode, decimal};
use super::envelope::{self, Element, Wording};
use crate::sandbox::books::{Books, Item, ItemDetails, money};
use crate::sandbox::gate::grant::new_id;
use crate::sandbox::wire::{Answer, Json, Writer};

const WORDING: Wording = Wording {
    collection: "Items",
    id_key: "ItemID",
    error_flag: "",
};

/// More in one call are refused.
const ELEMENTS_MAX: usize = 500;
const CODE_CHARS_MAX: usize = 30;
const NAME_CHARS_MAX: usize = 50;
const DESCRIPTION_CHARS_MAX: usize = 4000;

/// How an item is shown.
#[derive(Debug, Clone, Copy)]
struct View {
    unit_places: u32,
    is_written: bool,
}

/// `GET /Items`
pub fn list(call: &mut Call<'_>) -> Answer {
    let mut request = match call.page_request::<Item>(false) {
        Ok(request) => request,
        Err(refused) => return refused,
    };
    request.page = None;
    let since_ms = request.since_ms.unwrap_or(i64::MIN);
    let view = call.view(false);
    envelope::list(call, WORDING.collection, None, |items, call| {
        let all = call.books.registers.items.iter();
        let changed = all.filter(|item| item.updated_ms >= since_ms);
        for item in request.chosen(changed, call.books) {
            items.object(|row| write_item(row, item, view));
        }
    })
}

/// `GET /Items/{id}`, by GUID or code.
pub fn one(call: &mut Call<'_>, id: &str) -> Answer {
    let Some(item) = call.books.registers.item(id).cloned() else {
        return envelope::not_found();
    };
    let view = call.view(false);
    envelope::list(call, WORDING.collection, None, |items, _| {
        items.object(|row| write_item(row, &item, view));
    })
}

/// `DELETE /Items/{id}`
pub fn delete(call: &mut Call<'_>, id: &str) -> Answer {
    let Some(id) = call.books.registers.item(id).map(|item| item.id) else {
        return envelope::not_found();
    };
    call.books.registers.items.retain(|item| item.id != id);
    Answer::empty(204)
}

/// PUT and POST.
pub fn write(call: &mut Call<'_>, mode: Mode<'_>) -> Answer {
    let elements = match call.elements(WORDING.collection) {
        Ok(elements) => elements,
        Err(refused) => return refused,
    };
    if elements.len() > ELEMENTS_MAX {
        return envelope::body_refused("At most 500 items can be written at a time");
    }
    let registers = &call.books.registers;
    let unknown = |element: &Json| id_of(element).is_some_and(|id| registers.item(id).is_none());
    let is_missing = match mode {
        Mode::Create => false,
        Mode::Upsert => elements.iter().any(unknown),
        Mode::One(id) => registers.item(id).is_none(),
    };
    if is_missing {
        return envelope::not_found();
    }
    let mut results = Vec::with_capacity(elements.len());
    for element in elements {
        let key = match mode {
            Mode::Create => None,
            Mode::One(id) => Some(id),
            Mode::Upsert => id_of(&element).or_else(|| element.text("Code").map(str::trim)),
        };
        let old = key.and_then(|key| call.books.registers.item(key)).cloned();
        let known = old.as_ref().map(|old| old.id);
        results.push(match draft(call, &element, old) {
            Ok(item) => {
                let id = item.id;
                call.books.registers.save_item(item);
                Element::Saved(id, Vec::new())
            }
            Err(errors) => Element::Refused(envelope::named(element, WORDING, known), errors),
        });
    }
    let view = call.view(true);
    envelope::written(call, WORDING, &results, |row, call, id: &Uuid| {
        if let Some(item) = call.books.registers.items.iter().find(|item| item.id == *id) {
            write_item(row, item, view);
        }
    })
}

impl Call<'_> {
    fn view(&self, is_written: bool) -> View {
        View {
            unit_places: self.unit_places(),
            is_written,
        }
    }
}

fn draft(call: &mut Call<'_>, element: &Json, old: Option<Item>) -> Result<Item, Vec<String>> {
    let mut errors = Vec::new();
    let mut item = old.unwrap_or_else(|| Item {
        id: new_id(call.rng),
        code: String::new(),
        name: None,
        description: None,
        purchase_description: None,
        sales: ItemDetails::default(),
        purchases: ItemDetails::default(),
        is_sold: true,
        is_purchased: true,
        inventory_account: None,
        quantity_on_hand: Decimal::ZERO,
        cost_pool: Decimal::ZERO,
        updated_ms: 0,
        versions: 0,
    });
    let text = |key: &str, old: Option<String>| element.text(key).map(str::to_owned).or(old);
    item.code = text("Code", Some(item.code)).unwrap_or_default().trim().to_owned();
    item.name = text("Name", item.name);
    item.description = text("Description", item.description);
    item.purchase_description = text("PurchaseDescription", item.purchase_description);
    item.inventory_account = text("InventoryAssetAccountCode", item.inventory_account);
    item.is_sold = element.flag("IsSold").unwrap_or(item.is_sold);
    item.is_purchased = element.flag("IsPurchased").unwrap_or(item.is_purchased);
    let places = call.unit_places();
    details(element.get("SalesDetails"), &mut item.sales, places, &mut errors);
    details(element.get("PurchaseDetails"), &mut item.purchases, places, &mut errors);
    check(call.books, &item, &mut errors);
    item.updated_ms = call.now_ms;
    item.versions = item.versions.saturating_add(1);
    if errors.is_empty() { Ok(item) } else { Err(errors) }
}

fn details(sent: Option<&Json>, details: &mut ItemDetails, unit_places: u32, errors: &mut Vec<String>) {
    let Some(sent) = sent else { return };
    let text = |key: &str| sent.text(key).filter(|text| !text.is_empty()).map(str::to_owned);
    if let Some(price) = decimal(sent, "UnitPrice", errors) {
        details.unit_price = Some(money::round(price, unit_places));
    }
    details.account_code = text("AccountCode").or_else(|| details.account_code.take());
    details.cogs_account_code = text("COGSAccountCode").or_else(|| details.cogs_account_code.take());
    details.tax_type = text("TaxType").or_else(|| details.tax_type.take());
}

fn check(books: &Books, item: &Item, errors: &mut Vec<String>) {
    if item.code.is_empty() {
        errors.push("Item code must be specified".to_owned());
    }
    let twin = |other: &Item| other.id != item.id && other.code.eq_ignore_ascii_case(&item.code);
    if books.registers.items.iter().any(twin) {
        errors.push(format!("Price List Item with Code '{}' already exists", item.code));
    }
    let lengths = [
        (Some(&item.code), "Code", CODE_CHARS_MAX),
        (item.name.as_ref(), "Name", NAME_CHARS_MAX),
        (item.description.as_ref(), "Description", DESCRIPTION_CHARS_MAX),
        (
            item.purchase_description.as_ref(),
            "PurchaseDescription",
            DESCRIPTION_CHARS_MAX,
        ),
    ];
    for (text, key, most) in lengths {
        if text.is_some_and(|text| text.chars().count() > most) {
            errors.push(format!("{key} cannot exceed {most} characters"));
        }
    }
    for side in [&item.sales, &item.purchases] {
        let codes = [&side.account_code, &side.cogs_account_code];
        for code in codes.into_iter().flatten().filter(|code| books.account(code).is_none()) {
            errors.push(format!("Account code '{code}' is not a valid code for this document."));
        }
        if let Some(tax_type) = side.tax_type.as_deref().filter(|asked| books.tax_rate(asked).is_none()) {
            errors.push(format!("The TaxType code {tax_type} does not exist"));
        }
    }
    let cogs = item.purchases.cogs_account_code.is_some();
    match &item.inventory_account {
        None if cogs => errors.push("COGSAccountCode is for tracked items only".to_owned()),
        None => {}
        Some(code) => {
            let fits = books
                .account(code)
                .is_some_and(|account| account.account_type == "INVENTORY");
            if !fits {
                errors.push(format!("Account code '{code}' is not an inventory account"));
            }
            if !cogs || item.purchases.account_code.is_some() {
                errors.push("A tracked item needs COGSAccountCode and no AccountCode for purchases".to_owned());
            }
        }
    }
}

fn id_of(element: &Json) -> Option<&str> {
    element
        .text("ItemID")
        .filter(|id| Uuid::parse_str(id).is_ok_and(|id| !id.is_nil()))
}

fn write_item(row: &mut Writer, item: &Item, view: View) {
    row.id("ItemID", item.id);
    row.text("Code", &item.code);
    row.maybe_text("Description", item.description.as_deref());
    row.maybe_text("PurchaseDescription", item.purchase_description.as_deref());
    if view.is_written {
        row.bare_stamp("UpdatedDateUTC", item.updated_ms);
    } else {
        row.stamp("UpdatedDateUTC", item.updated_ms);
    }
    row.nested("PurchaseDetails", |inner| write_details(inner, &item.purchases, view));
    row.nested("SalesDetails", |inner| write_details(inner, &item.sales, view));
    row.maybe_text("Name", item.name.as_deref());
    row.flag("IsTrackedAsInventory", item.is_tracked());
    if let Some(account) = &item.inventory_account {
        row.text("InventoryAssetAccountCode", account);
        row.money("TotalCostPool", item.cost_pool);
        row.number("QuantityOnHand", item.quantity_on_hand, 4);
    }
    row.flag("IsSold", item.is_sold);
    row.flag("IsPurchased", item.is_purchased);
    if view.is_written {
        row.empty_list("ValidationErrors");
    }
}

fn write_details(row: &mut Writer, details: &ItemDetails, view: View) {
    if let Some(price) = details.unit_price {
        row.number("UnitPrice", price, view.unit_places);
    }
    row.maybe_text("AccountCode", details.account_code.as_deref());
    row.maybe_text("COGSAccountCode", details.cogs_account_code.as_deref());
    row.maybe_text("TaxType", details.tax_type.as_deref());
}
