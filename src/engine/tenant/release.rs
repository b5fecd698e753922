//! A cause was fixed: what was red for it is queued again.

use std::collections::VecDeque;

use super::machine::TenantMachine;
use crate::engine::badge;
use crate::engine::effect::{AskId, Effect, Reply};
use crate::model::reason::ReasonCode;
use crate::model::row::{Badge, Class, Invoice, Mapping, MappingKind, Settings};
use crate::model::time::Now;
use crate::model::write::Write;

/// Rows a release is fed at a time; fewer than this end it.
const RELEASE_MAX: usize = 500;

/// Fixed causes whose documents are still to be released.
#[derive(Debug, Clone, Default)]
pub(super) struct Releases {
    wanted: VecDeque<(ReasonCode, Option<String>)>,
    running: bool,
    ask: Option<AskId>,
    released: usize,
}

impl Releases {
    /// This cause is fixed.
    pub(super) fn want(&mut self, code: ReasonCode, subject: Option<String>) {
        let wanted = (code, subject);
        if !self.wanted.contains(&wanted) {
            self.wanted.push_back(wanted);
        }
    }
}

impl TenantMachine {
    pub(super) fn mapping_set(&mut self, ask: AskId, mapping: Mapping, out: &mut Vec<Effect>) {
        let codes: &[ReasonCode] = match mapping.kind {
            MappingKind::NominalCodes => &[ReasonCode::UnmappedNominalCode, ReasonCode::AccountMappingIncorrect],
            MappingKind::TaxRates => &[ReasonCode::PrerequisiteUnmapped],
        };
        for code in codes {
            self.releases.want(*code, Some(mapping.key.clone()));
        }
        out.push(Effect::Persist(vec![Write::Mapping(Box::new(mapping))]));
        // A second fix joins the first one's release; only one caller is told the sum.
        match self.releases.ask {
            None => self.releases.ask = Some(ask),
            Some(_) => out.push(Effect::Reply(ask, Reply::Done { released: 0 })),
        }
    }

    pub(super) fn settings_set(&mut self, ask: AskId, settings: Settings, out: &mut Vec<Effect>) {
        if settings.currencies != self.setup.tenant.settings.currencies {
            self.releases.want(ReasonCode::CurrencyMismatch, None);
        }
        self.setup.tenant.settings = settings;
        out.push(Effect::Persist(vec![Write::Tenant(Box::new(
            self.setup.tenant.clone(),
        ))]));
        out.push(Effect::Reply(ask, Reply::Done { released: 0 }));
    }

    /// Asks for the next rows to release, or tells that all are released.
    pub(super) fn release_next(&mut self, out: &mut Vec<Effect>) {
        if self.releases.running {
            return;
        }
        if let Some((code, subject)) = self.releases.wanted.front().cloned() {
            self.releases.running = true;
            out.push(Effect::LoadFailed {
                code,
                subject,
                after: None,
            });
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
            let wants = self.setup.tenant.settings.auto_sync.allows(row.draft.kind) || row.sync.asked;
            if !is_red || !wants || self.by_invoice.contains_key(&row.id) {
                continue;
            }
            self.queue_push(now, &mut row, Class::Push, 0, None, &mut writes);
            if row.sync.badge == Some(Badge::Failed) && row.sync.reason.as_ref().is_some_and(|now| now.code == code) {
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
                self.releases.running = false;
                self.releases.wanted.retain(|wanted| *wanted != (code, subject.clone()));
            }
        }
    }
}
