//! Behaviour 35: accounts and tax rates.

use serde_json::json;

use super::asking::{post, put, refused};
use super::desk::Desk;

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
