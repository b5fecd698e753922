//! Takes one document as Xero has it now into the row that is linked to it. The newest version
//! wins whatever the order of arrival, so repeats and old news change nothing.

use rust_decimal::Decimal;

use crate::engine::variance::{self, Compared};
use crate::model::ids::{IdSource, PaymentId, XeroCreditId, XeroPaymentId};
use crate::model::mutation::{Rule, is_broken};
use crate::model::row::{Back, Credit, Difference, Invoice, Payment, VarianceLevel, WorkOrderLink};
use crate::model::standing::Standing;
use crate::model::time::{Now, Timestamp};
use crate::model::xero::{XeroCredit, XeroInvoice, XeroPayment};

/// What is new about an invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// A payment appeared.
    Paid(PaymentId),
    /// A payment was deleted in Xero.
    PaymentDeleted(PaymentId),
    /// A credit appeared, or its amount changed.
    Credited(XeroCreditId),
    /// A credit was removed.
    CreditRemoved(XeroCreditId),
    /// It stands otherwise with the money.
    Stands {
        /// Before.
        from: Standing,
        /// Now.
        to: Standing,
    },
    /// Something else of the document changed.
    Changed,
    /// Pending and safe: taken over into the host's document.
    AutoApplied(Vec<Difference>),
    /// There are other differences than before; `None` = none any more.
    Variance(Option<VarianceLevel>),
    /// A payment holds the comparison back until then.
    Deferred(Timestamp),
    /// What became of the work order of a voided invoice.
    WorkOrder(WorkOrderLink),
    /// Xero deleted a payment that was never here.
    DeleteUnmatched(XeroPaymentId),
}

/// How a document is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taking {
    /// Whether it is compared; not while a push is open, for that compares.
    pub compares: bool,
    /// How long a payment holds comparisons back, in milliseconds.
    pub quiet_ms: u64,
}

/// Takes a document. Nothing new leaves the row as it was, to the byte.
pub fn take(row: &mut Invoice, xero: XeroInvoice, taking: Taking, ids: &mut IdSource, now: Now) -> Vec<News> {
    let mut news = Vec::new();
    if is_older(row, &xero) {
        return news;
    }
    if row.copy.as_ref() == Some(&xero) && has_all(&row.back, &xero) {
        // A push may have read this version first, and a push does not look for variances.
        compare_now_or_later(row, taking, now, &mut news);
        return news;
    }
    let before = Standing::of(row);
    payments(&mut row.back, &xero.payments, ids, now, &mut news);
    if !news.is_empty() {
        let quiet_ms = i64::try_from(taking.quiet_ms).unwrap_or(i64::MAX);
        row.back.quieten(now.wall.plus_ms(quiet_ms));
    }
    credits(&mut row.back, &xero, now, &mut news);
    let money_only = row.copy.as_ref().is_some_and(|copy| is_same_but_for_money(copy, &xero));
    row.copy = Some(xero);
    let after = Standing::of(row);
    if before != after {
        news.push(News::Stands {
            from: before,
            to: after,
        });
    }
    if !money_only {
        news.push(News::Changed);
    }
    compare_now_or_later(row, taking, now, &mut news);
    news
}

/// What a held back comparison would find is found later; that it is held back is told once.
pub fn compare_now_or_later(row: &mut Invoice, taking: Taking, now: Now, news: &mut Vec<News>) {
    if !taking.compares {
        return;
    }
    let Some(until) = row.back.quiet(now.wall) else {
        compare(row, now, news);
        return;
    };
    if row.back.deferred.is_none() {
        let mut found = Vec::new();
        compare(&mut row.clone(), now, &mut found);
        if !found.is_empty() {
            row.back.deferred = Some(until);
            news.push(News::Deferred(until));
        }
    }
}

/// Takes the answer to a write of our own. It need not list payments and credits, so what was paid
/// stays as it is known until the next reading; how it stands may have changed all the same.
pub fn echo(row: &mut Invoice, mut xero: XeroInvoice) -> Option<News> {
    if is_older(row, &xero) {
        return None;
    }
    let living = row.back.payments.iter().filter(|payment| payment.deleted_at.is_none());
    let paid: Decimal = living.map(|payment| payment.amount).sum();
    let credited: Decimal = row.back.counted().map(|credit| credit.amount).sum();
    let theirs = xero.amount_paid.saturating_add(xero.amount_credited);
    let is_owed = xero.amount_due.saturating_add(theirs);
    xero.amount_due = is_owed.saturating_sub(paid).saturating_sub(credited);
    xero.amount_paid = paid;
    xero.amount_credited = credited;
    let from = row.copy.as_ref().map(|_| Standing::of(row));
    row.copy = Some(xero);
    let to = Standing::of(row);
    from.filter(|from| *from != to).map(|from| News::Stands { from, to })
}

/// Whether a newer version is here already.
fn is_older(row: &Invoice, xero: &XeroInvoice) -> bool {
    let copy = row.copy.as_ref();
    copy.is_some_and(|copy| xero.updated < copy.updated) && !is_broken(Rule::NewestWins)
}

/// Whether what came back says already which payments and credits the document lists, and of how much.
#[must_use]
pub fn has_all(back: &Back, xero: &XeroInvoice) -> bool {
    let mut payments = back.payments.iter().filter(|known| known.deleted_at.is_none());
    let is_listed = |known: &Payment| xero.payments.iter().any(|payment| payment.id == known.xero_id);
    let has = |payment: &XeroPayment| {
        let mut known = back.payments.iter();
        known.any(|known| known.xero_id == payment.id && known.deleted_at.is_none() && known.amount == payment.amount)
    };
    let has_credit = |credit: &XeroCredit| {
        let mut known = back.counted();
        known.any(|known| known.xero_id == credit.id && known.amount == credit.amount)
    };
    payments.all(is_listed)
        && xero.payments.iter().all(has)
        && back.counted().count() == xero.credits.len()
        && xero.credits.iter().all(has_credit)
}

/// Compares the row with its copy, as [`take`] does when nothing holds the comparison back.
pub fn compare(row: &mut Invoice, now: Now, news: &mut Vec<News>) {
    let Compared { is_new, applied } = variance::compare(row, now.wall);
    if !applied.is_empty() {
        news.push(News::AutoApplied(applied));
    }
    if is_new {
        news.push(News::Variance(
            row.back.variance.as_ref().map(|variance| variance.level),
        ));
    }
}

/// A version of the document lists all its payments: what is not listed was deleted.
fn payments(back: &mut Back, listed: &[XeroPayment], ids: &mut IdSource, now: Now, news: &mut Vec<News>) {
    for payment in listed {
        match back.payments.iter_mut().find(|known| known.xero_id == payment.id) {
            Some(known) => {
                known.amount = payment.amount;
                known.date = payment.date;
                known.reference.clone_from(&payment.reference);
                if known.deleted_at.take().is_some() {
                    news.push(News::Paid(known.id));
                }
            }
            None => {
                let (at_ms, random) = ids.parts(now.wall);
                let id = PaymentId::from_parts(at_ms, random);
                back.payments.push(Payment {
                    id,
                    xero_id: payment.id,
                    amount: payment.amount,
                    date: payment.date,
                    reference: payment.reference.clone(),
                    recorded_at: now.wall,
                    deleted_at: None,
                });
                news.push(News::Paid(id));
            }
        }
    }
    let is_gone =
        |known: &&mut Payment| known.deleted_at.is_none() && !listed.iter().any(|payment| payment.id == known.xero_id);
    for gone in back.payments.iter_mut().filter(is_gone) {
        gone.deleted_at = Some(now.wall);
        news.push(News::PaymentDeleted(gone.id));
    }
}

/// A removed credit stays, marked as removed and not counted.
fn credits(back: &mut Back, xero: &XeroInvoice, now: Now, news: &mut Vec<News>) {
    for credit in &xero.credits {
        match back.credits.iter_mut().find(|known| known.xero_id == credit.id) {
            Some(known) => {
                let came_back = known.removed_at.take().is_some();
                if came_back || known.amount != credit.amount {
                    news.push(News::Credited(credit.id));
                }
                known.amount = credit.amount;
                known.date = credit.date;
                known.number.clone_from(&credit.number);
            }
            None => {
                back.credits.push(Credit {
                    kind: credit.kind,
                    xero_id: credit.id,
                    number: credit.number.clone(),
                    amount: credit.amount,
                    date: credit.date,
                    recorded_at: now.wall,
                    removed_at: None,
                });
                news.push(News::Credited(credit.id));
            }
        }
    }
    let is_gone = |known: &&mut Credit| {
        known.removed_at.is_none() && !xero.credits.iter().any(|credit| credit.id == known.xero_id)
    };
    for gone in back.credits.iter_mut().filter(is_gone) {
        gone.removed_at = Some(now.wall);
        news.push(News::CreditRemoved(gone.xero_id));
    }
}

/// Whether only payments, credits and what follows from them differ. Every field is named, so that a
/// new one cannot be forgotten.
fn is_same_but_for_money(old: &XeroInvoice, new: &XeroInvoice) -> bool {
    let XeroInvoice {
        id,
        kind,
        number,
        reference,
        status: _,
        contact_id,
        contact_name,
        date,
        due_date,
        currency,
        line_amount_types,
        lines,
        url,
        sub_total,
        total_tax,
        total,
        cis_deduction,
        amount_due: _,
        amount_paid: _,
        amount_credited: _,
        payments: _,
        credits: _,
        updated: _,
    } = old;
    *id == new.id
        && *kind == new.kind
        && *number == new.number
        && *reference == new.reference
        && *contact_id == new.contact_id
        && *contact_name == new.contact_name
        && *date == new.date
        && *due_date == new.due_date
        && *currency == new.currency
        && *line_amount_types == new.line_amount_types
        && *lines == new.lines
        && *url == new.url
        && *sub_total == new.sub_total
        && *total_tax == new.total_tax
        && *total == new.total
        && *cis_deduction == new.cis_deduction
}
