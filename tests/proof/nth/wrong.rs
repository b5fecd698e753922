//! Answers that are not about what was asked.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use uuid::Uuid;

/// The lists an answer may hold, and the key of what is in them.
const LISTS: [(&str, &str); 5] = [
    ("Invoices", "InvoiceID"),
    ("Contacts", "ContactID"),
    ("Accounts", "AccountID"),
    ("TaxRates", "TaxType"),
    ("Organisations", "OrganisationID"),
];

/// The answer with its list changed; `None` when it has none.
pub fn changed(body: &[u8], change: impl FnOnce(&mut Vec<Value>)) -> Option<Vec<u8>> {
    let mut answer: Value = serde_json::from_slice(body).ok()?;
    let list = LISTS.iter().find_map(|(list, _)| answer.get(list).map(|_| *list))?;
    change(answer[list].as_array_mut()?);
    Some(answer.to_string().into_bytes())
}

/// A document nobody asked for comes with the others.
pub fn add_another(list: &mut Vec<Value>) {
    let mut stranger = list.first().cloned().unwrap_or_else(|| json!({}));
    estrange(&mut stranger);
    list.insert(0, stranger);
}

/// Other documents come instead.
pub fn make_another(list: &mut Vec<Value>) {
    if list.is_empty() {
        add_another(list);
    }
    for element in list {
        estrange(element);
    }
}

/// The document adds up to something else.
pub fn change_money(list: &mut Vec<Value>) {
    for element in list {
        element["SubTotal"] = json!(1);
        element["Total"] = json!(1);
    }
}

/// Leaves out the documents with these ids.
pub fn hide(body: &[u8], hidden: &BTreeSet<Uuid>) -> Option<Vec<u8>> {
    let is_hidden = |element: &Value| {
        let id = element.get("InvoiceID").or_else(|| element.get("ContactID"));
        let id = id.and_then(Value::as_str).and_then(|id| Uuid::parse_str(id).ok());
        id.is_some_and(|id| hidden.contains(&id))
    };
    changed(body, |list| list.retain(|element| !is_hidden(element)))
}

fn estrange(element: &mut Value) {
    let Some(fields) = element.as_object_mut() else { return };
    fields.remove("Url");
    for (_, key) in LISTS.iter().filter(|(_, key)| *key != "TaxType") {
        if fields.contains_key(*key) || *key == "InvoiceID" {
            fields.insert((*key).to_owned(), json!("11111111-2222-3333-4444-555555555555"));
        }
    }
    for key in ["InvoiceNumber", "ContactNumber", "Name", "Code", "TaxType"] {
        if fields.contains_key(key) {
            fields.insert(key.to_owned(), json!("X-1"));
        }
    }
}
