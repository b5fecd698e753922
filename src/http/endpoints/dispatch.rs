//! From the name of an endpoint to its function.

use std::sync::Arc;

use super::call::Call;
use super::{
    audit, bulk, capabilities, connect, events, export, failed, gaps, invoices, jobs, mappings, operations, orders,
    pushes, resolve, reviews, settings,
};
use super::{stream, system, tenants, watermarks};
use crate::http::problem::Problem;
use crate::http::reply::Reply;
use crate::http::routes::Endpoint;

/// Answers a request that passed the guards.
pub async fn dispatch(endpoint: Endpoint, call: Arc<Call>) -> Result<Reply, Problem> {
    let call = call.as_ref();
    match endpoint {
        Endpoint::Healthz => system::healthz(call),
        Endpoint::Readyz => system::readyz(call),
        Endpoint::Metrics => system::metrics(call),
        Endpoint::Status => system::status(call).await,
        Endpoint::Reasons => system::reasons(call),
        Endpoint::Reason => system::reason(call),
        Endpoint::Limits => system::limits(call),
        Endpoint::Labels => system::labels(call),
        Endpoint::Capabilities => capabilities::show(call),
        Endpoint::Tenants => tenants::list(call).await,
        Endpoint::Tenant => tenants::show(call).await,
        Endpoint::ConnectImport => connect::import(call).await,
        Endpoint::Connect => connect::begin(call).await,
        Endpoint::ConnectAttempt => connect::show(call).await,
        Endpoint::ConnectComplete => connect::complete(call).await,
        Endpoint::ConnectChoose => connect::choose(call).await,
        Endpoint::Disconnect => connect::disconnect(call).await,
        Endpoint::ResolveConnection => resolve::resolve(call).await,
        Endpoint::PutCredits => resolve::put_credits(call).await,
        Endpoint::PutInvoice => invoices::put(call).await,
        Endpoint::Invoice => invoices::show(call).await,
        Endpoint::Invoices => invoices::list(call).await,
        Endpoint::Counts => failed::counts(call).await,
        Endpoint::CountsEverywhere => failed::counts_everywhere(call).await,
        Endpoint::Badges => failed::badges(call).await,
        Endpoint::Resyncs => bulk::resyncs(call).await,
        Endpoint::ResyncsEverywhere => bulk::everywhere(call).await,
        Endpoint::Acknowledge => bulk::acknowledge(call).await,
        Endpoint::Refreshes => jobs::refreshes(call).await,
        Endpoint::Refresh => jobs::refresh(call).await,
        Endpoint::Link => jobs::link(call).await,
        Endpoint::DriftReports => jobs::drift(call).await,
        Endpoint::RunReconciler => jobs::reconcile(call).await,
        Endpoint::Reconciler => watermarks::reconciler(call).await,
        Endpoint::Timeline => audit::timeline(call).await,
        Endpoint::Audit => audit::list(call).await,
        Endpoint::AuditExport => export::export(call).await,
        Endpoint::Watermarks => watermarks::list(call).await,
        Endpoint::OperationItems => operations::items(call).await,
        Endpoint::Resync => pushes::resync(call).await,
        Endpoint::PushPreview => pushes::preview(call).await,
        Endpoint::PaymentSignal => reviews::payment_signal(call).await,
        Endpoint::Variance => reviews::variance(call).await,
        Endpoint::AcknowledgeVariance => reviews::acknowledge_variance(call).await,
        Endpoint::AcknowledgeAlerts => reviews::acknowledge_alerts(call).await,
        Endpoint::Mappings => mappings::list(call).await,
        Endpoint::Mapping => mappings::show(call).await,
        Endpoint::Gaps => gaps::list(call).await,
        Endpoint::PutMappings => mappings::put_all(call).await,
        Endpoint::RemoveMapping => mappings::remove(call).await,
        Endpoint::PutMapping => mappings::put(call).await,
        Endpoint::Settings => settings::show(call).await,
        Endpoint::PatchSettings => settings::patch(call).await,
        Endpoint::Operation => operations::show(call).await,
        Endpoint::Operations => operations::list(call).await,
        Endpoint::CancelOperation => orders::cancel(call).await,
        Endpoint::RetryOperation => orders::retry(call).await,
        Endpoint::Events => events::list(call).await,
        Endpoint::EventStream => stream::open(call).await,
    }
}
