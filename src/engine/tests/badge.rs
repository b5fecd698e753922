use super::samples::row;
use crate::engine::badge;
use crate::engine::desired::Obstacle;
use crate::model::ids::IdSource;
use crate::model::reason::ReasonCode;
use crate::model::row::{Badge, Sent};
use crate::model::time::{Mono, Now, Timestamp};
use crate::model::write::Write;

fn at(ms: i64) -> Now {
    Now {
        wall: Timestamp(ms),
        mono: Mono(0),
    }
}

fn obstacle(code: ReasonCode) -> Obstacle {
    Obstacle {
        code,
        detail: "x".to_owned(),
        subject: None,
    }
}

#[test]
fn a_red_badge_keeps_what_an_open_attempt_sent_and_since_when_its_cause_holds() {
    let mut row = row();
    row.sent = Some(Sent {
        rev: 1,
        draft: row.draft.clone(),
        read: None,
    });
    badge::failed(&mut row, obstacle(ReasonCode::PeriodLocked), at(5));
    badge::failed(&mut row, obstacle(ReasonCode::PeriodLocked), at(9));
    assert_eq!(row.sync.reason.as_ref().unwrap().since, Timestamp(5));
    badge::failed(&mut row, obstacle(ReasonCode::TooLarge), at(11));
    assert_eq!(row.sync.reason.as_ref().unwrap().since, Timestamp(11));
    assert!(row.sent.is_some());
    badge::synced(&mut row, at(12));
    assert!(row.sent.is_none() && row.sync.reason.is_none());
}

#[test]
fn the_event_says_what_the_row_says() {
    let table = [
        (None, "invoice.updated"),
        (Some(Badge::Pending), "invoice.pending"),
        (Some(Badge::Synced), "invoice.synced"),
        (Some(Badge::Failed), "invoice.sync_failed"),
    ];
    for (badge, expected) in table {
        let mut row = row();
        row.sync.badge = badge;
        let Write::Event(event) = badge::event(&mut IdSource::new(1), &row, at(7)) else {
            panic!("an event");
        };
        assert_eq!((event.event_type.as_str(), event.timestamp), (expected, Timestamp(7)));
        assert_eq!(event.data["sync_state"].as_str(), badge.map(Badge::state));
    }
}
