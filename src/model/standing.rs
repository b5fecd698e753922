//! How it stands with the money of an invoice, in the host's words.

use rust_decimal::Decimal;

use super::document::HostStatus;
use super::row::Invoice;
use super::xero::XeroStatus;

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
