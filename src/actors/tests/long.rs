//! What a long queue costs whoever writes behind it. Here, because `engine` reads no clock.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::many::tenant;
use super::world::draft;
use crate::engine::effect::AskId;
use crate::engine::event::Event;
use crate::engine::policy::{Policy, PullPolicy};
use crate::engine::tenant::{Saved, Setup, TenantMachine};
use crate::model::time::{Mono, Now, Timestamp};
use crate::xero::encode::XeroEncoder;

const NOW: Now = Now {
    wall: Timestamp(1_795_000_000_000),
    mono: Mono(50_000_000),
};
/// Writes that are timed: the last ones.
const TIMED: usize = 201;

/// Writes so many documents, none of which can leave; how long the typical one of the last took.
fn cost_behind(total: usize) -> Duration {
    let setup = Setup {
        tenant: tenant(1),
        policy: Arc::new(Policy {
            pull: PullPolicy::NEVER,
            ..Policy::default()
        }),
        encode: Arc::new(XeroEncoder),
        boot_id: "boot-1".into(),
        link_base: "https://host.example/".into(),
        seed: 1,
    };
    let mut machine = TenantMachine::restore(NOW, setup, Saved::default());
    let mut took = Vec::new();
    for nth in 0..total {
        let event = Event::HostWrote {
            ask: AskId(u64::try_from(nth).unwrap()),
            host_ref: format!("SO-{nth}"),
            draft: Box::new(draft(&format!("INV-{nth}"))),
            row: None,
            by: "token:test".to_owned(),
        };
        #[expect(clippy::disallowed_methods, reason = "a measurement")]
        let began = Instant::now();
        let effects = machine.handle(NOW, event);
        // The actor asks after every event.
        let _wake = machine.next_wake(NOW);
        took.push(began.elapsed());
        assert!(!effects.is_empty());
    }
    assert_eq!(machine.open_count(), total);
    let last = &mut took[total - TIMED..];
    last.sort_unstable();
    last[TIMED / 2]
}

#[test]
fn a_write_behind_a_long_queue_costs_what_one_behind_a_short_queue_does() {
    let (short, long) = (cost_behind(500), cost_behind(20_000));
    assert!(long < short * 4, "{long:?} behind 20,000 others, {short:?} behind 500");
}
