//! What tests about credit do again and again.

use serde_json::{Value, json};

use super::desk::{Desk, Reply};

impl Desk {
    /// A credit note for City Limousines of this net amount plus 20 %; the created element.
    pub fn credit_note(&mut self, number: &str, status: &str, net: &str) -> Value {
        let body = json!({"Type": "ACCRECCREDIT", "CreditNoteNumber": number, "Status": status,
            "Date": "2026-09-10", "Contact": {"Name": "City Limousines"},
            "LineItems": [{"Description": "Back", "Quantity": "1", "UnitAmount": net, "AccountCode": "200"}]});
        let reply = self.call("PUT", "CreditNotes?summarizeErrors=false", &body.to_string());
        assert_eq!(reply.status, 200, "{}", reply.text);
        reply.json["CreditNotes"][0].clone()
    }

    /// Applies credit to an invoice by number.
    pub fn allocate(&mut self, credit: &str, invoice: &str, amount: &str) -> Reply {
        let part = json!({"Amount": amount, "Date": "2026-09-12", "Invoice": {"InvoiceNumber": invoice}});
        let body = json!({"Allocations": [part]}).to_string();
        self.call("PUT", &format!("{credit}/Allocations"), &body)
    }

    /// Plays a scenario; its `id`.
    pub fn play(&mut self, scenario: &str, invoice: &str, args: &Value) -> String {
        let reply = self.try_play(scenario, invoice, args);
        assert_eq!(reply.status, 200, "{}", reply.text);
        reply.json["id"].as_str().unwrap_or_default().to_owned()
    }

    /// Plays a scenario that may be refused.
    pub fn try_play(&mut self, scenario: &str, invoice: &str, args: &Value) -> Reply {
        let mut body = json!({"scenario": scenario, "tenant_id": self.tenant, "args": args});
        if !invoice.is_empty() {
            body["invoice_number"] = json!(invoice);
        }
        self.pass(1_000);
        self.try_control("POST", "trigger", &body.to_string())
    }

    /// One document by id or number.
    pub fn one(&mut self, resource: &str, id: &str) -> Value {
        let reply = self.get(&format!("{resource}/{id}"));
        assert_eq!(reply.status, 200, "{}", reply.text);
        reply.json[resource][0].clone()
    }

    /// Events sent since the last call, as `CATEGORY TYPE data`.
    pub fn events(&mut self) -> Vec<String> {
        let bodies = self.world.take_deliveries(self.now);
        let bodies: Vec<Value> = bodies
            .iter()
            .map(|sent| serde_json::from_slice(&sent.body).unwrap())
            .collect();
        let events = bodies.iter().flat_map(|body| body["events"].as_array().unwrap());
        let word = |event: &Value| {
            let data = event["data"].as_object();
            let data = data.map(|data| format!(" {} {}", text(&data["Type"]), text(&data["Status"])));
            format!(
                "{} {}{}",
                text(&event["eventCategory"]),
                text(&event["eventType"]),
                data.unwrap_or_default()
            )
        };
        events.map(word).collect()
    }
}

/// A string, or nothing.
pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Several numbers of a document, as written without trailing zeros of the reader.
pub fn amounts(document: &Value, keys: &[&str]) -> String {
    let shown = keys.iter().map(|key| document[*key].to_string());
    shown.collect::<Vec<_>>().join(" ")
}
