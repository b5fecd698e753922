//! The four limits, and the sandbox's own count of who breaks them.

use serde_json::json;

use super::desk::Desk;

#[test]
fn behaviour_9_sixty_in_any_rolling_minute() {
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
fn behaviour_9_day_and_app_have_their_own_words() {
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
fn behaviour_9_five_at_once() {
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
fn behaviour_11_injected_429s_are_no_violations_but_coming_back_early_is() {
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

#[test]
fn behaviour_9_a_day_that_others_used_up_is_refused_for_eighteen_hours_and_nobody_is_blamed() {
    let mut desk = Desk::new();
    let tenant = desk.tenant;
    let exhausted = json!({"scenario":"quota.exhausted","tenant_id":tenant,"args":{"left":1}});
    desk.control("POST", "trigger", &exhausted.to_string());
    let request = desk.request("GET", "Organisation", "");
    let last = desk.send(&request);
    assert_eq!(
        (last.status, last.outcome.answer.header("X-DayLimit-Remaining")),
        (200, Some("0"))
    );
    desk.pass(60_000);
    let refused = desk.send(&request);
    let answer = &refused.outcome.answer;
    assert_eq!((refused.status, refused.text.as_str()), (429, ""));
    assert_eq!(answer.header("X-Rate-Limit-Problem"), Some("day"));
    assert_eq!(answer.header("Retry-After"), Some("66123"));
    assert_eq!(answer.header("X-DayLimit-Remaining"), Some("0"));
    assert_eq!(
        answer.header("X-MinLimit-Remaining"),
        Some("60"),
        "refused calls count nowhere"
    );
    assert_eq!(desk.violations(), Vec::<String>::new());
    // Who comes back at once is to blame.
    desk.pass(1_000);
    desk.send(&request);
    assert_eq!(desk.violations(), ["early_call"]);
    desk.now.real_ms += 66_123_000;
    assert_eq!(desk.send(&request).status, 200);
    for (args, word) in [
        (json!({"retry_after":0}), "retry_after must be"),
        (json!({"left":"many"}), "left must be a whole number"),
        (json!({"leftover":1}), "unknown key 'leftover'"),
    ] {
        let body = json!({"scenario":"quota.exhausted","tenant_id":tenant,"args":args});
        let reply = desk.try_control("POST", "trigger", &body.to_string());
        assert!(reply.status == 400 && reply.text.contains(word), "{}", reply.text);
    }
    let nowhere = desk.try_control("POST", "trigger", r#"{"scenario":"quota.exhausted"}"#);
    assert!(nowhere.text.contains("tenant_id is required"), "{}", nowhere.text);
}

#[test]
fn behaviour_9_the_limits_belong_to_an_organisation_and_the_apps_minute_to_all() {
    let mut desk = Desk::new();
    desk.control("POST", "limits", r#"{"minute":2,"app_minute":3}"#);
    let first = desk.request("GET", "Organisation", "");
    let mut second = first.clone();
    second.headers[2].1 = desk.world.tenants()[1].tenant_id.to_string();
    let problem = |reply: &super::desk::Reply| reply.outcome.answer.header("X-Rate-Limit-Problem").map(str::to_owned);
    assert_eq!(desk.send(&first).status, 200);
    assert_eq!(desk.send(&first).status, 200);
    assert_eq!(problem(&desk.send(&first)).as_deref(), Some("minute"));
    assert_eq!(desk.send(&second).status, 200, "its own minute");
    let refused = desk.send(&second);
    assert_eq!(problem(&refused).as_deref(), Some("app"));
    assert_eq!(refused.outcome.answer.header("X-AppMinLimit-Remaining"), Some("0"));
    assert_eq!(refused.outcome.answer.header("X-MinLimit-Remaining"), Some("1"));
}

#[test]
fn behaviour_9_each_429_of_the_api_carries_what_xeros_own_does() {
    const METERS: [&str; 3] = [
        "X-MinLimit-Remaining",
        "X-DayLimit-Remaining",
        "X-AppMinLimit-Remaining",
    ];
    let shown = |reply: &super::desk::Reply| {
        let answer = &reply.outcome.answer;
        assert_eq!((reply.status, reply.text.as_str()), (429, ""));
        assert_eq!(answer.header("Content-Type"), None);
        let header = |name| answer.header(name).unwrap_or("-").to_owned();
        [&["X-Rate-Limit-Problem", "Retry-After"], &METERS[..]]
            .concat()
            .into_iter()
            .map(header)
            .collect::<Vec<_>>()
            .join(" ")
    };
    // Of its own accord.
    let mut desk = Desk::new();
    for (limits, wanted) in [
        (r#"{"minute":0}"#, "minute 1 0 5000 10000"),
        (r#"{"minute":60,"day":0}"#, "day 1 60 0 10000"),
        (r#"{"day":5000,"app_minute":0}"#, "app 1 60 5000 0"),
        (r#"{"app_minute":10000,"concurrent":0}"#, "concurrent - 60 5000 10000"),
    ] {
        desk.control("POST", "limits", limits);
        assert_eq!(shown(&desk.get("Organisation")), wanted, "{limits}");
    }
    // Injected.
    let mut desk = Desk::new();
    for (fault, wanted) in [
        (json!({"problem":"minute"}), "minute 26 0 5000 10000"),
        (json!({"problem":"day"}), "day 66183 60 0 10000"),
        (json!({"problem":"app","retry_after":3}), "app 3 60 5000 0"),
        (json!({"problem":"concurrent"}), "concurrent - 60 5000 10000"),
        (json!({"problem":"minute","meters":false}), "minute 26 - - -"),
    ] {
        let mut rule = fault.clone();
        rule["fault"] = json!("rate_limit");
        desk.control("POST", "faults", &rule.to_string());
        assert_eq!(shown(&desk.get("Organisation")), wanted, "{fault}");
    }
}
