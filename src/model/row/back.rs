//! What came back from Xero about an invoice: payments, credits, differences.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::model::document::Draft;
use crate::model::ids::{PaymentId, XeroCreditId, XeroPaymentId};
use crate::model::row::{Acknowledged, Alert, WorkOrderLink};
use crate::model::time::Timestamp;
use crate::model::xero::CreditKind;

/// The method of every payment that came from Xero: a system method nobody can delete (S1).
pub const PAYMENT_METHOD: &str = "Xero Sync";

/// Why a comparison waits, in events and in the API.
pub const PAYMENT_PENDING: &str = "payment_pending";

/// What came back from Xero about one invoice.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Back {
    /// The payments Xero reported, in the order in which they came; deleted ones too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub payments: Vec<Payment>,
    /// What was credited, in the order in which it came; removed credits too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub credits: Vec<Credit>,
    /// What Xero changed since both sides last agreed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variance: Option<Variance>,
    /// What the host wrote itself, where Xero's changes were taken over since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_written: Option<Box<Draft>>,
    /// Until then Xero's version is not compared, because a payment came or is on its way (S2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quiet_until: Option<Timestamp>,
    /// Xero's version is to be compared at this moment, because a payment held it back (S2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deferred: Option<Timestamp>,
    /// What became of the work order when the invoice was voided in Xero.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub work_order: Option<WorkOrderLink>,
    /// What somebody must know of, acknowledged or not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alerts: Vec<Alert>,
}

impl Back {
    /// The credits that count.
    pub fn counted(&self) -> impl Iterator<Item = &Credit> {
        self.credits.iter().filter(|credit| credit.removed_at.is_none())
    }

    /// The variance, unless somebody acknowledged it.
    #[must_use]
    pub fn open_variance(&self) -> Option<&Variance> {
        self.variance
            .as_ref()
            .filter(|variance| variance.acknowledged.is_none())
    }

    /// The oldest alert that nobody acknowledged.
    #[must_use]
    pub fn open_alert(&self) -> Option<&Alert> {
        self.alerts.iter().find(|alert| alert.acknowledged.is_none())
    }

    /// A payment came, or is on its way: the comparison waits until then.
    pub fn quieten(&mut self, until: Timestamp) {
        self.quiet_until = self.quiet_until.max(Some(until));
    }

    /// Until when the comparison waits, if it does.
    #[must_use]
    pub fn quiet(&self, now: Timestamp) -> Option<Timestamp> {
        self.quiet_until.filter(|until| *until > now)
    }

    /// Whether nothing came back yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A payment that Xero reported. It is never removed, only marked as deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// Our id.
    pub id: PaymentId,
    /// Xero's.
    pub xero_id: XeroPaymentId,
    /// In the invoice's currency.
    pub amount: Decimal,
    /// When it was paid.
    #[serde(default)]
    pub date: Option<NaiveDate>,
    /// Xero's reference text.
    #[serde(default)]
    pub reference: String,
    /// When we first saw it.
    pub recorded_at: Timestamp,
    /// When we saw that it had been deleted in Xero.
    #[serde(default)]
    pub deleted_at: Option<Timestamp>,
}

/// What a credit note, overpayment or prepayment took off the invoice. Kept when it is removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credit {
    /// Which kind of document.
    pub kind: CreditKind,
    /// Xero's id of it.
    pub xero_id: XeroCreditId,
    /// Its number, where it has one.
    #[serde(default)]
    pub number: String,
    /// In the invoice's currency.
    pub amount: Decimal,
    /// Its date.
    #[serde(default)]
    pub date: Option<NaiveDate>,
    /// When we first saw it.
    pub recorded_at: Timestamp,
    /// When we saw that it had been removed; then it does not count.
    #[serde(default)]
    pub removed_at: Option<Timestamp>,
}

/// How far Xero's document is from the host's (S2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VarianceLevel {
    /// A field differs.
    Variance,
    /// Lines, tax types, items or the status differ.
    HighVariance,
}

impl VarianceLevel {
    /// The word in the API.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Variance => "variance",
            Self::HighVariance => "high_variance",
        }
    }

    /// The words a person sees (S2).
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Variance => "Variance",
            Self::HighVariance => "High Variance",
        }
    }
}

/// What becomes of one difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Disposition {
    /// Taken over from Xero by itself.
    AutoApplied,
    /// A rule of the workspace set the host's value.
    Protected,
    /// For a person to decide.
    ReviewRequired,
}

impl Disposition {
    /// The word in the API.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::AutoApplied => "auto_applied",
            Self::Protected => "protected",
            Self::ReviewRequired => "review_required",
        }
    }

    /// The words a person sees (S2).
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::AutoApplied => "Auto-applied",
            Self::Protected => "Protected",
            Self::ReviewRequired => "Review required",
        }
    }
}

/// One difference between the host's document and Xero's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// Where, as a JSON pointer into the host's document (`/lines/0/quantity`).
    pub path: String,
    /// The host's value, as text; empty = nothing.
    pub local: String,
    /// Xero's value, as text; empty = nothing.
    pub xero: String,
    /// How much it matters.
    pub level: VarianceLevel,
    /// What becomes of it.
    pub disposition: Disposition,
}

/// What Xero changed since both sides last agreed, and the host has not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variance {
    /// The highest level of its differences.
    pub level: VarianceLevel,
    /// The differences that are open.
    pub differences: Vec<Difference>,
    /// Since when there is one.
    pub since: Timestamp,
    /// Who looked at these very differences.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledged: Option<Acknowledged>,
}
