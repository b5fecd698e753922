//! Calls to Xero for many documents.

use crate::figure::{Figure, ratio};
use crate::place;
use crate::run::Row;
use crate::support::{invoice_path, sale, share_out};

const WRITES: usize = 1_000;
const GOAL: usize = 22;

pub const ROW: Row = Row {
    name: "calls",
    title: "Calls to Xero for 1,000 new sales invoices",
    how: "One organisation whose chart and contact are known. A limit of one call a minute, which is used up, holds everything back until all \
          1,000 invoices of three lines are accepted; then the limit is set to Xero's 60 by a reload. Counted are all accounting calls from \
          then on until every invoice is in Xero, in the sandbox's own log.",
    measure,
};

fn measure() -> Vec<Figure> {
    let mut house = place::open(1, |config| config);
    place::warm(&house);
    place::set_minute_limit(&mut house, 1);
    let since = house.sandbox.latest_seq();
    share_out(&house.daemon.api, 16, WRITES, |connection, nth| {
        let path = invoice_path(house.ours(), &format!("SO-{nth}"));
        let mut body = sale(&format!("INV-{nth}"));
        let lines = body["lines"].as_array_mut().unwrap();
        for more in ["L2", "L3"] {
            let mut line = lines[0].clone();
            line["ref"] = more.into();
            lines.push(line);
        }
        connection.put(&path, &body);
    });
    assert!(
        house.sandbox.calls_since(since).is_empty(),
        "all were accepted before the first call"
    );
    place::set_minute_limit(&mut house, 60);
    place::settled(&house, house.ours(), WRITES + 1, 120);
    let calls = house.sandbox.calls_since(since).len();
    let one_by_one = u64::try_from(WRITES).unwrap();
    let fewer = ratio(one_by_one, calls.try_into().unwrap());
    house.sandbox.assert_no_violations();
    vec![
        Figure::new("calls", calls.to_string())
            .goal("≤ 22", calls <= GOAL)
            .beside(format!(
                "one by one 1,000 ({fewer} as many); at 50 a call, Xero's most, 20"
            )),
    ]
}
