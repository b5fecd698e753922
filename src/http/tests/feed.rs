//! The feed: pages, long polls and the stream.

use std::io::{BufRead, BufReader, Write};
use std::time::Duration;

use serde_json::{Value, json};

use super::fixture::{Setup, World};
use crate::http::Caps;
use crate::http::cursor::FeedCursor;

fn seqs(page: &Value) -> Vec<u64> {
    let data = page["data"].as_array().expect("a list");
    data.iter()
        .map(|event| event["seq"].as_u64().expect("a number"))
        .collect()
}

#[test]
fn the_feed_is_read_page_by_page_to_its_end() {
    let world = World::start();
    for _ in 0..5 {
        world.house.publish(world.tenant, "invoice.synced");
    }
    let mut cursor = String::new();
    let mut seen = Vec::new();
    for _ in 0..4 {
        let page = world.client.get(&format!("/v1/events?limit=2&cursor={cursor}")).json();
        seen.extend(seqs(&page));
        cursor = page["next_cursor"].as_str().expect("always there").to_owned();
    }
    assert_eq!(seen, [1, 2, 3, 4, 5]);
    world.house.publish(world.tenant, "invoice.pending");
    let page = world.client.get(&format!("/v1/events?cursor={cursor}")).json();
    let event = &page["data"][0];
    assert_eq!(event["type"], "invoice.pending");
    assert_eq!(event["tenant_id"], world.tenant.to_string());
    assert!(event["id"].as_str().expect("an id").starts_with("evt_"));
    assert_eq!(event["timestamp"], "2023-11-14T22:13:20.000Z");
    assert_eq!(event["data"], json!({"n": 6}));
}

#[test]
fn types_and_tenants_are_filtered_and_the_cursor_moves_past_the_others() {
    let world = World::start();
    for event_type in ["invoice.synced", "connection.state_changed", "invoice.sync_failed"] {
        world.house.publish(world.tenant, event_type);
        world.house.publish(world.other, event_type);
    }
    let get = |query: &str| world.client.get(&format!("/v1/events?{query}")).json();
    assert_eq!(seqs(&get("types=invoice.*")), [1, 2, 5, 6]);
    assert_eq!(seqs(&get("types=invoice.synced,connection.*")), [1, 2, 3, 4]);
    let mine = get(&format!("tenant={}", world.tenant));
    assert_eq!(seqs(&mine), [1, 3, 5]);
    let none = get("types=payment.*");
    assert_eq!(seqs(&none), [0; 0]);
    let cursor = none["next_cursor"].as_str().expect("a cursor");
    assert_eq!(FeedCursor::decode(cursor).expect("ours").seq, 6);
}

#[test]
fn a_long_poll_comes_back_with_the_event() {
    let world = World::start();
    let client = world.client.clone();
    let waiter = std::thread::spawn(move || client.get("/v1/events?wait=20").json());
    // Other types do not end the wait of a filtered one, but the wanted one does.
    world.house.publish(world.tenant, "invoice.synced");
    assert_eq!(seqs(&waiter.join().expect("it ends")), [1]);
    let empty = world.client.get("/v1/events?wait=1&types=payment.*").json();
    assert_eq!(empty["data"], json!([]));
    world.client.get("/v1/events?wait=61").is_problem("invalid_parameter");
    world
        .client
        .get("/v1/events?limit=1001")
        .is_problem("invalid_parameter");
}

#[test]
fn a_stop_ends_a_long_poll() {
    let world = World::start();
    let client = world.client.clone();
    let waiter = std::thread::spawn(move || client.get("/v1/events?wait=60"));
    while world.served.lock().expect("unpoisoned").is_empty() && world.house.feed_watchers() == 0 {
        std::thread::yield_now();
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime
        .expect("a runtime")
        .block_on(world.server.stop(Duration::from_secs(10)));
    assert_eq!(waiter.join().expect("it ends").json()["data"], json!([]));
}

#[test]
fn cursors_of_another_feed_or_of_the_forgotten_past_are_refused() {
    let world = World::start();
    for _ in 0..9 {
        world.house.publish(world.tenant, "invoice.synced");
    }
    world.house.rows().oldest = 5;
    world.house.rows().events.retain(|(seq, _)| *seq >= 5);
    let oldest = FeedCursor {
        epoch: "epoch-1".to_owned(),
        seq: 4,
    }
    .encode();
    for (epoch, seq) in [("epoch-0", 6), ("epoch-1", 3), ("epoch-1", 10)] {
        let cursor = FeedCursor {
            epoch: epoch.to_owned(),
            seq,
        }
        .encode();
        let answer = world.client.get(&format!("/v1/events?cursor={cursor}"));
        assert_eq!(answer.is_problem("cursor_expired")["oldest_cursor"], oldest);
    }
    let from_oldest = world.client.get(&format!("/v1/events?cursor={oldest}")).json();
    assert_eq!(seqs(&from_oldest), [5, 6, 7, 8, 9]);
    assert_eq!(seqs(&world.client.get("/v1/events").json()), [5, 6, 7, 8, 9]);
    for cursor in ["nonsense", "!!", "MTIz"] {
        world
            .client
            .get(&format!("/v1/events?cursor={cursor}"))
            .is_problem("invalid_cursor");
    }
}

/// The lines of a stream, without the framing of chunks.
struct Lines(BufReader<std::net::TcpStream>);

impl Lines {
    fn open(world: &World, query: &str, headers: &[(&str, &str)]) -> Self {
        let mut stream = world.client.connect();
        let head = world.client.head("GET", &format!("/v1/events/stream{query}"), headers);
        stream.write_all(format!("{head}\r\n").as_bytes()).expect("it is taken");
        Self(BufReader::new(stream))
    }

    /// What stands behind the next line that starts like this.
    fn behind(&mut self, start: &str) -> String {
        let line = self.until(start);
        line.strip_prefix(start).expect("it starts so").to_owned()
    }

    /// Reads until a line starts like this.
    fn until(&mut self, start: &str) -> String {
        loop {
            let mut line = String::new();
            let count = self.0.read_line(&mut line).expect("the stream goes on");
            assert_ne!(count, 0, "the stream ended before `{start}`");
            if line.starts_with(start) {
                return line.trim_end().to_owned();
            }
        }
    }
}

#[test]
fn the_stream_tells_events_and_signs_of_life_and_resumes() {
    let caps = Caps {
        heartbeat: Duration::from_millis(50),
        ..Caps::default()
    };
    let world = World::with(Setup {
        caps,
        ..Setup::default()
    });
    world.house.publish(world.tenant, "invoice.before");
    let mut lines = Lines::open(&world, "?types=invoice.*", &[]);
    assert_eq!(lines.until("HTTP/1.1"), "HTTP/1.1 200 OK");
    lines.until("content-type: text/event-stream");
    lines.until("retry: 3000");
    lines.until(": keep-alive");
    world.house.publish(world.tenant, "payment.recorded");
    world.house.publish(world.tenant, "invoice.synced");
    let id = lines.behind("id: ");
    lines.until("event: invoice.synced");
    let data: Value = serde_json::from_str(&lines.behind("data: ")).expect("JSON");
    assert_eq!(data["seq"], 3);
    drop(lines);
    world.house.publish(world.tenant, "invoice.paid");
    let last = [("last-event-id", id.as_str())];
    let mut lines = Lines::open(&world, "", &last);
    lines.until("event: invoice.paid");
}

#[test]
fn a_reader_that_stops_reading_is_let_go() {
    let caps = Caps {
        write_timeout: Duration::from_millis(200),
        ..Caps::default()
    };
    let world = World::with(Setup {
        caps,
        ..Setup::default()
    });
    let mut lines = Lines::open(&world, "", &[]);
    lines.until("retry: 3000");
    let large = "x".repeat(1 << 20);
    // More than the buffers of both sides hold; the reader takes none of it for a while.
    for _ in 0..32 {
        world
            .house
            .publish_with(world.tenant, "invoice.updated", json!({"large": large}));
    }
    // Nothing is read, so that the connection has ended shows when it takes nothing more.
    let mut tries = 0;
    while lines.0.get_mut().write_all(b"x").is_ok() {
        tries += 1;
        assert!(tries < 600, "the stream is still served");
        std::thread::sleep(Duration::from_millis(25));
    }
    assert_eq!(world.client.get("/healthz").status, 200);
}

#[test]
fn the_stream_tells_of_a_gap() {
    let world = World::start();
    world.house.publish(world.tenant, "invoice.synced");
    let lost = FeedCursor {
        epoch: "epoch-0".to_owned(),
        seq: 44,
    }
    .encode();
    let mut lines = Lines::open(&world, &format!("?cursor={lost}"), &[]);
    lines.until("event: gap");
    assert!(lines.until("data: ").contains("oldest_cursor"));
    lines.until("event: invoice.synced");
    let bad = world.client.get("/v1/events/stream?cursor=nonsense");
    bad.is_problem("invalid_cursor");
}
