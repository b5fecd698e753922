//! Behaviour 34: manual journals.

use serde_json::json;

use super::asking::{balanced, journal, keys, post, put, refused};
use super::desk::Desk;

#[test]
fn behaviour_34_a_journal_is_made_without_tax_as_a_draft_of_today() {
    let mut desk = Desk::new();
    let reply = put(
        &mut desk,
        "ManualJournals",
        &json!({"Narration":"N","JournalLines":balanced()}),
    );
    assert_eq!(reply.status, 200, "{}", reply.text);
    let made = &reply.json["ManualJournals"][0];
    assert_eq!(
        (&made["Status"], &made["LineAmountTypes"]),
        (&json!("DRAFT"), &json!("NoTax"))
    );
    assert_eq!(made["ShowOnCashBasisReports"], true);
    assert_eq!(made["JournalLines"][0]["TaxType"], "NONE");
    assert_eq!(made["JournalLines"][1]["LineAmount"].as_f64(), Some(-100.0));
    assert!(made["JournalLines"][0]["AccountID"].is_string());
    let id = made["ManualJournalID"].as_str().unwrap().to_owned();
    let single = desk.get(&format!("ManualJournals/{id}")).json["ManualJournals"][0].clone();
    let plain = desk.get("ManualJournals").json["ManualJournals"][0].clone();
    let paged = desk.get("ManualJournals?page=1").json["ManualJournals"][0].clone();
    assert_eq!(plain["JournalLines"], json!([]));
    assert_eq!(paged["JournalLines"].as_array().unwrap().len(), 2);
    assert!(keys(&single).contains(&"Attachments") && !keys(&paged).contains(&"Attachments"));
    assert!(!keys(made).contains(&"HasAttachments") && keys(&plain).contains(&"HasAttachments"));
    assert!(reply.text.contains("\"LineAmount\": -100.00"), "{}", reply.text);
}

#[test]
fn behaviour_34_lines_must_sum_to_zero_including_tax() {
    let mut desk = Desk::new();
    let lines = json!([{"LineAmount":100,"AccountCode":"429"},{"LineAmount":-10,"AccountCode":"850"}]);
    let reply = put(&mut desk, "ManualJournals", &journal(&lines));
    refused(&reply, "The total debits (100.00) must equal total credits (-10.00)");
    assert_eq!(
        reply.json["Elements"][0]["ManualJournalID"],
        "00000000-0000-0000-0000-000000000000"
    );
    // 429 is taxed with 20 %, 850 is not.
    for (types, credit, fits) in [
        ("Exclusive", "-120.00", true),
        ("Exclusive", "-100.00", false),
        ("Inclusive", "-100.00", true),
        ("NoTax", "-100.00", true),
        ("NoTax", "-120.00", false),
    ] {
        let mut body =
            journal(&json!([{"LineAmount":100,"AccountCode":"429"},{"LineAmount":credit,"AccountCode":"850"}]));
        body["LineAmountTypes"] = json!(types);
        let reply = put(&mut desk, "ManualJournals", &body);
        assert_eq!(reply.status == 200, fits, "{types} {credit}: {}", reply.text);
    }
}

#[test]
fn behaviour_34_unknown_accounts_leave_a_draft_with_a_warning_and_closed_ones_are_refused() {
    let mut desk = Desk::new();
    let lines = |code: &str| json!([{"LineAmount":1,"AccountCode":code},{"LineAmount":-1,"AccountCode":"850"}]);
    let warned = put(
        &mut desk,
        "ManualJournals?summarizeErrors=false",
        &journal(&lines("9999")),
    );
    let made = &warned.json["ManualJournals"][0];
    assert_eq!(made["StatusAttributeString"], "WARNING", "{}", warned.text);
    assert_eq!(
        made["Warnings"][0]["Message"],
        "Account code '9999' has been removed as it does not match a recognised account."
    );
    assert!(made["JournalLines"][0]["AccountCode"].is_null());
    let mut posted = journal(&lines("9999"));
    posted["Status"] = json!("POSTED");
    refused(
        &put(&mut desk, "ManualJournals", &posted),
        "Account code '9999' is not a valid code for this document.",
    );
    for closed in ["610", "800", "960", "090", "630"] {
        refused(
            &put(&mut desk, "ManualJournals", &journal(&lines(closed))),
            &format!("Account code '{closed}' is not a valid code for this document."),
        );
    }
    refused(
        &put(&mut desk, "ManualJournals", &json!({"JournalLines":balanced()})),
        "Narration must be specified",
    );
    refused(
        &put(&mut desk, "ManualJournals", &json!({"Narration":"N"})),
        "At least two journal lines must be specified",
    );
}

#[test]
fn behaviour_34_every_move_of_a_journal_is_allowed_or_refused() {
    let all = ["DRAFT", "POSTED", "VOIDED", "DELETED", "ARCHIVED"];
    let allowed = [
        ("DRAFT", "DRAFT"),
        ("DRAFT", "POSTED"),
        ("DRAFT", "DELETED"),
        ("POSTED", "POSTED"),
        ("POSTED", "VOIDED"),
    ];
    for from in all {
        for to in all {
            let mut desk = Desk::new();
            let start = if matches!(from, "DRAFT" | "DELETED") {
                "DRAFT"
            } else {
                "POSTED"
            };
            let mut body = journal(&balanced());
            body["Status"] = json!(start);
            let made = put(&mut desk, "ManualJournals", &body).json;
            let id = made["ManualJournals"][0]["ManualJournalID"].clone();
            if from != start {
                let scenario = format!("journal.{}", from.to_ascii_lowercase());
                let tenant = desk.tenant;
                let trigger = json!({"scenario":scenario,"tenant_id":tenant,"args":{"journal_id":id}});
                desk.control("POST", "trigger", &trigger.to_string());
            }
            let reply = post(&mut desk, "ManualJournals", &json!({"ManualJournalID":id,"Status":to}));
            if allowed.contains(&(from, to)) {
                assert_eq!(reply.status, 200, "{from} to {to}: {}", reply.text);
                assert_eq!(reply.json["ManualJournals"][0]["Status"], to);
                assert_eq!(
                    reply.json["ManualJournals"][0]["Narration"], "Accrual",
                    "the rest stays"
                );
            } else {
                refused(&reply, "Manual Journal not of valid status for modification");
            }
        }
    }
    for status in ["VOIDED", "DELETED", "ARCHIVED"] {
        let mut body = journal(&balanced());
        body["Status"] = json!(status);
        let reply = put(&mut Desk::new(), "ManualJournals", &body);
        refused(&reply, "Manual Journal not of valid status for creation");
    }
}

#[test]
fn behaviour_34_journals_raise_no_event_and_scenarios_play_them() {
    let mut desk = Desk::new();
    let tenant = desk.tenant;
    desk.control("POST", "webhooks", r#"{"url":"http://127.0.0.1:1/x"}"#);
    let create = json!({"scenario":"journal.create","tenant_id":tenant,"args":{"amount":"12.50","narration":"Theirs"}});
    let id = desk.control("POST", "trigger", &create.to_string())["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let edit = json!({"scenario":"journal.edit","tenant_id":tenant,"args":{"narration":"Edited"}});
    desk.control("POST", "trigger", &edit.to_string());
    let void = json!({"scenario":"journal.voided","tenant_id":tenant,"args":{"journal_id":id}});
    desk.control("POST", "trigger", &void.to_string());
    let seen = desk.get(&format!("ManualJournals/{id}")).json["ManualJournals"][0].clone();
    assert_eq!(
        (&seen["Status"], &seen["Narration"]),
        (&json!("VOIDED"), &json!("Edited"))
    );
    let again = desk.try_control("POST", "trigger", &void.to_string());
    assert_eq!(again.status, 400, "{}", again.text);
    assert_eq!(desk.world.next_delivery_ms(), None);
    let path = format!("tenants/{tenant}/documents?type=manualjournals");
    assert_eq!(desk.control("GET", &path, "")["data"][0]["versions"], 3);
}

#[test]
fn behaviour_35_closed_periods_are_closed_to_journals_too() {
    let mut desk = Desk::new();
    let made = put(&mut desk, "ManualJournals", &journal(&balanced())).json;
    let id = made["ManualJournals"][0]["ManualJournalID"].clone();
    let tenant = desk.tenant;
    for (arg, name) in [("date", "period lock date"), ("year_end_date", "end of year lock date")] {
        let lock = json!({"scenario":"organisation.lock","tenant_id":tenant,"args":{arg:"2026-09-01"}});
        desk.control("POST", "trigger", &lock.to_string());
        let organisation = desk.get("Organisation").json["Organisations"][0].clone();
        let key = if arg == "date" {
            "PeriodLockDate"
        } else {
            "EndOfYearLockDate"
        };
        assert_eq!(organisation[key], "/Date(1788220800000+0000)/");
        let text = format!("The document date cannot be before the {name}, currently set at 1 September 2026");
        refused(&put(&mut desk, "ManualJournals", &journal(&balanced())), &text);
        let edit = json!({"ManualJournalID":id,"Date":"2026-09-02"});
        refused(&post(&mut desk, "ManualJournals", &edit), &text);
        let mut later = journal(&balanced());
        later["Date"] = json!("2026-09-02");
        assert_eq!(put(&mut desk, "ManualJournals", &later).status, 200);
    }
}
