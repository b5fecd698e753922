//! Amounts that depend on more than the lines: other currencies, the CIS scheme, negative sums.

use serde_json::{Value, json};

use super::credit_desk::amounts;
use super::desk::Desk;

/// An organisation in pounds that also trades in dollars.
fn with_dollars() -> Desk {
    let mut desk = Desk::new();
    let body = r#"{"name":"Traders","currencies":["USD"]}"#;
    let made = desk.control("POST", "tenants", body);
    desk.tenant = made["tenant_id"].as_str().unwrap().parse().unwrap();
    desk
}

/// Creates an invoice of one line; the answer's element.
fn create(desk: &mut Desk, fields: &Value) -> Value {
    let mut body = json!({"Type": "ACCREC", "Status": "AUTHORISED", "Contact": {"Name": "City Limousines"},
        "Date": "2026-09-01", "LineItems": [{"Description": "x", "Quantity": 1, "UnitAmount": 125,
        "AccountCode": "200", "TaxType": "NONE"}]});
    for (key, value) in fields.as_object().unwrap() {
        body[key] = value.clone();
    }
    let reply = desk.call("PUT", "Invoices?summarizeErrors=false", &body.to_string());
    reply.json["Invoices"][0].clone()
}

#[test]
fn behaviour_20_a_foreign_document_has_a_rate_and_the_base_currency_has_none() {
    let mut desk = with_dollars();
    let base = create(&mut desk, &json!({"CurrencyRate": "1.5"}));
    assert_eq!(
        (&base["CurrencyCode"], amounts(&base, &["CurrencyRate"])),
        (&json!("GBP"), "1.0".into())
    );
    let dollars = create(&mut desk, &json!({"CurrencyCode": "USD"}));
    assert_eq!(
        amounts(&dollars, &["CurrencyRate", "Total"]),
        "1.3 125.0",
        "the day's rate"
    );
    let fixed = create(&mut desk, &json!({"CurrencyCode": "usd", "CurrencyRate": "1.2500004"}));
    assert_eq!(amounts(&fixed, &["CurrencyRate"]), "1.25");
    let refused = create(&mut desk, &json!({"CurrencyCode": "USD", "CurrencyRate": 0}));
    assert_eq!(
        refused["ValidationErrors"][0]["Message"],
        "The currency rate must be greater than zero"
    );
    for (sent, rate, bank) in [
        (json!({"Amount": "25"}), "1.25", "20.0"),
        (json!({"Amount": "25", "CurrencyRate": "1.2"}), "1.2", "20.83"),
        (json!({"Amount": "25", "BankAmount": "20.40"}), "1.22549", "20.4"),
    ] {
        let mut body = sent.clone();
        body["Invoice"] = json!({"InvoiceID": fixed["InvoiceID"]});
        body["Code"] = json!("090");
        let made = desk.call("PUT", "Payments", &body.to_string()).json["Payments"][0].clone();
        assert_eq!(
            amounts(&made, &["CurrencyRate", "BankAmount"]),
            format!("{rate} {bank}"),
            "{sent}"
        );
    }
    // Credit stays in its own currency.
    desk.credit_note("C-1", "AUTHORISED", "10");
    let reply = desk.allocate("CreditNotes/C-1", fixed["InvoiceNumber"].as_str().unwrap(), "1");
    assert!(reply.text.contains("an invoice in another currency"), "{}", reply.text);
}

#[test]
fn behaviour_20_the_cis_deduction_lowers_what_is_due() {
    let mut desk = Desk::new();
    desk.play("organisation.cis", "", &json!({"rate": "20"}));
    let lines = json!([
        {"Description": "Labour", "Quantity": 1, "UnitAmount": "100.03", "AccountCode": "228"},
        {"Description": "Materials", "Quantity": 1, "UnitAmount": 50, "AccountCode": "200"}]);
    let sale = create(&mut desk, &json!({"InvoiceNumber": "A-1", "LineItems": lines}));
    let keys = ["Total", "CISDeduction", "CISRate", "AmountDue"];
    assert_eq!(amounts(&sale, &keys), "180.04 20.01 20.0 160.03");
    assert_eq!(
        amounts(&desk.get("Invoices?InvoiceNumbers=A-1").json["Invoices"][0], &keys),
        "180.04 20.01 20.0 160.03"
    );
    desk.play("payment.full", "A-1", &json!({}));
    let paid = desk.one("Invoices", "A-1");
    assert_eq!(
        (&paid["Status"], amounts(&paid, &["AmountPaid", "AmountDue"])),
        (&json!("PAID"), "160.03 0.0".into())
    );
    let inclusive = create(
        &mut desk,
        &json!({"LineAmountTypes": "Inclusive", "LineItems": [
        {"Description": "Labour", "Quantity": 1, "UnitAmount": 120, "AccountCode": "228"}]}),
    );
    assert_eq!(
        amounts(&inclusive, &keys),
        "120.0 20.0 20.0 100.0",
        "of the amount without tax"
    );

    desk.play(
        "contact.cis",
        "",
        &json!({"rate": "30", "contact_name": "Marine Systems"}),
    );
    let bill = |name: &str| {
        json!({"Type": "ACCPAY", "Contact": {"Name": name}, "LineItems": [
        {"Description": "Labour", "Quantity": 1, "UnitAmount": 100, "AccountCode": "321", "TaxType": "NONE"}]})
    };
    assert_eq!(
        amounts(&create(&mut desk, &bill("Marine Systems")), &keys),
        "100.0 30.0 30.0 70.0"
    );
    let outside = create(&mut desk, &bill("Net Connect"));
    assert!(outside.get("CISDeduction").is_none() && outside.get("CISRate").is_none());
}

#[test]
fn behaviour_20_less_than_nothing_can_be_drafted_and_not_approved() {
    let mut desk = Desk::new();
    let lines = |amount: &str| json!([{"Description": "x", "Quantity": 1, "UnitAmount": amount, "AccountCode": "200"}]);
    let draft = create(
        &mut desk,
        &json!({"Status": "DRAFT", "InvoiceNumber": "N-1", "LineItems": lines("-10")}),
    );
    assert_eq!(amounts(&draft, &["Total"]), "-12.0");
    let message = "The invoice total must not be negative.";
    for reply in [
        desk.call("POST", "Invoices/N-1", r#"{"Status":"AUTHORISED"}"#),
        desk.call("POST", "Invoices/N-1", r#"{"Status":"SUBMITTED"}"#),
    ] {
        assert!(reply.status == 400 && reply.text.contains(message), "{}", reply.text);
    }
    assert_eq!(desk.call("POST", "Invoices/N-1", r#"{"Status":"DELETED"}"#).status, 200);
    // One negative line among others is an ordinary discount.
    let mixed = json!([lines("-10")[0], lines("30")[0]]);
    assert_eq!(
        amounts(&create(&mut desk, &json!({"LineItems": mixed})), &["Total"]),
        "24.0"
    );
    let zero = create(&mut desk, &json!({"InvoiceNumber": "Z-1", "LineItems": lines("0")}));
    assert_eq!(
        (&zero["Status"], &zero["FullyPaidOnDate"]),
        (&json!("PAID"), &json!("/Date(1788220800000+0000)/"))
    );
    let note =
        json!({"Type": "ACCRECCREDIT", "Status": "AUTHORISED", "Contact": {"Name": "A"}, "LineItems": lines("-1")});
    let reply = desk.call("PUT", "CreditNotes", &note.to_string());
    assert!(
        reply.status == 400 && reply.text.contains("The credit note total must not be negative."),
        "{}",
        reply.text
    );
}

#[test]
fn behaviour_20_discounts_lower_lines_and_are_summed() {
    let mut desk = Desk::new();
    let line = |discount: Value| {
        let mut line = json!({"Description": "x", "Quantity": 3, "UnitAmount": "33.33", "AccountCode": "200"});
        line["TaxType"] = json!("NONE");
        line.as_object_mut()
            .unwrap()
            .extend(discount.as_object().unwrap().clone());
        line
    };
    let lines = json!([
        line(json!({"DiscountRate": "12.5"})),
        line(json!({"DiscountAmount": "9.99"})),
        line(json!({}))
    ]);
    let made = create(&mut desk, &json!({"LineItems": lines}));
    let shown: Vec<String> = made["LineItems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line["LineAmount"].to_string())
        .collect();
    assert_eq!(shown, ["87.49", "90.0", "99.99"]);
    assert_eq!(
        (&made["IsDiscounted"], amounts(&made, &["TotalDiscount", "Total"])),
        (&json!(true), "22.49 277.48".into())
    );
}

#[test]
fn behaviour_23_the_stamp_has_a_twin_in_whole_seconds() {
    let mut desk = Desk::new();
    desk.invoice("A-1", "AUTHORISED");
    desk.credit_note("C-1", "AUTHORISED", "10");
    desk.play("payment.partial", "A-1", &json!({}));
    for resource in ["Invoices", "CreditNotes", "Payments", "Overpayments"] {
        let row = desk.get(resource).json[resource][0].clone();
        let stamp = row["UpdatedDateUTC"].as_str().unwrap();
        let ms: i64 = stamp
            .trim_start_matches("/Date(")
            .trim_end_matches("+0000)/")
            .parse()
            .unwrap();
        let twin = chrono::DateTime::parse_from_rfc3339(row["UpdatedDateUTCString"].as_str().unwrap()).unwrap();
        assert_eq!(twin.timestamp(), ms / 1000, "{resource}");
    }
}

#[test]
fn behaviour_25_a_refused_new_document_has_the_id_of_nobody() {
    let mut desk = Desk::new();
    for (resource, key, flag) in [
        ("Invoices", "InvoiceID", "HasErrors"),
        ("CreditNotes", "CreditNoteID", "HasErrors"),
        ("Payments", "PaymentID", "HasValidationErrors"),
    ] {
        let reply = desk.call("PUT", resource, r#"{"Reference":"nothing else"}"#);
        let element = &reply.json["Elements"][0];
        assert_eq!((reply.status, &element[flag]), (400, &json!(true)), "{}", reply.text);
        assert_eq!(element[key], "00000000-0000-0000-0000-000000000000", "{resource}");
        assert_eq!(element["Reference"], "nothing else");
    }
    // What is known is named.
    desk.credit_note("C-1", "DRAFT", "1");
    let reply = desk.call("POST", "CreditNotes", r#"{"CreditNoteNumber":"C-1","Status":"VOIDED"}"#);
    assert_eq!(
        reply.json["Elements"][0]["CreditNoteID"],
        desk.one("CreditNotes", "C-1")["CreditNoteID"]
    );
}

#[test]
fn behaviour_20_a_line_takes_what_it_does_not_say_from_its_item_and_unknown_items_are_refused() {
    let mut desk = Desk::new();
    let item = json!({"Code": "TRAIN", "Name": "Training", "Description": "Half a day",
        "SalesDetails": {"UnitPrice": 500, "AccountCode": "200", "TaxType": "RROUTPUT"},
        "PurchaseDetails": {"UnitPrice": 300, "AccountCode": "300"}});
    let made = desk.call("PUT", "Items", &json!({"Items": [item]}).to_string());
    assert_eq!(made.status, 200, "{}", made.text);
    let lines = |fields: Value| json!([fields]);
    let sale = create(
        &mut desk,
        &json!({"InvoiceNumber": "A-1", "LineItems": lines(json!({"ItemCode": "TRAIN", "Quantity": 2}))}),
    );
    let line = &sale["LineItems"][0];
    assert_eq!(
        (&line["Description"], &line["AccountCode"]),
        (&json!("Half a day"), &json!("200")),
        "{sale}"
    );
    assert_eq!(
        amounts(line, &["UnitAmount", "LineAmount", "TaxAmount"]),
        "500.0 1000.0 50.0"
    );
    assert_eq!(line["Item"]["Name"], "Training");
    let own = lines(json!({"ItemCode": "train", "Description": "Mine", "UnitAmount": 10, "TaxType": "NONE"}));
    let said = create(&mut desk, &json!({"LineItems": own}));
    assert_eq!(
        (&said["LineItems"][0]["Description"], amounts(&said, &["Total"])),
        (&json!("Mine"), "10.0".into())
    );
    let bill = create(
        &mut desk,
        &json!({"Type": "ACCPAY", "LineItems": lines(json!({"ItemCode": "TRAIN"}))}),
    );
    assert_eq!(
        (&bill["LineItems"][0]["AccountCode"], amounts(&bill, &["SubTotal"])),
        (&json!("300"), "300.0".into())
    );
    for status in ["DRAFT", "AUTHORISED"] {
        let unknown = lines(json!({"ItemCode": "NONE", "Description": "x", "UnitAmount": 1, "AccountCode": "200"}));
        let refused = create(&mut desk, &json!({"Status": status, "LineItems": unknown}));
        assert_eq!(
            refused["ValidationErrors"][0]["Message"],
            "Item code 'NONE' is not valid"
        );
    }
    // What a line says itself it keeps.
    let id = line["LineItemID"].as_str().unwrap();
    let edit = json!({"LineItems": [{"LineItemID": id, "ItemCode": "TRAIN", "UnitAmount": 400}]});
    let edited = desk.call("POST", "Invoices/A-1", &edit.to_string()).json["Invoices"][0].clone();
    assert_eq!(
        amounts(&edited["LineItems"][0], &["UnitAmount", "LineAmount"]),
        "400.0 800.0"
    );
}
