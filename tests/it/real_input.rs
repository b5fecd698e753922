//! The invoices of a real Xero organisation, recorded by others, arrive to the penny.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::support::{Daemon, House, until};

const RECORDING: &str = "xero/recordings/nango-integration-templates/invoices.test.json";

/// A recorded invoice; amounts as they are written there.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Recorded {
    #[serde(rename = "Type")]
    kind: String,
    invoice_number: String,
    #[serde(default)]
    reference: String,
    contact: Party,
    date_string: String,
    due_date_string: Option<String>,
    status: String,
    line_amount_types: String,
    line_items: Vec<Item>,
    sub_total: Box<RawValue>,
    total_tax: Box<RawValue>,
    total: Box<RawValue>,
    currency_code: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Party {
    #[serde(rename = "ContactID")]
    id: String,
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Item {
    description: String,
    quantity: Box<RawValue>,
    unit_amount: Box<RawValue>,
    tax_type: Option<String>,
    tax_amount: Box<RawValue>,
    line_amount: Box<RawValue>,
    account_code: Option<String>,
}

/// The rate behind a tax type: the one with fewest decimals that explains every recorded line.
fn rate_of(tax_type: &str, recorded: &[Recorded]) -> Decimal {
    let lines: Vec<(&str, Decimal, Decimal)> = recorded
        .iter()
        .flat_map(|invoice| {
            invoice
                .line_items
                .iter()
                .map(|line| (&*invoice.line_amount_types, line))
        })
        .filter(|(_, line)| line.tax_type.as_deref() == Some(tax_type))
        .map(|(types, line)| (types, exact(&line.line_amount), exact(&line.tax_amount)))
        .collect();
    let explains = |rate: Decimal, wanted: &(&str, Decimal, Decimal)| tax(rate, wanted.0, wanted.1) == wanted.2;
    let best = (0..4_000)
        .map(|hundredths| Decimal::new(hundredths, 2))
        .max_by_key(|rate| {
            let explained = lines.iter().filter(|line| explains(*rate, line)).count();
            // Of several that explain as many, the roundest.
            (explained, std::cmp::Reverse(rate.normalize().scale()))
        });
    best.unwrap()
}

fn tax(rate: Decimal, types: &str, amount: Decimal) -> Decimal {
    let whole = match types {
        "Inclusive" => Decimal::ONE_HUNDRED + rate,
        _ => Decimal::ONE_HUNDRED,
    };
    let exact = amount.checked_mul(rate).unwrap().checked_div(whole).unwrap();
    exact.round_dp_with_strategy(2, rust_decimal::RoundingStrategy::MidpointAwayFromZero)
}

fn exact(raw: &RawValue) -> Decimal {
    Decimal::from_str(raw.get()).unwrap()
}

fn recording() -> Option<Vec<Recorded>> {
    #[derive(Deserialize)]
    struct Response {
        #[serde(rename = "Invoices")]
        invoices: Vec<Recorded>,
    }
    #[derive(Deserialize)]
    struct Call {
        response: Response,
    }
    #[derive(Deserialize)]
    struct Methods {
        get: BTreeMap<String, Box<RawValue>>,
    }
    #[derive(Deserialize)]
    struct File {
        api: Methods,
    }
    let shared = std::env::var_os("COUNTERFOIL_SHARED").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared"),
        PathBuf::from,
    );
    let text = std::fs::read_to_string(shared.join(RECORDING)).ok()?;
    let file: File = serde_json::from_str(&text).unwrap();
    let call: Call = serde_json::from_str(file.api.get["/api.xro/2.0/Invoices"].get()).unwrap();
    Some(call.response.invoices)
}

type Rates = BTreeMap<String, Decimal>;

fn rates(recorded: &[Recorded]) -> Rates {
    let lines = recorded.iter().flat_map(|invoice| &invoice.line_items);
    let tax_types: BTreeSet<&str> = lines.filter_map(|line| line.tax_type.as_deref()).collect();
    tax_types
        .into_iter()
        .map(|tax_type| (tax_type.to_owned(), rate_of(tax_type, recorded)))
        .collect()
}

/// An empty organisation with the accounts and rates the recording uses.
fn found_organisation(house: &House, recorded: &[Recorded], rates: &Rates) -> String {
    let rates: Vec<Value> = rates
        .iter()
        .map(|(tax_type, rate)| json!({"tax_type": tax_type, "effective_rate": rate.to_string()}))
        .collect();
    // An account some bill uses takes expenses; the others are income.
    let mut accounts: BTreeMap<&str, &str> = BTreeMap::new();
    for invoice in recorded {
        for code in invoice
            .line_items
            .iter()
            .filter_map(|line| line.account_code.as_deref())
        {
            let is_bill = invoice.kind == "ACCPAY";
            let class = accounts.entry(code).or_insert("REVENUE");
            if is_bill {
                *class = "OVERHEADS";
            }
        }
    }
    let accounts: Vec<Value> = accounts
        .into_iter()
        .map(
            |(code, class)| json!({"code": code, "name": format!("Account {code}"), "type": class, "tax_type": "NONE"}),
        )
        .collect();
    let made = house.sandbox.control(
        "tenants",
        &json!({
            "name": "Recorded Company", "base_currency": "USD", "country": "US",
            "time_zone": "America/New_York", "tax_rates": rates, "accounts": accounts,
        }),
    );
    made["tenant_id"].as_str().unwrap().to_owned()
}

/// The recorded invoice as its host would have written it.
fn as_host_write(at: usize, invoice: &Recorded) -> Value {
    let lines: Vec<Value> = invoice
        .line_items
        .iter()
        .map(|line| {
            json!({
                "description": line.description,
                "quantity": line.quantity.get(),
                "unit_price": line.unit_amount.get(),
                "nominal_code": line.account_code,
                "tax_type": line.tax_type,
            })
        })
        .collect();
    let is_draft = matches!(invoice.status.as_str(), "DRAFT" | "DELETED");
    // Xero takes bills without a number; hosts number everything.
    let number = match invoice.invoice_number.as_str() {
        "" => format!("unnumbered {at}"),
        number => number.to_owned(),
    };
    json!({
        "kind": if invoice.kind == "ACCREC" { "sales" } else { "purchase" },
        "number": number,
        "contact": {"ref": invoice.contact.id, "name": invoice.contact.name},
        "currency": invoice.currency_code,
        "issue_date": invoice.date_string.get(..10),
        "due_date": invoice.due_date_string.as_ref().and_then(|date| date.get(..10)),
        "host_status": if is_draft { "draft" } else { "approved" },
        "line_amount_types": invoice.line_amount_types,
        "lines": lines,
        "reference": Some(&invoice.reference).filter(|reference| !reference.is_empty()),
    })
}

/// Lines whose recorded tax is not what the rate says were given their tax by hand.
fn with_tax_by_hand(mut body: Value, invoice: &Recorded, rates: &Rates) -> Value {
    for (at, line) in invoice.line_items.iter().enumerate() {
        let Some(tax_type) = &line.tax_type else { continue };
        let by_rate = tax(rates[tax_type], &invoice.line_amount_types, exact(&line.line_amount));
        if by_rate != exact(&line.tax_amount) {
            body["lines"][at]["tax_amount"] = json!(line.tax_amount.get());
        }
    }
    body
}

#[test]
fn seventy_seven_recorded_invoices_arrive_to_the_penny() {
    let Some(recorded) = recording() else {
        eprintln!("skipped: there is no recording beside the repository");
        return;
    };
    assert_eq!(recorded.len(), 77);
    // Company enough to fit into Xero's minute.
    let house = House::with(|config| config.set("sync.batch_wait", "1s"));
    let rates = rates(&recorded);
    let theirs = found_organisation(&house, &recorded, &rates);
    let renewed = house.sandbox.trigger("grant.renew", &theirs, &json!({}));
    let order = json!({"refresh_token": renewed["refresh_token"], "tenant_ids": [theirs]});
    let started = house.daemon.api.post("/v1/connect:import", &order).ok(200);
    let ours = started["data"][0]["id"].as_str().unwrap().to_owned();

    let writes: Vec<(String, Value)> = recorded
        .iter()
        .enumerate()
        .map(|(at, invoice)| {
            let body = with_tax_by_hand(as_host_write(at, invoice), invoice, &rates);
            (format!("REC-{at:02}"), body)
        })
        .collect();
    for (host_ref, body) in &writes {
        house.daemon.put(&ours, host_ref, body).ok(201);
    }
    for (host_ref, body) in &writes {
        if body["host_status"] == "draft" {
            house.daemon.resync(&ours, host_ref);
        }
    }
    house.daemon.settled(&ours, 77, 80);
    compare(&house, (&ours, &theirs), &writes, &recorded);
    void_what_is_gone(&house.daemon, &ours, &writes, &recorded);
    house.sandbox.assert_no_violations();
}

#[track_caller]
fn compare(house: &House, (ours, theirs): (&str, &str), writes: &[(String, Value)], recorded: &[Recorded]) {
    let documents = house.sandbox.documents(theirs);
    assert_eq!(documents.len(), 77, "each once");
    let cents = |raw: &RawValue| format!("{:.2}", exact(raw));
    let mut wrong = Vec::new();
    for ((host_ref, _), recorded) in writes.iter().zip(recorded) {
        let invoice = house.daemon.invoice(ours, host_ref);
        assert_eq!(invoice["sync"]["state"], "synced", "{invoice:#}");
        let id = invoice["xero"]["invoice_id"].as_str().unwrap();
        let document = documents.iter().find(|document| document.invoice_id == id).unwrap();
        let wanted = [&recorded.sub_total, &recorded.total_tax, &recorded.total].map(|raw| cents(raw));
        let in_xero = [&document.sub_total, &document.total_tax, &document.total].map(|raw| cents(raw));
        let here = ["subtotal", "tax", "total"].map(|name| invoice["totals"][name].as_str().unwrap().to_owned());
        if in_xero != wanted || here != wanted {
            wrong.push(format!(
                "{host_ref}: recorded {wanted:?}, in Xero {in_xero:?}, here {here:?}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What was voided or deleted in the recording ends there too.
#[track_caller]
fn void_what_is_gone(daemon: &Daemon, ours: &str, writes: &[(String, Value)], recorded: &[Recorded]) {
    let is_gone = |invoice: &Recorded| matches!(invoice.status.as_str(), "VOIDED" | "DELETED");
    let gone: Vec<_> = writes
        .iter()
        .zip(recorded)
        .filter(|(_, invoice)| is_gone(invoice))
        .collect();
    assert_eq!(gone.len(), 11);
    for ((host_ref, body), _) in &gone {
        let mut void = body.clone();
        void["host_status"] = json!("void");
        daemon.put(ours, host_ref, &void).ok(200);
    }
    for ((host_ref, _), invoice) in gone {
        let seen = until(60, &format!("{host_ref} to be {}", invoice.status), || {
            let seen = daemon.invoice(ours, host_ref);
            (seen["xero_status"] == *invoice.status).then_some(seen)
        });
        assert_eq!(seen["status"], "Void");
    }
}
