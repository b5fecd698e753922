//! Snapshots of the organisations, and sample data.

use std::collections::HashMap;

use chrono::Days;
use rust_decimal::Decimal;
use uuid::Uuid;

use super::body::{self, Bad};
use super::scenario::{refused, text};
use super::surface::Done;
use super::trigger;
use crate::sandbox::api::{Call, invoices};
use crate::sandbox::books::{Books, Contact};
use crate::sandbox::clock::Instants;
use crate::sandbox::gate::grant::new_id;
use crate::sandbox::query::page::{SIZE_MAX, SinceIs};
use crate::sandbox::wire::{Json, Params, Request};
use crate::sandbox::world::World;

/// More snapshots are refused.
const SNAPSHOTS_MAX: usize = 16;
/// More documents are not made at once.
const SEEDED_MAX: usize = 100_000;

/// The organisations and their books at one time.
#[derive(Debug, Clone, Default)]
pub struct Snapshots(HashMap<String, Vec<(Uuid, Books)>>);

/// Keeps every organisation's books under `name` (default `default`).
pub(super) fn snapshot(world: &mut World, request: &Request) -> Result<Done, Bad> {
    let name = name(request)?;
    if world.snapshots.0.len() >= SNAPSHOTS_MAX && !world.snapshots.0.contains_key(&name) {
        return Err(Bad::input(format!("there are {SNAPSHOTS_MAX} snapshots already")));
    }
    let books = |id: &Uuid| Some((*id, world.tenants.get(id)?.books.clone()));
    let kept: Vec<_> = world.tenant_order.iter().filter_map(books).collect();
    let count = kept.len();
    world.snapshots.0.insert(name.clone(), kept);
    Ok(counted(201, &name, count))
}

/// Puts the books back. Organisations that came later are left as they are; tokens, limits,
/// faults, the log and the clock are no part of a snapshot.
pub(super) fn restore(world: &mut World, request: &Request) -> Result<Done, Bad> {
    let name = name(request)?;
    let Some(kept) = world.snapshots.0.get(&name) else {
        return Err(Bad::missing(format!("no snapshot '{name}'")));
    };
    for (id, books) in kept {
        if let Some(tenant) = world.tenants.get_mut(id) {
            tenant.books = books.clone();
        }
    }
    let count = kept.len();
    Ok(counted(200, &name, count))
}

/// Makes sample data in one organisation without telling anybody: `invoices` (approved, one line
/// each), spread over `contacts`.
pub(super) fn seed(world: &mut World, now: Instants, request: &Request) -> Result<Done, Bad> {
    let input = body::object(request)?;
    body::only(&input, &["tenant_id", "invoices", "contacts"])?;
    let number = |key: &str, usual: usize| -> Result<usize, Bad> {
        let given: Option<usize> = body::read(&input, key, "a whole number")?;
        match given.unwrap_or(usual) {
            count if count <= SEEDED_MAX => Ok(count),
            _ => Err(Bad::input(format!("{key} must be at most {SEEDED_MAX}"))),
        }
    };
    let (invoices, contacts) = (number("invoices", 20)?, number("contacts", 5)?);
    if invoices > 0 && contacts == 0 {
        return Err(Bad::input("invoices need contacts"));
    }
    let id = trigger::tenant(world, &input)?;
    let Some(tenant) = world.tenants.get_mut(&id) else {
        return Err(Bad::missing(format!("no organisation {id}")));
    };
    let mut call = Call {
        books: &mut tenant.books,
        rng: &mut world.rng,
        now_ms: now.document_ms,
        request,
        params: Params::parse(""),
        since_is: SinceIs::default(),
        page_most: SIZE_MAX,
    };
    let names: Vec<String> = (1..=contacts).map(|number| format!("Customer {number:05}")).collect();
    for name in &names {
        if call.books.contact_named(name).is_none() {
            let contact = Contact::named(new_id(call.rng), name, call.now_ms);
            call.books.save_contact(contact);
        }
    }
    for (at, name) in names.iter().cycle().take(invoices).enumerate() {
        let element = sample(&call, at, name);
        invoices::apply(&mut call, &element, None).map_err(refused)?;
    }
    call.books.take_changes();
    Ok(Done::object(201, |body| {
        body.id("tenant_id", id);
        body.integer("invoices", i64::try_from(invoices).unwrap_or(i64::MAX));
        body.integer("contacts", i64::try_from(contacts).unwrap_or(i64::MAX));
    }))
}

fn sample(call: &Call<'_>, at: usize, contact: &str) -> Json {
    let cents = i64::try_from(at.checked_rem(9_000).unwrap_or(0))
        .unwrap_or(0)
        .saturating_add(1_000);
    let today = call.today();
    let due = today.checked_add_days(Days::new(30)).unwrap_or(today);
    let line = Json::Map(vec![
        text("Description", "Sample"),
        text("Quantity", "1"),
        text("UnitAmount", &Decimal::new(cents, 2).to_string()),
        text("AccountCode", "200"),
    ]);
    Json::Map(vec![
        text("Type", "ACCREC"),
        text("Status", "AUTHORISED"),
        text("Date", &today.to_string()),
        text("DueDate", &due.to_string()),
        ("Contact".to_owned(), Json::Map(vec![text("Name", contact)])),
        ("LineItems".to_owned(), Json::List(vec![line])),
    ])
}

fn name(request: &Request) -> Result<String, Bad> {
    let input = body::object(request)?;
    body::only(&input, &["name"])?;
    match input.get("name") {
        None => Ok("default".to_owned()),
        Some(Json::Text(name)) if !name.is_empty() => Ok(name.clone()),
        Some(_) => Err(Bad::input("name must be a string")),
    }
}

fn counted(status: u16, name: &str, count: usize) -> Done {
    Done::object(status, |body| {
        body.text("name", name);
        body.integer("organisations", i64::try_from(count).unwrap_or(i64::MAX));
    })
}
