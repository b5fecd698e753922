//! Behaviours 4 to 8, 24 and 25: headers, bodies, refusals, over every resource.

use serde_json::{Value, json};

use super::desk::Desk;

/// Path, collection, an element that is stored, and one that is refused.
fn writable() -> Vec<(&'static str, &'static str, Value, Value)> {
    let line = json!([{"Description":"x","Quantity":1,"UnitAmount":1,"AccountCode":"200"}]);
    let lines = json!([{"LineAmount":1,"AccountCode":"429"},{"LineAmount":-1,"AccountCode":"850"}]);
    vec![
        (
            "Invoices",
            "InvoiceID",
            json!({"Type":"ACCREC","Contact":{"Name":"A"},"LineItems":line}),
            json!({"Type":"ACCREC","Contact":{"Name":"A"}}),
        ),
        (
            "Contacts",
            "ContactID",
            json!({"Name":"Fresh"}),
            json!({"Name":"Basket Case"}),
        ),
        ("Items", "ItemID", json!({"Code":"NEW"}), json!({"Code":""})),
        (
            "ManualJournals",
            "ManualJournalID",
            json!({"Narration":"N","JournalLines":lines}),
            json!({"Narration":"N"}),
        ),
        (
            "TrackingCategories",
            "TrackingCategoryID",
            json!({"Name":"Region"}),
            json!({"Name":""}),
        ),
        (
            "ContactGroups",
            "ContactGroupID",
            json!({"Name":"Friends"}),
            json!({"Name":""}),
        ),
    ]
}

#[test]
fn behaviour_4_every_list_has_the_envelope_and_json_must_be_asked_for() {
    for path in [
        "Organisation",
        "Accounts",
        "TaxRates",
        "Items",
        "Contacts",
        "ContactGroups",
        "Invoices",
        "Payments",
        "ManualJournals",
        "TrackingCategories",
    ] {
        let mut desk = Desk::new();
        let reply = desk.get(path);
        let head = reply.text.find("\"Id\"").unwrap();
        let order =
            ["\"Id\"", "\"Status\"", "\"ProviderName\"", "\"DateTimeUTC\""].map(|key| reply.text.find(key).unwrap());
        assert!(order.is_sorted() && head < 10, "{path}");
        assert_eq!(
            reply.outcome.answer.header("Xero-Correlation-Id"),
            reply.json["Id"].as_str(),
            "{path}"
        );
        assert!(!reply.text.contains("null"), "{path}");
        for accept in [None, Some("application/xml"), Some("*/*"), Some("text/html")] {
            let mut request = desk.request("GET", path, "");
            request.headers.retain(|(name, _)| name != "accept");
            request
                .headers
                .extend(accept.map(|accept| ("Accept".into(), accept.into())));
            desk.pass(1_000);
            assert_eq!(desk.send(&request).status, 406, "{path} {accept:?}");
        }
    }
}

#[test]
fn behaviour_5_the_raw_form_is_the_same_everywhere() {
    let mut desk = Desk::new();
    for (path, _, good, _) in writable() {
        let reply = desk.call("PUT", path, &good.to_string());
        assert!(reply.text.starts_with("{\r\n  \"Id\": \""), "{path}");
        let bare = reply.text.replace("\r\n", "");
        assert!(!bare.contains(['\r', '\n']), "{path}: every line ends the same way");
        assert!(reply.text.contains("\"DateTimeUTC\": \"\\/Date("), "{path}");
        let list = desk.get(path);
        if path != "TrackingCategories" && path != "ContactGroups" {
            assert!(list.text.contains("+0000)\\/\""), "{path}: {}", list.text);
        }
    }
}

#[test]
fn behaviour_6_bodies_come_in_every_form_and_paths_in_any_case() {
    for (path, _, good, _) in writable() {
        let wrapped = json!({path.to_lowercase():[good]});
        for body in [wrapped, json!([good]), good.clone(), json!({path:good})] {
            let mut desk = Desk::new();
            for target in [path.to_lowercase(), path.to_uppercase()] {
                let reply = desk.call("PUT", &target, &body.to_string());
                let twice = target != path.to_lowercase();
                let is_keyed = !matches!(path, "Invoices" | "ManualJournals");
                let expected = if twice && is_keyed { 400 } else { 200 };
                assert_eq!(reply.status, expected, "{target} {body}: {}", reply.text);
            }
            let mut request = desk.request("GET", path, "{}");
            request.headers.push(("content-type".into(), "application/json".into()));
            desk.pass(1_000);
            assert_eq!(desk.send(&request).status, 200, "GET with a body");
        }
        for body in ["", "[]", "7", "[1]", "{\"x\":"] {
            let reply = Desk::new().call("PUT", path, body);
            assert_eq!(reply.json["Type"], "PostDataInvalidException", "{path} {body}");
        }
    }
}

#[test]
fn behaviour_7_every_answer_to_an_organisation_has_the_meters() {
    let mut desk = Desk::new();
    for target in [
        "Items",
        "Items/none",
        "ManualJournals?where=x",
        "Nothing",
        "Accounts?page=3",
    ] {
        let reply = desk.get(target);
        for header in [
            "X-DayLimit-Remaining",
            "X-MinLimit-Remaining",
            "X-AppMinLimit-Remaining",
            "Xero-Correlation-Id",
        ] {
            assert!(reply.outcome.answer.header(header).is_some(), "{target} {header}");
        }
        assert_eq!(
            reply.outcome.answer.header("Cache-Control"),
            Some("max-age=0, no-cache, no-store"),
            "{target}"
        );
    }
}

#[test]
fn behaviour_8_what_is_not_there_is_html_on_every_resource() {
    let nobody = "6f3c7a0e-0000-4000-8000-000000000000";
    let mut desk = Desk::new();
    for target in [
        format!("Accounts/{nobody}"),
        format!("Items/{nobody}"),
        format!("ManualJournals/{nobody}"),
        format!("TrackingCategories/{nobody}"),
        format!("ContactGroups/{nobody}"),
        format!("TaxRates/{nobody}"),
        format!("Contacts/{nobody}/CISSettings"),
        format!("ManualJournals/{nobody}/History"),
        "Items/x/y/z".to_owned(),
    ] {
        let reply = desk.get(&target);
        assert_eq!(reply.status, 404, "{target}");
        assert_eq!(
            reply.outcome.answer.header("Content-Type"),
            Some("text/html; charset=utf-8"),
            "{target}"
        );
    }
    for (method, target) in [
        ("PATCH", "Items"),
        ("DELETE", "ManualJournals"),
        ("POST", "ContactGroups"),
        ("PUT", "Organisation"),
    ] {
        assert_eq!(desk.call(method, target, "{}").status, 405, "{method} {target}");
    }
}

#[test]
fn behaviour_24_a_batch_reports_only_refusals_or_everything_on_every_resource() {
    for (path, id_key, good, bad) in writable() {
        let batch = json!({path:[bad, good]}).to_string();
        let mut desk = Desk::new();
        let before = desk.get(path).json[path].as_array().unwrap().len();
        let summarized = desk.call("PUT", path, &batch);
        assert_eq!(summarized.status, 400, "{path}: {}", summarized.text);
        assert_eq!(summarized.json["ErrorNumber"], 10);
        assert_eq!(summarized.json["Type"], "ValidationException");
        assert_eq!(summarized.json["Message"], "A validation exception occurred");
        assert_eq!(summarized.json["Elements"].as_array().unwrap().len(), 1, "{path}");
        let after = desk.get(path).json[path].as_array().unwrap().len();
        assert!(after > before, "{path}: the valid one was stored all the same");

        let reply = Desk::new().call("PUT", &format!("{path}?SummarizeErrors=False"), &batch);
        assert_eq!(reply.status, 200, "{path}");
        let rows = reply.json[path].as_array().unwrap();
        let marks: Vec<&str> = rows
            .iter()
            .map(|row| row["StatusAttributeString"].as_str().unwrap())
            .collect();
        assert_eq!(marks, ["ERROR", "OK"], "{path}");
        assert!(rows[0]["ValidationErrors"][0]["Message"].is_string(), "{path}");
        assert!(rows[1][id_key].is_string(), "{path}");
        let flag = match path {
            "Invoices" => Some("HasErrors"),
            "Contacts" | "ContactGroups" => Some("HasValidationErrors"),
            _ => None,
        };
        for key in ["HasErrors", "HasValidationErrors"] {
            assert_eq!(rows[0][key] == json!(true), flag == Some(key), "{path} {key}");
        }
    }
}

#[test]
fn behaviour_25_the_id_of_a_refused_new_element_is_nil_or_exists_nowhere() {
    let mut nil = 0;
    let mut fresh = 0;
    let mut desk = Desk::new();
    for _ in 0..40 {
        let reply = desk.call("PUT", "Contacts?summarizeErrors=false", r#"{"Name":"Basket Case"}"#);
        let id = reply.json["Contacts"][0]["ContactID"].as_str().unwrap().to_owned();
        if id == "00000000-0000-0000-0000-000000000000" {
            nil += 1;
        } else {
            fresh += 1;
            assert_eq!(desk.get(&format!("Contacts/{id}")).status, 404);
        }
    }
    assert!(nil > 5 && fresh > 5, "{nil} nil, {fresh} fresh");
}
