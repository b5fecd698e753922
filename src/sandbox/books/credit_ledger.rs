//! The shelves of documents with credit, their numbers, and the series sales numbers come from.

use uuid::Uuid;

use super::credit::{Credit, Family};
use super::invoice::Kind;
use super::ledger::{Books, Change, Subject, key};
use super::shelf::{Lag, Shelf};

impl Books {
    /// All documents of one family.
    pub fn credits(&self, family: Family) -> &Shelf<Credit> {
        match family {
            Family::CreditNote => &self.credit_notes,
            Family::Overpayment => &self.overpayments,
            Family::Prepayment => &self.prepayments,
        }
    }

    /// One document with credit.
    pub fn credit(&self, family: Family, id: Uuid) -> Option<&Credit> {
        self.credits(family).get(id)
    }

    /// Credit notes of this number; more than one only among purchase credit notes.
    pub fn credit_notes_numbered(&self, kind: Kind, number: &str) -> impl Iterator<Item = &Credit> {
        self.credit_numbers
            .get(&(kind, key(number)))
            .into_iter()
            .flatten()
            .filter_map(|id| self.credit_notes.get(*id))
    }

    /// A credit note by GUID or number, sales first.
    pub fn find_credit_note(&self, id_or_number: &str) -> Option<&Credit> {
        if let Ok(id) = Uuid::parse_str(id_or_number) {
            return self.credit_notes.get(id);
        }
        self.credit_notes_numbered(Kind::AccRec, id_or_number)
            .chain(self.credit_notes_numbered(Kind::AccPay, id_or_number))
            .next()
    }

    /// The next free number of Xero's own series for sales invoices, `INV-0045`.
    pub fn next_invoice_number(&mut self) -> String {
        loop {
            let number = format!("INV-{:04}", self.take_series());
            if self.numbered(Kind::AccRec, &number).next().is_none() {
                return number;
            }
        }
    }

    /// The next free number for sales credit notes, `CN-0046`. Recorded: both draw from one
    /// series, so that each gap among the invoices is a credit note.
    pub fn next_credit_note_number(&mut self) -> String {
        loop {
            let number = format!("CN-{:04}", self.take_series());
            if self.credit_notes_numbered(Kind::AccRec, &number).next().is_none() {
                return number;
            }
        }
    }

    /// Stores a document with credit and keeps the indexes.
    pub fn save_credit(&mut self, credit: Credit) {
        let (id, at_ms) = (credit.id, credit.updated_ms);
        let (family, kind, status) = (credit.family, credit.kind, credit.status);
        if family == Family::CreditNote {
            self.index_credit_note(&credit);
        }
        if status.is_approved() {
            self.mark_contact(credit.contact, kind);
        }
        let shelf = match family {
            Family::CreditNote => &mut self.credit_notes,
            Family::Overpayment => &mut self.overpayments,
            Family::Prepayment => &mut self.prepayments,
        };
        let type_text = credit.type_text();
        let is_new = shelf.put(credit).is_none();
        let subject = Subject::Credit {
            family,
            type_text,
            status,
            is_new,
        };
        self.changes.push(Change { subject, id, at_ms });
    }

    /// Sets how far lists of money documents lag, and the time for them.
    pub(super) fn tick_credits(&mut self, lag: Lag) {
        self.credit_notes.tick(lag);
        self.overpayments.tick(lag);
        self.prepayments.tick(lag);
        self.bank_transactions.tick(lag);
        self.batches.tick(lag);
    }

    fn index_credit_note(&mut self, credit: &Credit) {
        let slot = |credit: &Credit| credit.number.as_deref().map(|number| (credit.kind, key(number)));
        let old_slot = self.credit_notes.get(credit.id).and_then(slot);
        let new_slot = slot(credit);
        if old_slot == new_slot {
            return;
        }
        if let Some(ids) = old_slot.and_then(|old| self.credit_numbers.get_mut(&old)) {
            ids.retain(|other| *other != credit.id);
        }
        if let Some(new) = new_slot {
            self.credit_numbers.entry(new).or_default().push(credit.id);
        }
    }

    fn take_series(&mut self) -> u32 {
        let number = self.next_number;
        self.next_number = self.next_number.saturating_add(1);
        number
    }
}
