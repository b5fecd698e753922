//! A cause was fixed: what was red for it is queued again.

use std::collections::VecDeque;

use super::machine::TenantMachine;
use super::queue::PushOrder;
use crate::engine::badge;
use crate::engine::effect::{AskId, Effect, Reply};
use crate::model::reason::ReasonCode;
use crate::model::row::{Badge, Change, Invoice, Mapping, MappingKind, Settings};
use crate::model::time::Now;
use crate::model::write::Write;

/// Rows a release is fed at a time; fewer than this end it.
const RELEASE_MAX: usize = 500;

/// A fixed cause.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Cause {
    code: ReasonCode,
    subject: Option<String>,
    /// Only documents that use this code, tax type or party.
    uses: Option<(MappingKind, String)>,
}

impl Cause {
    fn concerns(&self, row: &Invoice) -> bool {
        let mut lines = row.draft.lines.iter();
        self.uses.as_ref().is_none_or(|(kind, key)| match kind {
            MappingKind::NominalCodes => lines.any(|line| line.nominal_code.as_ref() == Some(key)),
            MappingKind::TaxRates => lines.any(|line| line.tax_type.as_ref() == Some(key)),
            MappingKind::Contacts => row.draft.contact.reference == *key,
        })
    }
}

/// Fixed causes whose documents are still to be released.
#[derive(Debug, Clone, Default)]
pub(super) struct Releases {
    wanted: VecDeque<Cause>,
    running: Option<Cause>,
    ask: Option<AskId>,
    released: usize,
}

impl Releases {
    /// This cause is fixed.
    pub(super) fn want(&mut self, code: ReasonCode, subject: Option<String>) {
        self.want_users_of(code, subject, None);
    }

    /// This cause is fixed for the documents of a party.
    pub(super) fn want_party(&mut self, code: ReasonCode, reference: &str) {
        self.want_users_of(code, None, Some((MappingKind::Contacts, reference.to_owned())));
    }

    fn want_users_of(&mut self, code: ReasonCode, subject: Option<String>, uses: Option<(MappingKind, String)>) {
        let wanted = Cause { code, subject, uses };
        if !self.wanted.contains(&wanted) {
            self.wanted.push_back(wanted);
        }
    }
}

impl TenantMachine {
    pub(super) fn mapping_set(&mut self, ask: AskId, mapping: Mapping, before: Option<String>, out: &mut Vec<Effect>) {
        let codes: &[ReasonCode] = match mapping.kind {
            MappingKind::NominalCodes => &[ReasonCode::UnmappedNominalCode, ReasonCode::AccountMappingIncorrect],
            MappingKind::TaxRates => &[ReasonCode::PrerequisiteUnmapped],
            MappingKind::Contacts => &[
                ReasonCode::ContactCollision,
                ReasonCode::ContactArchived,
                ReasonCode::PrerequisiteUnmapped,
            ],
        };
        for code in codes {
            // Xero's own refusal does not name the host's code: the documents that use it are meant.
            let uses = Some((mapping.kind, mapping.key.clone()));
            self.releases.want_users_of(*code, None, uses);
        }
        let set = Change {
            field: format!("mappings.{}.{}", mapping.kind.label(), mapping.key),
            before: before.unwrap_or_default(),
            after: mapping.value.clone(),
        };
        self.record.set("mapping.set", vec![set]);
        out.push(Effect::Persist(vec![Write::Mapping(Box::new(mapping))]));
        self.tell_when_released(ask, out);
    }

    /// A second fix joins the first one's release; only one caller is told the sum.
    fn tell_when_released(&mut self, ask: AskId, out: &mut Vec<Effect>) {
        match self.releases.ask {
            None => self.releases.ask = Some(ask),
            Some(_) => out.push(Effect::Reply(ask, Reply::Done { released: 0 })),
        }
    }

    pub(super) fn settings_set(&mut self, ask: AskId, settings: Settings, out: &mut Vec<Effect>) {
        if settings.currencies != self.setup.tenant.settings.currencies {
            self.releases.want(ReasonCode::CurrencyMismatch, None);
        }
        if settings.same_code_default && !self.setup.tenant.settings.same_code_default {
            self.releases.want(ReasonCode::UnmappedNominalCode, None);
        }
        self.record
            .set("settings.changed", apart(&self.setup.tenant.settings, &settings));
        self.setup.tenant.settings = settings;
        out.push(Effect::Persist(vec![Write::Tenant(Box::new(
            self.setup.tenant.clone(),
        ))]));
        self.tell_when_released(ask, out);
    }

    /// Asks for the next rows to release, or tells that all are released.
    pub(super) fn release_next(&mut self, out: &mut Vec<Effect>) {
        if self.releases.running.is_some() {
            return;
        }
        if let Some(cause) = self.releases.wanted.pop_front() {
            out.push(Effect::LoadFailed {
                code: cause.code,
                subject: cause.subject.clone(),
                after: None,
            });
            self.releases.running = Some(cause);
        } else if let Some(ask) = self.releases.ask.take() {
            let released = std::mem::take(&mut self.releases.released);
            out.push(Effect::Reply(ask, Reply::Done { released }));
        }
    }

    pub(super) fn release_rows(
        &mut self,
        now: Now,
        code: ReasonCode,
        subject: Option<String>,
        rows: Vec<Invoice>,
        out: &mut Vec<Effect>,
    ) {
        let last = rows.last().map(|row| row.id).filter(|_| rows.len() >= RELEASE_MAX);
        let mut writes = Vec::new();
        for mut row in rows {
            let is_red = row.sync.badge == Some(Badge::Failed)
                && row.sync.reason.as_ref().is_some_and(|reason| reason.code == code);
            let is_meant = self.releases.running.as_ref().is_none_or(|cause| cause.concerns(&row));
            let wants = self.setup.tenant.settings.auto_sync.allows(row.draft.kind) || row.sync.asked;
            if !is_red || !is_meant || !wants || self.by_invoice.contains_key(&row.id) {
                continue;
            }
            self.queue_push(now, &mut row, PushOrder::by_itself(0), &mut writes);
            if !self.by_invoice.contains_key(&row.id) {
                continue;
            }
            self.releases.released = self.releases.released.saturating_add(1);
            writes.push(badge::write(&mut row, now));
            writes.push(badge::event(&mut self.ids, &row, now));
        }
        if !writes.is_empty() {
            out.push(Effect::Persist(writes));
        }
        match last {
            Some(after) => out.push(Effect::LoadFailed {
                code,
                subject,
                after: Some(after),
            }),
            None => {
                self.releases.running = None;
            }
        }
    }
}

/// Every setting that is another one.
fn apart(before: &Settings, after: &Settings) -> Vec<Change> {
    let currencies = |settings: &Settings| {
        let codes: Vec<&str> = settings.currencies.iter().map(|code| code.as_str()).collect();
        codes.join(",")
    };
    let fields = [
        (
            "auto_sync.enabled",
            before.auto_sync.enabled.to_string(),
            after.auto_sync.enabled.to_string(),
        ),
        (
            "auto_sync.sales",
            before.auto_sync.sales.to_string(),
            after.auto_sync.sales.to_string(),
        ),
        (
            "auto_sync.purchases",
            before.auto_sync.purchases.to_string(),
            after.auto_sync.purchases.to_string(),
        ),
        (
            "same_code_default",
            before.same_code_default.to_string(),
            after.same_code_default.to_string(),
        ),
        ("currencies", currencies(before), currencies(after)),
    ];
    fields
        .into_iter()
        .filter(|(_, before, after)| before != after)
        .map(|(field, before, after)| Change {
            field: field.to_owned(),
            before,
            after,
        })
        .collect()
}
