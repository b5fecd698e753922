//! Turns an element as sent into the bank transaction it would become, and into the overpayment
//! or prepayment it leaves behind.

use rust_decimal::Decimal;
use uuid::Uuid;

use super::drafting::Drafting;
use super::invoice_rules;
use super::line_draft::LineDraft;
use crate::sandbox::books::{
    AmountsAre, BankKind, BankStatus, BankTransaction, Contact, Credit, Family, InvoiceStatus, Kind, Line, money,
};
use crate::sandbox::gate::grant::new_id;
use crate::sandbox::wire::Json;

/// What is to be stored when nothing was refused.
#[derive(Debug)]
pub struct DraftedBank {
    /// The bank transaction.
    pub transaction: BankTransaction,
    /// The overpayment or prepayment; a received prepayment without a number asks for the next of
    /// Xero's own series.
    pub credit: Option<Credit>,
    /// A contact that it creates or changes.
    pub contact: Option<Contact>,
}

impl Drafting<'_> {
    /// The new bank transaction of an element. `None` only with errors.
    pub fn bank_transaction(&mut self, element: &Json) -> Option<DraftedBank> {
        let Some(what) = element.text("Type").and_then(BankKind::parse) else {
            return self.refuse("Bank transaction Type is not valid");
        };
        let account = self.bank(element, "BankAccount");
        if account.is_none() {
            self.errors.push("Bank account could not be found.".to_owned());
        }
        let (contact_id, contact) = self.contact(element, None)?;
        let mut transaction = self.blank_transaction(what, contact_id, account?);
        self.transaction_header(element, &mut transaction);
        self.transaction_lines(element, &mut transaction);
        let locked = invoice_rules::lock_refusal(&self.books.organisation, transaction.date);
        self.errors.extend(locked);
        if transaction.total <= Decimal::ZERO {
            self.errors
                .push("The bank transaction total must be greater than zero.".to_owned());
        }
        let credit = what.leaves.map(|family| self.credit(family, &transaction));
        transaction.credit = credit.as_ref().map(|credit| credit.id);
        Some(DraftedBank {
            transaction,
            credit,
            contact,
        })
    }

    fn blank_transaction(&mut self, what: BankKind, contact: Uuid, account: Uuid) -> BankTransaction {
        let overpayment = what.leaves == Some(Family::Overpayment);
        BankTransaction {
            id: new_id(self.rng),
            what,
            contact,
            account,
            date: self.today,
            reference: String::new(),
            // Nothing is supplied for an overpayment, so there is nothing to tax.
            amounts_are: if overpayment {
                AmountsAre::NoTax
            } else {
                AmountsAre::Exclusive
            },
            lines: Vec::new(),
            sub_total: Decimal::ZERO,
            total_tax: Decimal::ZERO,
            total: Decimal::ZERO,
            currency: self.books.organisation.base_currency.clone(),
            currency_rate: Decimal::ONE,
            url: None,
            status: BankStatus::Authorised,
            reconciled: false,
            credit: None,
            updated_ms: self.now_ms,
            versions: 1,
        }
    }

    fn transaction_header(&mut self, element: &Json, transaction: &mut BankTransaction) {
        transaction.date = self.day(element, "Date").unwrap_or(transaction.date);
        if let Some(reference) = element.text("Reference") {
            transaction.reference = reference.to_owned();
        }
        transaction.url = element.text("Url").map(str::to_owned);
        transaction.reconciled = element.flag("IsReconciled").unwrap_or(false);
        if transaction.what.leaves != Some(Family::Overpayment) {
            self.amounts_are(element, &mut transaction.amounts_are);
        }
        self.currency(element, &mut transaction.currency, &mut transaction.currency_rate);
    }

    fn transaction_lines(&mut self, element: &Json, transaction: &mut BankTransaction) {
        let control = match (transaction.what.leaves, transaction.what.kind) {
            (Some(Family::Overpayment), Kind::AccRec) => Some("DEBTORS"),
            (Some(Family::Overpayment), Kind::AccPay) => Some("CREDITORS"),
            _ => None,
        };
        let draft = LineDraft {
            on_control: control,
            ..self.line_draft(transaction.what.kind, transaction.amounts_are)
        };
        transaction.lines = self.lines(element, &draft, None);
        // An overpayment is of the debtors or creditors by itself.
        let own = self
            .books
            .accounts
            .iter()
            .find(|account| account.system.as_deref() == control);
        if let (Some(_), Some(own)) = (control, own) {
            for line in &mut transaction.lines {
                line.account_code.get_or_insert_with(|| own.code.clone());
            }
        }
        self.errors
            .extend(invoice_rules::uncoded_refusal(true, &transaction.lines));
        let totals = money::totals(&transaction.lines, transaction.amounts_are);
        transaction.sub_total = totals.sub_total;
        transaction.total_tax = totals.total_tax;
        transaction.total = totals.total;
    }

    fn credit(&mut self, family: Family, transaction: &BankTransaction) -> Credit {
        let prepayment = family == Family::Prepayment;
        let reference = transaction.reference.clone();
        let lines = transaction.lines.iter().map(|line| Line {
            id: new_id(self.rng),
            ..line.clone()
        });
        Credit {
            lines: lines.collect(),
            id: new_id(self.rng),
            family,
            kind: transaction.what.kind,
            number: Some(reference.clone()).filter(|number| prepayment && !number.is_empty()),
            reference,
            contact: transaction.contact,
            date: transaction.date,
            due_date: None,
            status: InvoiceStatus::Authorised,
            amounts_are: transaction.amounts_are,
            sub_total: transaction.sub_total,
            total_tax: transaction.total_tax,
            total: transaction.total,
            refunded: Decimal::ZERO,
            currency: transaction.currency.clone(),
            currency_rate: transaction.currency_rate,
            branding_theme: None,
            sent_to_contact: false,
            fully_paid_on: None,
            allocations: Vec::new(),
            payments: Vec::new(),
            updated_ms: self.now_ms,
            versions: 1,
        }
    }
}
