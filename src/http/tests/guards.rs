//! Who may come in.

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::json;

use super::client::{Answer, Client};
use super::fixture::{READER, Setup, World, body};
use crate::http::routes::{Endpoint, ROUTES, Table};
use crate::http::{Access, Listen, Mount, MountedReply, MountedRequest, Scope, Server, StartError};

/// A path that fits a pattern.
fn filled(world: &World, pattern: &str) -> String {
    pattern
        .replace("{tenant}", &world.tenant.to_string())
        .replace("{invoice}", "ref:A")
        .replace("{kind}", "nominal_codes")
        .replace("{key}", "4010")
        .replace("{operation}", "op_01ARZ3NDEKTSV4RRFFQ69G5FAV")
        .replace("{code}", "too_large")
}

#[test]
fn every_route_has_a_scope_a_body_cap_and_a_deadline() {
    assert!(Table::build().is_ok());
    let world = World::start();
    let nobody = Client {
        token: None,
        ..world.client.clone()
    };
    let mut seen = std::collections::HashSet::new();
    for route in ROUTES {
        assert!(seen.insert(route.endpoint), "{} stands twice", route.pattern);
        assert!(route.body_max_bytes <= 4 << 20);
        let has_body = !route.verb.is_read() && route.verb.name() != "DELETE";
        assert_eq!(route.body_max_bytes > 0, has_body, "{}", route.pattern);
        if !route.verb.is_read() {
            assert_ne!(route.access, Access::Open, "{}", route.pattern);
            // Names that do not fit into a query.
            let only_reads = route.endpoint == Endpoint::Badges;
            let has_read = route.access == Access::Needs(Scope::Read);
            assert_eq!(has_read, only_reads, "{}", route.pattern);
        }
        let path = filled(&world, route.pattern);
        let answer = nobody.send(route.verb.name(), &path, &[], "");
        let is_open = matches!(route.endpoint, Endpoint::Healthz | Endpoint::Readyz | Endpoint::Metrics);
        if is_open {
            assert_eq!(route.access, Access::Open);
            assert_eq!(answer.status, 200, "{path}");
        } else {
            answer.is_problem("unauthenticated");
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        }
        let foreign = [("host", "evil.example:7626")];
        let answer = world.client.send(route.verb.name(), &path, &foreign, "");
        answer.is_problem("host_not_allowed");
    }
}

#[test]
fn a_wrong_token_is_refused() {
    let world = World::start();
    for value in [
        "Bearer wrong",
        "Bearer ",
        "Bearer",
        "Basic YWRtaW46YWRtaW4=",
        "cft_admin_0123456789",
        "Bearer cft_admin_012345678",
        "Bearer cft_admin_01234567890",
    ] {
        let answer = world.client.send("GET", "/v1/tenants", &[("authorization", value)], "");
        answer.is_problem("unauthenticated");
    }
    let twice = [
        ("authorization", "Bearer cft_admin_0123456789"),
        ("authorization", "Bearer cft_admin_0123456789"),
    ];
    world
        .client
        .send("GET", "/v1/tenants", &twice, "")
        .is_problem("unauthenticated");
    world.advance_ms(31 * 24 * 3_600_000);
    let late = world.client.get("/v1/tenants").is_problem("unauthenticated");
    assert_eq!(late["detail"], "The token has expired.");
}

#[test]
fn ux_8_a_missing_scope_is_named() {
    let world = World::start();
    let reader = &world.reader;
    let settings = [("if-match", "*")];
    let table = [
        (reader.put(&world.path("A"), &body("I")), "hosts.write"),
        (reader.post(&format!("{}/resync", world.path("A"))), "finance.xero.sync"),
        (
            reader.put(&world.below("/mappings/nominal_codes/1"), &json!({"value": "2"})),
            "settings.integrations.manage",
        ),
        (
            reader.put(&world.below("/mappings/nominal_codes"), &json!({"1": "2"})),
            "settings.integrations.manage",
        ),
        (
            reader.send("DELETE", &world.below("/mappings/nominal_codes/1"), &[], ""),
            "settings.integrations.manage",
        ),
        (
            reader.send("PATCH", &world.below("/settings"), &settings, "{}"),
            "settings.integrations.manage",
        ),
        (reader.send("POST", "/v1/connect:import", &[], "{}"), "admin"),
    ];
    for (answer, scope) in table {
        let problem = answer.is_problem("permission_denied");
        assert_eq!(problem["required_scope"], scope);
    }
}

#[test]
fn a_token_sees_its_own_tenants_only() {
    let world = World::start();
    let other = world.other;
    let secret = world
        .client
        .put(&format!("/v1/tenants/{other}/invoices/ref:B"), &body("INV-B"));
    assert_eq!(secret.status, 201);
    let operation = world.client.post(&format!("/v1/tenants/{other}/invoices/ref:B/resync"));
    let operation = operation.json()["operation"]["id"].as_str().expect("an id").to_owned();
    world.house.publish(other, "invoice.synced");
    let reader = &world.reader;
    for path in ["", "/invoices", "/invoices/counts", "/invoices/ref:B", "/settings"] {
        reader
            .get(&format!("/v1/tenants/{other}{path}"))
            .is_problem("tenant_not_found");
    }
    let guid = super::fixture::GUID_B;
    reader
        .get(&format!("/v1/tenants/{guid}"))
        .is_problem("tenant_not_found");
    reader
        .get(&format!("/v1/operations/{operation}"))
        .is_problem("operation_not_found");
    reader
        .get(&format!("/v1/events?tenant={other}"))
        .is_problem("tenant_not_found");
    let tenants = reader.get("/v1/tenants").json();
    assert_eq!(tenants["data"].as_array().expect("a list").len(), 1);
    assert_eq!(reader.get("/v1/operations").json()["data"], json!([]));
    assert_eq!(reader.get("/v1/events").json()["data"], json!([]));
    assert_eq!(reader.get("/v1/status").json()["tenants"]["total"], 1);
}

#[test]
fn a_foreign_host_is_refused_before_anything_else() {
    let world = World::start();
    let port = world.client.addr.port();
    let evil = format!("evil.example:{port}");
    let dotted = format!("127.0.0.1.evil.example:{port}");
    for host in [evil.as_str(), &dotted, "127.0.0.1", "localhost", "localhost:1", ""] {
        let answer = world.client.send("GET", "/healthz", &[("host", host)], "");
        answer.is_problem("host_not_allowed");
    }
    let two = format!("127.0.0.1:{port}");
    let hosts = [("host", two.as_str()), ("host", evil.as_str())];
    world
        .client
        .send("GET", "/healthz", &hosts, "")
        .is_problem("host_not_allowed");
    let absolute = format!("http://{evil}/healthz");
    world.client.get(&absolute).is_problem("host_not_allowed");
    for host in [
        format!("localhost:{port}"),
        format!("LOCALHOST:{port}"),
        format!("127.0.0.1:{port}"),
        format!("[::1]:{port}"),
        "counterfoil.internal:7626".to_owned(),
    ] {
        let answer = world.client.send("GET", "/healthz", &[("host", &host)], "");
        assert_eq!(answer.status, 200, "{host}");
    }
}

#[test]
fn a_page_of_another_site_is_refused() {
    let world = World::start();
    let own = format!("http://{}", world.client.addr);
    for header in [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        let answer = world
            .client
            .send("PUT", &world.path("A"), &[header], &body("I").to_string());
        answer.is_problem("origin_not_allowed");
        assert_eq!(answer.header("access-control-allow-origin"), None);
    }
    for header in [("origin", own.as_str()), ("sec-fetch-site", "same-origin")] {
        let answer = world
            .client
            .send("PUT", &world.path("A"), &[header], &body("I").to_string());
        assert!(answer.status < 300);
    }
    let preflight = world.client.send("OPTIONS", &world.path("A"), &[], "");
    preflight.is_problem("method_not_allowed");
}

#[test]
fn every_answer_has_the_security_headers_and_an_id() {
    let world = World::start();
    for path in ["/healthz", "/metrics", "/v1/tenants", "/v1/nothing"] {
        let answer = world.client.get(path);
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert!(answer.header("counterfoil-version").is_some());
        let id = answer.header("x-request-id").expect("an id");
        assert!(id.starts_with("req_") && id.len() == 30, "{id}");
    }
    let mine = world
        .client
        .send("GET", "/v1/nothing", &[("x-request-id", "abc-1.2")], "");
    assert_eq!(mine.is_problem("route_not_found")["request_id"], "abc-1.2");
    let bad = world
        .client
        .send("GET", "/healthz", &[("x-request-id", "a b\"<x>")], "");
    assert!(bad.header("x-request-id").expect("an id").starts_with("req_"));
}

#[test]
fn the_socket_serves_its_own_user_without_a_token() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("control.sock");
    // A socket whose process has died is replaced.
    drop(std::os::unix::net::UnixListener::bind(&path).expect("it binds"));
    let world = World::with(Setup {
        socket: Some(path.clone()),
        ..Setup::default()
    });
    let mode = std::fs::metadata(&path).expect("it exists").permissions().mode();
    assert_eq!(mode & 0o777, 0o660);
    let ask = |request: String| {
        let mut stream = UnixStream::connect(&path).expect("it listens");
        stream.write_all(request.as_bytes()).expect("it takes the request");
        let mut raw = Vec::new();
        stream.read_to_end(&mut raw).expect("it answers");
        Answer::parse(&raw)
    };
    let end = "HTTP/1.1\r\nhost: counterfoil\r\nconnection: close\r\n\r\n";
    assert_eq!(ask(format!("GET /v1/tenants {end}")).status, 200);
    world.given("A");
    let queued = ask(format!("POST {}/resync {end}", world.path("A")));
    let uid = rustix::process::getuid().as_raw();
    assert_eq!(queued.json()["operation"]["requested_by"], format!("socket:{uid}"));
    // A living one is not taken away.
    let taken = start_again(&world, &path);
    assert!(matches!(taken, Err(StartError::InUse(_))));
}

/// Tries to start a second server on the same socket.
fn start_again(world: &World, path: &std::path::Path) -> Result<Server, StartError> {
    crate::http::start(
        super::fixture::state_of(&world.house),
        Listen {
            tcp: None,
            socket: Some(path.to_owned()),
        },
    )
}

#[test]
fn only_loopback_addresses_are_served() {
    let world = World::start();
    for addr in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
        let listen = Listen {
            tcp: Some(addr.parse().expect("an address")),
            socket: None,
        };
        let started = crate::http::start(super::fixture::state_of(&world.house), listen);
        assert!(matches!(started, Err(StartError::NotLoopback(_))), "{addr}");
    }
    let nowhere = crate::http::start(super::fixture::state_of(&world.house), Listen::default());
    assert!(matches!(nowhere, Err(StartError::Nowhere)));
}

struct Console;

impl Mount for Console {
    fn accepts(&self, _method: &str, path: &str) -> Option<(Access, usize)> {
        match path {
            "/console" => Some((Access::Open, 0)),
            "/console/act" => Some((Access::Needs(Scope::Admin), 16)),
            _ => None,
        }
    }

    fn answer(&self, request: MountedRequest) -> BoxFuture<'static, MountedReply> {
        async move {
            MountedReply {
                status: 200,
                headers: vec![("content-type".into(), "text/html".into())],
                body: Bytes::from(format!("{} {}", request.caller, request.body.len())),
            }
        }
        .boxed()
    }
}

#[test]
fn a_mounted_router_stands_behind_the_same_guards() {
    let world = World::with(Setup {
        mounts: vec![Arc::new(Console)],
        ..Setup::default()
    });
    let page = world.client.send("GET", "/console", &[], "");
    assert_eq!((page.status, page.text.as_str()), (200, "open 0"));
    assert_eq!(page.header("content-type"), Some("text/html"));
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
    let acted = world.client.send("POST", "/console/act", &[], "{}");
    assert_eq!(acted.text, "token:admin 2");
    let large = world.client.send("POST", "/console/act", &[], &"x".repeat(17));
    large.is_problem("body_too_large");
    let reader = [("authorization", &*format!("Bearer {READER}"))];
    world
        .client
        .send("POST", "/console/act", &reader, "{}")
        .is_problem("permission_denied");
    let foreign = [("host", "evil.example:1")];
    world
        .client
        .send("GET", "/console", &foreign, "")
        .is_problem("host_not_allowed");
}
