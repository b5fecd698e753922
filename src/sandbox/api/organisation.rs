//! `/Organisation`: itself, what its user may do, and its CIS settings.

use rust_decimal::Decimal;
use uuid::Uuid;

use super::call::Call;
use super::envelope;
use crate::sandbox::books::Organisation;
use crate::sandbox::wire::{Answer, Writer};

/// What the consenting user may do; the sandbox's user may do everything.
const ACTIONS: [&str; 13] = [
    "CreateApprovedInvoice",
    "CreateDraftPurchaseOrder",
    "CreateApprovedBill",
    "AttachFilesIntoInvoice",
    "UseMulticurrency",
    "CreateDraftInvoice",
    "CreateRepeatingInvoice",
    "CreateRepeatingBill",
    "CreateSentQuote",
    "CreateInvoicePayment",
    "CreateApprovedPurchaseOrder",
    "CreateDraftQuote",
    "CreateDraftBill",
];

/// `GET /Organisation`
pub fn show(call: &mut Call<'_>) -> Answer {
    envelope::list(call, "Organisations", None, |items, call| {
        items.object(|row| write_organisation(row, &call.books.organisation));
    })
}

/// `GET /Organisation/Actions`
pub fn actions(call: &mut Call<'_>) -> Answer {
    envelope::list(call, "Actions", None, |items, call| {
        for name in ACTIONS {
            let multicurrency = !call.books.organisation.currencies.is_empty();
            let allowed = name != "UseMulticurrency" || multicurrency;
            items.object(|row| {
                row.text("Name", name);
                row.text("Status", if allowed { "ALLOWED" } else { "NOT-ALLOWED" });
            });
        }
    })
}

/// `GET /Organisation/{id}/CISSettings`. Assumption: outside the United Kingdom there are none.
pub fn cis(call: &mut Call<'_>, id: &str) -> Answer {
    let organisation = &call.books.organisation;
    if Uuid::parse_str(id).ok() != Some(organisation.id) || organisation.country != "GB" {
        return envelope::not_found();
    }
    let rate = organisation.cis_rate.unwrap_or(Decimal::TWO * Decimal::TEN);
    envelope::list(call, "CISSettings", None, |items, _| {
        items.object(|row| {
            row.flag("CISContractorEnabled", true);
            row.flag("CISSubContractorEnabled", true);
            row.number("Rate", rate, 2);
        });
    })
}

fn write_organisation(row: &mut Writer, organisation: &Organisation) {
    row.text("Name", &organisation.name);
    row.text("LegalName", &organisation.name);
    row.flag("PaysTax", true);
    row.text("Version", version(&organisation.country));
    row.text("OrganisationType", "COMPANY");
    row.text("BaseCurrency", &organisation.base_currency);
    row.text("CountryCode", &organisation.country);
    row.flag("IsDemoCompany", true);
    row.text("OrganisationStatus", "ACTIVE");
    row.text("TaxNumber", &organisation.tax_number());
    row.integer("FinancialYearEndDay", 31);
    row.integer("FinancialYearEndMonth", 12);
    row.text("SalesTaxBasis", "ACCRUALS");
    row.text("SalesTaxPeriod", "3MONTHLY");
    row.text("DefaultSalesTax", "Remember previous");
    row.text("DefaultPurchasesTax", "Remember previous");
    if let Some(day) = organisation.period_lock {
        row.day("PeriodLockDate", day);
    }
    if let Some(day) = organisation.year_end_lock {
        row.day("EndOfYearLockDate", day);
    }
    row.bare_stamp("CreatedDateUTC", organisation.created_ms);
    row.text("OrganisationEntityType", "COMPANY");
    row.text("Timezone", organisation.xero_zone());
    row.text("ShortCode", &organisation.short_code);
    row.id("OrganisationID", organisation.id);
    row.text("Edition", "BUSINESS");
    row.text("Class", "DEMO");
    row.list("Addresses", |items| items.object(write_address));
    row.list("Phones", |items| items.object(write_phone));
    row.empty_list("ExternalLinks");
    row.nested("PaymentTerms", |_| {});
    row.text("TaxNumberName", "Tax reg");
}

/// Every organisation of the sandbox is at home in one office.
fn write_address(item: &mut Writer) {
    let lines = [
        ("AddressType", "POBOX"),
        ("AddressLine1", "1 Sandbox Street"),
        ("AddressLine2", "Floor 2"),
        ("City", "Exampleton"),
        ("Region", ""),
        ("PostalCode", "12345"),
        ("Country", ""),
        ("AttentionTo", ""),
    ];
    lines.into_iter().for_each(|(key, text)| item.text(key, text));
}

fn write_phone(item: &mut Writer) {
    item.text("PhoneType", "OFFICE");
    item.text("PhoneNumber", "555 0100");
    item.text("PhoneAreaCode", "800");
}

/// The edition of Xero a country gets.
fn version(country: &str) -> &'static str {
    match country {
        "GB" => "UK",
        "AU" => "AU",
        "NZ" => "NZ",
        "US" => "US",
        _ => "GLOBAL",
    }
}
