//! Starting on a store with many invoices, and listing them.

use std::time::Duration;

use serde_json::json;

use crate::clock;
use crate::figure::{Figure, count, megabytes, percentile, time};
use crate::grow;
use crate::machine::{peak_kib, resident_kib};
use crate::place;
use crate::run::Row;
use crate::support::{House, KeptAlive, bill, invoice_path, sale, share_out, with};
use crate::tenants::start;

/// Documents that are multiplied, the usual one first.
const KINDS: [&str; 4] = ["KIND-1", "KIND-2", "KIND-3", "KIND-4"];
/// Invoices of a middling host.
const SOME: u64 = 20_000;
/// Invoices of a large one.
const MANY: u64 = 1_000_000;
/// The same where less than [`ROOM_BYTES`] are free on the disk.
const FEWER: u64 = 100_000;
/// 16 GB for the large store, with a margin.
const ROOM_BYTES: u64 = 22_000_000_000;
/// Invoices of a page, where the caller says nothing, and at most.
const USUAL_PAGE: usize = 50;
const LARGEST_PAGE: usize = 500;
/// Writes just before the kill.
const WRITES: usize = 500;
/// Most pages read of each list.
const PAGES: usize = 100;
const START_GOAL: Duration = Duration::from_secs(5);
const PAGE_GOAL: Duration = Duration::from_millis(50);

pub const ROW: Row = Row {
    name: "restart",
    title: "Starting, and listing, with many invoices",
    how: "One organisation. A green and a red invoice, a green bill and one without a badge, which the daemon wrote itself, are multiplied in \
          the data folder while it is down: 97 % green, the others 1 % each. Start → ready as above. With 20,000 invoices the daemon is killed \
          (`kill -9`) right after 500 more writes over HTTP. A list page is one answer of `GET /v1/tenants/{tenant}/invoices` over a kept \
          connection; of each list (all, each badge, one reason, one number, both orders) up to 100 pages in a row are read, with 50 invoices a \
          page as usual and with 500, the most there can be. The goal is for a million invoices; with less than 22 GB free on the disk a \
          store of 100,000 is made instead. Texts (`q`) are not indexed and not among these lists.",
    measure,
};

fn measure() -> Vec<Figure> {
    let mut house = place::open(1, |config| config);
    write_kinds(&house);
    grow::stop(&mut house);
    let kinds = u64::try_from(KINDS.len()).unwrap();
    grow::add_invoices(&house, &KINDS, kinds, SOME);
    let (daemon, _clean) = start(&house.config);
    house.daemon = daemon;
    share_out(&house.daemon.api, 16, WRITES, |connection, nth| {
        let path = invoice_path(house.ours(), &format!("LATE-{nth}"));
        let draft = with(sale(&format!("LATE-{nth}")), "/host_status", json!("draft"));
        connection.put(&path, &draft);
    });
    house.daemon.process.kill();
    let (daemon, after_kill) = start(&house.config);
    house.daemon = daemon;
    let total = house.daemon.counts(house.ours())["total"].as_u64().unwrap();
    let late = u64::try_from(WRITES).unwrap();
    assert_eq!(total, SOME + late, "what was accepted is there");
    let smaller = [USUAL_PAGE, LARGEST_PAGE].map(|limit| pages(&house, limit));
    let smaller_kib = resident_kib(house.daemon.process.pid());
    let what = format!("{} invoices, kill -9: start → ready", count(SOME));
    let mut figures = vec![Figure::new(what, time(after_kill))];
    grow::stop(&mut house);
    let ((), grown) = clock::timed(|| grow::add_invoices(&house, &KINDS, SOME, target() - late));
    println!("   made large in {}", time(grown));
    figures.extend(large(&mut house, &smaller, smaller_kib));
    figures
}

/// How many invoices the large store has: fewer where the disk has no room for it.
fn target() -> u64 {
    let disk = rustix::fs::statvfs(place::root()).unwrap();
    if disk.f_bavail * disk.f_frsize >= ROOM_BYTES {
        MANY
    } else {
        FEWER
    }
}

/// The figures of a large store, beside those of a middling one.
fn large(house: &mut House, smaller: &[Pages; 2], smaller_kib: u64) -> Vec<Figure> {
    let (daemon, clean) = start(&house.config);
    house.daemon = daemon;
    let total = house.daemon.counts(house.ours())["total"].as_u64().unwrap();
    let of = |what: &str| format!("{} invoices, {what}", count(total));
    let pid = house.daemon.process.pid();
    let started_kib = resident_kib(pid);
    let usual = pages(house, USUAL_PAGE).figure(of("slowest page of 50"), &smaller[0]);
    let largest = pages(house, LARGEST_PAGE).figure(of("slowest page of 500"), &smaller[1]);
    let (kib, peak) = (resident_kib(pid), peak_kib(pid));
    house.daemon.process.kill();
    let (daemon, after_kill) = start(&house.config);
    house.daemon = daemon;
    let each = kib.saturating_sub(smaller_kib) * 1_024 / (total - SOME);
    vec![
        Figure::new(of("clean stop: start → ready"), time(clean)).goal("≤ 5 s", clean <= START_GOAL),
        usual,
        largest,
        Figure::new(of("resident after listing"), megabytes(kib)).beside(format!(
            "at the start {}, peak {}; with {} invoices {}, so {each} bytes for each further one",
            megabytes(started_kib),
            megabytes(peak),
            count(SOME),
            megabytes(smaller_kib)
        )),
        Figure::new(of("kill -9: start → ready"), time(after_kill)),
    ]
}

/// Writes one document of each of [`KINDS`].
fn write_kinds(house: &House) {
    let [green, red, green_bill, none] = KINDS;
    house.synced(green, &sale(green));
    let mut unmapped = sale(red);
    unmapped["lines"][0]["nominal_code"] = json!("4010");
    house.daemon.put(house.ours(), red, &unmapped).ok(201);
    house.daemon.badge(house.ours(), red, "failed");
    house.synced(green_bill, &bill(green_bill));
    let draft = with(sale(none), "/host_status", json!("draft"));
    house.daemon.put(house.ours(), none, &draft).ok(201);
}

/// How long pages took, and the list of the slowest.
struct Pages {
    took: Vec<Duration>,
    slowest: (Duration, &'static str),
}

impl Pages {
    /// As a figure with its goal, beside the same of a smaller store.
    fn figure(mut self, what: String, smaller: &Self) -> Figure {
        let (slowest, list) = self.slowest;
        let list = if list.is_empty() { "all" } else { list };
        Figure::new(what, time(slowest))
            .goal("≤ 50 ms", slowest <= PAGE_GOAL)
            .beside(format!(
                "a page of `{list}`; median {}, p99 {}, of {} pages; with {} invoices: slowest {}",
                time(percentile(&mut self.took, 50)),
                time(percentile(&mut self.took, 99)),
                count(self.took.len().try_into().unwrap()),
                count(SOME),
                time(smaller.slowest.0)
            ))
    }
}

/// Reads pages of each list, with so many invoices a page.
fn pages(house: &House, limit: usize) -> Pages {
    let lists = [
        "",
        "state=synced",
        "state=failed",
        "state=none",
        "state=pending",
        "reason=unmapped_nominal_code",
        "number=GROWN-10000",
        "sort=created_at",
        "state=synced&sort=created_at",
    ];
    let mut connection = KeptAlive::open(&house.daemon.api);
    let mut pages = Pages {
        took: Vec::new(),
        slowest: (Duration::ZERO, ""),
    };
    for list in lists {
        let mut after = String::new();
        for _ in 0..PAGES {
            let path = format!("/v1/tenants/{}/invoices?limit={limit}&{list}{after}", house.ours());
            let (answer, took) = clock::timed(|| connection.send("GET", path.trim_end_matches('&'), ""));
            pages.took.push(took);
            pages.slowest = pages.slowest.max((took, list));
            let page = answer.ok(200);
            let Some(cursor) = page["next_cursor"].as_str() else {
                break;
            };
            after = format!("&cursor={cursor}");
        }
    }
    pages
}
