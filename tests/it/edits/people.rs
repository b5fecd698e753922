//! What people do inside Xero, drawn by lot.

use rand::RngExt as _;
use serde_json::{Value, json};

use super::town::{Linked, Town};

/// What is done, and how often of a hundred.
const ACTS: [(&str, u32); 18] = [
    ("payment.partial", 22),
    ("payment.full", 3),
    ("payment.delete", 14),
    ("payment.reconcile", 3),
    ("invoice.edit description", 11),
    ("invoice.edit quantity", 6),
    ("invoice.edit unit_price", 6),
    ("invoice.edit due_date", 5),
    ("invoice.edit reference", 4),
    ("edit.high_variance", 2),
    ("creditnote", 7),
    ("overpayment", 3),
    ("allocation.remove", 7),
    ("contact.rename", 2),
    ("invoice.approve", 1),
    ("invoice.create", 2),
    ("invoice.void", 1),
    ("host", 1),
];
/// Edits after which the clock is moved, on average.
const PER_PAUSE: u32 = 8;
/// Longest of these pauses, in seconds.
const PAUSE_S: u64 = 40;
/// The same for so many edits that Xero's calls of one day are not enough to read them in small pages.
const LONG_PAUSE_S: u64 = 400;
const MANY: u64 = 2_000;

impl Town {
    /// So many edits that Xero takes.
    pub fn edit(&mut self, edits: u64) {
        let wanted = usize::try_from(edits).unwrap();
        let sum: u32 = ACTS.iter().map(|(_, weight)| weight).sum();
        let mut refused = 0_u64;
        let longest_s = if edits > MANY { LONG_PAUSE_S } else { PAUSE_S };
        while self.edited_at.len() < wanted {
            let mut lot = self.rng.random_range(0..sum);
            let (act, _) = ACTS
                .into_iter()
                .find(|(_, weight)| {
                    let is_it = lot < *weight;
                    lot = lot.saturating_sub(*weight);
                    is_it
                })
                .unwrap();
            if self.act(act) {
                *self.done.entry(act).or_default() += 1;
            } else {
                refused += 1;
                assert!(refused < 20 * edits, "hardly anything is taken: {:?}", self.done);
            }
            if self.rng.random_ratio(1, PER_PAUSE) {
                let pause_s = self.draw_below(longest_s) + 1;
                self.pass(pause_s);
            }
        }
    }

    /// A part of some invoice is paid.
    pub fn pays(&mut self) {
        while !self.act("payment.partial") {}
    }

    /// Whether Xero took it.
    fn act(&mut self, act: &'static str) -> bool {
        let linked = self.linked[self.rng.random_range(0..self.linked.len())].clone();
        let nth = self.edited_at.len();
        let cents = self.rng.random_range(1..2_500);
        let amount = format!("{}.{:02}", cents / 100, cents % 100);
        match act {
            "host" => {
                self.writes(linked.at);
                self.edited_at.push(self.now_ms());
                true
            }
            "payment.partial" => self.happens(&linked, act, &json!({ "amount": amount })),
            "creditnote" => self.credits(&linked, "creditnote.create", &amount),
            "overpayment" => self.credits(&linked, "overpayment.create", &amount),
            "contact.rename" => self.renames(&linked, nth),
            "invoice.create" => {
                let args = json!({ "number": format!("BY-HAND-{nth}"), "contact_name": self.customers[linked.at][0] });
                self.happens(&linked, act, &args)
            }
            "invoice.edit description" => {
                let line = self.rng.random_range(1..3).to_string();
                self.edits(
                    &linked,
                    &json!({ "line": line, "description": format!("Work, edit {nth}") }),
                )
            }
            "invoice.edit quantity" => {
                let quantity = self.rng.random_range(1..5).to_string();
                self.edits(&linked, &json!({ "line": "1", "quantity": quantity }))
            }
            "invoice.edit unit_price" => {
                let price = format!("{}.{:02}", 40 + cents / 100, cents % 100);
                self.edits(&linked, &json!({ "line": "2", "unit_price": price }))
            }
            "invoice.edit due_date" => {
                let day = format!("2026-05-{:02}", 1 + cents % 28);
                self.edits(&linked, &json!({ "due_date": day }))
            }
            "invoice.edit reference" => self.edits(&linked, &json!({ "reference": format!("R-{nth}") })),
            "edit.high_variance" => {
                let args = json!({ "description": format!("Call-out {nth}"), "unit_price": "1.00" });
                self.happens(&linked, act, &args)
            }
            _ => self.happens(&linked, act, &json!({})),
        }
    }

    fn edits(&mut self, linked: &Linked, args: &Value) -> bool {
        self.happens(linked, "invoice.edit", args)
    }

    fn happens(&mut self, linked: &Linked, scenario: &str, args: &Value) -> bool {
        let is_taken = self.trigger(linked, scenario, args).is_some();
        if is_taken {
            self.edited_at.push(self.now_ms());
        }
        is_taken
    }

    fn trigger(&self, linked: &Linked, scenario: &str, args: &Value) -> Option<Value> {
        let body = json!({
            "scenario": scenario, "tenant_id": self.theirs[linked.at], "invoice_number": linked.number, "args": args,
        });
        let answer = self.demo.sandbox.api.post("/_sandbox/trigger", &body);
        assert!(matches!(answer.status, 200 | 400 | 404), "{body}: {}", answer.text);
        assert!(!answer.text.contains("unknown"), "{body}: {}", answer.text);
        (answer.status == 200).then(|| answer.json())
    }

    /// Credit is entered and applied.
    fn credits(&mut self, linked: &Linked, scenario: &str, amount: &str) -> bool {
        let Some(customer) = self.customer(linked) else {
            return false;
        };
        let args = json!({ "contact_name": customer, "amount": amount });
        let Some(made) = self.trigger(linked, scenario, &args) else {
            return false;
        };
        self.happens(linked, "credit.allocate", &json!({ "credit_id": made["id"] }))
    }

    fn renames(&mut self, linked: &Linked, nth: usize) -> bool {
        let which = self.rng.random_range(0..self.customers[linked.at].len());
        let old = self.customers[linked.at][which].clone();
        let (stem, _) = old.split_once(" of").unwrap_or((&old, ""));
        let new = format!("{stem} of {nth}");
        let args = json!({ "contact_name": old, "name": new });
        let is_taken = self.happens(linked, "contact.rename", &args);
        if is_taken {
            self.customers[linked.at][which] = new;
        }
        is_taken
    }

    /// The name its contact has in Xero, once the invoice is there.
    fn customer(&self, linked: &Linked) -> Option<String> {
        let rows = self.demo.sandbox.rows(&self.theirs[linked.at], "invoices");
        let row = rows.iter().find(|row| row["InvoiceNumber"] == *linked.number)?;
        row["Contact"]["Name"].as_str().map(str::to_owned)
    }
}
