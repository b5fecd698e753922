//! Organisation, accounts and tax rates: read only, never paged.

use rust_decimal::Decimal;
use uuid::Uuid;

use super::call::Call;
use super::envelope;
use crate::sandbox::books::{Account, AccountClass, Organisation, TaxRate};
use crate::sandbox::query::Readable;
use crate::sandbox::query::page::PageRequest;
use crate::sandbox::wire::{Answer, Writer};

/// `GET /Organisation`
pub fn organisation(call: &mut Call<'_>) -> Answer {
    envelope::list(call, "Organisations", None, |items, call| {
        items.object(|row| write_organisation(row, &call.books.organisation));
    })
}

/// `GET /Accounts`
pub fn accounts(call: &mut Call<'_>) -> Answer {
    let mut request = match call.page_request::<Account>(false) {
        Ok(request) => request,
        Err(refused) => return refused,
    };
    request.page = None;
    let since_ms = request.since_ms.unwrap_or(i64::MIN);
    envelope::list(call, "Accounts", None, |items, call| {
        let changed = call
            .books
            .accounts
            .iter()
            .filter(|account| account.updated_ms >= since_ms);
        for account in chosen(changed, &request, call) {
            items.object(|row| write_account(row, account, call));
        }
    })
}

/// `GET /Accounts/{id}`, by GUID.
pub fn account(call: &mut Call<'_>, id: &str) -> Answer {
    let found = Uuid::parse_str(id)
        .ok()
        .and_then(|id| call.books.account_by_id(id))
        .cloned();
    let Some(account) = found else {
        return envelope::not_found();
    };
    envelope::list(call, "Accounts", None, |items, call| {
        items.object(|row| write_account(row, &account, call));
    })
}

/// `GET /TaxRates`
pub fn tax_rates(call: &mut Call<'_>) -> Answer {
    let mut request = match call.page_request::<TaxRate>(false) {
        Ok(request) => request,
        Err(refused) => return refused,
    };
    request.page = None;
    envelope::list(call, "TaxRates", None, |items, call| {
        for rate in chosen(call.books.tax_rates.iter(), &request, call) {
            items.object(|row| write_tax_rate(row, rate));
        }
    })
}

fn chosen<'a, T: Readable + 'a>(
    all: impl Iterator<Item = &'a T>,
    request: &PageRequest,
    call: &'a Call<'_>,
) -> Vec<&'a T> {
    let clause = request.clause.as_ref();
    let kept = all.filter(|item| clause.is_none_or(|clause| clause.holds(*item, call.books)));
    request.cut(kept.collect(), call.books).items
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
    row.empty_list("Addresses");
    row.empty_list("Phones");
    row.empty_list("ExternalLinks");
    row.nested("PaymentTerms", |_| {});
}

fn write_account(row: &mut Writer, account: &Account, call: &Call<'_>) {
    let bank = account.account_type == "BANK";
    row.id("AccountID", account.id);
    row.text("Code", &account.code);
    row.text("Name", &account.name);
    row.text("Status", account.status.text());
    row.text("Type", &account.account_type);
    row.text("TaxType", &account.tax_type);
    row.text("Class", account.class().text());
    row.maybe_text("SystemAccount", account.system.as_deref());
    row.flag("EnablePaymentsToAccount", account.payments);
    row.flag("ShowInExpenseClaims", false);
    if bank {
        row.text("BankAccountNumber", "20000012345678");
        row.text("CurrencyCode", &call.books.organisation.base_currency);
    }
    row.text("BankAccountType", if bank { "BANK" } else { "" });
    row.flag("HasAttachments", false);
    row.stamp("UpdatedDateUTC", account.updated_ms);
    row.flag("AddToWatchlist", false);
}

fn write_tax_rate(row: &mut Writer, rate: &TaxRate) {
    row.text("Name", &rate.name);
    row.text("TaxType", &rate.tax_type);
    row.text("ReportTaxType", report_type(&rate.tax_type));
    row.flag("CanApplyToAssets", rate.applies(AccountClass::Asset));
    row.flag("CanApplyToEquity", rate.applies(AccountClass::Equity));
    row.flag("CanApplyToExpenses", rate.applies(AccountClass::Expense));
    row.flag("CanApplyToLiabilities", rate.applies(AccountClass::Liability));
    row.flag("CanApplyToRevenue", rate.applies(AccountClass::Revenue));
    row.number("DisplayTaxRate", rate.rate, 4);
    row.number("EffectiveRate", rate.rate, 4);
    row.text("Status", "ACTIVE");
    row.list("TaxComponents", |items| {
        items.object(|component| {
            let name = if rate.rate == Decimal::ZERO { "No VAT" } else { "VAT" };
            component.text("Name", name);
            component.number("Rate", rate.rate, 4);
            component.flag("IsCompound", false);
            component.flag("IsNonRecoverable", false);
        });
    });
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

/// The side of the tax return a rate is reported on.
fn report_type(tax_type: &str) -> &'static str {
    match (tax_type.contains("OUTPUT"), tax_type.contains("INPUT")) {
        (true, _) => "OUTPUT",
        (_, true) => "INPUT",
        _ => "NONE",
    }
}
