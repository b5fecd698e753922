//! A real organisation, recorded by others: its invoices, payments and credit notes are entered
//! again, lines and money only, and every sum and status must come out as Xero had it.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::str::FromStr as _;

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::desk::Desk;
use crate::sandbox::{Seed, Setup};

/// The rates behind the tax types of that organisation, as all its lines show.
const RATES: [(&str, &str); 4] = [("OUTPUT", "8.25"), ("INPUT", "8.25"), ("TAX001", "8.75"), ("NONE", "0")];

/// What one file has recorded, when the recordings lie beside the repository.
pub fn file(name: &str) -> Option<Value> {
    let shared = std::env::var_os("COUNTERFOIL_SHARED").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared"),
        PathBuf::from,
    );
    let folder = shared.join("xero/recordings/nango-integration-templates");
    let text = std::fs::read_to_string(folder.join(name)).ok()?;
    Some(serde_json::from_str(&text).unwrap())
}

/// A recorded list.
fn recording(name: &str, resource: &str) -> Option<Vec<Value>> {
    let json = file(name)?;
    let response = &json["api"]["get"][format!("/api.xro/2.0/{resource}")]["response"];
    Some(response[resource].as_array().unwrap().clone())
}

/// The organisation as it was.
pub struct Recorded {
    pub invoices: Vec<Value>,
    pub payments: Vec<Value>,
    pub notes: Vec<Value>,
}

/// The organisation as it is entered again: our ids by the recorded ones.
pub struct Again {
    pub desk: Desk,
    ids: HashMap<String, String>,
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn decimal(value: &Value) -> Decimal {
    Decimal::from_str(&value.to_string()).unwrap().normalize()
}

/// `/Date(ms+0000)/` as the sandbox accepts it in a body, too.
fn day(value: &Value) -> Value {
    value.clone()
}

/// What was typed in: no amount that Xero computed.
fn lines(document: &Value) -> Value {
    let typed = ["Description", "Quantity", "UnitAmount", "TaxType", "AccountCode"];
    let line = |line: &Value| {
        let pairs = typed.iter().filter(|key| !line[**key].is_null());
        Value::Object(pairs.map(|key| ((*key).to_owned(), line[*key].clone())).collect())
    };
    document["LineItems"].as_array().unwrap().iter().map(line).collect()
}

impl Again {
    /// An organisation with the accounts and rates the lines name.
    fn found(accounts: &[Value]) -> Self {
        let mut desk = Desk::with(&Setup {
            seed: Seed::Empty,
            ..Setup::default()
        });
        let rates = RATES.map(|(tax_type, rate)| json!({"tax_type": tax_type, "effective_rate": rate}));
        // Control and bank accounts are those of every organisation.
        let own = |account: &&Value| {
            let known = account["Code"].is_string() && account["SystemAccount"].is_null() && account["Type"] != "BANK";
            known && account["Status"] == "ACTIVE"
        };
        let accounts: Vec<Value> = accounts
            .iter()
            .filter(own)
            .map(|account| {
                json!({"code": account["Code"], "name": account["Name"], "type": account["Type"],
                    "tax_type": account["TaxType"]})
            })
            .collect();
        let body = json!({"name": "Recorded", "base_currency": "USD", "country": "US",
            "tax_rates": rates, "accounts": accounts});
        let made = desk.control("POST", "tenants", &body.to_string());
        desk.tenant = text(&made["tenant_id"]).parse().unwrap();
        Self {
            desk,
            ids: HashMap::new(),
        }
    }

    fn put(&mut self, resource: &str, body: &Value) -> Value {
        let reply = self.desk.call("PUT", resource, &body.to_string());
        assert_eq!(reply.status, 200, "{body}: {}", reply.text);
        let key = resource.split('/').next_back().unwrap();
        reply.json[key][0].clone()
    }

    fn post(&mut self, target: &str, body: &Value) {
        let reply = self.desk.call("POST", target, &body.to_string());
        assert_eq!(reply.status, 200, "{target} {body}: {}", reply.text);
    }

    fn our(&self, recorded: &Value) -> &str {
        &self.ids[text(recorded)]
    }

    fn keep(&mut self, recorded: &Value, ours: &Value) {
        self.ids.insert(text(recorded).to_owned(), text(ours).to_owned());
    }

    fn enter_invoice(&mut self, invoice: &Value) {
        let status = match text(&invoice["Status"]) {
            "DRAFT" | "DELETED" => "DRAFT",
            _ => "AUTHORISED",
        };
        let mut body = json!({"Type": invoice["Type"], "InvoiceNumber": invoice["InvoiceNumber"],
            "Contact": {"Name": invoice["Contact"]["Name"]}, "Date": day(&invoice["Date"]),
            "LineAmountTypes": invoice["LineAmountTypes"], "LineItems": lines(invoice),
            "Status": status});
        if !invoice["DueDate"].is_null() {
            body["DueDate"] = day(&invoice["DueDate"]);
        }
        if invoice["SentToContact"] == true {
            body["SentToContact"] = json!(true);
        }
        let made = self.put("Invoices", &body);
        self.keep(&invoice["InvoiceID"], &made["InvoiceID"]);
    }

    fn payment_body(&self, payment: &Value) -> Value {
        let mut body = json!({"Invoice": {"InvoiceID": self.our(&payment["Invoice"]["InvoiceID"])},
            "Amount": payment["Amount"]});
        if !payment["Reference"].is_null() {
            body["Reference"] = payment["Reference"].clone();
        }
        body
    }

    fn enter_payment(&mut self, payment: &Value) {
        let mut body = self.payment_body(payment);
        body["Account"] = json!({"Code": "090"});
        body["Date"] = day(&payment["Date"]);
        body["IsReconciled"] = payment["IsReconciled"].clone();
        let made = self.put("Payments", &body);
        self.keep(&payment["PaymentID"], &made["PaymentID"]);
        if payment["Status"] == "DELETED" {
            let id = text(&made["PaymentID"]).to_owned();
            self.post(&format!("Payments/{id}"), &json!({"Status": "DELETED"}));
        }
    }

    fn enter_batch(&mut self, payments: &[&Value]) {
        let bodies: Vec<Value> = payments.iter().map(|payment| self.payment_body(payment)).collect();
        let date = day(&payments[0]["BatchPayment"]["Date"]);
        let body = json!({"Account": {"Code": "090"}, "Date": date, "Payments": bodies});
        let made = self.put("BatchPayments", &body);
        self.keep(&payments[0]["BatchPaymentID"], &made["BatchPaymentID"]);
        for (payment, ours) in payments.iter().zip(made["Payments"].as_array().unwrap()) {
            self.keep(&payment["PaymentID"], &ours["PaymentID"]);
        }
    }

    fn enter_credit_note(&mut self, note: &Value) {
        let status = if note["Status"] == "DRAFT" {
            "DRAFT"
        } else {
            "AUTHORISED"
        };
        let mut body = json!({"Type": note["Type"], "Contact": {"Name": note["Contact"]["Name"]},
            "Date": day(&note["Date"]), "LineAmountTypes": note["LineAmountTypes"],
            "LineItems": lines(note), "Status": status});
        if !note["CreditNoteNumber"].is_null() {
            body["CreditNoteNumber"] = note["CreditNoteNumber"].clone();
        }
        let made = self.put("CreditNotes", &body);
        self.keep(&note["CreditNoteID"], &made["CreditNoteID"]);
        for allocation in note["Allocations"].as_array().unwrap() {
            let part = json!({"Amount": allocation["Amount"], "Date": day(&allocation["Date"]),
                "Invoice": {"InvoiceID": self.our(&allocation["Invoice"]["InvoiceID"])}});
            let target = format!("CreditNotes/{}/Allocations", text(&made["CreditNoteID"]));
            self.put(&target, &json!({"Allocations": [part]}));
        }
    }

    fn enter(&mut self, recorded: &Recorded) {
        let Recorded {
            invoices,
            payments,
            notes,
        } = recorded;
        invoices.iter().for_each(|invoice| self.enter_invoice(invoice));
        // Deleted ones first: they no longer count when the others are entered.
        let (deleted, kept): (Vec<_>, Vec<_>) = payments.iter().partition(|payment| payment["Status"] == "DELETED");
        let (batched, single): (Vec<_>, Vec<_>) = kept.iter().partition(|payment| !payment["BatchPaymentID"].is_null());
        deleted
            .iter()
            .chain(&single)
            .for_each(|payment| self.enter_payment(payment));
        let mut batches: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
        for payment in batched {
            batches
                .entry(text(&payment["BatchPaymentID"]))
                .or_default()
                .push(payment);
        }
        batches.values().for_each(|batch| self.enter_batch(batch));
        notes.iter().for_each(|note| self.enter_credit_note(note));
        invoices.iter().for_each(|invoice| self.cancel(invoice));
    }

    fn cancel(&mut self, invoice: &Value) {
        let status = text(&invoice["Status"]);
        if matches!(status, "VOIDED" | "DELETED") {
            let target = format!("Invoices/{}", self.our(&invoice["InvoiceID"]));
            self.post(&target, &json!({"Status": status}));
        }
    }

    /// Our list, by id.
    fn list(&mut self, resource: &str, id_key: &str) -> HashMap<String, Value> {
        let rows = self.desk.get(&format!("{resource}?page=1&pageSize=1000")).json;
        let rows = rows[resource].as_array().unwrap().iter();
        rows.map(|row| (text(&row[id_key]).to_owned(), row.clone())).collect()
    }
}

/// Compares these keys: numbers by value, everything else as it is.
fn same(recorded: &Value, ours: &Value, keys: &[&str]) {
    for key in keys {
        let (left, right) = (&recorded[*key], &ours[*key]);
        let equal = if left.is_number() && right.is_number() {
            decimal(left) == decimal(right)
        } else {
            left == right
        };
        assert!(equal, "{key}: recorded {left}, ours {right}\n{recorded}\n{ours}");
    }
}

fn same_lines(recorded: &Value, ours: &Value) {
    let (left, right) = (&recorded["LineItems"], &ours["LineItems"]);
    let pairs = left.as_array().unwrap().iter().zip(right.as_array().unwrap());
    assert_eq!(left.as_array().unwrap().len(), right.as_array().unwrap().len());
    for (left, right) in pairs {
        same(left, right, &["LineAmount", "TaxAmount", "UnitAmount", "Quantity"]);
    }
}

/// What was recorded, and the same entered again; `None` without the recordings.
pub fn entered() -> Option<(Recorded, Again)> {
    let recorded = Recorded {
        invoices: recording("invoices.test.json", "Invoices")?,
        payments: recording("payments.test.json", "Payments")?,
        notes: recording("credit-notes.test.json", "CreditNotes")?,
    };
    let mut again = Again::found(&recording("accounts.test.json", "Accounts")?);
    again.enter(&recorded);
    Some((recorded, again))
}

#[test]
fn behaviour_20_the_recorded_organisation_entered_again_has_every_recorded_sum_and_status() {
    let Some((recorded, mut again)) = entered() else {
        eprintln!("skipped: there is no recording beside the repository");
        return;
    };
    let Recorded {
        invoices,
        payments,
        notes,
    } = &recorded;
    assert_eq!((invoices.len(), payments.len(), notes.len()), (77, 55, 14));
    let sums = ["SubTotal", "TotalTax", "Total", "Status"];
    let ours = again.list("Invoices", "InvoiceID");
    for invoice in invoices {
        let mine = &ours[again.our(&invoice["InvoiceID"])];
        same(invoice, mine, &sums);
        same(
            invoice,
            mine,
            &["AmountDue", "AmountPaid", "AmountCredited", "FullyPaidOnDate"],
        );
        same_lines(invoice, mine);
        assert_eq!(parts(invoice, "CreditNotes"), parts(mine, "CreditNotes"));
        assert_eq!(parts(invoice, "Payments"), parts(mine, "Payments"));
    }
    let ours = again.list("CreditNotes", "CreditNoteID");
    for note in notes {
        let mine = &ours[again.our(&note["CreditNoteID"])];
        same(note, mine, &sums);
        same(note, mine, &["RemainingCredit", "FullyPaidOnDate"]);
        same_lines(note, mine);
    }
    let ours = again.list("Payments", "PaymentID");
    for payment in payments {
        let mine = &ours[again.our(&payment["PaymentID"])];
        same(
            payment,
            mine,
            &["Amount", "BankAmount", "PaymentType", "Status", "Date"],
        );
        let batch = ["TotalAmount", "Type", "Date", "Status"];
        same(&payment["BatchPayment"], &mine["BatchPayment"], &batch);
    }
    assert_eq!(again.desk.violations(), Vec::<String>::new());
}

/// What is applied to an invoice, by amount.
fn parts(invoice: &Value, key: &str) -> Vec<Decimal> {
    let amount = |part: &Value| {
        let applied = &part["AppliedAmount"];
        decimal(if applied.is_null() { &part["Amount"] } else { applied })
    };
    let mut amounts: Vec<Decimal> = invoice[key].as_array().unwrap().iter().map(amount).collect();
    amounts.sort();
    amounts
}
