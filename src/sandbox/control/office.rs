//! What people do inside Xero besides invoices, payments and contacts.

use rust_decimal::Decimal;
use uuid::Uuid;

use super::body::{self, Bad};
use super::scenario::Scene;
use crate::sandbox::api::journals;
use crate::sandbox::books::{ContactStatus, JournalStatus, ManualJournal};
use crate::sandbox::wire::Json;

/// Their names, for the message about unknown ones.
pub(super) const NAMES: &str = "journal.create, journal.edit, journal.post, journal.voided, journal.deleted, \
journal.archived, contact.merge, contact.cis";

/// Plays one of them; `None` when the name is none.
pub(super) fn play(name: &str, scene: &mut Scene<'_>) -> Option<Result<Uuid, Bad>> {
    Some(match name {
        "journal.create" => create(scene),
        "journal.edit" => edit(scene),
        "journal.post" => status(scene, "POSTED"),
        "journal.void" | "journal.voided" => status(scene, "VOIDED"),
        "journal.delete" | "journal.deleted" => status(scene, "DELETED"),
        "journal.archive" | "journal.archived" => archive(scene),
        "contact.merge" => merge(scene),
        "contact.cis" => cis(scene),
        _ => return None,
    })
}

/// Somebody enters a journal of two lines; args `narration`, `date`, `amount`, `debit`, `credit`
/// (account codes), `status`.
fn create(scene: &mut Scene<'_>) -> Result<Uuid, Bad> {
    body::only(
        scene.args,
        &["narration", "date", "amount", "debit", "credit", "status"],
    )?;
    let args = scene.args;
    let amount: Option<Decimal> = body::read(args, "amount", "an amount")?;
    let amount = amount.unwrap_or(Decimal::ONE_HUNDRED);
    let line = |amount: Decimal, code: &str| {
        Json::Map(vec![text("LineAmount", &amount.to_string()), text("AccountCode", code)])
    };
    let lines = vec![
        line(amount, args.text("debit").unwrap_or("429")),
        line(-amount, args.text("credit").unwrap_or("850")),
    ];
    let mut pairs = vec![
        text("Narration", args.text("narration").unwrap_or("Entered in Xero")),
        text("Status", args.text("status").unwrap_or("POSTED")),
        ("JournalLines".to_owned(), Json::List(lines)),
    ];
    pairs.extend(args.text("date").map(|date| text("Date", date)));
    store(scene, &Json::Map(pairs), None)
}

/// args `journal_id`, and `narration` or `date`.
fn edit(scene: &mut Scene<'_>) -> Result<Uuid, Bad> {
    body::only(scene.args, &["journal_id", "narration", "date"])?;
    let journal = journal(scene)?;
    let keys = [("narration", "Narration"), ("date", "Date")];
    let given = |(arg, key): (&str, &str)| scene.args.text(arg).map(|value| text(key, value));
    let pairs: Vec<_> = keys.into_iter().filter_map(given).collect();
    if pairs.is_empty() {
        return Err(Bad::input("args name nothing to edit"));
    }
    store(scene, &Json::Map(pairs), Some(&journal))
}

/// args `journal_id`, else the newest journal.
fn status(scene: &mut Scene<'_>, wanted: &str) -> Result<Uuid, Bad> {
    body::only(scene.args, &["journal_id"])?;
    let journal = journal(scene)?;
    store(scene, &Json::Map(vec![text("Status", wanted)]), Some(&journal))
}

/// args `journal_id`, else the newest journal.
fn archive(scene: &mut Scene<'_>) -> Result<Uuid, Bad> {
    body::only(scene.args, &["journal_id"])?;
    let mut journal = journal(scene)?;
    if !matches!(journal.status, JournalStatus::Draft | JournalStatus::Posted) {
        return Err(Bad::input("the journal is no longer open"));
    }
    journal.status = JournalStatus::Archived;
    journal.updated_ms = scene.call.now_ms;
    journal.versions = journal.versions.saturating_add(1);
    let id = journal.id;
    scene.call.books.registers.journals.put(journal);
    Ok(id)
}

/// One contact is merged into another; args `contact_id` or `contact_name`, and `into_name`.
fn merge(scene: &mut Scene<'_>) -> Result<Uuid, Bad> {
    body::only(scene.args, &["contact_id", "contact_name", "into_name"])?;
    let mut contact = scene.contact()?;
    let into = scene.call.books.contact_named(body::required(scene.args, "into_name")?);
    let into = into
        .map(|into| into.id)
        .ok_or_else(|| Bad::missing("no such contact"))?;
    if into == contact.id {
        return Err(Bad::input("a contact cannot be merged into itself"));
    }
    contact.merged_to = Some(into);
    contact.status = ContactStatus::Archived;
    scene.save_contact(contact)
}

/// A contact becomes a subcontractor; args `contact_id` or `contact_name`, and `rate` in percent
/// (without it the contact is none any more).
fn cis(scene: &mut Scene<'_>) -> Result<Uuid, Bad> {
    body::only(scene.args, &["contact_id", "contact_name", "rate"])?;
    let mut contact = scene.contact()?;
    contact.cis_rate = body::read(scene.args, "rate", "a percentage")?;
    scene.save_contact(contact)
}

fn journal(scene: &Scene<'_>) -> Result<ManualJournal, Bad> {
    let journals = &scene.call.books.registers.journals;
    let found = match body::guid(scene.args, "journal_id")? {
        Some(id) => journals.get(id),
        None => journals.iter().next_back(),
    };
    found.cloned().ok_or_else(|| Bad::missing("no such manual journal"))
}

fn store(scene: &mut Scene<'_>, element: &Json, old: Option<&ManualJournal>) -> Result<Uuid, Bad> {
    let stored = journals::apply(&mut scene.call, element, old);
    stored
        .map(|(id, _)| id)
        .map_err(|messages| Bad::input(messages.join(" ")))
}

fn text(key: &str, value: &str) -> (String, Json) {
    (key.to_owned(), Json::Text(value.to_owned()))
}
