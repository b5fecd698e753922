//! Reference data, connections and tokens.

use serde::Deserialize;

use super::{Exact, Misread, day, guid};
use crate::model::document::Currency;
use crate::model::ids::XeroTenantId;
use crate::model::xero;

/// The envelope of accounts.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Accounts {
    /// The list.
    pub accounts: Option<Vec<Account>>,
}

/// A ledger account.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Account {
    code: Option<String>,
    name: Option<String>,
    #[serde(rename = "Type")]
    account_type: Option<String>,
    tax_type: Option<String>,
    status: Option<String>,
    system_account: Option<String>,
}

impl From<Account> for xero::Account {
    fn from(account: Account) -> Self {
        Self {
            code: account.code.filter(|code| !code.is_empty()),
            name: account.name.unwrap_or_default(),
            account_type: account.account_type.unwrap_or_default(),
            tax_type: account.tax_type.filter(|tax_type| !tax_type.is_empty()),
            is_active: account.status.as_deref() == Some("ACTIVE"),
            system_account: account.system_account.filter(|name| !name.is_empty()),
        }
    }
}

/// The envelope of tax rates.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TaxRates {
    /// The list.
    pub tax_rates: Option<Vec<TaxRate>>,
}

/// A tax rate.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TaxRate {
    tax_type: Option<String>,
    name: Option<String>,
    effective_rate: Option<Exact>,
    status: Option<String>,
}

impl TaxRate {
    /// The rate; `None` where it lacks the key lines name it by.
    pub fn rate(self) -> Option<xero::TaxRate> {
        Some(xero::TaxRate {
            tax_type: self.tax_type.filter(|tax_type| !tax_type.is_empty())?,
            name: self.name.unwrap_or_default(),
            effective_rate: self.effective_rate.map(|rate| rate.0).unwrap_or_default(),
            is_active: self.status.as_deref() == Some("ACTIVE"),
        })
    }
}

/// The envelope of the organisation.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Organisations {
    /// One element.
    pub organisations: Option<Vec<Organisation>>,
}

/// The organisation.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Organisation {
    name: Option<String>,
    base_currency: Option<String>,
    timezone: Option<String>,
    short_code: Option<String>,
    period_lock_date: Option<String>,
    end_of_year_lock_date: Option<String>,
}

impl Organisation {
    /// The organisation in our words.
    ///
    /// # Errors
    /// When it names no base currency: every push depends on it.
    pub fn organisation(self) -> Result<xero::Organisation, Misread> {
        let code = self.base_currency.as_deref().unwrap_or_default();
        Ok(xero::Organisation {
            name: self.name.unwrap_or_default(),
            base_currency: Currency::parse(code).ok_or(Misread::Shape)?,
            time_zone: self.timezone.unwrap_or_default(),
            short_code: self.short_code,
            period_lock_date: day(None, self.period_lock_date.as_deref()),
            end_of_year_lock_date: day(None, self.end_of_year_lock_date.as_deref()),
        })
    }
}

/// One connection of `/connections`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Connection {
    id: Option<String>,
    tenant_id: Option<String>,
    tenant_type: Option<String>,
    tenant_name: Option<String>,
}

impl Connection {
    /// The connection in our words.
    ///
    /// # Errors
    /// When an id is missing.
    pub fn connection(self) -> Result<xero::XeroConnection, Misread> {
        let tenant = guid(self.tenant_id.as_deref()).ok_or(Misread::IdMissing)?;
        Ok(xero::XeroConnection {
            connection_id: self.id.ok_or(Misread::IdMissing)?,
            tenant: XeroTenantId(tenant),
            tenant_type: self.tenant_type.unwrap_or_default(),
            name: self.tenant_name,
        })
    }
}

/// The token endpoint's answer. Holds secrets: no `Debug`.
#[derive(Deserialize)]
pub struct Tokens {
    /// For calls.
    pub access_token: Option<String>,
    /// For the next refresh.
    pub refresh_token: Option<String>,
    /// Seconds.
    pub expires_in: Option<u64>,
    /// Separated by spaces.
    pub scope: Option<String>,
}
