//! How many invoices have which badge, why they failed, and the badges of many at once.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::call::Call;
use super::invoices::surroundings;
use crate::http::json as strict;
use crate::http::paths::{Query, invalid_parameter};
use crate::http::problem::Problem;
use crate::http::reads::{BadgeCounts, ReasonCount};
use crate::http::render;
use crate::http::reply::Reply;
use crate::model::reason::ReasonCode;
use crate::model::row::{Invoice, Tenant};
use crate::model::time::Timestamp;

/// Most organisations that are named beside a reason.
const NAMED_MAX: usize = 10;

/// How many invoices of one organisation have each badge, and why they failed.
pub async fn counts(call: &Call) -> Result<Reply, Problem> {
    let by_reason = groups(call)?;
    let tenant = call.tenant().await?;
    tell(call, vec![tenant], by_reason).await
}

/// The same over every organisation the caller may see.
pub async fn counts_everywhere(call: &Call) -> Result<Reply, Problem> {
    let by_reason = groups(call)?;
    let mut tenants = call.shared.read(|reads| reads.tenants()).await?;
    tenants.retain(|tenant| call.caller.reaches(tenant.id));
    tell(call, tenants, by_reason).await
}

fn groups(call: &Call) -> Result<bool, Problem> {
    match Query::parse(&call.query, &["group_by"])?.get("group_by") {
        None => Ok(false),
        Some("reason") => Ok(true),
        Some(_other) => Err(invalid_parameter("group_by", "it must be reason")),
    }
}

/// Every organisation in which invoices are red for one reason.
#[derive(Default)]
struct Group {
    count: u64,
    oldest: Option<Timestamp>,
    subjects: BTreeMap<String, u64>,
    tenants: Vec<Value>,
    tenants_count: usize,
}

impl Group {
    fn add(&mut self, tenant: &Tenant, counted: ReasonCount) {
        self.count = self.count.saturating_add(counted.count);
        self.oldest = [self.oldest, counted.oldest].into_iter().flatten().min();
        for (subject, count) in counted.subjects {
            let of_subject = self.subjects.entry(subject).or_default();
            *of_subject = of_subject.saturating_add(count);
        }
        self.tenants_count = self.tenants_count.saturating_add(1);
        if self.tenants.len() < NAMED_MAX {
            let named = json!({"id": tenant.id, "name": tenant.name, "count": counted.count});
            self.tenants.push(named);
        }
    }

    fn shown(&self, code: ReasonCode) -> Value {
        let mut subjects: Vec<(&String, &u64)> = self.subjects.iter().collect();
        subjects.sort_by_key(|(_, count)| u64::MAX - **count);
        let subjects = subjects.into_iter().take(NAMED_MAX);
        json!({
            "code": code.code(),
            "title": code.title(),
            "fix": code.fix(),
            "actionable": code.is_actionable(),
            "count": self.count,
            "oldest": self.oldest.map(Timestamp::to_rfc3339),
            "subjects": subjects
                .map(|(subject, count)| json!({"subject": subject, "count": count}))
                .collect::<Value>(),
            "organisations": self.tenants_count,
            "tenants": self.tenants,
        })
    }
}

async fn tell(call: &Call, tenants: Vec<Tenant>, by_reason: bool) -> Result<Reply, Problem> {
    let (counts, groups) = call
        .shared
        .read(move |reads| {
            let mut sum = BadgeCounts::default();
            let mut groups: BTreeMap<ReasonCode, Group> = BTreeMap::new();
            for tenant in tenants {
                let counts = reads.counts(tenant.id)?;
                sum.add(counts);
                if by_reason && counts.failed > 0 {
                    for counted in reads.failed_by_reason(tenant.id)? {
                        groups.entry(counted.code).or_default().add(&tenant, counted);
                    }
                }
            }
            Ok((sum, groups))
        })
        .await?;
    let mut body = json!({
        "synced": counts.synced,
        "pending": counts.pending,
        "failed": counts.failed,
        "none": counts.none,
        "acknowledged": counts.acknowledged,
        "variances": counts.variances,
        "total": counts.total(),
    });
    if let Value::Object(body) = &mut body
        && by_reason
    {
        let mut groups: Vec<(ReasonCode, Group)> = groups.into_iter().collect();
        groups.sort_by_key(|(_, group)| u64::MAX - group.count);
        let shown = groups.iter().map(|(code, group)| group.shown(*code));
        body.insert("by_reason".to_owned(), shown.collect());
    }
    Ok(Reply::json(200, &body))
}

/// The badges of many invoices by the host's references, in their order.
pub async fn badges(call: &Call) -> Result<Reply, Problem> {
    Query::parse(&call.query, &[])?;
    let refs = strict::read_refs(&strict::parse(&call.body)?)?;
    let tenant = call.tenant().await?;
    let id = tenant.id;
    let rows: Vec<Option<Invoice>> = call
        .shared
        .read(move |reads| refs.iter().map(|host_ref| reads.invoice_by_ref(id, host_ref)).collect())
        .await?;
    let around = surroundings(call, &tenant);
    let shown = |row: Option<Invoice>| row.map_or(Value::Null, |row| render::sync(&row, around));
    Ok(Reply::list(rows.into_iter().map(shown), &json!({})))
}
