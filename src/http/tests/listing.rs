//! Lists, their filters and cursors.

use serde_json::{Value, json};

use super::fixture::{World, body};
use crate::model::reason::ReasonCode;
use crate::model::row::{Badge, ReasonGiven, Variance, VarianceLevel};

fn refs(page: &Value) -> Vec<String> {
    let data = page["data"].as_array().expect("a list");
    data.iter()
        .map(|row| row["host_ref"].as_str().expect("a reference").to_owned())
        .collect()
}

fn populated() -> World {
    let world = World::start();
    for n in 1..=5 {
        let mut sent = body(&format!("INV-{n}"));
        sent["kind"] = json!(if n == 5 { "purchase" } else { "sales" });
        let path = world.path(&format!("S{n}"));
        assert_eq!(world.client.put(&path, &sent).status, 201);
    }
    world.house.change("S1", |row| row.sync.badge = Some(Badge::Synced));
    world.house.change("S2", |row| {
        row.sync.badge = Some(Badge::Failed);
        row.sync.reason = Some(ReasonGiven {
            code: ReasonCode::PeriodLocked,
            detail: "x".to_owned(),
            subject: None,
            since: super::double::NOW,
        });
    });
    world.house.change("S3", |row| row.sync.badge = None);
    world
}

#[test]
fn ux_5_lists_carry_the_badge_of_every_invoice() {
    let world = populated();
    let page = world.client.get(&world.below("/invoices")).json();
    let states: Vec<&Value> = page["data"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|row| &row["sync"]["state"])
        .collect();
    assert_eq!(json!(states), json!(["pending", "pending", null, "failed", "synced"]));
    assert_eq!(page["total"], json!({"value": 5, "exact": true}));
    assert_eq!(page["has_more"], false);
    assert_eq!(page["next_cursor"], Value::Null);
    assert!(page["data"][0].get("lines").is_none(), "lists are light");
}

#[test]
fn the_filter_grammar_selects() {
    let world = populated();
    let table = [
        ("filter=state:failed", vec!["S2"]),
        ("filter=state:none", vec!["S3"]),
        ("state=synced", vec!["S1"]),
        ("filter=reason:period_locked+kind:sales", vec!["S2"]),
        ("filter=kind:purchase", vec!["S5"]),
        ("filter=number:INV-4", vec!["S4"]),
        ("filter=state:pending&kind=sales", vec!["S4"]),
        ("filter=q:%22block%20c%22&sort=created_at&limit=2", vec!["S1", "S2"]),
        ("filter=q:nobody", vec![]),
    ];
    for (query, wanted) in table {
        let page = world.client.get(&world.below(&format!("/invoices?{query}"))).json();
        assert_eq!(refs(&page), wanted, "{query}");
    }
}

#[test]
fn an_unknown_filter_is_refused_with_a_suggestion() {
    let world = World::start();
    let table = [
        ("filter=stat:failed", json!("state")),
        ("filter=state:fialed", json!("failed")),
        ("filter=reason:unmapped_nominal", json!("unmapped_nominal_code")),
        ("filter=kind:bills", Value::Null),
        ("filter=failed", Value::Null),
        ("filter=q:%22open", Value::Null),
        ("filter=state:failed+state:synced", Value::Null),
        ("sate=failed", json!("state")),
        ("filter=state:", Value::Null),
    ];
    for (query, suggestion) in table {
        let answer = world.client.get(&world.below(&format!("/invoices?{query}")));
        let problem = answer.is_problem("unknown_filter");
        assert_eq!(
            problem.get("suggestion").unwrap_or(&Value::Null),
            &suggestion,
            "{query}"
        );
    }
}

#[test]
fn cursors_walk_a_list_and_belong_to_it() {
    let world = populated();
    let mut seen = Vec::new();
    let mut query = "/invoices?limit=2&sort=created_at".to_owned();
    let cursor = loop {
        let page = world.client.get(&world.below(&query)).json();
        seen.extend(refs(&page));
        match page["next_cursor"].as_str() {
            Some(cursor) => query = format!("/invoices?limit=2&sort=created_at&cursor={cursor}"),
            None => break query,
        }
    };
    assert_eq!(seen, ["S1", "S2", "S3", "S4", "S5"]);
    let cursor = cursor.rsplit('=').next().expect("a cursor");
    for query in [
        format!("limit=2&cursor={cursor}"),
        format!("sort=created_at&filter=state:failed&cursor={cursor}"),
        "cursor=zzz".to_owned(),
    ] {
        let answer = world.client.get(&world.below(&format!("/invoices?{query}")));
        answer.is_problem("invalid_cursor");
    }
    let bad = world.client.get(&world.below("/invoices?limit=0"));
    bad.is_problem("invalid_parameter");
    let bad = world.client.get(&world.below("/invoices?sort=number"));
    bad.is_problem("invalid_parameter");
}

#[test]
fn counts_are_told() {
    let world = populated();
    world.house.change("S3", |row| {
        row.back.variance = Some(Variance {
            level: VarianceLevel::Variance,
            differences: Vec::new(),
            since: super::double::NOW,
            acknowledged: None,
        });
    });
    let counts = world.client.get(&world.below("/invoices/counts")).json();
    let status = world.client.get("/v1/status").json();
    assert_eq!(status["invoices"]["variances"], 1);
    assert_eq!(
        counts,
        json!({"synced": 1, "pending": 2, "failed": 1, "none": 1, "acknowledged": 0, "variances": 1, "total": 5})
    );
}

#[test]
fn operations_are_listed_newest_first() {
    let world = World::start();
    world.given("A");
    let path = format!("{}/resync", world.path("A"));
    let ids: Vec<String> = (0..3)
        .map(|_| {
            let queued = world.client.post(&path).json();
            queued["operation"]["id"].as_str().expect("an id").to_owned()
        })
        .collect();
    let page = world.client.get("/v1/operations?limit=2").json();
    assert_eq!(page["data"][0]["id"], ids[2]);
    assert_eq!(page["has_more"], true);
    let cursor = page["next_cursor"].as_str().expect("a cursor");
    let rest = world
        .client
        .get(&format!("/v1/operations?limit=2&cursor={cursor}"))
        .json();
    assert_eq!(rest["data"][0]["id"], ids[0]);
    assert_eq!(rest["has_more"], false);
    let none = format!("/v1/operations?tenant={}&state=queued", world.other);
    assert_eq!(world.client.get(&none).json()["data"], json!([]));
    world
        .client
        .get("/v1/operations?state=done")
        .is_problem("invalid_parameter");
}

#[test]
fn tenants_are_found_by_both_of_their_names() {
    let world = World::start();
    let page = world.client.get("/v1/tenants").json();
    assert_eq!(page["data"].as_array().expect("a list").len(), 2);
    let by_id = world.client.get(&world.below("")).json();
    let guid = super::fixture::GUID_A;
    let by_guid = world.client.get(&format!("/v1/tenants/{guid}")).json();
    assert_eq!(by_id, by_guid);
    assert_eq!(by_id, page["data"][0]);
    assert_eq!(by_id["name"], "Acme Ltd");
    assert_eq!(by_id["xero_tenant_id"], guid);
    assert_eq!(by_id["time_zone"], "GMTSTANDARDTIME");
    assert_eq!(by_id["connection"]["state"], "active");
    assert_eq!(by_id["connection"]["actions"], json!([]));
    assert_eq!(by_id["budget"]["minute"], json!({"used": 12, "limit": 60}));
    assert_eq!(by_id["queue"]["queued"], 4);
    let first = world.client.get("/v1/tenants?limit=1").json();
    let cursor = first["next_cursor"].as_str().expect("a cursor");
    let second = world.client.get(&format!("/v1/tenants?limit=1&cursor={cursor}")).json();
    assert_eq!(second["data"][0]["name"], "Bluebird Foods");
    assert_eq!(second["has_more"], false);
}
