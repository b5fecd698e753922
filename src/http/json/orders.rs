//! The small bodies: adopting a grant, a mapping, settings.

use super::fields::{Faults, Fields};
use super::tree::{Node, parse};
use crate::actors::control::ConnectImport;
use crate::http::problem::Problem;
use crate::model::document::Currency;
use crate::model::ids::XeroTenantId;
use crate::model::row::{Credits, Settings};
use crate::model::secret::SecretString;

/// Longest refresh token in characters. Xero's are 43 or about 64; other servers' are longer.
const TOKEN_MAX_CHARS: usize = 4_096;
/// Longest code of Xero in characters that a mapping may name.
const MAPPED_MAX_CHARS: usize = 50;
/// Longest address in characters.
const URL_MAX_CHARS: usize = 2_000;
/// Most mappings of one request.
const MAPPINGS_MAX: usize = 500;
/// Most parties that are left out.
const OPT_OUT_MAX: usize = 1_000;
/// Longest key of a party in characters.
const PARTY_MAX_CHARS: usize = 255;
/// Longest note in characters.
const NOTE_MAX_CHARS: usize = 1_000;
/// Most currencies of one organisation.
const CURRENCIES_MAX: usize = 200;

/// Reads `{"refresh_token","tenant_ids":[…]|null,"observe"?}`.
///
/// # Errors
/// `validation_failed` naming everything wrong.
pub fn read_import(body: &Node, requested_by: &str) -> Result<ConnectImport, Problem> {
    let faults = Faults::default();
    let known = ["refresh_token", "tenant_ids", "observe"];
    let order = Fields::of(body, String::new(), &known, &faults).and_then(|fields| {
        let token = fields.text("refresh_token", TOKEN_MAX_CHARS);
        let tenants = fields
            .optional("tenant_ids")
            .and_then(|node| fields.list("tenant_ids", node))
            .map(|nodes| guids(&fields, nodes));
        let observe = fields.optional_bool("observe").unwrap_or(false);
        Some(ConnectImport {
            refresh_token: SecretString::from(token?),
            tenants,
            observe,
            requested_by: requested_by.to_owned(),
        })
    });
    faults.settle(order)
}

/// Reads `{"left": 120, "top_up_url"?}`, `{"left": null}` or `{"state": "available"|"used_up"}`.
///
/// # Errors
/// `validation_failed` naming everything wrong.
pub fn read_credits(body: &Node) -> Result<Option<Credits>, Problem> {
    let faults = Faults::default();
    let known = ["left", "state", "top_up_url"];
    let credits = Fields::of(body, String::new(), &known, &faults).and_then(|fields| {
        let top_up_url = fields.optional_url("top_up_url", URL_MAX_CHARS);
        let counted = |left| Credits { left, top_up_url };
        match (fields.named("left"), fields.optional("state")) {
            (Some(Node::Null), None) => Some(None),
            (Some(node), None) => fields.count("left", node).map(|left| Some(counted(left.into()))),
            (None, Some(node)) => {
                let is_left = fields.word("state", node, &[("available", true), ("used_up", false)])?;
                Some((!is_left).then(|| counted(0)))
            }
            _ => {
                fields.fault("left", "one_of", "say either how many are left, or the state");
                None
            }
        }
    });
    faults.settle(credits)
}

pub(super) fn guids(fields: &Fields<'_>, nodes: &[Node]) -> Vec<XeroTenantId> {
    if nodes.is_empty() {
        fields.fault(
            "tenant_ids",
            "too_few",
            "name at least one organisation, or leave it out for all",
        );
    }
    let mut guids = Vec::with_capacity(nodes.len());
    for (at, node) in nodes.iter().enumerate() {
        let guid = match node {
            Node::Text(text) => text.parse().ok(),
            _ => None,
        };
        match guid {
            Some(guid) => guids.push(guid),
            None => fields.fault(
                &format!("tenant_ids/{at}"),
                "not_a_guid",
                "it must be Xero's id of an organisation, a GUID",
            ),
        }
    }
    guids
}

/// Reads `{"value"}`.
///
/// # Errors
/// `validation_failed` naming everything wrong.
pub fn read_mapping_value(body: &Node) -> Result<String, Problem> {
    let faults = Faults::default();
    let value =
        Fields::of(body, String::new(), &["value"], &faults).and_then(|fields| fields.text("value", MAPPED_MAX_CHARS));
    faults.settle(value)
}

/// Reads a map of keys to values.
///
/// # Errors
/// `validation_failed` naming everything wrong.
pub fn read_mappings(body: &Node, key_max_chars: usize) -> Result<Vec<(String, String)>, Problem> {
    let faults = Faults::default();
    let known: Vec<&str> = match body {
        Node::Object(entries) => entries.iter().map(|(key, _)| key.as_str()).collect(),
        _ => Vec::new(),
    };
    if matches!(body, Node::Object(_)) && (known.is_empty() || known.len() > MAPPINGS_MAX) {
        let detail = format!("name 1 to {MAPPINGS_MAX} mappings");
        faults.add(String::new(), "wrong_count", detail);
    }
    let mappings = Fields::of(body, String::new(), &known, &faults).map(|fields| {
        let read = known.iter().filter_map(|key| {
            let is_usable =
                !key.trim().is_empty() && key.chars().count() <= key_max_chars && !key.chars().any(char::is_control);
            if !is_usable {
                let shown: String = key.chars().take(64).collect();
                let detail = format!("a key must have 1 to {key_max_chars} printable characters");
                fields.fault(&shown, "unusable", detail);
                return None;
            }
            Some(((*key).to_owned(), fields.text(key, MAPPED_MAX_CHARS)?))
        });
        read.collect()
    });
    faults.settle(mappings)
}

/// Reads `{"note"?}`; no body is no note.
///
/// # Errors
/// `validation_failed` naming everything wrong.
pub fn read_note(body: &[u8]) -> Result<String, Problem> {
    if body.is_empty() {
        return Ok(String::new());
    }
    let body = parse(body)?;
    let faults = Faults::default();
    let note = Fields::of(&body, String::new(), &["note"], &faults)
        .map(|fields| fields.optional_text("note", NOTE_MAX_CHARS).unwrap_or_default());
    faults.settle(note)
}

/// Reads a body that may say nothing: none, or `{}`.
///
/// # Errors
/// `validation_failed` naming everything it says.
pub fn read_nothing(body: &[u8]) -> Result<(), Problem> {
    if body.is_empty() {
        return Ok(());
    }
    let body = parse(body)?;
    let faults = Faults::default();
    let nothing = Fields::of(&body, String::new(), &[], &faults).map(|_fields| ());
    faults.settle(nothing)
}

/// Applies a partial change to settings: what is absent stays.
///
/// # Errors
/// `validation_failed` naming everything wrong.
pub fn patch_settings(body: &Node, now: &Settings) -> Result<Settings, Problem> {
    let faults = Faults::default();
    let known = ["auto_sync", "same_code_default", "currencies", "contacts_opt_out"];
    let settings = Fields::of(body, String::new(), &known, &faults).map(|fields| {
        let mut settings = now.clone();
        if let Some(node) = fields.optional("auto_sync") {
            let known = ["enabled", "sales", "purchases"];
            let pointer = fields.pointer("auto_sync");
            if let Some(toggles) = Fields::of(node, pointer, &known, &faults) {
                let auto = &mut settings.auto_sync;
                auto.enabled = toggles.optional_bool("enabled").unwrap_or(auto.enabled);
                auto.sales = toggles.optional_bool("sales").unwrap_or(auto.sales);
                auto.purchases = toggles.optional_bool("purchases").unwrap_or(auto.purchases);
            }
        }
        if let Some(value) = fields.optional_bool("same_code_default") {
            settings.same_code_default = value;
        }
        if let Some(nodes) = fields
            .optional("currencies")
            .and_then(|node| fields.list("currencies", node))
        {
            settings.currencies = currencies(&fields, nodes);
        }
        if let Some(nodes) = fields
            .optional("contacts_opt_out")
            .and_then(|node| fields.list("contacts_opt_out", node))
        {
            settings.contacts_opt_out = parties(&fields, nodes);
        }
        settings
    });
    faults.settle(settings)
}

fn parties(fields: &Fields<'_>, nodes: &[Node]) -> Vec<String> {
    let mut parties: Vec<String> = Vec::new();
    if nodes.len() > OPT_OUT_MAX {
        let detail = format!("at most {OPT_OUT_MAX} are accepted");
        fields.fault("contacts_opt_out", "too_many", detail);
        return parties;
    }
    for (at, node) in nodes.iter().enumerate() {
        match node {
            Node::Text(text)
                if !text.trim().is_empty()
                    && text.chars().count() <= PARTY_MAX_CHARS
                    && !text.chars().any(char::is_control) =>
            {
                if !parties.contains(text) {
                    parties.push(text.clone());
                }
            }
            _ => fields.fault(
                &format!("contacts_opt_out/{at}"),
                "not_a_contact",
                "it must be the `ref` of a contact, as the invoices name it",
            ),
        }
    }
    parties
}

fn currencies(fields: &Fields<'_>, nodes: &[Node]) -> Vec<Currency> {
    let mut list = Vec::new();
    if nodes.len() > CURRENCIES_MAX {
        let detail = format!("at most {CURRENCIES_MAX} are accepted");
        fields.fault("currencies", "too_many", detail);
        return list;
    }
    for (at, node) in nodes.iter().enumerate() {
        let currency = match node {
            Node::Text(text) => Currency::parse(text),
            _ => None,
        };
        match currency {
            Some(currency) if list.contains(&currency) => {}
            Some(currency) => list.push(currency),
            None => fields.fault(
                &format!("currencies/{at}"),
                "not_a_currency",
                "it must be a currency code of three letters such as \"GBP\"",
            ),
        }
    }
    list
}
