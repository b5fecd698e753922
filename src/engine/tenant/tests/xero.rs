//! A tiny Xero: creates, changes, unique names and sales numbers, and an idempotency cache that
//! keeps answers, errors too, for six minutes.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::model::document::{Currency, InvoiceKind};
use crate::model::failure::{Failure, FailureKind, Received, Remedy};
use crate::model::ids::{LineItemId, Marker, XeroContactId, XeroInvoiceId};
use crate::model::row::StreamKind;
use crate::model::time::{Now, Timestamp};
use crate::model::xero::*;

/// What bytes stand for.
#[derive(Clone)]
pub enum Meant {
    Create(Vec<OutgoingInvoice>),
    Change(InvoiceChange),
    Contacts(Vec<OutgoingContact>),
}

/// Encodes to text, and remembers what each text stands for.
#[derive(Clone, Default)]
pub struct Encoder(pub Arc<Mutex<HashMap<Bytes, Meant>>>);

impl Encoder {
    fn keep(&self, text: String, meant: Meant) -> Bytes {
        let bytes = Bytes::from(text);
        self.0.lock().unwrap().insert(bytes.clone(), meant);
        bytes
    }

    fn meaning(&self, body: &Bytes) -> Meant {
        self.0
            .lock()
            .unwrap()
            .get(body)
            .expect("these bytes were encoded")
            .clone()
    }
}

impl Encode for Encoder {
    fn create_invoices(&self, invoices: &[OutgoingInvoice]) -> Bytes {
        self.keep(format!("{invoices:?}"), Meant::Create(invoices.to_vec()))
    }

    fn change_invoice(&self, id: XeroInvoiceId, change: &InvoiceChange) -> Bytes {
        self.keep(format!("{id} {change:?}"), Meant::Change(change.clone()))
    }

    fn create_contacts(&self, contacts: &[OutgoingContact]) -> Bytes {
        self.keep(format!("{contacts:?}"), Meant::Contacts(contacts.to_vec()))
    }
}

/// How an answer comes, or does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// As it should.
    Well,
    /// The request never left.
    NotSent,
    /// Lost before Xero acted.
    LostBefore,
    /// Lost after Xero acted.
    LostAfter,
    /// 500, nothing done; kept under the key.
    ErrorBefore,
    /// 500, and yet it is done; kept under the key.
    ErrorAfter,
    /// 429 with this Retry-After in milliseconds.
    Throttled(u64),
    /// 401.
    TokenRejected,
    /// 403.
    TenantRejected,
    /// A page that says 404; nothing done.
    NotFound,
    /// 400: this will never be answered.
    Refused,
}

pub struct Xero {
    pub encoder: Encoder,
    pub invoices: BTreeMap<XeroInvoiceId, XeroInvoice>,
    pub contacts: Vec<XeroContact>,
    /// Sales and purchase numbers that are refused, and the words.
    pub refused: HashMap<String, String>,
    pub organisation: Organisation,
    pub accounts: Vec<Account>,
    /// What the lists of payments, credit notes, contacts and manual journals show.
    pub listed: Vec<Change>,
    /// Documents of a page of changes.
    pub page_size: usize,
    /// How often each document was written.
    pub writes: HashMap<XeroInvoiceId, u32>,
    kept: HashMap<String, (u64, Result<Reply, Failure>)>,
    next_id: u128,
    last_stamp: i64,
}

pub fn failure(kind: FailureKind, remedy: Remedy, received: Received, status: Option<u16>) -> Failure {
    Failure {
        kind,
        remedy,
        received,
        status,
        message: "it failed".to_owned(),
        validation: Vec::new(),
    }
}

impl Xero {
    pub fn new() -> Self {
        let account = |code: &str, is_active| Account {
            code: Some(code.to_owned()),
            name: code.to_owned(),
            account_type: "REVENUE".to_owned(),
            tax_type: Some("OUTPUT2".to_owned()),
            is_active,
            system_account: None,
        };
        Self {
            encoder: Encoder::default(),
            invoices: BTreeMap::new(),
            contacts: Vec::new(),
            refused: HashMap::new(),
            organisation: Organisation {
                name: "Demo".to_owned(),
                base_currency: Currency::GBP,
                time_zone: "GMTSTANDARDTIME".to_owned(),
                short_code: None,
                period_lock_date: None,
                end_of_year_lock_date: None,
            },
            accounts: vec![account("200", true), account("400", true), account("900", false)],
            listed: Vec::new(),
            page_size: 1_000,
            writes: HashMap::new(),
            kept: HashMap::new(),
            next_id: 1,
            last_stamp: 0,
        }
    }

    pub fn of_marker(&self, marker: Marker) -> Vec<&XeroInvoice> {
        self.invoices
            .values()
            .filter(|invoice| invoice.marker() == Some(marker))
            .collect()
    }

    /// The answer to a request; `None` = none comes, as far as the caller can tell.
    pub fn answer(&mut self, now: Now, request: &Request, how: How) -> Result<Reply, Failure> {
        use FailureKind as K;
        match how {
            How::NotSent => {
                return Err(failure(K::Unavailable, Remedy::RetryWithBackoff, Received::No, None));
            }
            How::Throttled(wait_ms) => {
                let remedy = Remedy::WaitForLimit {
                    limit: crate::model::failure::Limit::Minute,
                    retry_after_ms: Some(wait_ms),
                };
                return Err(failure(K::Throttled, remedy, Received::No, Some(429)));
            }
            How::TokenRejected => {
                return Err(failure(K::TokenRejected, Remedy::RefreshToken, Received::No, Some(401)));
            }
            How::TenantRejected => {
                return Err(failure(
                    K::TenantRejected,
                    Remedy::CheckConnection,
                    Received::No,
                    Some(403),
                ));
            }
            How::Refused => {
                return Err(failure(
                    K::Refused,
                    Remedy::GiveUpItem,
                    Received::RefusedWhole,
                    Some(400),
                ));
            }
            How::NotFound => {
                let received = match request.is_write() {
                    true => Received::UnknownAnswered,
                    false => Received::No,
                };
                return Err(failure(K::NotFound, Remedy::RetryWithBackoff, received, Some(404)));
            }
            How::Well | How::LostBefore | How::LostAfter | How::ErrorBefore | How::ErrorAfter => {}
        }
        let is_write = request.is_write();
        let lost = |received| Err(failure(K::TimedOut, Remedy::RetryWithBackoff, received, None));
        if !is_write {
            return match how {
                How::Well => Ok(self.read(request)),
                How::ErrorBefore | How::ErrorAfter => Err(failure(
                    K::Unavailable,
                    Remedy::RetryWithBackoff,
                    Received::No,
                    Some(500),
                )),
                _ => lost(Received::No),
            };
        }
        if how == How::LostBefore {
            return lost(Received::Unknown);
        }
        let answer = self.take(now, request, how);
        if how == How::LostAfter {
            lost(Received::Unknown)
        } else {
            answer
        }
    }

    /// Carries out a write, or gives the answer kept under its key.
    pub fn take(&mut self, now: Now, request: &Request, how: How) -> Result<Reply, Failure> {
        let Request::Write { target, body, key } = request else {
            panic!("not a write");
        };
        if let Some((at, kept)) = self.kept.get(key)
            && now.mono.0 - at < 360_000
        {
            return kept.clone();
        }
        let fails = matches!(how, How::ErrorBefore | How::ErrorAfter);
        let done = (how != How::ErrorBefore).then(|| self.carry_out(now, *target, body));
        let answer = match done {
            Some(reply) if !fails => Ok(reply),
            _ => Err(failure(
                FailureKind::Unavailable,
                Remedy::RetryWithBackoff,
                Received::UnknownAnswered,
                Some(500),
            )),
        };
        self.kept.insert(key.clone(), (now.mono.0, answer.clone()));
        answer
    }

    fn carry_out(&mut self, now: Now, target: WriteTarget, body: &Bytes) -> Reply {
        match (target, self.encoder.meaning(body)) {
            (WriteTarget::CreateInvoices, Meant::Create(wanted)) => {
                Reply::Written(wanted.iter().map(|invoice| self.create(now, invoice)).collect())
            }
            (WriteTarget::ChangeInvoice(id), Meant::Change(change)) => {
                self.change(now, id, &change);
                Reply::Written(vec![Element {
                    invoice: self.invoices[&id].clone(),
                    errors: Vec::new(),
                    warnings: Vec::new(),
                }])
            }
            (WriteTarget::CreateContacts, Meant::Contacts(wanted)) => {
                Reply::Contacts(wanted.iter().map(|contact| self.create_contact(contact)).collect())
            }
            _ => panic!("body and target do not fit"),
        }
    }

    fn create(&mut self, now: Now, wanted: &OutgoingInvoice) -> Element {
        let is_taken = wanted.kind == InvoiceKind::Sales
            && self.invoices.values().any(|other| {
                other.kind == Some(InvoiceKind::Sales) && other.number == wanted.number && !other.status.is_gone()
            });
        let words = match self.refused.get(&wanted.number) {
            Some(words) => Some(words.clone()),
            None => is_taken.then(|| "Invoice # must be unique.".to_owned()),
        };
        let lines = wanted.lines.iter().map(|line| self.line(line)).collect();
        let mut invoice = XeroInvoice {
            id: XeroInvoiceId(self.guid()),
            kind: Some(wanted.kind),
            number: wanted.number.clone(),
            reference: wanted.reference.clone().unwrap_or_default(),
            status: wanted.status.clone(),
            contact_id: Some(wanted.contact),
            contact_name: String::new(),
            date: Some(wanted.date),
            due_date: wanted.due_date,
            currency: Some(wanted.currency),
            line_amount_types: wanted.line_amount_types,
            lines,
            url: Some(wanted.url.clone()),
            sub_total: Decimal::ZERO,
            total_tax: Decimal::ZERO,
            total: Decimal::ZERO,
            cis_deduction: Decimal::ZERO,
            amount_due: Decimal::ZERO,
            amount_paid: Decimal::ZERO,
            amount_credited: Decimal::ZERO,
            payments: Vec::new(),
            credits: Vec::new(),
            updated: self.stamp(now),
        };
        invoice.sub_total = invoice.lines.iter().map(|line| line.line_amount).sum();
        invoice.total = invoice.sub_total;
        let errors: Vec<String> = words.into_iter().collect();
        if errors.is_empty() {
            self.writes.insert(invoice.id, 1);
            self.invoices.insert(invoice.id, invoice.clone());
        } else {
            invoice.id = XeroInvoiceId(Uuid::nil());
        }
        Element {
            invoice,
            errors,
            warnings: Vec::new(),
        }
    }

    /// Changes a document, as a person in Xero or we do.
    pub fn change(&mut self, now: Now, id: XeroInvoiceId, change: &InvoiceChange) {
        let lines = change
            .lines
            .as_ref()
            .map(|lines| lines.iter().map(|line| self.line(line)).collect::<Vec<_>>());
        let stamp = self.stamp(now);
        *self.writes.entry(id).or_default() += 1;
        let invoice = self.invoices.get_mut(&id).expect("it exists");
        let change = change.clone();
        invoice.number = change.number.unwrap_or(invoice.number.clone());
        invoice.reference = change.reference.unwrap_or(invoice.reference.clone());
        invoice.contact_id = change.contact.or(invoice.contact_id);
        invoice.date = change.date.or(invoice.date);
        invoice.due_date = change.due_date.or(invoice.due_date);
        invoice.currency = change.currency.or(invoice.currency);
        invoice.line_amount_types = change.line_amount_types.unwrap_or(invoice.line_amount_types);
        invoice.status = change.status.unwrap_or(invoice.status.clone());
        invoice.lines = lines.unwrap_or(invoice.lines.clone());
        invoice.url = change.url.or(invoice.url.clone());
        invoice.updated = stamp;
        invoice.sub_total = invoice.lines.iter().map(|line| line.line_amount).sum();
        invoice.total = invoice.sub_total;
    }

    fn create_contact(&mut self, wanted: &OutgoingContact) -> XeroContact {
        let name = wanted.name.to_lowercase();
        let is_taken = self
            .contacts
            .iter()
            .any(|other| other.name.to_lowercase() == name && !other.is_archived);
        let mut contact = self.contact(&wanted.name, Some(&wanted.number));
        if is_taken {
            contact.errors = vec![format!(
                "The contact name {} is already assigned to another contact.",
                wanted.name
            )];
        } else {
            self.contacts.push(contact.clone());
        }
        contact
    }

    /// A contact that is not stored yet.
    pub fn contact(&mut self, name: &str, number: Option<&str>) -> XeroContact {
        XeroContact {
            id: XeroContactId(self.guid()),
            name: name.to_owned(),
            number: number.map(str::to_owned),
            email: None,
            account_number: None,
            is_archived: false,
            merged_into: None,
            errors: Vec::new(),
        }
    }

    fn read(&self, request: &Request) -> Reply {
        let invoices = |is_wanted: &dyn Fn(&XeroInvoice) -> bool| Reply::Invoices {
            found: self
                .invoices
                .values()
                .filter(|invoice| is_wanted(invoice))
                .cloned()
                .collect(),
            page_count: 1,
        };
        match request {
            Request::Organisation => Reply::Organisation(self.organisation.clone()),
            Request::Accounts => Reply::Accounts(self.accounts.clone()),
            Request::TaxRates => Reply::TaxRates(vec![TaxRate {
                tax_type: "OUTPUT2".to_owned(),
                name: "20%".to_owned(),
                effective_rate: Decimal::from(20),
                is_active: true,
            }]),
            Request::FindContacts { numbers, names } => {
                let is_found = |contact: &&XeroContact| {
                    contact.number.as_ref().is_some_and(|number| numbers.contains(number))
                        || names
                            .iter()
                            .any(|name| name.to_lowercase() == contact.name.to_lowercase())
                };
                Reply::Contacts(self.contacts.iter().filter(is_found).cloned().collect())
            }
            Request::InvoicesById(ids) => invoices(&|invoice| ids.contains(&invoice.id)),
            Request::InvoicesByNumber(numbers) => invoices(&|invoice| numbers.contains(&invoice.number)),
            Request::MadeByUs { kind, since, .. } => {
                invoices(&|invoice| invoice.kind == Some(*kind) && invoice.updated >= *since)
            }
            Request::Changes {
                stream: StreamKind::Invoices,
                since,
                page,
            } => self.changes(*since, *page),
            Request::Changes { stream, since, page } => self.others(*stream, *since, *page),
            Request::Summaries { since, page } => {
                let Reply::Invoices { mut found, page_count } = self.changes(*since, *page) else {
                    panic!("a page holds invoices")
                };
                for document in &mut found {
                    document.lines.clear();
                    document.payments.clear();
                    document.credits.clear();
                }
                Reply::Invoices { found, page_count }
            }
            Request::Write { .. } => panic!("a write"),
        }
    }

    /// A page in the order of change, ties by id.
    fn changes(&self, since: Timestamp, page: u32) -> Reply {
        let mut changed: Vec<&XeroInvoice> = self.invoices.values().filter(|it| it.updated >= since).collect();
        changed.sort_by_key(|invoice| (invoice.updated, invoice.id));
        let pages: Vec<&[&XeroInvoice]> = changed.chunks(self.page_size).collect();
        let at = usize::try_from(page).unwrap() - 1;
        let found = pages.get(at).map_or(&[][..], |found| found);
        Reply::Invoices {
            found: found.iter().map(|invoice| (*invoice).clone()).collect(),
            page_count: u32::try_from(pages.len()).unwrap().max(1),
        }
    }

    /// A page of another stream, in the order of change.
    fn others(&self, stream: StreamKind, since: Timestamp, page: u32) -> Reply {
        let is_of = |change: &&Change| match change {
            Change::Payment(_) => stream == StreamKind::Payments,
            Change::Credit(_) => stream == StreamKind::CreditNotes,
            Change::Contact(_) => stream == StreamKind::Contacts,
            Change::Journal(_) => stream == StreamKind::ManualJournals,
        };
        let listed = self.listed.iter().filter(is_of);
        let mut changed: Vec<&Change> = listed.filter(|change| change.updated() >= since).collect();
        changed.sort_by_key(|change| change.updated());
        let pages: Vec<&[&Change]> = changed.chunks(self.page_size).collect();
        let at = usize::try_from(page).unwrap() - 1;
        let found = pages.get(at).map_or(&[][..], |found| found);
        Reply::Changes {
            found: found.iter().map(|change| (*change).clone()).collect(),
            page_count: u32::try_from(pages.len()).unwrap().max(1),
        }
    }

    fn line(&mut self, line: &OutgoingLine) -> XeroLine {
        let discount = line.discount_rate.unwrap_or_default();
        XeroLine {
            id: Some(line.id.unwrap_or_else(|| LineItemId(self.guid()))),
            description: line.description.clone(),
            quantity: line.quantity,
            unit_amount: line.unit_amount,
            account_code: line.account_code.clone(),
            tax_type: line.tax_type.clone(),
            tax_amount: line.tax_amount.unwrap_or_default(),
            line_amount: line.quantity * line.unit_amount * (Decimal::ONE_HUNDRED - discount) / Decimal::ONE_HUNDRED,
            item_code: line.item_code.clone(),
            discount_rate: line.discount_rate,
        }
    }

    pub fn guid(&mut self) -> Uuid {
        self.next_id += 1;
        Uuid::from_u128(self.next_id)
    }

    pub fn stamp(&mut self, now: Now) -> Timestamp {
        self.last_stamp = now.wall.0.max(self.last_stamp + 1);
        Timestamp(self.last_stamp)
    }
}
