use crate::engine::refusal::{Meaning, in_words, meaning};
use crate::model::reason::ReasonCode as R;

#[test]
fn each_message_of_xero_has_its_meaning() {
    let table = [
        ("Invoice # must be unique.", None),
        ("invoice # must be unique", None),
        (
            "The document date cannot be before the period lock date, currently set at 31 March",
            Some(R::PeriodLocked),
        ),
        (
            "... cannot be before the end of year lock date, currently set at 31 March",
            Some(R::PeriodLocked),
        ),
        (
            "The contact must be un-archived before creating new invoices or credit notes",
            Some(R::ContactArchived),
        ),
        (
            "The specified contact details matched an archived contact.",
            Some(R::ContactArchived),
        ),
        (
            "The TaxType code 'X' cannot be used with account code 'Y'",
            Some(R::PrerequisiteUnmapped),
        ),
        ("Item code 'X' is not valid", Some(R::PrerequisiteUnmapped)),
        (
            "Account code 'X' is not a valid code for this document.",
            Some(R::AccountMappingIncorrect),
        ),
        (
            "Account code 'X' has been archived, or has been deleted. Each line item must reference a valid account.",
            Some(R::AccountMappingIncorrect),
        ),
        (
            "Organisation is not subscribed to currency EUR",
            Some(R::CurrencyMismatch),
        ),
        (
            "Invoice not of valid status for modification",
            Some(R::NotEditableInXero),
        ),
        (
            "This document cannot be edited as it has a payment or credit note allocated to it.",
            Some(R::NotEditableInXero),
        ),
        (
            "The status VOIDED cannot be applied to the invoice because it has payments or credit notes allocated to it.",
            Some(R::NotEditableInXero),
        ),
        (
            "An existing Invoice with the specified InvoiceID could not be found",
            Some(R::MissingInXero),
        ),
        (
            "You have reached the limit of invoices you can approve",
            Some(R::ValidationRefused),
        ),
        ("", Some(R::ValidationRefused)),
    ];
    for (message, expected) in table {
        let expected = expected.map_or(Meaning::NumberTaken, Meaning::Reason);
        assert_eq!(meaning(&[message.to_owned()]), expected, "{message}");
        assert_eq!(meaning(&["Something else.".to_owned(), message.to_owned()]), expected);
    }
    assert_eq!(
        in_words(&["One.".to_owned(), "Two.".to_owned()]),
        "Xero says: One. Two."
    );
    assert!(in_words(&[]).contains("without saying why"));
}
