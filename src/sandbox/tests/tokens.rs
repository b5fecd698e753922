//! Rotation, expiry, connections, consent.

use serde_json::json;

use super::desk::Desk;
use crate::sandbox::{Request, Setup};

#[test]
fn refresh_tokens_rotate_and_the_last_one_has_half_an_hour_of_grace() {
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
fn without_grace_a_token_works_once_and_idle_tokens_die() {
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
fn bearers_expire_and_tenants_must_be_connected() {
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
fn connections_are_listed_deleted_and_restored() {
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
fn credentials_come_as_basic_or_in_the_body_and_must_be_right() {
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
fn the_consent_page_sends_back_a_code_that_works_once() {
    let mut desk = Desk::new();
    let (id, secret) = (desk.world.client_id().to_owned(), desk.world.client_secret().to_owned());
    let page = desk.send(&Request {
        method: "GET".into(),
        path: "/identity/connect/authorize".into(),
        query: format!("response_type=code&client_id={id}&redirect_uri=http%3A%2F%2Flocalhost%2Fcb&state=a%20b"),
        ..Request::default()
    });
    assert_eq!(page.status, 302);
    let location = page.outcome.answer.header("Location").unwrap().to_owned();
    assert!(
        location.starts_with("http://localhost/cb?code=") && location.ends_with("&state=a%20b"),
        "{location}"
    );
    let code = location
        .split("code=")
        .nth(1)
        .unwrap()
        .split('&')
        .next()
        .unwrap()
        .to_owned();
    let request = Request {
        method: "POST".into(),
        path: "/connect/token".into(),
        body: format!("grant_type=authorization_code&code={code}&redirect_uri=http%3A%2F%2Flocalhost%2Fcb&client_id={id}&client_secret={secret}").into(),
        ..Request::default()
    };
    assert!(desk.send(&request).json["refresh_token"].is_string());
    assert_eq!(desk.send(&request).json["error"], "invalid_grant");
}
