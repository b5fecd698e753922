//! A job is cancelled. What a call under way brings is taken first: Xero answered it, and it counts.

use super::job_words::{cut_short, words};
use super::machine::TenantMachine;
use crate::engine::effect::{AskId, Effect, Reply};
use crate::model::ids::OperationId;
use crate::model::row::{Operation, OperationState};
use crate::model::time::Now;
use crate::model::write::Write;

impl TenantMachine {
    /// Ends a job now, or once its call under way is answered. That it ends is durable in both cases.
    pub(super) fn cancel(&mut self, now: Now, ask: AskId, id: OperationId, out: &mut Vec<Effect>) {
        let Some(operation) = self.operations.get(&id).cloned() else {
            out.push(Effect::Reply(ask, Reply::HasEnded));
            return;
        };
        let Some(state) = self.jobs.0.get_mut(&id) else {
            out.push(Effect::Reply(ask, Reply::IsPush));
            return;
        };
        let is_first = !std::mem::replace(&mut state.job.is_cancelled, true);
        if is_first {
            self.record.set("operation.cancelled", Vec::new());
        }
        if !state.is_asked {
            let ended = self.end_cancelled(now, id, out);
            let shown = ended.unwrap_or(operation);
            out.push(Effect::Reply(ask, Reply::Operation(Box::new(shown))));
            return;
        }
        let job = Write::Job(Box::new(state.job.clone()));
        let Some(operation) = self.operations.get_mut(&id) else {
            return;
        };
        "Cancelling: the call under way is finished first.".clone_into(&mut operation.message);
        let shown = operation.clone();
        if is_first {
            out.push(Effect::Persist(vec![job, Write::Operation(Box::new(shown.clone()))]));
        }
        out.push(Effect::Reply(ask, Reply::Operation(Box::new(shown))));
    }

    /// Ends a job that was cancelled, and tells how far it came.
    pub(super) fn end_cancelled(&mut self, now: Now, id: OperationId, out: &mut Vec<Effect>) -> Option<Operation> {
        let state = self.jobs.0.get(&id)?;
        let kind = state.job.kind;
        let (open, left) = (state.open, state.job.invoices.len());
        let operation = self.operations.get(&id)?;
        let said = match operation.tally {
            Some(tally) if kind.is_bulk() => cut_short(kind, tally, open, left),
            Some(tally) if operation.done > 0 => format!("Cancelled. {}", words(kind, tally)),
            _ => "Cancelled before anything was read.".to_owned(),
        };
        self.end_job(now, id, (OperationState::Cancelled, &said), out)
    }
}
