//! The effect points: every place where the process touches what outlives it, or waits for it.

use counterfoil::engine::effect::Effect;
use counterfoil::model::xero::{Request, WriteTarget};

/// What a call is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    Create,
    Change,
    CreateContacts,
    FindContacts,
    ById,
    ByNumber,
    MadeByUs,
    /// A page of what changed is read.
    Changes,
    Organisation,
    Accounts,
    TaxRates,
}

/// An effect point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Point {
    /// A change is handed to the store.
    Submit,
    /// A change becomes durable.
    Commit,
    /// Rows are read.
    Load,
    LoadRows,
    LoadFailed,
    LoadFollowUps,
    /// A token is fetched before a call.
    Refresh,
    /// A call is handed over.
    Call(What),
    /// It leaves.
    Departure(What),
    /// It arrives at Xero.
    Arrival(What),
    /// Its answer is heard, or it is given up.
    Answer(What),
    /// `/connections` is asked.
    Check,
    /// What it says is heard.
    Listing,
    /// A caller is answered.
    Reply,
    /// The timer fires.
    Wake,
}

impl What {
    pub const fn of(request: &Request) -> Self {
        match request {
            Request::Organisation => Self::Organisation,
            Request::Accounts => Self::Accounts,
            Request::TaxRates => Self::TaxRates,
            Request::FindContacts { .. } => Self::FindContacts,
            Request::InvoicesById(_) => Self::ById,
            Request::InvoicesByNumber(_) => Self::ByNumber,
            Request::MadeByUs { .. } => Self::MadeByUs,
            Request::Changes { .. } | Request::Summaries { .. } => Self::Changes,
            Request::Write { target, .. } => match target {
                WriteTarget::CreateInvoices => Self::Create,
                WriteTarget::ChangeInvoice(_) => Self::Change,
                WriteTarget::CreateContacts => Self::CreateContacts,
            },
        }
    }

    pub const fn is_write(self) -> bool {
        matches!(self, Self::Create | Self::Change | Self::CreateContacts)
    }
}

impl Point {
    /// The point of an effect that is carried out; a line of a log is none.
    pub const fn of(effect: &Effect) -> Option<Self> {
        match effect {
            Effect::Persist(_) => Some(Self::Submit),
            Effect::Load { .. } => Some(Self::Load),
            Effect::LoadRows { .. } | Effect::LoadLinked { .. } => Some(Self::LoadRows),
            Effect::LoadFollowUps { .. } => Some(Self::LoadFollowUps),
            Effect::LoadFailed { .. } => Some(Self::LoadFailed),
            Effect::Call(call) => Some(Self::Call(What::of(&call.request))),
            Effect::CheckConnection => Some(Self::Check),
            Effect::Reply(..) => Some(Self::Reply),
            Effect::Announce(_) => None,
        }
    }
}
