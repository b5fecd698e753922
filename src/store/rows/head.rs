//! What index rows and searches need of an invoice, stored in front of it.

use std::borrow::Cow;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::codec::open;
use super::error::RowError;
use super::invoice::{HAS_HEAD, VERSION, split_head};
use crate::model::document::InvoiceKind;
use crate::model::ids::{XeroCreditId, XeroInvoiceId};
use crate::model::row::{Badge, Invoice, VarianceLevel};
use crate::model::standing;
use crate::model::time::Timestamp;

/// The indexed facts of an invoice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head<'a> {
    /// The host's reference.
    #[serde(rename = "ref", borrow)]
    pub host_ref: Cow<'a, str>,
    /// Sales invoice or bill.
    pub kind: InvoiceKind,
    /// Its number.
    #[serde(borrow)]
    pub number: Cow<'a, str>,
    /// The contact's name.
    #[serde(borrow)]
    pub name: Cow<'a, str>,
    /// The badge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub badge: Option<Badge>,
    /// The code of the reason it is red for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Cow<'a, str>>,
    /// What that reason is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Cow<'a, str>>,
    /// Since when it is red.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// While it waits for money: when that is due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<NaiveDate>,
    /// The Xero document it is linked to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub xero: Option<XeroInvoiceId>,
    /// What takes something off it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub credits: Vec<XeroCreditId>,
    /// The work order it invoices.
    #[serde(default, borrow, skip_serializing_if = "Option::is_none")]
    pub order: Option<Cow<'a, str>>,
    /// The level of a variance that nobody acknowledged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variance: Option<VarianceLevel>,
    /// It had alerts, and somebody looked at all of them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub acknowledged: bool,
}

impl<'a> Head<'a> {
    /// The head of an invoice.
    #[must_use]
    pub fn of(invoice: &'a Invoice) -> Self {
        let red = invoice.sync.badge == Some(Badge::Failed);
        let reason = invoice.sync.reason.as_ref().filter(|_| red);
        Self {
            host_ref: Cow::Borrowed(&invoice.host_ref),
            kind: invoice.draft.kind,
            number: Cow::Borrowed(&invoice.draft.number),
            name: Cow::Borrowed(&invoice.draft.contact.name),
            badge: invoice.sync.badge,
            reason: reason.map(|reason| Cow::Borrowed(reason.code.code())),
            subject: reason.and_then(|reason| reason.subject.as_deref().map(Cow::Borrowed)),
            since: reason.map(|reason| reason.since),
            due: standing::awaits_payment(invoice),
            xero: invoice.link.as_ref().map(|link| link.xero_id),
            credits: invoice.back.counted().map(|credit| credit.xero_id).collect(),
            order: invoice.draft.work_order_ref.as_deref().map(Cow::Borrowed),
            variance: invoice.back.open_variance().map(|variance| variance.level),
            acknowledged: !invoice.back.alerts.is_empty() && invoice.back.open_alert().is_none(),
        }
    }

    /// The head of a stored invoice, without reading the invoice.
    ///
    /// # Errors
    /// [`RowError::Newer`] and [`RowError::Damaged`].
    pub fn read(key: &[u8], value: &'a [u8]) -> Result<Self, RowError> {
        let bytes = Self::bytes(key, value)?;
        serde_json::from_slice(bytes).map_err(|error| RowError::damaged(key, error.to_string()))
    }

    /// The bytes of the head of a stored invoice: equal bytes, equal index rows.
    ///
    /// # Errors
    /// As [`Head::read`].
    pub fn bytes<'v>(key: &[u8], value: &'v [u8]) -> Result<&'v [u8], RowError> {
        let (_flags, payload) = open(key, value, VERSION, HAS_HEAD)?;
        split_head(payload)
            .map(|(head, _)| head)
            .ok_or_else(|| RowError::damaged(key, "its head is cut"))
    }

    /// What text searches look at.
    #[must_use]
    pub fn listed(&self) -> Listed<'_> {
        Listed {
            kind: self.kind,
            number: Cow::Borrowed(self.number.as_ref()),
            host_ref: Cow::Borrowed(self.host_ref.as_ref()),
            name: Cow::Borrowed(self.name.as_ref()),
            since: self.since,
            subject: self.subject.as_deref().map(Cow::Borrowed),
            due: self.due,
        }
    }
}

/// The value of a list row: what a list is filtered by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed<'a> {
    /// Sales invoice or bill.
    #[serde(rename = "k")]
    pub kind: InvoiceKind,
    /// Its number.
    #[serde(rename = "n", borrow)]
    pub number: Cow<'a, str>,
    /// The host's reference.
    #[serde(rename = "r", borrow)]
    pub host_ref: Cow<'a, str>,
    /// The contact's name.
    #[serde(rename = "c", borrow)]
    pub name: Cow<'a, str>,
    /// Since when it is red.
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// What the reason it is red for is about.
    #[serde(rename = "b", default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Cow<'a, str>>,
    /// While it waits for money: when that is due.
    #[serde(rename = "d", default, skip_serializing_if = "Option::is_none")]
    pub due: Option<NaiveDate>,
}

impl Listed<'_> {
    /// Whether number, reference or name contains this text, which is in lower case.
    #[must_use]
    pub fn contains(&self, folded: &str) -> bool {
        [&self.number, &self.host_ref, &self.name]
            .into_iter()
            .any(|text| text.to_lowercase().contains(folded))
    }
}
