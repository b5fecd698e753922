//! How it stands with the money of an invoice, in the host's words.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::document::HostStatus;
use super::row::Invoice;
use super::xero::XeroStatus;

/// The tab an invoice that waits for money is on (S3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Due {
    /// "Awaiting Payment": its date has not passed.
    Awaiting,
    /// "Overdue".
    Overdue,
}

impl Due {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Awaiting, Self::Overdue];

    /// The word in filters.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Awaiting => "awaiting",
            Self::Overdue => "overdue",
        }
    }

    /// Which one it is on a day of the organisation.
    #[must_use]
    pub fn on(due: NaiveDate, today: NaiveDate) -> Self {
        if due < today { Self::Overdue } else { Self::Awaiting }
    }
}

/// When the money is due that an approved invoice waits for; `None` when it waits for none. Without a
/// due date it is due on the day it was issued.
#[must_use]
pub fn awaits_payment(invoice: &Invoice) -> Option<NaiveDate> {
    let draft = &invoice.draft;
    let is_open = matches!(Standing::of(invoice), Standing::Unpaid | Standing::PartPaid);
    let waits = is_open && draft.host_status == HostStatus::Approved;
    waits.then(|| draft.due_date.unwrap_or(draft.issue_date))
}

/// Whether an invoice is paid (S1's four).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Standing {
    /// Nothing was paid or credited.
    Unpaid,
    /// Something is left to pay.
    PartPaid,
    /// Nothing is left to pay.
    Paid,
    /// Voided or deleted.
    Void,
}

impl Standing {
    /// As Xero's copy says; without one, as the host says.
    #[must_use]
    pub fn of(invoice: &Invoice) -> Self {
        let Some(copy) = &invoice.copy else {
            return match invoice.draft.host_status {
                HostStatus::Void => Self::Void,
                _ => Self::Unpaid,
            };
        };
        let settled = copy.amount_paid.saturating_add(copy.amount_credited);
        if copy.status.is_gone() {
            Self::Void
        } else if copy.status == XeroStatus::Paid || (settled > Decimal::ZERO && copy.amount_due <= Decimal::ZERO) {
            Self::Paid
        } else if settled > Decimal::ZERO {
            Self::PartPaid
        } else {
            Self::Unpaid
        }
    }

    /// The words a person sees (S1).
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Unpaid => "Unpaid",
            Self::PartPaid => "Part paid",
            Self::Paid => "Paid",
            Self::Void => "Void",
        }
    }
}
