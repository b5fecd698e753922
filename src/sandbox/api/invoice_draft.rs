//! Turns an element as sent into the invoice it would become, with everything Xero would refuse.

use chrono::NaiveDate;
use rand::rngs::StdRng;
use rust_decimal::Decimal;
use uuid::Uuid;

use super::call::{day, decimal};
use super::contact_draft::ContactDraft;
use super::header_draft;
use super::invoice_rules::{self, HAS_MONEY, NOT_MODIFIABLE, Standing};
use super::line_draft::LineDraft;
use crate::sandbox::books::settle::close_invoice;
use crate::sandbox::books::{AmountsAre, Books, Contact, Invoice, InvoiceStatus, Kind, cis};
use crate::sandbox::gate::grant::new_id;
use crate::sandbox::wire::Json;

/// Surroundings of a draft.
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

/// What is to be stored when nothing was refused.
#[derive(Debug)]
pub struct Drafted {
    /// The invoice; an empty number asks for the next of Xero's own series.
    pub invoice: Invoice,
    /// A contact that the invoice creates or changes.
    pub contact: Option<Contact>,
}

impl Drafting<'_> {
    /// The invoice an element would make of `old`, or of nothing. `None` only with errors.
    pub fn draft(&mut self, element: &Json, old: Option<&Invoice>) -> Option<Drafted> {
        let kind = self.kind(element, old)?;
        if old.is_some_and(|invoice| invoice.status.is_cancelled()) {
            self.errors.push(format!("Invoice {NOT_MODIFIABLE}"));
            return None;
        }
        let mut contact_draft = ContactDraft {
            books: self.books,
            rng: self.rng,
            now_ms: self.now_ms,
            errors: &mut self.errors,
        };
        let (contact_id, contact) = contact_draft.resolve(element, old.map(|old| old.contact))?;
        let mut invoice = match old {
            Some(invoice) => invoice.clone(),
            None => self.blank(kind, contact_id),
        };
        invoice.contact = contact_id;
        self.status(element, old, &mut invoice);
        self.header(element, &mut invoice);
        self.lines(element, old, &mut invoice);
        self.deduct(contact.as_ref(), &mut invoice);
        self.number(element, &mut invoice);
        self.check_whole(element, old, &invoice);
        let due_from = invoice.date;
        if invoice.status != InvoiceStatus::Draft && invoice.due_date.is_none() {
            invoice.due_date = Some(due_from);
        }
        close_invoice(self.books, &mut invoice, due_from);
        invoice.updated_ms = self.now_ms;
        invoice.versions = invoice.versions.saturating_add(1);
        Some(Drafted { invoice, contact })
    }

    fn kind(&mut self, element: &Json, old: Option<&Invoice>) -> Option<Kind> {
        let sent = element.text("Type");
        match (sent.map(Kind::parse), old) {
            (Some(Some(kind)), Some(old)) if kind != old.kind => {
                self.errors.push("Invoice Type cannot be changed".to_owned());
                None
            }
            (Some(Some(kind)), _) => Some(kind),
            (None, Some(old)) => Some(old.kind),
            (Some(None), _) => {
                self.errors.push("Invoice Type is not valid".to_owned());
                None
            }
            (None, None) => {
                self.errors.push("Invoice Type must be specified".to_owned());
                None
            }
        }
    }

    fn blank(&mut self, kind: Kind, contact: Uuid) -> Invoice {
        Invoice {
            id: new_id(self.rng),
            kind,
            number: String::new(),
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
            amount_paid: Decimal::ZERO,
            credits: Vec::new(),
            cis_rate: None,
            cis_deduction: Decimal::ZERO,
            currency: self.books.organisation.base_currency.clone(),
            currency_rate: Decimal::ONE,
            url: None,
            branding_theme: header_draft::theme(kind, self.books),
            expected_payment: None,
            planned_payment: None,
            sent_to_contact: false,
            fully_paid_on: None,
            payments: Vec::new(),
            by_app: true,
            updated_ms: self.now_ms,
            versions: 0,
        }
    }

    fn status(&mut self, element: &Json, old: Option<&Invoice>, invoice: &mut Invoice) {
        let Some(text) = element.text("Status") else {
            return;
        };
        let Some(wanted) = InvoiceStatus::parse(text) else {
            self.errors.push(format!("Invoice Status '{text}' is not valid"));
            return;
        };
        match invoice_rules::status_refusal("Invoice", old.map(Standing::of), wanted) {
            Some(refusal) => self.errors.push(refusal),
            None => invoice.status = wanted,
        }
    }

    fn header(&mut self, element: &Json, invoice: &mut Invoice) {
        let errors = &mut self.errors;
        if let Some(date) = day(element, "Date", errors) {
            invoice.date = date;
        }
        invoice.due_date = day(element, "DueDate", errors).or(invoice.due_date);
        invoice.expected_payment = day(element, "ExpectedPaymentDate", errors).or(invoice.expected_payment);
        invoice.planned_payment = day(element, "PlannedPaymentDate", errors).or(invoice.planned_payment);
        if let Some(reference) = element.text("Reference")
            && invoice.kind == Kind::AccRec
        {
            invoice.reference = reference.to_owned();
        }
        if let Some(url) = element.text("Url") {
            invoice.url = Some(url.to_owned()).filter(|url| !url.is_empty());
        }
        if let Some(theme) = element.text("BrandingThemeID") {
            invoice.branding_theme = Some(theme.to_owned());
        }
        invoice.sent_to_contact = element.flag("SentToContact").unwrap_or(invoice.sent_to_contact);
        header_draft::amounts_are(element, &mut invoice.amounts_are, errors);
        let (currency, rate) = (&mut invoice.currency, &mut invoice.currency_rate);
        header_draft::currency(element, self.books, currency, rate, errors);
    }

    /// What the CIS scheme keeps back; `changed` is the contact as this draft changes it.
    fn deduct(&self, changed: Option<&Contact>, invoice: &mut Invoice) {
        let contact = changed.or_else(|| self.books.contacts().get(invoice.contact));
        let deduction = cis::deduction(self.books, contact, invoice.kind, &invoice.lines, invoice.amounts_are);
        invoice.cis_rate = deduction.map(|(rate, _)| rate);
        invoice.cis_deduction = deduction.map_or(Decimal::ZERO, |(_, amount)| amount);
    }

    fn lines(&mut self, element: &Json, old: Option<&Invoice>, invoice: &mut Invoice) {
        let draft = LineDraft {
            books: self.books,
            kind: invoice.kind,
            discounts: invoice.kind == Kind::AccRec,
            on_control: None,
            amounts_are: invoice.amounts_are,
            unit_places: self.unit_places,
        };
        match element.list("LineItems") {
            Some(sent) => {
                let kept = old.map(|old| old.lines.as_slice()).unwrap_or_default();
                invoice.lines = draft.lines(sent, kept, self.rng, &mut self.errors);
            }
            None if old.is_some_and(|old| old.amounts_are != invoice.amounts_are) => {
                for line in &mut invoice.lines {
                    header_draft::retax(line, invoice.amounts_are, self.books);
                }
            }
            None => {}
        }
        invoice.sum_up();
        if invoice.lines.is_empty() {
            self.errors.push("One or more line items must be specified".to_owned());
        }
    }

    fn number(&mut self, element: &Json, invoice: &mut Invoice) {
        if let Some(number) = element.text("InvoiceNumber").map(str::trim)
            && !number.is_empty()
        {
            invoice.number = number.to_owned();
        }
        if invoice.number.chars().count() > 255 {
            self.errors
                .push("InvoiceNumber cannot exceed 255 characters".to_owned());
        }
        let taken = invoice.kind == Kind::AccRec
            && !invoice.number.is_empty()
            && self
                .books
                .numbered(Kind::AccRec, &invoice.number)
                .any(|other| other.id != invoice.id);
        if taken {
            self.errors.push("Invoice # must be unique.".to_owned());
        }
    }

    fn check_whole(&mut self, element: &Json, old: Option<&Invoice>, invoice: &Invoice) {
        let organisation = &self.books.organisation;
        let locked = invoice_rules::lock_refusal(organisation, invoice.date)
            .or_else(|| invoice_rules::lock_refusal(organisation, old?.date));
        self.errors.extend(locked);
        if old.is_some_and(|old| invoice_rules::breaks_money_lock(old, invoice)) {
            self.errors.push(HAS_MONEY.to_owned());
        }
        let is_final = invoice.status != InvoiceStatus::Draft && !invoice.status.is_cancelled();
        self.errors
            .extend(invoice_rules::uncoded_refusal(is_final, &invoice.lines));
        self.errors
            .extend(invoice_rules::negative_refusal("invoice", is_final, invoice.total));
        if let Some(total) = decimal(element, "Total", &mut self.errors)
            && element.list("LineItems").is_some()
            && total != invoice.total
        {
            self.errors
                .push("The invoice total does not equal the sum of the lines.".to_owned());
        }
    }
}
