//! Turns an element as sent into the credit note it would become, with everything Xero would
//! refuse.

use chrono::NaiveDate;
use rand::rngs::StdRng;
use rust_decimal::Decimal;
use uuid::Uuid;

use super::call::day;
use super::contact_draft::ContactDraft;
use super::header_draft;
use super::invoice_rules::{self, HAS_MONEY, NOT_MODIFIABLE, Standing};
use super::line_draft::LineDraft;
use crate::sandbox::books::settle::close_credit;
use crate::sandbox::books::{AmountsAre, Books, Contact, Credit, Family, InvoiceStatus, Kind};
use crate::sandbox::gate::grant::new_id;
use crate::sandbox::wire::Json;

/// Surroundings of a draft.
#[derive(Debug)]
pub struct CreditDraft<'a> {
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

/// What is to be stored when nothing was refused.
#[derive(Debug)]
pub struct DraftedCredit {
    /// The credit note; a sales one without a number asks for the next of Xero's own series.
    pub credit: Credit,
    /// A contact that the credit note creates or changes.
    pub contact: Option<Contact>,
}

impl CreditDraft<'_> {
    /// The credit note an element would make of `old`, or of nothing. `None` only with errors.
    pub fn draft(&mut self, element: &Json, old: Option<&Credit>) -> Option<DraftedCredit> {
        let kind = self.kind(element, old)?;
        if old.is_some_and(|credit| credit.status.is_cancelled()) {
            self.errors.push(format!("Credit Note {NOT_MODIFIABLE}"));
            return None;
        }
        let mut contact_draft = ContactDraft {
            books: self.books,
            rng: self.rng,
            now_ms: self.now_ms,
            errors: &mut self.errors,
        };
        let (contact_id, contact) = contact_draft.resolve(element, old.map(|old| old.contact))?;
        let mut credit = match old {
            Some(credit) => credit.clone(),
            None => self.blank(kind, contact_id),
        };
        credit.contact = contact_id;
        self.status(element, old, &mut credit);
        self.header(element, &mut credit);
        self.lines(element, old, &mut credit);
        self.number(element, &mut credit);
        self.check_whole(old, &credit);
        let on = credit.date;
        close_credit(self.books, &mut credit, on);
        credit.updated_ms = self.now_ms;
        credit.versions = credit.versions.saturating_add(1);
        Some(DraftedCredit { credit, contact })
    }

    fn kind(&mut self, element: &Json, old: Option<&Credit>) -> Option<Kind> {
        let sent = element
            .text("Type")
            .map(|text| match text.to_ascii_uppercase().as_str() {
                "ACCRECCREDIT" => Some(Kind::AccRec),
                "ACCPAYCREDIT" => Some(Kind::AccPay),
                _ => None,
            });
        let refusal = match (sent, old) {
            (Some(Some(kind)), Some(old)) if kind != old.kind => "Credit Note Type cannot be changed",
            (Some(Some(kind)), _) => return Some(kind),
            (None, Some(old)) => return Some(old.kind),
            (Some(None), _) => "Credit Note Type is not valid",
            (None, None) => "Credit Note Type must be specified",
        };
        self.errors.push(refusal.to_owned());
        None
    }

    fn blank(&mut self, kind: Kind, contact: Uuid) -> Credit {
        Credit {
            id: new_id(self.rng),
            family: Family::CreditNote,
            kind,
            number: None,
            reference: String::new(),
            contact,
            date: self.today,
            due_date: None,
            status: InvoiceStatus::Draft,
            amounts_are: AmountsAre::Exclusive,
            lines: Vec::new(),
            sub_total: Decimal::ZERO,
            total_tax: Decimal::ZERO,
            total: Decimal::ZERO,
            refunded: Decimal::ZERO,
            currency: self.books.organisation.base_currency.clone(),
            currency_rate: Decimal::ONE,
            branding_theme: header_draft::theme(kind, self.books),
            sent_to_contact: false,
            fully_paid_on: None,
            allocations: Vec::new(),
            payments: Vec::new(),
            updated_ms: self.now_ms,
            versions: 0,
        }
    }

    fn status(&mut self, element: &Json, old: Option<&Credit>, credit: &mut Credit) {
        let Some(text) = element.text("Status") else {
            return;
        };
        let Some(wanted) = InvoiceStatus::parse(text) else {
            self.errors.push(format!("Credit Note Status '{text}' is not valid"));
            return;
        };
        let standing = old.map(|old| Standing {
            status: old.status,
            has_money: old.has_money(),
        });
        match invoice_rules::status_refusal("Credit Note", standing, wanted) {
            Some(refusal) => self.errors.push(refusal),
            None => credit.status = wanted,
        }
    }

    fn header(&mut self, element: &Json, credit: &mut Credit) {
        let errors = &mut self.errors;
        if let Some(date) = day(element, "Date", errors) {
            credit.date = date;
        }
        credit.due_date = day(element, "DueDate", errors).or(credit.due_date);
        if let Some(reference) = element.text("Reference")
            && credit.kind == Kind::AccRec
        {
            credit.reference = reference.to_owned();
        }
        if let Some(theme) = element.text("BrandingThemeID") {
            credit.branding_theme = Some(theme.to_owned());
        }
        // Only approved ones can be marked as sent.
        if credit.status.is_approved() {
            credit.sent_to_contact = element.flag("SentToContact").unwrap_or(credit.sent_to_contact);
        }
        header_draft::amounts_are(element, &mut credit.amounts_are, errors);
        let (currency, rate) = (&mut credit.currency, &mut credit.currency_rate);
        header_draft::currency(element, self.books, currency, rate, errors);
    }

    fn lines(&mut self, element: &Json, old: Option<&Credit>, credit: &mut Credit) {
        let draft = LineDraft {
            books: self.books,
            kind: credit.kind,
            discounts: false,
            on_control: None,
            amounts_are: credit.amounts_are,
            unit_places: self.unit_places,
        };
        match element.list("LineItems") {
            Some(sent) => {
                let kept = old.map(|old| old.lines.as_slice()).unwrap_or_default();
                credit.lines = draft.lines(sent, kept, self.rng, &mut self.errors);
            }
            None if old.is_some_and(|old| old.amounts_are != credit.amounts_are) => {
                for line in &mut credit.lines {
                    header_draft::retax(line, credit.amounts_are, self.books);
                }
            }
            None => {}
        }
        credit.sum_up();
        if credit.lines.is_empty() {
            self.errors.push("One or more line items must be specified".to_owned());
        }
    }

    fn number(&mut self, element: &Json, credit: &mut Credit) {
        if let Some(number) = element.text("CreditNoteNumber").map(str::trim)
            && !number.is_empty()
        {
            credit.number = Some(number.to_owned());
        }
        let Some(number) = credit.number.as_deref() else {
            return;
        };
        if number.chars().count() > 255 {
            self.errors
                .push("CreditNoteNumber cannot exceed 255 characters".to_owned());
        }
        let mut same = self.books.credit_notes_numbered(Kind::AccRec, number);
        if credit.kind == Kind::AccRec && same.any(|other| other.id != credit.id) {
            self.errors.push("Credit Note # must be unique.".to_owned());
        }
    }

    fn check_whole(&mut self, old: Option<&Credit>, credit: &Credit) {
        let organisation = &self.books.organisation;
        let locked = invoice_rules::lock_refusal(organisation, credit.date)
            .or_else(|| invoice_rules::lock_refusal(organisation, old?.date));
        self.errors.extend(locked);
        let unlocked = |old: &Credit| {
            old.date == credit.date
                && old.contact == credit.contact
                && old.currency == credit.currency
                && old.currency_rate == credit.currency_rate
                && old.amounts_are == credit.amounts_are
                && invoice_rules::same_amounts(&old.lines, &credit.lines)
        };
        if old.is_some_and(|old| old.has_money() && !unlocked(old)) {
            self.errors.push(HAS_MONEY.to_owned());
        }
        let is_final = credit.status != InvoiceStatus::Draft && !credit.status.is_cancelled();
        self.errors
            .extend(invoice_rules::uncoded_refusal(is_final, &credit.lines));
        self.errors
            .extend(invoice_rules::negative_refusal("credit note", is_final, credit.total));
    }
}
