//! What ten thousand organisations with nothing to do cost.

use std::time::Duration;

use counterfoil::model::ids::XeroTenantId;
use serde_json::json;

use crate::clock;
use crate::figure::{Figure, megabytes, time};
use crate::grow;
use crate::machine::{peak_kib, resident_kib};
use crate::place;
use crate::run::Row;
use crate::support::{Daemon, until};

const TENANTS: u32 = 10_000;
/// Idle time after which memory is looked at again.
const LATER: Duration = Duration::from_secs(20);
const READY_GOAL: Duration = Duration::from_secs(5);
const MEMORY_GOAL_KIB: u64 = 150_000_000 / 1_024;

pub const ROW: Row = Row {
    name: "tenants",
    title: "10,000 idle organisations",
    how: "One organisation is connected over HTTP; then the daemon is stopped, 9,999 more organisations are made in the sandbox, the row of the \
          organisation and its chart are multiplied for them in the data folder through the store's own interface, and the daemon is started on it. Ready is the 200 of `/readyz`, counted from the start \
          of the process; by then every organisation has its actor. Resident memory is the kernel's `VmRSS`.",
    measure,
};

fn measure() -> Vec<Figure> {
    let mut house = place::open(1, |config| config);
    place::warm(&house);
    let alone_kib = resident_kib(house.daemon.process.pid());
    grow::stop(&mut house);
    let theirs: Vec<XeroTenantId> = (1..TENANTS)
        .map(|nth| {
            let made = house
                .sandbox
                .control("tenants", &json!({ "name": format!("Organisation {nth} Ltd") }));
            serde_json::from_value(made["tenant_id"].clone()).unwrap()
        })
        .collect();
    grow::add_tenants(&house, &theirs);
    let (daemon, ready) = start(&house.config);
    house.daemon = daemon;
    let active = until(30, "every organisation to be active", || {
        let status = house.daemon.api.get("/v1/status").ok(200);
        let active = status["tenants"]["by_state"]["active"].as_u64()?;
        (active >= u64::from(TENANTS)).then_some(active)
    });
    assert_eq!(active, u64::from(TENANTS));
    let pid = house.daemon.process.pid();
    let at_once_kib = resident_kib(pid);
    clock::wait_until(clock::now() + LATER);
    let later_kib = resident_kib(pid);
    let most_kib = at_once_kib.max(later_kib);
    vec![
        Figure::new("start → ready", time(ready)).goal("≤ 5 s", ready <= READY_GOAL),
        Figure::new("resident", megabytes(most_kib))
            .goal("≤ 150 MB", most_kib <= MEMORY_GOAL_KIB)
            .beside(format!(
                "at once {}, 20 s later {}, peak {}; with one organisation {}",
                megabytes(at_once_kib),
                megabytes(later_kib),
                megabytes(peak_kib(pid)),
                megabytes(alone_kib)
            )),
    ]
}

/// Starts a daemon; how long after that it says that it is ready.
pub fn start(config: &crate::support::ConfigFile) -> (Daemon, Duration) {
    clock::timed(|| {
        let daemon = Daemon::start_as_written(config);
        daemon.api.get("/readyz").ok(200);
        daemon
    })
}
