//! The canonical scenarios. Each ends the same whatever goes wrong once.

use counterfoil::engine::event::ConnectionEvent;
use counterfoil::model::connection::{ConnectionCause, ConnectionState};
use counterfoil::model::document::{Draft, HostStatus, Party};

use super::call_fault::CallFault;
use super::mode::{Death, Mode, Side};
use super::point::{Point, What};
use super::stage::Stage;
use crate::draft::draft;
use crate::fault::Fault;

/// A fault that belongs to a scenario: at the nth point of this kind.
pub type Scripted = (Point, u32, Mode);

pub struct Scenario {
    pub name: &'static str,
    /// What was before; nothing goes wrong in it.
    pub before: fn(&mut Stage),
    /// What goes wrong in any case.
    pub script: &'static [Scripted],
    pub act: fn(&mut Stage),
    /// Whether the host takes a document back, which may be in time.
    pub may_be_spared: bool,
    /// Whether it is one create and nothing else: then two faults are tried as well.
    pub is_one_create: bool,
}

const CREATE: Point = Point::Call(What::Create);
const CREATED: Point = Point::Answer(What::Create);

/// Outlives every key.
const LONG: Mode = dies(Side::Before, 400_000);
const SHORT_AFTER: Mode = dies(Side::After, 1_000);
const NOT_LISTED: Mode = Mode::Listing(ConnectionEvent::NotListed(ConnectionCause::AppRevoked));

const fn dies(side: Side, down_ms: u64) -> Mode {
    Mode::Dies(Death {
        side,
        fault: Fault::Crash,
        down_ms,
        arrives: false,
    })
}

const fn fails(fault: CallFault) -> Mode {
    Mode::Call(fault)
}

pub const ALL: &[Scenario] = &[
    plain("a sale to a new contact", nothing, |stage| {
        stage.host_writes(&[("r0", sale(0, 100))]);
    }),
    Scenario {
        is_one_create: true,
        ..plain("a sale to a known contact", warm, one_sale)
    },
    plain(
        "a sale to a contact that only Xero knows",
        warm_beside_a_stranger,
        |stage| {
            let mut draft = sale(0, 100);
            draft.contact = party(7);
            stage.host_writes(&[("r0", draft)]);
        },
    ),
    Scenario {
        is_one_create: true,
        ..plain("a bill", warm, one_bill)
    },
    plain("three sales, one refused", warm, |stage| {
        let mut refused = sale(2, 100);
        refused.lines[0].item_code = Some("NONE".to_owned());
        stage.host_writes(&[("r0", sale(0, 100)), ("r2", refused), ("r4", sale(4, 100))]);
    }),
    plain("three bills of one number", warm, |stage| {
        stage.host_writes(&[("r1", bill(1, 100)), ("r3", bill(3, 100)), ("r5", bill(5, 100))]);
    }),
    plain("an update", synced, |stage| {
        stage.host_writes(&[("r0", sale(0, 200))]);
    }),
    plain("an edit while the first version flies", warm, |stage| {
        stage.host_writes(&[("r0", sale(0, 100))]);
        stage.until_a_write_flies();
        stage.host_writes(&[("r0", sale(0, 200))]);
    }),
    plain("an update of an old document", old, |stage| {
        stage.host_writes(&[("r0", sale(0, 200))]);
    }),
    plain("a void", synced, |stage| {
        stage.host_writes(&[("r0", voided(sale(0, 100)))]);
    }),
    Scenario {
        may_be_spared: true,
        ..plain("a void while the document flies", warm, |stage| {
            stage.host_writes(&[("r1", bill(1, 100))]);
            stage.until_a_write_flies();
            stage.host_writes(&[("r1", voided(bill(1, 100)))]);
        })
    },
    scripted(
        "sync now of a refused sale",
        &[(CREATE, 1, fails(CallFault::RefusedWhole))],
        |stage| {
            stage.host_writes(&[("r0", sale(0, 100))]);
            stage.pass_ms(5_000);
            stage.sync_now("r0");
        },
    ),
    scripted(
        "one order for a refused sale and a bill",
        &[(CREATE, 1, fails(CallFault::RefusedWhole))],
        |stage| {
            stage.host_writes(&[("r0", sale(0, 100)), ("r1", bill(1, 100))]);
            stage.pass_ms(20_000);
            stage.resync_all();
        },
    ),
    scripted(
        "a lost answer",
        &[(CREATE, 1, fails(CallFault::DroppedAfter))],
        one_sale,
    ),
    scripted(
        "a lost request",
        &[(CREATE, 1, fails(CallFault::DroppedBefore))],
        one_bill,
    ),
    scripted(
        "a sale that is found when its key is gone",
        &[(CREATE, 1, fails(CallFault::DroppedAfter)), (CREATED, 1, LONG)],
        one_sale,
    ),
    scripted(
        "a sale that is missed when its key is gone",
        &[(CREATE, 1, fails(CallFault::DroppedBefore)), (CREATED, 1, LONG)],
        one_sale,
    ),
    scripted(
        "a bill that is found when its key is gone",
        &[(CREATE, 1, fails(CallFault::DroppedAfter)), (CREATED, 1, LONG)],
        one_bill,
    ),
    scripted(
        "a bill that is missed when its key is gone",
        &[(CREATE, 1, fails(CallFault::DroppedBefore)), (CREATED, 1, LONG)],
        one_bill,
    ),
    scripted(
        "a token that expired",
        &[(CREATE, 1, fails(CallFault::TokenExpired))],
        one_sale,
    ),
    scripted(
        "an update whose answer is lost",
        &[(Point::Call(What::Change), 1, fails(CallFault::DroppedAfter))],
        |stage| {
            stage.host_writes(&[("r0", sale(0, 100))]);
            stage.pass_ms(60_000);
            stage.host_writes(&[("r0", sale(0, 200))]);
        },
    ),
    Scenario {
        may_be_spared: true,
        ..scripted(
            "a void that is lost",
            &[(Point::Call(What::Change), 1, fails(CallFault::DroppedBefore))],
            |stage| {
                stage.host_writes(&[("r1", bill(1, 100))]);
                stage.pass_ms(60_000);
                stage.host_writes(&[("r1", voided(bill(1, 100)))]);
            },
        )
    },
    scripted(
        "turned away and yet listed",
        &[(CREATE, 1, fails(CallFault::Forbidden))],
        one_sale,
    ),
    scripted(
        "not listed for an hour",
        &[(CREATE, 1, fails(CallFault::Forbidden)), (Point::Check, 1, NOT_LISTED)],
        |stage| {
            stage.host_writes(&[("r0", sale(0, 100))]);
            stage.pass_ms(3_900_000);
        },
    ),
    plain("held until it is reconnected", warm, |stage| {
        let lost = ConnectionEvent::GrantLost(ConnectionCause::GrantDead);
        stage.connection(lost, ConnectionState::RequiresReauth);
        stage.host_writes(&[("r0", sale(0, 100)), ("r1", bill(1, 100))]);
        stage.pass_ms(60_000);
        stage.connection(ConnectionEvent::Reconnected, ConnectionState::Active);
    }),
    plain("disconnected and connected again", warm, |stage| {
        stage.host_writes(&[("r0", sale(0, 100))]);
        stage.connection(ConnectionEvent::DisconnectedByPerson, ConnectionState::Disconnected);
        stage.pass_ms(60_000);
        stage.connection(ConnectionEvent::Reconnected, ConnectionState::Active);
        stage.sync_now("r0");
    }),
    scripted(
        "started again with a queued push",
        &[(Point::Reply, 1, SHORT_AFTER)],
        one_sale,
    ),
    scripted(
        "started again with a prepared push",
        &[(CREATE, 1, dies(Side::Before, 1_000))],
        one_bill,
    ),
    scripted(
        "started again with an unknown outcome",
        &[(CREATE, 1, fails(CallFault::ErrorAfter)), (CREATED, 1, SHORT_AFTER)],
        one_sale,
    ),
    scripted(
        "started again while an outcome is looked up",
        &[
            (CREATE, 1, fails(CallFault::DroppedBefore)),
            (CREATED, 1, LONG),
            (Point::Answer(What::MadeByUs), 1, SHORT_AFTER),
        ],
        one_bill,
    ),
];

const fn plain(name: &'static str, before: fn(&mut Stage), act: fn(&mut Stage)) -> Scenario {
    Scenario {
        name,
        before,
        script: &[],
        act,
        may_be_spared: false,
        is_one_create: false,
    }
}

const fn scripted(name: &'static str, script: &'static [Scripted], act: fn(&mut Stage)) -> Scenario {
    Scenario {
        name,
        before: warm,
        script,
        act,
        may_be_spared: false,
        is_one_create: false,
    }
}

fn one_sale(stage: &mut Stage) {
    stage.host_writes(&[("r0", sale(0, 100))]);
}

fn one_bill(stage: &mut Stage) {
    stage.host_writes(&[("r1", bill(1, 100))]);
}

fn nothing(_: &mut Stage) {}

/// The chart and the contact are known.
fn warm(stage: &mut Stage) {
    stage.host_writes(&[("before", sale(90, 50))]);
    stage.pass_ms(60_000);
}

fn warm_beside_a_stranger(stage: &mut Stage) {
    let now = stage.simulation.clock.xero();
    let body = r#"{"scenario":"contact.create","args":{"name":"Party 7"}}"#;
    stage.simulation.wire.control(now, "POST", "trigger", body);
    warm(stage);
}

/// The document is in Xero.
fn synced(stage: &mut Stage) {
    warm(stage);
    one_sale(stage);
    stage.pass_ms(60_000);
}

/// The document has been in Xero for long.
fn old(stage: &mut Stage) {
    synced(stage);
    stage.pass_ms(3_000_000);
}

fn sale(which: u32, price: u32) -> Draft {
    assert!(which.is_multiple_of(2), "even ones are sales");
    document(which, price)
}

fn bill(which: u32, price: u32) -> Draft {
    assert!(!which.is_multiple_of(2), "odd ones are bills");
    document(which, price)
}

fn document(which: u32, price: u32) -> Draft {
    let mut draft = draft(which, HostStatus::Approved, &[price, 7], false);
    draft.contact = party(5);
    draft
}

fn voided(mut draft: Draft) -> Draft {
    draft.host_status = HostStatus::Void;
    draft
}

fn party(which: u32) -> Party {
    Party {
        reference: format!("c{which}"),
        name: format!("Party {which}"),
        email: None,
    }
}
