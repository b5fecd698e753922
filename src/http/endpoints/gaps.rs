//! What blocks how many invoices, what may be meant, and the one command that puts it right.

use serde_json::{Value, json};

use super::call::Call;
use super::mappings;
use crate::http::candidates::{self, Evidence};
use crate::http::paths::Query;
use crate::http::problem::Problem;
use crate::http::reads::{Gap, ReadFailed, Reads};
use crate::http::reply::Reply;
use crate::model::ids::TenantId;
use crate::model::reason::ReasonCode;
use crate::model::row::{MappingKind, Tenant};

/// Most gaps of each reason.
const GAPS_MAX: usize = 100;
/// What a mapping can put right.
const CODES: [ReasonCode; 5] = [
    ReasonCode::UnmappedNominalCode,
    ReasonCode::AccountMappingIncorrect,
    ReasonCode::PrerequisiteUnmapped,
    ReasonCode::ContactCollision,
    ReasonCode::ContactArchived,
];

/// Everything that blocks invoices for want of a mapping; what blocks most first.
pub async fn list(call: &Call) -> Result<Reply, Problem> {
    let query = Query::parse(&call.query, &["kind"])?;
    let kind = query.get("kind").map(mappings::kind_named).transpose()?;
    let tenant = call.tenant().await?;
    let id = tenant.id;
    let (found, evidence, has_more) = call.shared.read(move |reads| read(reads, id, kind)).await?;
    let mut shown: Vec<Value> = found.iter().map(|found| render(found, &tenant, &evidence)).collect();
    shown.sort_by_key(|gap| std::cmp::Reverse(gap.get("count").and_then(Value::as_u64)));
    let blocked: u64 = found.iter().map(|found| found.gap.count).sum();
    Ok(Reply::list(shown, &json!({"has_more": has_more, "invoices": blocked})))
}

/// A gap with the mapping that closes it.
struct Found {
    gap: Gap,
    kind: MappingKind,
    key: Option<String>,
}

fn read(
    reads: &dyn Reads,
    tenant: TenantId,
    kind: Option<MappingKind>,
) -> Result<(Vec<Found>, Evidence, bool), ReadFailed> {
    let mut all = Vec::new();
    let mut has_more = false;
    for code in CODES {
        let found = reads.gaps(tenant, code, GAPS_MAX)?;
        has_more |= found.has_more;
        all.extend(found.gaps.into_iter().filter_map(|gap| {
            let (of, key) = candidates::closed_by(gap.samples.first()?)?;
            kind.is_none_or(|kind| kind == of)
                .then_some(Found { gap, kind: of, key })
        }));
    }
    let samples = all.iter().filter_map(|found| found.gap.samples.first());
    let evidence = Evidence::read(reads, tenant, samples)?;
    Ok((all, evidence, has_more))
}

fn render(found: &Found, tenant: &Tenant, evidence: &Evidence) -> Value {
    let Found { gap, kind, key } = found;
    let samples = &gap.samples;
    let oldest = samples.first().map(|row| {
        json!({
            "host_ref": row.host_ref,
            "number": row.draft.number,
            "since": row.sync.reason.as_ref().map(|reason| reason.since.to_rfc3339()),
        })
    });
    let refs: Vec<&str> = samples.iter().map(|row| row.host_ref.as_str()).collect();
    let detail = samples
        .first()
        .and_then(|row| row.sync.reason.as_ref())
        .map(|reason| &reason.detail);
    let what = key.as_deref().unwrap_or(gap.code.title());
    let noun = if gap.count == 1 { "invoice" } else { "invoices" };
    json!({
        "kind": kind.label(),
        "key": key,
        "title": format!("{what} blocks {} {noun}", gap.count),
        "count": gap.count,
        "oldest": oldest,
        "samples": refs,
        "reason": {"code": gap.code.code(), "title": gap.code.title(), "detail": detail},
        "candidates": samples.first().map(|row| evidence.candidates(row, tenant)).unwrap_or_default(),
        "fix": candidates::fix(*kind, key.as_deref(), gap.code, tenant),
    })
}
