//! The three shapes of an invoice, envelopes, headers and errors.

use serde_json::{Value, json};

use super::desk::Desk;

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

fn no_nulls(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Array(items) => items.iter().all(no_nulls),
        Value::Object(map) => map.values().all(no_nulls),
        _ => true,
    }
}

#[test]
fn behaviour_19_lists_single_reads_and_writes_show_different_keys() {
    let mut desk = Desk::new();
    let written = desk.invoice("A-1", "AUTHORISED");
    let single = desk.get("Invoices/A-1").json["Invoices"][0].clone();
    let paged = desk.get("Invoices?page=1").json["Invoices"][0].clone();
    let plain = desk.get("Invoices").json["Invoices"][0].clone();
    let summary = desk.get("Invoices?summaryOnly=True").json["Invoices"][0].clone();
    for key in ["Payments", "CreditNotes", "AmountCredited", "InvoiceAddresses"] {
        for (name, shape, there) in [
            ("paged", &paged, true),
            ("plain", &plain, true),
            ("single", &single, false),
            ("written", &written, false),
        ] {
            assert_eq!(keys(shape).contains(&key), there, "{key} in {name}");
        }
    }
    assert!(keys(&single).contains(&"HasAttachments") && keys(&single).contains(&"Attachments"));
    assert!(!keys(&written).contains(&"HasAttachments"));
    assert!(keys(&written).contains(&"SentToContact") && !keys(&paged).contains(&"SentToContact"));
    assert_eq!(written["StatusAttributeString"], "OK");
    assert!(!keys(&single).contains(&"StatusAttributeString"));
    assert_eq!(plain["LineItems"], json!([]));
    assert_eq!(paged["LineItems"].as_array().unwrap().len(), 1);
    assert!(!keys(&summary).contains(&"LineItems") && !keys(&summary).contains(&"Payments"));
    assert_eq!(single["LineItems"][0]["ValidationErrors"], json!([]));
    assert!(paged["LineItems"][0]["ValidationErrors"].is_null());
    assert!(single["Contact"]["ContactStatus"].is_string() && paged["Contact"]["ContactStatus"].is_null());
    for shape in [&written, &single, &paged, &plain, &summary] {
        assert!(no_nulls(shape), "{shape}");
    }
    assert_eq!(single["DateString"], "2026-09-01T00:00:00");
    assert_eq!(single["Date"], "/Date(1788220800000+0000)/");
}

#[test]
fn the_raw_form_is_xeros() {
    let mut desk = Desk::new();
    desk.invoice("A-1", "DRAFT");
    let reply = desk.get("Invoices/A-1");
    assert!(reply.text.starts_with("{\r\n  \"Id\": \""), "{}", reply.text);
    assert!(reply.text.contains("\"DateTimeUTC\": \"\\/Date("));
    assert!(reply.text.contains("\"Quantity\": 2.0000"));
    assert!(reply.text.contains("\"CurrencyRate\": 1.000000"));
    let answer = &reply.outcome.answer;
    assert_eq!(answer.header("Content-Type"), Some("application/json; charset=utf-8"));
    assert_eq!(answer.header("Xero-Correlation-Id"), reply.json["Id"].as_str());
    assert_eq!(answer.header("Cache-Control"), Some("max-age=0, no-cache, no-store"));
    for meter in [
        "X-DayLimit-Remaining",
        "X-MinLimit-Remaining",
        "X-AppMinLimit-Remaining",
    ] {
        assert!(answer.header(meter).is_some(), "{meter}");
    }
}

#[test]
fn what_is_not_there_is_html_and_xml_is_not_spoken() {
    let mut desk = Desk::new();
    for target in [
        "Invoices/nope",
        "Contacts/6f3c7a0e-0000-4000-8000-000000000000",
        "Nothing",
    ] {
        let reply = desk.get(target);
        assert_eq!(reply.status, 404, "{target}");
        assert_eq!(
            reply.outcome.answer.header("Content-Type"),
            Some("text/html; charset=utf-8")
        );
    }
    let mut request = desk.request("GET", "Invoices", "");
    request.headers.retain(|(name, _)| name != "accept");
    assert_eq!(desk.send(&request).status, 406);
    assert_eq!(desk.call("DELETE", "Invoices", "").status, 405);
    assert_eq!(desk.get("/API.XRO/2.0/INVOICES").status, 200);
    let unknown = r#"{"InvoiceID":"6f3c7a0e-0000-4000-8000-000000000000","Reference":"r"}"#;
    assert_eq!(desk.call("POST", "Invoices", unknown).status, 404);
}

#[test]
fn bodies_come_wrapped_bare_or_alone() {
    let one = r#"{"type":"ACCREC","contact":{"name":"City Limousines"},"lineitems":[{"description":"x","quantity":1,"unitamount":1,"accountcode":"200"}]}"#;
    for body in [
        one.to_owned(),
        format!("[{one}]"),
        format!(r#"{{"invoices":[{one}]}}"#),
        format!(r#"{{"Invoices":{one}}}"#),
    ] {
        let mut desk = Desk::new();
        let reply = desk.call("PUT", "Invoices", &body);
        assert_eq!(reply.status, 200, "{body}: {}", reply.text);
    }
    for body in ["", "[]", "7", "{\"Invoices\":[", "[1]"] {
        let mut desk = Desk::new();
        let reply = desk.call("PUT", "Invoices", body);
        assert_eq!(
            (reply.status, &reply.json["Type"]),
            (400, &json!("PostDataInvalidException")),
            "{body}"
        );
    }
}

#[test]
fn dates_come_in_every_form() {
    for date in [
        "2026-09-01",
        "2026-09-01T00:00:00",
        "/Date(1788220800000)/",
        "/Date(1788220800000+0000)/",
        "2026-09-01T00:00:00Z",
    ] {
        let mut desk = Desk::new();
        let body = json!({"Type":"ACCREC","Date":date,"Contact":{"Name":"A"},
            "LineItems":[{"Description":"x","Quantity":1,"UnitAmount":1,"AccountCode":"200"}]});
        let reply = desk.call("PUT", "Invoices", &body.to_string());
        assert_eq!(reply.json["Invoices"][0]["DateString"], "2026-09-01T00:00:00", "{date}");
    }
}

#[test]
fn behaviour_24_a_batch_reports_either_only_refusals_or_everything() {
    let good = |n: &str| {
        json!({"Type":"ACCREC","InvoiceNumber":n,"Contact":{"Name":"A"},
        "LineItems":[{"Description":"x","Quantity":1,"UnitAmount":1,"AccountCode":"200"}]})
    };
    let bad = json!({"Type":"ACCREC","InvoiceNumber":"B-2","Contact":{"Name":"A"},
        "LineItems":[{"Description":"x","Quantity":1,"UnitAmount":"1.10","AccountCode":"nope"}]});
    let batch = |numbers: [&str; 2]| json!({"Invoices":[good(numbers[0]), bad, good(numbers[1])]}).to_string();

    let mut desk = Desk::new();
    let reply = desk.call("PUT", "Invoices", &batch(["B-1", "B-3"]));
    assert_eq!(reply.status, 400);
    assert_eq!(
        (&reply.json["ErrorNumber"], &reply.json["Type"]),
        (&json!(10), &json!("ValidationException"))
    );
    let elements = reply.json["Elements"].as_array().unwrap();
    assert_eq!(elements.len(), 1);
    assert_eq!(
        (&elements[0]["InvoiceNumber"], &elements[0]["HasErrors"]),
        (&json!("B-2"), &json!(true))
    );
    assert_eq!(
        desk.get("Invoices").json["Invoices"].as_array().unwrap().len(),
        2,
        "valid ones were created"
    );

    let reply = desk.call("PUT", "Invoices?summarizeErrors=false", &batch(["B-4", "B-5"]));
    assert_eq!(reply.status, 200);
    let all = reply.json["Invoices"].as_array().unwrap();
    let marks: Vec<_> = all
        .iter()
        .map(|row| row["StatusAttributeString"].as_str().unwrap())
        .collect();
    assert_eq!(marks, ["OK", "ERROR", "OK"]);
    assert_eq!(
        all[1]["LineItems"][0]["UnitAmount"], "1.10",
        "refused elements echo what was sent"
    );
    assert!(
        all[1]["ValidationErrors"][0]["Message"]
            .as_str()
            .unwrap()
            .contains("'nope'")
    );
}
