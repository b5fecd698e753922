//! Where the sandbox's answer to a recorded call differs from the recorded one, and why: each
//! difference by its own name.

/// Recording, difference, reason.
pub const DIFFERENCES: &[(&str, &str, &str)] = &[
    (
        "connections.json",
        "adds [].authEventId",
        "of 2019: no name and no event of the consent yet",
    ),
    (
        "connections.json",
        "adds [].tenantName",
        "of 2019: no name and no event of the consent yet",
    ),
    (
        "connectionsResponse.json",
        "[].id is a GUID and not a text",
        "its ids were blotted out",
    ),
    (
        "connectionsResponse.json",
        "[].tenantId is a GUID and not a text",
        "its ids were blotted out",
    ),
    (
        "connectionsResponse.json",
        "adds [].authEventId",
        "of 2020: no event of the consent yet",
    ),
    (
        "contacts.test.json",
        "lacks Contacts[].BrandingTheme",
        "given to contacts on Xero's own pages only; the sandbox has one theme",
    ),
    (
        "create-credit-note.test.json",
        "adds CreditNotes[].UpdatedDateUTCString",
        "later than the recording: sent since the middle of 2026",
    ),
    (
        "create-invoice.test.json",
        "adds Invoices[].UpdatedDateUTCString",
        "later than the recording: sent since the middle of 2026",
    ),
    (
        "create-payment.test.json",
        "adds Payments[].Invoice.UpdatedDateUTCString",
        "later than the recording: sent since the middle of 2026",
    ),
    (
        "create-payment.test.json",
        "adds Payments[].UpdatedDateUTCString",
        "later than the recording: sent since the middle of 2026",
    ),
    (
        "credit-notes.test.json",
        "adds CreditNotes[].UpdatedDateUTCString",
        "later than the recording: sent since the middle of 2026",
    ),
    ("expired_oauth2_token.json", "adds Extensions", "newer answers have it"),
    ("expired_oauth2_token.json", "adds Type", "newer answers have it"),
    (
        "get-invoice.test.json",
        "adds Invoices[].CurrencyRate",
        "recorded on documents that people or apps entered; this one Xero made from a repeating bill",
    ),
    (
        "get-invoice.test.json",
        "adds Invoices[].UpdatedDateUTCString",
        "later than the recording: sent since the middle of 2026",
    ),
    (
        "get-invoice.test.json",
        "lacks Invoices[].RepeatingInvoiceID",
        "the sandbox has no repeating invoices",
    ),
    (
        "get-invoices-page1.raw.json",
        "adds Invoices[].CreditNotes[].InvoiceAddresses",
        "later than the recording of 2020: recorded in 2026",
    ),
    (
        "get-invoices-page1.raw.json",
        "adds Invoices[].InvoiceAddresses",
        "later than the recording of 2020: recorded in 2026",
    ),
    (
        "get-invoices-page1.raw.json",
        "adds Invoices[].InvoicePaymentServices",
        "later than the recording of 2020: recorded in 2026",
    ),
    (
        "get-invoices-page1.raw.json",
        "adds Invoices[].LineItems[].AccountID",
        "later than the recording of 2020: recorded in 2026",
    ),
    (
        "get-invoices-page1.raw.json",
        "adds Invoices[].LineItems[].Item",
        "later than the recording of 2020: recorded in 2026",
    ),
    (
        "get-invoices-page1.raw.json",
        "adds Invoices[].Payments[].BatchPaymentID",
        "no recorded payment of 2020 is of a batch; those of 2026 have it",
    ),
    (
        "get-invoices-page1.raw.json",
        "adds Invoices[].UpdatedDateUTCString",
        "later than the recording: sent since the middle of 2026",
    ),
    (
        "get-invoices-page1.raw.json",
        "adds pagination",
        "later than the recording of 2020: recorded in 2026",
    ),
    (
        "get-invoices-page1.raw.json",
        "not always Invoices[].Payments[].Reference",
        "Xero leaves an empty one out by now",
    ),
    (
        "invalid_tenant_header.json",
        "adds Detail",
        "an old spelling; newer answers begin their keys with capitals",
    ),
    ("invalid_tenant_header.json", "adds Extensions", "newer answers have it"),
    (
        "invalid_tenant_header.json",
        "adds Instance",
        "an old spelling; newer answers begin their keys with capitals",
    ),
    (
        "invalid_tenant_header.json",
        "adds Status",
        "an old spelling; newer answers begin their keys with capitals",
    ),
    (
        "invalid_tenant_header.json",
        "adds Title",
        "an old spelling; newer answers begin their keys with capitals",
    ),
    ("invalid_tenant_header.json", "adds Type", "newer answers have it"),
    (
        "invalid_tenant_header.json",
        "lacks detail",
        "an old spelling; newer answers begin their keys with capitals",
    ),
    (
        "invalid_tenant_header.json",
        "lacks instance",
        "an old spelling; newer answers begin their keys with capitals",
    ),
    (
        "invalid_tenant_header.json",
        "lacks status",
        "an old spelling; newer answers begin their keys with capitals",
    ),
    (
        "invalid_tenant_header.json",
        "lacks title",
        "an old spelling; newer answers begin their keys with capitals",
    ),
    (
        "invoices.test.json",
        "adds Invoices[].UpdatedDateUTCString",
        "later than the recording: sent since the middle of 2026",
    ),
    (
        "invoices.test.json",
        "lacks Invoices[].RepeatingInvoiceID",
        "the sandbox has no repeating invoices",
    ),
    (
        "payments.test.json",
        "adds Payments[].UpdatedDateUTCString",
        "later than the recording: sent since the middle of 2026",
    ),
    (
        "test_get_connections.yaml",
        "adds [].authEventId",
        "of 2020: no name and no event of the consent yet",
    ),
    (
        "test_get_connections.yaml",
        "adds [].tenantName",
        "of 2020: no name and no event of the consent yet",
    ),
    (
        "test_get_organisations.yaml",
        "adds Organisations[].TaxNumberName",
        "later than the recording of 2020: recorded in 2026",
    ),
    (
        "tokenSet.json",
        "adds expires_in",
        "as a client keeps it, not as it was sent: it made the next one of it",
    ),
    (
        "tokenSet.json",
        "lacks expires_at",
        "as a client keeps it, not as it was sent: made of expires_in",
    ),
    (
        "tokenSet.json",
        "lacks id_token",
        "of a consent with openid; this one is without",
    ),
    (
        "tokenSet.json",
        "lacks session_state",
        "of the redirect, which the client keeps beside the tokens",
    ),
];
