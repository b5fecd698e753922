//! Scenarios of more than one step on one document: what help pages call by one name.

use rust_decimal::Decimal;
use uuid::Uuid;

use super::body::{self, Bad};
use super::scenario::{self, Scene, refused, text};
use crate::sandbox::api::invoices;
use crate::sandbox::books::{Contact, Invoice, Line};
use crate::sandbox::gate::grant::new_id;
use crate::sandbox::wire::Json;

/// Their names, for the message about unknown ones.
pub(super) const NAMES: &str = "invoice.voided_after_reinvoice, contact.collision, edit.variance, edit.high_variance";

/// Plays one of them; `None` when the name is none.
pub(super) fn play(name: &str, scene: &mut Scene<'_>) -> Option<Result<Uuid, Bad>> {
    Some(match name {
        "invoice.voided_after_reinvoice" => reinvoice(scene),
        "contact.collision" => collide(scene),
        "edit.variance" => vary(scene),
        "edit.high_variance" => vary_much(scene),
        _ => return None,
    })
}

/// The work is invoiced again and the old invoice voided; args `number` of the new one. The new
/// invoice.
fn reinvoice(scene: &mut Scene<'_>) -> Result<Uuid, Bad> {
    body::only(scene.args, &["number"])?;
    let old = scene.invoice()?;
    let usual = format!("{}-R", old.number);
    let number = scene.args.text("number").unwrap_or(&usual).to_owned();
    let mut pairs = vec![
        text("Type", old.kind.text()),
        text("Status", old.status.text()),
        text("InvoiceNumber", &number),
        text("CurrencyCode", &old.currency),
        text("LineAmountTypes", old.amounts_are.text()),
        text("Date", &old.date.to_string()),
        (
            "Contact".to_owned(),
            Json::Map(vec![text("ContactID", &old.contact.to_string())]),
        ),
        (
            "LineItems".to_owned(),
            Json::List(old.lines.iter().map(copied).collect()),
        ),
    ];
    let due = old.due_date.map(|day| day.to_string());
    pairs.extend(due.map(|day| text("DueDate", &day)));
    scenario::void(scene)?;
    let made = invoices::apply(&mut scene.call, &Json::Map(pairs), None).map_err(refused)?;
    scene.by_hand(made);
    Ok(made)
}

/// Somebody enters another contact of the same name, one that has the name already is moved
/// aside. args `name` (default: that of the invoice's contact), `number`.
/// The new contact.
fn collide(scene: &mut Scene<'_>) -> Result<Uuid, Bad> {
    body::only(scene.args, &["name", "number"])?;
    let name = match scene.args.text("name") {
        Some(name) => name.to_owned(),
        None => {
            let invoice = scene.invoice()?;
            let contact = scene.call.books.contacts().get(invoice.contact);
            contact.map(|contact| contact.name.clone()).unwrap_or_default()
        }
    };
    if let Some(known) = scene.call.books.contact_named(&name) {
        let mut aside = known.clone();
        aside.name = scene.free_name(&name);
        scene.save_contact(aside)?;
    }
    let mut contact = Contact::named(new_id(scene.call.rng), &name, scene.call.now_ms);
    contact.number = scene.args.text("number").map(str::to_owned);
    scene.save_contact(contact)
}

/// One line gets other words, and one more of it; args `line` (from 1).
fn vary(scene: &mut Scene<'_>) -> Result<Uuid, Bad> {
    body::only(scene.args, &["line"])?;
    let invoice = scene.invoice()?;
    let at: usize = body::read(scene.args, "line", "a line number from 1")?.unwrap_or(1);
    let line = at.checked_sub(1).and_then(|at| invoice.lines.get(at));
    let line = line.ok_or_else(|| Bad::input(format!("the invoice has {} lines", invoice.lines.len())))?;
    let quantity = line.quantity.unwrap_or_default().saturating_add(Decimal::ONE);
    let words = line.description.as_deref().unwrap_or_default();
    let changed = Json::Map(vec![
        text("LineItemID", &line.id.to_string()),
        text("Description", &format!("{words} (as agreed by phone)")),
        text("Quantity", &quantity.to_string()),
    ]);
    let lines = (1..)
        .zip(&invoice.lines)
        .map(|(number, line)| if number == at { changed.clone() } else { kept(line) });
    let lines = lines.collect();
    scene.change(&invoice, vec![("LineItems".to_owned(), Json::List(lines))])
}

/// A line is added; args `description`, `unit_price`, `account_code`.
fn vary_much(scene: &mut Scene<'_>) -> Result<Uuid, Bad> {
    body::only(scene.args, &["description", "unit_price", "account_code"])?;
    let invoice = scene.invoice()?;
    let args = scene.args;
    let code = invoice.lines.iter().find_map(|line| line.account_code.as_deref());
    let code = args.text("account_code").or(code).unwrap_or("200");
    let mut lines: Vec<Json> = invoice.lines.iter().map(kept).collect();
    lines.push(Json::Map(vec![
        text("Description", args.text("description").unwrap_or("Call-out charge")),
        text("Quantity", "1"),
        text("UnitAmount", args.text("unit_price").unwrap_or("25.00")),
        text("AccountCode", code),
    ]));
    scene.change(&invoice, vec![("LineItems".to_owned(), Json::List(lines))])
}

fn kept(line: &Line) -> Json {
    Json::Map(vec![text("LineItemID", &line.id.to_string())])
}

fn copied(line: &Line) -> Json {
    let number = |value: Option<Decimal>| value.map(|value| value.to_string());
    let fields = [
        ("Description", line.description.clone()),
        ("Quantity", number(line.quantity)),
        ("UnitAmount", number(line.unit_amount)),
        ("DiscountRate", number(line.discount_rate)),
        ("ItemCode", line.item_code.clone()),
        ("AccountCode", line.account_code.clone()),
        ("TaxType", line.tax_type.clone()),
    ];
    let given = |(key, value): (&str, Option<String>)| value.map(|value| text(key, &value));
    Json::Map(fields.into_iter().filter_map(given).collect())
}

impl Scene<'_> {
    /// It was entered by a person, not by the app.
    fn by_hand(&mut self, id: Uuid) {
        if let Some(invoice) = self.call.books.invoices().get(id) {
            let invoice = Invoice {
                by_app: false,
                ..invoice.clone()
            };
            self.call.books.save_invoice(invoice);
        }
    }

    fn free_name(&self, name: &str) -> String {
        let candidates = (1_u32..).map(|number| format!("{name} ({number})"));
        let mut free = candidates.filter(|name| self.call.books.contact_named(name).is_none());
        free.next().unwrap_or_default()
    }
}
