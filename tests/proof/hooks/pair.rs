//! Webhooks decide nothing: whether all come, a third of them, or none at all, the end is the same.

use std::collections::BTreeMap;

use counterfoil::model::ids::Marker;
use counterfoil::model::row::{Badge, Invoice};
use counterfoil::model::standing::Standing;
use counterfoil::sandbox::books::Books;
use rand::RngExt as _;
use rand::rngs::StdRng;

use super::knobs::HookKnobs;
use crate::directed::{KNOBS, put};
use crate::draw::{Draw, draw};
use crate::ending;
use crate::play::perform;
use crate::simulation::Simulation;
use crate::story::{Act, Deed, Faults, Knobs, Plan, Story};

/// Seeds of each in a plain run.
const SEEDS: u64 = if cfg!(debug_assertions) { 15 } else { 200 };
/// Documents of a story.
const DOCUMENTS: u32 = 4;
/// Whatever happened to a document before this is here without any webhook.
const SEEN_MS: u64 = 800_000;

/// What a run ends in, without moments and identifiers, which differ from run to run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct End(BTreeMap<String, Vec<String>>);

/// What happens: the same whatever becomes of webhooks. With `apart`, nothing happens to a document
/// again before the last thing that did is here by reading alone; otherwise everything follows
/// everything, and only what is in the end can be the same, not what was on the way.
fn acts(seed: u64, apart: bool) -> Vec<Act> {
    let mut rng = draw(seed, Draw::Story, if apart { 6 } else { 7 });
    let rng = &mut rng;
    let mut acts: Vec<Act> = (0..DOCUMENTS).map(|which| put(which, 50 + which)).collect();
    acts.push(Act::Run(600_000));
    for _ in 0..rng.random_range(3..7) {
        if apart {
            for which in 0..DOCUMENTS {
                acts.extend(rng.random_bool(0.7).then(|| one(rng, which)));
                acts.push(Act::Run(rng.random_range(1..8_000)));
            }
            acts.push(Act::Run(SEEN_MS));
        } else {
            let which = rng.random_range(0..DOCUMENTS);
            acts.push(Act::InXero(which, deed(rng)));
            let most = [300, 5_000, 60_000, 600_000][rng.random_range(0..4)];
            acts.push(Act::Run(rng.random_range(1..most)));
        }
        if rng.random_bool(0.2) {
            acts.push(Act::CrashIn(rng.random_range(0..8), 60_000));
        }
    }
    acts
}

/// Something that people or the host do to a document.
fn one(rng: &mut StdRng, which: u32) -> Act {
    match rng.random_range(0..5) {
        0 => put(which, rng.random_range(100..200)),
        1 => Act::Acknowledge(which),
        _ => Act::InXero(which, deed(rng)),
    }
}

fn deed(rng: &mut StdRng) -> Deed {
    match rng.random_range(0..8) {
        0 => Deed::Void,
        1..4 => Deed::Pay,
        4 => Deed::Unpay,
        _ => Deed::Edit(rng.random_range(0..100)),
    }
}

fn ends_in(seed: u64, apart: bool, hooks: HookKnobs, page_rows: u32) -> (End, Simulation) {
    let knobs = Knobs {
        documents: DOCUMENTS,
        pulls: true,
        page_rows,
        hooks,
        ..KNOBS
    };
    let story = Story {
        seed,
        knobs,
        acts: acts(seed, apart),
        faults: Faults::Planned(Plan::default()),
    };
    let mut simulation = Simulation::new(&story);
    // People do what the story says, and nothing between two pages.
    simulation.faults_strike = false;
    for act in &story.acts {
        if matches!(act, Act::Put { .. } | Act::Acknowledge(_)) {
            // Hosts and people wait until somebody answers.
            simulation.dies_in = None;
            while simulation.shell.is_none() {
                simulation.run_ms(500);
            }
        }
        perform(&mut simulation, act);
    }
    ending::settle(&mut simulation);
    simulation.promises.compare(&simulation.reader);
    let books = simulation.wire.world.books(simulation.wire.tenant).expect("the books");
    let rows = simulation.promises.invoices.values();
    let end = rows
        .map(|row| (row.host_ref.clone(), lines_of(row, books, apart)))
        .collect();
    (End(end), simulation)
}

/// A document as it is here and there.
fn lines_of(row: &Invoice, books: &Books, apart: bool) -> Vec<String> {
    let mut lines = vec![
        format!("draft {:?}", row.draft),
        format!("as written {:?}", row.back.as_written),
        format!("stands {:?}", Standing::of(row)),
    ];
    if let Some(copy) = &row.copy {
        let of_line = |line: &counterfoil::model::xero::XeroLine| {
            format!("{} {:?} {:?}", line.description, line.quantity, line.unit_amount)
        };
        let texts: Vec<String> = copy.lines.iter().map(of_line).collect();
        lines.push(format!(
            "copy {:?} due {} paid {} credited {} {texts:?}",
            copy.status, copy.amount_due, copy.amount_paid, copy.amount_credited
        ));
    }
    let mut payments: Vec<String> = row
        .back
        .payments
        .iter()
        .filter(|payment| apart || payment.deleted_at.is_none())
        .map(|payment| format!("paid {} deleted {}", payment.amount, payment.deleted_at.is_some()))
        .collect();
    payments.sort();
    lines.extend(payments);
    if let Some(variance) = &row.back.variance {
        lines.push(format!("variance {:?}", variance.differences));
        lines.push(format!("acknowledged {}", apart && variance.acknowledged.is_some()));
    }
    let found = books.invoices().iter().find(|found| {
        let marker = found.url.as_deref().and_then(Marker::find);
        marker == Some(row.marker)
    });
    if let Some(found) = found {
        lines.push(format!(
            "in Xero {:?} paid {} due {:?}",
            found.status, found.amount_paid, found.total
        ));
    }
    if apart {
        let reason = row.sync.reason.as_ref().map(|reason| reason.code);
        lines.push(format!("badge {:?} {reason:?}", row.sync.badge));
        let alerts = row.back.alerts.iter();
        lines.extend(alerts.map(|alert| format!("alert {:?} {}", alert.reason.code, alert.acknowledged.is_some())));
    } else {
        // A payment that came and went unseen is told, one that was seen is not.
        lines.push(format!("grey {}", row.sync.badge == Some(Badge::Pending)));
    }
    lines
}

/// The same story with webhooks that are all well, that are mostly not, and with none.
fn compare(seed: u64, apart: bool) {
    let page_rows = u32::try_from(seed % 3).unwrap_or(0);
    let (none, _) = ends_in(seed, apart, HookKnobs::NONE, page_rows);
    assert_eq!(none.0.len(), 4, "56: the story has its documents");
    for (name, hooks) in [("all well", HookKnobs::WELL), ("mostly not", HookKnobs::BAD)] {
        let (end, simulation) = ends_in(seed, apart, hooks, page_rows);
        for (host_ref, lines) in &none.0 {
            let other = end.0.get(host_ref).map(Vec::as_slice).unwrap_or_default();
            assert_eq!(
                other,
                lines,
                "56: seed {seed}: {host_ref} ends otherwise with webhooks {name}\n{}",
                simulation.script.join("\n")
            );
        }
    }
}

#[test]
fn whatever_becomes_of_webhooks_the_end_is_the_same_to_the_last_alert() {
    for seed in 1..=SEEDS {
        compare(seed, true);
    }
}

#[test]
fn whatever_becomes_of_webhooks_what_is_in_the_end_is_the_same() {
    for seed in 1..=SEEDS {
        compare(seed, false);
    }
}
