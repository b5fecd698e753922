use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::thread;

use serde_json::json;

use super::captured::{problem, status};
use super::daemon::{Daemon, Setting, Variables, alone, alone_in, typed, typed_in};
use crate::cli::control::{Query, Trouble, invoice_by_ref};
use crate::cli::exit::Exit;

#[test]
fn nobody_listening_ends_with_3_and_what_to_type() {
    let port = TcpListener::bind("127.0.0.1:0")
        .and_then(|socket| socket.local_addr())
        .expect("a port")
        .port();
    let printed = alone(&["status", "--addr", &format!("http://127.0.0.1:{port}")]);
    assert_eq!((printed.code, printed.out.as_str()), (3, ""));
    assert!(
        printed
            .err
            .starts_with(&format!("error: No daemon answers at http://127.0.0.1:{port}\n  why: ")),
        "{}",
        printed.err
    );
    assert!(printed.err.contains("counterfoil demo"), "{}", printed.err);
    let printed = alone(&["status", "--addr", "unix:/nowhere/c.sock", "--json"]);
    let value: serde_json::Value = serde_json::from_str(&printed.err).expect("JSON");
    assert_eq!((printed.code, &value["code"]), (3, &json!("unreachable")));
}

#[test]
fn a_daemon_that_does_not_answer_is_not_waited_for() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let addr = format!("http://{}", listener.local_addr().expect("an address"));
    let printed = alone(&["status", "--addr", &addr, "--timeout", "50ms"]);
    assert_eq!(printed.code, 3);
    assert!(printed.err.contains("did not answer within 50ms"), "{}", printed.err);
}

#[test]
fn an_answer_that_breaks_off_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let addr = format!("http://{}", listener.local_addr().expect("an address"));
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        let mut head = [0; 1024];
        let _bytes = stream.read(&mut head).expect("a request");
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{")
            .expect("an answer");
    });
    let printed = alone(&["status", "--addr", &addr]);
    assert_eq!(printed.code, 3);
    assert!(printed.err.contains("broke the connection off"), "{}", printed.err);
}

#[test]
fn something_else_that_answers_is_not_taken_for_the_daemon() {
    let daemon = Daemon::raw(vec![("GET /v1/status".to_owned(), 200, "<html>".to_owned())]);
    let printed = typed(&daemon, &["status"]);
    assert_eq!(printed.code, 1);
    assert!(
        printed.err.starts_with("error: The answer is not the daemon's\n"),
        "{}",
        printed.err
    );
}

#[test]
fn a_socket_is_as_good_as_a_port() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("c.sock");
    let listener = UnixListener::bind(&path).expect("a socket");
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        let mut head = [0; 1024];
        let _bytes = stream.read(&mut head).expect("a request");
        let text = status().to_string();
        write!(
            stream,
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{text}",
            text.len()
        )
        .expect("an answer");
    });
    let addr = format!("unix:{}", path.display());
    let setting = Setting {
        variables: &[("COUNTERFOIL_ADDR", &addr)],
        ..Setting::default()
    };
    let printed = alone_in(&setting, &["status", "--json"]);
    assert_eq!((printed.code, printed.out), (0, format!("{}\n", status())));
}

#[test]
fn another_machine_is_never_shown_the_token() {
    let printed = alone(&["status", "--addr", "http://192.0.2.1:7626"]);
    assert_eq!(printed.code, 2);
    assert!(printed.err.contains("ssh -L"), "{}", printed.err);
}

#[test]
fn the_token_comes_from_the_option_the_environment_or_the_demo() {
    let folder = tempfile::tempdir().expect("a folder");
    let demo = folder.path().join("counterfoil/demo");
    std::fs::create_dir_all(&demo).expect("a folder");
    std::fs::write(demo.join("admin-token"), "cft_demo\n").expect("a file");
    let named = folder.path().join("named");
    std::fs::write(&named, "cft_named").expect("a file");
    let (state, named) = (folder.path().to_str().expect("text"), named.to_str().expect("text"));
    let rows: [(Variables<'_>, &[&str], Option<&str>); 4] = [
        (&[], &["status", "--json"], None),
        (&[("XDG_STATE_HOME", state)], &["status", "--json"], Some("cft_demo")),
        (
            &[("XDG_STATE_HOME", state), ("COUNTERFOIL_TOKEN_FILE", named)],
            &["status", "--json"],
            Some("cft_named"),
        ),
        (
            &[("XDG_STATE_HOME", state)],
            &["status", "--json", "--token-file", named],
            Some("cft_named"),
        ),
    ];
    for (variables, words, token) in rows {
        let daemon = Daemon::new(&[("GET /v1/status", 200, status())]);
        let setting = Setting {
            variables,
            ..Setting::default()
        };
        assert_eq!(typed_in(&setting, &daemon, words).code, 0);
        let head = daemon.seen().remove(0).head;
        let shown = head
            .lines()
            .find_map(|line| line.strip_prefix("authorization: Bearer "));
        assert_eq!(shown, token, "{variables:?}");
        assert!(head.contains("host: 127.0.0.1:"), "{head}");
    }
    let missing = alone(&["status", "--token-file", "/nowhere/token"]);
    assert_eq!(missing.code, 2);
}

#[test]
fn refusals_end_with_the_documented_codes() {
    let rows = [
        (400, "invalid_json", Exit::Usage),
        (401, "unauthenticated", Exit::NotPermitted),
        (403, "permission_denied", Exit::NotPermitted),
        (404, "invoice_not_found", Exit::NotFound),
        (409, "kind_changed", Exit::Conflict),
        (409, "connection_not_active", Exit::NotActive),
        (409, "company_not_configured", Exit::NotActive),
        (410, "cursor_expired", Exit::NotFound),
        (412, "etag_mismatch", Exit::Conflict),
        (413, "body_too_large", Exit::Usage),
        (422, "validation_failed", Exit::Usage),
        (422, "grant_rejected", Exit::Failed),
        (429, "busy", Exit::Failed),
        (500, "internal", Exit::Failed),
        (503, "draining", Exit::Failed),
        (507, "disk_full", Exit::Failed),
    ];
    for (status, code, exit) in rows {
        let body = problem(status, code, "T", "D", "F").to_string();
        assert_eq!(Trouble::refused(status, body.as_bytes()).exit, exit, "{code}");
    }
}

#[test]
fn a_refusal_tells_what_happened_why_and_what_to_type() {
    let mut body = problem(
        422,
        "validation_failed",
        "The request is not valid",
        "2 things are wrong with the request.",
        "Correct what `errors` names.",
    );
    body["errors"] = json!([
        {"pointer": "/lines/0/quantity", "code": "not_text", "detail": "it must be a string"},
        {"pointer": "/currency", "code": "missing", "detail": "it is missing"},
    ]);
    let daemon = Daemon::new(&[("GET /v1/status", 422, body.clone())]);
    let printed = typed(&daemon, &["status"]);
    assert_eq!(
        printed.err,
        "\
error: The request is not valid
  why: 2 things are wrong with the request.
  why: /lines/0/quantity: it must be a string
  why: /currency: it is missing
  fix: Correct what `errors` names.
  request: req_1
"
    );
    let printed = typed(&daemon, &["status", "--json"]);
    assert_eq!((printed.out.as_str(), printed.err), ("", format!("{body}\n")));
}

#[test]
fn ux_8_a_missing_permission_names_its_scope() {
    let body = problem(
        403,
        "permission_denied",
        "Permission denied",
        "This needs the scope `finance.xero.sync`.",
        "Use a token that has the scope named in `required_scope`.",
    );
    let daemon = Daemon::new(&[("GET /v1/status", 403, body)]);
    let printed = typed(&daemon, &["status"]);
    assert_eq!(printed.code, 5);
    assert!(printed.err.contains("finance.xero.sync"), "{}", printed.err);
}

#[test]
fn paths_are_percent_encoded() {
    assert_eq!(
        invoice_by_ref("ten_1", "SO/10 42?ä%"),
        "/v1/tenants/ten_1/invoices/ref:SO%2F10%2042%3F%C3%A4%25"
    );
    let query = Query::default()
        .with("q", Some("a&b=c"))
        .with("limit", None::<String>)
        .with("n", Some("1"));
    assert_eq!(query.on("/p"), "/p?q=a%26b%3Dc&n=1");
    assert_eq!(Query::default().on("/p"), "/p");
}
