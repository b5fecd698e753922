//! A seed's story: first faults everywhere, then none, and everything must settle.

use chrono::NaiveDate;
use counterfoil::engine::event::{ConnectionEvent, Event};
use counterfoil::model::connection::{ConnectionCause, ConnectionState, Gate};
use counterfoil::model::document::{Currency, Draft, HostStatus, InvoiceKind, Line, LineAmountTypes, Party};
use counterfoil::model::ids::Marker;
use counterfoil::model::row::{Badge, Settings};
use counterfoil::sandbox::books::InvoiceStatus;
use counterfoil::store::Urgency;
use rand::RngExt as _;
use rust_decimal::Decimal;
use uuid::Uuid;

use super::fault::Fault;
use super::simulation::Simulation;

/// Documents a host plays with.
const DOCUMENTS: u32 = 5;
/// Everything must have settled so long after the last fault: an unknown outcome takes up to 35
/// minutes, what follows from it ten more.
const SETTLES_WITHIN_MS: u64 = 45 * 60_000;
/// A valid document reaches Xero within this.
const PUSHED_WITHIN_MS: u64 = 10 * 60_000;

/// Plays one seed to its end.
pub fn play(simulation: &mut Simulation) {
    let calm = simulation.rng.random_bool(0.1);
    simulation.fault_percent = if calm { 0 } else { simulation.rng.random_range(5..50) };
    let acts = simulation.rng.random_range(10..60);
    for _ in 0..acts {
        act(simulation, calm);
    }
    settle(simulation);
    people_press_sync_now(simulation);
    one_more(simulation);
    simulation.promises.compare(&simulation.reader);
}

fn act(simulation: &mut Simulation, calm: bool) {
    match simulation.rng.random_range(0..100) {
        0..30 => put_any(simulation),
        30..40 => {
            let which = simulation.rng.random_range(0..DOCUMENTS);
            sync_now(simulation, &format!("r{which}"));
        }
        40..72 => {
            let most = [200, 3_000, 40_000, 400_000][simulation.rng.random_range(0..4)];
            let span_ms = simulation.rng.random_range(1..most);
            simulation.run_ms(span_ms);
        }
        72..82 if !calm => {
            simulation.dies_in = Some(simulation.rng.random_range(0..14));
            simulation.say(|| "a crash is near".to_owned());
            let span_ms = simulation.rng.random_range(1..30_000);
            simulation.run_ms(span_ms);
        }
        82..85 if !calm => jump(simulation),
        85..90 => connection(simulation),
        90..93 => toggle(simulation),
        93..97 => people_in_xero(simulation),
        _ => simulation.run_ms(5_000),
    }
}

fn put_any(simulation: &mut Simulation) {
    let which = simulation.rng.random_range(0..DOCUMENTS);
    let status = match simulation.rng.random_range(0..10) {
        0 => HostStatus::Draft,
        1 => HostStatus::Pending,
        2 => HostStatus::Void,
        _ => HostStatus::Approved,
    };
    let price = simulation.rng.random_range(1..1_000);
    let lines = simulation.rng.random_range(1..3);
    let mut draft = draft(which, status);
    draft.lines = (0..lines).map(|at| line(draft.kind, at, price + at)).collect();
    put(simulation, &format!("r{which}"), draft);
}

fn put(simulation: &mut Simulation, host_ref: &str, draft: Draft) {
    simulation.say(|| {
        let prices: Vec<String> = draft.lines.iter().map(|line| line.unit_price.to_string()).collect();
        format!(
            "host writes {host_ref} {} {:?} {prices:?}",
            draft.number, draft.host_status
        )
    });
    let Some(shell) = simulation.shell.as_mut() else { return };
    let row = shell.view().invoice_by_ref(host_ref).unwrap().map(Box::new);
    let ask = shell.ask(host_ref);
    let event = Event::HostWrote {
        ask,
        host_ref: host_ref.to_owned(),
        draft: Box::new(draft),
        row,
    };
    simulation.feed(event, Urgency::NewWork);
}

fn sync_now(simulation: &mut Simulation, host_ref: &str) {
    simulation.say(|| format!("sync now {host_ref}"));
    let Some(shell) = simulation.shell.as_mut() else { return };
    let Some(row) = shell.view().invoice_by_ref(host_ref).unwrap() else {
        return;
    };
    let ask = shell.ask(host_ref);
    let event = Event::SyncNow {
        ask,
        row: Box::new(row),
        requested_by: "token:proof".to_owned(),
    };
    simulation.feed(event, Urgency::NewWork);
}

fn jump(simulation: &mut Simulation) {
    let day_ms = 86_400_000;
    let skew_ms = [0, 600_000, -600_000, day_ms, -day_ms, 3_000, -3_000][simulation.rng.random_range(0..7)];
    simulation.say(|| format!("the wall clock is now {skew_ms} ms off"));
    if let Some(shell) = simulation.shell.take() {
        simulation.note_fault(Fault::ClockJump, &shell);
        simulation.shell = Some(shell);
    }
    simulation.clock.skew_ms = skew_ms;
    simulation.promises.skewed();
}

fn connection(simulation: &mut Simulation) {
    let event = [
        ConnectionEvent::CreditsUsedUp,
        ConnectionEvent::ToppedUp,
        ConnectionEvent::ToppedUp,
        ConnectionEvent::GrantLost(ConnectionCause::GrantDead),
        ConnectionEvent::NotListed(ConnectionCause::AppRevoked),
        ConnectionEvent::Listed,
        ConnectionEvent::Reconnected,
        ConnectionEvent::Reconnected,
        ConnectionEvent::Reconnected,
        ConnectionEvent::DisconnectedByPerson,
    ][simulation.rng.random_range(0..10)];
    simulation.say(|| format!("{event:?}"));
    simulation.feed(Event::Connection(event), Urgency::Result);
}

fn toggle(simulation: &mut Simulation) {
    let enabled = simulation.rng.random_bool(0.6);
    set_toggle(simulation, enabled);
}

fn set_toggle(simulation: &mut Simulation, enabled: bool) {
    simulation.say(|| format!("auto-sync {enabled}"));
    let Some(shell) = simulation.shell.as_mut() else { return };
    let ask = shell.ask("settings");
    let mut settings: Settings = shell.machine.tenant().settings.clone();
    settings.auto_sync.enabled = enabled;
    let settings = Box::new(settings);
    simulation.feed(Event::SettingsSet { ask, settings }, Urgency::NewWork);
}

/// Somebody works in Xero itself.
fn people_in_xero(simulation: &mut Simulation) {
    let now = simulation.clock.xero();
    let which = simulation.rng.random_range(0..DOCUMENTS);
    if simulation.rng.random_bool(0.3) {
        let number = number(which);
        simulation.say(|| format!("a person makes {number} in Xero"));
        let body = format!(r#"{{"scenario":"invoice.create","args":{{"number":"{number}"}}}}"#);
        let made = simulation.wire.try_control(now, "POST", "trigger", &body);
        if let Some(id) = made.and_then(|made| Uuid::parse_str(made["id"].as_str()?).ok()) {
            simulation.promises.strangers.insert(id, 1);
        }
        return;
    }
    let row = simulation.promises.find(&format!("r{which}"));
    let Some(id) = row.and_then(|row| row.link.as_ref()).map(|link| link.xero_id) else {
        return;
    };
    let (scenario, args) = match simulation.rng.random_range(0..4) {
        0 => ("invoice.void", "{}".to_owned()),
        1 => ("payment.partial", "{}".to_owned()),
        2 => ("payment.delete", "{}".to_owned()),
        _ => {
            let text = simulation.rng.random_range(0..100);
            ("invoice.edit", format!(r#"{{"description":"in Xero {text}"}}"#))
        }
    };
    simulation.say(|| format!("a person does {scenario} to r{which} in Xero"));
    let body = format!(r#"{{"scenario":"{scenario}","invoice_id":"{id}","args":{args}}}"#);
    if scenario == "invoice.edit" {
        simulation.promises.edited.insert(id.0);
    }
    // Xero may refuse it, as it refuses people.
    let _refused = simulation.wire.try_control(now, "POST", "trigger", &body);
}

/// Faults stop: everything settles.
fn settle(simulation: &mut Simulation) {
    simulation.fault_percent = 0;
    simulation.dies_in = None;
    simulation.say(|| "faults stop".to_owned());
    if simulation.rng.random_bool(0.5) {
        simulation.clock.skew_ms = 0;
        simulation.promises.skewed();
    }
    simulation.run_ms(400_000);
    resolve_connection(simulation);
    simulation.run_ms(SETTLES_WITHIN_MS);
    assert_settled(simulation);
}

fn resolve_connection(simulation: &mut Simulation) {
    let Some(shell) = simulation.shell.as_ref() else {
        panic!("38: the process does not come back");
    };
    let event = match shell.machine.tenant().connection.state {
        ConnectionState::Active => return,
        ConnectionState::PendingCredits => ConnectionEvent::ToppedUp,
        ConnectionState::RequiresReauth | ConnectionState::GracePeriod | ConnectionState::Disconnected => {
            ConnectionEvent::Reconnected
        }
    };
    simulation.say(|| format!("resolved: {event:?}"));
    simulation.feed(Event::Connection(event), Urgency::Result);
}

fn assert_settled(simulation: &Simulation) {
    let promises = &simulation.promises;
    let now = simulation.clock.now();
    let shell = simulation.shell.as_ref();
    let status = shell.map(|shell| shell.machine.status(now));
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
    let books = simulation.wire.world.books(simulation.wire.tenant).expect("the books");
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
            "{} is in Xero and not linked",
            row.host_ref
        );
    }
}

/// Then it is in Xero just as the host wants it.
fn people_press_sync_now(simulation: &mut Simulation) {
    set_toggle(simulation, true);
    let names: Vec<String> = simulation
        .promises
        .invoices
        .values()
        .map(|row| row.host_ref.clone())
        .collect();
    for name in &names {
        sync_now(simulation, name);
    }
    simulation.run_ms(SETTLES_WITHIN_MS);
    assert_settled(simulation);
    let books = simulation.wire.world.books(simulation.wire.tenant).expect("the books");
    for row in simulation.promises.invoices.values() {
        let name = &row.host_ref;
        let found = row.link.as_ref().and_then(|link| books.invoices().get(link.xero_id.0));
        let Some(found) = found else {
            let is_taken = books.invoices().iter().any(|other| other.number == row.draft.number);
            let is_explained =
                row.draft.host_status == HostStatus::Void || (is_taken && row.sync.badge == Some(Badge::Failed));
            assert!(is_explained, "33: {name} is not in Xero: {:?}", row.sync);
            continue;
        };
        if row.draft.host_status == HostStatus::Void {
            let stays = found.has_money() && row.sync.badge == Some(Badge::Failed);
            assert!(
                found.status.is_cancelled() || stays,
                "33: {name} was not voided: {:?}",
                row.sync
            );
        } else if found.status.is_cancelled() {
            // Voided, and wanted again: only a person can re-issue it.
            assert_eq!(row.sync.badge, Some(Badge::Failed), "{name}: {:?}", row.sync);
        } else if found.has_money() || found.status == InvoiceStatus::Paid {
            assert!(
                matches!(row.sync.badge, Some(Badge::Failed | Badge::Synced)),
                "{name}: {:?}",
                row.sync
            );
        } else {
            assert_eq!(row.sync.badge, Some(Badge::Synced), "33: {name}: {:?}", row.sync);
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
                "{name} is not what the host wrote: {:?}",
                found.lines
            );
        }
    }
}

/// A new document is in Xero within ten minutes.
fn one_more(simulation: &mut Simulation) {
    let which = DOCUMENTS + simulation.rng.random_range(0..2);
    put(simulation, "last", draft(which, HostStatus::Approved));
    simulation.run_ms(PUSHED_WITHIN_MS);
    let row = simulation.promises.find("last").expect("7: it was written");
    assert_eq!(row.sync.badge, Some(Badge::Synced), "33: {:?}", row.sync);
}

fn draft(which: u32, host_status: HostStatus) -> Draft {
    let kind = if which.is_multiple_of(2) {
        InvoiceKind::Sales
    } else {
        InvoiceKind::Purchase
    };
    Draft {
        kind,
        number: number(which),
        contact: Party {
            reference: format!("c{}", which / 2),
            name: format!("Party {}", which / 2),
            email: None,
        },
        currency: Currency::GBP,
        issue_date: NaiveDate::from_ymd_opt(2026, 11, 22).unwrap(),
        due_date: NaiveDate::from_ymd_opt(2026, 12, 22),
        due_date_rule: None,
        host_status,
        line_amount_types: LineAmountTypes::Exclusive,
        lines: vec![line(kind, 0, 100)],
        reference: None,
        host_url: None,
        created_at: None,
        channel: None,
        location: None,
        work_order_ref: None,
    }
}

/// Bills share one number, as suppliers' numbers may.
fn number(which: u32) -> String {
    if which.is_multiple_of(2) {
        format!("S-{which}")
    } else {
        "BILL-1".to_owned()
    }
}

fn line(kind: InvoiceKind, at: u32, price: u32) -> Line {
    let code = match kind {
        InvoiceKind::Sales => "200",
        InvoiceKind::Purchase => "300",
    };
    Line {
        reference: Some(at.to_string()),
        description: format!("Work {at}"),
        quantity: Decimal::ONE,
        unit_price: price.into(),
        nominal_code: Some(code.to_owned()),
        tax_type: None,
        tax_amount: None,
        item_code: None,
        discount_percent: None,
    }
}
