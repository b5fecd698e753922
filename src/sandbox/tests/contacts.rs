//! Contacts: names, numbers, archiving, inside invoices.

use serde_json::json;

use super::desk::Desk;

#[test]
fn behaviour_26_names_and_numbers_are_unique_on_put_and_match_on_post() {
    let mut desk = Desk::new();
    let put = |desk: &mut Desk, body: serde_json::Value| desk.call("PUT", "Contacts", &body.to_string());
    let made = put(
        &mut desk,
        json!({"Name":"Zed","ContactNumber":"C-1","EmailAddress":"z@z.example"}),
    );
    assert_eq!(made.status, 200, "{}", made.text);
    let id = made.json["Contacts"][0]["ContactID"].clone();
    let twice = put(&mut desk, json!({"Name":"zed"}));
    assert_eq!(twice.status, 400);
    assert!(
        twice
            .text
            .contains("The contact name zed is already assigned to another contact."),
        "{}",
        twice.text
    );
    assert_eq!(twice.json["Elements"][0]["HasValidationErrors"], true);
    let number = put(&mut desk, json!({"Name":"Other","ContactNumber":"C-1"}));
    assert!(
        number.text.contains("Another contact has this contact number."),
        "{}",
        number.text
    );
    for body in [
        json!({"Name":"ZED","AccountNumber":"9"}),
        json!({"ContactNumber":"C-1","Name":"Zed & Co"}),
        json!({"ContactID":id,"FirstName":"Z"}),
    ] {
        let reply = desk.call("POST", "Contacts", &body.to_string());
        assert_eq!(
            (reply.status, &reply.json["Contacts"][0]["ContactID"]),
            (200, &id),
            "{}",
            reply.text
        );
    }
    assert_eq!(desk.get("Contacts/C-1").json["Contacts"][0]["Name"], "Zed & Co");
    assert!(
        put(&mut desk, json!({"Name":"E","EmailAddress":"nonsense"}))
            .text
            .contains("Email address must be valid.")
    );
}

#[test]
fn behaviour_26_archived_contacts_hide_and_refuse() {
    let mut desk = Desk::new();
    let tenant = desk.tenant;
    let archive = json!({"scenario":"contact.archive","tenant_id":tenant,"args":{"contact_name":"City Limousines"}});
    let id = desk.control("POST", "trigger", &archive.to_string())["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let names = |desk: &mut Desk, target: &str| desk.get(target).text.contains("City Limousines");
    assert!(!names(&mut desk, "Contacts") && names(&mut desk, "Contacts?includeArchived=true"));
    assert!(names(&mut desk, &format!("Contacts/{id}")));
    let edit = desk.call("POST", "Contacts", &json!({"ContactID":id,"Name":"X"}).to_string());
    assert!(edit.text.contains("matched an archived contact"), "{}", edit.text);
    let body = json!({"Type":"ACCREC","Contact":{"ContactID":id},"LineItems":[{"Description":"x","Quantity":1,"UnitAmount":1,"AccountCode":"200"}]});
    let reply = desk.call("PUT", "Invoices", &body.to_string());
    assert!(
        reply
            .text
            .contains("The contact must be un-archived before creating new invoices"),
        "{}",
        reply.text
    );
    // The name is free again.
    assert_eq!(
        desk.call("PUT", "Contacts", r#"{"Name":"City Limousines"}"#).status,
        200
    );
}

#[test]
fn behaviour_26_an_invoice_finds_or_makes_its_contact_and_marks_it() {
    let mut desk = Desk::new();
    let invoice = |contact: serde_json::Value, status: &str| {
        json!({"Type":"ACCREC","Status":status,"DueDate":"2026-12-01","Contact":contact,
        "LineItems":[{"Description":"x","Quantity":1,"UnitAmount":1,"AccountCode":"200"}]})
        .to_string()
    };
    let made = desk.call("PUT", "Invoices", &invoice(json!({"Name":"Brand New"}), "AUTHORISED"));
    let contact = made.json["Invoices"][0]["Contact"].clone();
    assert_eq!(contact["IsCustomer"], true);
    let again = desk.call("PUT", "Invoices", &invoice(json!({"Name":"brand new"}), "DRAFT"));
    assert_eq!(again.json["Invoices"][0]["Contact"]["ContactID"], contact["ContactID"]);
    let unknown = desk.call(
        "PUT",
        "Invoices",
        &invoice(json!({"ContactID":"6f3c7a0e-0000-4000-8000-000000000000"}), "DRAFT"),
    );
    assert_eq!(unknown.status, 400);
    let refused = desk.call("PUT", "Invoices", &invoice(json!({"Name":"Never Made"}), "PAID"));
    assert_eq!(refused.status, 400);
    assert!(!desk.get("Contacts").text.contains("Never Made"));
}

#[test]
fn what_is_no_text_of_an_address_is_ignored_and_a_long_one_is_refused() {
    let mut desk = Desk::new();
    let body = r#"{"Name":"Odd Ltd","Addresses":[{"AddressType":"STREET","CITY":"London","Cityx":"x","Region":{}}],
        "Phones":[{"PhoneType":"FAX","PhoneNumber":{"a":1}}]}"#;
    let made = desk.call("PUT", "Contacts", body);
    assert_eq!(made.status, 200, "{}", made.text);
    let street = &made.json["Contacts"][0]["Addresses"][0];
    assert_eq!((&street["City"], &street["Region"]), (&"London".into(), &"".into()));
    let long = format!(
        r#"{{"Name":"Long Ltd","Phones":[{{"PhoneType":"FAX","PhoneNumber":"{}"}}]}}"#,
        "1".repeat(51)
    );
    let refused = desk.call("PUT", "Contacts", &long);
    assert_eq!(refused.status, 400);
    assert!(
        refused.text.contains("PhoneNumber cannot exceed 50 characters."),
        "{}",
        refused.text
    );
}

#[test]
fn behaviour_26_a_contact_that_only_a_document_named_is_bare_until_it_is_entered() {
    let mut desk = Desk::new();
    let invoice = json!({"Type":"ACCREC","Contact":{"Name":"Only A Name"},
        "LineItems":[{"Description":"x","UnitAmount":1,"AccountCode":"200"}]});
    let made = desk.call("PUT", "Invoices", &invoice.to_string());
    let named = made.json["Invoices"][0]["Contact"].clone();
    let id = named["ContactID"].as_str().unwrap().to_owned();
    let slots = json!([{"AddressType":"STREET"}, {"AddressType":"POBOX"}]);
    assert_eq!(named["Addresses"], slots);
    assert_eq!(named["Phones"][0], json!({"PhoneType":"DDI"}));
    assert!(named["EmailAddress"].is_null() && named["BankAccountDetails"].is_null());
    let body = json!({"ContactID":id,"FirstName":"A"}).to_string();
    let entered = desk.call("POST", "Contacts", &body).json["Contacts"][0].clone();
    assert_eq!(
        (&entered["EmailAddress"], &entered["BankAccountDetails"]),
        (&json!(""), &json!(""))
    );
    assert_eq!(entered["Addresses"][0]["City"], "");
    assert_eq!(entered["Phones"][3]["PhoneNumber"], "");
}

#[test]
fn behaviour_26_settings_of_a_contact_are_kept_when_they_are_of_their_form() {
    let mut desk = Desk::new();
    let right = json!({"Name":"Set Ltd","DefaultCurrency":"GBP","AccountsReceivableTaxType":"OUTPUT2",
        "SalesDefaultLineAmountType":"inclusive","PaymentTerms":{"Sales":{"Day":5,"Type":"OFCURRENTMONTH"}},
        "BatchPayments":{"BankAccountNumber":"1","Details":"d","Nonsense":[]},
        "ContactPersons":[{"FirstName":"A","IncludeInEmails":true}]});
    let made = desk.call("PUT", "Contacts", &right.to_string()).json["Contacts"][0].clone();
    assert_eq!(made["SalesDefaultLineAmountType"], "INCLUSIVE");
    assert_eq!(made["PaymentTerms"], json!({"Sales":{"Day":5,"Type":"OFCURRENTMONTH"}}));
    assert_eq!(made["BatchPayments"], json!({"BankAccountNumber":"1","Details":"d"}));
    assert_eq!(
        made["ContactPersons"],
        json!([{"FirstName":"A","IncludeInEmails":true}])
    );
    let fewer = json!({"ContactID":made["ContactID"],"DefaultCurrency":"","BankAccountDetails":""});
    let fewer = desk.call("POST", "Contacts", &fewer.to_string()).json["Contacts"][0].clone();
    assert!(fewer["DefaultCurrency"].is_null(), "an empty one takes it away");
    assert_eq!(
        fewer["BankAccountDetails"], "",
        "this one is there even when it is empty"
    );
    for wrong in [
        json!({"DefaultCurrency":"pounds"}),
        json!({"DefaultCurrency":"JPY"}),
        json!({"AccountsPayableTaxType":"NOPE"}),
        json!({"SalesDefaultAccountCode":"99999"}),
        json!({"SalesDefaultLineAmountType":"none of them"}),
        json!({"PaymentTerms":[1]}),
        json!({"PaymentTerms":{"Bills":{"Day":32}}}),
        json!({"BatchPayments":"x"}),
        json!({"BatchPayments":{"Code":"thirteen long"}}),
        json!({"TaxNumber":{"a":1}}),
        json!({"ContactPersons":[1]}),
        json!({"ContactPersons":[{"IncludeInEmails":"yes"}]}),
    ] {
        let mut body = wrong.clone();
        body["ContactID"] = made["ContactID"].clone();
        let refused = desk.call("POST", "Contacts", &body.to_string());
        let why = &refused.json["Elements"][0]["ValidationErrors"];
        assert!(
            refused.status == 400 && why.as_array().is_some_and(|why| why.len() == 1),
            "{wrong}: {}",
            refused.text
        );
    }
}
