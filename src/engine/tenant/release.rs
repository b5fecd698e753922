//! A cause was fixed: what was red for it is queued again.

use std::collections::VecDeque;

use super::machine::TenantMachine;
use super::queue::PushOrder;
use crate::engine::badge;
use crate::engine::effect::{AskId, Effect, Reply};
use crate::model::reason::ReasonCode;
use crate::model::row::{Badge, Change, FixedCause, Invoice, MappingKind, Settings};
use crate::model::time::Now;
use crate::model::write::Write;
use crate::model::xero::XeroStatus;

/// Rows a release is fed at a time; fewer than this end it.
const RELEASE_MAX: usize = 500;

/// A fixed cause, and who wants to know what that released.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Wanted {
    cause: FixedCause,
    /// Only rows that are red about this.
    subject: Option<String>,
    /// The last of the causes this caller fixed.
    answers: Option<AskId>,
    /// The tenant remembers it, so that no crash leaves half of it undone.
    is_kept: bool,
}

impl FixedCause {
    fn concerns(&self, row: &Invoice) -> bool {
        let Some(words) = &self.words else { return true };
        let subject = row.sync.reason.as_ref().and_then(|reason| reason.subject.as_deref());
        words.iter().any(|(kind, word)| match (kind, subject) {
            (MappingKind::Channels | MappingKind::Locations, _) | (_, None) => {
                kind.words_of(&row.draft).any(|used| used == word)
            }
            // Xero's own refusals do not always name the host's word; where one is named, it alone counts.
            (_, Some(subject)) => subject == word,
        })
    }
}

/// Fixed causes whose documents are still to be released.
#[derive(Debug, Clone, Default)]
pub(super) struct Releases {
    wanted: VecDeque<Wanted>,
    running: Option<Wanted>,
    released: usize,
    /// Nothing was answered by Xero since the start: it may have been away before.
    is_fresh: bool,
}

impl Releases {
    /// What was fixed before the process ended, and is not all released.
    pub(super) fn restore(fixed: &[FixedCause]) -> Self {
        let wanted = fixed.iter().map(|cause| Wanted {
            cause: cause.clone(),
            subject: None,
            answers: None,
            is_kept: true,
        });
        Self {
            wanted: wanted.collect(),
            is_fresh: true,
            ..Self::default()
        }
    }

    /// This cause is gone for all.
    pub(super) fn want(&mut self, code: ReasonCode) {
        self.want_for(code, None, None);
    }

    /// This cause is gone for what is red about one thing.
    pub(super) fn want_about(&mut self, code: ReasonCode, subject: &str) {
        self.want_for(code, Some(subject.to_owned()), None);
    }

    /// This cause is gone for the documents that use one of these words.
    pub(super) fn want_words(&mut self, code: ReasonCode, words: Vec<(MappingKind, String)>) {
        self.want_for(code, None, Some(words));
    }

    fn want_for(&mut self, code: ReasonCode, subject: Option<String>, words: Option<Vec<(MappingKind, String)>>) {
        let wanted = Wanted {
            cause: FixedCause { code, words },
            subject,
            answers: None,
            is_kept: false,
        };
        if !self.wanted.contains(&wanted) {
            self.wanted.push_back(wanted);
        }
    }

    /// Xero answered. After a start that may be the end of an outage.
    pub(super) fn heard_of_xero(&mut self) {
        if std::mem::take(&mut self.is_fresh) {
            self.want(ReasonCode::XeroUnavailable);
        }
    }
}

impl TenantMachine {
    /// A person fixed these causes with these changes: they are told how many documents that released.
    pub(super) fn fixed_by_person(
        &mut self,
        ask: AskId,
        causes: Vec<FixedCause>,
        mut writes: Vec<Write>,
        out: &mut Vec<Effect>,
    ) {
        if causes.is_empty() {
            out.push(Effect::Persist(writes));
            out.push(Effect::Reply(ask, Reply::Done { released: 0 }));
            return;
        }
        let last = causes.len().saturating_sub(1);
        for (at, cause) in causes.into_iter().enumerate() {
            self.setup.tenant.fixed.push(cause.clone());
            self.releases.wanted.push_back(Wanted {
                cause,
                subject: None,
                answers: (at == last).then_some(ask),
                is_kept: true,
            });
        }
        writes.retain(|write| !matches!(write, Write::Tenant(_)));
        writes.push(Write::Tenant(Box::new(self.setup.tenant.clone())));
        out.push(Effect::Persist(writes));
    }

    pub(super) fn settings_set(&mut self, ask: AskId, settings: Settings, out: &mut Vec<Effect>) {
        let before = std::mem::replace(&mut self.setup.tenant.settings, settings);
        let settings = &self.setup.tenant.settings;
        let all = |code| FixedCause { code, words: None };
        let mut causes = Vec::new();
        if settings.currencies != before.currencies {
            causes.push(all(ReasonCode::CurrencyMismatch));
        }
        if settings.same_code_default && !before.same_code_default {
            causes.push(all(ReasonCode::UnmappedNominalCode));
        }
        self.record.set("settings.changed", apart(&before, settings));
        let write = Write::Tenant(Box::new(self.setup.tenant.clone()));
        self.fixed_by_person(ask, causes, vec![write], out);
    }

    /// Asks for the next rows to release.
    pub(super) fn release_next(&mut self, out: &mut Vec<Effect>) {
        if self.releases.running.is_some() {
            return;
        }
        if let Some(wanted) = self.releases.wanted.pop_front() {
            out.push(Effect::LoadFailed {
                code: wanted.cause.code,
                subject: wanted.subject.clone(),
                after: None,
            });
            self.releases.running = Some(wanted);
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
            let running = self.releases.running.as_ref();
            let is_meant = running.is_none_or(|wanted| wanted.cause.concerns(&row)) && self.is_unlocked(&row);
            if !is_red || !is_meant || !self.release_one(now, &mut row, &mut writes) {
                continue;
            }
            self.releases.released = self.releases.released.saturating_add(1);
            writes.push(badge::write(&mut row, now));
            writes.push(badge::event(&mut self.ids, &row, now));
        }
        let ended = if last.is_none() {
            self.releases.running.take()
        } else {
            None
        };
        if let Some(wanted) = ended.as_ref().filter(|wanted| wanted.is_kept) {
            let fixed = &mut self.setup.tenant.fixed;
            if let Some(at) = fixed.iter().position(|cause| *cause == wanted.cause) {
                fixed.remove(at);
            }
            writes.push(Write::Tenant(Box::new(self.setup.tenant.clone())));
        }
        if !writes.is_empty() {
            out.push(Effect::Persist(writes));
        }
        if let Some(after) = last {
            out.push(Effect::LoadFailed {
                code,
                subject,
                after: Some(after),
            });
        }
        match ended {
            Some(Wanted { answers: Some(ask), .. }) => {
                let released = std::mem::take(&mut self.releases.released);
                out.push(Effect::Reply(ask, Reply::Done { released }));
            }
            // What was released for nobody in particular is no part of the next caller's number.
            Some(wanted) if !wanted.is_kept => self.releases.released = 0,
            _ => {}
        }
    }
}

impl TenantMachine {
    /// Queues a red invoice again, if it is pushed by itself or somebody asked for it. Returns whether.
    fn release_one(&mut self, now: Now, row: &mut Invoice, writes: &mut Vec<Write>) -> bool {
        let wants = self.setup.tenant.settings.push_by_itself(&row.draft) || row.sync.asked;
        if !wants || self.by_invoice.contains_key(&row.id) {
            return false;
        }
        self.queue_push(now, row, PushOrder::by_itself(0), writes);
        self.by_invoice.contains_key(&row.id)
    }

    /// The payments and credits that kept Xero from changing a document were taken away.
    pub(super) fn release_editable(&mut self, now: Now, row: &mut Invoice, writes: &mut Vec<Write>) -> bool {
        let reason = row.sync.reason.as_ref().map(|reason| reason.code);
        let is_free = row.copy.as_ref().is_some_and(|copy| {
            let is_open = !copy.status.is_gone() && copy.status != XeroStatus::Paid;
            is_open && copy.amount_paid.is_zero() && copy.amount_credited.is_zero()
        });
        reason == Some(ReasonCode::NotEditableInXero) && is_free && self.release_one(now, row, writes)
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
        (
            "contacts_opt_out",
            before.contacts_opt_out.join(","),
            after.contacts_opt_out.join(","),
        ),
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
