//! Settings of a contact that only Xero's own pages change.

use rust_decimal::Decimal;
use uuid::Uuid;

use super::call::Call;
use super::envelope;
use crate::sandbox::wire::Answer;

/// `GET /Contacts/{id}/CISSettings`. The published example is broken; this is the schema.
/// Assumption: a contact that is no subcontractor has a rate of zero.
pub fn cis(call: &mut Call<'_>, id: &str) -> Answer {
    let found = Uuid::parse_str(id).ok().and_then(|id| call.books.contacts().get(id));
    let Some(rate) = found.map(|contact| contact.cis_rate) else {
        return envelope::not_found();
    };
    envelope::list(call, "CISSettings", None, |items, _| {
        items.object(|row| {
            row.flag("CISEnabled", rate.is_some());
            row.number("Rate", rate.unwrap_or(Decimal::ZERO), 2);
        });
    })
}
