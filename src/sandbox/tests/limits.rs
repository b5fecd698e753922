//! The four limits, and the sandbox's own count of who breaks them.

use serde_json::json;

use super::desk::Desk;

#[test]
fn sixty_in_any_rolling_minute() {
    let mut desk = Desk::new();
    let request = desk.request("GET", "Organisation", "");
    for _ in 0..30 {
        assert_eq!(desk.send(&request).status, 200);
    }
    desk.pass(40_000);
    for _ in 0..30 {
        assert_eq!(desk.send(&request).status, 200);
    }
    let refused = desk.send(&request);
    let answer = &refused.outcome.answer;
    assert_eq!((refused.status, refused.text.as_str()), (429, ""));
    assert_eq!(answer.header("Content-Type"), None);
    assert_eq!(answer.header("X-Rate-Limit-Problem"), Some("minute"));
    assert_eq!(answer.header("Retry-After"), Some("20"));
    assert_eq!(answer.header("X-MinLimit-Remaining"), Some("0"));
    assert_eq!(desk.violations(), ["minute_window", "rate_limited"]);
    desk.pass(19_999);
    assert_eq!(desk.send(&request).status, 429);
    assert!(desk.violations().contains(&"early_call".to_owned()));
    desk.pass(1);
    let again = desk.send(&request);
    assert_eq!(again.status, 200);
    assert_eq!(again.outcome.answer.header("X-MinLimit-Remaining"), Some("29"));
}

#[test]
fn day_and_app_have_their_own_words() {
    let mut desk = Desk::new();
    desk.control("POST", "limits", r#"{"day":2}"#);
    let request = desk.request("GET", "Organisation", "");
    desk.send(&request);
    desk.pass(3_600_000);
    desk.log_in();
    let request = desk.request("GET", "Organisation", "");
    desk.send(&request);
    let refused = desk.send(&request);
    let answer = &refused.outcome.answer;
    assert_eq!(answer.header("X-Rate-Limit-Problem"), Some("day"));
    assert_eq!(
        answer.header("Retry-After"),
        Some("82800"),
        "when the oldest call is a day old"
    );
    assert_eq!(answer.header("X-MinLimit-Remaining"), Some("59"));
    desk.control("POST", "limits", r#"{"day":100,"app_minute":1}"#);
    let refused = desk.send(&request);
    assert_eq!(refused.outcome.answer.header("X-Rate-Limit-Problem"), Some("app"));
}

#[test]
fn five_at_once() {
    let mut desk = Desk::new();
    let request = desk.request("GET", "Organisation", "");
    let open: Vec<_> = (0..5).map(|_| desk.world.respond(desk.now, &request)).collect();
    assert!(open.iter().all(|outcome| outcome.answer.status == 200));
    let sixth = desk.send(&request);
    assert_eq!(sixth.status, 429);
    assert_eq!(sixth.outcome.answer.header("X-Rate-Limit-Problem"), Some("concurrent"));
    assert_eq!(sixth.outcome.answer.header("Retry-After"), None);
    assert_eq!(desk.violations(), ["concurrency", "rate_limited"]);
    desk.world.answered(open[0].call.unwrap(), desk.now);
    assert_eq!(desk.send(&request).status, 200);
    let rows = desk.control("GET", "requests?since=1", "");
    let flights: Vec<_> = rows["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["in_flight"].as_i64().unwrap())
        .collect();
    assert_eq!(flights, [1, 2, 3, 4, 5, 6, 5]);
}

#[test]
fn injected_429s_are_no_violations_but_coming_back_early_is() {
    let mut desk = Desk::new();
    desk.control(
        "POST",
        "faults",
        r#"{"fault":"rate_limit","problem":"minute","retry_after":10}"#,
    );
    let request = desk.request("GET", "Organisation", "");
    assert_eq!(desk.send(&request).status, 429);
    assert_eq!(desk.violations(), Vec::<String>::new());
    desk.pass(100);
    desk.send(&request);
    assert_eq!(
        desk.violations(),
        Vec::<String>::new(),
        "that call may have crossed the answer"
    );
    desk.pass(9_000);
    desk.send(&request);
    assert_eq!(desk.violations(), ["early_call"]);
    desk.pass(1_000);
    desk.send(&request);
    assert_eq!(desk.violations(), ["early_call"]);
}

#[test]
fn careless_calls_are_noted() {
    let mut desk = Desk::new();
    let request = desk.request("PUT", "Contacts", r#"{"Name":"N"}"#);
    desk.send(&request);
    let mut homeless = desk.request("GET", "Contacts", "");
    homeless.headers.retain(|(name, _)| name != "xero-tenant-id");
    assert_eq!(desk.send(&homeless).status, 403);
    let rows = desk.control("GET", "violations", "");
    assert_eq!(rows["data"][0]["kind"], "missing_idempotency_key");
    assert_eq!(rows["data"][0]["tenant_id"], json!(desk.tenant.to_string()));
    assert_eq!(rows["data"][1]["kind"], "missing_tenant");
}
