//! Mappings from the host's words to Xero's.

use serde_json::{Value, json};

use super::call::Call;
use super::refused;
use crate::http::json as strict;
use crate::http::paths::Query;
use crate::http::problem::{Fault, Problem, ProblemCode};
use crate::http::reply::Reply;
use crate::http::suggest;
use crate::model::ids::XeroContactId;
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
    let wanted = key.clone();
    let found = call
        .shared
        .read(move |reads| {
            let mut mappings = reads.mappings(tenant, kind)?.into_iter();
            Ok(mappings.find(|mapping| mapping.key == wanted))
        })
        .await?;
    match found {
        Some(mapping) => Ok(Reply::json(200, &shown(&mapping))),
        None => Err(Problem::new(
            ProblemCode::MappingNotFound,
            format!("`{key}` is not mapped."),
        )),
    }
}

/// Sets a mapping, and tells how many documents that released.
pub async fn put(call: &Call) -> Result<Reply, Problem> {
    Query::parse(&call.query, &[])?;
    let (kind, key) = (kind(call)?, key(call)?);
    let tenant = call.tenant().await?.id;
    let value = strict::read_mapping_value(&strict::parse(&call.body)?)?;
    if kind == MappingKind::Contacts && value.parse::<XeroContactId>().is_err() {
        return Err(Problem::invalid(vec![Fault {
            pointer: "/value".to_owned(),
            code: "not_a_guid",
            detail: "it must be the ContactID of a contact in Xero, a GUID".to_owned(),
        }]));
    }
    let control = &call.shared.state.control;
    let mapping = Mapping {
        tenant,
        kind,
        key,
        value,
        set_at: call.shared.now(),
    };
    let (mapping, released) = control
        .set_mapping(mapping, call.caller.name())
        .await
        .map_err(refused::problem)?;
    let mut body = shown(&mapping);
    if let Value::Object(object) = &mut body {
        object.insert("released".to_owned(), released.into());
    }
    Ok(Reply::json(200, &body))
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
    let word = call.param("kind").unwrap_or_default();
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
