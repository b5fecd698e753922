//! Rotation, expiry, scopes, connections.

use serde_json::json;

use super::desk::Desk;
use crate::sandbox::{Request, Setup};

#[test]
fn behaviour_1_refresh_tokens_rotate_and_the_last_one_has_half_an_hour_of_grace() {
    let mut desk = Desk::new();
    let first = desk.world.refresh_token().to_owned();
    let second = desk.refresh(&first).json["refresh_token"].as_str().unwrap().to_owned();
    assert_ne!(first, second);
    // The answer got lost: the old token works again and gives a pair that works.
    let retried = desk.refresh(&first);
    assert_eq!(retried.status, 200);
    let third = retried.json["refresh_token"].as_str().unwrap().to_owned();
    assert_eq!(desk.refresh(&third).status, 200);
    // A token older than the previous one is dead.
    let dead = desk.refresh(&first);
    assert_eq!((dead.status, &dead.json["error"]), (400, &json!("invalid_grant")));
    let current = desk.world.refresh_token().to_owned();
    desk.refresh(&current);
    desk.pass(1_800_001);
    assert_eq!(desk.refresh(&current).status, 400, "the grace is over");
}

#[test]
fn behaviour_1_without_grace_a_token_works_once_and_idle_tokens_die() {
    let mut desk = Desk::with(&Setup {
        refresh_grace: false,
        ..Setup::default()
    });
    let first = desk.world.refresh_token().to_owned();
    assert_eq!(desk.refresh(&first).status, 200);
    assert_eq!(desk.refresh(&first).status, 400);
    let current = desk.world.refresh_token().to_owned();
    desk.pass(61 * 86_400_000);
    assert_eq!(desk.refresh(&current).status, 400);
}

#[test]
fn behaviour_3_bearers_expire_and_tenants_must_be_connected() {
    let mut desk = Desk::new();
    let mut wrong = desk.request("GET", "Contacts", "");
    wrong.headers[1].1 = "Bearer nonsense".into();
    let reply = desk.send(&wrong);
    assert_eq!(
        (reply.status, &reply.json["Detail"]),
        (401, &json!("AuthenticationUnsuccessful"))
    );
    let mut foreign = desk.request("GET", "Contacts", "");
    foreign.headers[2].1 = "6f3c7a0e-0000-4000-8000-000000000000".into();
    let reply = desk.send(&foreign);
    assert_eq!(
        (reply.status, &reply.json["Detail"]),
        (403, &json!("AuthenticationUnsuccessful"))
    );
    desk.control("POST", "clock", r#"{"advance_s":1800}"#);
    let reply = desk.get("Contacts");
    assert_eq!(reply.status, 401);
    assert!(
        reply.json["Detail"]
            .as_str()
            .unwrap()
            .starts_with("TokenExpired: token expired at ")
    );
}

#[test]
fn behaviour_2_connections_are_listed_deleted_and_restored() {
    let mut desk = Desk::new();
    let rows = desk.get("/Connections").json;
    let row = rows
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["tenantId"] == desk.tenant.to_string())
        .unwrap()
        .clone();
    assert_eq!(row["tenantType"], "ORGANISATION");
    let created = row["createdDateUtc"].as_str().unwrap();
    assert_eq!(created.split('.').nth(1).unwrap().len(), 7, "{created}");
    let by_tenant = format!("/connections/{}", desk.tenant);
    assert_eq!(
        desk.call("DELETE", &by_tenant, "").status,
        403,
        "a tenant id is no connection id"
    );
    let by_id = format!("/connections/{}", row["id"].as_str().unwrap());
    assert_eq!(desk.call("DELETE", &by_id, "").status, 204);
    assert_eq!(desk.get("Contacts").status, 403);
    let back = json!({"scenario":"connection.restore","tenant_id":desk.tenant});
    desk.control("POST", "trigger", &back.to_string());
    assert_eq!(desk.get("Contacts").status, 200);
    desk.control("POST", "trigger", r#"{"scenario":"grant.revoke"}"#);
    assert_eq!(desk.get("Contacts").status, 401);
    let dead = desk.world.refresh_token().to_owned();
    assert_eq!(desk.refresh(&dead).json["error"], "invalid_grant");
    let renewed = desk.control("POST", "trigger", r#"{"scenario":"grant.renew"}"#);
    assert_eq!(desk.refresh(renewed["refresh_token"].as_str().unwrap()).status, 200);
}

#[test]
fn behaviour_1_credentials_come_as_basic_or_in_the_body_and_must_be_right() {
    let mut desk = Desk::new();
    let (id, secret) = (desk.world.client_id().to_owned(), desk.world.client_secret().to_owned());
    let token = desk.world.refresh_token().to_owned();
    use base64::Engine as _;
    let basic = base64::engine::general_purpose::STANDARD.encode(format!("{id}:{secret}"));
    let mut request = Request {
        method: "POST".into(),
        path: "/connect/token".into(),
        headers: vec![("Authorization".into(), format!("Basic {basic}"))],
        body: format!("grant_type=refresh_token&refresh_token={token}").into(),
        ..Request::default()
    };
    assert_eq!(desk.send(&request).status, 200);
    request.headers.clear();
    let reply = desk.send(&request);
    assert_eq!((reply.status, &reply.json["error"]), (400, &json!("invalid_client")));
}

#[test]
fn behaviour_1_two_refreshes_racing_with_one_token_both_get_a_pair_and_the_later_one_stays() {
    let mut desk = Desk::new();
    let token = desk.world.refresh_token().to_owned();
    let (first, second) = (desk.refresh(&token), desk.refresh(&token));
    let newest = |reply: &super::desk::Reply| reply.json["refresh_token"].as_str().unwrap().to_owned();
    assert_ne!(newest(&first), newest(&second));
    assert_eq!(desk.world.refresh_token(), newest(&second));
    assert_eq!(
        desk.refresh(&newest(&first)).status,
        400,
        "the first pair was overtaken"
    );
    // Without the grace the loser of the race has lost the chain.
    desk.control("POST", "grants", r#"{"refresh_grace":false}"#);
    let token = desk.world.refresh_token().to_owned();
    assert_eq!(desk.refresh(&token).status, 200);
    assert_eq!(desk.refresh(&token).json, json!({"error":"invalid_grant"}));
}

#[test]
fn behaviour_1_an_idle_chain_dies_after_sixty_days_and_a_busy_one_never() {
    let mut desk = Desk::new();
    for _ in 0..3 {
        desk.pass(59 * 86_400_000);
        let token = desk.world.refresh_token().to_owned();
        assert_eq!(desk.refresh(&token).status, 200);
    }
    desk.pass(60 * 86_400_000);
    let token = desk.world.refresh_token().to_owned();
    assert_eq!(desk.refresh(&token).json["error"], "invalid_grant");
}

#[test]
fn behaviour_1_revocation_ends_the_consent_with_all_its_connections() {
    let mut desk = Desk::new();
    let token = desk.world.refresh_token().to_owned();
    let form = |secret: &str, desk: &Desk| Request {
        method: "POST".into(),
        path: "/connect/revocation".into(),
        body: format!(
            "token={token}&client_id={}&client_secret={secret}",
            desk.world.client_id()
        )
        .into(),
        ..Request::default()
    };
    let wrong = form("wrong", &desk);
    assert_eq!(desk.send(&wrong).json["error"], "invalid_client");
    assert_eq!(desk.get("Contacts").status, 200);
    let right = form(desk.world.client_secret(), &desk);
    let done = desk.send(&right);
    assert_eq!((done.status, done.text.as_str()), (200, ""));
    assert_eq!(desk.get("Contacts").status, 401);
    assert_eq!(desk.refresh(&token).json["error"], "invalid_grant");
    let grants = desk.control("GET", "grants", "");
    assert_eq!(
        (&grants["data"][0]["revoked"], &grants["data"][0]["tenant_ids"]),
        (&json!(true), &json!([]))
    );
}

#[test]
fn behaviour_2_a_connection_keeps_its_birth_when_it_comes_back_and_strangers_are_not_found() {
    let mut desk = Desk::new();
    let row = |desk: &mut Desk| {
        let rows = desk.get("/connections").json;
        let ours = desk.tenant.to_string();
        let mut rows = rows.as_array().unwrap().iter();
        rows.find(|row| row["tenantId"] == ours.as_str()).cloned()
    };
    let before = row(&mut desk).unwrap();
    desk.pass(5_000);
    desk.control("POST", "trigger", r#"{"scenario":"grant.renew"}"#);
    let after = row(&mut desk).unwrap();
    assert_eq!(before["createdDateUtc"], after["createdDateUtc"]);
    assert_ne!(before["updatedDateUtc"], after["updatedDateUtc"]);
    let filter = format!("/connections?authEventId={}", before["authEventId"].as_str().unwrap());
    assert_eq!(desk.get(&filter).json.as_array().unwrap().len(), 2);
    let other = "/connections?authEventId=00000000-0000-4000-8000-000000000000";
    assert_eq!(desk.get(other).json, json!([]));
    let by_event = format!("/connections/{}", before["authEventId"].as_str().unwrap());
    assert_eq!(desk.call("DELETE", &by_event, "").status, 403);
    let unknown = "/connections/00000000-0000-4000-8000-000000000000";
    assert_eq!(desk.call("DELETE", unknown, "").status, 404);
}

/// An isolated organisation whose consent has just these scopes; the desk moves there.
fn with_scopes(scopes: &str) -> Desk {
    let mut desk = Desk::new();
    let made = desk.control("POST", "orgs", &json!({"scopes":scopes}).to_string());
    desk.tenant = made["tenant_id"].as_str().unwrap().parse().unwrap();
    let minted = desk.refresh(made["refresh_token"].as_str().unwrap());
    desk.token = minted.json["access_token"].as_str().unwrap().to_owned();
    desk
}

#[test]
fn behaviour_3_a_missing_scope_is_a_401_of_its_own_before_the_organisations_meters() {
    let mut desk = with_scopes("accounting.contacts.read");
    assert_eq!(desk.get("Contacts").status, 200);
    let refused = desk.get("Invoices");
    let answer = &refused.outcome.answer;
    assert_eq!(
        (refused.status, &refused.json["Detail"]),
        (401, &json!("AuthorizationUnsuccessful"))
    );
    assert_eq!(answer.header("WWW-Authenticate"), Some("insufficient_scope"));
    assert_eq!(answer.header("Xero-Correlation-Id"), refused.json["Instance"].as_str());
    assert!(answer.header("X-AppMinLimit-Remaining").is_some());
    assert_eq!(answer.header("X-MinLimit-Remaining"), None);
    let refused = desk.call("PUT", "Contacts", r#"{"Name":"N"}"#);
    assert_eq!(
        refused.json["Detail"], "AuthorizationUnsuccessful",
        "reading is not writing"
    );
}

#[test]
fn behaviour_3_broad_and_granular_scopes_open_the_same_doors() {
    // scope, what it opens, what it does not
    let table: [(&str, &[&str], &[&str]); 6] = [
        (
            "accounting.transactions.read",
            &["GET Invoices", "GET Payments"],
            &["PUT Invoices", "GET Contacts", "GET Organisation"],
        ),
        (
            "accounting.transactions",
            &["PUT Invoices", "PUT Payments"],
            &["PUT Contacts"],
        ),
        ("accounting.invoices", &["PUT Invoices"], &["GET Payments"]),
        (
            "accounting.payments.read",
            &["GET Payments"],
            &["PUT Payments", "GET Invoices"],
        ),
        (
            "accounting.settings.read",
            &["GET Accounts", "GET TaxRates", "GET Organisation"],
            &["GET Invoices"],
        ),
        (
            "accounting.contacts",
            &["GET Contacts", "PUT Contacts"],
            &["GET Accounts"],
        ),
    ];
    for (scope, open, shut) in table {
        let mut desk = with_scopes(scope);
        for (call, is_open) in open
            .iter()
            .map(|call| (call, true))
            .chain(shut.iter().map(|call| (call, false)))
        {
            let (method, path) = call.split_once(' ').unwrap();
            let reply = desk.call(method, path, "{}");
            let is_scope = reply.json["Detail"] == "AuthorizationUnsuccessful";
            assert_eq!(is_scope, !is_open, "{scope}: {call}: {}", reply.text);
        }
    }
}

#[test]
fn behaviour_3_a_key_of_the_401_is_the_same_in_every_recorded_case() {
    let mut desk = Desk::new();
    desk.control("POST", "clock", r#"{"advance_s":1800}"#);
    let reply = desk.get("Contacts");
    let keys: Vec<&String> = reply.json.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["Detail", "Extensions", "Instance", "Status", "Title", "Type"]);
    assert!(reply.json["Type"].is_null());
    assert_eq!(
        (&reply.json["Title"], &reply.json["Status"]),
        (&json!("Unauthorized"), &json!(401))
    );
}
