//! The scenarios themselves; they obey the same rules as the API does.

use rust_decimal::Decimal;
use uuid::Uuid;

use super::body::{self, Bad};
use crate::sandbox::api::{Call, contacts, invoices};
use crate::sandbox::books::{
    Account, AccountStatus, Contact, ContactStatus, Invoice, InvoiceStatus, Payment, PaymentStatus, Target, money,
    settle,
};
use crate::sandbox::gate::grant::new_id;
use crate::sandbox::wire::Json;

/// Where a scenario plays.
#[derive(Debug)]
pub struct Scene<'a> {
    /// The organisation, as a handler sees it.
    pub call: Call<'a>,
    /// The whole control body.
    pub input: &'a Json,
    /// Its `args`.
    pub args: &'a Json,
}

/// How much of the amount due is paid when no amount is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Share {
    /// Half of it.
    Part,
    /// All of it.
    Whole,
}

/// A payment is entered; args `amount`, `date`, `reference`.
pub(super) fn pay(scene: &mut Scene<'_>, share: Share) -> Result<Uuid, Bad> {
    body::only(scene.args, &["amount", "date", "reference"])?;
    let invoice = scene.invoice()?;
    let due = invoice.amount_due();
    let usual = match share {
        Share::Whole => due,
        Share::Part => money::cents(due.checked_div(Decimal::TWO).unwrap_or(due)),
    };
    let amount: Option<Decimal> = body::read(scene.args, "amount", "an amount")?;
    let amount = money::cents(amount.unwrap_or(usual));
    let account = scene.bank()?;
    let payment = Payment {
        id: new_id(scene.call.rng),
        target: Target::Invoice(invoice.id),
        account,
        date: body::day(scene.args, "date")?.unwrap_or_else(|| scene.call.today()),
        amount,
        bank_amount: amount.checked_div(invoice.currency_rate).map_or(amount, money::cents),
        reference: scene.args.text("reference").map(str::to_owned),
        currency_rate: invoice.currency_rate,
        batch: None,
        status: PaymentStatus::Authorised,
        reconciled: false,
        updated_ms: scene.call.now_ms,
        versions: 1,
    };
    let id = payment.id;
    settle::pay(scene.call.books, payment).map_err(|refused| Bad::input(refused.to_string()))?;
    Ok(id)
}

/// A payment is taken back; args `payment_id`, else the last one.
pub(super) fn unpay(scene: &mut Scene<'_>) -> Result<Uuid, Bad> {
    body::only(scene.args, &["payment_id"])?;
    let id = match body::guid(scene.args, "payment_id")? {
        Some(id) => id,
        None => {
            let last = scene.invoice()?.payments.last().copied();
            last.ok_or_else(|| Bad::input("the invoice has no payment"))?
        }
    };
    let now_ms = scene.call.now_ms;
    settle::unpay(scene.call.books, id, now_ms).map_err(|refused| Bad::input(refused.to_string()))?;
    Ok(id)
}

/// Approved invoices are voided, others deleted.
pub(super) fn void(scene: &mut Scene<'_>) -> Result<Uuid, Bad> {
    let invoice = scene.invoice()?;
    let status = if invoice.status.is_approved() {
        "VOIDED"
    } else {
        "DELETED"
    };
    scene.change(&invoice, vec![text("Status", status)])
}

/// The invoice is approved.
pub(super) fn approve(scene: &mut Scene<'_>) -> Result<Uuid, Bad> {
    let invoice = scene.invoice()?;
    scene.change(&invoice, vec![text("Status", InvoiceStatus::Authorised.text())])
}

/// Fields are edited; args `due_date`, `date`, `reference`, `number`, `url`, and for one line
/// (`line`, from 1; default the first) `description`, `quantity`, `unit_price`, `account_code`.
pub(super) fn edit(scene: &mut Scene<'_>) -> Result<Uuid, Bad> {
    const HEADER: [(&str, &str); 5] = [
        ("due_date", "DueDate"),
        ("date", "Date"),
        ("reference", "Reference"),
        ("number", "InvoiceNumber"),
        ("url", "Url"),
    ];
    const LINE: [(&str, &str); 4] = [
        ("description", "Description"),
        ("quantity", "Quantity"),
        ("unit_price", "UnitAmount"),
        ("account_code", "AccountCode"),
    ];
    let known: Vec<&str> = HEADER
        .iter()
        .chain(&LINE)
        .map(|(arg, _)| *arg)
        .chain(["line"])
        .collect();
    body::only(scene.args, &known)?;
    let invoice = scene.invoice()?;
    let given = |table: &[(&str, &str)]| -> Vec<(String, Json)> {
        let pair = |(arg, key): &(&str, &str)| scene.args.text(arg).map(|value| text(key, value));
        table.iter().filter_map(pair).collect()
    };
    let mut pairs = given(&HEADER);
    let line_pairs = given(&LINE);
    if !line_pairs.is_empty() {
        let at: usize = body::read(scene.args, "line", "a line number from 1")?.unwrap_or(1);
        if at == 0 || at > invoice.lines.len() {
            return Err(Bad::input(format!("the invoice has {} lines", invoice.lines.len())));
        }
        let mut lines = Vec::new();
        for (number, line) in (1..).zip(&invoice.lines) {
            let mut fields = vec![text("LineItemID", &line.id.to_string())];
            if number == at {
                fields.extend(line_pairs.iter().cloned());
            }
            lines.push(Json::Map(fields));
        }
        pairs.push(("LineItems".to_owned(), Json::List(lines)));
    }
    if pairs.is_empty() {
        return Err(Bad::input("args name nothing to edit"));
    }
    scene.change(&invoice, pairs)
}

/// Somebody enters an invoice in Xero; args `number`, `type`, `contact_name`, `status`, `date`,
/// `due_date`, `reference`, `url`, `description`, `quantity`, `unit_price`, `account_code`.
pub(super) fn create(scene: &mut Scene<'_>) -> Result<Uuid, Bad> {
    let known = [
        "number",
        "type",
        "contact_name",
        "status",
        "date",
        "due_date",
        "reference",
        "url",
        "description",
        "quantity",
        "unit_price",
        "account_code",
    ];
    body::only(scene.args, &known)?;
    let args = scene.args;
    let number = args.text("number").or_else(|| scene.input.text("invoice_number"));
    let line = Json::Map(vec![
        text("Description", args.text("description").unwrap_or("Entered in Xero")),
        text("Quantity", args.text("quantity").unwrap_or("1")),
        text("UnitAmount", args.text("unit_price").unwrap_or("100.00")),
        text("AccountCode", args.text("account_code").unwrap_or("200")),
    ]);
    let contact = args.text("contact_name").unwrap_or("Walk-in Customer");
    let mut pairs = vec![
        text("Type", args.text("type").unwrap_or("ACCREC")),
        text("Status", args.text("status").unwrap_or("AUTHORISED")),
        ("Contact".to_owned(), Json::Map(vec![text("Name", contact)])),
        ("LineItems".to_owned(), Json::List(vec![line])),
    ];
    let optional = [
        ("InvoiceNumber", number),
        ("Date", args.text("date")),
        ("DueDate", args.text("due_date")),
        ("Reference", args.text("reference")),
        ("Url", args.text("url")),
    ];
    let given = |(key, value): (&str, Option<&str>)| value.map(|value| text(key, value));
    pairs.extend(optional.into_iter().filter_map(given));
    let id = invoices::apply(&mut scene.call, &Json::Map(pairs), None).map_err(refused)?;
    if let Some(invoice) = scene.call.books.invoices().get(id) {
        let mut invoice = invoice.clone();
        invoice.by_app = false;
        scene.call.books.save_invoice(invoice);
    }
    Ok(id)
}

/// Somebody enters a contact; args `name`, `number`, `email`.
pub(super) fn create_contact(scene: &mut Scene<'_>) -> Result<Uuid, Bad> {
    body::only(scene.args, &["name", "number", "email"])?;
    let name = body::required(scene.args, "name")?.to_owned();
    let mut contact = Contact::named(new_id(scene.call.rng), &name, scene.call.now_ms);
    contact.number = scene.args.text("number").map(str::to_owned);
    contact.email = scene.args.text("email").map(str::to_owned);
    scene.save_contact(contact)
}

/// args `contact_id` or `contact_name`, and the new `name`.
pub(super) fn rename_contact(scene: &mut Scene<'_>) -> Result<Uuid, Bad> {
    body::only(scene.args, &["contact_id", "contact_name", "name"])?;
    let mut contact = scene.contact()?;
    contact.name = body::required(scene.args, "name")?.to_owned();
    scene.save_contact(contact)
}

/// args `contact_id` or `contact_name`.
pub(super) fn archive_contact(scene: &mut Scene<'_>) -> Result<Uuid, Bad> {
    body::only(scene.args, &["contact_id", "contact_name"])?;
    let mut contact = scene.contact()?;
    contact.status = ContactStatus::Archived;
    scene.save_contact(contact)
}

/// args `code`.
pub(super) fn archive_account(scene: &mut Scene<'_>) -> Result<Uuid, Bad> {
    body::only(scene.args, &["code"])?;
    let code = body::required(scene.args, "code")?;
    let now_ms = scene.call.now_ms;
    let accounts = &mut scene.call.books.accounts;
    let account = accounts.iter_mut().find(|account| account.code == code);
    let account = account.ok_or_else(|| Bad::missing(format!("no account {code}")))?;
    account.status = AccountStatus::Archived;
    account.updated_ms = now_ms;
    Ok(account.id)
}

/// args `date` (the period) or `year_end_date`; a missing date takes that lock away.
pub(super) fn lock(scene: &mut Scene<'_>) -> Result<(), Bad> {
    body::only(scene.args, &["date", "year_end_date"])?;
    let organisation = &mut scene.call.books.organisation;
    organisation.period_lock = body::day(scene.args, "date")?;
    organisation.year_end_lock = body::day(scene.args, "year_end_date")?;
    Ok(())
}

impl Scene<'_> {
    pub(super) fn bank(&self) -> Result<Uuid, Bad> {
        let mut accounts = self.call.books.accounts.iter();
        let bank = accounts.find(|account| account.account_type == "BANK");
        bank.map(|account| account.id)
            .ok_or_else(|| Bad::input("no bank account"))
    }

    pub(super) fn invoice(&self) -> Result<Invoice, Bad> {
        let named = self
            .input
            .text("invoice_id")
            .or_else(|| self.input.text("invoice_number"));
        let named = named.ok_or_else(|| Bad::input("invoice_number or invoice_id is required"))?;
        let found = self.call.books.find_invoice(named).cloned();
        found.ok_or_else(|| Bad::missing(format!("no invoice {named}")))
    }

    pub(super) fn contact(&self) -> Result<Contact, Bad> {
        let books = &self.call.books;
        let found = match body::guid(self.args, "contact_id")? {
            Some(id) => books.contacts().get(id),
            None => books.contact_named(body::required(self.args, "contact_name")?),
        };
        found.cloned().ok_or_else(|| Bad::missing("no such contact"))
    }

    pub(super) fn save_contact(&mut self, mut contact: Contact) -> Result<Uuid, Bad> {
        let errors = contacts::refusals(self.call.books, &contact);
        if !errors.is_empty() {
            return Err(refused(errors));
        }
        contact.updated_ms = self.call.now_ms;
        contact.versions = contact.versions.saturating_add(1);
        let id = contact.id;
        self.call.books.save_contact(contact);
        Ok(id)
    }

    /// The accounts Xero opens with the CIS scheme. Their codes are assumptions.
    pub(super) fn open_cis_accounts(&mut self) {
        const ACCOUNTS: [(&str, &str, &str, &str, &str); 2] = [
            ("228", "CIS Labour Income", "REVENUE", "OUTPUT2", "CISLABOURINCOME"),
            ("321", "CIS Labour Expense", "DIRECTCOSTS", "INPUT2", "CISLABOUREXPENSE"),
        ];
        for (code, name, account_type, tax_type, system) in ACCOUNTS {
            let accounts = &mut self.call.books.accounts;
            if accounts.iter().any(|account| account.system.as_deref() == Some(system)) {
                continue;
            }
            accounts.push(Account {
                id: new_id(self.call.rng),
                code: code.to_owned(),
                name: name.to_owned(),
                account_type: account_type.to_owned(),
                tax_type: tax_type.to_owned(),
                status: AccountStatus::Active,
                system: Some(system.to_owned()),
                payments: false,
                description: None,
                in_claims: false,
                is_watched: false,
                bank: None,
                updated_ms: self.call.now_ms,
            });
            accounts.sort_by(|left, right| left.code.cmp(&right.code));
        }
    }

    pub(super) fn change(&mut self, invoice: &Invoice, pairs: Vec<(String, Json)>) -> Result<Uuid, Bad> {
        invoices::apply(&mut self.call, &Json::Map(pairs), Some(invoice)).map_err(refused)
    }
}

pub(super) fn text(key: &str, value: &str) -> (String, Json) {
    (key.to_owned(), Json::Text(value.to_owned()))
}

pub(super) fn refused(messages: Vec<String>) -> Bad {
    Bad::input(messages.join(" "))
}
