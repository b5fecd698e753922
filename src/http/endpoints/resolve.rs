//! What resolves a connection that is not active: a consent anew, or credits.

use serde_json::{Value, json};

use super::call::Call;
use super::{connect, refused};
use crate::actors::control::ConnectOrder;
use crate::http::json;
use crate::http::paths::Query;
use crate::http::problem::{Problem, ProblemCode};
use crate::http::render;
use crate::http::reply::Reply;
use crate::model::connection::ConnectionState;

/// Tells the one act that resolves the state, and begins it where it is a consent.
pub async fn resolve(call: &Call) -> Result<Reply, Problem> {
    Query::parse(&call.query, &[])?;
    json::read_nothing(&call.body)?;
    let tenant = call.tenant().await?;
    let state = tenant.connection.state;
    let Some((action, label)) = state.resolving_action() else {
        let detail = "The connection is active: there is nothing to resolve.";
        return Err(Problem::new(ProblemCode::NothingToResolve, detail));
    };
    let shown = |url: Option<&str>, attempt: Value| {
        json!({
            "action": action, "label": label, "banner": state.banner(), "url": url, "connect": attempt,
        })
    };
    if state == ConnectionState::PendingCredits {
        let url = tenant
            .credits
            .as_ref()
            .and_then(|credits| credits.top_up_url.as_deref());
        return Ok(Reply::json(200, &shown(url, Value::Null)));
    }
    connect::serves_all(call)?;
    let order = ConnectOrder {
        scopes: None,
        observe: false,
        tenant: Some(tenant.id),
        requested_by: call.caller.name(),
    };
    let begun = call.shared.state.control.begin_connect(order).await;
    let view = begun.map_err(refused::problem)?;
    let attempt = connect::attempt(call, &view, None);
    Ok(Reply::json(200, &shown(view.authorize_url.as_deref(), attempt)))
}

/// The host says how many first syncs it still allows.
pub async fn put_credits(call: &Call) -> Result<Reply, Problem> {
    Query::parse(&call.query, &[])?;
    let credits = json::read_credits(&json::parse(&call.body)?)?;
    let tenant = call.tenant().await?;
    let control = &call.shared.state.control;
    let set = control.set_credits(tenant.id, credits, call.caller.name()).await;
    set.map_err(refused::problem)?;
    Ok(Reply::json(200, &render::credits(&call.tenant().await?)))
}
