//! Where the sandbox's answer to a recorded call differs from the recorded one, and why. A `*`
//! stands for anything.

/// Recording, difference, reason.
pub const DIFFERENCES: &[(&str, &str, &str)] = &[
    // Later than the recording.
    (
        "*",
        "adds *UpdatedDateUTCString",
        "Xero sends it since the middle of 2026; recordings are older",
    ),
    (
        "test_get_connections.yaml",
        "adds []*",
        "of 2020: no name and no event of the consent yet",
    ),
    (
        "connections.json",
        "adds []*",
        "of 2019: no name and no event of the consent yet",
    ),
    (
        "connectionsResponse.json",
        "adds [].authEventId",
        "of 2020: no event of the consent yet",
    ),
    (
        "expired_oauth2_token.json",
        "adds *",
        "newer answers have Type and Extensions",
    ),
    (
        "invalid_tenant_header.json",
        "* *",
        "an old spelling; newer answers begin their keys with capitals",
    ),
    (
        "get-invoices-page1.raw.json",
        "adds *",
        "of 2020: pagination and these keys came later",
    ),
    (
        "get-invoices-page1.raw.json",
        "not always *Payments[].Reference",
        "Xero leaves an empty one out by now",
    ),
    // Not Xero's own text.
    (
        "connectionsResponse.json",
        "*is a GUID and not a text",
        "its ids were blotted out",
    ),
    (
        "tokenSet.json",
        "* *",
        "as a client keeps it, not as it was sent; with an id token, of another scope",
    ),
    // What the recorded organisation had and this one does not have.
    (
        "*",
        "lacks *RepeatingInvoiceID",
        "the sandbox has no repeating invoices",
    ),
    (
        "*",
        "lacks Payments[].BatchPayment*",
        "the sandbox has no batch payments",
    ),
    (
        "invoices.test.json",
        "lacks *BatchPaymentID",
        "the sandbox has no batch payments",
    ),
    (
        "*",
        "lacks Invoices[].SentToContact",
        "lists show it of what was sent only, and the sandbox sends nothing",
    ),
    (
        "create-payment.test.json",
        "lacks *SentToEmailAddress",
        "of what was sent only, and the sandbox sends nothing",
    ),
    (
        "create-payment.test.json",
        "lacks *DiscountEnteredAsPercent",
        "the sandbox shows it nowhere; the daemon ignores it",
    ),
    (
        "accounts.test.json",
        "lacks Accounts[].Description",
        "the sandbox's chart has no descriptions",
    ),
    (
        "contacts.test.json",
        "lacks *",
        "kept by Xero's pages only, or not given to this contact",
    ),
    (
        "credit-notes.test.json",
        "lacks *FullyPaidOnDate",
        "the note here is not spent",
    ),
    ("list-items.test.json", "lacks *", "no item here is tracked"),
    ("*organisations.*", "lacks *PeriodLockDate", "nothing is locked here"),
    (
        "*organisations.*",
        "lacks *",
        "the sandbox's organisation has no address, telephone or tax number",
    ),
    // What this organisation has and the recorded one had not.
    (
        "create-invoice.test.json",
        "adds *Contact.*",
        "more is known of the contact here",
    ),
    (
        "create-credit-note.test.json",
        "adds *Contact.*",
        "more is known of the contact here",
    ),
    (
        "update-contact.test.json",
        "adds *",
        "more is known of the contact here",
    ),
    (
        "get-invoice.test.json",
        "adds *",
        "a sale here, with contact, item, discount and payment; a plain bill there",
    ),
    ("*", "adds *DiscountRate", "no recorded line has a discount"),
    ("*", "adds *TotalDiscount", "no recorded line has a discount"),
];

/// Whether a text is of a pattern.
pub fn is_like(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, between)) = parts.split_last() else {
        return rest.is_empty();
    };
    for part in between {
        match rest.split_once(part) {
            Some((_, behind)) => rest = behind,
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[test]
fn a_star_stands_for_anything() {
    assert!(is_like("*organisations.*", "test_get_organisations.yaml"));
    assert!(is_like("adds *Contact.*", "adds Invoices[].Contact.Name"));
    assert!(is_like("lacks *", "lacks A") && is_like("a", "a"));
    assert!(!is_like("lacks *", "adds A") && !is_like("a", "ab") && !is_like("*b", "bc"));
}
