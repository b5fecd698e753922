//! The `where` grammar on one document.

use super::desk::Desk;
use crate::sandbox::books::Invoice;
use crate::sandbox::query::{Clause, Readable as _};

#[test]
fn behaviour_16_clauses_hold_or_not() {
    let mut desk = Desk::new();
    desk.invoice(r#"INV-7 \"x\""#, "AUTHORISED");
    let books = desk.world.books(desk.tenant).unwrap();
    let invoice = books.invoices().iter().next().unwrap();
    let id = invoice.id;
    let table = [
        ("Type==\"ACCREC\"".to_owned(), true),
        ("type == \"accrec\" && status != \"PAID\"".to_owned(), true),
        (
            "Type==\"ACCPAY\" OR (Total >= 120 AND NOT Status==\"DRAFT\")".to_owned(),
            true,
        ),
        (
            "Type==\"ACCREC\" AND Type==\"ACCPAY\" OR Total==120.00".to_owned(),
            true,
        ),
        ("Type==\"ACCREC\" AND (Type==\"ACCPAY\" OR Total==1)".to_owned(), false),
        (format!("InvoiceID==guid(\"{id}\")"), true),
        (format!("InvoiceID!=Guid(\"{id}\")"), false),
        (
            "Date>=DateTime(2026,9,1) && Date<DateTime(2026, 09, 02)".to_owned(),
            true,
        ),
        ("UpdatedDateUTC<DateTime(2026,01,01,10,30,00)".to_owned(), false),
        ("InvoiceNumber.Contains(\"nv-7\")".to_owned(), true),
        ("InvoiceNumber.EndsWith(\"\\\"X\\\"\")".to_owned(), true),
        ("InvoiceNumber.EndsWith(\"\"\"X\"\"\")".to_owned(), true),
        ("InvoiceNumber.ToLower().StartsWith(\"inv\")".to_owned(), true),
        ("Contact.Name.ToUpper()==\"CITY LIMOUSINES\"".to_owned(), true),
        ("Url==null AND DueDate!=null".to_owned(), true),
        ("Url.Contains(\"x\")".to_owned(), false),
        ("AmountDue<-1".to_owned(), false),
        ("!(AmountPaid>0)".to_owned(), true),
    ];
    for (clause, expected) in table {
        let parsed = Clause::parse(&clause, Invoice::TABLE).unwrap_or_else(|error| panic!("{clause}: {error}"));
        assert_eq!(parsed.holds(invoice, books), expected, "{clause}");
    }
    for broken in [
        "Total==",
        "==1",
        "Total=1 1",
        "Guid(\"x\")==InvoiceID",
        "InvoiceID==Guid(\"x\")",
        "Date>DateTime(2026,13,1)",
        "Total==1 AND",
        "é==1",
        &"(".repeat(500),
    ] {
        assert!(Clause::parse(broken, Invoice::TABLE).is_err(), "{broken}");
    }
}
