//! Adopting the grant of an existing integration.

use serde_json::{Value, json};

use super::call::Call;
use super::refused;
use crate::http::json;
use crate::http::problem::{Problem, ProblemCode};
use crate::http::reads::BadgeCounts;
use crate::http::reply::Reply;
use crate::http::state::Scope;

/// Adopts a grant and starts its tenants. A caller of some tenants only may not.
pub async fn import(call: &Call) -> Result<Reply, Problem> {
    if let crate::http::guard::Caller::Token(token) = &call.caller
        && token.tenants.is_some()
    {
        return Err(Problem::new(
            ProblemCode::PermissionDenied,
            "A token that is bound to tenants cannot connect others.",
        )
        .with("required_scope", Scope::Admin.name()));
    }
    let order = json::read_import(&json::parse(&call.body)?)?;
    let started = call.shared.state.control.connect_import(order).await;
    let tenants = started.map_err(refused::problem)?;
    let data: Vec<Value> = tenants
        .iter()
        .map(|tenant| call.render(tenant, &BadgeCounts::default()))
        .collect();
    Ok(Reply::json(200, &json!({"data": data})))
}
