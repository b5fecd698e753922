//! Keys of what comes back from Xero.

use super::keys::{FOLLOW_UPS, SCANS, STREAMS, join};
use crate::model::ids::{InvoiceId, TenantId};
use crate::model::row::StreamKind;

/// Key of a stream.
#[must_use]
pub fn stream(tenant: TenantId, kind: StreamKind) -> Vec<u8> {
    join(STREAMS, &[&tenant.to_bytes(), &[stream_byte(kind)]])
}

/// Key of a scan under way.
#[must_use]
pub fn scan(tenant: TenantId, kind: StreamKind) -> Vec<u8> {
    join(SCANS, &[&tenant.to_bytes(), &[stream_byte(kind)]])
}

/// Key of what is to be done about an invoice later.
#[must_use]
pub fn follow_up(tenant: TenantId, invoice: InvoiceId) -> Vec<u8> {
    join(FOLLOW_UPS, &[&tenant.to_bytes(), &invoice.to_bytes()])
}

const fn stream_byte(kind: StreamKind) -> u8 {
    match kind {
        StreamKind::Invoices => 0,
        StreamKind::Payments => 1,
        StreamKind::CreditNotes => 2,
        StreamKind::Contacts => 3,
        StreamKind::ManualJournals => 4,
    }
}
