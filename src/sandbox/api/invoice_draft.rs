//! Turns an element as sent into the invoice it would become, with everything Xero would refuse.

use rust_decimal::Decimal;
use uuid::Uuid;

use super::call::decimal;
use super::drafting::{Drafting, Whole};
use super::invoice_rules::{self, HAS_MONEY, NOT_MODIFIABLE, Standing};
use super::line_draft::LineDraft;
use crate::sandbox::books::settle::close_invoice;
use crate::sandbox::books::{AmountsAre, Contact, Invoice, InvoiceStatus, Kind, cis};
use crate::sandbox::gate::grant::new_id;
use crate::sandbox::wire::Json;

const NOUN: &str = "Invoice";
const TYPES: [(&str, Kind); 2] = [("ACCREC", Kind::AccRec), ("ACCPAY", Kind::AccPay)];

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
    pub fn invoice(&mut self, element: &Json, old: Option<&Invoice>) -> Option<Drafted> {
        let kind = self.kind(NOUN, element, TYPES, old.map(|old| old.kind))?;
        if old.is_some_and(|invoice| invoice.status.is_cancelled()) {
            return self.refuse(format!("{NOUN} {NOT_MODIFIABLE}"));
        }
        let (contact_id, contact) = self.contact(element, old.map(|old| old.contact))?;
        let mut invoice = match old {
            Some(invoice) => invoice.clone(),
            None => self.blank_invoice(kind, contact_id),
        };
        invoice.contact = contact_id;
        self.status(NOUN, element, old.map(Standing::of), &mut invoice.status);
        self.invoice_header(element, &mut invoice);
        let draft = LineDraft {
            discounts: invoice.kind == Kind::AccRec,
            ..self.line_draft(invoice.kind, invoice.amounts_are)
        };
        invoice.lines = self.lines(element, &draft, old.map(|old| (old.lines.as_slice(), old.amounts_are)));
        invoice.sum_up();
        self.deduct(contact.as_ref(), &mut invoice);
        self.invoice_number(element, &mut invoice);
        self.check_invoice(element, old, &invoice);
        let due_from = invoice.date;
        if invoice.status != InvoiceStatus::Draft && invoice.due_date.is_none() {
            invoice.due_date = Some(due_from);
        }
        close_invoice(self.books, &mut invoice, due_from);
        invoice.updated_ms = self.now_ms;
        invoice.versions = invoice.versions.saturating_add(1);
        Some(Drafted { invoice, contact })
    }

    fn blank_invoice(&mut self, kind: Kind, contact: Uuid) -> Invoice {
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
            branding_theme: self.theme(kind),
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

    fn invoice_header(&mut self, element: &Json, invoice: &mut Invoice) {
        invoice.date = self.day(element, "Date").unwrap_or(invoice.date);
        invoice.due_date = self.day(element, "DueDate").or(invoice.due_date);
        invoice.expected_payment = self.day(element, "ExpectedPaymentDate").or(invoice.expected_payment);
        invoice.planned_payment = self.day(element, "PlannedPaymentDate").or(invoice.planned_payment);
        if let Some(reference) = element.text("Reference")
            && invoice.kind == Kind::AccRec
        {
            invoice.reference = reference.to_owned();
        }
        if let Some(url) = element.text("Url") {
            invoice.url = Some(url.to_owned()).filter(|url| !url.is_empty());
        }
        self.branding(element, &mut invoice.branding_theme);
        invoice.sent_to_contact = element.flag("SentToContact").unwrap_or(invoice.sent_to_contact);
        self.amounts_are(element, &mut invoice.amounts_are);
        self.currency(element, &mut invoice.currency, &mut invoice.currency_rate);
    }

    /// What the CIS scheme keeps back; `changed` is the contact as this draft changes it.
    fn deduct(&self, changed: Option<&Contact>, invoice: &mut Invoice) {
        let contact = changed.or_else(|| self.books.contacts().get(invoice.contact));
        let deduction = cis::deduction(self.books, contact, invoice.kind, &invoice.lines, invoice.amounts_are);
        invoice.cis_rate = deduction.map(|(rate, _)| rate);
        invoice.cis_deduction = deduction.map_or(Decimal::ZERO, |(_, amount)| amount);
    }

    fn invoice_number(&mut self, element: &Json, invoice: &mut Invoice) {
        if let Some(number) = self.number(element, "InvoiceNumber") {
            invoice.number = number;
        }
        let mut same = self.books.numbered(Kind::AccRec, &invoice.number);
        let is_numbered_sale = invoice.kind == Kind::AccRec && !invoice.number.is_empty();
        if is_numbered_sale && same.any(|other| other.id != invoice.id) {
            self.errors.push("Invoice # must be unique.".to_owned());
        }
    }

    fn check_invoice(&mut self, element: &Json, old: Option<&Invoice>, invoice: &Invoice) {
        if old.is_some_and(|old| invoice_rules::breaks_money_lock(old, invoice)) {
            self.errors.push(HAS_MONEY.to_owned());
        }
        self.check_whole(Whole {
            noun: NOUN,
            days: (invoice.date, old.map(|old| old.date)),
            status: invoice.status,
            lines: &invoice.lines,
            total: invoice.total,
        });
        if let Some(total) = decimal(element, "Total", &mut self.errors)
            && element.list("LineItems").is_some()
            && total != invoice.total
        {
            self.errors
                .push("The invoice total does not equal the sum of the lines.".to_owned());
        }
    }
}
