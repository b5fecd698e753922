//! `/connect/token`, `/connect/revocation` and `/connections`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use uuid::Uuid;

use super::grant::{BadBearer, Grant, Pair, SCOPES};
use crate::sandbox::wire::{Answer, Params, Request, Writer, date};

/// The app's own credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// `client_id`
    pub id: String,
    /// `client_secret`
    pub secret: String,
}

impl Client {
    /// Whether a token call carries the right credentials, as HTTP Basic or as form fields.
    pub fn authenticates(&self, request: &Request, form: &Params) -> bool {
        let basic = request
            .header("authorization")
            .and_then(|value| value.get(..6).zip(value.get(6..)))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic "))
            .and_then(|(_, encoded)| STANDARD.decode(encoded.trim()).ok())
            .and_then(|bytes| String::from_utf8(bytes).ok());
        match basic {
            Some(pair) => pair.split_once(':') == Some((self.id.as_str(), self.secret.as_str())),
            None => {
                form.get("client_id") == Some(self.id.as_str())
                    && form.get("client_secret") == Some(self.secret.as_str())
            }
        }
    }
}

/// The answer with a new pair.
pub fn minted(pair: &Pair) -> Answer {
    let mut writer = Writer::compact();
    writer.object(|body| {
        body.text("access_token", &pair.access);
        body.integer("expires_in", 1800);
        body.text("token_type", "Bearer");
        body.text("refresh_token", &pair.refresh);
        body.text("scope", SCOPES);
    });
    Answer::json(200, writer.into_bytes())
}

/// `{"error":"…"}`.
pub fn oauth_error(status: u16, error: &str) -> Answer {
    let mut writer = Writer::compact();
    writer.object(|body| body.text("error", error));
    Answer::json(status, writer.into_bytes())
}

/// The 401 of a bearer token that does not work.
pub fn bad_bearer(reason: BadBearer, instance: Uuid) -> Answer {
    match reason {
        BadBearer::Unknown => problem(401, "Unauthorized", "AuthenticationUnsuccessful", instance),
        BadBearer::Expired { at_ms } => {
            let detail = format!("TokenExpired: token expired at {}", date::month_first(at_ms));
            problem(401, "Unauthorized", &detail, instance)
        }
    }
}

/// The 403 of an organisation the grant does not reach.
pub fn forbidden(instance: Uuid) -> Answer {
    problem(403, "Forbidden", "AuthenticationUnsuccessful", instance)
}

/// Xero's problem object.
pub fn problem(status: u16, title: &str, detail: &str, instance: Uuid) -> Answer {
    let mut writer = Writer::compact();
    writer.object(|body| {
        body.null("Type");
        body.text("Title", title);
        body.integer("Status", i64::from(status));
        body.text("Detail", detail);
        body.id("Instance", instance);
        body.nested("Extensions", |_| {});
    });
    Answer::json(status, writer.into_bytes())
}

/// `GET /connections`: a bare array.
pub fn connections(grant: &Grant, auth_event: Option<&str>, name: impl Fn(Uuid) -> String) -> Answer {
    let mut writer = Writer::compact();
    let wanted = auth_event.is_none_or(|id| Uuid::parse_str(id) == Ok(grant.auth_event));
    writer.array(|list| {
        for connection in grant.connections.iter().filter(|_| wanted) {
            list.object(|row| {
                row.id("id", connection.id);
                row.id("authEventId", grant.auth_event);
                row.id("tenantId", connection.tenant);
                row.text("tenantType", "ORGANISATION");
                row.text("tenantName", &name(connection.tenant));
                row.text("createdDateUtc", &date::seven_decimals(connection.created_ms));
                row.text("updatedDateUtc", &date::seven_decimals(connection.updated_ms));
            });
        }
    });
    Answer::json(200, writer.into_bytes())
}
