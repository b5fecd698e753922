//! Faults strike in order, where and as often as they were told.

use serde_json::json;

use super::desk::Desk;
use crate::sandbox::Transport;

fn add(desk: &mut Desk, rule: serde_json::Value) -> String {
    desk.control("POST", "faults", &rule.to_string())["id"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn contacts(desk: &Desk) -> usize {
    desk.world.books(desk.tenant).unwrap().contacts().len()
}

/// Fault, the answer's status, its fate, whether the write was made.
fn each_fault() -> Vec<(serde_json::Value, u16, Transport, bool)> {
    vec![
        // fault, answer's status, is it delivered, was it written
        (
            json!({"fault":"refuse_connection"}),
            503,
            Transport::DropBeforeWrite,
            false,
        ),
        (
            json!({"fault":"drop_reply_before_write"}),
            503,
            Transport::DropBeforeWrite,
            false,
        ),
        (
            json!({"fault":"drop_reply_after_write"}),
            200,
            Transport::DropAfterWrite,
            true,
        ),
        (json!({"fault":"delay","ms":30000}), 200, Transport::Deliver, true),
        (json!({"fault":"status","code":503}), 503, Transport::Deliver, false),
        (
            json!({"fault":"status","code":502,"body":"bad gateway"}),
            502,
            Transport::Deliver,
            false,
        ),
        (
            json!({"fault":"rate_limit","problem":"day"}),
            429,
            Transport::Deliver,
            false,
        ),
        (json!({"fault":"garbage_200"}), 200, Transport::Deliver, false),
        (json!({"fault":"error_after_write"}), 500, Transport::Deliver, true),
        (json!({"fault":"token_expired"}), 401, Transport::Deliver, false),
    ]
}

#[test]
fn behaviour_11_each_fault_does_what_it_says() {
    for (rule, status, transport, written) in each_fault() {
        let mut desk = Desk::new();
        let before = contacts(&desk);
        add(&mut desk, rule.clone());
        let reply = desk.call("PUT", "Contacts", r#"{"Name":"N"}"#);
        assert_eq!((reply.status, reply.outcome.transport), (status, transport), "{rule}");
        assert_eq!(contacts(&desk) > before, written, "{rule}");
        let rows = desk.control("GET", "requests?since=1", "");
        assert_eq!(rows["data"][0]["fault"], rule["fault"]);
        assert_eq!(
            rows["data"][0]["status"].is_null(),
            transport != Transport::Deliver,
            "{rule}"
        );
        assert_eq!(desk.get("Contacts").status, 200, "{rule} strikes once");
    }
    let mut desk = Desk::new();
    add(&mut desk, json!({"fault":"cut_body"}));
    let reply = desk.call("PUT", "Contacts", r#"{"Name":"N"}"#);
    assert_eq!(
        reply.outcome.transport,
        Transport::Cut {
            after_bytes: reply.text.len() / 2
        }
    );
}

#[test]
fn behaviour_10_plain_text_outages_and_delays_carry_xeros_form() {
    let mut desk = Desk::new();
    add(
        &mut desk,
        json!({"fault":"status","code":503,"body":"The Organisation is offline"}),
    );
    let reply = desk.get("Contacts");
    assert_eq!(reply.text, "The Organisation is offline");
    assert_eq!(
        reply.outcome.answer.header("Content-Type"),
        Some("text/plain; charset=utf-8")
    );
    add(
        &mut desk,
        json!({"fault":"status","code":400,"body":{"ErrorNumber":17}}),
    );
    assert_eq!(desk.get("Contacts").json["ErrorNumber"], 17);
    add(&mut desk, json!({"fault":"delay","ms":1234}));
    assert_eq!(desk.get("Contacts").outcome.delay_ms, 1234);
}

#[test]
fn behaviour_11_the_oldest_matching_rule_strikes_one_per_call() {
    let mut desk = Desk::new();
    add(&mut desk, json!({"fault":"status","code":501,"match":{"method":"put"}}));
    add(
        &mut desk,
        json!({"fault":"status","code":502,"match":{"path":"/API.xro/2.0/con*"},"times":2}),
    );
    add(
        &mut desk,
        json!({"fault":"status","code":503,"match":{"path":"/api.xro/2.0/contacts"}}),
    );
    add(
        &mut desk,
        json!({"fault":"status","code":504,"match":{"tenant_id":"6f3c7a0e-0000-4000-8000-000000000000"},"times":null}),
    );
    let statuses: Vec<_> = (0..4).map(|_| desk.get("Contacts").status).collect();
    assert_eq!(statuses, [502, 502, 503, 200]);
    assert_eq!(desk.call("PUT", "Contacts", r#"{"Name":"N"}"#).status, 501);
    assert_eq!(desk.control("GET", "faults", "")["data"].as_array().unwrap().len(), 1);
}

#[test]
fn behaviour_11_every_times_probability_and_removal() {
    let mut desk = Desk::new();
    let id = add(&mut desk, json!({"fault":"status","code":503,"every":3,"times":null}));
    let statuses: Vec<_> = (0..6).map(|_| desk.get("Contacts").status).collect();
    assert_eq!(statuses, [200, 200, 503, 200, 200, 503]);
    desk.control("DELETE", &format!("faults/{id}"), "");
    assert_eq!(desk.try_control("DELETE", &format!("faults/{id}"), "").status, 404);

    let run = || {
        let mut desk = Desk::new();
        add(
            &mut desk,
            json!({"fault":"status","code":503,"probability":0.5,"seed":9,"times":null}),
        );
        (0..40).map(|_| desk.get("Contacts").status).collect::<Vec<_>>()
    };
    let statuses = run();
    let failed = statuses.iter().filter(|status| **status == 503).count();
    assert!((8..32).contains(&failed), "{failed} of 40");
    assert_eq!(statuses, run(), "one seed, one course");
}

#[test]
fn behaviour_11_a_lost_token_answer_has_rotated_and_a_lost_request_has_not() {
    let mut desk = Desk::new();
    let token = desk.world.refresh_token().to_owned();
    add(
        &mut desk,
        json!({"fault":"drop_reply_before_write","match":{"path":"/connect/token"}}),
    );
    desk.refresh(&token);
    assert_eq!(desk.world.refresh_token(), token);
    add(
        &mut desk,
        json!({"fault":"drop_reply_after_write","match":{"path":"/connect/token"}}),
    );
    desk.refresh(&token);
    assert_ne!(desk.world.refresh_token(), token);
    assert_eq!(desk.refresh(&token).status, 200, "the grace");
}

#[test]
fn wrong_rules_are_refused_by_name() {
    let mut desk = Desk::new();
    for (rule, word) in [
        (json!({}), "fault is required"),
        (json!({"fault":"nope"}), "unknown fault 'nope'"),
        (json!({"fault":"delay"}), "delay needs ms"),
        (json!({"fault":"status"}), "status needs code"),
        (json!({"fault":"cut_body","times":0}), "times must be at least 1"),
        (json!({"fault":"cut_body","every":0}), "every must be at least 1"),
        (json!({"fault":"cut_body","probability":2}), "probability must be"),
        (json!({"fault":"cut_body","foo":1}), "unknown key 'foo'"),
        (json!({"fault":"cut_body","match":{"verb":"GET"}}), "unknown key 'verb'"),
        (json!({"fault":"rate_limit","problem":"x"}), "problem must be"),
    ] {
        let reply = desk.try_control("POST", "faults", &rule.to_string());
        assert_eq!(reply.status, 400, "{rule}");
        assert!(
            reply.json["error"].as_str().unwrap().contains(word),
            "{rule}: {}",
            reply.text
        );
    }
}

#[test]
fn behaviour_10_an_outage_has_three_texts_and_an_end() {
    let mut desk = Desk::new();
    for (name, text) in [
        (json!("organisation"), "The Organisation is offline"),
        (
            json!("maintenance"),
            "The Xero API is currently offline for maintenance",
        ),
        (json!("unavailable"), "The Xero API is temporarily unavailable"),
        (json!(null), "The Xero API is temporarily unavailable"),
    ] {
        add(&mut desk, json!({"fault":"outage","outage":name}));
        let reply = desk.get("Contacts");
        assert_eq!((reply.status, reply.text.as_str()), (503, text));
        let answer = &reply.outcome.answer;
        assert_eq!(answer.header("Content-Type"), Some("text/plain; charset=utf-8"));
    }
    let tenant = desk.tenant;
    let outage = json!({"scenario":"outage","tenant_id":tenant,"args":{"for_s":10}});
    desk.control("POST", "trigger", &outage.to_string());
    let statuses: Vec<_> = (0..11).map(|_| desk.get("Contacts").status).collect();
    assert_eq!(statuses, [503, 503, 503, 503, 503, 503, 503, 503, 503, 200, 200]);
    let all = desk.control(
        "POST",
        "trigger",
        r#"{"scenario":"outage","args":{"outage":"maintenance"}}"#,
    );
    desk.tenant = desk.world.tenants()[1].tenant_id;
    assert_eq!(desk.get("Contacts").status, 503, "nobody was named, so all are meant");
    let token = desk.world.refresh_token().to_owned();
    assert_eq!(desk.refresh(&token).status, 200, "identity stays up");
    desk.control("DELETE", &format!("faults/{}", all["id"].as_str().unwrap()), "");
    assert_eq!(desk.get("Contacts").status, 200);
    for (rule, word) in [
        (json!({"fault":"outage","outage":"x"}), "outage must be organisation"),
        (json!({"fault":"outage","for_s":0}), "for_s must be at least 1"),
        (json!({"fault":"outage","for_s":"x"}), "for_s must be whole seconds"),
    ] {
        let reply = desk.try_control("POST", "faults", &rule.to_string());
        assert!(
            reply.status == 400 && reply.text.contains(word),
            "{rule}: {}",
            reply.text
        );
    }
}

#[test]
fn behaviour_10_a_500_is_json_with_its_own_title() {
    let mut desk = Desk::new();
    add(&mut desk, json!({"fault":"status","code":500}));
    let reply = desk.get("Contacts");
    assert_eq!((reply.status, &reply.json["Title"]), (500, &json!("An error occurred")));
    assert!(
        reply.json["Detail"]
            .as_str()
            .unwrap()
            .starts_with("An error occurred in Xero.")
    );
}
