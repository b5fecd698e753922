//! A tenant's settings.

use serde_json::Value;

use super::call::Call;
use super::refused;
use crate::http::json as strict;
use crate::http::paths::Query;
use crate::http::preconditions;
use crate::http::problem::Problem;
use crate::http::render;
use crate::http::reply::Reply;
use crate::model::row::Settings;

/// The settings, with the ETag that a change needs.
pub async fn show(call: &Call) -> Result<Reply, Problem> {
    Query::parse(&call.query, &[])?;
    let settings = call.tenant().await?.settings;
    let etag = render::settings_etag(&settings);
    if preconditions::has_version(&call.headers, &etag) {
        return Ok(Reply::not_modified().with_header("etag", etag));
    }
    Ok(shown(&settings, None))
}

/// Changes what the body names, if nobody changed the settings in the meantime.
pub async fn patch(call: &Call) -> Result<Reply, Problem> {
    Query::parse(&call.query, &[])?;
    let body = strict::parse(&call.body)?;
    let _one_at_a_time = call.shared.settings.lock().await;
    let tenant = call.tenant().await?;
    preconditions::require_match(&call.headers, &render::settings_etag(&tenant.settings))?;
    let wanted = strict::patch_settings(&body, &tenant.settings)?;
    let control = &call.shared.state.control;
    let (settings, released) = control
        .set_settings(tenant.id, wanted, call.caller.name())
        .await
        .map_err(refused::problem)?;
    Ok(shown(&settings, Some(released)))
}

fn shown(settings: &Settings, released: Option<usize>) -> Reply {
    let mut body = render::settings(settings);
    if let (Value::Object(object), Some(released)) = (&mut body, released) {
        object.insert("released".to_owned(), released.into());
    }
    Reply::json(200, &body).with_header("etag", render::settings_etag(settings))
}
