//! Many invoices at once.

use serde_json::{Value, json};

use super::client::Answer;
use super::double::NOW;
use super::fixture::{World, body};
use crate::actors::control::{BulkOrder, JobWanted, Refused};
use crate::model::reason::ReasonCode;
use crate::model::row::{Badge, JobKind, ReasonGiven};

/// Red for this reason, about this subject.
fn red(world: &World, host_ref: &str, code: ReasonCode, subject: Option<&str>) {
    world.given(host_ref);
    world.house.change(host_ref, |row| {
        row.sync.badge = Some(Badge::Failed);
        row.sync.reason = Some(ReasonGiven {
            code,
            detail: "because".to_owned(),
            subject: subject.map(str::to_owned),
            since: NOW,
        });
    });
}

fn post(world: &World, path: &str, body: &Value) -> Answer {
    world.client.send("POST", path, &[], &body.to_string())
}

fn orders(world: &World) -> Vec<BulkOrder> {
    let rows = world.house.rows();
    let bulk = rows.jobs.iter().filter_map(|job| match job {
        JobWanted::Bulk(bulk) => Some(bulk.clone()),
        _ => None,
    });
    bulk.collect()
}

#[test]
fn a_selection_is_frozen_when_it_is_submitted() {
    let world = World::start();
    red(&world, "A", ReasonCode::PeriodLocked, None);
    red(&world, "B", ReasonCode::TooLarge, None);
    world.given("C");
    let path = world.below("/resyncs");
    let by_filter = json!({ "selection": { "filter": "reason:period_locked" }, "reason": "unlocked" });
    let answer = post(&world, &path, &by_filter);
    assert_eq!(answer.status, 202, "{}", answer.text);
    assert_eq!(answer.json()["operation"]["kind"], "resync");
    let by_name = json!({ "selection": { "ids": ["ref:B", "ref:B", "ref:NONE"] } });
    assert_eq!(post(&world, &path, &by_name).status, 202);
    let acknowledged = json!({ "selection": { "filter": "state:failed" }, "note": "seen" });
    let answer = post(&world, &world.below("/invoices:acknowledge"), &acknowledged);
    assert_eq!(answer.json()["operation"]["label"], "Acknowledge");
    let orders = orders(&world);
    let id = |host_ref: &str| {
        let shown = world.client.get(&world.path(host_ref)).json();
        shown["id"].as_str().unwrap().parse().unwrap()
    };
    let expected = [
        (JobKind::Resync, vec![id("A")], vec![], "unlocked"),
        (JobKind::Resync, vec![id("B")], vec!["NONE"], ""),
        (JobKind::Acknowledge, vec![id("A"), id("B")], vec![], "seen"),
    ];
    for (order, (kind, invoices, missing, why)) in orders.iter().zip(expected) {
        assert_eq!(
            (order.kind, &order.invoices, order.why.as_str()),
            (kind, &invoices, why)
        );
        assert_eq!(order.missing, missing);
    }
    assert_eq!(orders.len(), 3);
}

#[test]
fn what_is_wrong_with_an_order_is_told_by_its_place() {
    let world = World::start();
    world.given("A");
    let many: Vec<String> = (0..1_001).map(|nth| format!("ref:{nth}")).collect();
    let table = [
        (json!({}), "/selection", "missing"),
        (json!({ "selection": {} }), "/selection/ids", "missing"),
        (json!({ "selection": { "ids": [] } }), "/selection/ids", "too_few"),
        (json!({ "selection": { "ids": many } }), "/selection/ids", "too_many"),
        (
            json!({ "selection": { "ids": ["A"] } }),
            "/selection/ids/0",
            "not_an_invoice",
        ),
        (
            json!({ "selection": { "ids": ["ref:A"], "filter": "kind:sales" } }),
            "/selection",
            "ambiguous",
        ),
        (
            json!({ "selection": { "ids": ["ref:A"], "expected_count": 1 } }),
            "/selection/expected_count",
            "not_expected",
        ),
        (
            json!({ "selection": { "filter": "kind:sales" }, "note": "x" }),
            "/note",
            "unknown_field",
        ),
        (
            json!({ "selection": { "filter": "kind:sales" }, "reason": 7 }),
            "/reason",
            "wrong_type",
        ),
    ];
    for (wrong, pointer, code) in table {
        let answer = post(&world, &world.below("/resyncs"), &wrong);
        let faults = answer.faults();
        assert!(
            faults.contains(&(pointer.to_owned(), code.to_owned())),
            "{wrong}: {faults:?}"
        );
    }
    let unknown = json!({ "selection": { "filter": "stat:failed" } });
    post(&world, &world.below("/resyncs"), &unknown).is_problem("unknown_filter");
    let gone = json!({ "selection": { "ids": ["ref:NONE"] } });
    post(&world, &world.below("/resyncs"), &gone).is_problem("invoice_not_found");
    let no_such = json!({ "selection": { "operation": "op_01ARZ3NDEKTSV4RRFFQ69G5FAV" } });
    post(&world, &world.below("/resyncs"), &no_such).is_problem("operation_not_found");
    let wanted = json!({ "selection": { "ids": ["ref:A"] } });
    post(&world, &world.below("/resyncs?dry_run=yes"), &wanted).is_problem("invalid_parameter");
    assert_eq!(orders(&world), [], "nothing of it was queued");
}

#[test]
fn a_filter_that_shows_something_else_by_now_is_refused_beyond_a_twentieth() {
    let world = World::start();
    for nth in 0..20 {
        world.given(&format!("S{nth}"));
    }
    let ask = |expected: u32| {
        let wanted = json!({ "selection": { "filter": "kind:sales", "expected_count": expected } });
        post(&world, &world.below("/resyncs?dry_run=true"), &wanted)
    };
    for expected in [20, 21] {
        assert_eq!(ask(expected).status, 200, "{expected}");
    }
    for expected in [0, 19, 22] {
        let problem = ask(expected).is_problem("selection_changed");
        assert_eq!(problem["count"], 20, "{expected}");
    }
}

#[test]
fn what_it_would_cost_is_told_and_nothing_is_queued() {
    let world = World::start();
    for nth in 0..51 {
        let mut sent = body(&format!("N{nth}"));
        sent["kind"] = json!(if nth < 30 { "sales" } else { "purchase" });
        assert_eq!(world.client.put(&world.path(&format!("S{nth}")), &sent).status, 201);
    }
    let wanted = json!({ "selection": { "filter": "state:pending" } });
    let plan = post(&world, &world.below("/resyncs?dry_run=true"), &wanted).json();
    assert_eq!(
        (
            &plan["plan"]["invoices"],
            &plan["estimate"]["calls"],
            &plan["estimate"]["message"]
        ),
        (&json!(51), &json!(3), &json!("About 3 calls.")),
        "one call for the sales, two for 21 bills"
    );
    assert_eq!(plan["estimate"]["day"], json!({"used": 300, "limit": 5_000}));
    let plan = post(&world, &world.below("/invoices:acknowledge?dry_run=true"), &wanted).json();
    assert_eq!(plan["estimate"]["calls"], 0);
    assert_eq!(orders(&world), []);
}

#[test]
fn over_all_organisations_each_gets_its_operation_or_says_why_not() {
    let world = World::start();
    red(&world, "A", ReasonCode::PeriodLocked, None);
    let other = format!("/v1/tenants/{}/invoices/ref:B", world.other);
    assert_eq!(world.client.put(&other, &body("B")).status, 201);
    let wanted = json!({ "selection": { "filter": "kind:sales", "expected_count": 2 } });
    let plan = post(&world, "/v1/resyncs?dry_run=true", &wanted).json();
    assert_eq!(
        (&plan["plan"]["invoices"], &plan["plan"]["organisations"]),
        (&json!(2), &json!(2))
    );
    assert_eq!(plan["plan"]["by_tenant"][0]["tenant"], "Acme Ltd");
    world.house.rows().refuse_next = Some(Refused::TooManyJobs);
    let answer = post(&world, "/v1/resyncs", &wanted);
    assert_eq!(answer.status, 202, "{}", answer.text);
    let begun = answer.json();
    assert_eq!(begun["message"], "Queued");
    assert_eq!(begun["operations"][0]["tenant_id"], json!(world.other));
    assert_eq!(begun["refused"][0]["tenant_id"], json!(world.tenant));
    assert_eq!(begun["refused"][0]["code"], "operation_in_progress");
    let none = json!({ "selection": { "filter": "kind:purchase" } });
    let begun = post(&world, "/v1/resyncs", &none).json();
    assert_eq!(
        (&begun["operations"], &begun["message"]),
        (&json!([]), &json!("No invoice was selected"))
    );
    let named = json!({ "selection": { "ids": ["ref:A"] } });
    let faults = post(&world, "/v1/resyncs", &named).faults();
    assert_eq!(faults, [("/selection".to_owned(), "needs_tenant".to_owned())]);
}

#[test]
fn a_token_sees_and_orders_only_what_it_may() {
    let world = World::start();
    red(&world, "A", ReasonCode::UnmappedNominalCode, Some("4010"));
    let other = format!("/v1/tenants/{}/invoices/ref:B", world.other);
    assert_eq!(world.client.put(&other, &body("B")).status, 201);
    let all = world.client.get("/v1/invoices/counts").json();
    assert_eq!((&all["total"], &all["failed"]), (&json!(2), &json!(1)));
    assert!(all.get("by_reason").is_none());
    let seen = world.reader.get("/v1/invoices/counts?group_by=reason").json();
    assert_eq!(seen["total"], 1, "only of its organisation");
    let reason = &seen["by_reason"][0];
    assert_eq!(
        (&reason["code"], &reason["count"]),
        (&json!("unmapped_nominal_code"), &json!(1))
    );
    assert_eq!(reason["subjects"], json!([{"subject": "4010", "count": 1}]));
    assert_eq!(reason["oldest"], NOW.to_rfc3339());
    let wanted = json!({ "host_refs": ["A", "NONE"] }).to_string();
    let badges = world.reader.send("POST", &world.below("/badges"), &[], &wanted).json();
    assert_eq!(
        (&badges["data"][0]["state"], &badges["data"][1]),
        (&json!("failed"), &Value::Null)
    );
    let foreign = format!("/v1/tenants/{}/badges", world.other);
    world
        .reader
        .send("POST", &foreign, &[], &wanted)
        .is_problem("tenant_not_found");
    let order = json!({ "selection": { "filter": "state:failed" } }).to_string();
    for path in [
        world.below("/resyncs"),
        "/v1/resyncs".to_owned(),
        world.below("/invoices:acknowledge"),
    ] {
        let refused = world
            .reader
            .send("POST", &path, &[], &order)
            .is_problem("permission_denied");
        assert_eq!(refused["required_scope"], "finance.xero.sync", "{path}");
    }
}

#[test]
fn badges_of_too_many_or_of_nothing_named_are_refused() {
    let world = World::start();
    let many: Vec<String> = (0..501).map(|nth| nth.to_string()).collect();
    let table = [
        (json!({}), "/host_refs", "missing"),
        (json!({ "host_refs": many }), "/host_refs", "too_many"),
        (json!({ "host_refs": ["A", ""] }), "/host_refs/1", "not_a_reference"),
        (json!({ "host_refs": [7] }), "/host_refs/0", "not_a_reference"),
        (json!({ "host_refs": [], "refs": [] }), "/refs", "unknown_field"),
    ];
    for (wrong, pointer, code) in table {
        let faults = post(&world, &world.below("/badges"), &wrong).faults();
        assert_eq!(faults, [(pointer.to_owned(), code.to_owned())], "{wrong}");
    }
    let none = post(&world, &world.below("/badges"), &json!({ "host_refs": [] })).json();
    assert_eq!(none["data"], json!([]));
}

#[test]
fn ux_77_the_tab_of_an_invoice_follows_the_day_of_its_organisation() {
    let world = World::start();
    let mut sent = body("N1");
    // The clock stands at 22:13 on 14 November 2023.
    sent["issue_date"] = json!("2023-11-01");
    sent["due_date"] = json!("2023-11-14");
    assert_eq!(world.client.put(&world.path("A"), &sent).status, 201);
    let count = |tab: &str| {
        let page = world.client.get(&world.below(&format!("/invoices?due={tab}"))).json();
        page["data"].as_array().unwrap().len()
    };
    assert_eq!((count("awaiting"), count("overdue")), (1, 0));
    world.advance_ms(2 * 3_600_000);
    assert_eq!((count("awaiting"), count("overdue")), (0, 1));
    let page = world.client.get(&world.below("/invoices?due=overdue")).json();
    assert!(page["total"].is_null(), "it is not counted: {page}");
}
