//! The feed and kept answers.

use super::world::World;
use crate::model::row::Event;
use crate::model::write::Write;
use crate::store::rows::tests::samples::{self, AT, tenant_id};

fn event(n: u64) -> Event {
    let tenant = tenant_id(1 + u128::from(n % 2));
    samples::event(tenant, n, AT.plus_ms(i64::try_from(n).unwrap()))
}

#[test]
fn the_feed_is_read_from_any_cursor_to_its_end() {
    for world in World::all() {
        let reader = &world.reader;
        assert_eq!((reader.feed_end().unwrap(), reader.feed_oldest().unwrap()), (0, None));
        let empty = reader.events(0, 10, None).unwrap();
        assert_eq!((empty.events, empty.next), (vec![], 0));
        let first: Vec<Write> = (1..=5).map(|n| Write::Event(Box::new(event(n)))).collect();
        let second: Vec<Write> = (6..=9).map(|n| Write::Event(Box::new(event(n)))).collect();
        world.commit(&first);
        world.commit(&second);
        assert_eq!(
            (reader.feed_end().unwrap(), reader.feed_oldest().unwrap()),
            (9, Some(1))
        );

        let page = reader.events(0, 4, None).unwrap();
        assert_eq!(page.events, (1..=4).map(|n| (n, event(n))).collect::<Vec<_>>());
        let page = reader.events(page.next, 1_000, None).unwrap();
        assert_eq!(page.events, (5..=9).map(|n| (n, event(n))).collect::<Vec<_>>());
        assert_eq!(page.next, 9);
        let page = reader.events(9, 4, None).unwrap();
        assert_eq!((page.events, page.next), (vec![], 9));

        let own = reader.events(0, 2, Some(tenant_id(1))).unwrap();
        assert_eq!(own.events, vec![(2, event(2)), (4, event(4))]);
        let own = reader.events(own.next, 100, Some(tenant_id(1))).unwrap();
        assert_eq!(own.events, vec![(6, event(6)), (8, event(8))]);
        assert_eq!(own.next, 9, "entries of others are passed over");
        assert_eq!(reader.events(0, 10, Some(tenant_id(7))).unwrap().next, 9);
        assert_eq!(reader.feed_epoch(), [7; 16]);
    }
}

#[test]
fn the_old_end_of_the_feed_is_swept() {
    for world in World::all() {
        let reader = &world.reader;
        assert_eq!(reader.events_sweep(AT, 10).unwrap(), None);
        world.commit(&(1..=6).map(|n| Write::Event(Box::new(event(n)))).collect::<Vec<_>>());
        assert_eq!(reader.events_sweep(AT.plus_ms(1), 10).unwrap(), None);
        let sweep = reader.events_sweep(AT.plus_ms(4), 2).unwrap().unwrap();
        assert_eq!(sweep.ops.len(), 2);
        world.commit_raw(sweep);
        let sweep = reader.events_sweep(AT.plus_ms(4), 10).unwrap().unwrap();
        world.commit_raw(sweep);
        assert_eq!(reader.events_sweep(AT.plus_ms(4), 10).unwrap(), None);
        assert_eq!(
            (reader.feed_oldest().unwrap(), reader.feed_end().unwrap()),
            (Some(4), 6)
        );
        let page = reader.events(0, 10, None).unwrap();
        assert_eq!(page.events, (4..=6).map(|n| (n, event(n))).collect::<Vec<_>>());
        let sweep = reader.events_sweep(AT.plus_ms(99), 10).unwrap().unwrap();
        world.commit_raw(sweep);
        assert_eq!((reader.feed_oldest().unwrap(), reader.feed_end().unwrap()), (None, 6));
    }
}

/// Thousands of entries of others: one call does bounded work and says where to go on.
#[test]
fn one_tenants_events_are_found_in_bounded_steps() {
    let world = World::memory();
    let writes: Vec<Write> = (0..6_000)
        .map(|n| {
            let tenant = if n == 5_500 { tenant_id(1) } else { tenant_id(2) };
            Write::Event(Box::new(samples::event(tenant, n, AT)))
        })
        .collect();
    world.commit(&writes);
    let page = world.reader.events(0, 1_000, Some(tenant_id(1))).unwrap();
    assert_eq!((page.events.len(), page.next), (0, 5_000));
    let page = world.reader.events(page.next, 1_000, Some(tenant_id(1))).unwrap();
    assert_eq!((page.events[0].0, page.next), (5_501, 6_000));
}

#[test]
fn kept_answers_are_found_by_key_and_by_age() {
    for world in World::all() {
        let reader = &world.reader;
        let put = |key: &str, at| Write::Receipt(Box::new(samples::receipt(key, AT.plus_ms(at))));
        world.commit(&[put("b", 2), put("a", 3), put("c", 1), put("d", 4)]);
        assert_eq!(reader.receipt("a").unwrap(), Some(samples::receipt("a", AT.plus_ms(3))));
        assert_eq!(reader.receipt("z").unwrap(), None);
        let older = |at, limit| reader.receipts_older_than(AT.plus_ms(at), limit).unwrap();
        assert_eq!(older(4, 10), ["c", "b", "a"]);
        assert_eq!(older(4, 2), ["c", "b"]);
        assert_eq!(older(1, 10), [""; 0]);
        world.commit(&[put("c", 9)]);
        assert_eq!(
            older(4, 10),
            ["b", "a"],
            "a key that was used again is as old as its last use"
        );
        world.commit(&[Write::DropReceipt("b".to_owned()), Write::DropReceipt("a".to_owned())]);
        assert_eq!(older(100, 10), ["d", "c"]);
        assert_eq!(reader.receipt("a").unwrap(), None);
    }
}
