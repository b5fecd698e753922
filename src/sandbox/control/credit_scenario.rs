//! Scenarios about credit: notes, overpayments, prepayments, what is applied and paid back.

use rust_decimal::Decimal;
use uuid::Uuid;

use super::body::{self, Bad};
use super::scenario::{Scene, refused, text};
use crate::sandbox::api::{bank_transactions, credit_notes};
use crate::sandbox::books::{
    Allocation, Credit, Family, Invoice, InvoiceStatus, Kind, Payment, PaymentStatus, Target, allocate, money, settle,
};
use crate::sandbox::gate::grant::new_id;
use crate::sandbox::wire::Json;

/// Somebody enters a credit note; args `type`, `number`, `contact_name`, `status`, `date`,
/// `reference`, `amount` (without tax), `account_code`.
pub(super) fn create_note(scene: &mut Scene<'_>) -> Result<Uuid, Bad> {
    let known = [
        "type",
        "number",
        "contact_name",
        "status",
        "date",
        "reference",
        "amount",
        "account_code",
    ];
    body::only(scene.args, &known)?;
    let args = scene.args;
    let purchase = args
        .text("type")
        .is_some_and(|kind| kind.eq_ignore_ascii_case("ACCPAYCREDIT"));
    let usual_account = if purchase { "300" } else { "200" };
    let line = Json::Map(vec![
        text("Description", "Entered in Xero"),
        text("UnitAmount", args.text("amount").unwrap_or("100.00")),
        text("AccountCode", args.text("account_code").unwrap_or(usual_account)),
    ]);
    let contact = args.text("contact_name").unwrap_or("Walk-in Customer");
    let mut pairs = vec![
        text("Type", args.text("type").unwrap_or("ACCRECCREDIT")),
        text("Status", args.text("status").unwrap_or("AUTHORISED")),
        ("Contact".to_owned(), Json::Map(vec![text("Name", contact)])),
        ("LineItems".to_owned(), Json::List(vec![line])),
    ];
    let optional = [
        ("CreditNoteNumber", args.text("number")),
        ("Date", args.text("date")),
        ("Reference", args.text("reference")),
    ];
    let given = |(key, value): (&str, Option<&str>)| value.map(|value| text(key, value));
    pairs.extend(optional.into_iter().filter_map(given));
    credit_notes::apply(&mut scene.call, &Json::Map(pairs), None).map_err(refused)
}

/// Money arrives (`RECEIVE`, the default) or leaves (`SPEND`) without an invoice; args `type`,
/// `contact_name`, `amount`, `date`, `reference`. The new overpayment or prepayment.
pub(super) fn create_money(scene: &mut Scene<'_>, family: Family) -> Result<Uuid, Bad> {
    body::only(scene.args, &["type", "contact_name", "amount", "date", "reference"])?;
    let args = scene.args;
    let direction = args.text("type").unwrap_or("RECEIVE").to_ascii_uppercase();
    let bank = scene.bank()?;
    let mut line = vec![
        text("Description", "Entered in Xero"),
        text("UnitAmount", args.text("amount").unwrap_or("100.00")),
    ];
    if family == Family::Prepayment {
        let account = if direction == "SPEND" { "300" } else { "200" };
        line.push(text("AccountCode", account));
    }
    let contact = args.text("contact_name").unwrap_or("Walk-in Customer");
    let mut pairs = vec![
        text("Type", &format!("{direction}-{}", family.noun().to_ascii_uppercase())),
        (
            "BankAccount".to_owned(),
            Json::Map(vec![text("AccountID", &bank.to_string())]),
        ),
        ("Contact".to_owned(), Json::Map(vec![text("Name", contact)])),
        ("LineItems".to_owned(), Json::List(vec![Json::Map(line)])),
    ];
    let optional = [("Date", args.text("date")), ("Reference", args.text("reference"))];
    let given = |(key, value): (&str, Option<&str>)| value.map(|value| text(key, value));
    pairs.extend(optional.into_iter().filter_map(given));
    let id = bank_transactions::apply(&mut scene.call, &Json::Map(pairs)).map_err(refused)?;
    let made = scene.call.books.bank_transactions().get(id);
    made.and_then(|made| made.credit)
        .ok_or_else(|| Bad::input("type must be RECEIVE or SPEND"))
}

/// Credit is applied to the invoice; args `credit_id` or `credit_note_number`, `amount` (default:
/// as much as fits), `date`. The allocation.
pub(super) fn allocate_credit(scene: &mut Scene<'_>) -> Result<Uuid, Bad> {
    body::only(scene.args, &["credit_id", "credit_note_number", "amount", "date"])?;
    let invoice = scene.invoice()?;
    let credit = scene.credit()?;
    let amount: Option<Decimal> = body::read(scene.args, "amount", "an amount")?;
    let usual = credit.remaining().min(invoice.amount_due());
    scene.apply(&credit, invoice.id, amount.unwrap_or(usual))
}

/// One credit note is spread over the invoice and the contact's other open ones of its kind; when
/// there is no other, the invoice gets two parts. args `amount` (for each part; default half of
/// what is due, or a quarter), `number`. The credit note.
pub(super) fn multi_allocation(scene: &mut Scene<'_>) -> Result<Uuid, Bad> {
    body::only(scene.args, &["amount", "number"])?;
    let invoice = scene.invoice()?;
    let asked: Option<Decimal> = body::read(scene.args, "amount", "an amount")?;
    let is_open = |other: &&Invoice| {
        other.contact == invoice.contact
            && other.kind == invoice.kind
            && other.currency == invoice.currency
            && other.status == InvoiceStatus::Authorised
    };
    let mut targets = vec![(invoice.id, invoice.amount_due())];
    let others = scene.call.books.invoices().iter().filter(is_open);
    targets.extend(
        others
            .filter(|other| other.id != invoice.id)
            .map(|other| (other.id, other.amount_due())),
    );
    let parts_of = if let [only] = *targets.as_slice() {
        targets.push(only);
        Decimal::from(4)
    } else {
        Decimal::TWO
    };
    let part = |due: Decimal| money::cents(asked.unwrap_or_else(|| due.checked_div(parts_of).unwrap_or(due)));
    let parts: Vec<(Uuid, Decimal)> = targets.into_iter().map(|(id, due)| (id, part(due))).collect();
    let total = money::sum(parts.iter().map(|(_, amount)| *amount));
    let kind = match invoice.kind {
        Kind::AccRec => "ACCRECCREDIT",
        Kind::AccPay => "ACCPAYCREDIT",
    };
    let code = invoice.lines.iter().find_map(|line| line.account_code.as_deref());
    let line = Json::Map(vec![
        text("Description", "Entered in Xero"),
        text("UnitAmount", &total.to_string()),
        text("AccountCode", code.unwrap_or("200")),
    ]);
    let mut pairs = vec![
        text("Type", kind),
        text("Status", "AUTHORISED"),
        text("LineAmountTypes", "Inclusive"),
        text("CurrencyCode", &invoice.currency),
        (
            "Contact".to_owned(),
            Json::Map(vec![text("ContactID", &invoice.contact.to_string())]),
        ),
        ("LineItems".to_owned(), Json::List(vec![line])),
    ];
    let number = scene.args.text("number").map(|number| text("CreditNoteNumber", number));
    pairs.extend(number);
    let id = credit_notes::apply(&mut scene.call, &Json::Map(pairs), None).map_err(refused)?;
    for (target, amount) in parts {
        let credit = scene.call.books.credit(Family::CreditNote, id).cloned();
        let credit = credit.ok_or_else(|| Bad::missing("the credit note is gone"))?;
        scene.apply(&credit, target, amount)?;
    }
    Ok(id)
}

/// An allocation is taken back; args `allocation_id`, else the last one of the invoice.
pub(super) fn deallocate(scene: &mut Scene<'_>) -> Result<Uuid, Bad> {
    body::only(scene.args, &["allocation_id"])?;
    let invoice = scene.invoice()?;
    let wanted = body::guid(scene.args, "allocation_id")?;
    let mut applied = invoice.credits.iter().rev();
    let found = applied.find(|part| wanted.is_none_or(|id| id == part.allocation));
    let found = found.ok_or_else(|| Bad::missing("the invoice has no such allocation"))?;
    let (family, credit, id) = (found.family, found.credit, found.allocation);
    let now_ms = scene.call.now_ms;
    let gone = allocate::deallocate(scene.call.books, family, credit, id, now_ms);
    gone.map(|gone| gone.id)
        .ok_or_else(|| Bad::missing("no such allocation"))
}

/// Credit is paid back; args `credit_id` or `credit_note_number`, `amount` (default all), `date`.
/// The payment.
pub(super) fn refund(scene: &mut Scene<'_>) -> Result<Uuid, Bad> {
    body::only(scene.args, &["credit_id", "credit_note_number", "amount", "date"])?;
    let credit = scene.credit()?;
    let amount: Option<Decimal> = body::read(scene.args, "amount", "an amount")?;
    let amount = money::cents(amount.unwrap_or_else(|| credit.remaining()));
    let account = scene.bank()?;
    let payment = Payment {
        id: new_id(scene.call.rng),
        target: Target::Credit(credit.family, credit.id),
        account,
        date: body::day(scene.args, "date")?.unwrap_or_else(|| scene.call.today()),
        amount,
        bank_amount: amount.checked_div(credit.currency_rate).map_or(amount, money::cents),
        reference: None,
        currency_rate: credit.currency_rate,
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

/// A payment is matched with the bank; args `payment_id`, else the invoice's last one. Its stamp
/// moves, the invoice's does not.
pub(super) fn reconcile(scene: &mut Scene<'_>) -> Result<Uuid, Bad> {
    body::only(scene.args, &["payment_id"])?;
    let id = match body::guid(scene.args, "payment_id")? {
        Some(id) => Some(id),
        None => scene.invoice()?.payments.last().copied(),
    };
    let found = id.and_then(|id| scene.call.books.payments().get(id)).cloned();
    let mut payment = found.ok_or_else(|| Bad::missing("no such payment"))?;
    payment.reconciled = true;
    payment.updated_ms = scene.call.now_ms;
    payment.versions = payment.versions.saturating_add(1);
    let id = payment.id;
    let batch = payment
        .batch
        .and_then(|batch| scene.call.books.batches().get(batch))
        .cloned();
    if let Some(mut batch) = batch {
        batch.reconciled = true;
        batch.updated_ms = payment.updated_ms;
        batch.versions = batch.versions.saturating_add(1);
        scene.call.books.save_batch(batch);
    }
    scene.call.books.save_payment(payment);
    Ok(id)
}

/// The organisation joins the CIS scheme; args `rate` in percent, of its sales; without one it
/// leaves. The rate of a supplier's bills is the contact's.
pub(super) fn cis(scene: &mut Scene<'_>) -> Result<(), Bad> {
    body::only(scene.args, &["rate"])?;
    scene.call.books.organisation.cis_rate = body::read(scene.args, "rate", "a percentage")?;
    scene.open_cis_accounts();
    Ok(())
}

impl Scene<'_> {
    fn credit(&self) -> Result<Credit, Bad> {
        let books = &self.call.books;
        let found = match body::guid(self.args, "credit_id")? {
            Some(id) => [Family::CreditNote, Family::Overpayment, Family::Prepayment]
                .into_iter()
                .find_map(|family| books.credit(family, id)),
            None => books.find_credit_note(body::required(self.args, "credit_note_number")?),
        };
        found.cloned().ok_or_else(|| Bad::missing("no such credit"))
    }

    fn apply(&mut self, credit: &Credit, invoice: Uuid, amount: Decimal) -> Result<Uuid, Bad> {
        let date = body::day(self.args, "date")?.unwrap_or_else(|| self.call.today());
        let allocation = Allocation {
            id: new_id(self.call.rng),
            invoice,
            amount: money::cents(amount),
            date,
        };
        let now_ms = self.call.now_ms;
        allocate::allocate(self.call.books, credit.family, credit.id, allocation, now_ms)
            .map_err(|refused| Bad::input(refused.to_string()))?;
        Ok(allocation.id)
    }
}
