//! The upkeep after every event: what may go out now goes out.

use super::machine::{Direction, Stage, TenantMachine};
use crate::engine::effect::{Effect, Notice};
use crate::engine::status::Blocked;
use crate::model::ids::IntentId;
use crate::model::mutation::{Rule, is_broken};
use crate::model::row::Class;
use crate::model::time::{Mono, Now};

/// Most rows read for one round of pushes.
const LOAD_MAX: usize = 50;

impl TenantMachine {
    /// Expires what is over and starts what is due, in the order of urgency.
    pub(super) fn settle(&mut self, now: Now, out: &mut Vec<Effect>) {
        self.tend_connection(now, out);
        self.find_out(now, out);
        self.settle_hopeless(now, out);
        self.dispatch_chart(now, out);
        self.dispatch_contacts(now, out);
        self.load_next(now, out);
        self.pull_next(now, out);
        self.begin_night(now, out);
        self.run_jobs(now, out);
        self.release_next(out);
        self.relabel_next(out);
        self.follow_next(now, out);
        self.note_gate(now, out);
    }

    /// Reads the rows of the next pushes that may be sent: one class at a time, the highest first.
    fn load_next(&mut self, now: Now, out: &mut Vec<Effect>) {
        // While the chart is read, every push would only find out that it needs it.
        if self.loading.is_some() || self.chart.is_fetching() {
            return;
        }
        if is_broken(Rule::HeadBlocks) && !self.attempts.is_empty() {
            return;
        }
        for class in Class::ALL {
            let chosen = self.choose(now, class);
            if chosen.is_empty() {
                continue;
            }
            if self
                .may_start(now, class, Direction::Write, self.calls_waiting(class))
                .is_err()
            {
                continue;
            }
            for id in &chosen {
                self.dequeue(*id, Stage::Loading);
            }
            let invoices = chosen
                .iter()
                .filter_map(|id| self.works.get(id))
                .map(|work| work.intent.invoice)
                .collect();
            let load = self.next_load();
            self.loading = Some((load, chosen));
            out.push(Effect::Load { load, invoices });
            return;
        }
    }

    /// Those of a class that are due, and with them those that only wait for company.
    fn choose(&self, now: Now, class: Class) -> Vec<IntentId> {
        let first = (class, Mono(0), IntentId::from_bytes([0; 16]));
        let company_until = now.mono.plus_ms(self.setup.policy.batch_wait_ms);
        let waiting: Vec<(Mono, IntentId)> = self
            .queue
            .range(first..)
            .take_while(|(other, due, _)| *other == class && *due <= company_until)
            .take(LOAD_MAX)
            .map(|(_, due, id)| (*due, *id))
            .collect();
        let is_due = waiting.first().is_some_and(|(due, _)| *due <= now.mono);
        if is_due || waiting.len() >= LOAD_MAX {
            waiting.into_iter().map(|(_, id)| id).collect()
        } else {
            Vec::new()
        }
    }

    fn note_gate(&mut self, now: Now, out: &mut Vec<Effect>) {
        let gate = self.may_start(now, Class::Push, Direction::Write, 1).err();
        // Pacing and the number of calls at once come and go with every call: not worth a notice.
        let gate = gate.filter(|gate| !matches!(gate, Blocked::TooManyInFlight | Blocked::MinuteBudget { .. }));
        let label = gate.map(Blocked::label);
        if label != self.last_gate {
            self.last_gate = label;
            out.push(Effect::Announce(Notice::SendGate(gate)));
        }
    }
}
