//! `POST /_sandbox/trigger`: what people do inside Xero, by name.

use uuid::Uuid;

use super::body::{self, Bad};
use super::credit_scenario;
use super::office;
use super::plan;
use super::scenario::{self, Scene};
use super::surface::Done;
use super::{story, weather};
use crate::sandbox::api::Call;
use crate::sandbox::books::Family;
use crate::sandbox::clock::Instants;
use crate::sandbox::gate::app::AppId;
use crate::sandbox::gate::grants::Agreed;
use crate::sandbox::gate::scope::{self, Scopes};
use crate::sandbox::query::page::{SIZE_MAX, SinceIs};
use crate::sandbox::wire::{Json, Params, Request};
use crate::sandbox::world::World;

const NAMES: &str = "payment.partial, payment.full, payment.delete, payment.reconcile, \
creditnote.create, creditnote.multi_allocation, overpayment.create, prepayment.create, \
credit.allocate, credit.refund, allocation.remove, organisation.cis, invoice.void, invoice.edit, \
invoice.approve, invoice.create, contact.create, contact.rename, contact.archive, account.archive, \
organisation.lock, connection.revoke, \
connection.restore, grant.revoke, grant.renew";

pub(super) fn run(world: &mut World, now: Instants, request: &Request) -> Result<Done, Bad> {
    let input = body::object(request)?;
    let known = ["scenario", "tenant_id", "invoice_number", "invoice_id", "args", "after"];
    body::only(&input, &known)?;
    match input.get("after") {
        Some(after) => plan::add(world, request, &input, after),
        None => run_now(world, now, request, &input),
    }
}

/// Plays the scenario of this body, whatever it was to wait for.
pub(super) fn run_now(world: &mut World, now: Instants, request: &Request, input: &Json) -> Result<Done, Bad> {
    let name = body::required(input, "scenario")?.to_owned();
    if name == "grant.revoke" {
        world.grants.revoke_all();
        return Ok(Done::object(200, |body| body.text("scenario", &name)));
    }
    if name == "grant.renew" {
        let agreed = Agreed {
            tenants: world.shared_tenants(),
            scopes: Scopes::parse(scope::ALL),
            nonce: None,
        };
        let minted = world
            .grants
            .consent(AppId::default(), &agreed, &mut world.rng, now.document_ms);
        let refresh = minted.and_then(|minted| minted.refresh);
        let refresh = refresh.ok_or_else(|| Bad::input("the consent could not be renewed"))?;
        return Ok(Done::object(200, |body| {
            body.text("scenario", &name);
            body.text("refresh_token", &refresh);
        }));
    }
    let args = input.get("args").cloned().unwrap_or(Json::Map(Vec::new()));
    let weather = weather::Scene {
        now,
        tenant: maybe_tenant(world, input)?,
        args: &args,
    };
    if let Some(played) = weather::play(&name, world, weather) {
        return played;
    }
    let id = tenant(world, input)?;
    if name == "connection.restore" {
        world.grants.connect(id, &mut world.rng, now.document_ms);
        return Ok(done(&name, id, None));
    }
    if matches!(name.as_str(), "connection.revoke" | "app.revoked") {
        return if world.grants.disconnect_tenant(id) {
            Ok(done(&name, id, None))
        } else {
            Err(Bad::input("the organisation is not connected"))
        };
    }
    let Some(tenant) = world.tenants.get_mut(&id) else {
        return Err(Bad::missing(format!("no organisation {id}")));
    };
    let call = Call {
        books: &mut tenant.books,
        rng: &mut world.rng,
        now_ms: now.document_ms,
        request,
        params: Params::parse("unitdp=4"),
        since_is: SinceIs::default(),
        page_most: SIZE_MAX,
    };
    let mut scene = Scene {
        call,
        input,
        args: &args,
    };
    let touched = play(&name, &mut scene)?;
    Ok(done(&name, id, touched))
}

fn play(name: &str, scene: &mut Scene<'_>) -> Result<Option<Uuid>, Bad> {
    match name {
        "payment.partial" => scenario::pay(scene, scenario::Share::Part).map(Some),
        "payment.full" => scenario::pay(scene, scenario::Share::Whole).map(Some),
        "payment.delete" | "payment.deleted" => scenario::unpay(scene).map(Some),
        "payment.reconcile" => credit_scenario::reconcile(scene).map(Some),
        "creditnote.create" => credit_scenario::create_note(scene).map(Some),
        "creditnote.multi_allocation" => credit_scenario::multi_allocation(scene).map(Some),
        "overpayment.create" => credit_scenario::create_money(scene, Family::Overpayment).map(Some),
        "prepayment.create" => credit_scenario::create_money(scene, Family::Prepayment).map(Some),
        "credit.allocate" => credit_scenario::allocate_credit(scene).map(Some),
        "credit.refund" => credit_scenario::refund(scene).map(Some),
        "allocation.remove" | "allocation.removed" => credit_scenario::deallocate(scene).map(Some),
        "organisation.cis" => credit_scenario::cis(scene).map(|()| None),
        "invoice.void" | "invoice.voided" => scenario::void(scene).map(Some),
        "invoice.edit" => scenario::edit(scene).map(Some),
        "invoice.approve" => scenario::approve(scene).map(Some),
        "invoice.create" => scenario::create(scene).map(Some),
        "contact.create" => scenario::create_contact(scene).map(Some),
        "contact.rename" => scenario::rename_contact(scene).map(Some),
        "contact.archive" => scenario::archive_contact(scene).map(Some),
        "account.archive" => scenario::archive_account(scene).map(Some),
        "organisation.lock" => scenario::lock(scene).map(|()| None),
        other => match office::play(other, scene).or_else(|| story::play(other, scene)) {
            Some(played) => played.map(Some),
            None => Err(Bad::input(format!(
                "unknown scenario '{other}'; known are {NAMES}, {}, {}, {}",
                office::NAMES,
                story::NAMES,
                weather::NAMES
            ))),
        },
    }
}

/// The organisation named, or the only one there is.
pub(super) fn tenant(world: &World, input: &Json) -> Result<Uuid, Bad> {
    match (body::guid(input, "tenant_id")?, world.tenant_order.as_slice()) {
        (Some(id), _) if world.tenants.contains_key(&id) => Ok(id),
        (Some(id), _) => Err(Bad::missing(format!("no organisation {id}"))),
        (None, [only]) => Ok(*only),
        (None, _) => Err(Bad::input("tenant_id is required")),
    }
}

/// The organisation named, or none.
fn maybe_tenant(world: &World, input: &Json) -> Result<Option<Uuid>, Bad> {
    match input.get("tenant_id") {
        Some(_) => tenant(world, input).map(Some),
        None => Ok(None),
    }
}

fn done(name: &str, tenant: Uuid, touched: Option<Uuid>) -> Done {
    Done::object(200, |body| {
        body.text("scenario", name);
        body.id("tenant_id", tenant);
        if let Some(id) = touched {
            body.id("id", id);
        }
    })
}
