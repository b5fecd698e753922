//! `/TaxRates`: never paged.
//!
//! Assumptions: the texts of all refusals; that a rate is found by its `TaxType`, else by its
//! name; that a new rate's type is the next free `TAXnnn`; that compound components are charged on
//! the amount and the other components.

use rust_decimal::Decimal;

use super::call::{Call, decimal};
use super::envelope::{self, Element, Wording};
use crate::sandbox::books::{AccountClass, Books, TaxComponent, TaxRate, TaxStatus};
use crate::sandbox::seed::classes_of;
use crate::sandbox::wire::{Answer, Json, Writer};

const WORDING: Wording = Wording {
    collection: "TaxRates",
    id_key: "",
    error_flag: "",
};

const NAME_CHARS_MAX: usize = 50;

/// `GET /TaxRates`
pub fn list(call: &mut Call<'_>) -> Answer {
    let mut request = match call.page_request::<TaxRate>(false) {
        Ok(request) => request,
        Err(refused) => return refused,
    };
    request.page = None;
    envelope::list(call, WORDING.collection, None, |items, call| {
        let asked = call.params.get("TaxType");
        let fits = |rate: &&TaxRate| asked.is_none_or(|asked| rate.tax_type.eq_ignore_ascii_case(asked));
        for rate in request.chosen(call.books.tax_rates.iter().filter(fits), call.books) {
            items.object(|row| write_tax_rate(row, rate));
        }
    })
}

/// `GET /TaxRates/{TaxType}`
pub fn one(call: &mut Call<'_>, tax_type: &str) -> Answer {
    let Some(rate) = find(call.books, tax_type).cloned() else {
        return envelope::not_found();
    };
    envelope::list(call, WORDING.collection, None, |items, _| {
        items.object(|row| write_tax_rate(row, &rate));
    })
}

/// PUT makes a rate, POST changes one; one at a time.
pub fn write(call: &mut Call<'_>, is_new: bool) -> Answer {
    let elements = match call.elements(WORDING.collection) {
        Ok(elements) => elements,
        Err(refused) => return refused,
    };
    if elements.len() > 1 {
        return envelope::body_refused("Only one tax rate can be written at a time");
    }
    let mut results = Vec::with_capacity(1);
    for element in elements {
        results.push(match draft(call.books, &element, is_new) {
            Ok(rate) => {
                let tax_type = rate.tax_type.clone();
                save(call.books, rate);
                Element::Saved(tax_type, Vec::new())
            }
            Err(errors) => Element::Refused(element, errors),
        });
    }
    envelope::written(call, WORDING, &results, |row, call, tax_type: &String| {
        if let Some(rate) = find(call.books, tax_type) {
            write_tax_rate(row, rate);
        }
    })
}

fn draft(books: &Books, element: &Json, is_new: bool) -> Result<TaxRate, Vec<String>> {
    let mut errors = Vec::new();
    let name = element.text("Name").unwrap_or_default().trim();
    let named = |rate: &&TaxRate| rate.status == TaxStatus::Active && rate.name.eq_ignore_ascii_case(name);
    let old = match element.text("TaxType").filter(|text| !text.is_empty()) {
        _ if is_new => None,
        Some(tax_type) => find(books, tax_type),
        None => books.tax_rates.iter().find(named),
    };
    if !is_new && old.is_none() {
        return Err(vec!["The tax rate could not be found".to_owned()]);
    }
    let mut rate = match old {
        Some(old) => old.clone(),
        None => TaxRate {
            components: Vec::new(),
            report: "INPUT".to_owned(),
            ..TaxRate::simple(&next_type(books), name, Decimal::ZERO, Vec::new())
        },
    };
    if !name.is_empty() {
        name.clone_into(&mut rate.name);
    }
    if let Some(report) = element.text("ReportTaxType") {
        rate.report = report.to_ascii_uppercase();
    }
    if let Some(sent) = element.list("TaxComponents") {
        rate.components = sent.iter().map(|part| component(part, &mut errors)).collect();
    }
    match element.text("Status").map(str::to_ascii_uppercase).as_deref() {
        None | Some("ACTIVE") => {}
        Some("DELETED") if !is_new => rate.status = TaxStatus::Deleted,
        Some(other) => errors.push(format!("The status '{other}' is not valid for tax rates")),
    }
    if is_new || element.get("ReportTaxType").is_some() {
        rate.applies_to = classes_of(&rate.report);
    }
    rate.rate = TaxRate::effective(&rate.components);
    check(books, &rate, &mut errors);
    if errors.is_empty() { Ok(rate) } else { Err(errors) }
}

fn component(part: &Json, errors: &mut Vec<String>) -> TaxComponent {
    let rate = decimal(part, "Rate", errors);
    let name = part.text("Name").unwrap_or_default().to_owned();
    if rate.is_none() || name.is_empty() {
        errors.push("A tax component needs a Name and a Rate".to_owned());
    }
    TaxComponent {
        name,
        rate: rate.unwrap_or_default().round_dp(4),
        is_compound: part.flag("IsCompound").unwrap_or(false),
        is_non_recoverable: part.flag("IsNonRecoverable").unwrap_or(false),
    }
}

fn check(books: &Books, rate: &TaxRate, errors: &mut Vec<String>) {
    if rate.name.is_empty() {
        errors.push("The tax rate name must be specified".to_owned());
    }
    if rate.name.chars().count() > NAME_CHARS_MAX {
        errors.push(format!("The tax rate name cannot exceed {NAME_CHARS_MAX} characters"));
    }
    if rate.components.is_empty() {
        errors.push("A tax rate needs at least one tax component".to_owned());
    }
    if rate.components.iter().filter(|part| part.is_compound).count() > 1 {
        errors.push("A tax rate can have one compound component at most".to_owned());
    }
    let twin = |other: &TaxRate| {
        other.tax_type != rate.tax_type
            && other.status == TaxStatus::Active
            && other.name.eq_ignore_ascii_case(&rate.name)
    };
    if books.tax_rates.iter().any(twin) {
        errors.push("The tax rate name must be unique".to_owned());
    }
}

fn next_type(books: &Books) -> String {
    let mut number = 1_u32;
    loop {
        let tax_type = format!("TAX{number:03}");
        if find(books, &tax_type).is_none() {
            return tax_type;
        }
        number = number.saturating_add(1);
    }
}

fn save(books: &mut Books, rate: TaxRate) {
    match books.tax_rates.iter_mut().find(|other| other.tax_type == rate.tax_type) {
        Some(other) => *other = rate,
        None => books.tax_rates.push(rate),
    }
}

fn find<'a>(books: &'a Books, tax_type: &str) -> Option<&'a TaxRate> {
    books
        .tax_rates
        .iter()
        .find(|rate| rate.tax_type.eq_ignore_ascii_case(tax_type))
}

fn write_tax_rate(row: &mut Writer, rate: &TaxRate) {
    row.text("Name", &rate.name);
    row.text("TaxType", &rate.tax_type);
    row.text("ReportTaxType", &rate.report);
    row.flag("CanApplyToAssets", rate.applies(AccountClass::Asset));
    row.flag("CanApplyToEquity", rate.applies(AccountClass::Equity));
    row.flag("CanApplyToExpenses", rate.applies(AccountClass::Expense));
    row.flag("CanApplyToLiabilities", rate.applies(AccountClass::Liability));
    row.flag("CanApplyToRevenue", rate.applies(AccountClass::Revenue));
    row.number("DisplayTaxRate", rate.rate, 4);
    row.number("EffectiveRate", rate.rate, 4);
    row.text("Status", rate.status.text());
    row.list("TaxComponents", |items| {
        for part in &rate.components {
            items.object(|component| {
                component.text("Name", &part.name);
                component.number("Rate", part.rate, 4);
                component.flag("IsCompound", part.is_compound);
                component.flag("IsNonRecoverable", part.is_non_recoverable);
            });
        }
    });
}
