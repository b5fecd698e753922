//! What Xero's validation messages mean. They are matched by what they contain, because Xero
//! varies full stops and spelling.

use std::collections::BTreeSet;

use crate::model::document::Draft;
use crate::model::reason::ReasonCode;
use crate::model::row::MappingKind;

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

/// The word of the host that Xero's messages are about, as far as they tell: the one they name, else
/// the only one there is.
#[must_use]
pub fn subject(code: ReasonCode, messages: &[String], draft: &Draft) -> Option<String> {
    let said = messages.join(" ").to_lowercase();
    let kind = match code {
        ReasonCode::AccountMappingIncorrect => MappingKind::NominalCodes,
        ReasonCode::PrerequisiteUnmapped if said.contains("item code") => MappingKind::Items,
        ReasonCode::PrerequisiteUnmapped if said.contains("tax") => MappingKind::TaxRates,
        ReasonCode::ContactArchived => return Some(draft.contact.reference.clone()),
        ReasonCode::CurrencyMismatch => return Some(draft.currency.to_string()),
        _ => return None,
    };
    let words: BTreeSet<&str> = kind.words_of(draft).collect();
    let is_said = |word: &&&str| {
        let word = word.to_lowercase();
        said.split(|letter: char| letter.is_whitespace() || matches!(letter, '\'' | '"' | '.' | ','))
            .any(|part| part == word)
    };
    let named = words.iter().find(is_said);
    named
        .or_else(|| words.first().filter(|_| words.len() == 1))
        .map(|word| (*word).to_owned())
}

/// Xero's messages as one sentence for the badge.
#[must_use]
pub fn in_words(messages: &[String]) -> String {
    if messages.is_empty() {
        return "Xero refused the document without saying why.".to_owned();
    }
    format!("Xero says: {}", messages.join(" "))
}
