//! What an answer to a write says: which element is whose, and whether it is the document that
//! was sent.

use rust_decimal::Decimal;

use crate::engine::desired::Obstacle;
use crate::model::document::{Draft, LineAmountTypes};
use crate::model::mutation::{Rule, is_broken};
use crate::model::reason::ReasonCode;
use crate::model::row::Member;
use crate::model::xero::{Element, WriteTarget, XeroInvoice};

/// The element about a member: by id for a change, else by marker, else by kind and number.
pub(super) fn element_of(member: &Member, target: WriteTarget, elements: &[Element]) -> Option<usize> {
    if is_broken(Rule::MembersByMarker) {
        return (!elements.is_empty()).then_some(0);
    }
    if let WriteTarget::ChangeInvoice(id) = target {
        let own = |element: &Element| element.invoice.id == id || !element.errors.is_empty();
        return elements.iter().position(own);
    }
    elements
        .iter()
        .position(|element| element.invoice.marker() == Some(member.marker))
        .or_else(|| {
            // A refused member may echo no link; a written one without our marker is not ours.
            elements.iter().position(|element| {
                !element.errors.is_empty()
                    && element.invoice.marker().is_none()
                    && element.invoice.number == member.number
                    && element.invoice.kind.is_none_or(|kind| kind == member.kind)
            })
        })
}

/// Whether Xero's document adds up to what was sent. Only a document that was just made is
/// checked: later, Xero's side may rightly differ.
pub(super) fn echo_finding(draft: &Draft, xero: &XeroInvoice, was_linked: bool) -> Option<Obstacle> {
    if was_linked || xero.lines.is_empty() || xero.status.is_gone() {
        return None;
    }
    let hundred = Decimal::ONE_HUNDRED;
    let sum: Option<Decimal> = draft.lines.iter().try_fold(Decimal::ZERO, |sum, line| {
        let share = hundred.checked_sub(line.discount_percent.unwrap_or_default())?;
        let full = line.quantity.checked_mul(line.unit_price)?;
        sum.checked_add(full.checked_mul(share)?.checked_div(hundred)?)
    });
    let theirs = match draft.line_amount_types {
        LineAmountTypes::Inclusive => xero.total,
        LineAmountTypes::Exclusive | LineAmountTypes::NoTax => xero.sub_total,
    };
    let sum = sum?;
    // Each line is rounded by itself: a cent a line is rounding, more is another document.
    let cent = Decimal::new(1, 2);
    let allowed = cent.checked_mul(Decimal::from(draft.lines.len()))?;
    if sum.checked_sub(theirs)?.abs() <= allowed {
        return None;
    }
    Some(Obstacle {
        code: ReasonCode::NeedsReview,
        detail: format!("The lines add up to {sum}, Xero shows {theirs}."),
        subject: None,
    })
}
