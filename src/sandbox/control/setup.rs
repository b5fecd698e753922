//! Clock, limits, organisations, webhooks, reset.

use rust_decimal::Decimal;

use super::access;
use super::body::{self, Bad};
use super::plan::Plans;
use super::surface::Done;
use crate::sandbox::books::chart::BankAccount;
use crate::sandbox::books::organisation::zone_named;
use crate::sandbox::books::{Account, AccountClass, AccountStatus, Books, TaxRate};
use crate::sandbox::clock::{ClockMove, Instants, Reach};
use crate::sandbox::gate::grant::new_id;
use crate::sandbox::seed::{Founding, classes_of};
use crate::sandbox::wire::{Json, Request};
use crate::sandbox::world::World;

pub(super) fn clock(request: &Request) -> Result<Done, Bad> {
    let input = body::object(request)?;
    body::only(&input, &["advance_s", "all"])?;
    let seconds: Option<i64> = body::read(&input, "advance_s", "whole seconds")?;
    let seconds = seconds.filter(|seconds| *seconds >= 0);
    let seconds = seconds.ok_or_else(|| Bad::input("advance_s must be whole seconds, 0 or more"))?;
    let all: bool = body::read(&input, "all", "true or false")?.unwrap_or(false);
    let step = ClockMove {
        advance_ms: seconds.saturating_mul(1000),
        reach: if all { Reach::All } else { Reach::Documents },
    };
    let mut done = Done::object(200, |body| body.integer("advanced_s", seconds));
    done.clock = Some(step);
    Ok(done)
}

pub(super) fn limits(world: &mut World, request: &Request) -> Result<Done, Bad> {
    let input = body::object(request)?;
    body::only(&input, &["minute", "day", "concurrent", "app_minute"])?;
    let mut limits = world.limits;
    let fields = [
        ("minute", &mut limits.minute),
        ("day", &mut limits.day),
        ("concurrent", &mut limits.concurrent),
        ("app_minute", &mut limits.app_minute),
    ];
    for (key, slot) in fields {
        if let Some(value) = body::read(&input, key, "a whole number")? {
            *slot = value;
        }
    }
    world.limits = limits;
    let number = |value: usize| i64::try_from(value).unwrap_or(i64::MAX);
    Ok(Done::object(200, |body| {
        body.integer("minute", number(limits.minute));
        body.integer("day", number(limits.day));
        body.integer("concurrent", number(limits.concurrent));
        body.integer("app_minute", number(limits.app_minute));
    }))
}

/// Whose consent a new organisation gets when the caller does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Grant {
    /// That of the organisations there are.
    Shared,
    /// One of its own.
    Own,
}

pub(super) fn tenant(world: &mut World, now: Instants, request: &Request, usual: Grant) -> Result<Done, Bad> {
    let input = body::object(request)?;
    let known = [
        "name",
        "base_currency",
        "time_zone",
        "country",
        "tax_rates",
        "accounts",
        "currencies",
        "own_grant",
        "scopes",
    ];
    body::only(&input, &known)?;
    let is_own = body::read(&input, "own_grant", "true or false")?.unwrap_or(usual == Grant::Own);
    let scopes = access::scopes(&input)?;
    if scopes.is_some() && !is_own {
        return Err(Bad::input("scopes needs own_grant"));
    }
    let zone = input.text("time_zone").unwrap_or("Europe/London");
    let founding = Founding {
        name: match (input.text("name"), usual) {
            (None, Grant::Own) => format!("Organisation {}", world.tenant_order.len().saturating_add(1)),
            _ => body::required(&input, "name")?.to_owned(),
        },
        base_currency: input.text("base_currency").unwrap_or("GBP").to_ascii_uppercase(),
        country: input.text("country").unwrap_or("GB").to_ascii_uppercase(),
        zone: zone_named(zone).ok_or_else(|| Bad::input(format!("unknown time_zone '{zone}'")))?,
        contacts: Vec::new(),
        credits: &[],
    };
    let name = founding.name.clone();
    let rates = tax_rates(&input)?;
    let accounts = accounts(&input)?;
    let currencies = currencies(&input)?;
    let (id, refresh) = if is_own {
        let (id, refresh) = world.found_apart(founding, scopes, now);
        (id, Some(refresh))
    } else {
        (world.found(founding, now), None)
    };
    let ids: Vec<_> = accounts.iter().map(|_| new_id(&mut world.rng)).collect();
    if let Some(tenant) = world.tenants.get_mut(&id) {
        tenant.books.organisation.currencies = currencies;
        rates.into_iter().for_each(|rate| put_rate(&mut tenant.books, rate));
        for (mut account, fresh) in accounts.into_iter().zip(ids) {
            account.id = fresh;
            account.updated_ms = now.document_ms;
            put_account(&mut tenant.books, account);
        }
    }
    Ok(Done::object(201, |body| {
        body.id("tenant_id", id);
        body.text("name", &name);
        body.maybe_text("refresh_token", refresh.as_deref());
    }))
}

pub(super) fn reset(world: &mut World, now: Instants) -> Done {
    let mut documents = 0_usize;
    // In a fixed order, so that one seed always gives one world.
    for id in &world.tenant_order {
        let Some(tenant) = world.tenants.get_mut(id) else {
            continue;
        };
        let books = &mut tenant.books;
        let before = books.documents_count();
        books.clear();
        tenant.founding.add_contacts(books, &mut world.rng, now.document_ms);
        documents = documents.saturating_add(before.saturating_sub(books.documents_count()));
    }
    world.plans = Plans::default();
    let removed = i64::try_from(documents).unwrap_or(i64::MAX);
    Done::object(200, |body| body.integer("documents_removed", removed))
}

fn tax_rates(input: &Json) -> Result<Vec<TaxRate>, Bad> {
    let read = |row: &Json| {
        body::only(row, &["tax_type", "name", "effective_rate"])?;
        let tax_type = body::required(row, "tax_type")?.to_ascii_uppercase();
        let rate: Option<Decimal> = body::read(row, "effective_rate", "a percentage")?;
        let rate = rate.ok_or_else(|| Bad::input("effective_rate is required"))?;
        let name = row.text("name").unwrap_or(&tax_type);
        Ok(TaxRate::simple(&tax_type, name, rate, classes_of(&tax_type)))
    };
    input.list("tax_rates").unwrap_or_default().iter().map(read).collect()
}

fn accounts(input: &Json) -> Result<Vec<Account>, Bad> {
    let read = |row: &Json| {
        body::only(row, &["code", "name", "type", "tax_type"])?;
        let code = body::required(row, "code")?.to_owned();
        let account_type = row.text("type").unwrap_or("REVENUE").to_ascii_uppercase();
        let class = AccountClass::of_type(&account_type)
            .ok_or_else(|| Bad::input(format!("unknown account type '{account_type}'")))?;
        let usual = match class {
            AccountClass::Revenue => "OUTPUT2",
            AccountClass::Expense => "INPUT2",
            _ => "NONE",
        };
        Ok(Account {
            id: uuid::Uuid::nil(),
            name: row.text("name").unwrap_or(&code).to_owned(),
            tax_type: row.text("tax_type").unwrap_or(usual).to_owned(),
            status: AccountStatus::Active,
            system: None,
            payments: false,
            description: None,
            in_claims: false,
            is_watched: false,
            bank: (account_type == "BANK").then(|| BankAccount {
                number: format!("20000012345{code}"),
                kind: "BANK".to_owned(),
                currency: input.text("base_currency").unwrap_or("GBP").to_ascii_uppercase(),
            }),
            updated_ms: 0,
            code,
            account_type,
        })
    };
    input.list("accounts").unwrap_or_default().iter().map(read).collect()
}

fn currencies(input: &Json) -> Result<Vec<String>, Bad> {
    let read = |value: &Json| match value {
        Json::Text(code) => Ok(code.to_ascii_uppercase()),
        _ => Err(Bad::input("currencies must be a list of codes")),
    };
    input.list("currencies").unwrap_or_default().iter().map(read).collect()
}

fn put_rate(books: &mut Books, rate: TaxRate) {
    books.tax_rates.retain(|old| old.tax_type != rate.tax_type);
    books.tax_rates.push(rate);
}

fn put_account(books: &mut Books, account: Account) {
    books.accounts.retain(|old| old.code != account.code);
    books.accounts.push(account);
    books.accounts.sort_by(|left, right| left.code.cmp(&right.code));
}
