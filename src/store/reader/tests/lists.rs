//! Lists: every filter, both directions, page by page.

use super::world::World;
use chrono::NaiveDate;

use crate::model::document::{HostStatus, InvoiceKind};
use crate::model::ids::TenantId;
use crate::model::reason::ReasonCode;
use crate::model::row::{Acknowledged, Alert, Badge, Invoice, Operation, OperationState, ReasonGiven};
use crate::model::standing::Due;
use crate::model::write::Write;
use crate::store::reader::{BadgeCounts, InvoiceQuery, OperationQuery, Reader};
use crate::store::rows::keys;
use crate::store::rows::tests::samples::{self, invoice_id, operation_id, tenant_id};

const CODE: ReasonCode = ReasonCode::UnmappedNominalCode;
const OTHER: ReasonCode = ReasonCode::XeroUnavailable;

/// Sixty invoices: every badge, both reasons, three names, both kinds; all bills share a number, and
/// a sales invoice has it too.
fn invoices() -> Vec<Invoice> {
    let names = ["Acme Ltd", "Bolt & Co", "\u{00c9}clair SARL"];
    (1..=60_usize)
        .map(|n| {
            let mut row = samples::invoice(tenant_id(1), u64::try_from(n).unwrap());
            row.draft.contact.name = names[n % 3].to_owned();
            if n % 5 == 0 {
                row.draft.kind = InvoiceKind::Purchase;
                row.draft.number = "RENT".to_owned();
            }
            if n == 31 {
                row.draft.number = "RENT".to_owned();
            }
            if n % 6 == 0 {
                row.draft.host_status = HostStatus::Draft;
            }
            row.draft.due_date = NaiveDate::from_ymd_opt(2026, 2, u32::try_from(n % 28 + 1).unwrap());
            row = samples::badged(row, keys::BADGES[n % 4]);
            if n % 4 == 3 {
                let code = if n % 8 == 3 { CODE } else { OTHER };
                row = samples::red(row, code, Some(["4000", "4001"][n % 2]));
            }
            row
        })
        .collect()
}

fn pages(reader: &Reader, tenant: TenantId, mut query: InvoiceQuery) -> Vec<Invoice> {
    let mut found = Vec::new();
    loop {
        let page = reader.invoices(tenant, &query).unwrap();
        assert!(page.invoices.len() <= query.limit.max(1));
        found.extend(page.invoices);
        match page.next {
            Some(next) => query.after = Some(next),
            None => return found,
        }
    }
}

/// Every filter with every other one.
fn queries() -> Vec<InvoiceQuery> {
    let badges = || [None].into_iter().chain(keys::BADGES.map(Some));
    let reasons = [None, Some(CODE), Some(ReasonCode::TooLarge)];
    let kinds = [None, Some(InvoiceKind::Sales), Some(InvoiceKind::Purchase)];
    let numbers = [None, Some("RENT"), Some("INV-7"), Some("inv-7")];
    let texts = ["", "ACME", "inv-1", "so-2", "\u{00e9}clair", "zz"];
    let mut queries = Vec::new();
    for (reason, kind) in reasons.iter().flat_map(|reason| kinds.map(|kind| (*reason, kind))) {
        for (badge, number) in badges().flat_map(|badge| numbers.map(|number| (badge, number))) {
            for text in [None].into_iter().chain(texts.map(Some)) {
                queries.push(InvoiceQuery {
                    badge,
                    reason,
                    kind,
                    number: number.map(str::to_owned),
                    text: text.map(str::to_owned),
                    ..InvoiceQuery::default()
                });
            }
        }
    }
    let today = NaiveDate::from_ymd_opt(2026, 2, 14).unwrap();
    for tab in Due::ALL {
        let with_tab = |query: &InvoiceQuery| InvoiceQuery {
            due: Some((tab, today)),
            ..query.clone()
        };
        let few = queries.iter().step_by(7).filter(|query| query.due.is_none());
        let more: Vec<InvoiceQuery> = few.map(with_tab).collect();
        queries.extend(more);
    }
    queries
}

fn is_wanted(row: &Invoice, query: &InvoiceQuery) -> bool {
    let has_reason = |code| row.sync.reason.as_ref().is_some_and(|reason| reason.code == code);
    let has_text = |text: &String| {
        let all = [&row.draft.number, &row.host_ref, &row.draft.contact.name];
        all.iter()
            .any(|part| part.to_lowercase().contains(&text.to_lowercase()))
    };
    query.badge.is_none_or(|badge| row.sync.badge == badge)
        && query.reason.is_none_or(has_reason)
        && query.kind.is_none_or(|kind| row.draft.kind == kind)
        && query.number.as_ref().is_none_or(|number| row.draft.number == *number)
        && query.text.as_ref().is_none_or(has_text)
        && query.due.is_none_or(|(tab, today)| {
            let is_late = row.draft.due_date.unwrap() < today;
            row.draft.host_status == HostStatus::Approved && is_late == (tab == Due::Overdue)
        })
}

#[test]
fn every_filter_finds_what_a_plain_search_finds() {
    let rows = invoices();
    let worlds = World::all();
    for world in &worlds {
        let writes: Vec<Write> = rows.iter().map(|row| Write::Invoice(Box::new(row.clone()))).collect();
        world.commit(&writes);
        world.commit(&[Write::Invoice(Box::new(samples::invoice(tenant_id(2), 7)))]);
    }
    for query in queries() {
        let mut expected: Vec<Invoice> = rows.iter().filter(|row| is_wanted(row, &query)).cloned().collect();
        for newest_first in [false, true] {
            if newest_first {
                expected.reverse();
            }
            for (limit, world) in [3, 7, 500].into_iter().zip(&worlds) {
                let query = InvoiceQuery {
                    limit,
                    newest_first,
                    ..query.clone()
                };
                let found = pages(&world.reader, tenant_id(1), query.clone());
                assert_eq!(found, expected, "{} {query:?}", world.name);
            }
        }
    }
}

#[test]
fn a_full_list_ends_without_a_next_page_when_it_is_known_to_end() {
    let world = World::memory();
    world.commit(&[1, 2, 3].map(|n| Write::Invoice(Box::new(samples::invoice(tenant_id(1), n)))));
    let query = InvoiceQuery {
        limit: 10,
        ..InvoiceQuery::default()
    };
    assert_eq!(world.reader.invoices(tenant_id(1), &query).unwrap().next, None);
    let query = InvoiceQuery { limit: 2, ..query };
    let page = world.reader.invoices(tenant_id(1), &query).unwrap();
    assert_eq!(page.next, Some(invoice_id(2)));
}

/// One rare match behind thousands: each call does bounded work and says where to go on.
#[test]
fn a_search_is_bounded_and_can_be_continued() {
    for world in [World::memory(), World::disk(true)] {
        for block in 0..5 {
            let writes: Vec<Write> = (1..=500)
                .map(|n| {
                    let mut row = samples::invoice(tenant_id(1), block * 500 + n);
                    if block == 4 && n == 400 {
                        row.draft.number = "Needle".to_owned();
                    }
                    Write::Invoice(Box::new(row))
                })
                .collect();
            world.commit(&writes);
        }
        for badge in [None, Some(None)] {
            let mut query = InvoiceQuery {
                badge,
                text: Some("needle".to_owned()),
                limit: 10,
                ..InvoiceQuery::default()
            };
            let page = world.reader.invoices(tenant_id(1), &query).unwrap();
            assert_eq!((page.invoices.len(), page.next), (0, Some(invoice_id(2_000))));
            query.after = page.next;
            let page = world.reader.invoices(tenant_id(1), &query).unwrap();
            assert_eq!((page.invoices[0].id, page.next), (invoice_id(2_400), None));
        }
    }
}

#[test]
fn ux_76_red_invoices_are_counted_by_reason_with_what_they_are_about() {
    for world in World::all() {
        let tenant = tenant_id(1);
        assert_eq!(world.reader.failed_by_reason(tenant).unwrap(), []);
        let mut rows = invoices();
        for (nth, row) in rows.iter_mut().enumerate() {
            if let Some(reason) = &mut row.sync.reason {
                reason.since = reason.since.plus_ms(i64::try_from(nth).unwrap());
            }
        }
        let red_for = |code: ReasonCode| {
            let rows = rows.iter().filter_map(|row| row.sync.reason.as_ref());
            rows.filter(|reason| reason.code == code).collect::<Vec<_>>()
        };
        let writes =
            |rows: &[Invoice]| -> Vec<Write> { rows.iter().map(|row| Write::Invoice(Box::new(row.clone()))).collect() };
        world.commit(&writes(&rows));
        let counts = world.reader.failed_by_reason(tenant).unwrap();
        assert_eq!(counts.len(), 2, "{}", world.name);
        for count in &counts {
            let red = red_for(count.code);
            assert_eq!(count.count, u64::try_from(red.len()).unwrap());
            assert_eq!(count.oldest, red.iter().map(|reason| reason.since).min());
            let told: u64 = count.subjects.iter().map(|(_, count)| *count).sum();
            assert_eq!(told, count.count, "{:?}", count.subjects);
        }
        let green: Vec<Invoice> = rows
            .iter()
            .map(|row| samples::badged(row.clone(), Some(Badge::Synced)))
            .collect();
        world.commit(&writes(&green));
        assert_eq!(world.reader.failed_by_reason(tenant).unwrap(), []);
    }
}

#[test]
fn counts_follow_every_change_of_a_badge() {
    for world in World::all() {
        let tenant = tenant_id(1);
        assert_eq!(world.reader.counts(tenant).unwrap(), BadgeCounts::default());
        let rows = invoices();
        world.commit(
            &rows
                .iter()
                .map(|row| Write::Invoice(Box::new(row.clone())))
                .collect::<Vec<_>>(),
        );
        let counts = BadgeCounts {
            none: 15,
            synced: 15,
            pending: 15,
            failed: 15,
            acknowledged: 0,
        };
        assert_eq!(world.reader.counts(tenant).unwrap(), counts);
        world.commit(
            &rows
                .iter()
                .map(|row| Write::Invoice(Box::new(samples::badged(row.clone(), Some(Badge::Synced)))))
                .collect::<Vec<_>>(),
        );
        let counts = BadgeCounts {
            synced: 60,
            ..BadgeCounts::default()
        };
        assert_eq!(world.reader.counts(tenant).unwrap(), counts);
        assert_eq!(counts.total(), 60);
        let looked_at: Vec<Write> = rows.iter().take(3).map(|row| acknowledged(row.clone())).collect();
        world.commit(&looked_at);
        assert_eq!(world.reader.counts(tenant).unwrap().acknowledged, 3);
        let again: Vec<Write> = rows
            .iter()
            .take(1)
            .map(|row| Write::Invoice(Box::new(row.clone())))
            .collect();
        world.commit(&again);
        assert_eq!(world.reader.counts(tenant).unwrap().acknowledged, 2);
        assert_eq!(world.reader.counts(tenant_id(2)).unwrap(), BadgeCounts::default());
    }
}

/// A released page does not stand in the way of the next one.
#[test]
fn failed_invoices_are_read_while_they_are_released() {
    for world in World::all() {
        let tenant = tenant_id(1);
        let red = |n, subject| samples::red(samples::invoice(tenant, n), CODE, subject);
        let rows: Vec<Invoice> = (1..=10)
            .map(|n| red(n, Some(if n % 2 == 0 { "even" } else { "odd" })))
            .collect();
        world.commit(
            &rows
                .iter()
                .map(|row| Write::Invoice(Box::new(row.clone())))
                .collect::<Vec<_>>(),
        );
        world.commit(&[
            Write::Invoice(Box::new(red(11, None))),
            Write::Invoice(Box::new(samples::red(
                samples::invoice(tenant, 12),
                OTHER,
                Some("even"),
            ))),
        ]);
        let ids = |rows: Vec<Invoice>| rows.into_iter().map(|row| row.id).collect::<Vec<_>>();
        let expect = |list: &[u64]| list.iter().copied().map(invoice_id).collect::<Vec<_>>();
        let failed = |subject, after, limit| ids(world.reader.failed(tenant, CODE, subject, after, limit).unwrap());
        assert_eq!(failed(None, None, 500), expect(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]));
        assert_eq!(failed(Some("even"), None, 2), expect(&[2, 4]));
        let released = [2, 4].map(|n| {
            Write::Invoice(Box::new(samples::badged(
                samples::invoice(tenant, n),
                Some(Badge::Pending),
            )))
        });
        world.commit(&released);
        assert_eq!(failed(Some("even"), Some(invoice_id(4)), 2), expect(&[6, 8]));
        assert_eq!(failed(Some("even"), Some(invoice_id(8)), 2), expect(&[10]));
        assert_eq!(failed(Some("even"), Some(invoice_id(10)), 2), expect(&[]));
        assert_eq!(failed(None, None, 3), expect(&[1, 3, 5]));
        assert_eq!(failed(Some("none"), None, 3), expect(&[]));
        assert_eq!(failed(None, None, 0), expect(&[]));
    }
}

#[test]
fn operations_newest_first_by_tenant_and_state() {
    let states = [
        OperationState::Queued,
        OperationState::Running,
        OperationState::Succeeded,
    ];
    let rows: Vec<Operation> = (1..=30_u64)
        .map(|n| {
            let index = usize::try_from(n).unwrap();
            samples::operation(tenant_id(1 + u128::from(n % 2)), n, states[index % 3])
        })
        .collect();
    for world in World::all() {
        world.commit(
            &rows
                .iter()
                .map(|row| {
                    Write::Operation(Box::new(Operation {
                        state: OperationState::Queued,
                        ..row.clone()
                    }))
                })
                .collect::<Vec<_>>(),
        );
        world.commit(
            &rows
                .iter()
                .map(|row| Write::Operation(Box::new(row.clone())))
                .collect::<Vec<_>>(),
        );
        for tenant in [None, Some(tenant_id(1)), Some(tenant_id(3))] {
            for state in [None, Some(OperationState::Running), Some(OperationState::Failed)] {
                let wanted = rows.iter().rev().filter(|row| {
                    tenant.is_none_or(|tenant| row.tenant == tenant) && state.is_none_or(|state| row.state == state)
                });
                let expected: Vec<Operation> = wanted.cloned().collect();
                for limit in [1, 4, 500] {
                    let mut query = OperationQuery {
                        tenant,
                        state,
                        after: None,
                        limit,
                    };
                    let mut found = Vec::new();
                    loop {
                        let page = world.reader.operations(&query).unwrap();
                        assert!(page.operations.len() <= limit);
                        found.extend(page.operations);
                        query.after = page.next;
                        if page.next.is_none() {
                            break;
                        }
                    }
                    assert_eq!(found, expected, "{} {query:?}", world.name);
                }
            }
        }
        let query = OperationQuery {
            after: Some(operation_id(2)),
            limit: 5,
            ..OperationQuery::default()
        };
        assert_eq!(world.reader.operations(&query).unwrap().operations.len(), 1);
    }
}

/// The invoice with an alert that somebody looked at.
fn acknowledged(mut row: Invoice) -> Write {
    row.back.alerts.push(Alert {
        reason: ReasonGiven {
            code: ReasonCode::PaymentDeleteNoMatch,
            detail: String::new(),
            subject: None,
            since: samples::AT,
        },
        acknowledged: Some(Acknowledged {
            by: "token:ops".to_owned(),
            at: samples::AT,
            note: String::new(),
        }),
    });
    Write::Invoice(Box::new(row))
}
