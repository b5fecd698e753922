//! What blocks how many invoices.

use std::collections::BTreeSet;

use super::world::World;
use crate::model::reason::ReasonCode;
use crate::model::row::{Badge, Invoice};
use crate::model::write::Write;
use crate::store::rows::tests::samples::{self, tenant_id};

const CODE: ReasonCode = ReasonCode::UnmappedNominalCode;

fn write(row: Invoice) -> Write {
    Write::Invoice(Box::new(row))
}

/// Red for one of three codes, or for none that is known; another reason, another tenant.
fn population() -> Vec<Write> {
    let tenant = tenant_id(1);
    let red = |n, code, subject| write(samples::red(samples::invoice(tenant, n), code, subject));
    let mut writes: Vec<Write> = (1..=30_u64)
        .map(|n| match n % 5 {
            0 => red(n, CODE, Some("4020")),
            1 => red(n, CODE, None),
            2 | 3 => red(n, CODE, Some("4010")),
            _ => red(n, ReasonCode::ContactCollision, Some("4010")),
        })
        .collect();
    writes.push(red(31, CODE, Some("4030")));
    let other = samples::invoice(tenant_id(2), 32);
    writes.push(write(samples::red(other, CODE, Some("4010"))));
    writes.push(write(samples::badged(
        samples::invoice(tenant, 33),
        Some(Badge::Synced),
    )));
    writes
}

#[test]
fn red_invoices_are_counted_by_what_they_are_red_about() {
    for world in World::all() {
        world.commit(&population());
        let found = world.reader.gaps(tenant_id(1), CODE, 10).unwrap();
        let seen: Vec<(Option<&str>, u64)> = found
            .gaps
            .iter()
            .map(|gap| (gap.subject.as_deref(), gap.count))
            .collect();
        let expected = [(Some("4010"), 12), (None, 6), (Some("4020"), 6), (Some("4030"), 1)];
        assert_eq!(
            (seen.as_slice(), found.has_more),
            (&expected[..], false),
            "{}",
            world.name
        );
        let oldest: Vec<&str> = found.gaps[0].samples.iter().map(|row| row.host_ref.as_str()).collect();
        assert_eq!(oldest, ["SO-2", "SO-3", "SO-7"]);
        let first = world.reader.gaps(tenant_id(1), CODE, 1).unwrap();
        assert_eq!((first.gaps.len(), first.has_more), (1, true));

        // One turns green, another is red about something else now.
        let green = samples::badged(samples::invoice(tenant_id(1), 2), Some(Badge::Synced));
        let moved = samples::red(samples::invoice(tenant_id(1), 3), CODE, Some("4030"));
        world.commit(&[write(green), write(moved)]);
        let found = world.reader.gaps(tenant_id(1), CODE, 10).unwrap();
        let count = |subject: &str| {
            found
                .gaps
                .iter()
                .find(|gap| gap.subject.as_deref() == Some(subject))
                .unwrap()
                .count
        };
        assert_eq!((count("4010"), count("4030")), (10, 2));
        assert!(world.reader.gaps(tenant_id(3), CODE, 10).unwrap().gaps.is_empty());
    }
}

/// On demand: `cargo test --release --lib reader::tests::gaps -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement of a minute"]
#[expect(clippy::disallowed_methods, reason = "a measurement")]
fn five_thousand_red_of_a_hundred_thousand() {
    let world = World::disk(true);
    let tenant = tenant_id(1);
    for start in (0..100_000_u64).step_by(500) {
        let rows = (start..start + 500).map(|n| {
            let row = samples::invoice(tenant, n);
            write(match n % 20 {
                0 => samples::red(row, CODE, Some(&format!("4{:03}", n % 17_000 / 100))),
                _ => samples::badged(row, Some(Badge::Synced)),
            })
        });
        world.commit(&rows.collect::<Vec<_>>());
    }
    let mut took = Vec::new();
    let mut seen = 0;
    for _ in 0..50 {
        let begin = std::time::Instant::now();
        let found = world.reader.gaps(tenant, CODE, 100).unwrap();
        let names: BTreeSet<String> = ["J Smith".to_owned()].into();
        world.reader.contact_uses(tenant, &names).unwrap();
        took.push(begin.elapsed());
        seen = found.gaps.iter().map(|gap| gap.count).sum();
    }
    took.sort();
    println!("{seen} shown; median {:?}, slowest {:?}", took[25], took[49]);
}
