//! Connecting organisations: by a consent, by the grant of an existing integration; and ending it.

use serde_json::{Value, json};

use super::call::Call;
use super::refused;
use crate::actors::control::{ConnectStage, ConnectView, Connected, Severed, Standing};
use crate::http::json;
use crate::http::json::Choice;
use crate::http::paths::Query;
use crate::http::problem::{Problem, ProblemCode};
use crate::http::reads::BadgeCounts;
use crate::http::reply::Reply;
use crate::http::state::Scope;
use crate::model::connection::ConnectionState;
use crate::model::time::Timestamp;

/// A caller of some tenants only may not connect others. None of these routes has parameters.
pub(super) fn serves_all(call: &Call) -> Result<(), Problem> {
    Query::parse(&call.query, &[])?;
    if let crate::http::guard::Caller::Token(token) = &call.caller
        && token.tenants.is_some()
    {
        return Err(Problem::new(
            ProblemCode::PermissionDenied,
            "A token that is bound to tenants cannot connect others.",
        )
        .with("required_scope", Scope::Admin.name()));
    }
    Ok(())
}

fn shown(call: &Call, connected: &[Connected]) -> Vec<Value> {
    let one = |connected: &Connected| {
        let mut tenant = call.render(&connected.tenant, &BadgeCounts::default());
        if let Value::Object(object) = &mut tenant {
            object.insert("released".to_owned(), connected.released.into());
        }
        tenant
    };
    connected.iter().map(one).collect()
}

/// Adopts a grant and starts its tenants.
pub async fn import(call: &Call) -> Result<Reply, Problem> {
    serves_all(call)?;
    let order = json::read_import(&json::parse(&call.body)?, &call.caller.name())?;
    let started = call.shared.state.control.connect_import(order).await;
    let tenants = started.map_err(refused::problem)?;
    Ok(Reply::json(200, &json!({"data": shown(call, &tenants)})))
}

/// Begins an attempt. A custom connection is connected at once.
pub async fn begin(call: &Call) -> Result<Reply, Problem> {
    serves_all(call)?;
    let body = if call.body.is_empty() {
        b"{}"
    } else {
        call.body.as_ref()
    };
    let (mut order, tenant) = json::read_connect(&json::parse(body)?, &call.caller.name())?;
    if let Some(name) = tenant {
        order.tenant = Some(call.tenant_named(&name).await?.id);
    }
    let begun = call.shared.state.control.begin_connect(order).await;
    let view = begun.map_err(refused::problem)?;
    let id = view.id;
    Ok(Reply::json(201, &attempt(call, &view, None)).with_header("location", format!("/v1/connect/{id}")))
}

/// How an attempt stands.
pub async fn show(call: &Call) -> Result<Reply, Problem> {
    serves_all(call)?;
    let name = call.param("connect").unwrap_or_default();
    let id = name
        .parse()
        .map_err(|_not_an_id| Problem::new(ProblemCode::ConnectNotFound, "Name the attempt by its id `con_…`."))?;
    let view = call.shared.state.control.connect_view(id).await;
    Ok(Reply::json(200, &attempt(call, &view.map_err(refused::problem)?, None)))
}

/// Takes the address that somebody was sent back to, where the daemon could not answer it itself.
pub async fn complete(call: &Call) -> Result<Reply, Problem> {
    serves_all(call)?;
    let returned = json::read_redirected(&json::parse(&call.body)?)?;
    let came = call.shared.state.control.come_back(returned).await;
    let (ticket, view) = came.map_err(refused::problem)?;
    Ok(Reply::json(200, &attempt(call, &view, Some(&ticket))))
}

/// Connects what was chosen.
pub async fn choose(call: &Call) -> Result<Reply, Problem> {
    serves_all(call)?;
    let Choice {
        ticket,
        tenants,
        observe,
    } = json::read_choice(&json::parse(&call.body)?)?;
    let control = &call.shared.state.control;
    let observe = match observe {
        Some(observe) => observe,
        None => {
            let view = control.choice(ticket.clone()).await.map_err(refused::problem)?;
            view.observe
        }
    };
    let chosen = control.choose(ticket, tenants, observe).await;
    Ok(Reply::json(
        200,
        &attempt(call, &chosen.map_err(refused::problem)?, None),
    ))
}

/// Ends a connection, here and at Xero.
pub async fn disconnect(call: &Call) -> Result<Reply, Problem> {
    Query::parse(&call.query, &[])?;
    let tenant = call.tenant().await?;
    let ended = call
        .shared
        .state
        .control
        .disconnect(tenant.id, call.caller.name())
        .await;
    let ended = ended.map_err(refused::problem)?;
    let id = ended.tenant.id;
    let counts = call.shared.read(move |reads| reads.counts(id)).await?;
    let severed = match ended.severed {
        Severed::Connection => "connection",
        Severed::Consent => "consent",
        Severed::NothingLeft => "nothing_left",
    };
    let shown = call.render(&ended.tenant, &counts);
    Ok(Reply::json(200, &json!({"tenant": shown, "ended_at_xero": severed})))
}

pub(super) fn attempt(call: &Call, view: &ConnectView, ticket: Option<&str>) -> Value {
    let (stage, organisations, tenants, problem) = match &view.stage {
        ConnectStage::Waiting => ("waiting", None, None, None),
        ConnectStage::Redeeming => ("redeeming", None, None, None),
        ConnectStage::Choosing(offered) => ("choosing", Some(offered), None, None),
        ConnectStage::Connected(tenants) => ("connected", None, Some(tenants), None),
        ConnectStage::Refused(fault) => {
            let refusal = crate::actors::control::Refused::Connect(fault.clone());
            ("refused", None, None, Some(refused::problem(refusal)))
        }
    };
    let organisations = organisations.map(|offered| {
        let row = |found: &crate::actors::control::Offered| {
            json!({
                "xero_tenant_id": found.xero_id,
                "name": found.name,
                "connection": match found.standing {
                    Standing::New => None,
                    Standing::Known(state) => Some(ConnectionState::label(state)),
                },
            })
        };
        offered.iter().map(row).collect::<Vec<_>>()
    });
    json!({
        "id": view.id,
        "status": stage,
        "authorize_url": view.authorize_url,
        "redirect_uri": view.redirect_uri,
        "expires_at": Timestamp::to_rfc3339(view.expires_at),
        "observe": view.observe,
        "choice": ticket,
        "organisations": organisations,
        "tenants": tenants.map(|tenants| shown(call, tenants)),
        "problem": problem.map(|problem| json!({
            "code": problem.code.code(),
            "title": problem.code.title(),
            "detail": problem.detail,
            "fix": problem.fix(),
        })),
    })
}
