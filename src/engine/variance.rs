//! What Xero changed since both sides last agreed (S2), and the safe part of it that a pending
//! invoice takes over by itself.
//!
//! Compared are the common version and Xero's: where the host left a field alone, Xero's change is
//! a variance; where the host changed it too, the push finds the conflict.

use rust_decimal::Decimal;

use super::merge::line_before;
use crate::model::document::{Draft, HostStatus, Line, LineAmountTypes};
use crate::model::mutation::{Rule, is_broken};
use crate::model::row::{Common, Difference, Disposition, Invoice, Variance, VarianceLevel};
use crate::model::time::Timestamp;
use crate::model::xero::{XeroInvoice, XeroLine, XeroStatus};

/// What a comparison did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Compared {
    /// The open differences are others than before.
    pub is_new: bool,
    /// What was taken over.
    pub applied: Vec<Difference>,
}

/// Compares the row with its copy of Xero's document, takes over what is safe, and stores the
/// rest as the row's variance. Does nothing for a document both sides never agreed on.
pub fn compare(row: &mut Invoice, now: Timestamp) -> Compared {
    let (Some(common), Some(copy)) = (&mut row.common, &row.copy) else {
        return Compared::default();
    };
    if copy.status.is_gone() {
        // What is void has no differences to decide about.
        return replace(row, Vec::new(), Vec::new(), now);
    }
    let mut applied = Vec::new();
    // With another version of the host on its way the push compares, not this.
    if row.draft.host_status == HostStatus::Pending && row.draft == common.draft {
        let written = row.draft.clone();
        apply(&mut row.draft, common, copy, &mut applied);
        if !applied.is_empty() {
            row.back.as_written.get_or_insert_with(|| Box::new(written));
        }
    }
    let mut open = Vec::new();
    header(&row.draft, common, copy, &mut open);
    lines(&row.draft, common, copy, &mut open);
    replace(row, open, applied, now)
}

/// What the host writes now, with what was taken over from Xero kept wherever the host says the same
/// as before. A host that has not heard of it would else undo it with its next version. Also tells
/// whether the row's note of what the host wrote changed.
pub fn keep_applied(row: Option<&mut Invoice>, draft: Draft) -> (Draft, bool) {
    let Some((row, written)) = row.and_then(|row| row.back.as_written.take().map(|written| (row, written))) else {
        return (draft, false);
    };
    let mut kept = draft.clone();
    for (index, line) in kept.lines.iter_mut().enumerate() {
        let is_it = |(at, old): (usize, &Line)| match &line.reference {
            Some(_) => old.reference == line.reference,
            None => at == index && old.reference.is_none(),
        };
        // Taking over moves no line, so both versions have it at the same place.
        let at = written.lines.iter().enumerate().position(is_it);
        let (Some(old), Some(now)) = (
            at.and_then(|at| written.lines.get(at)),
            at.and_then(|at| row.draft.lines.get(at)),
        ) else {
            continue;
        };
        if line.description == old.description {
            line.description.clone_from(&now.description);
        }
        if line.quantity == old.quantity {
            line.quantity = now.quantity;
        }
        if line.unit_price == old.unit_price {
            line.unit_price = now.unit_price;
        }
    }
    let is_heard = *written != draft;
    if kept != draft {
        row.back.as_written = Some(Box::new(draft));
    }
    (kept, is_heard)
}

fn replace(row: &mut Invoice, open: Vec<Difference>, applied: Vec<Difference>, now: Timestamp) -> Compared {
    let before = row.back.variance.as_ref();
    let is_other = before.map_or(&[][..], |variance| &variance.differences) != open;
    let is_new = is_other || is_broken(Rule::AcknowledgedStays);
    if is_new {
        let since = before.map_or(now, |variance| variance.since);
        row.back.variance = open
            .iter()
            .map(|difference| difference.level)
            .max()
            .map(|level| Variance {
                level,
                differences: open,
                since,
                acknowledged: None,
            });
    }
    Compared { is_new, applied }
}

/// Takes over descriptions, quantities and unit prices that only Xero changed (S2's safe subset).
fn apply(draft: &mut Draft, common: &mut Common, copy: &XeroInvoice, applied: &mut Vec<Difference>) {
    let Common {
        draft: agreed,
        xero: before,
        lines: ids,
        ..
    } = common;
    for (index, line) in draft.lines.iter_mut().enumerate() {
        let id = ids.get(index).copied().flatten();
        let (Some(id), Some(host)) = (id, agreed.lines.get_mut(index)) else {
            continue;
        };
        let old = before.lines.iter_mut().find(|line| line.id == Some(id));
        let new = copy.lines.iter().find(|line| line.id == Some(id));
        let (Some(old), Some(new)) = (old, new) else { continue };
        let mut note = |field: &str, local: String, xero: String| {
            applied.push(Difference {
                path: format!("/lines/{index}/{field}"),
                local,
                xero,
                level: VarianceLevel::Variance,
                disposition: Disposition::AutoApplied,
            });
        };
        if old.description != new.description {
            note("description", line.description.clone(), new.description.clone());
            line.description.clone_from(&new.description);
            old.description.clone_from(&new.description);
        }
        if old.quantity != new.quantity {
            note("quantity", plain(line.quantity), plain(new.quantity));
            line.quantity = new.quantity.normalize();
            old.quantity = new.quantity;
        }
        if old.unit_amount != new.unit_amount {
            note("unit_price", plain(line.unit_price), plain(new.unit_amount));
            line.unit_price = priced(new.unit_amount);
            old.unit_amount = new.unit_amount;
        }
        host.clone_from(line);
    }
}

fn header(draft: &Draft, common: &Common, copy: &XeroInvoice, open: &mut Vec<Difference>) {
    let before = &common.xero;
    // Nearly every field of nearly every document is as it was: words are made for the others only.
    let mut field = |path: &str, is_changed: bool, words: &dyn Fn() -> (String, String)| {
        if is_changed {
            let (local, is) = words();
            if local != is {
                open.push(review(path, local, is, VarianceLevel::Variance));
            }
        }
    };
    let day = |day: Option<chrono::NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
    field("/number", before.number != copy.number, &|| {
        (draft.number.clone(), copy.number.clone())
    });
    field("/reference", before.reference != copy.reference, &|| {
        (draft.reference.clone().unwrap_or_default(), copy.reference.clone())
    });
    field("/contact", before.contact_id != copy.contact_id, &|| {
        let theirs = copy.contact_id.map(|id| id.to_string()).unwrap_or_default();
        (draft.contact.name.clone(), theirs)
    });
    field("/issue_date", before.date != copy.date, &|| {
        (draft.issue_date.to_string(), day(copy.date))
    });
    field("/currency", before.currency != copy.currency, &|| {
        let theirs = copy.currency.map(|currency| currency.to_string()).unwrap_or_default();
        (draft.currency.to_string(), theirs)
    });
    field(
        "/line_amount_types",
        before.line_amount_types != copy.line_amount_types,
        &|| {
            let label = |types: LineAmountTypes| types.label().to_owned();
            (label(draft.line_amount_types), label(copy.line_amount_types))
        },
    );
    field("/due_date", before.due_date != copy.due_date, &|| {
        (day(draft.due_date), day(copy.due_date))
    });
    if let Some(due) = open.iter_mut().find(|difference| difference.path == "/due_date")
        && draft.due_date_rule.is_some()
    {
        due.disposition = Disposition::Protected;
    }
    if let Some(contact) = open.iter_mut().find(|difference| difference.path == "/contact") {
        contact.xero.clone_from(&copy.contact_name);
    }
    if unpaid(&before.status) != unpaid(&copy.status) {
        let local = draft.host_status.label().to_owned();
        let xero = copy.status.as_str().to_owned();
        open.push(review("/host_status", local, xero, VarianceLevel::HighVariance));
    }
}

/// Payments explain `PAID` and the way back.
fn unpaid(status: &XeroStatus) -> &XeroStatus {
    match status {
        XeroStatus::Paid => &XeroStatus::Authorised,
        other => other,
    }
}

fn lines(draft: &Draft, common: &Common, copy: &XeroInvoice, open: &mut Vec<Difference>) {
    for (index, id) in common.lines.iter().enumerate() {
        let Some(id) = *id else { continue };
        let was = common.xero.lines.iter().find(|line| line.id == Some(id));
        let is = copy.lines.iter().find(|line| line.id == Some(id));
        let mut hosts = draft.lines.iter().enumerate();
        let host = hosts.find(|(at, line)| line_before(*at, line, common) == Some(index));
        match (host, was, is) {
            (Some((at, host)), Some(was), Some(is)) => line(at, host, was, is, open),
            (Some((at, host)), Some(_), None) => {
                let path = format!("/lines/{at}");
                open.push(review(
                    &path,
                    host.description.clone(),
                    String::new(),
                    VarianceLevel::HighVariance,
                ));
            }
            _ => {}
        }
    }
    let is_known =
        |line: &XeroLine| common.lines.contains(&line.id) || common.xero.lines.iter().any(|known| known.id == line.id);
    for added in copy.lines.iter().filter(|line| line.id.is_some() && !is_known(line)) {
        let words = added.description.clone();
        open.push(review("/lines/-", String::new(), words, VarianceLevel::HighVariance));
    }
}

fn line(index: usize, host: &Line, was: &XeroLine, is: &XeroLine, open: &mut Vec<Difference>) {
    if was == is {
        return;
    }
    let mut field = |name: &str, level: VarianceLevel, [local, was, is]: [String; 3]| {
        if was != is && local != is {
            open.push(review(&format!("/lines/{index}/{name}"), local, is, level));
        }
    };
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let rate = |rate: Option<Decimal>| rate.filter(|rate| !rate.is_zero()).map(plain).unwrap_or_default();
    let usual = VarianceLevel::Variance;
    let high = VarianceLevel::HighVariance;
    field(
        "description",
        usual,
        [&host.description, &was.description, &is.description].map(String::clone),
    );
    field("quantity", usual, [host.quantity, was.quantity, is.quantity].map(plain));
    field(
        "unit_price",
        usual,
        [host.unit_price, was.unit_amount, is.unit_amount].map(plain),
    );
    field(
        "discount_percent",
        usual,
        [host.discount_percent, was.discount_rate, is.discount_rate].map(rate),
    );
    field(
        "nominal_code",
        usual,
        [&host.nominal_code, &was.account_code, &is.account_code].map(text),
    );
    field(
        "tax_type",
        high,
        [&host.tax_type, &was.tax_type, &is.tax_type].map(text),
    );
    field(
        "item_code",
        high,
        [&host.item_code, &was.item_code, &is.item_code].map(text),
    );
}

fn review(path: &str, local: String, xero: String, level: VarianceLevel) -> Difference {
    Difference {
        path: path.to_owned(),
        local,
        xero,
        level,
        disposition: Disposition::ReviewRequired,
    }
}

/// With two decimals, or as many more as it needs.
fn priced(amount: Decimal) -> Decimal {
    let mut priced = amount.normalize();
    if priced.scale() < 2 {
        priced.rescale(2);
    }
    priced
}

/// Without zeros at its end, as amounts of both sides compare.
fn plain(amount: Decimal) -> String {
    amount.normalize().to_string()
}
