//! An invoice from draft to paid, in every shape.

use super::desk::Desk;

#[test]
fn behaviour_22_an_invoice_is_created_read_paid_and_reopened() {
    let mut desk = Desk::new();
    let created = desk.invoice("A-1", "AUTHORISED");
    assert_eq!(created["Total"].to_string(), "120.0");
    assert_eq!(created["StatusAttributeString"], "OK");
    let id = created["InvoiceID"].as_str().unwrap().to_owned();

    let reply = desk.get(&format!("Invoices/{id}"));
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert!(reply.text.contains("\"Total\": 120.00"), "{}", reply.text);
    assert!(reply.text.contains("\\/Date("), "{}", reply.text);

    let tenant = desk.tenant;
    desk.control(
        "POST",
        "trigger",
        &format!(r#"{{"scenario":"payment.full","tenant_id":"{tenant}","invoice_number":"A-1"}}"#),
    );
    let paid = desk.get("Invoices/A-1").json["Invoices"][0].clone();
    assert_eq!(paid["Status"], "PAID");
    assert!(paid["FullyPaidOnDate"].is_string());

    desk.control(
        "POST",
        "trigger",
        &format!(r#"{{"scenario":"payment.delete","tenant_id":"{tenant}","invoice_number":"A-1"}}"#),
    );
    let open = desk.get("Invoices/A-1").json["Invoices"][0].clone();
    assert_eq!(open["Status"], "AUTHORISED");
    assert!(open["FullyPaidOnDate"].is_string(), "the date stays, as Xero leaves it");
    assert!(open["Payments"].is_null());
    assert_eq!(desk.violations(), Vec::<String>::new());
}
