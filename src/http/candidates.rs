//! What may be meant by a word that blocks an invoice, with what speaks for each.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::reads::{ContactUses, ReadFailed, Reads};
use crate::model::candidates::{Wanted, candidates};
use crate::model::document::InvoiceKind;
use crate::model::ids::TenantId;
use crate::model::reason::ReasonCode;
use crate::model::row::{Chart, ContactRow, Invoice, MappingKind, Tenant};

/// Stands before the name of a location that takes a customer's place.
const LOCATION: &str = "location:";

/// The mapping that closes what an invoice is red for, and its key where it is known; `None` = none does.
pub fn closed_by(row: &Invoice) -> Option<(MappingKind, Option<String>)> {
    let reason = row.sync.reason.as_ref()?;
    let subject = reason.subject.clone();
    let is_word_of = |kind: MappingKind| {
        let subject = subject.as_deref();
        subject.is_some_and(|subject| kind.words_of(&row.draft).any(|word| word == subject))
    };
    let kind = match reason.code {
        ReasonCode::UnmappedNominalCode | ReasonCode::AccountMappingIncorrect => MappingKind::NominalCodes,
        ReasonCode::PrerequisiteUnmapped if is_word_of(MappingKind::Items) => MappingKind::Items,
        ReasonCode::PrerequisiteUnmapped if reason.detail.contains("contact") => MappingKind::Contacts,
        ReasonCode::PrerequisiteUnmapped => MappingKind::TaxRates,
        ReasonCode::ContactCollision | ReasonCode::ContactArchived => {
            let location = subject.as_deref().and_then(|subject| subject.strip_prefix(LOCATION));
            match location.filter(|location| row.draft.location.as_deref() == Some(location)) {
                Some(location) => return Some((MappingKind::Locations, Some(location.to_owned()))),
                None => MappingKind::Contacts,
            }
        }
        _ => return None,
    };
    Some((kind, subject))
}

/// The one command, and the one call, that put it right.
pub fn fix(kind: MappingKind, key: Option<&str>, code: ReasonCode, tenant: &Tenant) -> Value {
    let Some(key) = key else {
        return json!({
            "command": format!("counterfoil invoices list --tenant {} --reason {}", tenant.id, code.code()),
            "call": Value::Null,
        });
    };
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.' | ':' | '/');
    let typed = if key.chars().all(is_plain) {
        key.to_owned()
    } else {
        format!("'{}'", key.replace('\'', r"'\''"))
    };
    json!({
        "command": format!(
            "counterfoil mappings set {} {typed} {} --tenant {}", kind.label(), kind.wants(), tenant.id,
        ),
        "call": {
            "method": "PUT",
            "path": format!("/v1/tenants/{}/mappings/{}/{}", tenant.id, kind.label(), encoded(key)),
            "body": {"value": kind.wants()},
        },
    })
}

fn encoded(key: &str) -> String {
    let mut path = String::new();
    for byte in key.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            path.push(char::from(byte));
        } else {
            path.push_str(&format!("%{byte:02X}"));
        }
    }
    path
}

/// What is known of an organisation's chart, and of the parties that invoices are red about.
pub struct Evidence {
    chart: Option<Chart>,
    /// By the name of the party.
    parties: BTreeMap<String, Vec<ContactRow>>,
    uses: ContactUses,
}

impl Evidence {
    /// Reads what these invoices need.
    pub fn read<'a>(
        reads: &dyn Reads,
        tenant: TenantId,
        rows: impl Iterator<Item = &'a Invoice>,
    ) -> Result<Self, ReadFailed> {
        let mut parties = BTreeMap::new();
        let mut chart = None;
        for row in rows {
            match closed_by(row) {
                Some((MappingKind::Contacts | MappingKind::Locations, _)) => {
                    let name = name_of(row);
                    if !parties.contains_key(name) {
                        parties.insert(name.to_owned(), known_parties(reads, tenant, row)?);
                    }
                }
                Some(_) if chart.is_none() => chart = reads.chart(tenant)?,
                _ => {}
            }
        }
        let names: BTreeSet<String> = parties.values().flatten().map(|party| party.name.clone()).collect();
        let uses = if names.is_empty() {
            ContactUses::default()
        } else {
            reads.contact_uses(tenant, &names)?
        };
        Ok(Self { chart, parties, uses })
    }

    /// What may be meant by what this invoice is red about.
    pub fn candidates(&self, row: &Invoice, tenant: &Tenant) -> Vec<Value> {
        match closed_by(row) {
            Some((MappingKind::Contacts | MappingKind::Locations, _)) => {
                let known = self.parties.get(name_of(row)).into_iter().flatten();
                known.map(|party| self.contact(party, tenant)).collect()
            }
            Some((kind, Some(word))) => self.of_chart(kind, &word, row),
            _ => Vec::new(),
        }
    }

    fn of_chart(&self, kind: MappingKind, word: &str, row: &Invoice) -> Vec<Value> {
        let Some(chart) = &self.chart else { return Vec::new() };
        let uses = |line: &&crate::model::document::Line| match kind {
            MappingKind::NominalCodes => line.nominal_code.as_deref() == Some(word),
            _ => line.tax_type.as_deref() == Some(word),
        };
        let lines = row.draft.lines.iter().filter(uses);
        let texts: Vec<&str> = lines.map(|line| line.description.as_str()).collect();
        let wanted = Wanted {
            word,
            texts: &texts,
            is_sale: Some(row.draft.kind == InvoiceKind::Sales),
        };
        candidates(chart, kind, wanted)
            .iter()
            .map(|candidate| json!(candidate))
            .collect()
    }

    fn contact(&self, party: &ContactRow, tenant: &Tenant) -> Value {
        let id = party.xero_id;
        let count = self.uses.counts.get(&id).copied().unwrap_or(0);
        let url = match &tenant.short_code {
            Some(code) => format!("https://go.xero.com/app/{code}/contacts/contact/{id}"),
            None => format!("https://go.xero.com/Contacts/View/{id}"),
        };
        json!({
            "value": id,
            "name": party.name,
            "contact_ref": party.reference,
            "email": party.email,
            "account_number": party.account_number,
            "status": if party.is_archived { "archived" } else { "active" },
            "documents": {"value": count, "exact": !self.uses.is_partial},
            "url": url,
            "why": format!("the contact of {}", party.reference),
        })
    }
}

/// The name of the party an invoice is red about.
fn name_of(row: &Invoice) -> &str {
    let location = row.draft.location.as_deref();
    match closed_by(row) {
        Some((MappingKind::Locations, _)) => location.unwrap_or(&row.draft.contact.name),
        _ => &row.draft.contact.name,
    }
}

/// The party itself, if it was resolved, and those of its name.
fn known_parties(reads: &dyn Reads, tenant: TenantId, row: &Invoice) -> Result<Vec<ContactRow>, ReadFailed> {
    let mut known = reads.contacts_named(tenant, name_of(row))?;
    let subject = row.sync.reason.as_ref().and_then(|reason| reason.subject.as_deref());
    if let Some(own) = subject
        .map(|subject| reads.contact(tenant, subject))
        .transpose()?
        .flatten()
        && !known.contains(&own)
    {
        known.push(own);
    }
    Ok(known)
}
