//! Floods, slowness and the end.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::client::Answer;
use super::fixture::{Setup, World, body};
use crate::http::Caps;

fn quick() -> Caps {
    Caps {
        head_timeout: Duration::from_millis(300),
        body_timeout: Duration::from_millis(300),
        ..Caps::default()
    }
}

/// Resident memory of this process in KiB.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find(|line| line.starts_with("VmRSS"));
    let digits = line.and_then(|line| line.split_whitespace().nth(1));
    digits.and_then(|digits| digits.parse().ok()).expect("a number")
}

#[test]
fn an_announced_giant_body_is_refused_unread() {
    let world = World::start();
    let mut stream = world.client.connect();
    let head = world.client.head(
        "PUT",
        &world.path("A"),
        &[("content-type", "application/json"), ("content-length", "10737418240")],
    );
    stream.write_all(format!("{head}\r\n").as_bytes()).expect("it is taken");
    stream.shutdown(std::net::Shutdown::Write).expect("it half-closes");
    let mut raw = Vec::new();
    stream.read_to_end(&mut raw).expect("it answers");
    let problem = Answer::parse(&raw).is_problem("body_too_large");
    assert_eq!(problem["max_bytes"], 4 << 20);
}

#[test]
fn a_giant_streamed_body_is_refused_with_flat_memory() {
    let world = World::start();
    let before_kib = resident_kib();
    let mut stream = world.client.connect();
    let head = world.client.head(
        "PUT",
        &world.path("A"),
        &[("content-type", "application/json"), ("transfer-encoding", "chunked")],
    );
    stream.write_all(format!("{head}\r\n").as_bytes()).expect("it is taken");
    let mut chunk = b"10000\r\n".to_vec();
    chunk.extend(std::iter::repeat_n(b'[', 0x10000));
    chunk.extend(b"\r\n");
    // 256 MiB; other tests run beside this one, so the bound is generous.
    for _ in 0..4_096 {
        stream.write_all(&chunk).expect("it is read and thrown away");
    }
    stream.write_all(b"0\r\n\r\n").expect("it ends");
    let grown_kib = resident_kib().saturating_sub(before_kib);
    let mut raw = Vec::new();
    stream.read_to_end(&mut raw).expect("it answers");
    Answer::parse(&raw).is_problem("body_too_large");
    assert!(grown_kib < 160 * 1_024, "grew by {grown_kib} KiB");
}

#[test]
fn small_routes_have_a_small_cap() {
    let world = World::start();
    let large = format!("{{\"value\":\"{}\"}}", "x".repeat(1 << 20));
    let path = world.below("/mappings/nominal_codes/1");
    let answer = world.client.send("PUT", &path, &[], &large);
    assert_eq!(answer.is_problem("body_too_large")["max_bytes"], 1 << 20);
    let mut sent = body("I");
    sent["lines"][0]["description"] = "x".repeat(2 << 20).into();
    let answer = world.client.put(&world.path("A"), &sent);
    assert_eq!(answer.faults()[0].1, "too_long", "two MiB are read here");
}

#[test]
fn ten_thousand_lines_are_taken_and_more_are_not() {
    let world = World::start();
    let mut sent = body("I");
    let line = serde_json::json!({"description": "", "quantity": "1", "unit_price": "1"});
    sent["lines"] = vec![line.clone(); 10_000].into();
    assert_eq!(world.client.put(&world.path("A"), &sent).status, 201);
    sent["lines"] = vec![line; 10_001].into();
    assert_eq!(world.client.put(&world.path("A"), &sent).faults()[0].1, "too_many");
}

#[test]
fn a_slow_head_is_cut_off_and_others_are_served() {
    let world = World::with(Setup {
        caps: quick(),
        ..Setup::default()
    });
    let mut slow: Vec<TcpStream> = (0..100).map(|_| world.client.connect()).collect();
    for stream in &mut slow {
        stream.write_all(b"GET /healthz HTTP/1.1\r\nho").expect("it is taken");
    }
    assert_eq!(world.client.get("/healthz").status, 200);
    for mut stream in slow {
        let mut raw = Vec::new();
        let ended = stream.read_to_end(&mut raw);
        assert!(ended.is_ok(), "{ended:?}");
    }
}

#[test]
fn a_slow_body_is_cut_off() {
    let world = World::with(Setup {
        caps: quick(),
        ..Setup::default()
    });
    let mut stream = world.client.connect();
    let headers = [("content-type", "application/json"), ("content-length", "100")];
    let head = world.client.head("PUT", &world.path("A"), &headers);
    stream
        .write_all(format!("{head}\r\n{{").as_bytes())
        .expect("it is taken");
    // The refused rest is waited for a while, so the client ends it.
    std::thread::sleep(Duration::from_millis(400));
    stream.shutdown(std::net::Shutdown::Write).expect("it half-closes");
    let mut raw = Vec::new();
    stream.read_to_end(&mut raw).expect("it answers");
    Answer::parse(&raw).is_problem("request_timeout");
}

#[test]
fn a_large_head_is_refused() {
    let world = World::start();
    let large = "x".repeat(20 * 1_024);
    let answer = world.client.send("GET", "/healthz", &[("x-large", &large)], "");
    assert_eq!(answer.status, 431);
}

#[test]
fn strangers_go_for_newcomers_and_known_callers_stay() {
    let caps = Caps {
        connections_max: 4,
        ..Caps::default()
    };
    let world = World::with(Setup {
        caps,
        ..Setup::default()
    });
    let mut known = world.client.connect();
    let request = format!(
        "GET /v1/events?wait=30&cursor={} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\nconnection: close\r\n\r\n",
        world.client.get("/v1/events").json()["next_cursor"]
            .as_str()
            .expect("a cursor"),
        world.client.addr,
        super::fixture::ADMIN
    );
    known.write_all(request.as_bytes()).expect("it is taken");
    // Its token has been seen once a later connection was served.
    assert_eq!(world.client.get("/healthz").status, 200);
    let strangers: Vec<TcpStream> = (0..20).map(|_| world.client.connect()).collect();
    assert_eq!(world.client.get("/healthz").status, 200);
    world.house.publish(world.tenant, "invoice.synced");
    let mut raw = Vec::new();
    known.read_to_end(&mut raw).expect("it was not sent away");
    assert_eq!(Answer::parse(&raw).json()["data"][0]["type"], "invoice.synced");
    drop(strangers);
}

#[test]
fn one_peer_has_a_share_of_the_connections() {
    use crate::http::connections::Connections;
    let connections = Connections::new(&Caps::default());
    let peer = Some("127.0.0.2".parse().expect("an address"));
    let mut slots: Vec<_> = (0..32).map(|_| connections.admit(peer).expect("room")).collect();
    assert!(connections.admit(peer).is_none());
    assert!(
        connections
            .admit(Some("127.0.0.3".parse().expect("an address")))
            .is_some()
    );
    slots.pop();
    assert!(connections.admit(peer).is_some());
}

#[test]
fn known_callers_are_never_sent_away() {
    use crate::http::connections::Connections;
    let caps = Caps {
        connections_max: 2,
        ..Caps::default()
    };
    let connections = Connections::new(&caps);
    let (first, second) = (connections.admit(None), connections.admit(None));
    for slot in [&first, &second] {
        slot.as_ref().expect("room").prove();
    }
    assert!(connections.admit(None).is_none());
    drop(first);
    assert!(connections.admit(None).is_some());
}

#[test]
fn stopping_lets_open_requests_finish_and_takes_no_new_ones() {
    let world = World::start();
    let (open, gate) = tokio::sync::oneshot::channel();
    world.house.rows().gate = Some(gate);
    let (client, path) = (world.client.clone(), world.path("A"));
    let writer = std::thread::spawn(move || client.put(&path, &body("I")));
    while world.house.rows().puts == 0 {
        std::thread::yield_now();
    }
    let addr = world.client.addr;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    let server = world.server;
    let stopper = std::thread::spawn(move || {
        runtime.block_on(server.stop(Duration::from_secs(10)));
    });
    while TcpStream::connect(addr).is_ok() {
        std::thread::yield_now();
    }
    open.send(()).expect("the write waits");
    assert_eq!(writer.join().expect("it ends").status, 201);
    stopper.join().expect("it stops");
}

#[test]
fn stopping_ends_at_its_deadline() {
    let world = World::start();
    let (_open, gate) = tokio::sync::oneshot::channel();
    world.house.rows().gate = Some(gate);
    let mut stream = world.client.connect();
    let sent = body("I").to_string();
    let length = sent.len().to_string();
    let headers = [
        ("content-type", "application/json"),
        ("content-length", length.as_str()),
    ];
    let head = world.client.head("PUT", &world.path("A"), &headers);
    stream
        .write_all(format!("{head}\r\n{sent}").as_bytes())
        .expect("it is taken");
    while world.house.rows().puts == 0 {
        std::thread::yield_now();
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime
        .expect("a runtime")
        .block_on(world.server.stop(Duration::from_millis(100)));
    let mut raw = Vec::new();
    assert!(stream.read_to_end(&mut raw).is_err() || raw.is_empty());
}
