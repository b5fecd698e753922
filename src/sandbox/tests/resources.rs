//! Behaviours 34 and 35, and what goes with them: journals, accounts, tax rates, items, tracking,
//! the organisation, groups and notes.

use serde_json::{Value, json};

use super::desk::{Desk, Reply};

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

fn refused(reply: &Reply, message: &str) {
    assert_eq!(reply.status, 400, "{}", reply.text);
    assert_eq!(reply.json["Type"], "ValidationException", "{}", reply.text);
    let errors = reply.json["Elements"][0]["ValidationErrors"].as_array().unwrap();
    assert!(
        errors.iter().any(|error| error["Message"] == message),
        "{message}: {}",
        reply.text
    );
}

fn journal(lines: &Value) -> Value {
    json!({"Narration":"Accrual","Date":"2026-09-01","JournalLines":lines})
}

fn balanced() -> Value {
    json!([{"LineAmount":"100.00","AccountCode":"429","Description":"Rent"},{"LineAmount":-100,"AccountCode":"850"}])
}

fn put(desk: &mut Desk, path: &str, body: &Value) -> Reply {
    desk.call("PUT", path, &body.to_string())
}

fn post(desk: &mut Desk, path: &str, body: &Value) -> Reply {
    desk.call("POST", path, &body.to_string())
}

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

#[test]
fn behaviour_35_a_new_account_has_its_class_and_defaults() {
    let mut desk = Desk::new();
    let reply = put(
        &mut desk,
        "Accounts",
        &json!({"Code":"S777","Name":"Odd Sales","Type":"REVENUE"}),
    );
    let made = reply.json["Accounts"][0].clone();
    for (key, value) in [
        ("Class", "REVENUE"),
        ("TaxType", "OUTPUT2"),
        ("Status", "ACTIVE"),
        ("ReportingCode", "REV"),
        ("ReportingCodeName", "Revenue"),
    ] {
        assert_eq!(made[key], value, "{key}");
    }
    let absent = ["SystemAccount", "BankAccountType", "HasAttachments", "Description"];
    assert!(absent.iter().all(|key| made[*key].is_null()), "{made}");
    let listed = desk.get("Accounts?where=Code==\"s777\"").json["Accounts"][0].clone();
    assert_eq!(
        (&listed["BankAccountType"], &listed["HasAttachments"]),
        (&json!(""), &json!(false))
    );
}

#[test]
fn behaviour_35_accounts_with_a_taken_or_wrong_field_are_refused() {
    let mut desk = Desk::new();
    put(
        &mut desk,
        "Accounts",
        &json!({"Code":"S777","Name":"Odd Sales","Type":"REVENUE"}),
    );
    for (body, message) in [
        (
            json!({"Code":"s777","Name":"Other","Type":"REVENUE"}),
            "Please enter a unique Code.",
        ),
        (
            json!({"Code":"S778","Name":"odd sales","Type":"REVENUE"}),
            "Please enter a unique Name.",
        ),
        (json!({"Code":"S778","Name":"X"}), "Account Type must be specified"),
        (
            json!({"Code":"S778","Name":"X","Type":"NONSENSE"}),
            "Account Type 'NONSENSE' is not valid",
        ),
        (
            json!({"Code":"12345678901","Name":"X","Type":"REVENUE"}),
            "The account code cannot exceed 10 characters",
        ),
        (json!({"Name":"X","Type":"REVENUE"}), "Account code must be specified"),
        (
            json!({"Code":"S778","Name":"X","Type":"BANK"}),
            "Bank Account Number must be specified",
        ),
    ] {
        let reply = put(&mut desk, "Accounts", &body);
        refused(&reply, message);
        let element = &reply.json["Elements"][0];
        assert!(element["HasValidationErrors"].is_null() && element["HasErrors"].is_null());
    }
}

#[test]
fn behaviour_35_accounts_are_changed_archived_and_deleted() {
    let mut desk = Desk::new();
    let account = json!({"Code":"S777","Name":"Odd Sales","Type":"REVENUE"});
    let made = put(&mut desk, "Accounts", &account).json["Accounts"][0].clone();
    let id = made["AccountID"].as_str().unwrap().to_owned();
    let bank = json!({"Name":"Card","Type":"BANK","BankAccountNumber":"123","BankAccountType":"CREDITCARD"});
    let bank = put(&mut desk, "Accounts", &bank).json["Accounts"][0].clone();
    assert_eq!(
        (&bank["BankAccountType"], &bank["CurrencyCode"]),
        (&json!("CREDITCARD"), &json!("GBP"))
    );
    assert!(bank["Code"].is_null(), "a bank may have no code");
    let renamed = post(
        &mut desk,
        &format!("Accounts/{id}"),
        &json!({"Name":"Renamed","EnablePaymentsToAccount":true}),
    );
    assert_eq!(
        renamed.json["Accounts"][0]["EnablePaymentsToAccount"], true,
        "{}",
        renamed.text
    );
    assert_eq!(
        post(&mut desk, "Accounts", &json!({"Code":"S777","Description":"d"})).json["Accounts"][0]["AccountID"],
        json!(id)
    );
    let both = json!({"AccountID":id,"Status":"ARCHIVED","Name":"Z"});
    refused(
        &post(&mut desk, "Accounts", &both),
        "Only Status accepted when archiving or restoring an account",
    );
    let archived = post(&mut desk, "Accounts", &json!({"AccountID":id,"Status":"ARCHIVED"}));
    assert_eq!(archived.json["Accounts"][0]["Status"], "ARCHIVED", "{}", archived.text);
    let debtors = desk.get("Accounts?where=SystemAccount==\"DEBTORS\"").json["Accounts"][0].clone();
    assert_eq!((&debtors["Code"], &debtors["Class"]), (&json!("610"), &json!("ASSET")));
    let system = json!({"AccountID":debtors["AccountID"],"Status":"ARCHIVED"});
    refused(
        &post(&mut desk, "Accounts", &system),
        "You cannot archive a system account",
    );
    assert_eq!(
        desk.call("DELETE", &format!("Accounts/{id}"), "").json["Accounts"][0]["Status"],
        "DELETED"
    );
    assert_eq!(
        put(
            &mut desk,
            "Accounts",
            &json!({"Code":"S777","Name":"Renamed","Type":"REVENUE"})
        )
        .status,
        200
    );
    assert_eq!(
        put(&mut desk, "Accounts", &json!([{"Code":"1"},{"Code":"2"}])).status,
        400,
        "one at a time"
    );
    assert_eq!(
        post(&mut desk, "Accounts/6f3c7a0e-0000-4000-8000-000000000000", &json!({})).status,
        404
    );
}

#[test]
fn behaviour_35_the_chart_is_in_the_order_of_its_codes_and_has_every_system_account() {
    let mut desk = Desk::new();
    put(
        &mut desk,
        "Accounts",
        &json!({"Code":"305","Name":"Between","Type":"DIRECTCOSTS"}),
    );
    let accounts = desk.get("Accounts").json["Accounts"].as_array().unwrap().clone();
    let codes: Vec<&str> = accounts.iter().map(|row| row["Code"].as_str().unwrap()).collect();
    assert!(codes.is_sorted(), "{codes:?}");
    let systems: Vec<&str> = accounts
        .iter()
        .filter_map(|row| row["SystemAccount"].as_str())
        .filter(|s| !s.is_empty())
        .collect();
    for wanted in [
        "DEBTORS",
        "CREDITORS",
        "GST",
        "ROUNDING",
        "TRACKINGTRANSFERS",
        "RETAINEDEARNINGS",
        "REALISEDCURRENCYGAIN",
    ] {
        assert!(systems.contains(&wanted), "{wanted}");
    }
}

#[test]
fn behaviour_35_tax_rates_have_components_and_an_effective_rate() {
    let mut desk = Desk::new();
    let body = json!({"TaxRates":[{"Name":"State Tax","ReportTaxType":"OUTPUT",
        "TaxComponents":[{"Name":"State","Rate":10},{"Name":"City","Rate":2.5,"IsCompound":true}]}]});
    let made = put(&mut desk, "TaxRates", &body);
    let rate = made.json["TaxRates"][0].clone();
    assert_eq!(rate["TaxType"], "TAX002", "TAX001 is taken: {}", made.text);
    assert!(made.text.contains("\"EffectiveRate\": 12.7500"), "{}", made.text);
    assert_eq!(
        (&rate["CanApplyToRevenue"], &rate["CanApplyToExpenses"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(rate["TaxComponents"][1]["IsCompound"], true);
    let line = json!({"Type":"ACCREC","Contact":{"Name":"X"},"LineItems":[
        {"Description":"x","Quantity":1,"UnitAmount":100,"AccountCode":"200","TaxType":"TAX002"}]});
    let invoice = put(&mut desk, "Invoices", &line).json["Invoices"][0].clone();
    assert_eq!(invoice["TotalTax"].as_f64(), Some(12.75));
    let deleted = post(&mut desk, "TaxRates", &json!({"TaxType":"TAX002","Status":"DELETED"}));
    assert_eq!(deleted.json["TaxRates"][0]["Status"], "DELETED", "{}", deleted.text);
    assert!(
        put(&mut desk, "Invoices", &line)
            .text
            .contains("The TaxType code TAX002 does not exist")
    );
    assert_eq!(
        desk.get("TaxRates/output2").json["TaxRates"][0]["EffectiveRate"].as_f64(),
        Some(20.0)
    );
    assert_eq!(desk.get("TaxRates/NOPE").status, 404);
    refused(
        &put(
            &mut desk,
            "TaxRates",
            &json!({"Name":"No VAT","TaxComponents":[{"Name":"x","Rate":1}]}),
        ),
        "The tax rate name must be unique",
    );
    refused(
        &put(&mut desk, "TaxRates", &json!({"Name":"Bare"})),
        "A tax rate needs at least one tax component",
    );
    refused(
        &post(&mut desk, "TaxRates", &json!({"TaxType":"NOPE"})),
        "The tax rate could not be found",
    );
}

#[test]
fn behaviour_35_items_are_keyed_by_code_and_tracked_ones_show_their_stock() {
    let mut desk = Desk::new();
    let body = json!({"Items":[{"Code":"ZED","Name":"Zed","SalesDetails":{"UnitPrice":"9.9555","AccountCode":"200"}},{"Code":"abc"}]});
    let made = put(&mut desk, "Items", &body);
    let first = made.json["Items"][0].clone();
    assert_eq!(first["ValidationErrors"], json!([]), "{}", made.text);
    assert_eq!(
        (&first["IsSold"], &first["PurchaseDetails"]),
        (&json!(true), &json!({}))
    );
    assert_eq!(first["SalesDetails"]["UnitPrice"].as_f64(), Some(9.96));
    assert!(
        !first["UpdatedDateUTC"].as_str().unwrap().contains('+'),
        "written items have a bare stamp"
    );
    let codes: Vec<Value> = desk.get("Items").json["Items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["Code"].clone())
        .collect();
    assert_eq!(codes, ["abc", "ZED"], "in the order of codes in any letter case");
    refused(
        &put(&mut desk, "Items", &json!({"Code":"zed"})),
        "Price List Item with Code 'zed' already exists",
    );
    let again = post(
        &mut desk,
        "Items?unitdp=4",
        &json!({"Code":"ZED","SalesDetails":{"UnitPrice":"9.9555"}}),
    );
    assert_eq!(again.json["Items"][0]["ItemID"], first["ItemID"]);
    assert!(again.text.contains("\"UnitPrice\": 9.9555"), "{}", again.text);
    assert_eq!(
        again.json["Items"][0]["SalesDetails"]["AccountCode"], "200",
        "what is not sent stays"
    );
    let tracked = json!({"Code":"TSL","InventoryAssetAccountCode":"630","QuantityOnHand":7,
        "PurchaseDetails":{"UnitPrice":20,"COGSAccountCode":"310"}});
    let tracked = put(&mut desk, "Items", &tracked).json["Items"][0].clone();
    assert_eq!(tracked["IsTrackedAsInventory"], true);
    assert_eq!(
        (tracked["QuantityOnHand"].as_f64(), tracked["TotalCostPool"].as_f64()),
        (Some(0.0), Some(0.0))
    );
    assert!(first["QuantityOnHand"].is_null() && first["TotalCostPool"].is_null());
    for wrong in [
        json!({"Code":"A1","InventoryAssetAccountCode":"200","PurchaseDetails":{"COGSAccountCode":"310"}}),
        json!({"Code":"A2","InventoryAssetAccountCode":"630"}),
        json!({"Code":"A3","PurchaseDetails":{"COGSAccountCode":"310"}}),
        json!({"Code":"A4","SalesDetails":{"AccountCode":"nope"}}),
        json!({"Code":""}),
        json!({"Code":"x".repeat(31)}),
    ] {
        assert_eq!(put(&mut desk, "Items", &wrong).status, 400, "{wrong}");
    }
    assert_eq!(desk.get("Items/zed").json["Items"][0]["Code"], "ZED");
    assert_eq!(desk.call("DELETE", "Items/ZED", "").status, 204);
    assert_eq!(desk.get("Items/ZED").status, 404);
}

#[test]
fn behaviour_35_the_organisation_tells_what_it_is_and_what_its_user_may_do() {
    let mut desk = Desk::new();
    let organisation = desk.get("Organisation").json["Organisations"][0].clone();
    for key in [
        "BaseCurrency",
        "Timezone",
        "CountryCode",
        "FinancialYearEndDay",
        "FinancialYearEndMonth",
        "ShortCode",
    ] {
        assert!(!organisation[key].is_null(), "{key}");
    }
    assert!(organisation["PeriodLockDate"].is_null() && organisation["EndOfYearLockDate"].is_null());
    let actions = desk.get("Organisation/Actions").json["Actions"]
        .as_array()
        .unwrap()
        .clone();
    assert_eq!(actions.len(), 13);
    assert!(actions.contains(&json!({"Name":"CreateApprovedInvoice","Status":"ALLOWED"})));
    assert!(
        actions.contains(&json!({"Name":"UseMulticurrency","Status":"NOT-ALLOWED"})),
        "it has one currency"
    );
    let path = format!("Organisation/{}/CISSettings", desk.tenant);
    assert_eq!(desk.get(&path).json["CISSettings"][0]["CISContractorEnabled"], true);
    assert_eq!(desk.get("Organisation/nobody/CISSettings").status, 404);
}

#[test]
fn behaviour_19_tracking_on_lines_has_three_shapes_and_follows_names() {
    let mut desk = Desk::new();
    let category = put(&mut desk, "TrackingCategories", &json!({"Name":"Region"}));
    let category = category.json["TrackingCategories"][0]["TrackingCategoryID"]
        .as_str()
        .unwrap()
        .to_owned();
    let options = put(
        &mut desk,
        &format!("TrackingCategories/{category}/Options"),
        &json!({"Options":[{"Name":"North"},{"Name":"South"}]}),
    );
    let north = options.json["Options"][0]["TrackingOptionID"]
        .as_str()
        .unwrap()
        .to_owned();
    let line = |tracking: Value| json!({"Description":"x","Quantity":1,"UnitAmount":1,"AccountCode":"200","Tracking":tracking});
    let body = json!({"Type":"ACCREC","InvoiceNumber":"T-1","Contact":{"Name":"X"},"LineItems":[
        line(json!([{"Name":"region","Option":"NORTH"}])),
        line(json!([{"TrackingCategoryID":category,"TrackingOptionID":north}])),
        line(json!([]))]});
    let written = put(&mut desk, "Invoices", &body);
    assert_eq!(written.status, 200, "{}", written.text);
    let single = desk.get("Invoices/T-1").json["Invoices"][0].clone();
    let full = json!([{"Name":"Region","Option":"North","TrackingCategoryID":category,"TrackingOptionID":north}]);
    for invoice in [&written.json["Invoices"][0], &single] {
        assert_eq!(invoice["LineItems"][0]["Tracking"], full);
        assert_eq!(invoice["LineItems"][1]["Tracking"], full);
        assert_eq!(invoice["LineItems"][2]["Tracking"], json!([]));
    }
    let paged = desk.get("Invoices?page=1").json["Invoices"][0].clone();
    let listed = json!([{"Name":"Region","Option":"North","TrackingCategoryID":category,"Options":[]}]);
    assert_eq!(paged["LineItems"][0]["Tracking"], listed);
    assert_eq!(desk.get("Invoices").json["Invoices"][0]["LineItems"], json!([]));
    for wrong in [
        json!([{"Name":"Planet","Option":"North"}]),
        json!([{"Name":"Region","Option":"West"}]),
        json!([{"Name":"Region"}]),
        json!([{"Name":"Region","Option":"North"},{"Name":"Region","Option":"South"},{"Name":"Region","Option":"North"}]),
    ] {
        let body = json!({"Type":"ACCREC","Contact":{"Name":"X"},"LineItems":[line(wrong.clone())]});
        assert_eq!(put(&mut desk, "Invoices", &body).status, 400, "{wrong}");
    }
    let path = format!("TrackingCategories/{category}/Options/{north}");
    assert_eq!(desk.call("DELETE", &path, "").status, 400, "it is in use");
    let renamed = post(&mut desk, &path, &json!({"Name":"Far North"}));
    assert_eq!(renamed.json["Options"][0]["IsActive"], true, "{}", renamed.text);
    assert_eq!(
        desk.get("Invoices/T-1").json["Invoices"][0]["LineItems"][0]["Tracking"][0]["Option"],
        "Far North"
    );
}

#[test]
fn behaviour_35_tracking_categories_are_two_at_most_and_hide_when_archived() {
    let mut desk = Desk::new();
    let make = |desk: &mut Desk, name: &str| put(desk, "TrackingCategories", &json!({"Name":name}));
    let first = make(&mut desk, "One").json["TrackingCategories"][0]["TrackingCategoryID"]
        .as_str()
        .unwrap()
        .to_owned();
    refused(&make(&mut desk, "ONE"), "The tracking category name must be unique");
    assert_eq!(make(&mut desk, "Two").status, 200);
    refused(
        &make(&mut desk, "Three"),
        "There can be two active tracking categories at most",
    );
    let path = format!("TrackingCategories/{first}");
    assert_eq!(
        post(&mut desk, &path, &json!({"Status":"ARCHIVED"})).json["TrackingCategories"][0]["Status"],
        "ARCHIVED"
    );
    let count = |desk: &mut Desk, target: &str| desk.get(target).json["TrackingCategories"].as_array().unwrap().len();
    assert_eq!(count(&mut desk, "TrackingCategories"), 1);
    assert_eq!(count(&mut desk, "TrackingCategories?includeArchived=true"), 2);
    assert_eq!(
        desk.call("DELETE", &path, "").json["TrackingCategories"][0]["Status"],
        "DELETED"
    );
    assert_eq!(count(&mut desk, "TrackingCategories?includeArchived=true"), 1);
    assert_eq!(make(&mut desk, "Three").status, 200);
}

#[test]
fn behaviour_35_notes_come_back_from_the_history_of_every_document() {
    let mut desk = Desk::new();
    let invoice = desk.invoice("H-1", "AUTHORISED")["InvoiceID"]
        .as_str()
        .unwrap()
        .to_owned();
    let contact = desk.get("Contacts").json["Contacts"][0]["ContactID"]
        .as_str()
        .unwrap()
        .to_owned();
    let journal = put(&mut desk, "ManualJournals", &journal(&balanced())).json["ManualJournals"][0]["ManualJournalID"]
        .as_str()
        .unwrap()
        .to_owned();
    put(&mut desk, "Items", &json!({"Code":"I"}));
    for path in [
        format!("Invoices/{invoice}"),
        format!("contacts/{contact}"),
        format!("ManualJournals/{journal}"),
        "Items/I".to_owned(),
    ] {
        let target = format!("{path}/History");
        assert_eq!(desk.get(&target).json["HistoryRecords"], json!([]), "{target}");
        let made = put(
            &mut desk,
            &target,
            &json!({"HistoryRecords":[{"Details":"Note one"},{"Details":"Note two"}]}),
        );
        assert_eq!(made.status, 200, "{}", made.text);
        let seen = desk.get(&format!("{path}/history")).json["HistoryRecords"]
            .as_array()
            .unwrap()
            .clone();
        assert_eq!((seen.len(), &seen[1]["Details"]), (2, &json!("Note two")), "{target}");
        assert_eq!(seen[0]["User"], "System Generated");
        assert!(seen[0]["DateUTC"].as_str().unwrap().starts_with("/Date("));
    }
    let target = format!("Invoices/{invoice}/History");
    assert_eq!(
        put(
            &mut desk,
            &target,
            &json!({"HistoryRecords":[{"Details":"x".repeat(2501)}]})
        )
        .status,
        400
    );
    let nobody = "6f3c7a0e-0000-4000-8000-000000000000";
    assert_eq!(
        put(
            &mut desk,
            &format!("Invoices/{nobody}/History"),
            &json!({"Details":"x"})
        )
        .status,
        404
    );
    let payment = put(
        &mut desk,
        &format!("Payments/{nobody}/History"),
        &json!({"Details":"x"}),
    );
    assert_eq!(
        payment.json["Message"],
        "The document with the supplied id was not found for this endpoint."
    );
}

#[test]
fn behaviour_26_contacts_are_in_groups_have_settings_and_balances() {
    let mut desk = Desk::new();
    desk.invoice("G-1", "AUTHORISED");
    let contact = desk.get("Invoices/G-1").json["Invoices"][0]["Contact"]["ContactID"]
        .as_str()
        .unwrap()
        .to_owned();
    let group = put(&mut desk, "ContactGroups", &json!({"Name":"Friends"})).json["ContactGroups"][0]["ContactGroupID"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("ContactGroups/{group}/Contacts");
    assert_eq!(
        put(&mut desk, &path, &json!({"Contacts":[{"ContactID":contact}]})).status,
        200
    );
    let shown = desk.get(&format!("ContactGroups/{group}")).json["ContactGroups"][0].clone();
    assert_eq!(shown["Contacts"][0]["ContactID"], json!(contact));
    assert_eq!(
        desk.get("ContactGroups").json["ContactGroups"][0]["Contacts"],
        json!([])
    );
    let one = |desk: &mut Desk| desk.get(&format!("Contacts/{contact}")).json["Contacts"][0].clone();
    assert_eq!(one(&mut desk)["ContactGroups"][0]["Name"], "Friends");
    assert_eq!(desk.call("DELETE", &format!("{path}/{contact}"), "").status, 204);
    assert_eq!(one(&mut desk)["ContactGroups"], json!([]));
    assert_eq!(
        one(&mut desk)["Balances"]["AccountsReceivable"]["Outstanding"].as_f64(),
        Some(120.0)
    );
    let edit = json!({"ContactID":contact,"TaxNumber":"GB1","ContactPersons":[{"FirstName":"A"}],
        "Phones":[{"PhoneType":"MOBILE","PhoneNumber":"1"}],"Addresses":[{"AddressType":"POBOX","City":"Oaktown"}]});
    assert_eq!(post(&mut desk, "Contacts", &edit).status, 200);
    let seen = one(&mut desk);
    assert_eq!(
        (&seen["TaxNumber"], &seen["ContactPersons"][0]["FirstName"]),
        (&json!("GB1"), &json!("A"))
    );
    let phones = seen["Phones"].as_array().unwrap();
    assert_eq!(phones.len(), 4);
    assert_eq!(
        phones[3],
        json!({"PhoneType":"MOBILE","PhoneNumber":"1","PhoneAreaCode":"","PhoneCountryCode":""})
    );
    assert_eq!(seen["Addresses"][1]["City"], "Oaktown");
    let six = json!({"Name":"Crowd","ContactPersons":[{},{},{},{},{},{}]});
    assert_eq!(put(&mut desk, "Contacts", &six).status, 400);
    let tenant = desk.tenant;
    let cis = json!({"scenario":"contact.cis","tenant_id":tenant,"args":{"contact_id":contact,"rate":"20"}});
    desk.control("POST", "trigger", &cis.to_string());
    let settings = desk.get(&format!("Contacts/{contact}/CISSettings")).json["CISSettings"][0].clone();
    assert_eq!(
        (&settings["CISEnabled"], settings["Rate"].as_f64()),
        (&json!(true), Some(20.0))
    );
    let merge =
        json!({"scenario":"contact.merge","tenant_id":tenant,"args":{"contact_id":contact,"into_name":"Net Connect"}});
    desk.control("POST", "trigger", &merge.to_string());
    let merged = one(&mut desk);
    assert_eq!(merged["ContactStatus"], "ARCHIVED");
    assert!(merged["MergedToContactID"].is_string());
}
