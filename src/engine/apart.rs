//! How two versions of a document in Xero are apart, field by field.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::model::document::Draft;
use crate::model::row::Change;
use crate::model::xero::{XeroInvoice, XeroLine};

/// Most fields that are told of one document.
const CHANGES_MAX: usize = 100;

/// Whether a summary, which has neither lines nor payments, tells of another version than the whole
/// document. Names that a summary may leave out are not compared.
#[must_use]
pub fn differs(ours: &XeroInvoice, summary: &XeroInvoice) -> bool {
    // A list may lag behind a document that was read by itself.
    summary.updated > ours.updated
        || (summary.updated == ours.updated
            && (summary.status != ours.status
                || summary.total != ours.total
                || summary.amount_due != ours.amount_due
                || summary.amount_paid != ours.amount_paid
                || summary.amount_credited != ours.amount_credited
                || summary.date != ours.date
                || summary.due_date != ours.due_date
                || summary.number != ours.number))
}

/// Every field that is another one, in the order in which a person reads a document.
#[must_use]
pub fn changes(before: &XeroInvoice, after: &XeroInvoice) -> Vec<Change> {
    let mut out = Vec::new();
    let mut note = |field: &str, before: String, after: String| {
        if before != after && out.len() < CHANGES_MAX {
            out.push(Change {
                field: field.to_owned(),
                before,
                after,
            });
        }
    };
    // Nearly every field of nearly every document is as it was: words are made for the others only.
    let mut field = |field: &str, is_other: bool, words: &dyn Fn(&XeroInvoice) -> String| {
        if is_other {
            note(field, words(before), words(after));
        }
    };
    field("status", before.status != after.status, &|of| {
        of.status.as_str().to_owned()
    });
    field("number", before.number != after.number, &|of| of.number.clone());
    field("reference", before.reference != after.reference, &|of| {
        of.reference.clone()
    });
    field("contact", before.contact_id != after.contact_id, &|of| {
        id(of.contact_id.as_ref())
    });
    field("contact_name", before.contact_name != after.contact_name, &|of| {
        of.contact_name.clone()
    });
    field("date", before.date != after.date, &|of| day(of.date));
    field("due_date", before.due_date != after.due_date, &|of| day(of.due_date));
    field("currency", before.currency != after.currency, &code);
    field(
        "line_amount_types",
        before.line_amount_types != after.line_amount_types,
        &|of| format!("{:?}", of.line_amount_types),
    );
    for (field, before, after) in [
        ("totals.subtotal", before.sub_total, after.sub_total),
        ("totals.tax", before.total_tax, after.total_tax),
        ("totals.cis_deduction", before.cis_deduction, after.cis_deduction),
        ("totals.total", before.total, after.total),
        ("totals.amount_due", before.amount_due, after.amount_due),
        ("totals.amount_paid", before.amount_paid, after.amount_paid),
        ("totals.amount_credited", before.amount_credited, after.amount_credited),
    ] {
        if before != after {
            note(field, format!("{before:.2}"), format!("{after:.2}"));
        }
    }
    lines(before, after, &mut note);
    money(before, after, &mut note);
    note("version", before.updated.to_string(), after.updated.to_string());
    if before.url != after.url {
        let words = |url: &Option<String>| url.clone().unwrap_or_default();
        note("url", words(&before.url), words(&after.url));
    }
    out
}

/// Lines by Xero's id; one without an id by its place.
fn lines(before: &XeroInvoice, after: &XeroInvoice, note: &mut impl FnMut(&str, String, String)) {
    for (at, line) in before.lines.iter().enumerate() {
        let now = match line.id {
            Some(id) => after.lines.iter().find(|other| other.id == Some(id)),
            None => after.lines.get(at).filter(|other| other.id.is_none()),
        };
        let name = || format!("lines.{}", at.saturating_add(1));
        match now {
            None => note(&name(), in_words(line), String::new()),
            Some(now) if now == line => {}
            Some(now) => line_fields(&name(), line, now, note),
        }
    }
    for line in &after.lines {
        let is_known = |other: &XeroLine| other.id == line.id;
        if line.id.is_some() && !before.lines.iter().any(is_known) {
            note("lines.added", String::new(), in_words(line));
        }
    }
}

fn line_fields(name: &str, before: &XeroLine, after: &XeroLine, note: &mut impl FnMut(&str, String, String)) {
    fn text(value: &Option<String>) -> &str {
        value.as_deref().unwrap_or_default()
    }
    let mut amount = |field: &str, before: Decimal, after: Decimal| {
        if before != after {
            note(&format!("{name}.{field}"), before.to_string(), after.to_string());
        }
    };
    amount("quantity", before.quantity, after.quantity);
    amount("unit_amount", before.unit_amount, after.unit_amount);
    amount("tax_amount", before.tax_amount, after.tax_amount);
    amount("line_amount", before.line_amount, after.line_amount);
    amount(
        "discount_rate",
        before.discount_rate.unwrap_or_default(),
        after.discount_rate.unwrap_or_default(),
    );
    for (field, before, after) in [
        ("description", before.description.as_str(), after.description.as_str()),
        ("account_code", text(&before.account_code), text(&after.account_code)),
        ("tax_type", text(&before.tax_type), text(&after.tax_type)),
        ("item_code", text(&before.item_code), text(&after.item_code)),
    ] {
        if before != after {
            note(&format!("{name}.{field}"), before.to_owned(), after.to_owned());
        }
    }
}

/// Payments and credits: each by Xero's id.
fn money(before: &XeroInvoice, after: &XeroInvoice, note: &mut impl FnMut(&str, String, String)) {
    let payments = |document: &XeroInvoice| -> Vec<(String, Decimal)> {
        let all = document.payments.iter();
        all.map(|payment| (payment.id.to_string(), payment.amount)).collect()
    };
    let credits = |document: &XeroInvoice| -> Vec<(String, Decimal)> {
        let all = document.credits.iter();
        all.map(|credit| (credit.id.to_string(), credit.amount)).collect()
    };
    if before.payments != after.payments {
        listed("payments", &payments(before), &payments(after), note);
    }
    if before.credits != after.credits {
        listed("credits", &credits(before), &credits(after), note);
    }
}

/// Entries of a list by their ids: what is gone, has another amount, or is new.
fn listed(
    field: &str,
    before: &[(String, Decimal)],
    after: &[(String, Decimal)],
    note: &mut impl FnMut(&str, String, String),
) {
    let entry = |list: &[(String, Decimal)], id: &str| {
        let found = list.iter().find(|(other, _)| other == id);
        // Always with two decimals: 10.0 and 10.00 are one amount.
        found.map_or_else(String::new, |(id, amount)| format!("{amount:.2} {id}"))
    };
    let is_new = |id: &str| !before.iter().any(|(other, _)| other == id);
    let ids = before.iter().chain(after.iter().filter(|(id, _)| is_new(id)));
    for (id, _) in ids {
        note(field, entry(before, id), entry(after, id));
    }
}

fn in_words(line: &XeroLine) -> String {
    format!("{} × {} {}", line.quantity, line.unit_amount, line.description)
}

fn id<T: ToString>(id: Option<&T>) -> String {
    id.map_or_else(String::new, ToString::to_string)
}

fn day(day: Option<NaiveDate>) -> String {
    day.map_or_else(String::new, |day| day.to_string())
}

fn code(document: &XeroInvoice) -> String {
    document
        .currency
        .map_or_else(String::new, |currency| currency.as_str().to_owned())
}

/// Every field of a host's document that is another one.
#[must_use]
pub fn of_drafts(before: &Draft, after: &Draft) -> Vec<Change> {
    let mut out = Vec::new();
    let mut note = |field: &str, before: String, after: String| {
        if before != after && out.len() < CHANGES_MAX {
            out.push(Change {
                field: field.to_owned(),
                before,
                after,
            });
        }
    };
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    note("number", before.number.clone(), after.number.clone());
    note(
        "host_status",
        before.host_status.label().to_owned(),
        after.host_status.label().to_owned(),
    );
    note(
        "contact",
        before.contact.reference.clone(),
        after.contact.reference.clone(),
    );
    note("contact_name", before.contact.name.clone(), after.contact.name.clone());
    note(
        "currency",
        before.currency.as_str().to_owned(),
        after.currency.as_str().to_owned(),
    );
    note("date", before.issue_date.to_string(), after.issue_date.to_string());
    note("due_date", day(before.due_date), day(after.due_date));
    note("reference", text(&before.reference), text(&after.reference));
    for at in 0..before.lines.len().max(after.lines.len()) {
        let name = format!("lines.{}", at.saturating_add(1));
        match (before.lines.get(at), after.lines.get(at)) {
            (Some(then), Some(now)) => {
                note(
                    &format!("{name}.description"),
                    then.description.clone(),
                    now.description.clone(),
                );
                note(
                    &format!("{name}.quantity"),
                    then.quantity.to_string(),
                    now.quantity.to_string(),
                );
                note(
                    &format!("{name}.unit_price"),
                    then.unit_price.to_string(),
                    now.unit_price.to_string(),
                );
                note(
                    &format!("{name}.nominal_code"),
                    text(&then.nominal_code),
                    text(&now.nominal_code),
                );
                note(&format!("{name}.tax_type"), text(&then.tax_type), text(&now.tax_type));
                note(
                    &format!("{name}.item_code"),
                    text(&then.item_code),
                    text(&now.item_code),
                );
            }
            (Some(then), None) => note(&name, then.description.clone(), String::new()),
            (None, Some(now)) => note(&name, String::new(), now.description.clone()),
            (None, None) => {}
        }
    }
    out
}
