//! Faults stop: everything settles, and is as the host wants it.

use counterfoil::engine::event::{ConnectionEvent, Event};
use counterfoil::model::connection::{ConnectionState, Gate};
use counterfoil::model::document::{HostStatus, InvoiceKind};
use counterfoil::model::ids::Marker;
use counterfoil::model::reason::ReasonCode;
use counterfoil::model::row::{Badge, Invoice as Row};
use counterfoil::sandbox::books::{Books, Invoice, InvoiceStatus, PaymentStatus, Target};
use counterfoil::store::Urgency;
use uuid::Uuid;

use super::back::assert_all_here;
use super::draft::approved;
use super::play::{in_xero, lock, map, put, set_credits, set_toggle, sync_now};
use super::shell::Shell;
use super::simulation::Simulation;
use super::story::Deed;

/// Everything must have settled so long after the last fault: an unknown outcome takes up to 35
/// minutes, what follows from it ten more.
const SETTLES_WITHIN_MS: u64 = 45 * 60_000;
/// A valid document reaches Xero within this.
const PUSHED_WITHIN_MS: u64 = 10 * 60_000;
/// With few calls a day, the fair share comes with the next day.
const NEXT_DAY_MS: u64 = 25 * 3_600_000;
/// A scan under way ends within so many tenths of a second.
const REST_STEPS: u32 = 600;
/// What changed in Xero is here within this, and what lists lag.
const SEEN_WITHIN_MS: u64 = 5 * 60_000;
/// A day's limit that never binds here.
const ENOUGH_A_DAY: u32 = 1_000;

/// Faults stop: everything settles.
pub fn settle(simulation: &mut Simulation) {
    simulation.faults_strike = false;
    simulation.dies_in = None;
    if let Some(post) = simulation.post.as_mut() {
        post.spare();
    }
    simulation.say(|| "faults stop".to_owned());
    if simulation.knobs.ends_right {
        simulation.clock.skew_ms = 0;
        simulation.promises.skewed();
    }
    simulation.run_ms(1_300_000);
    resolve_connection(simulation);
    simulation.run_ms(fair_share(simulation, SETTLES_WITHIN_MS));
    come_to_rest(simulation);
    assert_settled(simulation);
    if simulation.knobs.pulls {
        assert_all_here(&simulation.promises.invoices, books(simulation));
    }
}

/// What is read by itself may just be under way.
pub fn come_to_rest(simulation: &mut Simulation) {
    let is_busy = |shell: &Shell| !(shell.calls.is_empty() && shell.commits.is_empty() && shell.waiting.is_empty());
    for _ in 0..REST_STEPS {
        if !simulation.shell.as_ref().is_some_and(is_busy) {
            return;
        }
        simulation.run_ms(100);
    }
}

fn fair_share(simulation: &Simulation, span_ms: u64) -> u64 {
    let knobs = &simulation.knobs;
    let documents = u64::from(knobs.documents);
    // Two calls for each at the slowest pace, beside what others need.
    let paced_ms = documents * 4 * 60_000 / u64::from(knobs.minute);
    let daily_ms = if knobs.day < ENOUGH_A_DAY { NEXT_DAY_MS } else { 0 };
    span_ms + paced_ms + daily_ms
}

pub fn resolve_connection(simulation: &mut Simulation) {
    let Some(shell) = simulation.shell.as_ref() else {
        panic!("38: the process does not come back");
    };
    let tenant = shell.machine.tenant();
    let (state, has_none) = (tenant.connection.state, tenant.is_out_of_credits());
    if has_none {
        set_credits(simulation, None);
    }
    let event = match state {
        ConnectionState::Active | ConnectionState::PendingCredits => return,
        ConnectionState::RequiresReauth | ConnectionState::GracePeriod | ConnectionState::Disconnected => {
            ConnectionEvent::Reconnected
        }
    };
    simulation.say(|| format!("resolved: {event:?}"));
    simulation.feed(Event::Connection(event), Urgency::Result);
}

pub fn assert_settled(simulation: &Simulation) {
    let promises = &simulation.promises;
    let now = simulation.clock.now();
    let shell = simulation.shell.as_ref().expect("38: the process is there");
    let status = shell.machine.status(now);
    assert_eq!(
        promises.tenant.connection.gate,
        Gate::Open,
        "36: it catches up for ever: {status:?}"
    );
    assert!(
        promises.batches.is_empty(),
        "34: outcomes are still unknown: {:?}",
        promises.batches
    );
    assert!(
        promises.intents.is_empty(),
        "36: still queued: {status:?} {:?}",
        promises.intents
    );
    let operations = promises.operations.values();
    assert!(
        operations.into_iter().all(|operation| operation.state.is_final()),
        "36: an operation never ends"
    );
    assert!(shell.asks.is_empty(), "36: callers never hear: {:?}", shell.asks);
    assert!(
        shell.commits.is_empty() && shell.waiting.is_empty() && shell.calls.is_empty(),
        "30: something stays behind"
    );
    promises.witness.assert_nothing_owed(&promises.invoices);
    let books = books(simulation);
    for row in promises.invoices.values() {
        assert_ne!(
            row.sync.badge,
            Some(Badge::Pending),
            "33: {} is still grey",
            row.host_ref
        );
        let is_there = books
            .invoices()
            .iter()
            .any(|found| found.url.as_deref().and_then(Marker::find) == Some(row.marker));
        assert!(
            !is_there || row.link.is_some(),
            "8: {} is in Xero and not linked",
            row.host_ref
        );
    }
}

fn books(simulation: &Simulation) -> &Books {
    simulation.wire.world.books(simulation.wire.tenant).expect("the books")
}

/// Then it is in Xero just as the host wants it.
pub fn people_press_sync_now(simulation: &mut Simulation) {
    lock(simulation, false);
    set_toggle(simulation, true);
    map(simulation);
    let names: Vec<String> = simulation
        .promises
        .invoices
        .values()
        .map(|row| row.host_ref.clone())
        .collect();
    // The second time for those that were told what Xero alone changed.
    for is_second in [false, true] {
        let told = |name: &&String| {
            let row = simulation.promises.find(name);
            let reason = row.and_then(|row| row.sync.reason.as_ref());
            !is_second || reason.is_some_and(|reason| reason.code == ReasonCode::ChangedInXero)
        };
        let pressed: Vec<String> = names.iter().filter(told).cloned().collect();
        if pressed.is_empty() {
            break;
        }
        for name in &pressed {
            sync_now(simulation, name);
        }
        simulation.run_ms(fair_share(simulation, SETTLES_WITHIN_MS));
        come_to_rest(simulation);
        assert_settled(simulation);
    }
    for row in simulation.promises.invoices.values() {
        let link = row.link.as_ref();
        match link.and_then(|link| books(simulation).invoices().get(link.xero_id.0)) {
            None => assert_explained(simulation, row),
            Some(found) => assert_as_wanted(simulation, row, found),
        }
    }
}

/// Why a document may not be in Xero after all.
fn assert_explained(simulation: &Simulation, row: &Row) {
    let name = &row.host_ref;
    let is_red = row.sync.badge == Some(Badge::Failed);
    let others = books(simulation).invoices();
    let is_taken = row.draft.kind == InvoiceKind::Sales && others.iter().any(|other| other.number == row.draft.number);
    let code = row.sync.reason.as_ref().map(|reason| reason.code);
    let is_about_contact = matches!(code, Some(ReasonCode::ContactArchived | ReasonCode::ContactCollision));
    let is_disturbed = simulation.promises.disturbed.contains(&row.draft.contact.name);
    let is_explained = row.draft.host_status == HostStatus::Void
        || (is_taken && is_red)
        || (is_disturbed && is_red && is_about_contact);
    assert!(is_explained, "33: {name} is not in Xero: {:?}", row.sync);
}

fn assert_as_wanted(simulation: &Simulation, row: &Row, found: &Invoice) {
    let name = &row.host_ref;
    let is_red = row.sync.badge == Some(Badge::Failed);
    if row.draft.host_status == HostStatus::Void {
        assert!(
            found.status.is_cancelled() || (found.has_money() && is_red),
            "33: {name} was not voided: {:?}",
            row.sync
        );
    } else if found.status.is_cancelled() {
        // Voided there and left alone here, or wanted again: only a person can re-issue it.
        let is_left_alone = row.common.as_ref().is_some_and(|common| common.draft == row.draft);
        let is_over = is_left_alone && row.sync.badge == Some(Badge::Synced);
        assert!(is_red || is_over, "33: {name}: {:?}", row.sync);
    } else if found.has_money() || found.status == InvoiceStatus::Paid {
        assert!(
            is_red || row.sync.badge == Some(Badge::Synced),
            "33: {name}: {:?}",
            row.sync
        );
    } else {
        let code = row.sync.reason.as_ref().map(|reason| reason.code);
        let is_disturbed = simulation.promises.disturbed.contains(&row.draft.contact.name);
        if is_red && is_disturbed && code == Some(ReasonCode::ContactArchived) {
            return;
        }
        let is_told = code == Some(ReasonCode::PaymentDeleteNoMatch);
        if is_red && is_told {
            assert_unmatched_delete(simulation, row, found);
        } else {
            assert_eq!(row.sync.badge, Some(Badge::Synced), "33: {name}: {:?}", row.sync);
        }
        let theirs = found
            .lines
            .iter()
            .map(|line| (line.description.clone().unwrap_or_default(), line.unit_amount));
        let ours = row
            .draft
            .lines
            .iter()
            .map(|line| (line.description.clone(), Some(line.unit_price)));
        let is_edited = simulation.promises.edited.contains(&found.id);
        assert!(
            is_edited || theirs.eq(ours),
            "33: {name} is not what the host wrote: {:?}",
            found.lines
        );
    }
}

/// What people do in Xero now is here soon, without any webhook.
pub fn people_work_in_xero(simulation: &mut Simulation) {
    if !simulation.knobs.pulls {
        return;
    }
    for which in 0..simulation.knobs.documents {
        let deeds = [Deed::Pay, Deed::Edit(which), Deed::Unpay, Deed::Void];
        let nth = usize::try_from(simulation.seed + u64::from(which)).unwrap_or(0);
        in_xero(simulation, which, deeds[nth % deeds.len()]);
    }
    // Reading all the time takes hundreds of calls a day: with fewer it takes its share of them.
    let is_short = simulation.knobs.day < ENOUGH_A_DAY;
    let within_ms = if is_short { NEXT_DAY_MS } else { SEEN_WITHIN_MS };
    // And a minute's calls: a page may have room for one document.
    let pages_ms = u64::from(simulation.knobs.documents) * 2 * 60_000 / u64::from(simulation.knobs.minute);
    simulation.run_ms(within_ms + pages_ms + simulation.knobs.lag_ms);
    come_to_rest(simulation);
    assert_all_here(&simulation.promises.invoices, books(simulation));
}

/// Red for a payment that people deleted before it was ever here: so it must have been.
fn assert_unmatched_delete(simulation: &Simulation, row: &Row, found: &Invoice) {
    let name = &row.host_ref;
    let subject = row.sync.reason.as_ref().and_then(|reason| reason.subject.as_deref());
    let id = subject
        .and_then(|id| Uuid::parse_str(id).ok())
        .expect("33: it names the payment");
    let mut known = row.back.payments.iter();
    assert!(known.all(|payment| payment.xero_id.0 != id), "33: {name} knew {id}");
    let payment = books(simulation).payments().get(id).expect("33: Xero has the payment");
    let is_of_it = payment.target == Target::Invoice(found.id);
    assert!(is_of_it && payment.status == PaymentStatus::Deleted, "33: {name}, {id}");
}

/// A new document is in Xero within ten minutes.
pub fn one_more(simulation: &mut Simulation) {
    let which = simulation.knobs.documents + 1_000;
    put(
        simulation,
        "last",
        approved(which + u32::from(simulation.seed % 2 == 1)),
    );
    simulation.run_ms(fair_share(simulation, PUSHED_WITHIN_MS));
    let row = simulation.promises.find("last").expect("7: it was written");
    assert_eq!(row.sync.badge, Some(Badge::Synced), "33: {:?}", row.sync);
}
