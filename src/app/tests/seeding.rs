use std::collections::BTreeSet;

use rust_decimal::Decimal;

use crate::app::seeding::documents;
use crate::model::connection::Connection;
use crate::model::document::Currency;
use crate::model::ids::{GrantId, TenantId, XeroTenantId};
use crate::model::row::{Settings, Tenant};
use crate::model::time::Timestamp;

#[test]
fn the_demos_documents_are_whole() {
    let at = Timestamp(1_790_000_000_000);
    let tenant = Tenant {
        credits: None,
        id: TenantId::from_parts(1, 1),
        xero_id: XeroTenantId(uuid::Uuid::from_u128(1)),
        name: "Acme".to_owned(),
        grant: GrantId::from_parts(1, 1),
        time_zone: String::new(),
        base_currency: None,
        short_code: None,
        connected_at: at,
        connection: Connection::fresh(at),
        settings: Settings::default(),
        fixed: Vec::new(),
    };
    let documents = documents(&tenant);
    let references: BTreeSet<&String> = documents.iter().map(|(reference, _)| reference).collect();
    assert_eq!(references.len(), documents.len());
    for (reference, draft) in &documents {
        assert!(!draft.lines.is_empty(), "{reference}");
        for line in &draft.lines {
            assert!(
                line.quantity > Decimal::ZERO && line.unit_price > Decimal::ZERO,
                "{reference}: {line:?}"
            );
        }
    }
    assert_eq!(
        documents
            .iter()
            .filter(|(_, draft)| draft.currency != Currency::GBP)
            .count(),
        1
    );
}
