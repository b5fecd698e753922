mod daemon;
mod damage;
mod opened;
mod rescue;
mod seeding;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use super::clock::{RealClock, RealEntropy};
use super::notify::Notifier;
use super::signals::{Order, Signals};
use crate::model::time::{Clock, Entropy};

#[test]
fn the_clocks_go_and_share_an_offset() {
    let offset_ms = Arc::new(AtomicI64::new(0));
    let clock = RealClock::with_offset(Arc::clone(&offset_ms)).unwrap();
    let first = clock.now();
    assert!(first.wall.0 > 1_700_000_000_000, "the wall clock is set");
    assert!(first.mono.0 > 0);
    offset_ms.store(3_600_000, Ordering::Relaxed);
    let later = clock.now();
    let moved_ms = later.mono.since_ms(first.mono);
    assert!((3_600_000..3_660_000).contains(&moved_ms), "{moved_ms}");
    let wall_ms = later.wall.since_ms(first.wall);
    assert!((3_600_000..3_660_000).contains(&wall_ms), "{wall_ms}");
}

#[test]
fn the_boot_has_a_name_that_stays() {
    let clock = RealClock::new().unwrap();
    assert_eq!(clock.boot_id().len(), 36);
    assert_eq!(clock.boot_id(), RealClock::new().unwrap().boot_id());
}

#[test]
fn random_bytes_differ() {
    let (mut one, mut other) = ([0_u8; 32], [0_u8; 32]);
    RealEntropy.fill(&mut one);
    RealEntropy.fill(&mut other);
    assert_ne!(one, other);
    assert_ne!(one, [0; 32]);
    assert_ne!(RealEntropy.random_u128(), RealEntropy.random_u128());
}

#[test]
fn without_systemd_telling_it_does_nothing() {
    // Tests run without NOTIFY_SOCKET and WATCHDOG_USEC.
    assert_eq!(Notifier.watchdog_every(), None);
    Notifier.starting(Duration::from_secs(60), "opening");
    Notifier.ready("up");
    Notifier.reloading();
    Notifier.status("busy");
    Notifier.alive();
    Notifier.stopping("going");
}

#[tokio::test]
async fn signals_become_orders_and_a_second_int_is_at_once() {
    use rustix::process::{Signal, getpid, kill_process};
    let mut signals = Signals::listen().unwrap();
    let send = |signal: Signal| kill_process(getpid(), signal).unwrap();

    send(Signal::HUP);
    assert_eq!(signals.next().await, Order::Reload);
    send(Signal::HUP);
    assert_eq!(signals.next().await, Order::Reload);
    send(Signal::INT);
    assert_eq!(signals.next().await, Order::Stop);
    send(Signal::HUP);
    send(Signal::TERM);
    send(Signal::INT);
    assert_eq!(signals.next().await, Order::StopNow);
}
