//! What people do about what came back, in stories with webhooks: drawn apart, so that every other
//! act of a seed stays what it was.

use counterfoil::engine::event::{Event, JobOrder, JobPlan, Review};
use counterfoil::model::ids::InvoiceId;
use counterfoil::store::Urgency;
use rand::RngExt as _;

use super::knobs::HookKnobs;
use crate::draw::{Draw, draw};
use crate::simulation::Simulation;
use crate::story::{Act, Deed};

/// The acts of a seed, with more between them if webhooks are sent.
pub fn with_acts(seed: u64, acts: Vec<Act>, hooks: &HookKnobs, documents: u32) -> Vec<Act> {
    if !hooks.sent {
        return acts;
    }
    let mut rng = draw(seed, Draw::Story, 5);
    let mut all = Vec::new();
    for act in acts {
        all.push(act);
        if rng.random_bool(0.25) {
            let which = rng.random_range(0..documents);
            all.push(match rng.random_range(0..20) {
                0..5 => Act::Refresh(which),
                5 => Act::RefreshAll,
                6 => Act::Check,
                7..11 => Act::Acknowledge(which),
                11..14 => Act::InXero(which, Deed::Edit(rng.random_range(0..100))),
                14..17 => Act::InXero(which, Deed::Pay),
                17 => Act::InXero(which, Deed::Unpay),
                _ => Act::Run(rng.random_range(1..200_000)),
            });
        }
    }
    all
}

/// Linked invoices are counted up to here, as the actor counts them.
const COUNTED_MAX: usize = 40_000;

/// A person asks for one document to be read again.
pub fn refresh(simulation: &mut Simulation, which: u32) {
    let row = simulation.promises.find(&format!("r{which}"));
    let linked = row.and_then(|row| Some((row.id, row.link.as_ref()?.xero_id)));
    if let Some((invoice, xero_id)) = linked {
        begin(simulation, JobPlan::These(vec![xero_id]), Some(invoice));
    }
}

/// A person asks for a job.
pub fn begin(simulation: &mut Simulation, plan: JobPlan, invoice: Option<InvoiceId>) {
    simulation.say(|| format!("a person asks for {plan:?}"));
    let linked = match plan {
        JobPlan::These(_) | JobPlan::Links(_) => Some(0),
        _ => simulation
            .reader
            .linked_count(simulation.tenant, COUNTED_MAX)
            .expect("a count"),
    };
    let Some(shell) = simulation.shell.as_mut() else { return };
    let order = Box::new(JobOrder {
        plan,
        linked,
        skipped: 0,
        invoice,
    });
    let event = Event::Begin {
        ask: shell.ask("job"),
        order,
        requested_by: "token:proof".to_owned(),
    };
    simulation.feed(event, Urgency::NewWork);
}

/// A person has looked at the variance and the alerts of a document.
pub fn acknowledge(simulation: &mut Simulation, which: u32) {
    simulation.say(|| format!("a person has looked at r{which}"));
    for is_about_variance in [true, false] {
        let Some(shell) = simulation.shell.as_mut() else { return };
        let Some(row) = shell
            .view()
            .invoice_by_ref(&format!("r{which}"))
            .expect("rows can be read")
        else {
            return;
        };
        let review = Box::new(Review {
            is_about_variance,
            version: None,
            by: "token:proof".to_owned(),
            note: "seen".to_owned(),
        });
        let event = Event::Acknowledged {
            ask: shell.ask("review"),
            row: Box::new(row),
            review,
        };
        simulation.feed(event, Urgency::NewWork);
    }
}
