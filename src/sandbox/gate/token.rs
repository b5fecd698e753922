//! `/connect/token`, `/connect/revocation` and `/connections`.

use uuid::Uuid;

use super::grant::Grant;
use super::grants::{BadBearer, Minted};
use crate::sandbox::wire::{Answer, Writer, date};

/// The answer with fresh tokens.
pub fn minted(minted: &Minted) -> Answer {
    let mut writer = Writer::compact();
    writer.object(|body| {
        body.maybe_text("id_token", minted.identity.as_deref());
        body.text("access_token", &minted.access);
        body.integer("expires_in", 1800);
        body.text("token_type", "Bearer");
        body.maybe_text("refresh_token", minted.refresh.as_deref());
        body.text("scope", &minted.scopes.text());
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

/// The 401 of a call that the consent does not cover.
pub fn insufficient_scope(instance: Uuid) -> Answer {
    problem(401, "Unauthorized", "AuthorizationUnsuccessful", instance).with("WWW-Authenticate", "insufficient_scope")
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
    Answer::json(status, writer.into_bytes()).with("Xero-Correlation-Id", instance)
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
