//! Xero's webhooks: the public listener, what they bring, and what goes wrong on their way.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::pull::hundred;
use crate::support::{Answer, Api, ConfigFile, Daemon, House, invoice_path, now, until};

pub const HOOK: &str = "/xero/webhook";

/// Signs as Xero does.
pub fn sign(key: &str, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(body.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

/// Writes a file that only its owner may read.
pub fn private(house: &House, name: &str, text: &str) -> String {
    let path = house.folder().join(name);
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    path.display().to_string()
}

/// A daemon that listens for webhooks and otherwise reads every hour only.
pub fn house() -> House {
    house_with(|config| config)
}

pub fn house_with(settings: impl FnOnce(ConfigFile) -> ConfigFile) -> House {
    let mut house = House::with(|config| config.set("pull.invoices_every", "1h"));
    let key = private(&house, "webhook-key", &house.sandbox.webhook_key);
    let config = house
        .config
        .clone()
        .set("public.listen", "127.0.0.1:0")
        .set_raw("public.webhook_key_files", &json!([key]).to_string());
    house.config = settings(config);
    house.start_again();
    house
}

impl House {
    pub fn start_again(&mut self) {
        self.daemon.process.kill();
        self.daemon = Daemon::start(&self.config);
    }

    /// Has the sandbox send its webhooks here.
    pub fn subscribe(&self, more: &Value) {
        let mut body = json!({ "url": format!("http://{}{HOOK}", self.daemon.public().addr) });
        for (name, value) in more.as_object().into_iter().flatten() {
            body[name] = value.clone();
        }
        self.sandbox.control("webhooks", &body);
    }

    pub fn paid(&self, number: &str, pounds: &str) {
        let paid = json!({ "invoice_number": number, "args": { "amount": pounds } });
        self.sandbox.trigger("payment.partial", self.theirs(), &paid);
    }

    pub fn amount_paid(&self, host_ref: &str) -> String {
        let invoice = self.daemon.invoice(self.ours(), host_ref);
        invoice["totals"]["amount_paid"].as_str().unwrap_or_default().to_owned()
    }

    /// Waits until so much is paid; how long that took.
    pub fn until_paid(&self, host_ref: &str, amount: &str) -> Duration {
        let began = now();
        until(20, &format!("{amount} of {host_ref} to be paid"), || {
            (self.amount_paid(host_ref) == amount).then_some(())
        });
        began.elapsed()
    }

    /// A post to the public listener.
    pub fn post(&self, body: &str, signature: Option<&str>) -> Answer {
        post(&self.daemon.public(), body, signature)
    }

    pub fn post_signed(&self, body: &str) {
        let answer = self.post(body, Some(&sign(&self.sandbox.webhook_key, body)));
        assert_eq!((answer.status, answer.text.as_str()), (200, ""));
    }

    /// The value of one series; 0 while there is none.
    pub fn metric(&self, series: &str) -> u64 {
        let text = self.daemon.api.get("/metrics").text;
        let found = text
            .lines()
            .find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        found.unwrap_or_else(|| panic!("no series {series}")).parse().unwrap()
    }

    /// What is counted is counted once it is durable: whoever read the row may have been faster.
    pub fn until_metric(&self, series: &str, least: u64) {
        until(10, series, || (self.metric(series) >= least).then_some(()));
    }

    pub fn received(&self, result: &str) -> u64 {
        self.metric(&format!(
            "counterfoil_xero_webhooks_received_total{{result=\"{result}\"}}"
        ))
    }

    pub fn until_received(&self, result: &str, count: u64) {
        until(10, &format!("{count} × {result}"), || {
            (self.received(result) >= count).then_some(())
        });
        assert_eq!(self.received(result), count, "{result}");
    }

    pub fn events(&self, outcome: &str) -> u64 {
        self.metric(&format!(
            "counterfoil_xero_webhook_events_total{{outcome=\"{outcome}\"}}"
        ))
    }
}

pub fn post(to: &Api, body: &str, signature: Option<&str>) -> Answer {
    let headers: Vec<(&str, &str)> = signature.map(|text| ("x-xero-signature", text)).into_iter().collect();
    to.send("POST", HOOK, &headers, body)
}

/// A body with one event.
pub fn told(tenant: &str, category: &str, id: &str, number: u64) -> String {
    let event = json!({
        "resourceUrl": format!("https://api.xero.com/api.xro/2.0/Invoices/{id}"),
        "resourceId": id, "eventDateUtc": "2099-06-21T01:15:39.902", "eventType": "UPDATE",
        "eventCategory": category, "tenantId": tenant, "tenantType": "ORGANISATION",
    });
    json!({ "events": [event], "firstEventSequence": number, "lastEventSequence": number, "entropy": number.to_string() })
        .to_string()
}

#[test]
fn ux_41_a_change_in_xero_is_here_within_a_second() {
    let house = house();
    house.subscribe(&json!({}));
    for (nth, number) in ["INV-1", "INV-2", "INV-3"].into_iter().enumerate() {
        house.synced(&format!("SO-{nth}"), &hundred(number));
    }
    let mut took = Vec::new();
    for nth in 0..3 {
        house.paid(&format!("INV-{}", nth + 1), "50.00");
        took.push(house.until_paid(&format!("SO-{nth}"), "50.00"));
    }
    assert!(took.iter().all(|took| *took < Duration::from_secs(2)), "{took:?}");
    took.sort_unstable();
    assert!(took[0] < Duration::from_secs(1), "{took:?}");
    let status = house.daemon.api.get("/v1/status").ok(200);
    assert_eq!(status["webhooks"]["status"], "on", "{status:#}");
    assert!(status["webhooks"]["keys"][0]["last_used_at"].is_string(), "{status:#}");
    let tenant = house.daemon.api.get(&format!("/v1/tenants/{}", house.ours())).ok(200);
    assert!(tenant["webhooks"]["last_received_at"].is_string(), "{tenant:#}");
    for series in [
        "xero_webhook_ack_seconds_count",
        "xero_webhook_lag_seconds_count",
        "xero_webhook_last_received_timestamp_seconds",
        "xero_webhook_invoices_total{outcome=\"read\"}",
    ] {
        house.until_metric(&format!("counterfoil_{series}"), 1);
    }
    let lag_s = tenant["webhooks"]["lag_p95_s"].as_f64().unwrap();
    assert!((0.0..2.0).contains(&lag_s), "{lag_s}");
    house.sandbox.assert_no_violations();
}

#[test]
fn lost_doubled_and_reordered_webhooks_end_in_the_same_state() {
    let house = house_with(|config| config.set("pull.invoices_every", "5s"));
    for nth in 0..6 {
        house.synced(&format!("SO-{nth}"), &hundred(&format!("INV-{nth}")));
    }
    house.subscribe(&json!({ "lose": 0.3, "duplicate": 0.3, "reorder": true, "delay_ms": 100 }));
    for round in 0..4 {
        for nth in 0..6 {
            house.paid(&format!("INV-{nth}"), "10.00");
        }
        if round == 2 {
            let deleted = json!({ "invoice_number": "INV-0" });
            house.sandbox.trigger("payment.delete", house.theirs(), &deleted);
        }
    }
    for nth in 0..6 {
        let expected = if nth == 0 { "30.00" } else { "40.00" };
        house.until_paid(&format!("SO-{nth}"), expected);
        let path = format!("{}?expand[]=payments", invoice_path(house.ours(), &format!("SO-{nth}")));
        let invoice = house.daemon.api.get(&path).ok(200);
        let payments = invoice["payments"].as_array().unwrap();
        let live = payments
            .iter()
            .filter(|payment| payment["deleted_at"].is_null())
            .count();
        assert_eq!(live, if nth == 0 { 3 } else { 4 }, "{invoice:#}");
    }
    // Each payment was told once, however often it was rung.
    let mut feed = house.daemon.feed();
    let events = feed.page(0);
    let recorded = events
        .iter()
        .filter(|event| event["type"] == "payment.recorded")
        .count();
    assert!((23..=24).contains(&recorded), "{recorded}");
    house.sandbox.assert_no_violations();
}

#[test]
fn a_lost_webhook_is_noticed_by_its_number_and_what_it_announced_is_read() {
    let house = house();
    house.synced("SO-1", &hundred("INV-1"));
    // What rings is about another organisation than what is lost: the scan that a webhook makes
    // earlier would find that too.
    let (other, its_xero) = (&house.tenants[1], &house.sandbox.tenants[1]);
    house.daemon.put(other, "OTHER", &hundred("INV-9")).ok(201);
    house.daemon.badge(other, "OTHER", "synced");
    house.subscribe(&json!({}));
    house.paid("INV-1", "10.00");
    house.until_paid("SO-1", "10.00");
    house.subscribe(&json!({ "lose": 1.0 }));
    let paid = json!({ "invoice_number": "INV-9", "args": { "amount": "20.00" } });
    house.sandbox.trigger("payment.partial", its_xero, &paid);
    house.subscribe(&json!({}));
    house.paid("INV-1", "30.00");
    let began = now();
    until(20, "the payment whose webhook was lost", || {
        let invoice = house.daemon.invoice(other, "OTHER");
        (invoice["totals"]["amount_paid"] == "20.00").then_some(())
    });
    let took = began.elapsed();
    assert!(took > Duration::from_secs(8), "it is waited for a while: {took:?}");
    house.until_metric("counterfoil_xero_webhook_events_lost_total", 1);
    let log = &house.daemon.process.log;
    assert!(
        log.having(&["webhooks were lost", "first="]).is_some(),
        "{:#?}",
        log.all()
    );
    let status = house.daemon.api.get("/v1/status").ok(200);
    assert!(status["webhooks"]["gaps"].as_u64().unwrap() >= 1, "{status:#}");
    assert!(status["webhooks"]["last_gap_at"].is_string(), "{status:#}");
}

#[test]
fn what_nobody_here_knows_is_acknowledged_and_counted() {
    let house = house();
    house.synced("SO-1", &hundred("INV-1"));
    let id = "717f2bfc-c6d4-41fd-b238-3f2f0c0cf777";
    let before = house.sandbox.latest_seq();
    house.post_signed(&told(id, "INVOICE", id, 1));
    house.post_signed(&told(house.theirs(), "SUBSCRIPTION", id, 2));
    house.post_signed(r#"{"events":[{"tenantId":"nobody"}],"firstEventSequence":3,"lastEventSequence":3}"#);
    house.post_signed("this is no webhook");
    house.until_received("unreadable", 1);
    house.until_received("accepted", 3);
    let counts = ["unknown_tenant", "subscription", "unreadable"].map(|outcome| house.events(outcome));
    assert_eq!(counts, [1, 1, 1]);
    // A category of tomorrow rings as any other does.
    house.paid("INV-1", "30.00");
    let rest = house.sandbox.calls_since(before).len();
    assert!(
        rest <= 4,
        "only what could not be read made one reading earlier: {rest}"
    );
    house.post_signed(&told(house.theirs(), "QUOTE", id, 4));
    house.until_paid("SO-1", "30.00");
    assert_eq!(house.events("unknown_category"), 1);
}

#[test]
fn a_kill_right_after_the_answer_loses_nothing() {
    let mut house = house();
    house.synced("SO-1", &hundred("INV-1"));
    for round in 1..=3 {
        house.paid("INV-1", "10.00");
        let id = house.sandbox.only(house.theirs(), "INV-1")["InvoiceID"].clone();
        house.post_signed(&told(house.theirs(), "INVOICE", id.as_str().unwrap(), round));
        house.start_again();
        house.until_paid("SO-1", &format!("{round}0.00"));
    }
}

#[test]
fn webhooks_that_stop_are_noticed_and_said_in_words_that_help() {
    let house = house_with(|config| config.set("pull.invoices_every", "1s").set("public.silent_after", "2s"));
    house.synced("SO-1", &hundred("INV-1"));
    let status = || house.daemon.api.get("/v1/status").ok(200);
    assert_eq!(status()["webhooks"]["status"], "waiting");
    let mut nth = 0;
    let silent = until(30, "the silence to be noticed", || {
        nth += 1;
        house.paid("INV-1", &format!("0.{nth:02}"));
        let status = status();
        (status["webhooks"]["status"] == "silent").then_some(status)
    });
    let warning = &silent["warnings"][0];
    let message = warning["message"].as_str().unwrap();
    assert!(message.contains("Xero may have disabled the webhook"), "{silent:#}");
    assert!(
        warning["fix"].as_str().unwrap().contains("developer portal"),
        "{silent:#}"
    );
    let tenant = house.daemon.api.get(&format!("/v1/tenants/{}", house.ours())).ok(200);
    assert_eq!(tenant["webhooks"]["status"], "silent", "{tenant:#}");
    assert_eq!(house.metric("counterfoil_xero_webhooks_silent"), 1);
    house.until_metric("counterfoil_xero_unannounced_changes_total", 1);
    let log = &house.daemon.process.log;
    assert!(
        log.having(&["WARN", "Xero may have disabled the webhook"]).is_some(),
        "{:#?}",
        log.all()
    );
    house.subscribe(&json!({}));
    house.paid("INV-1", "1.00");
    until(15, "the end of the silence", || {
        (status()["webhooks"]["status"] == "on").then_some(())
    });
    assert_eq!(house.metric("counterfoil_xero_webhooks_silent"), 0);
    assert_eq!(status()["warnings"], json!([]));
}

#[test]
fn a_demo_sends_its_webhooks_to_itself() {
    let folder = tempfile::TempDir::new().unwrap();
    let demo = crate::support::Demo::start(folder.path(), &[]);
    let tenant = &demo.tenants()[0];
    demo.daemon.put(tenant, "SO-1", &hundred("INV-HOOK")).ok(201);
    demo.daemon.badge(tenant, "SO-1", "synced");
    let paid = json!({ "invoice_number": "INV-HOOK", "args": { "amount": "40.00" } });
    demo.sandbox.trigger("payment.partial", &demo.sandbox.tenants[0], &paid);
    let began = now();
    until(20, "the payment", || {
        let invoice = demo.daemon.invoice(tenant, "SO-1");
        (invoice["totals"]["amount_paid"] == "40.00").then_some(())
    });
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    let status = demo.daemon.api.get("/v1/status").ok(200);
    assert_eq!(status["webhooks"]["status"], "on", "{status:#}");
}
