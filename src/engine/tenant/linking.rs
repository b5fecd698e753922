//! Links the host's invoices to documents that were in Xero before.

use std::collections::BTreeSet;

use super::agreement::agreed;
use super::job_words::Item;
use super::machine::{Stage, TenantMachine};
use crate::engine::desired::Obstacle;
use crate::engine::effect::Effect;
use crate::engine::take::take;
use crate::engine::{alike, badge};
use crate::model::ids::{OperationId, XeroInvoiceId};
use crate::model::reason::ReasonCode;
use crate::model::row::{Invoice, Link, LinkOrder, LinkTo, Tally};
use crate::model::time::Now;
use crate::model::write::Write;
use crate::model::xero::XeroInvoice;

/// Why a link is not made: a code and a sentence.
type Refusal = (&'static str, String);

impl TenantMachine {
    /// The documents of the first `count` orders were looked for.
    pub(super) fn job_links(
        &mut self,
        now: Now,
        id: OperationId,
        count: usize,
        (found, page_count): (Vec<XeroInvoice>, u32),
        mut rows: Vec<Invoice>,
        out: &mut Vec<Effect>,
    ) {
        let Some(state) = self.jobs.0.get_mut(&id) else { return };
        if page_count > 1 && count > 1 {
            // Bills share numbers: with all their documents on one page it is clear what there is.
            state.looks_alone = true;
            self.keep_job(now, id, Vec::new(), out);
            return;
        }
        let count = count.min(state.job.links.len());
        let orders: Vec<LinkOrder> = state.job.links.drain(..count).collect();
        let mut tally = Tally::default();
        let mut writes = Vec::new();
        let mut taken = BTreeSet::new();
        for order in orders {
            tally.checked = tally.checked.saturating_add(1);
            let linked = self.choose_document(&order, &found, &rows, &taken).map(|document| {
                (
                    document.clone(),
                    rows.iter().position(|row| row.host_ref == order.host_ref),
                )
            });
            let (xero_id, outcome) = match linked {
                Ok((document, Some(at))) => {
                    let xero_id = document.id;
                    taken.insert(xero_id);
                    let detail = rows
                        .get_mut(at)
                        .map(|row| self.link_one(now, row, document, &mut writes));
                    (Some(xero_id), Ok(detail.unwrap_or_default()))
                }
                Ok((document, None)) => (Some(document.id), Err(unknown())),
                Err(refusal) => (None, Err(refusal)),
            };
            let row = rows.iter().find(|row| row.host_ref == order.host_ref);
            let is_done = outcome.is_ok();
            let (code, detail) = match outcome {
                Ok(detail) => ("linked", detail),
                Err(refusal) => refusal,
            };
            let counts = if is_done { &mut tally.changed } else { &mut tally.failed };
            *counts = counts.saturating_add(1);
            let item = Item {
                row,
                host_ref: Some(order.host_ref.clone()),
                xero_id,
                document: (!is_done).then(|| order.document.clone()),
                is_done,
                code,
                detail,
                ..Item::default()
            };
            self.item(id, item, &mut writes);
        }
        if let Some(state) = self.jobs.0.get_mut(&id) {
            state.page = tally;
        }
        self.keep_job(now, id, writes, out);
    }

    /// The one document an order means, if it may be linked.
    fn choose_document<'a>(
        &self,
        order: &LinkOrder,
        found: &'a [XeroInvoice],
        rows: &[Invoice],
        taken: &BTreeSet<XeroInvoiceId>,
    ) -> Result<&'a XeroInvoice, Refusal> {
        let row = rows
            .iter()
            .find(|row| row.host_ref == order.host_ref)
            .ok_or_else(unknown)?;
        let document = named(order, row, found)?;
        if let Some(link) = &row.link {
            return if link.xero_id == document.id {
                Ok(document)
            } else {
                let detail = format!(
                    "The invoice is linked to another document, {}; a link never changes.",
                    link.xero_id
                );
                Err(("linked_to_other", detail))
            };
        }
        if self.has_open_attempt(row) {
            let detail = "The invoice is just being sent to Xero: link it when that is over, if it is still needed.";
            return Err(("push_under_way", detail.to_owned()));
        }
        if document.kind != Some(row.draft.kind) {
            let detail = format!(
                "The invoice is a {} document, the one in Xero is not.",
                row.draft.kind.label()
            );
            return Err(("kind_differs", detail));
        }
        let is_linked = |other: &&Invoice| other.link.as_ref().is_some_and(|link| link.xero_id == document.id);
        if let Some(other) = rows.iter().find(is_linked) {
            let detail = format!("The document is linked to {} already.", other.host_ref);
            return Err(("document_taken", detail));
        }
        let is_of_another = document.marker().is_some_and(|marker| marker != row.marker);
        if is_of_another || taken.contains(&document.id) {
            let detail = "The document was made for, or is just being linked to, another reference.";
            return Err(("document_taken", detail.to_owned()));
        }
        Ok(document)
    }

    fn has_open_attempt(&self, row: &Invoice) -> bool {
        let work = self.by_invoice.get(&row.id).and_then(|id| self.works.get(id));
        matches!(work.map(|work| work.stage), Some(Stage::InBatch(_)))
    }

    /// Links, and says whether both say the same. Returns what happened in words.
    fn link_one(&mut self, now: Now, row: &mut Invoice, document: XeroInvoice, writes: &mut Vec<Write>) -> String {
        if row.link.is_some() {
            return "It was linked already.".to_owned();
        }
        row.link = Some(Link {
            xero_id: document.id,
            linked_at: now.wall,
        });
        let apart = alike::differences(&row.draft, &document);
        if apart.is_empty() {
            row.common = Some(agreed(None, (row.rev, &row.draft), &document, false));
        }
        let news = take(row, document, self.taking(false), &mut self.ids, now);
        let words = if apart.is_empty() {
            "Linked; both sides say the same.".to_owned()
        } else {
            format!("Linked; the two differ in {}.", apart.join(", "))
        };
        // A push that waits compares the two itself.
        if !self.by_invoice.contains_key(&row.id) {
            if apart.is_empty() {
                badge::synced(row, now);
            } else {
                let obstacle = Obstacle {
                    code: ReasonCode::ChangedInXero,
                    detail: words.clone(),
                    subject: None,
                };
                badge::failed(row, obstacle, now);
            }
        }
        writes.push(badge::write(row, now));
        writes.push(badge::event(&mut self.ids, row, now));
        self.tell(now, row, &news, writes);
        words
    }
}

/// The document an order names.
fn named<'a>(order: &LinkOrder, row: &Invoice, found: &'a [XeroInvoice]) -> Result<&'a XeroInvoice, Refusal> {
    let missing = |detail: &str| ("not_in_xero", detail.to_owned());
    match &order.document {
        LinkTo::Id(id) => found
            .iter()
            .find(|document| document.id == *id)
            .ok_or_else(|| missing("Xero has no document with this id.")),
        LinkTo::Number(number) => {
            let is_meant = |document: &&XeroInvoice| {
                document.number.eq_ignore_ascii_case(number) && document.kind == Some(row.draft.kind)
            };
            let mut meant = found.iter().filter(is_meant);
            let mut living = found
                .iter()
                .filter(is_meant)
                .filter(|document| !document.status.is_gone());
            match (living.next(), living.next(), meant.next()) {
                (Some(document), None, _) | (None, None, Some(document)) => Ok(document),
                (Some(_), Some(_), _) => {
                    let detail = "Several documents in Xero have this number: link by Xero's id.";
                    Err(("ambiguous_number", detail.to_owned()))
                }
                _ => Err(missing("Xero has no document of this kind with this number.")),
            }
        }
    }
}

fn unknown() -> Refusal {
    let detail = "There is no invoice with this reference: write it first, with created_at before the connection was made, so that it is not sent.";
    ("invoice_not_found", detail.to_owned())
}
