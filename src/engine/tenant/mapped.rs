//! Mappings are set and taken away. One to something that the organisation does not have is refused, after
//! the chart was read anew: what is missing may just have been added in Xero.

use super::machine::{Direction, TenantMachine};
use crate::engine::effect::{AskId, Effect, Reply, Unmappable};
use crate::engine::event::MappingOrder;
use crate::model::candidates::{Wanted, candidates, refusal};
use crate::model::ids::XeroContactId;
use crate::model::reason::ReasonCode;
use crate::model::row::{Change, Channel, Chart, Class, FixedCause, Mapping, MappingKind};
use crate::model::time::Now;
use crate::model::write::Write;

/// Orders that wait for the chart.
#[derive(Debug, Clone)]
pub(super) struct Doubted {
    ask: AskId,
    orders: Vec<MappingOrder>,
    /// What is wrong with them if the chart cannot be read anew.
    wrong: Vec<Unmappable>,
    by: String,
}

impl TenantMachine {
    pub(super) fn mappings_set(
        &mut self,
        now: Now,
        ask: AskId,
        orders: Vec<MappingOrder>,
        chart: Option<&Chart>,
        by: String,
        out: &mut Vec<Effect>,
    ) {
        let wrong = unmappable(&orders, chart);
        let needs_chart = chart.is_none() && orders.iter().any(is_in_chart);
        let may_be_old =
            chart.is_some_and(|chart| now.wall.since_ms(chart.read_at).unsigned_abs() > self.doubt_age_ms());
        let is_doubted = needs_chart || (may_be_old && wrong.iter().any(|wrong| is_charted(wrong.kind)));
        if is_doubted && self.may_start(now, Class::User, Direction::Read, 1).is_ok() {
            let doubted = Doubted { ask, orders, wrong, by };
            self.doubted_mappings.push(doubted);
            self.chart.want();
        } else {
            self.map_or_refuse(now, ask, orders, wrong, out);
        }
    }

    fn doubt_age_ms(&self) -> u64 {
        u64::try_from(self.setup.policy.chart_doubt_age_ms).unwrap_or(0)
    }

    /// The chart was read anew, or cannot be: the orders that waited for it are decided.
    pub(super) fn settle_doubted(&mut self, now: Now, chart: Option<&Chart>, out: &mut Vec<Effect>) {
        for doubted in std::mem::take(&mut self.doubted_mappings) {
            let wrong = match chart {
                Some(chart) => unmappable(&doubted.orders, Some(chart)),
                None => doubted.wrong,
            };
            self.record.on_behalf_of(doubted.by);
            self.map_or_refuse(now, doubted.ask, doubted.orders, wrong, out);
        }
    }

    /// Nobody waits for a chart that cannot be read any more.
    pub(super) fn settle_hopeless(&mut self, now: Now, out: &mut Vec<Effect>) {
        if !self.doubted_mappings.is_empty() && self.access_for(Direction::Read).is_err() {
            self.settle_doubted(now, None, out);
        }
    }

    fn map_or_refuse(
        &mut self,
        now: Now,
        ask: AskId,
        orders: Vec<MappingOrder>,
        wrong: Vec<Unmappable>,
        out: &mut Vec<Effect>,
    ) {
        if !wrong.is_empty() {
            out.push(Effect::Reply(ask, Reply::Unmappable(wrong)));
            return;
        }
        let tenant = self.setup.tenant.id;
        let mut writes = Vec::new();
        let (mut set, mut removed) = (Vec::new(), Vec::new());
        for order in &orders {
            let change = Change {
                field: format!("mappings.{}.{}", order.kind.label(), order.key),
                before: order.before.clone().unwrap_or_default(),
                after: order.value.clone().unwrap_or_default(),
            };
            match &order.value {
                Some(value) => {
                    set.push(change);
                    writes.push(Write::Mapping(Box::new(Mapping {
                        tenant,
                        kind: order.kind,
                        key: order.key.clone(),
                        value: value.clone(),
                        set_at: now.wall,
                    })));
                }
                None => {
                    removed.push(change);
                    writes.push(Write::DropMapping(tenant, order.kind, order.key.clone()));
                }
            }
        }
        for (action, changes) in [("mapping.set", set), ("mapping.removed", removed)] {
            if !changes.is_empty() {
                self.record.set(action, changes);
            }
        }
        self.fixed_by_person(ask, causes(&orders), writes, out);
    }
}

/// What these mappings fix.
fn causes(orders: &[MappingOrder]) -> Vec<FixedCause> {
    let mut causes: Vec<FixedCause> = Vec::new();
    for order in orders {
        let word = (order.kind, order.key.clone());
        for code in fixes(order.kind) {
            match causes.iter_mut().find(|cause| cause.code == *code) {
                Some(cause) => cause.words.get_or_insert_default().push(word.clone()),
                None => causes.push(FixedCause {
                    code: *code,
                    words: Some(vec![word.clone()]),
                }),
            }
        }
    }
    causes
}

const fn fixes(kind: MappingKind) -> &'static [ReasonCode] {
    match kind {
        MappingKind::NominalCodes => &[ReasonCode::UnmappedNominalCode, ReasonCode::AccountMappingIncorrect],
        MappingKind::TaxRates | MappingKind::Items => &[ReasonCode::PrerequisiteUnmapped],
        MappingKind::Contacts | MappingKind::Channels | MappingKind::Locations => &[
            ReasonCode::ContactCollision,
            ReasonCode::ContactArchived,
            ReasonCode::PrerequisiteUnmapped,
        ],
    }
}

const fn is_charted(kind: MappingKind) -> bool {
    matches!(kind, MappingKind::NominalCodes | MappingKind::TaxRates)
}

const fn is_in_chart(order: &MappingOrder) -> bool {
    order.value.is_some() && is_charted(order.kind)
}

/// The orders that cannot be, with what may be meant instead.
fn unmappable(orders: &[MappingOrder], chart: Option<&Chart>) -> Vec<Unmappable> {
    orders.iter().filter_map(|order| wrong_with(order, chart)).collect()
}

fn wrong_with(order: &MappingOrder, chart: Option<&Chart>) -> Option<Unmappable> {
    let value = order.value.as_deref()?;
    let why = match order.kind {
        MappingKind::Contacts | MappingKind::Locations if value.parse::<XeroContactId>().is_err() => {
            "It must be the ContactID of a contact in Xero, a GUID.".to_owned()
        }
        MappingKind::Channels if Channel::parse(value).is_none() => {
            "It must be online, b2b, pos or the ContactID of a contact in Xero.".to_owned()
        }
        kind => refusal(chart?, kind, value)?,
    };
    let near = |word: &str| {
        let wanted = Wanted {
            word,
            ..Wanted::default()
        };
        chart
            .map(|chart| candidates(chart, order.kind, wanted))
            .unwrap_or_default()
    };
    let mut found = near(value);
    for candidate in near(&order.key) {
        if !found.contains(&candidate) {
            found.push(candidate);
        }
    }
    Some(Unmappable {
        kind: order.kind,
        key: order.key.clone(),
        why,
        candidates: found,
    })
}
