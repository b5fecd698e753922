//! Rows by their keys.

use super::world::World;
use crate::model::document::InvoiceKind;
use crate::model::ids::{GrantId, XeroCreditId, XeroInvoiceId, XeroTenantId};
use crate::model::row::{Link, MappingKind, OperationState, VarianceLevel};
use crate::model::write::Write;
use crate::store::reader::InvoiceQuery;
use crate::store::rows::tests::samples::{self, AT, guid, invoice_id, operation_id, tenant_id};

#[test]
fn tenants_and_grants() {
    for world in World::all() {
        let reader = &world.reader;
        assert_eq!(reader.tenants().unwrap(), vec![]);
        let first = samples::tenant();
        let mut second = samples::tenant();
        second.id = tenant_id(2);
        world.commit(&[
            Write::Tenant(Box::new(second.clone())),
            Write::Tenant(Box::new(first.clone())),
            Write::Grant(Box::new(samples::grant())),
        ]);
        assert_eq!(reader.tenants().unwrap(), vec![first.clone(), second.clone()]);
        assert_eq!(reader.tenant(first.id).unwrap(), Some(first.clone()));
        assert_eq!(reader.tenant(tenant_id(3)).unwrap(), None);
        assert_eq!(reader.tenant_by_xero(first.xero_id).unwrap(), Some(second.clone()));
        second.xero_id = XeroTenantId(guid(10));
        world.commit(&[Write::Tenant(Box::new(second.clone()))]);
        assert_eq!(reader.tenant_by_xero(first.xero_id).unwrap(), Some(first));
        assert_eq!(reader.tenant_by_xero(second.xero_id).unwrap(), Some(second));
        assert_eq!(reader.tenant_by_xero(XeroTenantId(guid(11))).unwrap(), None);

        let grant = samples::grant();
        assert_eq!(reader.grants().unwrap(), vec![grant.clone()]);
        assert_eq!(reader.grant(grant.id).unwrap(), Some(grant.clone()));
        assert_eq!(reader.grant(GrantId::from_parts(9, 9)).unwrap(), None);
        world.commit(&[Write::DropGrant(grant.id)]);
        assert_eq!(reader.grants().unwrap(), vec![]);
    }
}

#[test]
fn open_work_is_listed_by_age_and_per_tenant() {
    for world in World::all() {
        let (tenant, other) = (tenant_id(1), tenant_id(2));
        world.commit(&[
            Write::Intent(Box::new(samples::intent(tenant, 9))),
            Write::Intent(Box::new(samples::intent(tenant, 4))),
            Write::Intent(Box::new(samples::intent(other, 5))),
            Write::Batch(Box::new(samples::batch(tenant, 8))),
            Write::Batch(Box::new(samples::batch(tenant, 7))),
            Write::Calls(samples::calls(tenant, 10)),
            Write::Calls(samples::calls(tenant, -1)),
        ]);
        let reader = &world.reader;
        assert_eq!(
            reader.intents(tenant).unwrap(),
            vec![samples::intent(tenant, 4), samples::intent(tenant, 9)]
        );
        assert_eq!(
            reader.batches(tenant).unwrap(),
            vec![samples::batch(tenant, 7), samples::batch(tenant, 8)]
        );
        assert_eq!(
            reader.calls(tenant).unwrap(),
            vec![samples::calls(tenant, -1), samples::calls(tenant, 10)]
        );
        world.commit(&[
            Write::DropIntent(tenant, samples::intent(tenant, 4).id),
            Write::DropBatch(tenant, samples::batch(tenant, 8).id),
            Write::DropCalls(tenant, -1),
        ]);
        assert_eq!(reader.intents(tenant).unwrap(), vec![samples::intent(tenant, 9)]);
        assert_eq!(reader.batches(tenant).unwrap(), vec![samples::batch(tenant, 7)]);
        assert_eq!(reader.calls(tenant).unwrap(), vec![samples::calls(tenant, 10)]);
        assert_eq!(reader.intents(other).unwrap().len(), 1);
    }
}

/// More intents than one block of a scan.
#[test]
fn a_long_backlog_is_read_whole() {
    let world = World::memory();
    let writes: Vec<Write> = (1..=1_000)
        .map(|n| Write::Intent(Box::new(samples::intent(tenant_id(1), n))))
        .collect();
    world.commit(&writes);
    let intents = world.reader.intents(tenant_id(1)).unwrap();
    assert_eq!(intents.len(), 1_000);
    assert!(intents.is_sorted_by_key(|intent| intent.id));
}

#[test]
fn invoices_by_reference_number_and_link() {
    for world in World::all() {
        let (tenant, other) = (tenant_id(1), tenant_id(2));
        let one = samples::invoice(tenant, 1);
        let mut two = samples::invoice(tenant, 2);
        two.draft.number = "INV-1".to_owned();
        let mut bill = samples::invoice(tenant, 3);
        bill.draft.number = "INV-1".to_owned();
        bill.draft.kind = InvoiceKind::Purchase;
        bill.link = Some(Link {
            xero_id: XeroInvoiceId(guid(5)),
            linked_at: AT,
        });
        let foreign = samples::invoice(other, 1);
        let rows = [&one, &two, &bill, &foreign];
        world.commit(&rows.map(|row| Write::Invoice(Box::new(row.clone()))));

        let reader = &world.reader;
        assert_eq!(reader.invoice(tenant, one.id).unwrap(), Some(one.clone()));
        assert_eq!(reader.invoice(tenant, invoice_id(9)).unwrap(), None);
        assert_eq!(reader.invoice_by_ref(tenant, "SO-2").unwrap(), Some(two.clone()));
        assert_eq!(reader.invoice_by_ref(other, "SO-1").unwrap(), Some(foreign));
        assert_eq!(reader.invoice_by_ref(other, "SO-2").unwrap(), None);
        let numbered = |kind, number| reader.invoices_numbered(tenant, kind, number).unwrap();
        assert_eq!(numbered(InvoiceKind::Sales, "INV-1"), vec![one, two.clone()]);
        assert_eq!(numbered(InvoiceKind::Purchase, "INV-1"), vec![bill.clone()]);
        let linked = |n| reader.invoices_linked(tenant, XeroInvoiceId(guid(n))).unwrap();
        assert_eq!(linked(5), vec![bill]);
        assert_eq!(linked(6), vec![]);

        two.back.credits = vec![samples::credit(7, true), samples::credit(8, false)];
        world.commit(&[Write::Invoice(Box::new(two.clone()))]);
        let credited = |n| reader.invoices_credited(tenant, XeroCreditId(guid(n))).unwrap();
        assert_eq!((credited(7), credited(8)), (vec![two.clone()], vec![]));
        two.back.credits = vec![samples::credit(7, false)];
        world.commit(&[Write::Invoice(Box::new(two.clone()))]);
        assert_eq!(credited(7), vec![], "what was removed does not count");

        two.draft.work_order_ref = Some("WO-1".to_owned());
        two.back.variance = samples::full_back().variance;
        world.commit(&[Write::Invoice(Box::new(two.clone()))]);
        let of_order = |order| reader.invoices_of_order(tenant, order).unwrap();
        assert_eq!((of_order("WO-1"), of_order("WO-2")), (vec![two.clone()], vec![]));
        let varied = |level| {
            let query = InvoiceQuery {
                variance: Some(level),
                limit: 10,
                ..InvoiceQuery::default()
            };
            reader.invoices(tenant, &query).unwrap().invoices
        };
        assert_eq!(varied(None), vec![two.clone()]);
        let counted = |most| reader.variance_count(tenant, most).unwrap();
        assert_eq!((counted(10), counted(0)), (1, 0));
        assert_eq!(varied(Some(VarianceLevel::Variance)).len(), 1);
        assert_eq!(varied(Some(VarianceLevel::HighVariance)), vec![]);
        let word = samples::full_back().alerts[1].acknowledged.clone();
        two.back.variance.as_mut().unwrap().acknowledged = word;
        world.commit(&[Write::Invoice(Box::new(two.clone()))]);
        assert_eq!(varied(None), vec![], "somebody looked");
        assert_eq!(reader.variance_count(tenant, 10).unwrap(), 0);

        two.draft.number = "INV-2".to_owned();
        world.commit(&[Write::Invoice(Box::new(two.clone()))]);
        assert_eq!(numbered(InvoiceKind::Sales, "INV-1").len(), 1);
        assert_eq!(numbered(InvoiceKind::Sales, "INV-2"), vec![two]);
    }
}

#[test]
fn contacts_chart_and_mappings() {
    for world in World::all() {
        let tenant = tenant_id(1);
        let acme = samples::contact(tenant, "C-2", "ACME Ltd");
        let twin = samples::contact(tenant, "C-1", "Acme ltd");
        let mut moved = samples::contact(tenant, "C-3", "acme LTD");
        world.commit(&[
            Write::Contact(Box::new(acme.clone())),
            Write::Contact(Box::new(twin.clone())),
            Write::Contact(Box::new(moved.clone())),
            Write::Contact(Box::new(samples::contact(tenant_id(2), "C-9", "Acme Ltd"))),
        ]);
        moved.name = "Bolt".to_owned();
        world.commit(&[Write::Contact(Box::new(moved.clone()))]);
        let reader = &world.reader;
        assert_eq!(reader.contact(tenant, "C-3").unwrap(), Some(moved));
        assert_eq!(reader.contact(tenant, "C-9").unwrap(), None);
        assert_eq!(reader.contacts_named(tenant, "acme ltd").unwrap(), vec![twin, acme]);
        assert_eq!(reader.contacts_named(tenant, "nobody").unwrap(), vec![]);

        assert_eq!(reader.chart(tenant).unwrap(), None);
        let mapping = |kind, key| samples::mapping(tenant, kind, key, "200");
        world.commit(&[
            Write::Chart(Box::new(samples::chart(tenant))),
            Write::Mapping(Box::new(mapping(MappingKind::NominalCodes, "4001"))),
            Write::Mapping(Box::new(mapping(MappingKind::NominalCodes, "4000"))),
            Write::Mapping(Box::new(mapping(MappingKind::TaxRates, "T1"))),
        ]);
        assert_eq!(reader.chart(tenant).unwrap(), Some(samples::chart(tenant)));
        let codes = reader.mappings(tenant, MappingKind::NominalCodes).unwrap();
        assert_eq!(
            codes.iter().map(|row| row.key.as_str()).collect::<Vec<_>>(),
            ["4000", "4001"]
        );
        let code = |key| reader.mapping(tenant, MappingKind::NominalCodes, key).unwrap();
        assert_eq!(code("4000"), Some(mapping(MappingKind::NominalCodes, "4000")));
        assert_eq!(code("T1"), None);
    }
}

#[test]
fn open_operations_of_an_invoice() {
    for world in World::all() {
        let tenant = tenant_id(1);
        let put = |n, state| Write::Operation(Box::new(samples::operation(tenant, n, state)));
        let open = || {
            world
                .reader
                .open_operation(tenant, invoice_id(1))
                .unwrap()
                .map(|row| row.id)
        };
        assert_eq!(open(), None);
        world.commit(&[put(1, OperationState::Queued), put(2, OperationState::Succeeded)]);
        assert_eq!(open(), Some(operation_id(1)));
        world.commit(&[put(3, OperationState::Waiting)]);
        assert_eq!(open(), Some(operation_id(3)));
        world.commit(&[put(3, OperationState::Cancelled)]);
        assert_eq!(open(), Some(operation_id(1)));
        world.commit(&[put(1, OperationState::Failed)]);
        assert_eq!(open(), None);
        assert_eq!(world.reader.open_operation(tenant, invoice_id(2)).unwrap(), None);
        assert_eq!(
            world.reader.operation(operation_id(2)).unwrap(),
            Some(samples::operation(tenant, 2, OperationState::Succeeded))
        );
    }
}
