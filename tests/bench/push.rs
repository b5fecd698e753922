//! How long after its acceptance a write is in Xero.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::clock;
use crate::figure::{Figure, count, percentile, time};
use crate::place;
use crate::run::Row;
use crate::support::{House, KeptAlive, invoice_path, sale};

/// Organisations with nothing else to do.
const TENANTS: usize = 200;
/// Writes to each of them.
const ROUNDS: usize = 5;
/// Between two writes, over all organisations.
const EVERY: Duration = Duration::from_millis(50);
/// Shares no factor with [`TENANTS`], so that each round meets every organisation once.
const STRIDE: usize = 73;
const GOAL: Duration = Duration::from_secs(1);

pub const ROW: Row = Row {
    name: "push",
    title: "From an accepted write to Xero",
    how: "200 organisations whose chart and contact are known and that have nothing else to do. One connection writes an approved sales \
          invoice every 50 ms, to each organisation in turn, whatever the answers take; five to each. Measured is the time from the 201 of \
          the daemon to the arrival of the call that carries the document, as the sandbox's own log has it: what Xero takes itself is not \
          in it. 250 ms of it is the time an automatic push waits for company (`sync.batch_wait`).",
    measure,
};

fn measure() -> Vec<Figure> {
    let house = place::open(TENANTS, |config| config);
    place::warm(&house);
    let since = house.sandbox.latest_seq();
    let accepted = write(&house);
    for tenant in &house.tenants {
        place::settled(&house, tenant, ROUNDS + 1, 60);
    }
    let arrived = arrivals(&house, since);
    house.sandbox.assert_no_violations();
    let mut waits = Vec::new();
    for (theirs, accepted) in &accepted {
        let arrived = &arrived[theirs];
        assert_eq!(arrived.len(), accepted.len(), "each document went in a call of its own");
        let of_tenant = arrived.iter().zip(accepted);
        waits.extend(of_tenant.map(|(arrived, accepted)| arrived.saturating_sub(*accepted)));
    }
    let p99 = percentile(&mut waits, 99);
    let what = format!(
        "accepted → arrived at Xero, p99 of {}",
        count(waits.len().try_into().unwrap())
    );
    let median = time(percentile(&mut waits, 50));
    let most = time(percentile(&mut waits, 100));
    vec![
        Figure::new(what, time(p99))
            .goal("≤ 1 s plus Xero's own time", p99 <= GOAL)
            .beside(format!("median {median}, most {most}")),
    ]
}

/// When each write was accepted, by Xero's organisation.
fn write(house: &House) -> BTreeMap<String, Vec<Duration>> {
    let mut accepted: BTreeMap<String, Vec<Duration>> = BTreeMap::new();
    let mut connection = KeptAlive::open(&house.daemon.api);
    let mut at = clock::now();
    for nth in 0..TENANTS * ROUNDS {
        let tenant = nth * STRIDE % TENANTS;
        let number = format!("INV-{nth}");
        let path = invoice_path(&house.tenants[tenant], &format!("SO-{nth}"));
        clock::wait_until(at);
        connection.put(&path, &sale(&number));
        let theirs = house.sandbox.tenants[tenant].clone();
        accepted.entry(theirs).or_default().push(clock::wall());
        at += EVERY;
    }
    accepted
}

/// When each organisation's documents arrived.
fn arrivals(house: &House, since: u64) -> BTreeMap<String, Vec<Duration>> {
    let mut arrived: BTreeMap<String, Vec<Duration>> = BTreeMap::new();
    for call in house.sandbox.calls_since(since) {
        // An organisation whose lists are due reads them meanwhile.
        if call["method"] != "PUT" {
            continue;
        }
        let theirs = call["tenant_id"].as_str().unwrap().to_owned();
        let at_ms = call["at_ms"].as_u64().unwrap();
        arrived.entry(theirs).or_default().push(Duration::from_millis(at_ms));
    }
    arrived
}
