//! What Xero's validation messages mean. They are matched by what they contain, because Xero
//! varies full stops and spelling.

use crate::model::reason::ReasonCode;

/// What a refused document needs next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meaning {
    /// The number is taken: by us earlier, or by somebody else. Only a look-up tells.
    NumberTaken,
    /// Red, for this reason.
    Reason(ReasonCode),
}

/// The table: a fragment of the message in lower case, and what it means. First match wins.
const TABLE: &[(&str, Meaning)] = &[
    ("invoice # must be unique", Meaning::NumberTaken),
    ("period lock date", Meaning::Reason(ReasonCode::PeriodLocked)),
    ("end of year lock date", Meaning::Reason(ReasonCode::PeriodLocked)),
    (
        "contact must be un-archived",
        Meaning::Reason(ReasonCode::ContactArchived),
    ),
    (
        "matched an archived contact",
        Meaning::Reason(ReasonCode::ContactArchived),
    ),
    (
        "contact details has been archived",
        Meaning::Reason(ReasonCode::ContactArchived),
    ),
    ("taxtype code", Meaning::Reason(ReasonCode::PrerequisiteUnmapped)),
    ("tax type", Meaning::Reason(ReasonCode::PrerequisiteUnmapped)),
    ("item code", Meaning::Reason(ReasonCode::PrerequisiteUnmapped)),
    ("account code", Meaning::Reason(ReasonCode::AccountMappingIncorrect)),
    (
        "reference a valid account",
        Meaning::Reason(ReasonCode::AccountMappingIncorrect),
    ),
    (
        "not subscribed to currency",
        Meaning::Reason(ReasonCode::CurrencyMismatch),
    ),
    ("not of valid status", Meaning::Reason(ReasonCode::NotEditableInXero)),
    (
        "payment or credit note allocated",
        Meaning::Reason(ReasonCode::NotEditableInXero),
    ),
    (
        "payments or credit notes allocated",
        Meaning::Reason(ReasonCode::NotEditableInXero),
    ),
    (
        "contact could not be found",
        Meaning::Reason(ReasonCode::PrerequisiteUnmapped),
    ),
    ("could not be found", Meaning::Reason(ReasonCode::MissingInXero)),
];

/// What these messages mean together: the first known one decides.
#[must_use]
pub fn meaning(messages: &[String]) -> Meaning {
    let lower: Vec<String> = messages.iter().map(|message| message.to_lowercase()).collect();
    TABLE
        .iter()
        .find(|(fragment, _)| lower.iter().any(|message| message.contains(fragment)))
        .map_or(Meaning::Reason(ReasonCode::ValidationRefused), |(_, meaning)| {
            meaning.clone()
        })
}

/// Xero's messages as one sentence for the badge.
#[must_use]
pub fn in_words(messages: &[String]) -> String {
    if messages.is_empty() {
        return "Xero refused the document without saying why.".to_owned();
    }
    format!("Xero says: {}", messages.join(" "))
}
