//! Xero's books beside the daemon's rows, document by document.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::Value;

use super::town::Town;

/// What Xero has for one organisation.
pub struct Books {
    invoices: BTreeMap<String, Value>,
    /// Live payments by invoice: id and amount.
    payments: BTreeMap<String, BTreeMap<String, String>>,
    /// Credits by invoice: id and what all their allocations take off it.
    credits: BTreeMap<String, BTreeMap<String, Decimal>>,
}

impl Books {
    /// As they are now.
    pub fn of(town: &Town, at: usize) -> Self {
        let (sandbox, theirs) = (&town.demo.sandbox, &town.theirs[at]);
        let mut books = Self {
            invoices: BTreeMap::new(),
            payments: BTreeMap::new(),
            credits: BTreeMap::new(),
        };
        for row in sandbox.rows(theirs, "invoices") {
            books.invoices.insert(text(&row["InvoiceNumber"]), row);
        }
        for row in sandbox.rows(theirs, "payments") {
            if row["Status"] == "AUTHORISED" && row["Invoice"].is_object() {
                let of_invoice = books.payments.entry(text(&row["Invoice"]["InvoiceID"])).or_default();
                of_invoice.insert(text(&row["PaymentID"]), pounds(&row["Amount"]));
            }
        }
        for (kind, id) in [
            ("creditnotes", "CreditNoteID"),
            ("overpayments", "OverpaymentID"),
            ("prepayments", "PrepaymentID"),
        ] {
            for row in sandbox.rows(theirs, kind) {
                for part in row["Allocations"].as_array().into_iter().flatten() {
                    let of_invoice = books.credits.entry(text(&part["Invoice"]["InvoiceID"])).or_default();
                    *of_invoice.entry(text(&row[id])).or_default() += decimal(&part["Amount"]);
                }
            }
        }
        books
    }

    /// The document with this number.
    pub fn invoice(&self, number: &str) -> Option<&Value> {
        self.invoices.get(number)
    }
}

/// Where the daemon's rows and Xero's books are apart in status, amounts, payments and credits.
pub fn apart(town: &Town) -> Vec<String> {
    let books: Vec<Books> = (0..town.ours.len()).map(|at| Books::of(town, at)).collect();
    let mut apart = Vec::new();
    for linked in &town.linked {
        let (books, ours) = (&books[linked.at], town.invoice(linked));
        let Some(theirs) = books.invoice(&linked.number) else {
            apart.push(format!("{} is not in Xero: {}", linked.number, ours["sync"]));
            continue;
        };
        let id = text(&theirs["InvoiceID"]);
        let mut compare = |what: &str, ours: String, theirs: String| {
            if ours != theirs {
                apart.push(format!("{}: {what} is {ours} here and {theirs} in Xero", linked.number));
            }
        };
        compare("id", text(&ours["xero"]["invoice_id"]), id.clone());
        compare("status", text(&ours["xero_status"]), text(&theirs["Status"]));
        for (name, field) in [
            ("subtotal", "SubTotal"),
            ("tax", "TotalTax"),
            ("total", "Total"),
            ("amount_due", "AmountDue"),
            ("amount_paid", "AmountPaid"),
            ("amount_credited", "AmountCredited"),
        ] {
            compare(name, text(&ours["totals"][name]), pounds(&theirs[field]));
        }
        compare("word", text(&ours["status"]), stands(theirs));
        let live = list(&ours["payments"], "xero_payment_id", "deleted_at");
        let paid = books.payments.get(&id).cloned().unwrap_or_default();
        compare("payments", format!("{live:?}"), format!("{paid:?}"));
        let counted = list(&ours["credit_notes"], "xero_credit_id", "removed_at");
        let applied = books.credits.get(&id).cloned().unwrap_or_default();
        let applied: BTreeMap<String, String> = applied
            .into_iter()
            .map(|(id, amount)| (id, format!("{amount:.2}")))
            .collect();
        compare("credits", format!("{counted:?}"), format!("{applied:?}"));
        // A payment that was made and deleted before anybody looked is shown until a person has.
        let is_unseen = ours["sync"]["reason"]["code"] == "payment_delete_no_match";
        let badge = if is_unseen { "failed" } else { "synced" };
        compare("badge", text(&ours["sync"]["state"]), badge.to_owned());
    }
    apart
}

/// Waits until nothing is apart; the clock is not moved meanwhile.
#[track_caller]
pub fn assert_alike(town: &Town) {
    let mut last = Vec::new();
    let found = crate::support::look_for(std::time::Duration::from_secs(20), || {
        last = apart(town);
        last.is_empty().then_some(())
    });
    assert!(found.is_some(), "{} differences: {last:#?}", last.len());
}

/// Every line and field that differs between both sides is told as a variance, and nothing else is.
#[track_caller]
pub fn assert_compared(town: &Town) {
    let books: Vec<Books> = (0..town.ours.len()).map(|at| Books::of(town, at)).collect();
    for linked in &town.linked {
        let theirs = books[linked.at].invoice(&linked.number).unwrap();
        let mut last = (BTreeMap::new(), BTreeMap::new());
        let found = until_or_none(|| {
            let ours = town.invoice(linked);
            last = (shown(&ours), differences(&ours, theirs));
            last.0 == last.1
        });
        assert!(
            found,
            "{}: shown are {:#?}, Xero has {:#?}",
            linked.number, last.0, last.1
        );
    }
}

fn until_or_none(is_so: impl FnMut() -> bool) -> bool {
    let mut is_so = is_so;
    crate::support::look_for(std::time::Duration::from_secs(10), || is_so().then_some(())).is_some()
}

/// The open differences as the daemon tells them: path and Xero's value.
fn shown(ours: &Value) -> BTreeMap<String, String> {
    let changes = ours["differences"]["changes"].as_array().unwrap();
    changes
        .iter()
        .map(|change| {
            let (path, xero) = (text(&change["path"]), text(&change["xero"]));
            // One entry for each line that was added.
            let path = if path == "/lines/-" {
                format!("{path} {xero}")
            } else {
                path
            };
            (path, xero)
        })
        .collect()
}

/// The same, compared here: the host's document with Xero's.
fn differences(ours: &Value, theirs: &Value) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    if ["VOIDED", "DELETED"].contains(&theirs["Status"].as_str().unwrap()) {
        return found;
    }
    let mut compare = |path: String, ours: String, theirs: String| {
        if ours != theirs {
            found.insert(path, theirs);
        }
    };
    compare(
        "/reference".into(),
        text(&ours["reference"]),
        text(&theirs["Reference"]),
    );
    let due = text(&theirs["DueDateString"]);
    compare(
        "/due_date".into(),
        text(&ours["due_date"]),
        due.get(..10).unwrap_or_default().to_owned(),
    );
    let status = text(&theirs["Status"]);
    if ours["host_status"] == "pending" && ["AUTHORISED", "PAID"].contains(&status.as_str()) {
        compare("/host_status".into(), "pending".into(), status);
    }
    let hosts = ours["lines"].as_array().unwrap();
    let lines = theirs["LineItems"].as_array().unwrap();
    for (at, line) in lines.iter().enumerate() {
        let Some(host) = hosts.get(at) else {
            let words = text(&line["Description"]);
            compare(format!("/lines/- {words}"), String::new(), words);
            continue;
        };
        compare(
            format!("/lines/{at}/description"),
            text(&host["description"]),
            text(&line["Description"]),
        );
        compare(
            format!("/lines/{at}/quantity"),
            plain(&host["quantity"]),
            plain(&line["Quantity"]),
        );
        compare(
            format!("/lines/{at}/unit_price"),
            plain(&host["unit_price"]),
            plain(&line["UnitAmount"]),
        );
    }
    found
}

/// Entries that count: id and amount.
fn list(entries: &Value, id: &str, gone: &str) -> BTreeMap<String, String> {
    let entries = entries.as_array().unwrap();
    let counted = entries.iter().filter(|entry| entry[gone].is_null());
    counted
        .map(|entry| (text(&entry[id]), text(&entry["amount"])))
        .collect()
}

/// The word for how Xero's document stands with the money.
fn stands(theirs: &Value) -> String {
    let word = match theirs["Status"].as_str().unwrap() {
        "VOIDED" | "DELETED" => "Void",
        "PAID" => "Paid",
        _ if decimal(&theirs["AmountPaid"]) + decimal(&theirs["AmountCredited"]) > Decimal::ZERO => "Part paid",
        _ => "Unpaid",
    };
    word.to_owned()
}

/// A text; empty when there is none.
pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// A number, whether it came as text or not.
pub fn decimal(value: &Value) -> Decimal {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    text.parse().unwrap_or_else(|_| panic!("{value} is no number"))
}

fn pounds(amount: &Value) -> String {
    format!("{:.2}", decimal(amount))
}

/// A number without zeros at its end, whether it came as text or not.
fn plain(value: &Value) -> String {
    decimal(value).normalize().to_string()
}
