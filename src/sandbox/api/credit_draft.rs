//! Turns an element as sent into the credit note it would become, with everything Xero would
//! refuse.

use rust_decimal::Decimal;
use uuid::Uuid;

use super::drafting::{Drafting, Whole};
use super::invoice_rules::{self, HAS_MONEY, NOT_MODIFIABLE, Standing};
use crate::sandbox::books::settle::close_credit;
use crate::sandbox::books::{AmountsAre, Contact, Credit, Family, InvoiceStatus, Kind};
use crate::sandbox::gate::grant::new_id;
use crate::sandbox::wire::Json;

const NOUN: &str = "Credit Note";
const TYPES: [(&str, Kind); 2] = [("ACCRECCREDIT", Kind::AccRec), ("ACCPAYCREDIT", Kind::AccPay)];

/// What is to be stored when nothing was refused.
#[derive(Debug)]
pub struct DraftedCredit {
    /// The credit note; a sales one without a number asks for the next of Xero's own series.
    pub credit: Credit,
    /// A contact that the credit note creates or changes.
    pub contact: Option<Contact>,
}

impl Drafting<'_> {
    /// The credit note an element would make of `old`, or of nothing. `None` only with errors.
    pub fn credit_note(&mut self, element: &Json, old: Option<&Credit>) -> Option<DraftedCredit> {
        let kind = self.kind(NOUN, element, TYPES, old.map(|old| old.kind))?;
        if old.is_some_and(|credit| credit.status.is_cancelled()) {
            return self.refuse(format!("{NOUN} {NOT_MODIFIABLE}"));
        }
        let (contact_id, contact) = self.contact(element, old.map(|old| old.contact))?;
        let mut credit = match old {
            Some(credit) => credit.clone(),
            None => self.blank_credit_note(kind, contact_id),
        };
        credit.contact = contact_id;
        let standing = old.map(|old| Standing {
            status: old.status,
            has_money: old.has_money(),
        });
        self.status(NOUN, element, standing, &mut credit.status);
        self.credit_note_header(element, &mut credit);
        let draft = self.line_draft(credit.kind, credit.amounts_are);
        credit.lines = self.lines(element, &draft, old.map(|old| (old.lines.as_slice(), old.amounts_are)));
        credit.sum_up();
        self.credit_note_number(element, &mut credit);
        self.check_credit_note(old, &credit);
        let on = credit.date;
        close_credit(self.books, &mut credit, on);
        credit.updated_ms = self.now_ms;
        credit.versions = credit.versions.saturating_add(1);
        Some(DraftedCredit { credit, contact })
    }

    fn blank_credit_note(&mut self, kind: Kind, contact: Uuid) -> Credit {
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
            branding_theme: self.theme(kind),
            sent_to_contact: false,
            fully_paid_on: None,
            allocations: Vec::new(),
            payments: Vec::new(),
            updated_ms: self.now_ms,
            versions: 0,
        }
    }

    fn credit_note_header(&mut self, element: &Json, credit: &mut Credit) {
        credit.date = self.day(element, "Date").unwrap_or(credit.date);
        credit.due_date = self.day(element, "DueDate").or(credit.due_date);
        if let Some(reference) = element.text("Reference")
            && credit.kind == Kind::AccRec
        {
            credit.reference = reference.to_owned();
        }
        self.branding(element, &mut credit.branding_theme);
        // Only approved ones can be marked as sent.
        if credit.status.is_approved() {
            credit.sent_to_contact = element.flag("SentToContact").unwrap_or(credit.sent_to_contact);
        }
        self.amounts_are(element, &mut credit.amounts_are);
        self.currency(element, &mut credit.currency, &mut credit.currency_rate);
    }

    fn credit_note_number(&mut self, element: &Json, credit: &mut Credit) {
        if let Some(number) = self.number(element, "CreditNoteNumber") {
            credit.number = Some(number);
        }
        let Some(number) = credit.number.as_deref() else {
            return;
        };
        let mut same = self.books.credit_notes_numbered(Kind::AccRec, number);
        if credit.kind == Kind::AccRec && same.any(|other| other.id != credit.id) {
            self.errors.push("Credit Note # must be unique.".to_owned());
        }
    }

    fn check_credit_note(&mut self, old: Option<&Credit>, credit: &Credit) {
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
        self.check_whole(Whole {
            noun: NOUN,
            days: (credit.date, old.map(|old| old.date)),
            status: credit.status,
            lines: &credit.lines,
            total: credit.total,
        });
    }
}
