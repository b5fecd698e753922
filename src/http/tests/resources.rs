//! Invoices, operations, mappings, settings, grants and health.

use serde_json::{Value, json};

use super::fixture::{GUID_A, Setup, World, body};
use crate::engine::effect::Preview;
use crate::model::ids::OperationId;
use crate::model::reason::ReasonCode;
use crate::model::row::{Badge, OperationState, ReasonGiven};
use crate::model::secret::ExposeSecret;

#[test]
fn an_invoice_is_created_replaced_and_read() {
    let world = World::start();
    let created = world.client.put(&world.path("SO-1"), &body("INV-1"));
    assert_eq!(created.status, 201);
    let shown = created.json();
    let id = shown["id"].as_str().expect("an id");
    assert!(id.starts_with("inv_"));
    assert_eq!(
        created.header("location"),
        Some(&*world.below(&format!("/invoices/{id}")))
    );
    assert_eq!(created.header("etag"), shown["etag"].as_str());
    assert_eq!(shown["etag"], "W/\"1\"");
    assert_eq!(shown["host_ref"], "SO-1");
    assert_eq!(shown["lines"][0]["unit_price"], "500.00");
    assert_eq!(shown["lines"][0]["quantity"], "2");
    assert_eq!(shown["contact"]["ref"], "C-1");
    assert_eq!(shown["variance"], Value::Null);
    assert_eq!(shown["xero"], Value::Null);
    assert!(shown.get("payments").is_none());
    let replaced = world.client.put(&world.path("SO-1"), &body("INV-1b"));
    assert_eq!((replaced.status, replaced.header("etag")), (200, Some("W/\"2\"")));
    assert_eq!(replaced.header("location"), None);
    let by_id = world
        .client
        .get(&world.below(&format!("/invoices/{id}?expand[]=payments")));
    assert_eq!(by_id.json()["number"], "INV-1b");
    assert_eq!(by_id.json()["payments"], json!([]));
    // Its id names it in a write, too.
    let by_id = world
        .client
        .put(&world.below(&format!("/invoices/{id}")), &body("INV-1c"));
    assert_eq!((by_id.status, by_id.json()["host_ref"].clone()), (200, json!("SO-1")));
    let known = [("if-none-match", "W/\"4\"")];
    world.house.change("SO-1", |row| row.sync.badge = Some(Badge::Synced));
    let unchanged = world.client.send("GET", &world.path("SO-1"), &known, "");
    assert_eq!((unchanged.status, unchanged.text.as_str()), (304, ""));
    let head = world.client.send("HEAD", &world.path("SO-1"), &[], "");
    assert_eq!((head.status, head.text.as_str()), (200, ""));
}

#[test]
fn ux_6_sync_now_answers_queued() {
    let world = World::start();
    world.given("A");
    let answer = world.client.post(&format!("{}/resync", world.path("A")));
    assert_eq!(answer.status, 202);
    let queued = answer.json();
    assert_eq!(queued["message"], "Queued");
    let id = queued["operation"]["id"].as_str().expect("an id");
    assert_eq!(answer.header("location"), Some(&*format!("/v1/operations/{id}")));
    let operation = world.client.get(&format!("/v1/operations/{id}")).json();
    assert_eq!(operation["state"], "queued");
    assert_eq!(operation["progress"], json!({"done": 0, "total": 1, "percent": 0}));
    assert_eq!(operation["requested_by"], "token:admin");
}

#[test]
fn ux_11_a_waiting_caller_gets_the_result_in_words() {
    let world = World::start();
    world.given("A");
    let (client, path) = (world.client.clone(), format!("{}/resync", world.path("A")));
    let waiter = std::thread::spawn(move || client.send("POST", &path, &[("prefer", "respond-async, wait=20")], ""));
    let id: OperationId = loop {
        let known = world.house.rows().operations.keys().next().copied();
        if let Some(id) = known {
            break id;
        }
        std::thread::yield_now();
    };
    world
        .house
        .finish(id, OperationState::Succeeded, "INV-1 was exported to Xero.");
    let answer = waiter.join().expect("it ends");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("preference-applied"), Some("wait=20"));
    let body = answer.json();
    assert_eq!(body["message"], "INV-1 was exported to Xero.");
    assert_eq!(body["operation"]["state"], "succeeded");
    assert_eq!(body["operation"]["result"]["message"], "INV-1 was exported to Xero.");
    assert_eq!(
        body["operation"]["counts"],
        json!({"total": 1, "succeeded": 1, "failed": 0})
    );
    let path = format!("{}/resync", world.path("A"));
    let late = world.client.send("POST", &path, &[("prefer", "wait=1")], "");
    assert_eq!((late.status, late.json()["message"].clone()), (202, json!("Queued")));
}

#[test]
fn a_preview_shows_the_exact_body() {
    let world = World::start();
    world.given("A");
    let path = format!("{}/push-preview", world.path("A"));
    let sent = world.client.get(&path);
    assert_eq!(sent.json()["outcome"], "send");
    assert_eq!(sent.json()["method"], "PUT");
    assert_eq!(sent.json()["path"], "/Invoices");
    assert!(
        sent.text.contains("{\"Invoices\":[{\"Total\":1.50,\"N\":\"A\"}]}"),
        "{}",
        sent.text
    );
    world.house.rows().previews.insert("A".into(), Preview::Nothing);
    assert_eq!(world.client.get(&path).json()["outcome"], "nothing");
    let gone = Preview::Gone("VOIDED".into());
    world.house.rows().previews.insert("A".into(), gone);
    assert_eq!(
        world.client.get(&path).json(),
        json!({"outcome": "nothing", "message": "There is nothing to send: the document is VOIDED in Xero."})
    );
    let refused = Preview::Refused(ReasonGiven {
        code: ReasonCode::CurrencyMismatch,
        detail: "The invoice is in JPY.".into(),
        subject: Some("JPY".into()),
        since: super::double::NOW,
    });
    world.house.rows().previews.insert("A".into(), refused);
    let refused = world.client.get(&path).json();
    assert_eq!(refused["outcome"], "refused");
    assert_eq!(refused["reason"]["code"], "currency_mismatch");
    assert_eq!(refused["message"], "The invoice is in JPY.");
}

#[test]
fn mappings_are_set_read_and_tell_what_they_released() {
    let world = World::start();
    let path = world.below("/mappings/nominal_codes/40%2F10");
    let set = world.client.put(&path, &json!({"value": "200"}));
    assert_eq!(set.status, 200);
    assert_eq!(set.json()["released"], 3);
    let one = world.client.get(&path).json();
    assert_eq!((&one["key"], &one["value"]), (&json!("40/10"), &json!("200")));
    let all = world.client.get(&world.below("/mappings/nominal_codes")).json();
    assert_eq!(all["data"].as_array().expect("a list").len(), 1);
    let rates = world.client.get(&world.below("/mappings/tax_rates")).json();
    assert_eq!(rates["data"], json!([]));
    for (sent, code) in [
        (json!({}), "missing"),
        (json!({"value": 200}), "wrong_type"),
        (json!({"value": ""}), "too_short"),
        (json!({"value": "x".repeat(51)}), "too_long"),
        (json!({"value": "1", "vlaue": "2"}), "unknown_field"),
    ] {
        assert_eq!(world.client.put(&path, &sent).faults()[0].1, code);
    }
}

#[test]
fn settings_change_only_on_the_version_that_was_read() {
    let world = World::start();
    let path = world.below("/settings");
    let read = world.client.get(&path);
    assert_eq!(
        read.json()["auto_sync"],
        json!({"enabled": true, "sales": true, "purchases": true})
    );
    let etag = read.header("etag").expect("a tag").to_owned();
    let patch = |tag: Option<&str>, sent: &str| {
        let header: Vec<(&str, &str)> = tag.iter().map(|tag| ("if-match", *tag)).collect();
        world.client.send("PATCH", &path, &header, sent)
    };
    let change = r#"{"auto_sync":{"sales":false},"currencies":["eur","EUR"]}"#;
    patch(None, change).is_problem("precondition_required");
    patch(Some("W/\"old\""), change).is_problem("etag_mismatch");
    let changed = patch(Some(&etag), change);
    assert_eq!(changed.status, 200, "{}", changed.text);
    assert_eq!(
        changed.json()["auto_sync"],
        json!({"enabled": true, "sales": false, "purchases": true})
    );
    assert_eq!(changed.json()["currencies"], json!(["EUR"]));
    assert_ne!(changed.header("etag"), Some(etag.as_str()));
    let stale = patch(Some(&etag), change).is_problem("etag_mismatch");
    assert_eq!(stale["etag"], changed.json()["etag"]);
    assert_eq!(patch(Some("*"), r#"{"same_code_default":false}"#).status, 200);
    let faults = patch(Some("*"), r#"{"auto_sync":{"sale":true},"currencies":["?"]}"#).faults();
    let pointers: Vec<&str> = faults.iter().map(|(pointer, _)| pointer.as_str()).collect();
    assert_eq!(pointers, ["/auto_sync/sale", "/currencies/0"]);
}

#[test]
fn a_grant_is_adopted() {
    let world = World::start();
    let sent = json!({"refresh_token": "secret-rt", "tenant_ids": [GUID_A], "observe": true});
    let answer = world.client.send("POST", "/v1/connect:import", &[], &sent.to_string());
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["data"][0]["name"], "Acme Ltd");
    assert!(!answer.text.contains("secret-rt"));
    {
        let rows = world.house.rows();
        let order = &rows.imports[0];
        assert_eq!(order.refresh_token.expose_secret(), "secret-rt");
        assert_eq!(order.tenants.as_ref().map(Vec::len), Some(1));
        assert!(order.observe);
    }
    let all = json!({"refresh_token": "rt", "tenant_ids": null});
    let answer = world.client.send("POST", "/v1/connect:import", &[], &all.to_string());
    assert_eq!(answer.status, 200);
    assert_eq!(world.house.rows().imports[1].tenants, None);
    let bad = json!({"tenant_ids": ["x", 1], "observe": "yes"});
    let bad = world.client.send("POST", "/v1/connect:import", &[], &bad.to_string());
    let pointers: Vec<String> = bad.faults().into_iter().map(|(pointer, _)| pointer).collect();
    assert_eq!(
        pointers,
        ["/refresh_token", "/tenant_ids/0", "/tenant_ids/1", "/observe"]
    );
}

#[test]
fn health_readiness_and_metrics_answer_anybody() {
    let world = World::with(Setup {
        failing: Some("the store is not open yet".to_owned()),
        ..Setup::default()
    });
    let nobody = super::client::Client {
        token: None,
        ..world.client.clone()
    };
    assert_eq!(nobody.get("/healthz").json()["status"], "ok");
    let ready = nobody.get("/readyz");
    assert_eq!(ready.status, 503);
    assert_eq!(
        ready.json()["failing"],
        json!([{"name": "store", "detail": "the store is not open yet"}])
    );
    let metrics = nobody.get("/metrics");
    assert!(metrics.text.contains("counterfoil_up 1"));
    let served = world.served.lock().expect("unpoisoned");
    let routes: Vec<(&str, u16)> = served.iter().map(|one| (one.route, one.status)).collect();
    assert_eq!(routes, [("/healthz", 200), ("/readyz", 503), ("/metrics", 200)]);
}

#[test]
fn the_daemon_tells_about_itself() {
    let world = World::start();
    world.given("A");
    let status = world.client.get("/v1/status").json();
    assert_eq!(status["tenants"]["by_state"]["active"], 2);
    assert_eq!(status["invoices"]["by_state"]["pending"], 1);
    assert_eq!(status["warnings"], json!([]));
    let reasons = world.client.get("/v1/reasons").json();
    let listed = reasons["data"].as_array().expect("a list").len();
    assert_eq!(listed, ReasonCode::ALL.len());
    let one = world.client.get("/v1/reasons/period_locked").json();
    assert_eq!(one["title"], ReasonCode::PeriodLocked.title());
    let problem = world.client.get("/v1/nothing").json();
    let explained = world.client.get(problem["type"].as_str().expect("a path")).json();
    assert_eq!(explained["code"], "route_not_found");
    let missing = world.client.get("/v1/reasons/period_loked").json();
    assert!(missing["detail"].as_str().expect("text").contains("period_locked"));
    assert_eq!(world.client.get("/v1/limits").json()["host_ref_max_bytes"], 200);
    let labels = world.client.get("/v1/labels").json();
    assert_eq!(labels["badges"]["failed"], "Sync failed");
    assert_eq!(labels["actions"]["resync"], "Sync now");
    assert_eq!(labels["actions"]["export"], "Export to Xero");
    assert_eq!(labels["exports"]["failed_heading"], "Sync Failed");
    assert_eq!(labels["due"]["awaiting"], "Awaiting Payment");
    let words = labels["messages"].as_object().expect("an object");
    assert!(
        words
            .values()
            .all(|text| text.as_str().is_some_and(|text| !text.is_empty()))
    );
}
