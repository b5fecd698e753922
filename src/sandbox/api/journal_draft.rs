//! Turns an element as sent into the manual journal it would become, with everything Xero would
//! refuse.
//!
//! Recorded: the refusal of sides that differ, and that an unknown account is taken out of a draft
//! with a warning. Assumptions: every other text; that posted journals may still be edited; that
//! only a draft can be deleted and only a posted journal voided; that ARCHIVED cannot be asked for.

use rust_decimal::Decimal;

use super::call::{Call, day, decimal};
use super::{invoice_rules, tracking};
use crate::sandbox::books::{
    Account, AccountStatus, AmountsAre, Books, JournalLine, JournalStatus, ManualJournal, money,
};
use crate::sandbox::gate::grant::new_id;
use crate::sandbox::wire::Json;

/// The wrong state for this change.
pub const NOT_MODIFIABLE: &str = "Manual Journal not of valid status for modification";
/// Anything but DRAFT or POSTED at creation.
pub const NOT_CREATABLE: &str = "Manual Journal not of valid status for creation";

/// A journal that may be stored.
#[derive(Debug)]
pub struct DraftedJournal {
    /// The journal.
    pub journal: ManualJournal,
    /// What Xero changed about it.
    pub warnings: Vec<String>,
}

/// The journal an element would make of `old`, or of nothing.
///
/// # Errors
/// What Xero would refuse.
pub fn draft(call: &mut Call<'_>, element: &Json, old: Option<&ManualJournal>) -> Result<DraftedJournal, Vec<String>> {
    let mut errors = Vec::new();
    let mut warnings = Vec::new();
    let mut journal = match old {
        Some(old) => old.clone(),
        None => blank(call),
    };
    if let Err(refused) = move_status(element, old, &mut journal) {
        return Err(vec![refused]);
    }
    header(element, &mut journal, &mut errors);
    match element.list("JournalLines").filter(|sent| !sent.is_empty()) {
        Some(sent) => {
            journal.lines = sent
                .iter()
                .map(|line| read_line(line, &journal, call.books, &mut errors, &mut warnings))
                .collect();
        }
        None => {
            let books = &*call.books;
            let amounts_are = journal.amounts_are;
            journal
                .lines
                .iter_mut()
                .for_each(|line| retax(line, amounts_are, books));
        }
    }
    check(&journal, old, call.books, &mut errors);
    journal.updated_ms = call.now_ms;
    journal.versions = journal.versions.saturating_add(1);
    if errors.is_empty() {
        Ok(DraftedJournal { journal, warnings })
    } else {
        Err(errors)
    }
}

fn blank(call: &mut Call<'_>) -> ManualJournal {
    ManualJournal {
        id: new_id(call.rng),
        narration: String::new(),
        date: call.today(),
        status: JournalStatus::Draft,
        amounts_are: AmountsAre::NoTax,
        lines: Vec::new(),
        url: None,
        cash_basis: true,
        updated_ms: call.now_ms,
        versions: 0,
    }
}

fn move_status(element: &Json, old: Option<&ManualJournal>, journal: &mut ManualJournal) -> Result<(), String> {
    use JournalStatus::{Deleted, Draft, Posted, Voided};
    let from = old.map(|old| old.status);
    if from.is_some_and(|from| !matches!(from, Draft | Posted)) {
        return Err(NOT_MODIFIABLE.to_owned());
    }
    let Some(text) = element.text("Status") else {
        return Ok(());
    };
    let wanted = JournalStatus::parse(text).ok_or_else(|| format!("Manual Journal Status '{text}' is not valid"))?;
    let is_allowed = match from {
        None => matches!(wanted, Draft | Posted),
        Some(Draft) => matches!(wanted, Draft | Posted | Deleted),
        Some(_) => matches!(wanted, Posted | Voided),
    };
    if !is_allowed {
        let refusal = if old.is_none() { NOT_CREATABLE } else { NOT_MODIFIABLE };
        return Err(refusal.to_owned());
    }
    journal.status = wanted;
    Ok(())
}

fn header(element: &Json, journal: &mut ManualJournal, errors: &mut Vec<String>) {
    if let Some(narration) = element.text("Narration") {
        journal.narration = narration.trim().to_owned();
    }
    if let Some(date) = day(element, "Date", errors) {
        journal.date = date;
    }
    if let Some(url) = element.text("Url") {
        journal.url = Some(url.to_owned()).filter(|url| !url.is_empty());
    }
    journal.cash_basis = element.flag("ShowOnCashBasisReports").unwrap_or(journal.cash_basis);
    if let Some(text) = element.text("LineAmountTypes") {
        match AmountsAre::parse(text) {
            Some(amounts_are) => journal.amounts_are = amounts_are,
            None => errors.push(format!("LineAmountTypes '{text}' is not valid")),
        }
    }
}

fn read_line(
    element: &Json,
    journal: &ManualJournal,
    books: &Books,
    errors: &mut Vec<String>,
    warnings: &mut Vec<String>,
) -> JournalLine {
    let amount = decimal(element, "LineAmount", errors).map(money::cents);
    if amount.is_none() {
        errors.push("LineAmount must be specified".to_owned());
    }
    let account = account(element, journal, books, errors, warnings);
    let tracked = element.list("Tracking").unwrap_or_default();
    let mut line = JournalLine {
        description: element.text("Description").map(str::to_owned),
        amount: amount.unwrap_or_default(),
        tax_type: element
            .text("TaxType")
            .filter(|text| !text.is_empty())
            .map(str::to_owned),
        tax: Decimal::ZERO,
        account_code: account.map(|account| account.code.clone()),
        tracking: tracking::resolve(tracked, &books.registers, errors),
    };
    let known = line
        .tax_type
        .as_deref()
        .is_none_or(|tax_type| books.tax_rate(tax_type).is_some());
    if let Some(asked) = line.tax_type.as_deref().filter(|_| !known) {
        errors.push(format!(
            "The TaxType code {asked} does not exist or cannot be used for this type of transaction."
        ));
    }
    retax(&mut line, journal.amounts_are, books);
    if let Some(tax) = decimal(element, "TaxAmount", errors)
        && journal.amounts_are != AmountsAre::NoTax
    {
        line.tax = money::cents(tax);
    }
    line
}

fn account<'a>(
    element: &Json,
    journal: &ManualJournal,
    books: &'a Books,
    errors: &mut Vec<String>,
    warnings: &mut Vec<String>,
) -> Option<&'a Account> {
    let code = element.text("AccountCode").filter(|code| !code.is_empty());
    let Some(code) = code else {
        if journal.status == JournalStatus::Posted {
            errors.push("Account code must be specified".to_owned());
        }
        return None;
    };
    let Some(account) = books.account(code) else {
        warnings.push(format!(
            "Account code '{code}' has been removed as it does not match a recognised account."
        ));
        if journal.status == JournalStatus::Posted {
            errors.push(format!("Account code '{code}' is not a valid code for this document."));
        }
        return None;
    };
    let closed_system = matches!(
        account.system.as_deref(),
        Some("DEBTORS" | "CREDITORS" | "RETAINEDEARNINGS")
    );
    if closed_system || matches!(account.account_type.as_str(), "BANK" | "INVENTORY") {
        errors.push(format!("Account code '{code}' is not a valid code for this document."));
    }
    if account.status != AccountStatus::Active {
        errors.push(format!(
            "Account code '{code}' has been archived, or has been deleted. \
             Each line item must reference a valid account."
        ));
    }
    Some(account)
}

/// Without tax every line is `NONE`; otherwise a line that names no tax has its account's.
fn retax(line: &mut JournalLine, amounts_are: AmountsAre, books: &Books) {
    if amounts_are == AmountsAre::NoTax {
        line.tax_type = Some("NONE".to_owned());
        line.tax = Decimal::ZERO;
        return;
    }
    let usual = line.account_code.as_deref().and_then(|code| books.account(code));
    let tax_type = line
        .tax_type
        .take()
        .or_else(|| usual.map(|account| account.tax_type.clone()));
    let rate = tax_type.as_deref().and_then(|tax_type| books.tax_rate(tax_type));
    line.tax = rate.map_or(Decimal::ZERO, |rate| money::tax_on(line.amount, rate.rate, amounts_are));
    line.tax_type = tax_type;
}

fn check(journal: &ManualJournal, old: Option<&ManualJournal>, books: &Books, errors: &mut Vec<String>) {
    if journal.narration.is_empty() {
        errors.push("Narration must be specified".to_owned());
    }
    if journal.lines.len() < 2 {
        errors.push("At least two journal lines must be specified".to_owned());
    }
    let (debits, credits) = journal.sides();
    if !debits.saturating_add(credits).is_zero() {
        errors.push(format!(
            "The total debits ({debits:.2}) must equal total credits ({credits:.2})"
        ));
    }
    let organisation = &books.organisation;
    let locked = invoice_rules::lock_refusal(organisation, journal.date)
        .or_else(|| invoice_rules::lock_refusal(organisation, old?.date));
    errors.extend(locked);
}
