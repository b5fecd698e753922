//! The chart: organisation, accounts and tax rates, read before the first push needs them.

use super::machine::{Direction, Purpose, TenantMachine};
use crate::engine::effect::Effect;
use crate::engine::event::ConnectionEvent;
use crate::model::row::{Chart, Class};
use crate::model::time::{Mono, Now};
use crate::model::write::Write;
use crate::model::xero::{Account, Organisation, Request, TaxRate};

/// The reading of the reference data.
#[derive(Debug, Clone, Default)]
pub(super) struct ChartState {
    wanted_at: Option<Mono>,
    pending_parts: u32,
    failed: bool,
    failures: u32,
    pub organisation: Option<Organisation>,
    pub accounts: Option<Vec<Account>>,
    pub tax_rates: Option<Vec<TaxRate>>,
}

impl ChartState {
    /// It is needed, or no longer trusted.
    pub(super) fn want(&mut self) {
        if !self.is_fetching() {
            self.wanted_at.get_or_insert(Mono(0));
        }
    }

    pub(super) const fn is_fetching(&self) -> bool {
        self.pending_parts > 0
    }

    /// When its reading may start.
    pub(super) const fn due(&self) -> Option<Mono> {
        if self.is_fetching() { None } else { self.wanted_at }
    }

    pub(super) fn part_failed(&mut self, now: Now) {
        self.failed = true;
        self.end_part(now);
    }

    fn end_part(&mut self, now: Now) {
        self.pending_parts = self.pending_parts.saturating_sub(1);
        if self.pending_parts == 0 && self.failed {
            self.failures = self.failures.saturating_add(1);
            self.failed = false;
            self.wanted_at = Some(now.mono.plus_ms(250_u64 << self.failures.min(7)));
        }
    }
}

impl TenantMachine {
    /// Starts reading the chart when it is due.
    pub(super) fn dispatch_chart(&mut self, now: Now, out: &mut Vec<Effect>) {
        if self.chart.due().is_some_and(|due| due <= now.mono)
            && self.may_start(now, Class::Push, Direction::Read, 1).is_ok()
        {
            self.chart.wanted_at = None;
            let parts = [
                (
                    Purpose::Organisation,
                    Request::Organisation,
                    self.chart.organisation.is_some(),
                ),
                (Purpose::Accounts, Request::Accounts, self.chart.accounts.is_some()),
                (Purpose::TaxRates, Request::TaxRates, self.chart.tax_rates.is_some()),
            ];
            for (purpose, request, is_read) in parts {
                if !is_read {
                    self.chart.pending_parts = self.chart.pending_parts.saturating_add(1);
                    self.call(now, Class::Push, purpose, request, Vec::new(), Vec::new(), out);
                }
            }
        }
    }

    /// One of the three parts of the chart came.
    pub(super) fn chart_part(&mut self, now: Now, out: &mut Vec<Effect>) {
        self.chart.end_part(now);
        let state = &mut self.chart;
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
        let mut writes = vec![Write::Chart(Box::new(Chart {
            tenant: tenant.id,
            read_at: now.wall,
            organisation,
            accounts,
            tax_rates,
        }))];
        if *tenant != before {
            writes.push(Write::Tenant(Box::new(tenant.clone())));
        }
        out.push(Effect::Persist(writes));
        if self.is_catching_up() {
            self.connection_event(now, ConnectionEvent::CaughtUp, out);
        }
    }
}
