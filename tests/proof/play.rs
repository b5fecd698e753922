//! A story is played: first with faults, then without, and everything must settle.

use counterfoil::engine::event::{BulkOrder, ConnectionEvent, Event, JobOrder, JobPlan, MappingOrder};
use counterfoil::model::connection::ConnectionCause;
use counterfoil::model::document::Draft;
use counterfoil::model::ids::{InvoiceId, Marker};
use counterfoil::model::row::{Credits, JobKind, MappingKind, Settings};
use counterfoil::store::Urgency;
use uuid::Uuid;

use super::draft::{UNMAPPED, approved, draft, number, party};
use super::ending;
use super::fault::Fault;
use super::hooks;
use super::simulation::Simulation;
use super::story::{Act, Deed, Story, Turn};

/// Plays one story to its end.
pub fn play(simulation: &mut Simulation, story: &Story) {
    for act in &story.acts {
        perform(simulation, act);
    }
    ending::settle(simulation);
    ending::people_press_sync_now(simulation);
    ending::people_work_in_xero(simulation);
    hooks::ending::webhooks_ring(simulation);
    ending::one_more(simulation);
    simulation.promises.compare(&simulation.reader);
}

pub fn perform(simulation: &mut Simulation, act: &Act) {
    match act {
        Act::Put {
            which,
            status,
            prices,
            unmapped,
        } => put(
            simulation,
            &format!("r{which}"),
            draft(*which, *status, prices, *unmapped),
        ),
        Act::PutAll(count) => {
            for which in 0..*count {
                put(simulation, &format!("r{which}"), approved(which));
            }
        }
        Act::SyncNow(which) => sync_now(simulation, &format!("r{which}")),
        Act::Resync => resync(simulation),
        Act::Run(ms) => simulation.run_ms(*ms),
        Act::CrashIn(effects, ms) => {
            simulation.dies_in = Some(*effects);
            simulation.say(|| "a crash is near".to_owned());
            simulation.run_ms(*ms);
        }
        Act::Drain => simulation.drain(),
        Act::Jump(skew_ms) => {
            simulation.say(|| format!("the wall clock is now {skew_ms} ms off"));
            simulation.note(Fault::ClockJump);
            simulation.clock.skew_ms = *skew_ms;
            simulation.clock.was_moved |= *skew_ms != 0;
            simulation.promises.skewed();
        }
        Act::Connection(turn) => connection(simulation, *turn),
        Act::AutoSync(enabled) => set_toggle(simulation, *enabled),
        Act::Map => map(simulation),
        Act::InXero(which, deed) => {
            in_xero(simulation, *which, *deed);
        }
        Act::Stranger(which) => stranger(simulation, *which),
        Act::Twin(which) => {
            let name = party(*which);
            simulation.say(|| format!("a person makes a contact {name} in Xero"));
            simulation.promises.disturbed.insert(name.clone());
            scenario(simulation, "contact.create", &format!(r#"{{"name":"{name}"}}"#));
        }
        Act::ArchiveContact(which) => {
            let name = party(*which);
            simulation.say(|| format!("a person archives {name} in Xero"));
            simulation.promises.disturbed.insert(name.clone());
            scenario(
                simulation,
                "contact.archive",
                &format!(r#"{{"contact_name":"{name}"}}"#),
            );
        }
        Act::Lock(locked) => lock(simulation, *locked),
        Act::Refresh(which) => hooks::acts::refresh(simulation, *which),
        Act::RefreshAll => hooks::acts::begin(simulation, JobPlan::AllLinked, None),
        Act::Check => hooks::acts::begin(simulation, JobPlan::Reconcile, None),
        Act::Acknowledge(which) => hooks::acts::acknowledge(simulation, *which),
    }
}

pub fn put(simulation: &mut Simulation, host_ref: &str, draft: Draft) {
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
        by: "token:proof".to_owned(),
    };
    simulation.feed(event, Urgency::NewWork);
}

pub fn sync_now(simulation: &mut Simulation, host_ref: &str) {
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

/// Every document there is, by one order.
pub fn resync(simulation: &mut Simulation) {
    simulation.say(|| "all are sent again".to_owned());
    let Some(shell) = simulation.shell.as_mut() else { return };
    let known = (0..100).map(|which| format!("r{which}"));
    let known = known.filter_map(|host_ref| shell.view().invoice_by_ref(&host_ref).unwrap());
    let invoices: Vec<InvoiceId> = known.map(|row| row.id).collect();
    let ask = shell.ask("all");
    let plan = JobPlan::Bulk(BulkOrder {
        kind: JobKind::Resync,
        invoices,
        missing: Vec::new(),
        why: String::new(),
    });
    let event = Event::Begin {
        ask,
        order: Box::new(JobOrder {
            plan,
            linked: Some(0),
            skipped: 0,
            invoice: None,
        }),
        requested_by: "token:proof".to_owned(),
    };
    simulation.feed(event, Urgency::NewWork);
}

fn connection(simulation: &mut Simulation, turn: Turn) {
    let event = match turn {
        Turn::CreditsUsedUp => return set_credits(simulation, Some(0)),
        Turn::ToppedUp => return set_credits(simulation, None),
        Turn::GrantDead => ConnectionEvent::GrantLost(ConnectionCause::GrantDead),
        Turn::NotListed => ConnectionEvent::NotListed(ConnectionCause::AppRevoked),
        Turn::Listed => ConnectionEvent::Listed,
        Turn::Reconnected => ConnectionEvent::Reconnected,
        Turn::Disconnected => ConnectionEvent::DisconnectedByPerson,
    };
    simulation.say(|| format!("{event:?}"));
    simulation.feed(Event::Connection(event), Urgency::Result);
}

/// The host says how many first syncs it allows.
pub fn set_credits(simulation: &mut Simulation, left: Option<i64>) {
    simulation.say(|| format!("credits {left:?}"));
    let credits = left.map(|left| Credits { left, top_up_url: None });
    let Some(shell) = simulation.shell.as_mut() else { return };
    let ask = shell.ask("credits");
    let by = "token:proof".to_owned();
    simulation.feed(Event::CreditsSet { ask, credits, by }, Urgency::NewWork);
}

pub fn set_toggle(simulation: &mut Simulation, enabled: bool) {
    simulation.say(|| format!("auto-sync {enabled}"));
    let Some(shell) = simulation.shell.as_mut() else { return };
    let ask = shell.ask("settings");
    let mut settings: Settings = shell.machine.tenant().settings.clone();
    settings.auto_sync.enabled = enabled;
    let settings = Box::new(settings);
    let by = "token:proof".to_owned();
    simulation.feed(Event::SettingsSet { ask, settings, by }, Urgency::NewWork);
}

/// The code that no chart has gets an account: of sales, as only sales use it.
pub fn map(simulation: &mut Simulation) {
    simulation.say(|| "the code is mapped".to_owned());
    let Some(shell) = simulation.shell.as_mut() else { return };
    let ask = shell.ask("mapping");
    let order = MappingOrder {
        kind: MappingKind::NominalCodes,
        key: UNMAPPED.to_owned(),
        value: Some("200".to_owned()),
        before: None,
    };
    let event = Event::MappingsSet {
        ask,
        orders: vec![order],
        chart: None,
        by: "token:proof".to_owned(),
    };
    simulation.feed(event, Urgency::NewWork);
}

pub fn lock(simulation: &mut Simulation, locked: bool) {
    simulation.say(|| format!("the books are locked: {locked}"));
    let args = if locked { r#"{"date":"2026-12-31"}"# } else { "{}" };
    scenario(simulation, "organisation.lock", args);
}

/// Xero may refuse it, as it refuses people.
fn scenario(simulation: &mut Simulation, name: &str, args: &str) -> Option<Uuid> {
    let now = simulation.clock.xero();
    let body = format!(r#"{{"scenario":"{name}","args":{args}}}"#);
    let made = simulation.wire.try_control(now, "POST", "trigger", &body)?;
    Uuid::parse_str(made["id"].as_str()?).ok()
}

fn stranger(simulation: &mut Simulation, which: u32) {
    let number = number(which);
    simulation.say(|| format!("a person makes {number} in Xero"));
    let args = format!(r#"{{"number":"{number}"}}"#);
    if let Some(id) = scenario(simulation, "invoice.create", &args) {
        simulation.promises.strangers.insert(id, 1);
    }
}

/// Somebody works in Xero itself, which may refuse it. Tells whether it was done.
pub fn in_xero(simulation: &mut Simulation, which: u32, deed: Deed) -> bool {
    // People see what is there, also before we do.
    let marker = simulation.promises.find(&format!("r{which}")).map(|row| row.marker);
    let books = simulation.wire.world.books(simulation.wire.tenant).expect("the books");
    let ours = books
        .invoices()
        .iter()
        .find(|found| marker.is_some() && marker == found.url.as_deref().and_then(Marker::find));
    let Some(id) = ours.map(|found| found.id) else {
        return false;
    };
    let (scenario, args) = match deed {
        Deed::Void => ("invoice.void", "{}".to_owned()),
        Deed::Pay => ("payment.partial", "{}".to_owned()),
        Deed::Unpay => ("payment.delete", "{}".to_owned()),
        Deed::Edit(text) => ("invoice.edit", format!(r#"{{"description":"in Xero {text}"}}"#)),
    };
    simulation.say(|| format!("a person does {scenario} {args} to r{which} in Xero"));
    let body = format!(r#"{{"scenario":"{scenario}","invoice_id":"{id}","args":{args}}}"#);
    if scenario == "invoice.edit" {
        simulation.promises.edited.insert(id);
    }
    let now = simulation.clock.xero();
    simulation.wire.try_control(now, "POST", "trigger", &body).is_some()
}
