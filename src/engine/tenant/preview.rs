//! What a push would send now, for whoever wants to see it first.

use super::decided::{gone, in_xero};
use super::machine::TenantMachine;
use super::prepare::{Step, party};
use crate::engine::desired::{self, Obstacle};
use crate::engine::effect::{AskId, Effect, Preview, Reply};
use crate::engine::event::PushContext;
use crate::model::ids::XeroContactId;
use crate::model::reason::ReasonCode;
use crate::model::row::{Chart, ReasonGiven};
use crate::model::time::Now;
use crate::model::xero::WriteTarget;

impl TenantMachine {
    /// What would be sent now; nothing is called or stored.
    pub(super) fn preview(
        &mut self,
        now: Now,
        ask: AskId,
        context: &PushContext,
        chart: Option<&Chart>,
        out: &mut Vec<Effect>,
    ) {
        let preview = match chart {
            None => Preview::Refused(given(now, unread_chart())),
            Some(chart) => self.preview_with(now, context, chart),
        };
        out.push(Effect::Reply(ask, Reply::Preview(Box::new(preview))));
    }

    fn preview_with(&self, now: Now, context: &PushContext, chart: &Chart) -> Preview {
        let draft = &context.invoice.draft;
        if let Some(Step::Nothing) = gone(&context.invoice) {
            return Preview::Gone(in_xero(&context.invoice).to_owned());
        }
        let base = chart.organisation.base_currency;
        let checked = desired::check_currency(draft, base, &self.setup.tenant.settings).and_then(|()| party(context));
        let contact = match checked {
            Ok(contact) => contact,
            Err(obstacle) => return Preview::Refused(given(now, obstacle)),
        };
        let mut first = Vec::new();
        if contact.is_none() {
            first.push(format!(
                "The contact \"{}\" is looked up in Xero, or created; its ContactID takes the place of the zeros.",
                context.party.name
            ));
        }
        // An unresolved contact is shown as the nil id: its real one is found when sending.
        let contact = contact.unwrap_or(XeroContactId(uuid::Uuid::nil()));
        // As a click on Sync now would be taken.
        let reason = context.invoice.sync.reason.as_ref().map(|reason| reason.code);
        let force = reason == Some(ReasonCode::ChangedInXero);
        match self.document_step(context, chart, contact, force) {
            Step::Create(invoice) => Preview::Send {
                target: WriteTarget::CreateInvoices,
                body: self.setup.encode.create_invoices(std::slice::from_ref(&*invoice)),
                first,
            },
            Step::Change(id, change) => {
                first.push("The document is read in Xero and compared.".to_owned());
                if force {
                    first.push("What was changed in Xero is overwritten.".to_owned());
                }
                Preview::Send {
                    target: WriteTarget::ChangeInvoice(id),
                    body: self.setup.encode.change_invoice(id, &change),
                    first,
                }
            }
            Step::Red(obstacle) => Preview::Refused(given(now, obstacle)),
            Step::Nothing => match self.what_would_be_lost(now, context, chart, contact) {
                Some(obstacle) if !force => Preview::Refused(given(now, obstacle)),
                _ => Preview::Nothing,
            },
            Step::Cancel | Step::Chart | Step::Contact | Step::Read(_) | Step::CheckNumber => Preview::Nothing,
        }
    }
}

fn unread_chart() -> Obstacle {
    Obstacle {
        code: ReasonCode::PrerequisiteUnmapped,
        detail: "The organisation's chart of accounts has not been read yet.".to_owned(),
        subject: None,
    }
}

fn given(now: Now, obstacle: Obstacle) -> ReasonGiven {
    ReasonGiven {
        code: obstacle.code,
        detail: obstacle.detail,
        subject: obstacle.subject,
        since: now.wall,
    }
}
