//! The chart: organisation, accounts and tax rates, read before the first push needs them.

use std::hash::{DefaultHasher, Hash, Hasher};

use chrono::NaiveDate;

use super::machine::{Direction, Purpose, TenantMachine};
use super::queue::Waiting;
use crate::engine::effect::Effect;
use crate::model::reason::ReasonCode;
use crate::model::row::{Chart, Class, Invoice, MappingKind};
use crate::model::time::{Mono, Now};
use crate::model::write::Write;
use crate::model::xero::{Account, Organisation, Request, TaxRate};

/// First delay before a failed reading is made again; doubles each time, up to half a minute.
const READ_AGAIN_MS: u64 = 250;

/// A part of the chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    Organisation,
    Accounts,
    TaxRates,
}

/// The reading of the reference data.
#[derive(Debug, Clone, Default)]
pub(super) struct ChartState {
    wanted_at: Option<Mono>,
    under_way: Vec<Part>,
    failures: u32,
    pub organisation: Option<Organisation>,
    pub accounts: Option<Vec<Account>>,
    pub tax_rates: Option<Vec<TaxRate>>,
    known: Option<Known>,
}

/// What of a chart decides whether documents can be sent, in few bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Known {
    /// Digest of the accounts that can be used.
    accounts: u64,
    /// Digest of the tax rates that can be used.
    tax_rates: u64,
    locked_until: Option<NaiveDate>,
}

impl Known {
    fn of(chart: &Chart) -> Self {
        let accounts = chart.accounts.iter().filter(|account| account.unusable().is_none());
        let rates = chart.tax_rates.iter().filter(|rate| rate.is_active);
        Self {
            accounts: digest(accounts.filter_map(|account| account.code.as_deref())),
            tax_rates: digest(rates.map(|rate| rate.tax_type.as_str())),
            locked_until: chart.organisation.locked_until(),
        }
    }
}

/// The same for the same words, whatever their order.
fn digest<'a>(words: impl Iterator<Item = &'a str>) -> u64 {
    let mut words: Vec<&str> = words.collect();
    words.sort_unstable();
    let mut hasher = DefaultHasher::new();
    words.hash(&mut hasher);
    hasher.finish()
}

impl ChartState {
    /// It is needed, or no longer trusted.
    pub(super) fn want(&mut self) {
        self.wanted_at.get_or_insert(Mono(0));
    }

    pub(super) const fn is_fetching(&self) -> bool {
        !self.under_way.is_empty()
    }

    /// When its next part may be read.
    pub(super) fn due(&self) -> Option<Mono> {
        self.wanted_at.filter(|_| self.next_part().is_some())
    }

    pub(super) fn part_failed(&mut self, now: Now, part: Part) {
        self.under_way.retain(|open| *open != part);
        self.failures = self.failures.saturating_add(1);
        self.wanted_at = Some(now.mono.plus_ms(READ_AGAIN_MS << self.failures.min(7)));
    }

    fn next_part(&self) -> Option<Part> {
        [
            (Part::Organisation, self.organisation.is_some()),
            (Part::Accounts, self.accounts.is_some()),
            (Part::TaxRates, self.tax_rates.is_some()),
        ]
        .into_iter()
        .find(|(part, is_read)| !is_read && !self.under_way.contains(part))
        .map(|(part, _)| part)
    }
}

impl TenantMachine {
    /// Starts reading the chart when it is due, as far as calls are free.
    pub(super) fn dispatch_chart(&mut self, now: Now, out: &mut Vec<Effect>) {
        let class = self.chart_class();
        while self.chart.due().is_some_and(|due| due <= now.mono)
            && self.may_start(now, class, Direction::Read, 1).is_ok()
            && let Some(part) = self.chart.next_part()
        {
            self.chart.under_way.push(part);
            let (purpose, request) = match part {
                Part::Organisation => (Purpose::Organisation, Request::Organisation),
                Part::Accounts => (Purpose::Accounts, Request::Accounts),
                Part::TaxRates => (Purpose::TaxRates, Request::TaxRates),
            };
            self.call(now, class, purpose, request, Vec::new(), Vec::new(), out);
        }
    }

    /// How urgent the chart is.
    pub(super) fn chart_class(&self) -> Class {
        if self.doubted_mappings.is_empty() {
            Waiting::class(&self.waiting.chart)
        } else {
            Class::User
        }
    }

    /// A part of the chart could not be read: it is read again later.
    pub(super) fn chart_part_failed(&mut self, now: Now, part: Part, out: &mut Vec<Effect>) {
        self.chart.part_failed(now, part);
        self.settle_doubted(now, None, out);
    }

    /// The chart as it was read before is known by this, so that a change of it is noticed.
    pub(super) fn know_chart(&mut self, chart: &Chart) {
        self.chart.known.get_or_insert_with(|| Known::of(chart));
    }

    /// Whether a document that was red because its period was locked is not locked any more, as far
    /// as is known. What is red for anything else is not locked.
    pub(super) fn is_unlocked(&self, row: &Invoice) -> bool {
        let is_about_lock = row
            .sync
            .reason
            .as_ref()
            .is_some_and(|reason| reason.code == ReasonCode::PeriodLocked);
        let lock = self.chart.known.and_then(|known| known.locked_until);
        !is_about_lock || lock.is_none_or(|lock| row.draft.issue_date > lock)
    }

    /// What was red for want of something that is there now is released.
    fn release_by_chart(&mut self, chart: &Chart) {
        let after = Known::of(chart);
        let Some(before) = self.chart.known.replace(after).filter(|before| *before != after) else {
            return;
        };
        if before.accounts != after.accounts {
            self.releases.want(ReasonCode::AccountMappingIncorrect);
            if self.setup.tenant.settings.same_code_default {
                let usable = chart.accounts.iter().filter(|account| account.unusable().is_none());
                let codes = usable.filter_map(|account| account.code.clone());
                let words = codes.map(|code| (MappingKind::NominalCodes, code)).collect();
                self.releases.want_words(ReasonCode::UnmappedNominalCode, words);
            }
        }
        if before.tax_rates != after.tax_rates {
            self.releases.want(ReasonCode::PrerequisiteUnmapped);
        }
        if after.locked_until < before.locked_until {
            self.releases.want(ReasonCode::PeriodLocked);
        }
    }

    /// One of the three parts of the chart came.
    pub(super) fn chart_part(&mut self, now: Now, part: Part, out: &mut Vec<Effect>) {
        let state = &mut self.chart;
        state.under_way.retain(|open| *open != part);
        if state.organisation.is_none() || state.accounts.is_none() || state.tax_rates.is_none() {
            return;
        }
        let (Some(organisation), Some(accounts), Some(tax_rates)) =
            (state.organisation.take(), state.accounts.take(), state.tax_rates.take())
        else {
            return;
        };
        state.failures = 0;
        state.wanted_at = None;
        let tenant = &mut self.setup.tenant;
        let before = tenant.clone();
        tenant.name.clone_from(&organisation.name);
        tenant.time_zone.clone_from(&organisation.time_zone);
        tenant.short_code.clone_from(&organisation.short_code);
        tenant.base_currency = Some(organisation.base_currency);
        let chart = Chart {
            tenant: tenant.id,
            read_at: now.wall,
            organisation,
            accounts,
            tax_rates,
        };
        let mut writes = vec![Write::Chart(Box::new(chart.clone()))];
        if *tenant != before {
            writes.push(Write::Tenant(Box::new(tenant.clone())));
        }
        out.push(Effect::Persist(writes));
        self.release_by_chart(&chart);
        self.settle_doubted(now, Some(&chart), out);
        for (_, id) in self.waiting.chart.clone() {
            self.enqueue(id, now.mono);
        }
        self.pulls.is_chart_fresh = true;
        self.end_catch_up(now, out);
    }
}
