//! The books as a whole: every collection and the indexes that keep lookups cheap.

use std::collections::HashMap;

use uuid::Uuid;

use super::bank::{BankTransaction, Batch};
use super::chart::{Account, AccountStatus, TaxRate, TaxStatus};
use super::contact::{Contact, ContactStatus};
use super::credit::{Credit, Family};
use super::invoice::{Invoice, InvoiceStatus, Kind};
use super::organisation::Organisation;
use super::payment::Payment;
use super::registers::Registers;
use super::shelf::{Lag, Shelf};

/// What a webhook event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// An invoice was created.
    InvoiceCreated,
    /// An invoice changed, also by a payment.
    InvoiceUpdated,
    /// A contact was created.
    ContactCreated,
    /// A contact changed.
    ContactUpdated,
    /// A credit note, overpayment or prepayment was created or changed.
    Credit {
        /// Which of the three.
        family: Family,
        /// Xero's word for its type.
        type_text: &'static str,
        /// Where it stands now.
        status: InvoiceStatus,
        /// It was created.
        is_new: bool,
    },
}

/// Something subscribers are told about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// What happened.
    pub subject: Subject,
    /// To which document.
    pub id: Uuid,
    /// When, in milliseconds of document time.
    pub at_ms: i64,
}

/// One organisation's books.
#[derive(Debug, Clone)]
pub struct Books {
    /// The organisation itself.
    pub organisation: Organisation,
    /// The chart in code order.
    pub accounts: Vec<Account>,
    /// The tax rates.
    pub tax_rates: Vec<TaxRate>,
    /// Journals, items, tracking, groups and notes.
    pub registers: Registers,
    contacts: Shelf<Contact>,
    invoices: Shelf<Invoice>,
    payments: Shelf<Payment>,
    pub(super) credit_notes: Shelf<Credit>,
    pub(super) overpayments: Shelf<Credit>,
    pub(super) prepayments: Shelf<Credit>,
    pub(super) bank_transactions: Shelf<BankTransaction>,
    pub(super) batches: Shelf<Batch>,
    active_names: HashMap<String, Uuid>,
    contact_numbers: HashMap<String, Uuid>,
    numbers: HashMap<(Kind, String), Vec<Uuid>>,
    pub(super) credit_numbers: HashMap<(Kind, String), Vec<Uuid>>,
    pub(super) next_number: u32,
    pub(super) changes: Vec<Change>,
}

impl Books {
    /// Empty books with a chart.
    pub fn new(organisation: Organisation, accounts: Vec<Account>, tax_rates: Vec<TaxRate>) -> Self {
        Self {
            organisation,
            accounts,
            tax_rates,
            registers: Registers::default(),
            contacts: Shelf::default(),
            invoices: Shelf::default(),
            payments: Shelf::default(),
            credit_notes: Shelf::default(),
            overpayments: Shelf::default(),
            prepayments: Shelf::default(),
            bank_transactions: Shelf::default(),
            batches: Shelf::default(),
            active_names: HashMap::new(),
            contact_numbers: HashMap::new(),
            numbers: HashMap::new(),
            credit_numbers: HashMap::new(),
            next_number: 1,
            changes: Vec::new(),
        }
    }

    /// All contacts.
    pub fn contacts(&self) -> &Shelf<Contact> {
        &self.contacts
    }

    /// All invoices and bills.
    pub fn invoices(&self) -> &Shelf<Invoice> {
        &self.invoices
    }

    /// All payments, deleted ones too.
    pub fn payments(&self) -> &Shelf<Payment> {
        &self.payments
    }

    /// The account with this code; deleted ones have given theirs back.
    pub fn account(&self, code: &str) -> Option<&Account> {
        self.accounts
            .iter()
            .find(|account| account.status != AccountStatus::Deleted && account.code.eq_ignore_ascii_case(code))
    }

    /// The account with this id.
    pub fn account_by_id(&self, id: Uuid) -> Option<&Account> {
        self.accounts.iter().find(|account| account.id == id)
    }

    /// The tax rate with this type that lines may use.
    pub fn tax_rate(&self, tax_type: &str) -> Option<&TaxRate> {
        self.tax_rates
            .iter()
            .find(|rate| rate.status == TaxStatus::Active && rate.tax_type.eq_ignore_ascii_case(tax_type))
    }

    /// The active contact of this name, in any letter case.
    pub fn contact_named(&self, name: &str) -> Option<&Contact> {
        self.active_names.get(&key(name)).and_then(|id| self.contacts.get(*id))
    }

    /// The contact with this `ContactNumber`.
    pub fn contact_numbered(&self, number: &str) -> Option<&Contact> {
        self.contact_numbers
            .get(&key(number))
            .and_then(|id| self.contacts.get(*id))
    }

    /// Invoices of this number; more than one only among bills.
    pub fn numbered(&self, kind: Kind, number: &str) -> impl Iterator<Item = &Invoice> {
        self.numbers
            .get(&(kind, key(number)))
            .into_iter()
            .flatten()
            .filter_map(|id| self.invoices.get(*id))
    }

    /// An invoice by GUID or number, sales invoices first.
    pub fn find_invoice(&self, id_or_number: &str) -> Option<&Invoice> {
        if let Ok(id) = Uuid::parse_str(id_or_number) {
            return self.invoices.get(id);
        }
        self.numbered(Kind::AccRec, id_or_number)
            .chain(self.numbered(Kind::AccPay, id_or_number))
            .next()
    }

    /// Stores a contact and keeps the indexes.
    pub fn save_contact(&mut self, contact: Contact) {
        if let Some(old) = self.contacts.get(contact.id) {
            if self.active_names.get(&key(&old.name)) == Some(&old.id) {
                self.active_names.remove(&key(&old.name));
            }
            if let Some(number) = &old.number {
                self.contact_numbers.remove(&key(number));
            }
        }
        if contact.status == ContactStatus::Active {
            self.active_names.insert(key(&contact.name), contact.id);
        }
        if let Some(number) = &contact.number {
            self.contact_numbers.insert(key(number), contact.id);
        }
        let (id, at_ms) = (contact.id, contact.updated_ms);
        let subject = match self.contacts.put(contact) {
            Some(_) => Subject::ContactUpdated,
            None => Subject::ContactCreated,
        };
        self.changes.push(Change { subject, id, at_ms });
    }

    /// Marks a contact as customer or supplier; Xero does not touch its stamp for that.
    pub fn mark_contact(&mut self, id: Uuid, kind: Kind) {
        let Some(contact) = self.contacts.get(id) else {
            return;
        };
        let mut contact = contact.clone();
        match kind {
            Kind::AccRec => contact.is_customer = true,
            Kind::AccPay => contact.is_supplier = true,
        }
        self.contacts.put(contact);
    }

    /// Stores an invoice and keeps the indexes.
    pub fn save_invoice(&mut self, invoice: Invoice) {
        let (id, at_ms) = (invoice.id, invoice.updated_ms);
        let slot = (invoice.kind, key(&invoice.number));
        let old_slot = self.invoices.get(id).map(|old| (old.kind, key(&old.number)));
        if old_slot.as_ref() != Some(&slot) {
            if let Some(ids) = old_slot.and_then(|old| self.numbers.get_mut(&old)) {
                ids.retain(|other| *other != id);
            }
            self.numbers.entry(slot).or_default().push(id);
        }
        if invoice.status.is_approved() {
            self.mark_contact(invoice.contact, invoice.kind);
        }
        let subject = match self.invoices.put(invoice) {
            Some(_) => Subject::InvoiceUpdated,
            None => Subject::InvoiceCreated,
        };
        self.changes.push(Change { subject, id, at_ms });
    }

    /// Stores a payment. Xero sends no event for payments: the invoice's tells.
    pub fn save_payment(&mut self, payment: Payment) {
        self.payments.put(payment);
    }

    /// Forgets all documents and contacts; the organisation, chart and rates stay.
    pub fn clear(&mut self) {
        let (accounts, rates) = (self.accounts.clone(), self.tax_rates.clone());
        let registers = self.registers.emptied();
        *self = Self::new(self.organisation.clone(), accounts, rates);
        self.registers = registers;
    }

    /// Sets how far lists lag, and the time for them.
    pub fn tick(&mut self, lag: Lag) {
        self.contacts.tick(lag);
        self.invoices.tick(lag);
        self.payments.tick(lag);
        self.tick_credits(lag);
        self.registers.tick(lag);
    }

    /// What happened since the last call.
    pub fn take_changes(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.changes)
    }
}

/// Names and numbers compare in any letter case.
pub(super) fn key(text: &str) -> String {
    text.trim().to_lowercase()
}
