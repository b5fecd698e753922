//! From the body of a 2xx to what was asked for.

use serde::Deserialize;

use super::address::PAGE_SIZE;
use super::api::TokenPair;
use super::consent;
use super::wire::{
    self, Accounts, Changed, Connection, Contact, Contacts, Invoice, Invoices, Misread, Organisations, Pagination,
    SentContacts, TaxRates, Tokens,
};
use crate::model::row::StreamKind;
use crate::model::secret::SecretString;
use crate::model::xero::{Change, Reply, Request, WriteTarget, XeroConnection, XeroContact};

/// How long an access token lives where Xero does not say, in seconds. Xero's is 1,800; taking
/// less only costs a refresh.
const EXPIRES_IN_DEFAULT_S: u64 = 600;

/// The answer to a request.
///
/// # Errors
/// When the body is not a complete answer to this request. Nothing of it may be used then.
pub fn reply(request: &Request, body: &[u8]) -> Result<Reply, Misread> {
    match request {
        Request::Organisation => {
            let list = listed(json::<Organisations>(body)?.organisations)?;
            let organisation = list.into_iter().next().ok_or(Misread::ListMissing)?;
            organisation.organisation().map(Reply::Organisation)
        }
        Request::Accounts => {
            let list = never_empty(json::<Accounts>(body)?.accounts)?;
            Ok(Reply::Accounts(list.into_iter().map(Into::into).collect()))
        }
        Request::TaxRates => {
            let list = never_empty(json::<TaxRates>(body)?.tax_rates)?;
            let rates = list.into_iter().filter_map(|rate| rate.rate()).collect();
            Ok(Reply::TaxRates(rates))
        }
        Request::FindContacts { numbers, names } => found_contacts(body, numbers, names),
        Request::InvoicesById(_) | Request::InvoicesByNumber(_) => invoices(body, None),
        Request::MadeByUs { page, .. } => invoices(body, Some(*page)),
        Request::Changes {
            stream: StreamKind::Invoices,
            ..
        }
        | Request::Summaries { .. } => changed_invoices(body),
        Request::Changes { stream, .. } => changes(*stream, body),
        Request::Write {
            target: WriteTarget::CreateContacts,
            body: sent,
            ..
        } => written_contacts(body, sent),
        Request::Write { .. } => {
            let answer = json::<Invoices>(body)?;
            let list = listed(answer.invoices.or(answer.elements))?;
            let elements = list.into_iter().map(Invoice::written);
            Ok(Reply::Written(elements.collect::<Result<_, _>>()?))
        }
    }
}

/// The answer of a read that has nothing newer (304).
#[must_use]
pub fn nothing_newer(request: &Request) -> Option<Reply> {
    match request {
        Request::MadeByUs { .. }
        | Request::Summaries { .. }
        | Request::Changes {
            stream: StreamKind::Invoices,
            ..
        } => Some(Reply::Invoices {
            found: Vec::new(),
            page_count: 0,
        }),
        Request::Changes { .. } => Some(Reply::Changes {
            found: Vec::new(),
            page_count: 0,
        }),
        _never_conditional => None,
    }
}

/// The answer of a look-up for nothing.
#[must_use]
pub fn nothing_found(request: &Request) -> Option<Reply> {
    match request {
        Request::FindContacts { .. } => Some(Reply::Contacts(Vec::new())),
        Request::InvoicesById(_) | Request::InvoicesByNumber(_) => Some(Reply::Invoices {
            found: Vec::new(),
            page_count: 0,
        }),
        _not_a_look_up => None,
    }
}

/// The token endpoint's answer.
///
/// # Errors
/// When it is not a whole pair.
pub fn tokens(body: &[u8]) -> Result<TokenPair, Misread> {
    let mut answer = json::<Tokens>(body)?;
    let refresh = present(answer.refresh_token.take())?;
    pair(answer, refresh.into())
}

/// A custom connection's token; what it is asked for with next is `standing`.
///
/// # Errors
/// When there is no token.
pub fn custom_token(body: &[u8], standing: SecretString) -> Result<TokenPair, Misread> {
    pair(json::<Tokens>(body)?, standing)
}

fn pair(answer: Tokens, refresh: SecretString) -> Result<TokenPair, Misread> {
    let access = present(answer.access_token)?;
    Ok(TokenPair {
        user: consent::user_of(&access),
        access: access.into(),
        refresh,
        expires_in_s: answer.expires_in.unwrap_or(EXPIRES_IN_DEFAULT_S),
        scope: answer.scope,
    })
}

fn present(token: Option<String>) -> Result<String, Misread> {
    token.filter(|token| !token.is_empty()).ok_or(Misread::TokenMissing)
}

/// The answer of `/connections`.
///
/// # Errors
/// When it is not a list of connections.
pub fn connections(body: &[u8]) -> Result<Vec<XeroConnection>, Misread> {
    let list = json::<Vec<Connection>>(body)?;
    list.into_iter().map(Connection::connection).collect()
}

/// Pages are read from the last one on, so their number must be told: a guess would miss some.
fn changed_invoices(body: &[u8]) -> Result<Reply, Misread> {
    let answer = json::<Invoices>(body)?;
    let found = listed(answer.invoices)?;
    Ok(Reply::Invoices {
        page_count: pages(answer.pagination, &found)?,
        found: found.into_iter().map(Invoice::read).collect::<Result<_, _>>()?,
    })
}

fn changes(stream: StreamKind, body: &[u8]) -> Result<Reply, Misread> {
    let answer = json::<Changed>(body)?;
    let found: Vec<Change> = match stream {
        // A list of its own type.
        StreamKind::Invoices => return Err(Misread::Shape),
        StreamKind::Payments => each(answer.payments, wire::Payment::change)?,
        StreamKind::CreditNotes => each(answer.credit_notes, wire::CreditNote::change)?,
        StreamKind::Contacts => each(answer.contacts, Contact::change)?,
        StreamKind::ManualJournals => each(answer.manual_journals, wire::Journal::change)?,
    };
    Ok(Reply::Changes {
        page_count: pages(answer.pagination, &found)?,
        found,
    })
}

fn each<T>(list: Option<Vec<T>>, read: impl Fn(T) -> Result<Change, Misread>) -> Result<Vec<Change>, Misread> {
    listed(list)?.into_iter().map(read).collect()
}

fn pages<T>(told: Option<Pagination>, found: &[T]) -> Result<u32, Misread> {
    let none = found.is_empty().then_some(0);
    let told = told.and_then(|pagination| pagination.page_count);
    told.or(none).ok_or(Misread::PageCountMissing)
}

fn invoices(body: &[u8], page: Option<u32>) -> Result<Reply, Misread> {
    let answer = json::<Invoices>(body)?;
    let list = listed(answer.invoices)?;
    let found = list.into_iter().map(Invoice::read).collect::<Result<Vec<_>, _>>()?;
    let told = answer.pagination.and_then(|pagination| pagination.page_count);
    let page = page.unwrap_or(1);
    // Untold, a full page means that there may be another.
    let is_full = u32::try_from(found.len()).unwrap_or(u32::MAX) >= PAGE_SIZE;
    let page_count = told.unwrap_or_else(|| page.saturating_add(u32::from(is_full)));
    Ok(Reply::Invoices { found, page_count })
}

/// A name may have been asked for by its pieces, so the exact match is made here. Xero compares
/// without regard to case, and so do we.
fn found_contacts(body: &[u8], numbers: &[String], names: &[String]) -> Result<Reply, Misread> {
    let list = listed(json::<Contacts>(body)?.contacts)?;
    let mut found = list.into_iter().map(Contact::read).collect::<Result<Vec<_>, _>>()?;
    let names: Vec<String> = names.iter().map(|name| folded(name)).collect();
    let numbers: Vec<String> = numbers.iter().map(|number| folded(number)).collect();
    found.retain(|contact| {
        let number = contact.number.as_deref().map(folded);
        number.is_some_and(|number| numbers.contains(&number)) || names.contains(&folded(&contact.name))
    });
    Ok(Reply::Contacts(found))
}

fn folded(text: &str) -> String {
    text.trim().to_lowercase()
}

/// Matched by our own key (by the name where the answer has none), never by position: a contact
/// taken for another one's would send invoices to the wrong customer.
fn written_contacts(body: &[u8], sent: &[u8]) -> Result<Reply, Misread> {
    let answer = json::<Contacts>(body)?;
    let list = listed(answer.contacts.or(answer.elements))?;
    let members = list.into_iter().map(Contact::written);
    let mut members = members.collect::<Result<Vec<XeroContact>, _>>()?;
    let sent = json::<SentContacts>(sent)?.contacts;
    let mut in_order = Vec::with_capacity(sent.len());
    for contact in &sent {
        let is_it = |member: &XeroContact| match &member.number {
            Some(number) => *number == contact.contact_number,
            None => member.name == contact.name,
        };
        let at = members.iter().position(is_it);
        in_order.push(members.swap_remove(at.ok_or(Misread::NotWhatWasSent)?));
    }
    if members.is_empty() {
        Ok(Reply::Contacts(in_order))
    } else {
        Err(Misread::NotWhatWasSent)
    }
}

fn listed<T>(list: Option<Vec<T>>) -> Result<Vec<T>, Misread> {
    list.ok_or(Misread::ListMissing)
}

/// No organisation is without accounts and tax rates: an empty list of them is no answer.
fn never_empty<T>(list: Option<Vec<T>>) -> Result<Vec<T>, Misread> {
    listed(list.filter(|list| !list.is_empty()))
}

fn json<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Misread> {
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    let text = std::str::from_utf8(body).map_err(|_not_text| Misread::Shape)?;
    serde_json::from_str(text).map_err(|_not_this_json| Misread::Shape)
}
