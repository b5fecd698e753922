//! Behaviours 26 and 35: items, tracking, the organisation, groups and notes.

use serde_json::{Value, json};

use super::asking::{balanced, journal, post, put, refused};
use super::desk::Desk;

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
