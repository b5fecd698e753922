//! What has been decided in Xero already: a document that is gone there for good, and changes that
//! only a person's second word overwrites.

use super::machine::{TenantMachine, Work};
use super::prepare::Step;
use crate::engine::desired::Obstacle;
use crate::engine::event::PushContext;
use crate::engine::variance;
use crate::model::document::HostStatus;
use crate::model::ids::XeroContactId;
use crate::model::reason::ReasonCode;
use crate::model::row::{Chart, Difference, Invoice};
use crate::model::time::Now;

/// Differences that are named in a reason; the others are counted.
const NAMED_MAX: usize = 5;

/// What a push of a document that is voided or deleted in Xero does, unless it is to be voided here too:
/// nothing where the host changed nothing since, else it cannot reach Xero any more.
pub(super) fn gone(invoice: &Invoice) -> Option<Step> {
    if !invoice.is_gone() || invoice.draft.host_status == HostStatus::Void {
        return None;
    }
    let is_in_step = invoice
        .common
        .as_ref()
        .is_some_and(|common| common.draft == invoice.draft);
    if is_in_step {
        return Some(Step::Nothing);
    }
    Some(Step::Red(Obstacle {
        code: ReasonCode::NotEditableInXero,
        detail: format!("The document is {} in Xero.", in_xero(invoice)),
        subject: None,
    }))
}

/// The status of Xero's document, as Xero writes it.
pub(super) fn in_xero(invoice: &Invoice) -> &str {
    invoice.copy.as_ref().map_or("", |copy| copy.status.as_str())
}

impl TenantMachine {
    /// Whether somebody asked for the push of this very document.
    pub(super) fn is_asked_for(&self, work: &Work) -> bool {
        let operation = work.intent.operation.and_then(|id| self.operations.get(&id));
        operation.is_some_and(|operation| operation.invoice == Some(work.intent.invoice))
    }

    /// Nothing is sent; red, if that is not what whoever asked may think.
    pub(super) fn nothing_or_lost(
        &self,
        now: Now,
        context: &PushContext,
        chart: &Chart,
        contact: XeroContactId,
    ) -> Step {
        self.what_would_be_lost(now, context, chart, contact)
            .map_or(Step::Nothing, Step::Red)
    }

    /// The host changed nothing, and Xero's document says other things that the host's could replace:
    /// whoever asks for a push is told of them first, and asks again to have them overwritten (D3).
    pub(super) fn what_would_be_lost(
        &self,
        now: Now,
        context: &PushContext,
        chart: &Chart,
        contact: XeroContactId,
    ) -> Option<Obstacle> {
        let mut row = context.invoice.clone();
        if row.is_gone() {
            return None;
        }
        variance::compare(&mut row, now.wall);
        let differences = row.back.variance?.differences;
        matches!(self.document_step(context, chart, contact, true), Step::Change(..)).then(|| Obstacle {
            code: ReasonCode::ChangedInXero,
            detail: in_words(&differences),
            subject: None,
        })
    }
}

fn in_words(differences: &[Difference]) -> String {
    let named = differences.iter().take(NAMED_MAX);
    let mut named: Vec<&str> = named
        .map(|difference| difference.path.trim_start_matches('/'))
        .collect();
    let more = differences.len().saturating_sub(NAMED_MAX);
    let more = format!("{more} more");
    if differences.len() > NAMED_MAX {
        named.push(&more);
    }
    format!(
        "Changed in Xero alone: {}. Nothing was sent; Sync now once more overwrites it.",
        named.join(", ")
    )
}
