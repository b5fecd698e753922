//! The pages of `docs/how-to/reasons`, built into the program: `counterfoil explain CODE`.

use crate::config::nearest::nearest;
use crate::model::problem::ProblemCode;
use crate::model::reason::ReasonCode;

/// What is printed for a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Explanation {
    /// The page of this reason.
    Page(&'static str),
    /// What is known of this refusal of the API.
    Problem(ProblemCode),
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
    if let Some(reason) = ReasonCode::from_code(&code) {
        return Explanation::Page(page(reason));
    }
    match ProblemCode::from_code(&code) {
        Some(problem) => Explanation::Problem(problem),
        None => {
            let reasons = ReasonCode::ALL.iter().map(|reason| reason.code());
            let problems = ProblemCode::ALL.iter().map(|problem| problem.code());
            Explanation::Unknown {
                meant: nearest(&code, reasons.chain(problems)),
            }
        }
    }
}

/// What is known of a refusal of the API, as Markdown.
#[must_use]
pub fn refusal(problem: ProblemCode) -> String {
    let again = if problem.is_retryable() {
        "The same request may succeed later."
    } else {
        "The same request will be refused again."
    };
    format!(
        "# {}\n\nThe daemon refuses a request with `{}` (HTTP status {}).\n\n**What to do:** {}\n\n{again}",
        problem.title(),
        problem.code(),
        problem.status(),
        problem.typed().unwrap_or(problem.fix()),
    )
}

/// Every reason and refusal with its title, for `counterfoil explain` without a code.
#[must_use]
pub fn overview() -> String {
    let reasons: Vec<_> = ReasonCode::ALL
        .iter()
        .map(|reason| (reason.code(), reason.title()))
        .collect();
    let problems: Vec<_> = ProblemCode::ALL
        .iter()
        .map(|problem| (problem.code(), problem.title()))
        .collect();
    let all = reasons.iter().chain(&problems);
    let widest = all.map(|(code, _)| code.len()).max().unwrap_or_default();
    let lines = |list: &[(&str, &str)]| -> String {
        list.iter()
            .map(|(code, title)| format!("  {code:widest$}  {title}\n"))
            .collect()
    };
    format!(
        "Why a badge is red:\n{}\nWhy a request is refused:\n{}",
        lines(&reasons),
        lines(&problems)
    )
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
