//! Why a badge is red: the closed registry. API, CLI, console, logs and docs take their words from here.

use serde::{Deserialize, Serialize};

macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident = $code:literal, $actionable:literal, $title:literal, $detail:literal, $fix:literal;)*) => {
        /// A reason a document did not reach Xero.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum ReasonCode {
            $($(#[$doc])* #[serde(rename = $code)] $variant,)*
        }

        impl ReasonCode {
            /// Every reason, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The stable code.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),* }
            }

            /// The title, as a person reads it.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title),* }
            }

            /// What it means, before the particulars of a case are known.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $detail),* }
            }

            /// What to do.
            #[must_use]
            pub const fn fix(self) -> &'static str {
                match self { $(Self::$variant => $fix),* }
            }

            /// Whether a person can do something about it.
            #[must_use]
            pub const fn is_actionable(self) -> bool {
                match self { $(Self::$variant => $actionable),* }
            }

            /// The reason with this code.
            #[must_use]
            pub fn from_code(code: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|reason| reason.code() == code)
            }
        }
    };
}

reasons! {
    /// A line's nominal code has no Xero account.
    UnmappedNominalCode = "unmapped_nominal_code", true,
        "Unmapped nominal code",
        "A line uses a nominal code that has no Xero account code.",
        "Fill in the Xero account code for this nominal code (counterfoil mappings set nominal_codes CODE ACCOUNT), then click Sync now.";
    /// The account the code is mapped to cannot be used.
    AccountMappingIncorrect = "account_mapping_incorrect", true,
        "Account mapping is incorrect",
        "Xero refuses the account code a line is mapped to: it is archived, missing, or of the wrong kind for this document.",
        "Correct the account mapping (counterfoil mappings set nominal_codes CODE ACCOUNT), which sends it again by itself, or re-activate the account in Xero, then click Sync now.";
    /// A tax type, item or contact the document needs is not in Xero.
    PrerequisiteUnmapped = "prerequisite_unmapped", true,
        "Prerequisite missing in Xero",
        "The document uses a tax rate or an item that this Xero organisation does not have.",
        "Map it to one that exists (counterfoil mappings gaps shows how), which sends it again by itself, or add it in Xero, then click Sync now.";
    /// The document's currency is not the organisation's.
    CurrencyMismatch = "currency_mismatch", true,
        "Currency mismatch",
        "The document's currency is not the base currency of the Xero organisation.",
        "Re-issue the invoice in the organisation's currency, or allow the currency in the settings if the organisation has multi-currency.";
    /// Two local parties share one name.
    ContactCollision = "contact_collision", true,
        "Contact collision - manual mapping required",
        "Two contacts of the application share one name, so it is not certain which Xero contact is meant.",
        "Rename one of them, or map each to its Xero contact by hand (counterfoil mappings set contacts REF CONTACT_ID).";
    /// The contact is archived in Xero.
    ContactArchived = "contact_archived", true,
        "Contact is archived in Xero",
        "The Xero contact of this document is archived, and Xero accepts no documents for archived contacts.",
        "Restore the contact in Xero or map the customer to an active one, then click Sync now.";
    /// The number is taken by a document that is not ours.
    InvoiceNumberExists = "invoice_number_exists", true,
        "Invoice number already exists in Xero",
        "The invoice number of the exported invoice already exists in Xero on a document that this application did not make.",
        "If both are the same document, link them (counterfoil invoices link REF DOCUMENT). Otherwise renumber one of the two, then click Sync now.";
    /// The connection is not in the state `active`.
    ConnectionNotActive = "connection_not_active", true,
        "Connection not active",
        "The connection to Xero is not active.",
        "Resolve the connection (top up, reconnect, or reconnect from scratch); what is held is then sent by itself.";
    /// Both sides changed the same field.
    ChangedInXero = "changed_in_xero", true,
        "Changed in Xero",
        "The document was changed both here and in Xero since they last agreed.",
        "Compare the two. Sync now overwrites Xero's version with yours; to keep Xero's, change yours to match.";
    /// The linked document is gone.
    MissingInXero = "missing_in_xero", true,
        "Missing in Xero",
        "The Xero document this invoice is linked to cannot be found.",
        "Check in Xero whether it was removed, and link the invoice to the right document.";
    /// Xero's status does not allow the change.
    NotEditableInXero = "not_editable_in_xero", true,
        "Cannot be changed in Xero",
        "Xero does not allow this change: the document is paid, part paid, voided or deleted there.",
        "If the change is right, remove the payment or credit in Xero: the change is then sent by itself. A document that was voided or deleted there needs a new one: acknowledge this one.";
    /// The date lies in a locked period.
    PeriodLocked = "period_locked", true,
        "Period is locked in Xero",
        "The document's date lies in a period that is locked in Xero.",
        "Change the date, or move the lock date in Xero, then click Sync now.";
    /// Xero's own words.
    ValidationRefused = "validation_refused", true,
        "Xero refused the document",
        "Xero's validation refused the document.",
        "Correct what Xero names, then click Sync now.";
    /// More than Xero takes in one request.
    TooLarge = "too_large", true,
        "Document is too large",
        "The document is larger than Xero accepts in one request (3.5 MB).",
        "Split the document, or shorten its descriptions.";
    /// Retries are used up while Xero does not answer.
    XeroUnavailable = "xero_unavailable", true,
        "Xero is unavailable",
        "Xero did not accept the document in three attempts, because its service failed.",
        "Wait until Xero is back (https://status.xero.com tells about outages): the document is sent by itself then. Sync now tries at once.";
    /// The day's calls are used up.
    DailyQuotaExhausted = "daily_quota_exhausted", false,
        "Daily quota exhausted",
        "All of today's calls to this Xero organisation are used.",
        "Nothing to do: sending resumes by itself when Xero allows calls again.";
    /// The work order of a voided invoice has another invoice.
    WorkOrderAlreadyReinvoiced = "work_order_already_reinvoiced", false,
        "Work order already re-invoiced",
        "The invoice was voided in Xero, but its work order had been invoiced again before. The void applies; the other invoice is live and untouched.",
        "No automatic action. Review the two invoices to confirm which one is live, then acknowledge.";
    /// A deleted payment was never here.
    PaymentDeleteNoMatch = "payment_delete_no_match", false,
        "Payment delete - no match",
        "Xero deleted a payment that has no matching payment here, usually because it was made and deleted in Xero in a short time.",
        "Check the payment's history in Xero and the invoice's payments here. Usually safe to ignore: acknowledge it.";
    /// Something that must not happen did.
    NeedsReview = "needs_review", true,
        "Needs a person's review",
        "Xero's answer does not fit what was sent, so nothing more is sent for this document until a person has looked.",
        "Compare the document in Xero with yours; link it if it is the right one, then click Sync now.";
}
