//! A job that is asked for: the names in it become ids before the machine decides.

use actix::{Context, Handler};

use super::actor::TenantActor;
use super::messages::{Begin, Cancel};
use crate::actors::control::{InvoiceName, JobWanted};
use crate::engine::event::{Event, JobOrder, JobPlan};
use crate::model::ids::{InvoiceId, XeroInvoiceId};
use crate::store::Urgency;
use crate::store::reader::ReadError;

/// Linked invoices are counted up to here: reading more of them by their ids would take a thousand
/// calls, and pages are fewer.
const COUNTED_MAX: usize = 40_000;

impl Handler<Begin> for TenantActor {
    type Result = ();

    fn handle(&mut self, message: Begin, ctx: &mut Context<Self>) {
        let Begin {
            wanted,
            requested_by,
            reply,
        } = message;
        let Some(reply) = self.admit(reply) else { return };
        if let JobWanted::These(names) = &wanted
            && let [only] = names.as_slice()
        {
            // One that is named by itself must be there.
            let Some((_, reply)) = self.find(only, reply) else {
                return;
            };
            self.begin(wanted, requested_by, reply, ctx);
        } else {
            self.begin(wanted, requested_by, reply, ctx);
        }
    }
}

impl Handler<Cancel> for TenantActor {
    type Result = ();

    fn handle(&mut self, message: Cancel, ctx: &mut Context<Self>) {
        let Some(reply) = self.admit(message.reply) else { return };
        let ask = self.ask(reply);
        self.feed(
            Event::Cancel {
                ask,
                operation: message.operation,
                requested_by: message.requested_by,
            },
            Urgency::NewWork,
            ctx,
        );
    }
}

impl TenantActor {
    fn begin(
        &mut self,
        wanted: JobWanted,
        requested_by: String,
        reply: super::messages::Replier,
        ctx: &mut Context<Self>,
    ) {
        let Some((order, reply)) = self.answer_errors(self.order(wanted), reply) else {
            return;
        };
        let ask = self.ask(reply);
        self.feed(
            Event::Begin {
                ask,
                order: Box::new(order),
                requested_by,
            },
            Urgency::NewWork,
            ctx,
        );
    }

    fn order(&self, wanted: JobWanted) -> Result<JobOrder, ReadError> {
        let (mut skipped, mut invoice) = (0, None);
        let plan = match wanted {
            JobWanted::SinceWatermark => JobPlan::SinceWatermark,
            JobWanted::Since { at, window } => JobPlan::Since { at, window },
            JobWanted::AllLinked => JobPlan::AllLinked,
            JobWanted::Reconcile => JobPlan::Reconcile,
            JobWanted::Drift => JobPlan::Drift,
            JobWanted::Links(links) => JobPlan::Links(links),
            JobWanted::Bulk(bulk) => JobPlan::Bulk(bulk),
            JobWanted::Again { job, of } => JobPlan::Again { job, of },
            JobWanted::Frozen { ids, skipped: left_out } => {
                skipped = left_out;
                JobPlan::These(ids)
            }
            JobWanted::These(names) => {
                let (ids, first) = self.linked_ids(&names)?;
                skipped = u32::try_from(names.len().saturating_sub(ids.len())).unwrap_or(u32::MAX);
                invoice = first.filter(|_| names.len() == 1);
                JobPlan::These(ids)
            }
        };
        let counts = !matches!(
            plan,
            JobPlan::These(_) | JobPlan::Links(_) | JobPlan::Again { .. } | JobPlan::Bulk(_)
        );
        let linked = if counts {
            self.ports.reader.linked_count(self.tenant, COUNTED_MAX)?
        } else {
            Some(0)
        };
        Ok(JobOrder {
            plan,
            linked,
            skipped,
            invoice,
        })
    }

    /// What these invoices are linked to, and the first of them.
    fn linked_ids(&self, names: &[InvoiceName]) -> Result<(Vec<XeroInvoiceId>, Option<InvoiceId>), ReadError> {
        let view = self.view();
        let mut ids = Vec::new();
        let mut first = None;
        for name in names {
            let row = match name {
                InvoiceName::Id(id) => view.invoice(*id)?,
                InvoiceName::HostRef(host_ref) => view.invoice_by_ref(host_ref)?,
            };
            let Some(row) = row else { continue };
            first.get_or_insert(row.id);
            if let Some(link) = row.link
                && !ids.contains(&link.xero_id)
            {
                ids.push(link.xero_id);
            }
        }
        Ok((ids, first))
    }
}
