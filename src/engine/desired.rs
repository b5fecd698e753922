//! What the host's document looks like in Xero's terms: mappings, prerequisites, status.

use rust_decimal::Decimal;

use super::event::PushContext;
use crate::model::document::{Draft, HostStatus, InvoiceKind, Line, Party};
use crate::model::ids::Marker;
use crate::model::ids::XeroContactId;
use crate::model::reason::ReasonCode;
use crate::model::row::{Channel, Chart, Mapping, MappingKind, Settings};
use crate::model::xero::{Account, OutgoingInvoice, OutgoingLine, XeroStatus};

/// Why a document cannot be sent as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obstacle {
    /// The reason.
    pub code: ReasonCode,
    /// This case in a sentence.
    pub detail: String,
    /// What it is about, so that its fix finds it again.
    pub subject: Option<String>,
}

/// The Xero status a host status asks for, for a document that is not in Xero yet.
#[must_use]
pub const fn first_status(status: HostStatus) -> Option<XeroStatus> {
    match status {
        HostStatus::Draft => Some(XeroStatus::Draft),
        HostStatus::Pending => Some(XeroStatus::Submitted),
        HostStatus::Approved => Some(XeroStatus::Authorised),
        HostStatus::Void => None,
    }
}

/// The status to ask for, given the one the document has in Xero; `None` = leave it.
#[must_use]
pub fn next_status(wanted: HostStatus, current: &XeroStatus) -> Option<XeroStatus> {
    use XeroStatus as X;
    match (wanted, current) {
        (HostStatus::Void, X::Draft | X::Submitted) => Some(X::Deleted),
        (HostStatus::Void, X::Authorised | X::Paid | X::Other(_)) => Some(X::Voided),
        (HostStatus::Approved, X::Draft | X::Submitted) => Some(X::Authorised),
        (HostStatus::Pending, X::Draft) => Some(X::Submitted),
        (HostStatus::Draft, X::Submitted) => Some(X::Draft),
        _ => None,
    }
}

/// The link that carries our marker: the host's own address of the document, else `base`.
#[must_use]
pub fn url(draft: &Draft, base: &str, marker: Marker) -> String {
    let address = draft.host_url.as_deref().unwrap_or(base);
    let (address, fragment) = match address.split_once('#') {
        Some((address, fragment)) => (address, Some(fragment)),
        None => (address, None),
    };
    let separator = if address.contains('?') { '&' } else { '?' };
    let fragment = fragment.map(|fragment| format!("#{fragment}")).unwrap_or_default();
    format!("{address}{separator}{}={marker}{fragment}", Marker::PARAMETER)
}

/// Whether the document's currency can be used in this organisation.
///
/// # Errors
/// `currency_mismatch`.
pub fn check_currency(
    draft: &Draft,
    base: crate::model::document::Currency,
    settings: &Settings,
) -> Result<(), Obstacle> {
    if draft.currency == base || settings.currencies.contains(&draft.currency) {
        return Ok(());
    }
    Err(Obstacle {
        code: ReasonCode::CurrencyMismatch,
        detail: format!(
            "The document is in {}, the Xero organisation's base currency is {base}.",
            draft.currency
        ),
        subject: Some(draft.currency.to_string()),
    })
}

/// The complete document for a create.
///
/// # Errors
/// The first obstacle, by line.
pub fn outgoing(
    context: &PushContext,
    chart: &Chart,
    settings: &Settings,
    contact: XeroContactId,
    url: String,
) -> Result<OutgoingInvoice, Obstacle> {
    let draft = &context.invoice.draft;
    check_dates(draft, chart)?;
    let lines = draft
        .lines
        .iter()
        .enumerate()
        .map(|(index, line)| outgoing_line(index, line, context, chart, settings))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(document(draft, contact, url, lines))
}

/// The document as it was sent, in the words of today's mappings. It was sendable then, so nothing
/// is checked: what a chart or a lock says now does not undo it.
#[must_use]
pub fn as_sent(context: &PushContext, contact: XeroContactId, url: String) -> OutgoingInvoice {
    let draft = &context.invoice.draft;
    let word = |kind, word: &String| mapping(context, kind, word).unwrap_or(word).to_owned();
    let lines = draft.lines.iter().map(|line| {
        let account = line
            .nominal_code
            .as_ref()
            .map(|code| word(MappingKind::NominalCodes, code));
        let rate = line.tax_type.as_ref().map(|rate| word(MappingKind::TaxRates, rate));
        in_words(line, context, account, rate)
    });
    document(draft, contact, url, lines.collect())
}

fn document(draft: &Draft, contact: XeroContactId, url: String, lines: Vec<OutgoingLine>) -> OutgoingInvoice {
    OutgoingInvoice {
        kind: draft.kind,
        number: draft.number.clone(),
        reference: (draft.kind == InvoiceKind::Sales)
            .then(|| draft.reference.clone())
            .flatten(),
        contact,
        date: draft.issue_date,
        due_date: draft.due_date,
        currency: draft.currency,
        line_amount_types: draft.line_amount_types,
        status: first_status(draft.host_status).unwrap_or(XeroStatus::Draft),
        lines,
        url,
    }
}

/// One line in Xero's terms, without its id.
///
/// # Errors
/// An unmapped or unusable nominal code, a tax type the organisation lacks.
pub fn outgoing_line(
    index: usize,
    line: &Line,
    context: &PushContext,
    chart: &Chart,
    settings: &Settings,
) -> Result<OutgoingLine, Obstacle> {
    let account_code = account_code(index, line, context, chart, settings)?;
    let tax_type = tax_type(index, line, context, chart)?;
    Ok(in_words(line, context, account_code, tax_type))
}

fn in_words(
    line: &Line,
    context: &PushContext,
    account_code: Option<String>,
    tax_type: Option<String>,
) -> OutgoingLine {
    let item = line.item_code.as_ref();
    let item_code = item.map(|code| mapping(context, MappingKind::Items, code).unwrap_or(code).to_owned());
    OutgoingLine {
        id: None,
        description: line.description.clone(),
        quantity: line.quantity,
        unit_amount: line.unit_price,
        account_code,
        tax_type,
        tax_amount: line.tax_amount,
        item_code,
        discount_rate: line.discount_percent.filter(|percent| *percent != Decimal::ZERO),
    }
}

fn account_code(
    index: usize,
    line: &Line,
    context: &PushContext,
    chart: &Chart,
    settings: &Settings,
) -> Result<Option<String>, Obstacle> {
    // A draft may leave it open, and an item brings its own.
    let Some(nominal) = line.nominal_code.as_deref() else {
        if line.item_code.is_some() || context.invoice.draft.host_status == HostStatus::Draft {
            return Ok(None);
        }
        return Err(Obstacle {
            code: ReasonCode::UnmappedNominalCode,
            detail: format!("Line {} has no nominal code.", index.saturating_add(1)),
            subject: None,
        });
    };
    let find = |code: &str| {
        chart
            .accounts
            .iter()
            .find(|account| account.code.as_deref() == Some(code))
    };
    let mapped = mapping(context, MappingKind::NominalCodes, nominal);
    let code = match mapped {
        Some(code) => code,
        None if settings.same_code_default && find(nominal).is_some() => nominal,
        None => {
            return Err(Obstacle {
                code: ReasonCode::UnmappedNominalCode,
                detail: format!(
                    "Line {} uses nominal code {nominal}, which has no Xero account code.",
                    index.saturating_add(1)
                ),
                subject: Some(nominal.to_owned()),
            });
        }
    };
    match find(code).map_or(Some("not in the chart of accounts"), Account::unusable) {
        None => Ok(Some(code.to_owned())),
        Some(why) => Err(Obstacle {
            code: ReasonCode::AccountMappingIncorrect,
            detail: format!(
                "Line {} uses nominal code {nominal}, mapped to Xero account {code}, which is {why}.",
                index.saturating_add(1),
            ),
            subject: Some(nominal.to_owned()),
        }),
    }
}

fn tax_type(index: usize, line: &Line, context: &PushContext, chart: &Chart) -> Result<Option<String>, Obstacle> {
    let Some(wanted) = line.tax_type.as_deref() else {
        return Ok(None);
    };
    let tax_type = mapping(context, MappingKind::TaxRates, wanted).unwrap_or(wanted);
    let is_known = chart
        .tax_rates
        .iter()
        .any(|rate| rate.tax_type == tax_type && rate.is_active);
    if is_known {
        return Ok(Some(tax_type.to_owned()));
    }
    Err(Obstacle {
        code: ReasonCode::PrerequisiteUnmapped,
        detail: format!(
            "Line {} uses tax rate {tax_type}, which the Xero organisation does not have.",
            index.saturating_add(1)
        ),
        subject: Some(wanted.to_owned()),
    })
}

/// Whom a document is for: the party it names, unless its channel is mapped to one contact, or is one
/// where the location takes the customer's place.
#[must_use]
pub fn party_of(draft: &Draft, mappings: &[Mapping]) -> Party {
    let channel = draft.channel.as_deref().and_then(|word| {
        let is_it = |mapping: &&Mapping| mapping.kind == MappingKind::Channels && mapping.key == word;
        let found = mappings.iter().find(is_it)?;
        Some((word, Channel::parse(&found.value)?))
    });
    let stands_for = |kind: &str, word: &str| Party {
        reference: format!("{kind}:{word}"),
        name: word.to_owned(),
        email: None,
    };
    match (channel, draft.location.as_deref()) {
        (Some((word, Channel::Contact(_))), _) => stands_for("channel", word),
        (Some((_, Channel::Locations)), Some(location)) => stands_for("location", location),
        _ => draft.contact.clone(),
    }
}

/// The contact a person said a document is for.
#[must_use]
pub fn contact_by_hand(draft: &Draft, mappings: &[Mapping]) -> Option<XeroContactId> {
    let value = |kind, word: &str| {
        let is_it = |mapping: &&Mapping| mapping.kind == kind && mapping.key == word;
        mappings.iter().find(is_it).map(|mapping| mapping.value.as_str())
    };
    let channel = draft
        .channel
        .as_deref()
        .and_then(|word| value(MappingKind::Channels, word));
    match channel.and_then(Channel::parse) {
        Some(Channel::Contact(contact)) => Some(contact),
        Some(Channel::Locations) if draft.location.is_some() => {
            let location = draft.location.as_deref().unwrap_or_default();
            value(MappingKind::Locations, location)?.parse().ok()
        }
        _ => value(MappingKind::Contacts, &draft.contact.reference)?.parse().ok(),
    }
}

fn mapping<'a>(context: &'a PushContext, kind: MappingKind, key: &str) -> Option<&'a str> {
    context
        .mappings
        .iter()
        .find(|mapping| mapping.kind == kind && mapping.key == key)
        .map(|mapping| mapping.value.as_str())
}

fn check_dates(draft: &Draft, chart: &Chart) -> Result<(), Obstacle> {
    match chart.organisation.locked_until() {
        Some(lock) if draft.issue_date <= lock => Err(Obstacle {
            code: ReasonCode::PeriodLocked,
            detail: format!(
                "The document is dated {}, and Xero is locked up to {lock}.",
                draft.issue_date
            ),
            subject: Some(lock.to_string()),
        }),
        _ => Ok(()),
    }
}
