//! What an actor reads through its overlay is what it would read if everything it submitted were
//! already committed.

use std::collections::VecDeque;

use proptest::prelude::*;
use uuid::Uuid;

use super::world::World;
use crate::model::ids::{InvoiceId, XeroCreditId, XeroInvoiceId};
use crate::model::reason::ReasonCode;
use crate::model::row::{Badge, Link, MappingKind, OperationState};
use crate::model::write::Write;
use crate::store::reader::{Overlay, View};
use crate::store::rows::keys;
use crate::store::rows::tests::samples::{self, invoice_id, tenant_id};

const CODES: [ReasonCode; 2] = [ReasonCode::UnmappedNominalCode, ReasonCode::XeroUnavailable];
const SUBJECTS: [Option<&str>; 3] = [None, Some("4000"), Some("4001")];

#[derive(Debug, Clone)]
enum Step {
    Submit(Vec<Write>),
    /// The store commits the oldest batch it has not committed yet.
    Commit,
    /// The actor learns of everything that is committed.
    Acknowledge,
}

fn write() -> impl Strategy<Value = Write> {
    let badge = prop::sample::select(keys::BADGES.to_vec());
    let code = prop::sample::select(CODES.to_vec());
    let subject = prop::sample::select(SUBJECTS.to_vec());
    let credit = prop::option::of((1..3_u128, any::<bool>()));
    let invoice = (1..8_u64, badge, code, subject, credit).prop_map(|(n, badge, code, subject, credit)| {
        let mut row = samples::invoice(tenant_id(1), n);
        row.back
            .credits
            .extend(credit.map(|(id, counts)| samples::credit(id, counts)));
        row.link = (n % 2 == 0).then(|| Link {
            xero_id: XeroInvoiceId(Uuid::from_u128(n.into())),
            linked_at: samples::AT,
        });
        let row = match badge {
            Some(Badge::Failed) => samples::red(row, code, subject),
            _ => samples::badged(row, badge),
        };
        Write::Invoice(Box::new(row))
    });
    let contact = ("[abc]", "[xXyY]")
        .prop_map(|(reference, name)| Write::Contact(Box::new(samples::contact(tenant_id(1), &reference, &name))));
    let state = prop::sample::select(vec![OperationState::Queued, OperationState::Failed]);
    let operation =
        (1..4_u64, state).prop_map(|(n, state)| Write::Operation(Box::new(samples::operation(tenant_id(1), n, state))));
    let mapping = ("[pq]", "[01]").prop_map(|(key, value)| {
        Write::Mapping(Box::new(samples::mapping(
            tenant_id(1),
            MappingKind::TaxRates,
            &key,
            &value,
        )))
    });
    let chart = (0..3_i64).prop_map(|at| {
        let mut chart = samples::chart(tenant_id(1));
        chart.read_at.0 = at;
        Write::Chart(Box::new(chart))
    });
    prop_oneof![6 => invoice, 3 => contact, 2 => operation, 1 => mapping, 1 => chart]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => prop::collection::vec(write(), 1..4).prop_map(Step::Submit),
        2 => Just(Step::Commit),
        1 => Just(Step::Acknowledge),
    ]
}

fn check(plain: &View<'_>, seen: &View<'_>) {
    for n in 0..9 {
        let (id, host_ref) = (invoice_id(n), format!("SO-{n}"));
        assert_eq!(seen.invoice(id).unwrap(), plain.invoice(id).unwrap());
        assert_eq!(
            seen.invoice_by_ref(&host_ref).unwrap(),
            plain.invoice_by_ref(&host_ref).unwrap()
        );
        let linked = |view: &View<'_>, xero| view.invoice_linked(xero).unwrap();
        if let Some(link) = plain.invoice(id).unwrap().and_then(|row| row.link) {
            assert_eq!(linked(seen, link.xero_id), linked(plain, link.xero_id));
            assert!(linked(seen, link.xero_id).is_some());
        }
    }
    for n in 1..3 {
        let credit = XeroCreditId(samples::guid(n));
        assert_eq!(
            seen.invoices_credited(credit).unwrap(),
            plain.invoices_credited(credit).unwrap()
        );
    }
    let xero = samples::contact(tenant_id(1), "a", "x").xero_id;
    assert_eq!(seen.contacts_of(xero).unwrap(), plain.contacts_of(xero).unwrap());
    let kind = MappingKind::TaxRates;
    assert_eq!(seen.mappings(kind).unwrap(), plain.mappings(kind).unwrap());
    for name in ["x", "X", "y"] {
        assert_eq!(seen.contacts_named(name).unwrap(), plain.contacts_named(name).unwrap());
    }
    for reference in ["a", "b", "c", "d"] {
        assert_eq!(seen.contact(reference).unwrap(), plain.contact(reference).unwrap());
    }
    for key in ["p", "q"] {
        let kind = MappingKind::TaxRates;
        assert_eq!(seen.mapping(kind, key).unwrap(), plain.mapping(kind, key).unwrap());
    }
    assert_eq!(seen.chart().unwrap(), plain.chart().unwrap());
    assert_eq!(
        seen.open_operation(invoice_id(1)).unwrap(),
        plain.open_operation(invoice_id(1)).unwrap()
    );
    for code in CODES {
        for subject in SUBJECTS {
            for limit in [1, 2, 500] {
                for after in [None, Some(invoice_id(3))] {
                    let read = |view: &View<'_>| view.failed(code, subject, after, limit).unwrap();
                    assert_eq!(read(seen), read(plain));
                }
            }
        }
    }
}

fn run(behind: &World, steps: Vec<Step>) {
    let ahead = World::memory();
    let tenant = tenant_id(1);
    let nothing = Overlay::default();
    let mut overlay = Overlay::default();
    let mut waiting: VecDeque<(u64, Vec<Write>)> = VecDeque::new();
    let (mut submitted, mut committed) = (0, 0);
    for step in steps {
        match step {
            Step::Submit(writes) => {
                submitted += 1;
                overlay.submitted(submitted, writes.clone());
                ahead.commit(&writes);
                waiting.push_back((submitted, writes));
            }
            Step::Commit => {
                if let Some((seq, writes)) = waiting.pop_front() {
                    behind.commit(&writes);
                    committed = seq;
                }
            }
            Step::Acknowledge => overlay.acknowledged(committed),
        }
        let plain = View::new(&nothing, &ahead.reader, tenant);
        let seen = View::new(&overlay, &behind.reader, tenant);
        check(&plain, &seen);
    }
    for (seq, writes) in waiting {
        behind.commit(&writes);
        overlay.acknowledged(seq);
    }
    overlay.acknowledged(committed);
    assert!(overlay.is_empty());
    let plain = View::new(&nothing, &ahead.reader, tenant);
    check(&plain, &View::new(&overlay, &behind.reader, tenant));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn an_actor_reads_its_own_writes(steps in prop::collection::vec(step(), 1..30)) {
        run(&World::memory(), steps);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 8, ..ProptestConfig::default() })]

    #[test]
    fn an_actor_reads_its_own_writes_over_the_disk(steps in prop::collection::vec(step(), 1..30)) {
        run(&World::disk(true), steps);
    }
}

/// The overlay hides whole pages of what is committed; the next page must still be found.
#[test]
fn a_page_of_failed_invoices_is_not_cut_short_by_what_was_released() {
    let world = World::memory();
    let tenant = tenant_id(1);
    let red = |n| samples::red(samples::invoice(tenant, n), CODES[0], None);
    world.commit(&(1..=10).map(|n| Write::Invoice(Box::new(red(n)))).collect::<Vec<_>>());
    let mut overlay = Overlay::default();
    let released: Vec<Write> = (1..=8)
        .map(|n| Write::Invoice(Box::new(samples::badged(red(n), Some(Badge::Pending)))))
        .collect();
    overlay.submitted(1, released);
    let view = View::new(&overlay, &world.reader, tenant);
    let ids: Vec<InvoiceId> = view
        .failed(CODES[0], None, None, 2)
        .unwrap()
        .iter()
        .map(|row| row.id)
        .collect();
    assert_eq!(ids, [invoice_id(9), invoice_id(10)]);
    assert_eq!(view.failed(CODES[0], None, Some(invoice_id(10)), 2).unwrap(), vec![]);
}

/// What is committed under a reference does not count once the invoice has another one.
#[test]
fn a_reference_that_was_given_up_finds_nothing() {
    let world = World::memory();
    let tenant = tenant_id(1);
    let mut row = samples::invoice(tenant, 1);
    world.commit(&[Write::Invoice(Box::new(row.clone()))]);
    row.host_ref = "SO-1b".to_owned();
    let mut overlay = Overlay::default();
    overlay.submitted(1, vec![Write::Invoice(Box::new(row.clone()))]);
    let view = View::new(&overlay, &world.reader, tenant);
    assert_eq!(view.invoice_by_ref("SO-1").unwrap(), None);
    assert_eq!(view.invoice_by_ref("SO-1b").unwrap(), Some(row));
}
