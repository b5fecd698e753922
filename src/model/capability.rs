//! What is synced, in which direction, and what is not: one registry for API, command line and docs.

/// Where something goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// From the application to Xero.
    ToXero,
    /// From Xero to the application.
    FromXero,
    /// Both.
    Both,
    /// Not synced.
    Nowhere,
}

impl Way {
    /// The word in the API.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::ToXero => "to_xero",
            Self::FromXero => "from_xero",
            Self::Both => "both",
            Self::Nowhere => "none",
        }
    }

    /// As a person reads it.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::ToXero => "→ Xero",
            Self::FromXero => "← Xero",
            Self::Both => "↔ Xero",
            Self::Nowhere => "—",
        }
    }
}

/// One thing that is synced, or is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capability {
    /// The stable word.
    pub key: &'static str,
    /// Its name.
    pub title: &'static str,
    /// Where it goes.
    pub way: Way,
    /// What there is to know, in sentences.
    pub detail: &'static str,
}

/// Invoices of the time before the connection.
pub const HISTORY: &str = "Historical invoices created before you connect to Xero do not auto-backfill. Use Sync now on individual invoices if you want them in Xero.";
/// Payments.
pub const PAYMENTS: &str = "Payments recorded here are not pushed to Xero. The flow is one-way for payments.";
/// Credit notes.
pub const CREDIT_NOTES: &str =
    "Credit notes are not pushed to Xero. What credit notes in Xero take off an invoice is read.";
/// Parties that are left out.
pub const OPT_OUT: &str = "A customer or supplier can be left out: its invoices are then not sent by themselves, and Sync now still works. By default nobody is.";

const fn can(key: &'static str, title: &'static str, way: Way, detail: &'static str) -> Capability {
    Capability {
        key,
        title,
        way,
        detail,
    }
}

/// Everything there is to know.
pub const CAPABILITIES: &[Capability] = &[
    can(
        "sales_invoices",
        "Sales invoices",
        Way::ToXero,
        "Sent when they are approved; a pending one as submitted, a draft only by Sync now, a void one as voided.",
    ),
    can(
        "purchase_invoices",
        "Purchase invoices",
        Way::ToXero,
        "Sent as bills, by the same rules as sales invoices.",
    ),
    can(
        "contacts",
        "Customers and suppliers",
        Way::ToXero,
        "Found by mapping, number or exact name, else created. A missing email is fine: it is omitted, not posted as blank.",
    ),
    can(
        "contact_opt_out",
        "Opt-out of a customer or supplier",
        Way::Nowhere,
        OPT_OUT,
    ),
    can(
        "status",
        "Status and amounts of synced invoices",
        Way::FromXero,
        "Read within five minutes, with webhooks within seconds, and checked again every night.",
    ),
    can("payments", "Payments", Way::FromXero, PAYMENTS),
    can("credit_notes", "Credit notes", Way::FromXero, CREDIT_NOTES),
    can(
        "xero_only_invoices",
        "Invoices created directly in Xero",
        Way::Nowhere,
        "Invoices created directly in Xero are not pulled. Only invoices that originated in the application, or were linked to one, stay in sync.",
    ),
    can("history", "Invoices from before the connection", Way::Nowhere, HISTORY),
    can(
        "currencies",
        "Currencies",
        Way::ToXero,
        "The organisation's own currency, and those its settings allow. Invoices in other currencies will fail with a currency_mismatch error.",
    ),
    can(
        "retries",
        "Automatic retries",
        Way::ToXero,
        "Invoices that have permanently failed (three retry attempts) stop being retried automatically. The Sync now button is always available.",
    ),
];

#[cfg(test)]
mod tests {
    use super::CAPABILITIES;

    #[test]
    fn every_word_is_used_once() {
        for (at, capability) in CAPABILITIES.iter().enumerate() {
            assert!(!CAPABILITIES[..at].iter().any(|other| other.key == capability.key));
        }
    }
}
