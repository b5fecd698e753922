//! What of an organisation's chart a word of the host may mean, the likeliest first.

use std::cmp::Reverse;

use serde::Serialize;

use super::distance::edits;
use super::row::{Chart, MappingKind};
use super::xero::{Account, TaxRate};

/// Most candidates that are shown.
const SHOWN_MAX: usize = 5;
/// Shorter words say nothing about an account.
const TELLING_CHARS: usize = 4;

/// What it counts for that an account takes this kind of invoice: more than a code that is somewhat near.
const FITS: u32 = 30;

/// Something a word can be mapped to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Candidate {
    /// The value of the mapping.
    pub value: String,
    /// Its name in Xero.
    pub name: String,
    /// Xero's type of an account, or the percentage of a tax rate.
    #[serde(rename = "type")]
    pub sort: String,
    /// What speaks for it.
    pub why: &'static str,
}

/// A word of the host and where it is used.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted<'a> {
    /// The host's word.
    pub word: &'a str,
    /// What the lines say that use it.
    pub texts: &'a [&'a str],
    /// Whether these are sales invoices; `None` = not known.
    pub is_sale: Option<bool>,
}

/// What a word may mean. Contacts are no part of a chart.
#[must_use]
pub fn candidates(chart: &Chart, kind: MappingKind, wanted: Wanted<'_>) -> Vec<Candidate> {
    let mut scored: Vec<(u32, Candidate)> = match kind {
        MappingKind::NominalCodes => {
            let usable = chart.accounts.iter().filter(|account| account.unusable().is_none());
            usable.filter_map(|account| account_scored(account, wanted)).collect()
        }
        MappingKind::TaxRates => {
            let usable = chart.tax_rates.iter().filter(|rate| rate.is_active);
            usable.map(|rate| rate_scored(rate, wanted)).collect()
        }
        MappingKind::Items | MappingKind::Contacts | MappingKind::Channels | MappingKind::Locations => Vec::new(),
    };
    scored.retain(|(score, _)| *score > 0);
    scored.sort_by_key(|(score, candidate)| (Reverse(*score), candidate.value.clone()));
    scored.truncate(SHOWN_MAX);
    scored.into_iter().map(|(_, candidate)| candidate).collect()
}

/// Why nothing of this kind can be mapped to `value`; `None` = it can, as far as the chart tells.
#[must_use]
pub fn refusal(chart: &Chart, kind: MappingKind, value: &str) -> Option<String> {
    let name = &chart.organisation.name;
    match kind {
        MappingKind::NominalCodes => {
            let account = chart
                .accounts
                .iter()
                .find(|account| account.code.as_deref() == Some(value));
            match account.map(Account::unusable) {
                Some(None) => None,
                Some(Some(why)) => Some(format!("Account {value} of {name} is {why}.")),
                None => Some(format!("{name} has no account {value}.")),
            }
        }
        MappingKind::TaxRates => {
            let rate = chart.tax_rates.iter().find(|rate| rate.tax_type == value);
            match rate.map(|rate| rate.is_active) {
                Some(true) => None,
                Some(false) => Some(format!("Tax rate {value} of {name} is not active.")),
                None => Some(format!("{name} has no tax rate {value}.")),
            }
        }
        MappingKind::Items | MappingKind::Contacts | MappingKind::Channels | MappingKind::Locations => None,
    }
}

fn account_scored(account: &Account, wanted: Wanted<'_>) -> Option<(u32, Candidate)> {
    let code = account.code.as_deref()?;
    let like = likeness(code, &account.name, wanted);
    let fits = wanted.is_sale.is_some_and(|is_sale| is_sale == is_income(account));
    let (score, why) = match (like, fits) {
        (Some((score, why)), _) => (score, why),
        (None, true) => (
            1,
            if is_income(account) {
                "takes sales"
            } else {
                "takes purchases"
            },
        ),
        (None, false) => (0, ""),
    };
    let score = score.saturating_add(if fits { FITS } else { 0 });
    let candidate = Candidate {
        value: code.to_owned(),
        name: account.name.clone(),
        sort: account.account_type.clone(),
        why,
    };
    Some((score, candidate))
}

fn rate_scored(rate: &TaxRate, wanted: Wanted<'_>) -> (u32, Candidate) {
    let (score, why) = likeness(&rate.tax_type, &rate.name, wanted).unwrap_or((1, "active"));
    let candidate = Candidate {
        value: rate.tax_type.clone(),
        name: rate.name.clone(),
        sort: format!("{} %", rate.effective_rate.normalize()),
        why,
    };
    (score, candidate)
}

/// How much a code and a name are like what is wanted.
fn likeness(code: &str, name: &str, wanted: Wanted<'_>) -> Option<(u32, &'static str)> {
    let word = wanted.word.to_lowercase();
    let code = code.to_lowercase();
    if word == code {
        return Some((200, "same code"));
    }
    let names = telling_words(name);
    if names.contains(&word) || word == name.to_lowercase() {
        return Some((150, "same name"));
    }
    let shared = wanted.texts.iter().flat_map(|text| telling_words(text));
    let shared = u32::try_from(shared.filter(|text| names.contains(text)).count().min(3)).unwrap_or(0);
    if shared > 0 {
        return Some((shared.saturating_mul(20).saturating_add(80), "named like the lines"));
    }
    let near = match edits(&word, &code) {
        1 => 40,
        2 if word.chars().count() > 3 => 15,
        _ => return None,
    };
    Some((near, "near code"))
}

fn telling_words(text: &str) -> Vec<String> {
    text.split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| word.chars().count() >= TELLING_CHARS)
        .map(str::to_lowercase)
        .collect()
}

fn is_income(account: &Account) -> bool {
    matches!(account.account_type.as_str(), "REVENUE" | "SALES" | "OTHERINCOME")
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;

    use super::{Wanted, candidates, refusal};
    use crate::model::document::Currency;
    use crate::model::ids::TenantId;
    use crate::model::row::{Chart, MappingKind};
    use crate::model::time::Timestamp;
    use crate::model::xero::{Account, Organisation, TaxRate};

    fn chart() -> Chart {
        let account = |(code, name, sort): (&str, &str, &str)| Account {
            code: Some(code.to_owned()),
            name: name.to_owned(),
            account_type: sort.to_owned(),
            tax_type: None,
            is_active: code != "201",
            system_account: (code == "610").then(|| "DEBTORS".to_owned()),
        };
        let accounts = [
            ("090", "Business Bank Account", "BANK"),
            ("200", "Sales", "REVENUE"),
            ("201", "Old sales", "REVENUE"),
            ("412", "Consulting", "OVERHEADS"),
            ("401", "Audit fees", "OVERHEADS"),
            ("610", "Accounts Receivable", "CURRENT"),
        ];
        Chart {
            tenant: TenantId::from_bytes([1; 16]),
            read_at: Timestamp(0),
            organisation: Organisation {
                name: "Acme Ltd".to_owned(),
                base_currency: Currency::GBP,
                time_zone: String::new(),
                short_code: None,
                period_lock_date: None,
                end_of_year_lock_date: None,
            },
            accounts: accounts.into_iter().map(account).collect(),
            tax_rates: vec![TaxRate {
                tax_type: "OUTPUT2".to_owned(),
                name: "20% (VAT on Income)".to_owned(),
                effective_rate: Decimal::new(2000, 2),
                is_active: true,
            }],
        }
    }

    fn values(wanted: Wanted<'_>) -> Vec<String> {
        let found = candidates(&chart(), MappingKind::NominalCodes, wanted);
        found.into_iter().map(|candidate| candidate.value).collect()
    }

    #[test]
    fn the_same_code_goes_before_a_name_and_a_name_before_a_near_code() {
        let texts = ["Consulting in March"];
        let wanted = Wanted {
            word: "4010",
            texts: &texts,
            is_sale: None,
        };
        assert_eq!(values(wanted), ["412", "401", "200"]);
        assert_eq!(values(Wanted { word: "200", ..wanted })[0], "200");
        let sale = Wanted {
            word: "zzz",
            texts: &[],
            is_sale: Some(true),
        };
        assert_eq!(values(sale), ["200"], "what takes sales, where nothing is near");
        let rates = candidates(
            &chart(),
            MappingKind::TaxRates,
            Wanted {
                word: "OUTPUT",
                ..Wanted::default()
            },
        );
        assert_eq!(
            (rates[0].value.as_str(), rates[0].why, rates[0].sort.as_str()),
            ("OUTPUT2", "near code", "20 %")
        );
    }

    #[test]
    fn what_cannot_be_used_is_no_candidate_and_is_refused() {
        let texts = ["Accounts Receivable, Business Bank, Old sales"];
        let found = values(Wanted {
            word: "201",
            texts: &texts,
            is_sale: None,
        });
        assert_eq!(found, ["200", "401"], "no bank, control or archived account");
        let why = |value| refusal(&chart(), MappingKind::NominalCodes, value);
        assert_eq!(why("200"), None);
        for (value, word) in [
            ("201", "archived"),
            ("090", "bank account"),
            ("610", "control account"),
            ("9", "no account 9"),
        ] {
            assert!(why(value).is_some_and(|why| why.contains(word)), "{value}");
        }
        assert!(refusal(&chart(), MappingKind::TaxRates, "S20").is_some_and(|why| why.contains("no tax rate S20")));
        assert_eq!(refusal(&chart(), MappingKind::TaxRates, "OUTPUT2"), None);
    }
}
