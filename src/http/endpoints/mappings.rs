//! Mappings from the host's words to Xero's.

use serde_json::{Value, json};

use super::call::Call;
use super::refused;
use crate::actors::control::MappingOrder;
use crate::http::json as strict;
use crate::http::paths::Query;
use crate::http::problem::{Fault, Problem, ProblemCode};
use crate::http::reads::Reads;
use crate::http::reply::Reply;
use crate::http::suggest;
use crate::model::ids::TenantId;
use crate::model::row::{Mapping, MappingKind};

/// Longest word of the host in characters.
const KEY_MAX_CHARS: usize = 255;

/// Every mapping of a kind.
pub async fn list(call: &Call) -> Result<Reply, Problem> {
    Query::parse(&call.query, &[])?;
    let kind = kind(call)?;
    let tenant = call.tenant().await?.id;
    let mappings = call.shared.read(move |reads| reads.mappings(tenant, kind)).await?;
    let data = mappings.iter().map(shown);
    Ok(Reply::list(data, &json!({"has_more": false})))
}

/// One mapping.
pub async fn show(call: &Call) -> Result<Reply, Problem> {
    Query::parse(&call.query, &[])?;
    let (kind, key) = (kind(call)?, key(call)?);
    let tenant = call.tenant().await?.id;
    let found = find(call, tenant, kind, &key).await?;
    let mapping = found.ok_or_else(|| not_mapped(&key))?;
    Ok(Reply::json(200, &shown(&mapping)))
}

/// Sets a mapping, and tells how many documents that released.
pub async fn put(call: &Call) -> Result<Reply, Problem> {
    Query::parse(&call.query, &[])?;
    let (kind, key) = (kind(call)?, key(call)?);
    let tenant = call.tenant().await?.id;
    let value = strict::read_mapping_value(&strict::parse(&call.body)?)?;
    let released = set(call, tenant, vec![order(kind, &key, Some(&value))]).await?;
    Ok(Reply::json(
        200,
        &json!({
            "kind": kind.label(),
            "key": key,
            "value": value,
            "set_at": call.shared.now().to_rfc3339(),
            "released": released,
            "message": told(released),
        }),
    ))
}

/// Sets several mappings of a kind, all or none.
pub async fn put_all(call: &Call) -> Result<Reply, Problem> {
    Query::parse(&call.query, &[])?;
    let kind = kind(call)?;
    let tenant = call.tenant().await?.id;
    let mappings = strict::read_mappings(&strict::parse(&call.body)?, KEY_MAX_CHARS)?;
    let orders = mappings.iter().map(|(key, value)| order(kind, key, Some(value)));
    let released = set(call, tenant, orders.collect()).await?;
    Ok(Reply::json(
        200,
        &json!({"kind": kind.label(), "set": mappings.len(), "released": released, "message": told(released)}),
    ))
}

/// Takes a mapping away.
pub async fn remove(call: &Call) -> Result<Reply, Problem> {
    Query::parse(&call.query, &[])?;
    let (kind, key) = (kind(call)?, key(call)?);
    let tenant = call.tenant().await?.id;
    if find(call, tenant, kind, &key).await?.is_none() {
        return Err(not_mapped(&key));
    }
    let released = set(call, tenant, vec![order(kind, &key, None)]).await?;
    Ok(Reply::json(
        200,
        &json!({"kind": kind.label(), "key": key, "removed": true, "released": released, "message": told(released)}),
    ))
}

fn order(kind: MappingKind, key: &str, value: Option<&str>) -> MappingOrder {
    MappingOrder {
        kind,
        key: key.to_owned(),
        value: value.map(str::to_owned),
        before: None,
    }
}

async fn set(call: &Call, tenant: TenantId, orders: Vec<MappingOrder>) -> Result<usize, Problem> {
    let control = &call.shared.state.control;
    let asked = control.set_mappings(tenant, orders, call.caller.name());
    asked.await.map_err(refused::problem)
}

/// How many invoices a fixed cause released, in words.
pub fn told(released: usize) -> String {
    match released {
        0 => "No invoice had failed for it.".to_owned(),
        1 => "1 invoice is queued again.".to_owned(),
        many => format!("{many} invoices are queued again."),
    }
}

async fn find(call: &Call, tenant: TenantId, kind: MappingKind, key: &str) -> Result<Option<Mapping>, Problem> {
    let wanted = key.to_owned();
    let read = move |reads: &dyn Reads| {
        let mut mappings = reads.mappings(tenant, kind)?.into_iter();
        Ok(mappings.find(|mapping| mapping.key == wanted))
    };
    call.shared.read(read).await
}

fn not_mapped(key: &str) -> Problem {
    Problem::new(ProblemCode::MappingNotFound, format!("`{key}` is not mapped."))
}

fn shown(mapping: &Mapping) -> Value {
    json!({
        "kind": mapping.kind.label(),
        "key": mapping.key,
        "value": mapping.value,
        "set_at": mapping.set_at.to_rfc3339(),
    })
}

fn kind(call: &Call) -> Result<MappingKind, Problem> {
    kind_named(&call.param("kind").unwrap_or_default())
}

/// A kind by its word.
pub fn kind_named(word: &str) -> Result<MappingKind, Problem> {
    let kinds = MappingKind::ALL;
    let found = kinds.into_iter().find(|kind| kind.label() == word);
    found.ok_or_else(|| {
        let shown: String = word.chars().take(64).collect();
        let known = kinds.map(MappingKind::label);
        Problem::new(
            ProblemCode::RouteNotFound,
            suggest::sentence(&format!("There are no mappings `{shown}`"), &shown, &known),
        )
    })
}

fn key(call: &Call) -> Result<String, Problem> {
    let key = call.param("key").unwrap_or_default();
    let is_usable =
        !key.trim().is_empty() && key.chars().count() <= KEY_MAX_CHARS && !key.chars().any(char::is_control);
    if is_usable {
        return Ok(key);
    }
    Err(Problem::invalid(vec![Fault {
        pointer: "/key".to_owned(),
        code: "unusable",
        detail: format!("it must have 1 to {KEY_MAX_CHARS} printable characters"),
    }]))
}
