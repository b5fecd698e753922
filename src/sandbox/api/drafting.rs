//! What invoices, credit notes and bank transactions are drafted from, and what they read alike.

use chrono::NaiveDate;
use rand::rngs::StdRng;
use rust_decimal::Decimal;
use uuid::Uuid;

use super::call::{Call, day, decimal};
use super::invoice_rules::{self, Standing};
use super::line_draft::LineDraft;
use crate::sandbox::books::{AmountsAre, Books, InvoiceStatus, Kind, Line, money};
use crate::sandbox::wire::Json;

/// Longer numbers of documents are refused.
const NUMBER_CHARS_MAX: usize = 255;

/// Surroundings of a draft, and why it would be refused.
#[derive(Debug)]
pub struct Drafting<'a> {
    /// The books as they are; a draft changes nothing.
    pub books: &'a Books,
    /// For new ids.
    pub rng: &'a mut StdRng,
    /// Document time, in milliseconds.
    pub now_ms: i64,
    /// Today where the organisation is.
    pub today: NaiveDate,
    /// Decimals of unit amounts.
    pub unit_places: u32,
    /// Why it would be refused.
    pub errors: Vec<String>,
}

/// A document as far as its date, its lines and its sum can be refused.
#[derive(Debug, Clone, Copy)]
pub struct Whole<'a> {
    /// How sentences name it.
    pub noun: &'a str,
    /// Its day, and the one it had.
    pub days: (NaiveDate, Option<NaiveDate>),
    /// Where it stands.
    pub status: InvoiceStatus,
    /// Its lines.
    pub lines: &'a [Line],
    /// Their sum.
    pub total: Decimal,
}

impl<'a> Drafting<'a> {
    /// Drafts something.
    ///
    /// # Errors
    /// What Xero would refuse.
    pub fn of<T>(call: &'a mut Call<'_>, draft: impl FnOnce(&mut Drafting<'a>) -> Option<T>) -> Result<T, Vec<String>> {
        let mut drafting = Drafting {
            today: call.today(),
            unit_places: call.unit_places(),
            now_ms: call.now_ms,
            books: &*call.books,
            rng: &mut *call.rng,
            errors: Vec::new(),
        };
        match draft(&mut drafting) {
            Some(drafted) if drafting.errors.is_empty() => Ok(drafted),
            _ => Err(drafting.errors),
        }
    }

    /// Nothing can be drafted.
    pub fn refuse<T>(&mut self, why: impl Into<String>) -> Option<T> {
        self.errors.push(why.into());
        None
    }

    /// Sale or purchase, by `Type` in the document's own `words`; it never changes.
    pub fn kind(&mut self, noun: &str, element: &Json, words: [(&str, Kind); 2], old: Option<Kind>) -> Option<Kind> {
        let Some(text) = element.text("Type") else {
            return match old {
                Some(old) => Some(old),
                None => self.refuse(format!("{noun} Type must be specified")),
            };
        };
        let found = words.into_iter().find(|(word, _)| word.eq_ignore_ascii_case(text));
        match found {
            None => self.refuse(format!("{noun} Type is not valid")),
            Some((_, kind)) if old.is_some_and(|old| old != kind) => {
                self.refuse(format!("{noun} Type cannot be changed"))
            }
            Some((_, kind)) => Some(kind),
        }
    }

    /// Reads `Status`; one that is not allowed from where the document stands changes nothing.
    pub fn status(&mut self, noun: &str, element: &Json, old: Option<Standing>, status: &mut InvoiceStatus) {
        let Some(text) = element.text("Status") else {
            return;
        };
        let Some(wanted) = InvoiceStatus::parse(text) else {
            self.errors.push(format!("{noun} Status '{text}' is not valid"));
            return;
        };
        match invoice_rules::status_refusal(noun, old, wanted) {
            Some(refusal) => self.errors.push(refusal),
            None => *status = wanted,
        }
    }

    /// Reads a date; an absent one changes nothing.
    pub fn day(&mut self, element: &Json, key: &str) -> Option<NaiveDate> {
        day(element, key, &mut self.errors)
    }

    /// Reads `LineAmountTypes`; an absent one changes nothing.
    pub fn amounts_are(&mut self, element: &Json, amounts_are: &mut AmountsAre) {
        let Some(text) = element.text("LineAmountTypes") else {
            return;
        };
        match AmountsAre::parse(text) {
            Some(asked) => *amounts_are = asked,
            None => self.errors.push(format!("LineAmountTypes '{text}' is not valid")),
        }
    }

    /// Reads `CurrencyCode` and `CurrencyRate`. The base currency has no rate of its own; another
    /// one without a rate gets the day's.
    pub fn currency(&mut self, element: &Json, currency: &mut String, rate: &mut Decimal) {
        let organisation = &self.books.organisation;
        let before = currency.clone();
        if let Some(code) = element.text("CurrencyCode").filter(|code| !code.is_empty()) {
            if organisation.trades_in(code) {
                *currency = code.to_ascii_uppercase();
            } else {
                self.errors
                    .push(format!("Organisation is not subscribed to currency {code}"));
            }
        }
        let asked = decimal(element, "CurrencyRate", &mut self.errors);
        if organisation.base_currency.eq_ignore_ascii_case(currency) {
            *rate = Decimal::ONE;
        } else if let Some(asked) = asked {
            if asked <= Decimal::ZERO {
                self.errors
                    .push("The currency rate must be greater than zero".to_owned());
            }
            *rate = money::round(asked, 6);
        } else if before != *currency {
            *rate = money::day_rate(&organisation.base_currency, currency);
        }
    }

    /// How lines of such a document are read: without discounts, on the usual accounts.
    pub fn line_draft(&self, kind: Kind, amounts_are: AmountsAre) -> LineDraft<'a> {
        LineDraft {
            books: self.books,
            kind,
            discounts: false,
            on_control: None,
            amounts_are,
            unit_places: self.unit_places,
        }
    }

    /// Reads `LineItems`; absent ones stay, with their tax computed anew when `LineAmountTypes`
    /// changed. `old` are the lines of the document as it is, and how its amounts are meant.
    pub fn lines(&mut self, element: &Json, draft: &LineDraft<'_>, old: Option<(&[Line], AmountsAre)>) -> Vec<Line> {
        let kept = old.map(|(lines, _)| lines).unwrap_or_default();
        let mut lines = match element.list("LineItems") {
            Some(sent) => draft.lines(sent, kept, self.rng, &mut self.errors),
            None => kept.to_vec(),
        };
        let is_meant_anew = old.is_some_and(|(_, was)| was != draft.amounts_are);
        if element.list("LineItems").is_none() && is_meant_anew {
            lines.iter_mut().for_each(|line| draft.retax(line));
        }
        if lines.is_empty() {
            self.errors.push("One or more line items must be specified".to_owned());
        }
        lines
    }

    /// Reads a document's number under this key: one that is not empty.
    pub fn number(&mut self, element: &Json, key: &str) -> Option<String> {
        let number = element.text(key).map(str::trim).filter(|number| !number.is_empty())?;
        if number.chars().count() > NUMBER_CHARS_MAX {
            self.errors
                .push(format!("{key} cannot exceed {NUMBER_CHARS_MAX} characters"));
        }
        Some(number.to_owned())
    }

    /// Refuses a document in a closed period, and an approved one without accounts or below zero.
    pub fn check_whole(&mut self, whole: Whole<'_>) {
        let organisation = &self.books.organisation;
        let (day, before) = whole.days;
        let locked = invoice_rules::lock_refusal(organisation, day)
            .or_else(|| invoice_rules::lock_refusal(organisation, before?));
        self.errors.extend(locked);
        let is_final = whole.status != InvoiceStatus::Draft && !whole.status.is_cancelled();
        let noun = whole.noun.to_lowercase();
        self.errors
            .extend(invoice_rules::uncoded_refusal(is_final, whole.lines));
        self.errors
            .extend(invoice_rules::negative_refusal(&noun, is_final, whole.total));
    }

    /// Reads `BrandingThemeID`; an absent one changes nothing. Any GUID is taken for a theme.
    pub fn branding(&mut self, element: &Json, theme: &mut Option<String>) {
        let Some(text) = element.text("BrandingThemeID").filter(|text| !text.is_empty()) else {
            return;
        };
        match Uuid::parse_str(text) {
            Ok(id) => *theme = Some(id.to_string()),
            Err(_) => self.errors.push("BrandingThemeID is not valid".to_owned()),
        }
    }

    /// The branding theme of a new document: sales have the organisation's own, purchases none.
    pub fn theme(&self, kind: Kind) -> Option<String> {
        let theme = self.books.organisation.standard_theme().to_string();
        (kind == Kind::AccRec).then_some(theme)
    }

    /// The account a payment of the bank goes through, as `key` names it.
    pub fn bank(&self, element: &Json, key: &str) -> Option<Uuid> {
        let sent = element.get(key)?;
        let found = match sent.text("AccountID").and_then(|id| Uuid::parse_str(id).ok()) {
            Some(id) => self.books.account_by_id(id),
            None => self.books.account(sent.text("Code")?),
        };
        found
            .filter(|account| account.account_type == "BANK")
            .map(|account| account.id)
    }
}
