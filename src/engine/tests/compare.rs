use super::samples::*;
use crate::engine::compare::{Comparison, Sides, compare};
use crate::model::document::{Currency, Draft, HostStatus, LineAmountTypes};
use crate::model::row::Common;
use crate::model::xero::{InvoiceChange, XeroInvoice, XeroStatus};

/// Compares a host's version and Xero's with their common version.
fn three_way(host: &Draft, current: &XeroInvoice, common: Option<&Common>, force: bool) -> Comparison {
    let mut desired = outgoing(host);
    if host.contact.reference != "c1" {
        desired.contact = contact_id(2);
    }
    compare(&Sides {
        desired: &desired,
        host_lines: &host.lines,
        host_status: host.host_status,
        host_url: host.host_url.as_deref(),
        common,
        current,
        force,
    })
}

type HostEdit = fn(&mut Draft);
type XeroEdit = fn(&mut XeroInvoice);
type Check = fn(&InvoiceChange) -> bool;

/// Each field: its name in a conflict, how the host changes it, how Xero does, whether a change
/// carries the host's version, whether one carries Xero's.
const FIELDS: &[(&str, HostEdit, XeroEdit, Check)] = &[
    (
        "number",
        |d| d.number = "H".into(),
        |x| x.number = "X".into(),
        |c| c.number.as_deref() == Some("H"),
    ),
    (
        "reference",
        |d| d.reference = Some("H".into()),
        |x| x.reference = "X".into(),
        |c| c.reference.as_deref() == Some("H"),
    ),
    (
        "contact",
        |d| d.contact.reference = "c2".into(),
        |x| x.contact_id = Some(contact_id(3)),
        |c| c.contact == Some(contact_id(2)),
    ),
    (
        "date",
        |d| d.issue_date = day(2),
        |x| x.date = Some(day(3)),
        |c| c.date == Some(day(2)),
    ),
    (
        "due date",
        |d| d.due_date = Some(day(21)),
        |x| x.due_date = Some(day(22)),
        |c| c.due_date == Some(day(21)),
    ),
    (
        "currency",
        |d| d.currency = Currency::parse("USD").unwrap(),
        |x| x.currency = Currency::parse("EUR"),
        |c| c.currency == Currency::parse("USD"),
    ),
    (
        "line amount types",
        |d| d.line_amount_types = LineAmountTypes::Inclusive,
        |x| x.line_amount_types = LineAmountTypes::NoTax,
        |c| c.line_amount_types == Some(LineAmountTypes::Inclusive),
    ),
    (
        "line 1 description",
        |d| d.lines[0].description = "H".into(),
        |x| x.lines[0].description = "X".into(),
        |c| {
            c.lines
                .as_ref()
                .is_some_and(|lines| lines[0].description == "H" && lines[0].id == Some(line_id(1)))
        },
    ),
    (
        "line 2 quantity",
        |d| d.lines[1].quantity = dec("2"),
        |x| x.lines[1].quantity = dec("3"),
        |c| {
            c.lines
                .as_ref()
                .is_some_and(|lines| lines[1].quantity == dec("2") && lines[1].id == Some(line_id(2)))
        },
    ),
    (
        "line 1 unit price",
        |d| d.lines[0].unit_price = dec("2"),
        |x| x.lines[0].unit_amount = dec("3"),
        |c| c.lines.as_ref().is_some_and(|lines| lines[0].unit_amount == dec("2")),
    ),
    (
        "line 1 account",
        |d| d.lines[0].nominal_code = Some("400".into()),
        |x| x.lines[0].account_code = Some("401".into()),
        |c| {
            c.lines
                .as_ref()
                .is_some_and(|lines| lines[0].account_code.as_deref() == Some("400"))
        },
    ),
    (
        "line 1 tax rate",
        |d| d.lines[0].tax_type = Some("NONE".into()),
        |x| x.lines[0].tax_type = Some("ZERO".into()),
        |c| {
            c.lines
                .as_ref()
                .is_some_and(|lines| lines[0].tax_type.as_deref() == Some("NONE"))
        },
    ),
    (
        "line 1 item",
        |d| d.lines[0].item_code = Some("H".into()),
        |x| x.lines[0].item_code = Some("X".into()),
        |c| {
            c.lines
                .as_ref()
                .is_some_and(|lines| lines[0].item_code.as_deref() == Some("H"))
        },
    ),
    (
        "line 1 discount",
        |d| d.lines[0].discount_percent = Some(dec("5")),
        |x| x.lines[0].discount_rate = Some(dec("6")),
        |c| {
            c.lines
                .as_ref()
                .is_some_and(|lines| lines[0].discount_rate == Some(dec("5")))
        },
    ),
];

#[test]
fn only_what_the_host_changed_is_sent_and_what_both_changed_is_a_conflict() {
    let common = common();
    let same = three_way(&common.draft, &common.xero, Some(&common), false);
    assert_eq!(same, Comparison::default());
    for (name, host_edit, xero_edit, is_hosts) in FIELDS {
        let (mut host, mut xero) = (common.draft.clone(), common.xero.clone());
        host_edit(&mut host);
        xero_edit(&mut xero);
        let host_only = three_way(&host, &common.xero, Some(&common), false);
        assert!(
            host_only.conflicts.is_empty() && is_hosts(&host_only.change),
            "{name}: {host_only:?}"
        );
        let fields_sent = format!("{:?}", host_only.change).matches("Some(").count();
        assert!(fields_sent > 0);
        let xero_only = three_way(&common.draft, &xero, Some(&common), false);
        assert_eq!(xero_only, Comparison::default(), "{name}: Xero's change stays");
        let both = three_way(&host, &xero, Some(&common), false);
        assert_eq!(both.conflicts, [*name]);
        assert!(both.change.is_empty(), "nothing is sent in part");
        let forced = three_way(&host, &xero, Some(&common), true);
        assert!(
            forced.conflicts.is_empty() && is_hosts(&forced.change),
            "{name}: {forced:?}"
        );
    }
}

#[test]
fn changes_of_different_fields_on_both_sides_do_not_meet() {
    let common = common();
    for (one, host_edit, _, is_hosts) in FIELDS {
        for (other, _, xero_edit, _) in FIELDS.iter().filter(|(other, ..)| other != one) {
            let (mut host, mut xero) = (common.draft.clone(), common.xero.clone());
            host_edit(&mut host);
            xero_edit(&mut xero);
            let found = three_way(&host, &xero, Some(&common), false);
            assert!(
                found.conflicts.is_empty() && is_hosts(&found.change),
                "{one} and {other}: {found:?}"
            );
            // Lines travel whole: what Xero changed in them travels unchanged.
            if let Some(lines) = found.change.lines {
                let theirs: Vec<_> = xero.lines.iter().map(|line| line.id).collect();
                assert_eq!(lines.iter().map(|line| line.id).collect::<Vec<_>>(), theirs);
                let mut undone = lines[0].description == xero.lines[0].description || *one == "line 1 description";
                undone &= lines[1].quantity == xero.lines[1].quantity || *one == "line 2 quantity";
                undone &= lines[0].account_code == xero.lines[0].account_code || *one == "line 1 account";
                assert!(undone, "{one} and {other}");
            }
        }
    }
}

#[test]
fn equal_changes_on_both_sides_are_no_change() {
    let common = common();
    let (mut host, mut xero) = (common.draft.clone(), common.xero.clone());
    host.number = "SAME".to_owned();
    xero.number = "SAME".to_owned();
    host.lines[0].description = "same".to_owned();
    xero.lines[0].description = "same".to_owned();
    assert_eq!(three_way(&host, &xero, Some(&common), false), Comparison::default());
}

/// Descriptions and ids of what is sent, `-` for a new line.
fn sent(found: &Comparison) -> Option<Vec<String>> {
    assert!(found.conflicts.is_empty(), "{found:?}");
    let name = |id: Option<_>| [1, 2, 7].into_iter().find(|number| id == Some(line_id(*number)));
    let lines = found.change.lines.as_ref()?;
    let text = |line: &crate::model::xero::OutgoingLine| {
        let id = name(line.id).map_or("-".to_owned(), |number| number.to_string());
        format!("{id} {}", line.description)
    };
    Some(lines.iter().map(text).collect())
}

#[test]
fn lines_added_removed_and_moved_are_followed_on_either_side() {
    let common = common();
    let third = || host_line("c", "third");
    let added_in_xero = || {
        let mut line = common.xero.lines[0].clone();
        line.id = Some(line_id(7));
        line.description = "theirs".to_owned();
        line
    };
    let mut host = common.draft.clone();
    host.lines.push(third());
    let add = three_way(&host, &common.xero, Some(&common), false);
    assert_eq!(sent(&add).unwrap(), ["1 first", "2 second", "- third"]);

    let mut host = common.draft.clone();
    host.lines.remove(0);
    let remove = three_way(&host, &common.xero, Some(&common), false);
    assert_eq!(sent(&remove).unwrap(), ["2 second"]);

    let mut host = common.draft.clone();
    host.lines.swap(0, 1);
    let moved = three_way(&host, &common.xero, Some(&common), false);
    assert_eq!(sent(&moved).unwrap(), ["2 second", "1 first"]);

    let mut xero = common.xero.clone();
    xero.lines.push(added_in_xero());
    let mut host = common.draft.clone();
    host.lines[0].description = "changed".to_owned();
    let theirs = three_way(&host, &xero, Some(&common), false);
    assert_eq!(sent(&theirs).unwrap(), ["1 changed", "2 second", "7 theirs"]);
    let forced = three_way(&host, &xero, Some(&common), true);
    assert_eq!(sent(&forced).unwrap(), ["1 changed", "2 second"]);

    let mut xero = common.xero.clone();
    xero.lines.remove(1);
    let removed_there = three_way(&host, &xero, Some(&common), false);
    assert_eq!(sent(&removed_there).unwrap(), ["1 changed"]);
    let forced = three_way(&host, &xero, Some(&common), true);
    assert_eq!(sent(&forced).unwrap(), ["1 changed", "- second"]);

    // The same new line on both sides is one line: it was sent before, or agreed by hand.
    let mut xero = common.xero.clone();
    let mut twin = added_in_xero();
    twin.description = "third".to_owned();
    xero.lines.push(twin);
    let mut host = common.draft.clone();
    host.lines.push(third());
    assert_eq!(three_way(&host, &xero, Some(&common), false), Comparison::default());
    // But two such lines of the host are two.
    host.lines.push(Line {
        reference: Some("d".to_owned()),
        ..third()
    });
    assert_eq!(
        sent(&three_way(&host, &xero, Some(&common), false)).unwrap(),
        ["1 first", "2 second", "7 third", "- third"]
    );
}

use crate::model::document::Line;

#[test]
fn a_line_removed_on_one_side_and_changed_on_the_other_is_a_conflict() {
    let common = common();
    let (mut host, mut xero) = (common.draft.clone(), common.xero.clone());
    host.lines[1].description = "changed".to_owned();
    xero.lines.remove(1);
    assert_eq!(
        three_way(&host, &xero, Some(&common), false).conflicts,
        ["line 2 (removed in Xero)"]
    );
    let (mut host, mut xero) = (common.draft.clone(), common.xero.clone());
    host.lines.remove(1);
    xero.lines[1].description = "changed".to_owned();
    assert_eq!(
        three_way(&host, &xero, Some(&common), false).conflicts,
        ["line removed here and changed in Xero"]
    );
    assert_eq!(
        sent(&three_way(&host, &xero, Some(&common), true)).unwrap(),
        ["1 first"]
    );
}

#[test]
fn a_line_that_was_never_the_hosts_is_not_removed_although_it_is_in_the_common_version() {
    let mut common = common();
    let mut theirs = common.xero.lines[0].clone();
    theirs.id = Some(line_id(7));
    theirs.description = "theirs".to_owned();
    common.xero.lines.push(theirs);
    let mut host = common.draft.clone();
    host.lines[0].description = "changed".to_owned();
    let found = three_way(&host, &common.xero, Some(&common), false);
    assert_eq!(sent(&found).unwrap(), ["1 changed", "2 second", "7 theirs"]);
}

#[test]
fn a_tax_amount_the_host_fixed_travels_with_its_line() {
    let mut common = common();
    common.draft.lines[0].tax_amount = Some(dec("1.99"));
    common.xero = xero(&common.draft);
    let mut host = common.draft.clone();
    host.lines[1].description = "changed".to_owned();
    let found = three_way(&host, &common.xero, Some(&common), false);
    let lines = found.change.lines.unwrap();
    assert_eq!((lines[0].tax_amount, lines[1].tax_amount), (Some(dec("1.99")), None));
    host.lines[0].tax_amount = Some(dec("2.00"));
    let found = three_way(&host, &common.xero, Some(&common), false);
    assert_eq!(found.change.lines.unwrap()[0].tax_amount, Some(dec("2.00")));
}

#[test]
fn without_a_common_version_every_difference_is_a_conflict_unless_the_host_wins() {
    let common = common();
    assert!(three_way(&common.draft, &common.xero, None, false).conflicts.is_empty());
    for (name, host_edit, _, is_hosts) in FIELDS {
        let mut host = common.draft.clone();
        host_edit(&mut host);
        let found = three_way(&host, &common.xero, None, false);
        assert_eq!(found.conflicts.len(), 1, "{name}");
        let forced = three_way(&host, &common.xero, None, true);
        assert!(forced.conflicts.is_empty());
        assert!(is_hosts(&forced.change) || forced.change.lines.is_some(), "{name}");
    }
}

#[test]
fn the_status_moves_forward_only() {
    use HostStatus as H;
    use XeroStatus as X;
    let table = [
        (H::Approved, X::Draft, Some(X::Authorised)),
        (H::Approved, X::Submitted, Some(X::Authorised)),
        (H::Approved, X::Authorised, None),
        (H::Approved, X::Paid, None),
        (H::Pending, X::Draft, Some(X::Submitted)),
        (H::Pending, X::Authorised, None),
        (H::Draft, X::Submitted, Some(X::Draft)),
        (H::Draft, X::Authorised, None),
        (H::Void, X::Draft, Some(X::Deleted)),
        (H::Void, X::Submitted, Some(X::Deleted)),
        (H::Void, X::Authorised, Some(X::Voided)),
        (H::Void, X::Paid, Some(X::Voided)),
        (H::Void, X::Voided, None),
        (H::Void, X::Deleted, None),
        (H::Approved, X::Other("NEW".into()), None),
    ];
    for (wanted, current, expected) in table {
        let mut common = common();
        common.draft.host_status = if wanted == H::Pending { H::Approved } else { H::Pending };
        let mut host = common.draft.clone();
        host.host_status = wanted;
        let mut xero = common.xero.clone();
        xero.status = current.clone();
        let found = three_way(&host, &xero, Some(&common), false);
        assert_eq!(found.change.status, expected, "{wanted:?} {current:?}");
    }
}

#[test]
fn the_link_is_put_back_when_it_was_cleared_and_otherwise_left_alone() {
    let common = common();
    let mut xero = common.xero.clone();
    xero.url = None;
    let cleared = three_way(&common.draft, &xero, Some(&common), false);
    assert_eq!(cleared.change.url.as_deref(), Some("https://host/?cf=x"));
    xero.url = Some("https://elsewhere/".to_owned());
    assert!(three_way(&common.draft, &xero, Some(&common), false).change.is_empty());
    let mut host = common.draft.clone();
    host.host_url = Some("https://host/".to_owned());
    let changed = three_way(&host, &xero, Some(&common), false);
    assert_eq!(changed.change.url.as_deref(), Some("https://host/?cf=x"));
}
