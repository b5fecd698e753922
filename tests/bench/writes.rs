//! How many durable writes a second a host gets.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crate::clock;
use crate::figure::{Figure, count, ratio};
use crate::machine::fdatasync_cost;
use crate::place;
use crate::run::Row;
use crate::support::{House, KeptAlive, invoice_path, sale};

const MANY: usize = 64;
const LASTS: Duration = Duration::from_secs(5);
const TURNS: usize = 3;
const GOAL: u64 = 3;

pub const ROW: Row = Row {
    name: "writes",
    title: "Durable writes of a host",
    how: "One organisation. Connections that are kept open write new approved sales invoices, each waiting for its 201, which comes when the \
          document is on disk. One connection, then 64 at once, three turns of five seconds each; the sum of the turns counts. Meanwhile the \
          daemon pushes what it was given, as ever. Client and daemon share the machine.",
    measure,
};

fn measure() -> Vec<Figure> {
    let fsync = fdatasync_cost(&place::root());
    let house = place::open(1, |config| config);
    place::warm(&house);
    let numbers = AtomicUsize::new(0);
    let (mut single, mut many) = (0, 0);
    for _ in 0..TURNS {
        single += write(&house, 1, &numbers);
        many += write(&house, MANY, &numbers);
    }
    let seconds = LASTS.as_secs() * u64::try_from(TURNS).unwrap();
    let a_second = |writes: u64| format!("{} a second", count(writes / seconds));
    vec![
        Figure::new("64 connections, one organisation", a_second(many))
            .goal("≥ 3 × one connection", many >= GOAL * single)
            .beside(format!("one connection: {}; {}", a_second(single), ratio(many, single))),
        Figure::new("fdatasync of 4 KiB on the same disk", fsync),
    ]
}

/// Writes for a while. Returns how many were accepted.
fn write(house: &House, connections: usize, numbers: &AtomicUsize) -> u64 {
    let ends = clock::now() + LASTS;
    let accepted: usize = thread::scope(|scope| {
        let write = || {
            let mut connection = KeptAlive::open(&house.daemon.api);
            let mut accepted = 0;
            while clock::now() < ends {
                let nth = numbers.fetch_add(1, Ordering::Relaxed);
                let path = invoice_path(house.ours(), &format!("SO-{nth}"));
                connection.put(&path, &sale(&format!("INV-{nth}")));
                accepted += 1;
            }
            accepted
        };
        let threads: Vec<_> = (0..connections).map(|_| scope.spawn(write)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    u64::try_from(accepted).unwrap()
}
