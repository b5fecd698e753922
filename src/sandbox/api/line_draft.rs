//! Reads the lines of an invoice as sent: defaults, discounts, tax, and what Xero would refuse.

use std::borrow::Cow;

use rand::rngs::StdRng;
use rust_decimal::Decimal;
use uuid::Uuid;

use super::call::decimal;
use super::tracking;
use crate::sandbox::books::{Account, AccountStatus, AmountsAre, Books, Kind, Line, money};
use crate::sandbox::gate::grant::new_id;
use crate::sandbox::wire::Json;

/// Longer descriptions are refused.
const DESCRIPTION_CHARS_MAX: usize = 4000;

/// What the lines of one document have in common.
#[derive(Debug)]
pub struct LineDraft<'a> {
    /// Chart and rates.
    pub books: &'a Books,
    /// Sale or purchase.
    pub kind: Kind,
    /// Whether lines may have a discount: sales invoices only.
    pub discounts: bool,
    /// The one system account that overpayments are coded to; `None` for everything else.
    pub on_control: Option<&'static str>,
    /// Whether line amounts contain tax.
    pub amounts_are: AmountsAre,
    /// Decimals of unit amounts.
    pub unit_places: u32,
}

/// The amounts of a line as far as they are known.
#[derive(Debug, Clone, Copy, Default)]
struct Amounts {
    quantity: Option<Decimal>,
    unit_amount: Option<Decimal>,
    line_amount: Decimal,
    discount_rate: Option<Decimal>,
    discount_amount: Option<Decimal>,
}

impl LineDraft<'_> {
    /// The new lines of a document: those sent, in their order. A line with the id of an old one
    /// keeps that id and what it does not mention; a line without id is a new one; old lines that
    /// are not sent are gone.
    pub fn lines(&self, sent: &[Json], old: &[Line], rng: &mut StdRng, errors: &mut Vec<String>) -> Vec<Line> {
        let read = |element: &Json| {
            let id = element.text("LineItemID").and_then(|id| Uuid::parse_str(id).ok());
            let kept = id.and_then(|id| old.iter().find(|line| line.id == id));
            let id = kept.map_or_else(|| new_id(rng), |line| line.id);
            let element = self.with_item(element, kept, errors);
            self.line(&element, id, kept, errors)
        };
        sent.iter().map(read).collect()
    }

    /// Computes a line's tax anew after `LineAmountTypes` changed.
    pub fn retax(&self, line: &mut Line) {
        if self.amounts_are == AmountsAre::NoTax {
            line.tax_type = Some("NONE".to_owned());
        }
        let rate = line
            .tax_type
            .as_deref()
            .and_then(|tax_type| self.books.tax_rate(tax_type));
        line.taxed_as = self.amounts_are;
        let percent = rate.map_or(Decimal::ZERO, |rate| rate.rate);
        line.tax_amount = money::tax_on(line.line_amount, percent, self.amounts_are);
    }

    /// The line with what its item says where the line itself says nothing. Assumptions: that an
    /// item says so much, and the text about one that is not there.
    fn with_item<'e>(&self, element: &'e Json, old: Option<&Line>, errors: &mut Vec<String>) -> Cow<'e, Json> {
        let code = element.text("ItemCode").filter(|code| !code.is_empty());
        let known = old.and_then(|line| line.item_code.as_deref());
        let (Some(code), Json::Map(pairs)) = (code.filter(|code| known != Some(*code)), element) else {
            return Cow::Borrowed(element);
        };
        let found = self.books.registers.item(code);
        let Some(item) = found.filter(|item| item.code.eq_ignore_ascii_case(code)) else {
            errors.push(format!("Item code '{code}' is not valid"));
            return Cow::Borrowed(element);
        };
        let (details, description) = match self.kind {
            Kind::AccRec => (&item.sales, &item.description),
            Kind::AccPay => (&item.purchases, &item.purchase_description),
        };
        let priced = element.get("LineAmount").is_some();
        let coded = element.get("AccountID").is_some();
        let defaults = [
            ("Description", description.clone()),
            (
                "UnitAmount",
                details.unit_price.filter(|_| !priced).map(|price| price.to_string()),
            ),
            ("AccountCode", details.account_code.clone().filter(|_| !coded)),
            ("TaxType", details.tax_type.clone()),
        ];
        let mut pairs = pairs.clone();
        for (key, value) in defaults {
            let said = old.is_some() || element.get(key).is_some();
            pairs.extend(value.filter(|_| !said).map(|value| (key.to_owned(), Json::Text(value))));
        }
        Cow::Owned(Json::Map(pairs))
    }

    fn line(&self, element: &Json, id: Uuid, old: Option<&Line>, errors: &mut Vec<String>) -> Line {
        let text = |key: &str, old: Option<&String>| element.text(key).map(str::to_owned).or_else(|| old.cloned());
        let description = text("Description", old.and_then(|line| line.description.as_ref()));
        if description
            .as_ref()
            .is_some_and(|text| text.chars().count() > DESCRIPTION_CHARS_MAX)
        {
            errors.push(format!(
                "Line item description cannot exceed {DESCRIPTION_CHARS_MAX} characters"
            ));
        }
        let amounts = self.amounts(element, old, errors);
        let account_code = self.account_code(element, old);
        let account = self.check_account(account_code.as_deref(), errors);
        let tax_type = self.tax_type(element, old, account, errors);
        let asked_tax = decimal(element, "TaxAmount", errors).or_else(|| {
            // A line whose amount and tax type stay keeps a tax amount somebody chose.
            let same = |old: &&Line| {
                old.tax_type == tax_type && old.line_amount == amounts.line_amount && old.taxed_as == self.amounts_are
            };
            old.filter(same).map(|line| line.tax_amount)
        });
        let tax_amount = self.tax(asked_tax, tax_type.as_deref(), amounts.line_amount);
        Line {
            id,
            description,
            quantity: amounts.quantity,
            unit_amount: amounts.unit_amount,
            item_code: text("ItemCode", old.and_then(|line| line.item_code.as_ref())),
            account_code: account.map(|found| found.code.clone()).or(account_code),
            tax_type,
            tax_amount,
            taxed_as: self.amounts_are,
            line_amount: amounts.line_amount,
            discount_rate: amounts.discount_rate,
            discount_amount: amounts.discount_amount,
            tracking: match element.list("Tracking") {
                Some(sent) => tracking::resolve(sent, &self.books.registers, errors),
                None => old.map(|line| line.tracking.clone()).unwrap_or_default(),
            },
        }
    }

    fn amounts(&self, element: &Json, old: Option<&Line>, errors: &mut Vec<String>) -> Amounts {
        let mut number = |key: &str| decimal(element, key, errors);
        let (quantity, unit_amount) = (number("Quantity"), number("UnitAmount"));
        let line_amount = number("LineAmount").map(money::cents);
        let (rate, amount) = (number("DiscountRate"), number("DiscountAmount"));
        let unit_amount = unit_amount
            .map(|unit| money::round(unit, self.unit_places))
            .or_else(|| old.and_then(|line| line.unit_amount));
        let quantity = quantity
            .map(|quantity| money::round(quantity, 4))
            .or_else(|| old.and_then(|line| line.quantity))
            .or_else(|| unit_amount.or(line_amount).map(|_| Decimal::ONE));
        let discount_rate = match (rate, amount) {
            (None, None) => old.and_then(|line| line.discount_rate),
            _ => rate,
        }
        .filter(|rate| !rate.is_zero());
        let discount_amount = match (rate, amount) {
            (None, None) => old.and_then(|line| line.discount_amount),
            _ => amount.map(money::cents),
        }
        .filter(|amount| !amount.is_zero());
        let mut amounts = Amounts {
            quantity,
            unit_amount,
            line_amount: Decimal::ZERO,
            discount_rate,
            discount_amount,
        };
        self.check_discount(amounts, errors);
        settle_line_amount(&mut amounts, line_amount, self.unit_places, errors);
        amounts
    }

    fn check_discount(&self, amounts: Amounts, errors: &mut Vec<String>) {
        let discounted = amounts.discount_rate.is_some() || amounts.discount_amount.is_some();
        if discounted && !self.discounts {
            // That they have none is documented, the text is an assumption.
            errors.push("Discounts can only be applied to ACCREC invoices".to_owned());
        }
        if let Some(rate) = amounts.discount_rate
            && !(Decimal::ZERO..=Decimal::ONE_HUNDRED).contains(&rate)
        {
            errors.push(format!(
                "The discount rate '{rate}' is invalid. \
                 Discount must not be greater than the line total."
            ));
        }
    }

    fn account_code(&self, element: &Json, old: Option<&Line>) -> Option<String> {
        let by_id = || {
            let id = Uuid::parse_str(element.text("AccountID")?).ok()?;
            self.books.account_by_id(id).map(|account| account.code.clone())
        };
        element
            .text("AccountCode")
            .filter(|code| !code.is_empty())
            .map(str::to_owned)
            .or_else(by_id)
            .or_else(|| old.and_then(|line| line.account_code.clone()))
    }

    fn check_account(&self, code: Option<&str>, errors: &mut Vec<String>) -> Option<&Account> {
        let code = code?;
        let fits = |account: &&Account| match self.on_control {
            Some(system) => account.system.as_deref() == Some(system),
            None => account.takes_lines(),
        };
        let account = self.books.account(code).filter(fits);
        match account.map(|account| account.status) {
            None => {
                errors.push(format!("Account code '{code}' is not a valid code for this document."));
            }
            Some(AccountStatus::Archived | AccountStatus::Deleted) => errors.push(format!(
                "Account code '{code}' has been archived, or has been deleted. \
                 Each line item must reference a valid account."
            )),
            Some(AccountStatus::Active) => {}
        }
        account
    }

    fn tax_type(
        &self,
        element: &Json,
        old: Option<&Line>,
        account: Option<&Account>,
        errors: &mut Vec<String>,
    ) -> Option<String> {
        if self.amounts_are == AmountsAre::NoTax {
            return Some("NONE".to_owned());
        }
        let asked = element
            .text("TaxType")
            .filter(|tax_type| !tax_type.is_empty())
            .or_else(|| old.and_then(|line| line.tax_type.as_deref()))
            .or_else(|| account.map(|account| account.tax_type.as_str()))?;
        let Some(rate) = self.books.tax_rate(asked) else {
            errors.push(format!(
                "The TaxType code {asked} does not exist or cannot be used for this type of transaction."
            ));
            return Some(asked.to_owned());
        };
        if let Some(account) = account
            && !rate.applies(account.class())
        {
            errors.push(format!(
                "The TaxType code '{asked}' cannot be used with account code '{}'",
                account.code
            ));
        }
        Some(rate.tax_type.clone())
    }

    fn tax(&self, asked: Option<Decimal>, tax_type: Option<&str>, line_amount: Decimal) -> Decimal {
        if self.amounts_are == AmountsAre::NoTax {
            return Decimal::ZERO;
        }
        if let Some(asked) = asked {
            return money::cents(asked);
        }
        let rate = tax_type.and_then(|tax_type| self.books.tax_rate(tax_type));
        rate.map_or(Decimal::ZERO, |rate| {
            money::tax_on(line_amount, rate.rate, self.amounts_are)
        })
    }
}

/// The line amount from quantity and price, or the price from the line amount.
fn settle_line_amount(amounts: &mut Amounts, sent: Option<Decimal>, unit_places: u32, errors: &mut Vec<String>) {
    let (Some(quantity), Some(unit_amount)) = (amounts.quantity, amounts.unit_amount) else {
        if let Some(sent) = sent {
            amounts.line_amount = sent;
            let unit = sent.checked_div(amounts.quantity.unwrap_or(Decimal::ONE));
            amounts.unit_amount = unit.map(|unit| money::round(unit, unit_places));
        }
        return;
    };
    let (rate, discount) = (amounts.discount_rate, amounts.discount_amount);
    let Some(expected) = money::line_amount(quantity, unit_amount, rate, discount) else {
        errors.push("The line total is too large".to_owned());
        return;
    };
    let gross = money::line_amount(quantity, unit_amount, None, None).unwrap_or_default();
    if let Some(discount) = discount
        && discount > gross.max(Decimal::ZERO)
    {
        errors.push(format!(
            "The discount rate '{discount}' is invalid. \
             Discount must not be greater than the line total."
        ));
    }
    if let Some(sent) = sent
        && sent != expected
    {
        errors.push(format!(
            "The line total {sent} does not match the expected line total {expected}"
        ));
    }
    amounts.line_amount = expected;
}
