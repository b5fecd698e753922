//! The pages of `docs/how-to/reasons`, built into the program: `counterfoil explain CODE`.

use crate::config::nearest::nearest;
use crate::model::reason::ReasonCode;

/// What is printed for a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Explanation {
    /// The page of this reason.
    Page(&'static str),
    /// There is no such reason.
    Unknown {
        /// The reason that was probably meant.
        meant: Option<&'static str>,
    },
}

/// Looks a reason up; case, hyphens and blanks do not matter.
#[must_use]
pub fn explain(code: &str) -> Explanation {
    let code = code.trim().to_lowercase().replace(['-', ' '], "_");
    match ReasonCode::from_code(&code) {
        Some(reason) => Explanation::Page(page(reason)),
        None => Explanation::Unknown {
            meant: nearest(&code, ReasonCode::ALL.iter().map(|reason| reason.code())),
        },
    }
}

/// Every reason with its title, as a table for `counterfoil explain` without a code.
#[must_use]
pub fn overview() -> String {
    let widest = ReasonCode::ALL
        .iter()
        .map(|reason| reason.code().len())
        .max()
        .unwrap_or_default();
    ReasonCode::ALL
        .iter()
        .map(|reason| format!("{:widest$}  {}\n", reason.code(), reason.title()))
        .collect()
}

/// The page of a reason, as Markdown.
#[must_use]
pub const fn page(reason: ReasonCode) -> &'static str {
    match reason {
        ReasonCode::UnmappedNominalCode => {
            include_str!("../../docs/how-to/reasons/unmapped_nominal_code.md")
        }
        ReasonCode::AccountMappingIncorrect => {
            include_str!("../../docs/how-to/reasons/account_mapping_incorrect.md")
        }
        ReasonCode::PrerequisiteUnmapped => {
            include_str!("../../docs/how-to/reasons/prerequisite_unmapped.md")
        }
        ReasonCode::CurrencyMismatch => {
            include_str!("../../docs/how-to/reasons/currency_mismatch.md")
        }
        ReasonCode::ContactCollision => {
            include_str!("../../docs/how-to/reasons/contact_collision.md")
        }
        ReasonCode::ContactArchived => {
            include_str!("../../docs/how-to/reasons/contact_archived.md")
        }
        ReasonCode::InvoiceNumberExists => {
            include_str!("../../docs/how-to/reasons/invoice_number_exists.md")
        }
        ReasonCode::ConnectionNotActive => {
            include_str!("../../docs/how-to/reasons/connection_not_active.md")
        }
        ReasonCode::ChangedInXero => include_str!("../../docs/how-to/reasons/changed_in_xero.md"),
        ReasonCode::MissingInXero => include_str!("../../docs/how-to/reasons/missing_in_xero.md"),
        ReasonCode::NotEditableInXero => {
            include_str!("../../docs/how-to/reasons/not_editable_in_xero.md")
        }
        ReasonCode::PeriodLocked => include_str!("../../docs/how-to/reasons/period_locked.md"),
        ReasonCode::ValidationRefused => {
            include_str!("../../docs/how-to/reasons/validation_refused.md")
        }
        ReasonCode::TooLarge => include_str!("../../docs/how-to/reasons/too_large.md"),
        ReasonCode::XeroUnavailable => {
            include_str!("../../docs/how-to/reasons/xero_unavailable.md")
        }
        ReasonCode::DailyQuotaExhausted => {
            include_str!("../../docs/how-to/reasons/daily_quota_exhausted.md")
        }
        ReasonCode::WorkOrderAlreadyReinvoiced => {
            include_str!("../../docs/how-to/reasons/work_order_already_reinvoiced.md")
        }
        ReasonCode::PaymentDeleteNoMatch => {
            include_str!("../../docs/how-to/reasons/payment_delete_no_match.md")
        }
        ReasonCode::NeedsReview => include_str!("../../docs/how-to/reasons/needs_review.md"),
    }
}
