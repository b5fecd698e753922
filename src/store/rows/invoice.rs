//! How an invoice is stored: `version | flags | length of the head (4) | head | JSON`.
//!
//! An invoice that is in step holds the same document several times (as the host's, as the last
//! common version, as the copy of Xero's). What equals another part is left out and put back when
//! the row is read, which halves the row.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::codec::{Row, from_json, to_json};
use super::head::Head;
use super::keys;
use crate::model::document::Draft;
use crate::model::ids::{InvoiceId, LineItemId, Marker, TenantId};
use crate::model::row::{Back, Common, Invoice, Link, Sent, Sync};
use crate::model::time::Timestamp;
use crate::model::xero::XeroInvoice;

/// Newest version of the format.
pub const VERSION: u8 = 1;
/// Flag: a head stands before the JSON. Always set in version 1.
pub const HAS_HEAD: u8 = 1;

impl Row for Invoice {
    const VERSION: u8 = VERSION;
    const FLAGS: u8 = HAS_HEAD;

    fn key(&self) -> Vec<u8> {
        keys::invoice(self.tenant, self.id)
    }

    fn to_payload(&self) -> Result<(u8, Vec<u8>), String> {
        let head = to_json(&Head::of(self))?;
        let body = to_json(&Stored::of(self))?;
        let length = u32::try_from(head.len()).map_err(|_too_long| "its head is too long")?;
        Ok((HAS_HEAD, [length.to_be_bytes().as_slice(), &head, &body].concat()))
    }

    fn from_payload(_head_is_always_there: u8, payload: &[u8]) -> Result<Self, String> {
        let (_head, body) = split_head(payload).ok_or("its head is cut")?;
        from_json::<Stored<'static>>(body)?.whole()
    }
}

/// Head and JSON of a payload; `None` when it is shorter than it says.
#[must_use]
pub fn split_head(payload: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = payload.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}

/// An [`Invoice`] without what it holds twice. Every field of the model has to be named here, so
/// that a new one cannot be forgotten.
#[derive(Serialize, Deserialize)]
struct Stored<'a> {
    id: InvoiceId,
    tenant: TenantId,
    host_ref: Cow<'a, str>,
    marker: Marker,
    rev: u64,
    version: u64,
    draft: Cow<'a, Draft>,
    accepted_at: Timestamp,
    updated_at: Timestamp,
    sync: Cow<'a, Sync>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    link: Option<Cow<'a, Link>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    common: Option<StoredCommon<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    copy: Option<Cow<'a, XeroInvoice>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sent: Option<StoredSent<'a>>,
    #[serde(default, skip_serializing_if = "is_false")]
    create_was_sent: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    on_request: bool,
    #[serde(default, skip_serializing_if = "nothing_back")]
    back: Cow<'a, Back>,
}

/// [`Common`]; a draft that is left out is the invoice's own, a Xero document the copy.
#[derive(Serialize, Deserialize)]
struct StoredCommon<'a> {
    rev: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    draft: Option<Cow<'a, Draft>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    xero: Option<Cow<'a, XeroInvoice>>,
    lines: Cow<'a, [Option<LineItemId>]>,
}

/// [`Sent`]; a draft that is left out is the invoice's own.
#[derive(Serialize, Deserialize)]
struct StoredSent<'a> {
    rev: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    draft: Option<Cow<'a, Draft>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    read: Option<Cow<'a, XeroInvoice>>,
    /// The document that was read is the copy.
    #[serde(default, skip_serializing_if = "is_false")]
    read_is_copy: bool,
}

impl<'a> Stored<'a> {
    fn of(invoice: &'a Invoice) -> Self {
        let Invoice {
            id,
            tenant,
            host_ref,
            marker,
            rev,
            version,
            draft,
            accepted_at,
            updated_at,
            sync,
            link,
            common,
            copy,
            sent,
            create_was_sent,
            on_request,
            back,
        } = invoice;
        Self {
            id: *id,
            tenant: *tenant,
            host_ref: Cow::Borrowed(host_ref),
            marker: *marker,
            rev: *rev,
            version: *version,
            draft: Cow::Borrowed(draft),
            accepted_at: *accepted_at,
            updated_at: *updated_at,
            sync: Cow::Borrowed(sync),
            link: link.as_ref().map(Cow::Borrowed),
            common: common
                .as_ref()
                .map(|common| StoredCommon::of(common, draft, copy.as_ref())),
            copy: copy.as_ref().map(Cow::Borrowed),
            sent: sent.as_ref().map(|sent| StoredSent::of(sent, draft, copy.as_ref())),
            create_was_sent: *create_was_sent,
            on_request: *on_request,
            back: Cow::Borrowed(back),
        }
    }

    fn whole(self) -> Result<Invoice, String> {
        let draft = self.draft.into_owned();
        let copy = self.copy.map(Cow::into_owned);
        Ok(Invoice {
            common: self
                .common
                .map(|common| common.whole(&draft, copy.as_ref()))
                .transpose()?,
            sent: self.sent.map(|sent| sent.whole(&draft, copy.as_ref())).transpose()?,
            id: self.id,
            tenant: self.tenant,
            host_ref: self.host_ref.into_owned(),
            marker: self.marker,
            rev: self.rev,
            version: self.version,
            draft,
            accepted_at: self.accepted_at,
            updated_at: self.updated_at,
            sync: self.sync.into_owned(),
            link: self.link.map(Cow::into_owned),
            copy,
            create_was_sent: self.create_was_sent,
            on_request: self.on_request,
            back: self.back.into_owned(),
        })
    }
}

impl<'a> StoredCommon<'a> {
    fn of(common: &'a Common, draft: &Draft, copy: Option<&XeroInvoice>) -> Self {
        let Common {
            rev,
            draft: agreed,
            xero,
            lines,
        } = common;
        Self {
            rev: *rev,
            draft: (agreed != draft).then_some(Cow::Borrowed(agreed)),
            xero: (copy != Some(xero)).then_some(Cow::Borrowed(xero)),
            lines: Cow::Borrowed(lines),
        }
    }

    fn whole(self, draft: &Draft, copy: Option<&XeroInvoice>) -> Result<Common, String> {
        Ok(Common {
            rev: self.rev,
            draft: self.draft.map_or_else(|| draft.clone(), Cow::into_owned),
            xero: self
                .xero
                .map(Cow::into_owned)
                .or_else(|| copy.cloned())
                .ok_or("its common version says it is the copy, and there is none")?,
            lines: self.lines.into_owned(),
        })
    }
}

impl<'a> StoredSent<'a> {
    fn of(sent: &'a Sent, draft: &Draft, copy: Option<&XeroInvoice>) -> Self {
        let Sent {
            rev,
            draft: outgoing,
            read,
        } = sent;
        let read_is_copy = read.is_some() && read.as_ref() == copy;
        Self {
            rev: *rev,
            draft: (outgoing != draft).then_some(Cow::Borrowed(outgoing)),
            read: read.as_ref().filter(|_| !read_is_copy).map(Cow::Borrowed),
            read_is_copy,
        }
    }

    fn whole(self, draft: &Draft, copy: Option<&XeroInvoice>) -> Result<Sent, String> {
        let read = if self.read_is_copy {
            Some(
                copy.ok_or("what was read says it is the copy, and there is none")?
                    .clone(),
            )
        } else {
            self.read.map(Cow::into_owned)
        };
        Ok(Sent {
            rev: self.rev,
            draft: self.draft.map_or_else(|| draft.clone(), Cow::into_owned),
            read,
        })
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

fn nothing_back(back: &Back) -> bool {
    back.is_empty()
}
