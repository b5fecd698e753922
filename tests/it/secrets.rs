//! No secret is anywhere but where it belongs. What the daemon and Xero said to each other is
//! listened to on the wire, so every token there was is known.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};

use crate::support::browser::open;
use crate::support::{ConfigFile, Daemon, Feed, Sandbox, run_program, sale, with};

/// Passes bytes on and keeps them.
struct Tap {
    addr: String,
    heard: Arc<Mutex<Vec<u8>>>,
}

impl Tap {
    fn start(target: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap().to_string();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (target, kept) = (target.to_owned(), Arc::clone(&heard));
        thread::spawn(move || {
            for near in listener.incoming() {
                let (Ok(near), Ok(far)) = (near, TcpStream::connect(&target)) else {
                    return;
                };
                pass(near.try_clone().unwrap(), far.try_clone().unwrap(), &kept);
                pass(far, near, &kept);
            }
        });
        Self { addr, heard }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.heard.lock().unwrap()).into_owned()
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, kept: &Arc<Mutex<Vec<u8>>>) {
    let kept = Arc::clone(kept);
    thread::spawn(move || {
        let mut chunk = [0_u8; 16_384];
        while let Ok(count) = from.read(&mut chunk) {
            if count == 0 {
                break;
            }
            kept.lock().unwrap().extend_from_slice(&chunk[..count]);
            if to.write_all(&chunk[..count]).is_err() {
                break;
            }
        }
        let _already_closed = to.shutdown(Shutdown::Write);
    });
}

/// Every value that follows one of these words in what was heard.
fn values_after<'a>(heard: &'a str, words: &[&str], ends: &[char]) -> BTreeSet<&'a str> {
    words
        .iter()
        .flat_map(|word| heard.split(word).skip(1))
        .filter_map(|rest| rest.split(ends).next())
        .filter(|value| value.len() >= 16)
        .collect()
}

/// Every file below a folder, with its content.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push((path.display().to_string(), fs::read(&path).unwrap()));
        }
    }
    found
}

fn holds(text: &[u8], word: &str) -> bool {
    text.windows(word.len()).any(|window| window == word.as_bytes())
}

/// Connects by a consent, too. What a browser brought: state, code and ticket.
fn consent(daemon: &Daemon, sandbox: &Sandbox) -> Vec<String> {
    let begun = daemon.api.post("/v1/connect", &json!({})).ok(201);
    let page = open(begun["authorize_url"].as_str().unwrap());
    let allowed = page.answer_form(&[("decision", "allow"), ("tenant", &sandbox.tenants[0])]);
    let back = allowed.location();
    let choice = open(&back).location();
    let chosen = open(&choice).answer_form(&[("decision", "connect"), ("tenant", &sandbox.tenants[0])]);
    chosen.onwards().says(200, &["Connected: Acme Ltd"]);
    let brought = [&back, &choice].map(|address| values_after(address, &["state=", "code=", "choice="], &['&']));
    let brought: Vec<String> = brought.iter().flatten().map(|value| (*value).to_owned()).collect();
    assert_eq!(brought.len(), 3);
    brought
}

#[test]
fn no_secret_is_in_logs_metrics_events_answers_or_the_store() {
    let folder = tempfile::TempDir::new().unwrap();
    let sandbox = Sandbox::start();
    let tap = Tap::start(&sandbox.api.addr);
    let through = format!("http://{}", tap.addr);
    let config = ConfigFile::new(folder.path(), &sandbox)
        .set("xero.api_url", &through)
        .set("xero.identity_url", &through)
        .set("log.level", "trace");
    let mut daemon = Daemon::start(&config);
    let token = daemon.api.token.clone().unwrap();
    let tenants = daemon.connect(&sandbox);
    let tenant = &tenants[0];
    let brought = consent(&daemon, &sandbox);

    // A long way through the daemon: pushes, a refusal, an expired token, a dead grant, a restart.
    daemon.put(tenant, "SO-1", &sale("INV-1")).ok(201);
    daemon.badge(tenant, "SO-1", "synced");
    sandbox.fault(&json!({"match": {"path": "/api.xro/2.0/*"}, "fault": "token_expired", "times": 1}));
    let mut red = sale("INV-2");
    red["lines"][0]["nominal_code"] = json!("4010");
    daemon.put(tenant, "SO-2", &red).ok(201);
    daemon.put(tenant, "SO-3", &sale("INV-3")).ok(201);
    daemon.badge(tenant, "SO-2", "failed");
    daemon.badge(tenant, "SO-3", "synced");
    let mut said = vec![daemon.process.log.all().join("\n"), daemon.process.out.all().join("\n")];
    daemon.process.kill();
    daemon = Daemon::start_as_written(&config);
    daemon.put(tenant, "SO-4", &sale("INV-4")).ok(201);
    daemon.badge(tenant, "SO-4", "synced");
    let spent = json!({"refresh_token": sandbox.refresh_token.clone() + "x", "tenant_ids": null});
    said.push(daemon.api.post("/v1/connect:import", &spent).text);
    said.push(
        daemon
            .api
            .post("/v1/connect:import", &with(spent, "/tenant_ids", json!([7])))
            .text,
    );
    sandbox.trigger("grant.revoke", &sandbox.tenants[0], &json!({}));
    sandbox.fault(&json!({"match": {"path": "/api.xro/2.0/*"}, "fault": "token_expired", "times": 3}));
    daemon.put(tenant, "SO-5", &sale("INV-5")).ok(201);
    daemon.badge(tenant, "SO-5", "failed");

    // Everything it says.
    for path in [
        "/metrics",
        "/v1/status",
        "/v1/tenants",
        "/v1/operations",
        "/healthz",
        "/readyz",
    ] {
        said.push(daemon.api.get(path).text);
    }
    said.push(daemon.api.get(&format!("/v1/tenants/{tenant}/invoices")).text);
    said.push(
        daemon
            .api
            .send(
                "GET",
                "/v1/tenants",
                &[("authorization", &format!("Bearer {token}x"))],
                "",
            )
            .text,
    );
    let mut feed = Feed::from_start(daemon.api.clone());
    let mut events = Vec::<Value>::new();
    loop {
        let page = feed.page(0);
        if page.is_empty() {
            break;
        }
        events.extend(page);
    }
    assert!(events.len() >= 8);
    said.push(Value::from(events).to_string());
    let path = config.path.display().to_string();
    let checked = run_program(&["config", "check", "--config", &path], &[], "");
    said.extend([checked.out, checked.err]);
    daemon.process.signal(rustix::process::Signal::TERM);
    assert_eq!(daemon.process.wait(50).code(), Some(0));
    said.extend([daemon.process.log.all().join("\n"), daemon.process.out.all().join("\n")]);

    // Every secret there was.
    let heard = tap.text();
    let issued = values_after(&heard, &["\"access_token\":\"", "\"refresh_token\":\""], &['"']);
    let shown = values_after(&heard, &["earer "], &['\r', '"', ',']);
    assert!(issued.len() >= 4, "two pairs were issued: {}", issued.len());
    assert!(!shown.is_empty());
    let mut secrets: BTreeSet<&str> = issued.union(&shown).copied().collect();
    secrets.insert(&sandbox.client_secret);
    secrets.insert(&sandbox.refresh_token);
    secrets.insert(&token);
    secrets.extend(brought.iter().map(String::as_str));
    let all = said.join("\n");
    assert!(
        all.contains(" TRACE ") || all.contains(" DEBUG "),
        "the log was as loud as it gets"
    );
    for secret in &secrets {
        assert!(
            !all.contains(secret),
            "{} characters of a secret were said",
            secret.len()
        );
    }

    // Everything it keeps.
    let data = folder.path().join("data");
    for (file, content) in files(&data) {
        if file.ends_with("/admin-token") {
            assert!(holds(&content, &token));
            continue;
        }
        for secret in &secrets {
            assert!(
                !holds(&content, secret),
                "{} characters of a secret are in {file}",
                secret.len()
            );
        }
    }
    for name in ["admin-token", "store-key"] {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(data.join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}
