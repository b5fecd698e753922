//! The words of connecting: what is asked, how it stands, and why it does not go on.

use crate::model::connection::ConnectionState;
use crate::model::failure::Failure;
use crate::model::ids::{ConnectId, TenantId, XeroTenantId};
use crate::model::row::Tenant;
use crate::model::secret::SecretString;
use crate::model::time::Timestamp;
use crate::model::xero::ScopeSet;

/// What kind of app we are to Xero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppKind {
    /// Has a secret; a person consents.
    Web,
    /// Has no secret; a person consents.
    Pkce,
    /// A custom connection: nobody consents.
    Custom,
}

/// How a grant came here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// Somebody handed a refresh token over.
    Import,
    /// A person consented on Xero's page.
    Consent,
    /// The app is a custom connection.
    Custom,
}

/// What connecting works with.
#[derive(Debug, Clone)]
pub struct ConnectSettings {
    /// Where people consent.
    pub login_url: String,
    /// The app's client id.
    pub client_id: String,
    /// What kind of app it is.
    pub app: AppKind,
    /// What is asked for unless an order says otherwise.
    pub scopes: ScopeSet,
    /// Where people come back to; `None` = the control endpoint's own address.
    pub redirect_uri: Option<String>,
}

/// Which consent to ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectOrder {
    /// Other scopes than the configured ones.
    pub scopes: Option<ScopeSet>,
    /// New organisations start with auto-sync off.
    pub observe: bool,
    /// The one organisation that is to be connected again; any other is refused.
    pub tenant: Option<TenantId>,
    /// Who asks, for the record.
    pub requested_by: String,
}

/// What somebody came back from Xero with.
#[derive(Debug, Clone)]
pub struct Returned {
    /// The state.
    pub state: String,
    /// A code, or Xero's word for why there is none.
    pub answer: Result<SecretString, String>,
}

/// One attempt, as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectView {
    /// Which.
    pub id: ConnectId,
    /// When what is waited for must have come.
    pub expires_at: Timestamp,
    /// Xero's consent page; only told to whoever began the attempt.
    pub authorize_url: Option<String>,
    /// Where people come back to.
    pub redirect_uri: Option<String>,
    /// Whether new organisations start with auto-sync off.
    pub observe: bool,
    /// Who began it, for the record.
    pub requested_by: String,
    /// The one organisation that is to be connected again.
    pub reconnects: Option<XeroTenantId>,
    /// How it stands.
    pub stage: ConnectStage,
}

/// How an attempt stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConnectStage {
    /// Nobody has come back yet.
    Waiting,
    /// Xero is being asked for tokens.
    Redeeming,
    /// These organisations can be chosen.
    Choosing(Vec<Offered>),
    /// These tenants are connected.
    Connected(Vec<Connected>),
    /// It ended otherwise.
    Refused(ConnectFault),
}

/// An organisation of a consent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offered {
    /// Xero's id.
    pub xero_id: XeroTenantId,
    /// Its name.
    pub name: String,
    /// Whether it is served already.
    pub standing: Standing,
}

/// Whether an organisation is served already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It never was.
    New,
    /// It is, or was.
    Known(ConnectionState),
}

/// Why connecting does not go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConnectFault {
    /// There is nowhere to come back to.
    NoRedirect,
    /// No attempt has this state.
    UnknownState,
    /// The ten minutes are over.
    Expired,
    /// Somebody came back with this state before.
    Used,
    /// Xero's consent page gave no code.
    Refused {
        /// What happened.
        what: &'static str,
        /// What to do.
        fix: &'static str,
    },
    /// Xero does not take the code.
    CodeRejected,
    /// Xero does not take the app's credentials, or failed.
    Xero(Failure),
    /// The consent reaches no organisation.
    NoOrganisation,
    /// The consent reaches these, and not the one that is to be connected again.
    OtherOrganisation {
        /// The name of the one that was wanted.
        wanted: String,
        /// The names of those it reaches.
        reached: Vec<String>,
    },
}

/// What was ended at Xero when a tenant was disconnected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severed {
    /// The organisation's connection.
    Connection,
    /// The connection, and with it the consent, which served nobody else.
    Consent,
    /// Nothing: Xero takes no token of the consent any more, or did not list the connection.
    NothingLeft,
}

/// A tenant that was disconnected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// The tenant as it now stands.
    pub tenant: Tenant,
    /// What was ended at Xero.
    pub severed: Severed,
}

impl ConnectFault {
    /// A stable word.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoRedirect => "no_redirect",
            Self::UnknownState => "unknown_state",
            Self::Expired => "expired",
            Self::Used => "used",
            Self::Refused { .. } => "consent_refused",
            Self::CodeRejected => "code_rejected",
            Self::Xero(_) => "xero_failed",
            Self::NoOrganisation => "no_organisation",
            Self::OtherOrganisation { .. } => "other_organisation",
        }
    }
}

/// An organisation that was connected, or connected again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connected {
    /// It.
    pub tenant: Tenant,
    /// How many invoices were held while it was not connected, and go by themselves now.
    pub released: usize,
}
