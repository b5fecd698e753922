//! The organisation itself.

use chrono::NaiveDate;
use chrono_tz::Tz;
use rust_decimal::Decimal;
use uuid::Uuid;

/// Xero's zone ids beside the names everybody else uses.
const ZONES: [(&str, Tz); 12] = [
    ("GMTSTANDARDTIME", Tz::Europe__London),
    ("UTC", Tz::UTC),
    ("WEUROPESTANDARDTIME", Tz::Europe__Berlin),
    ("ROMANCESTANDARDTIME", Tz::Europe__Paris),
    ("EASTERNSTANDARDTIME", Tz::America__New_York),
    ("CENTRALSTANDARDTIME", Tz::America__Chicago),
    ("PACIFICSTANDARDTIME", Tz::America__Los_Angeles),
    ("NEWZEALANDSTANDARDTIME", Tz::Pacific__Auckland),
    ("AUSEASTERNSTANDARDTIME", Tz::Australia__Sydney),
    ("SINGAPORESTANDARDTIME", Tz::Asia__Singapore),
    ("INDIASTANDARDTIME", Tz::Asia__Kolkata),
    ("SOUTHAFRICASTANDARDTIME", Tz::Africa__Johannesburg),
];

/// What `GET /Organisation` tells.
#[derive(Debug, Clone)]
pub struct Organisation {
    /// Equals the tenant id.
    pub id: Uuid,
    /// Shown as name and legal name.
    pub name: String,
    /// ISO code.
    pub base_currency: String,
    /// ISO code of two letters.
    pub country: String,
    /// The zone that decides what "today" is.
    pub zone: Tz,
    /// Documents dated up to here are closed to everybody.
    pub period_lock: Option<NaiveDate>,
    /// Documents dated up to here are closed for good.
    pub year_end_lock: Option<NaiveDate>,
    /// Percent kept back from its invoices for labour; `None` outside the CIS scheme.
    pub cis_rate: Option<Decimal>,
    /// Currencies besides the base one.
    pub currencies: Vec<String>,
    /// When it was created, in milliseconds of document time.
    pub created_ms: i64,
    /// `!` and five characters.
    pub short_code: String,
}

impl Organisation {
    /// Xero's own id of the zone.
    pub fn xero_zone(&self) -> &'static str {
        ZONES
            .iter()
            .find(|(_, zone)| *zone == self.zone)
            .map_or("UTC", |(name, _)| name)
    }

    /// A tax number of its own, of nine digits.
    pub fn tax_number(&self) -> String {
        let number = self.id.as_u128().checked_rem(1_000_000_000).unwrap_or(0);
        format!("{number:09}")
    }

    /// The branding theme of sales documents that name none. Recorded: every sales invoice and
    /// sales credit note made through the API has one.
    pub fn standard_theme(&self) -> Uuid {
        let (high, low) = self.id.as_u64_pair();
        Uuid::from_u64_pair(high.rotate_left(8), !low)
    }

    /// Whether documents may be in this currency.
    pub fn trades_in(&self, currency: &str) -> bool {
        self.base_currency.eq_ignore_ascii_case(currency)
            || self.currencies.iter().any(|other| other.eq_ignore_ascii_case(currency))
    }
}

/// The zone of an IANA name or of Xero's own id; `None` for names outside the sandbox's table.
pub fn zone_named(name: &str) -> Option<Tz> {
    ZONES
        .iter()
        .find(|(xero, zone)| xero.eq_ignore_ascii_case(name) || zone.name() == name)
        .map(|(_, zone)| *zone)
}
