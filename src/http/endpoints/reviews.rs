//! What came back from Xero about an invoice: payments on their way, variances, alerts.

use super::call::Call;
use super::invoices::{find, shown};
use super::refused;
use crate::actors::control::Acknowledgement;
use crate::http::json as strict;
use crate::http::paths::{self, Query};
use crate::http::preconditions;
use crate::http::problem::Problem;
use crate::http::render::{self, Detail};
use crate::http::reply::Reply;

/// The host takes a payment: for some minutes the invoice is not compared.
pub async fn payment_signal(call: &Call) -> Result<Reply, Problem> {
    Query::parse(&call.query, &[])?;
    let name = paths::invoice_name(call.raw_param("invoice"))?;
    let tenant = call.tenant().await?;
    strict::read_nothing(&call.body)?;
    let control = &call.shared.state.control;
    let row = control
        .signal_payment(tenant.id, name, call.caller.name())
        .await
        .map_err(refused::problem)?;
    Ok(shown(call, &tenant, &row, Detail::FULL, 200))
}

/// The differences between the host's document and Xero's.
pub async fn variance(call: &Call) -> Result<Reply, Problem> {
    Query::parse(&call.query, &[])?;
    let name = paths::invoice_name(call.raw_param("invoice"))?;
    let tenant = call.tenant().await?;
    let row = find(call, &tenant, &name).await?;
    Ok(Reply::json(200, &render::differences(&row)).with_header("etag", render::etag(&row)))
}

/// Somebody looked at the variance.
pub async fn acknowledge_variance(call: &Call) -> Result<Reply, Problem> {
    acknowledge(call, true).await
}

/// Somebody looked at the alerts.
pub async fn acknowledge_alerts(call: &Call) -> Result<Reply, Problem> {
    acknowledge(call, false).await
}

async fn acknowledge(call: &Call, is_about_variance: bool) -> Result<Reply, Problem> {
    Query::parse(&call.query, &[])?;
    let name = paths::invoice_name(call.raw_param("invoice"))?;
    let tenant = call.tenant().await?;
    let note = strict::read_note(&call.body)?;
    let row = find(call, &tenant, &name).await?;
    let is_exact = preconditions::names_version(&call.headers, &render::etag(&row))?;
    let word = Acknowledgement {
        is_about_variance,
        version: is_exact.then_some(row.version),
        by: call.caller.name(),
        note,
    };
    let control = &call.shared.state.control;
    let row = control
        .acknowledge(tenant.id, name, word)
        .await
        .map_err(refused::problem)?;
    Ok(shown(call, &tenant, &row, Detail::FULL, 200))
}
