use super::samples::*;
use crate::engine::variance::{compare, keep_applied};
use crate::model::document::{Currency, Draft, HostStatus, LineAmountTypes};
use crate::model::row::VarianceLevel::{HighVariance, Variance};
use crate::model::row::{Difference, Disposition, Invoice, VarianceLevel};
use crate::model::time::Timestamp;
use crate::model::xero::{XeroInvoice, XeroStatus};

const LATER: Timestamp = Timestamp(5);

/// A row in step, whose copy was then edited in Xero.
fn edited(edit: impl FnOnce(&mut XeroInvoice)) -> Invoice {
    let mut row = in_step(|_| ());
    edit(row.copy.as_mut().unwrap());
    row
}

fn in_step(host: impl FnOnce(&mut Draft)) -> Invoice {
    let mut row = row();
    host(&mut row.draft);
    let mut common = common();
    common.draft = row.draft.clone();
    common.xero = xero(&row.draft);
    row.copy = Some(common.xero.clone());
    row.common = Some(common);
    row
}

fn differences(row: &Invoice) -> &[Difference] {
    row.back.variance.as_ref().map_or(&[], |variance| &variance.differences)
}

type Edit = fn(&mut XeroInvoice);

const CHANGES: &[(Edit, &str, VarianceLevel)] = &[
    (
        |x| x.lines[0].description = "X".into(),
        "/lines/0/description",
        Variance,
    ),
    (|x| x.lines[1].quantity = dec("3"), "/lines/1/quantity", Variance),
    (|x| x.lines[0].unit_amount = dec("9.5"), "/lines/0/unit_price", Variance),
    (
        |x| x.lines[0].discount_rate = Some(dec("5")),
        "/lines/0/discount_percent",
        Variance,
    ),
    (
        |x| x.lines[0].account_code = Some("400".into()),
        "/lines/0/nominal_code",
        Variance,
    ),
    (|x| x.number = "X".into(), "/number", Variance),
    (|x| x.reference = "X".into(), "/reference", Variance),
    (|x| x.contact_id = Some(contact_id(3)), "/contact", Variance),
    (|x| x.date = Some(day(3)), "/issue_date", Variance),
    (|x| x.due_date = Some(day(22)), "/due_date", Variance),
    (|x| x.currency = Currency::parse("EUR"), "/currency", Variance),
    (
        |x| x.line_amount_types = LineAmountTypes::NoTax,
        "/line_amount_types",
        Variance,
    ),
    (
        |x| x.lines[0].tax_type = Some("NONE".into()),
        "/lines/0/tax_type",
        HighVariance,
    ),
    (
        |x| x.lines[0].item_code = Some("HAMMER".into()),
        "/lines/0/item_code",
        HighVariance,
    ),
    (|x| x.status = XeroStatus::Draft, "/host_status", HighVariance),
    (|x| drop(x.lines.remove(1)), "/lines/1", HighVariance),
    (
        |x| {
            let mut line = x.lines[0].clone();
            line.id = Some(line_id(7));
            x.lines.push(line);
        },
        "/lines/-",
        HighVariance,
    ),
];

#[test]
fn ux_64_ux_65_each_change_in_xero_is_a_variance_of_its_level() {
    for (edit, path, level) in CHANGES {
        let mut row = edited(edit);
        let draft = row.draft.clone();
        let compared = compare(&mut row, LATER);
        assert!(compared.is_new && compared.applied.is_empty(), "{path}");
        let found: Vec<&str> = differences(&row)
            .iter()
            .map(|difference| difference.path.as_str())
            .collect();
        assert_eq!(found, [*path]);
        let variance = row.back.variance.as_ref().unwrap();
        assert_eq!((variance.level, variance.since), (*level, LATER), "{path}");
        assert_eq!(
            variance.differences[0].disposition,
            Disposition::ReviewRequired,
            "{path}"
        );
        assert_eq!(row.draft, draft, "ux_66: nothing is taken over");
        assert!(!compare(&mut row, Timestamp(9)).is_new, "{path}: told once");
    }
}

#[test]
fn what_is_no_difference_is_none() {
    let table: &[(&str, Edit)] = &[
        ("nothing", |_| ()),
        ("zeros at the end", |x| x.lines[0].quantity = dec("1.0000")),
        ("paid", |x| x.status = XeroStatus::Paid),
        ("void", |x| x.status = XeroStatus::Voided),
        ("void and edited", |x| {
            x.status = XeroStatus::Voided;
            x.lines.clear();
        }),
        ("no discount", |x| x.lines[0].discount_rate = Some(dec("0"))),
    ];
    for (what, edit) in table {
        let mut row = edited(edit);
        assert!(!compare(&mut row, LATER).is_new, "{what}");
        assert!(row.back.variance.is_none(), "{what}");
    }
}

#[test]
fn a_change_the_host_makes_too_is_no_variance() {
    let mut row = edited(|x| x.lines[0].description = "both".into());
    row.draft.lines[0].description = "both".into();
    compare(&mut row, LATER);
    assert!(row.back.variance.is_none());
}

#[test]
fn lines_that_the_host_moved_are_compared_by_their_own_key() {
    let mut row = edited(|x| x.lines[0].description = "X".into());
    row.draft.lines.reverse();
    compare(&mut row, LATER);
    let found = &differences(&row)[0];
    assert_eq!(
        (found.path.as_str(), found.local.as_str()),
        ("/lines/1/description", "first")
    );
}

#[test]
fn ux_67_a_pending_invoice_takes_over_the_safe_subset_and_nothing_else() {
    let mut row = in_step(|draft| draft.host_status = HostStatus::Pending);
    let before = row.draft.clone();
    let copy = row.copy.as_mut().unwrap();
    copy.lines[0].description = "X".into();
    copy.lines[0].quantity = dec("4.0000");
    copy.lines[0].unit_amount = dec("2.5000");
    copy.lines[0].tax_type = Some("NONE".into());
    copy.due_date = Some(day(22));
    let compared = compare(&mut row, LATER);
    let applied: Vec<(&str, &str, &str)> = compared
        .applied
        .iter()
        .map(|d| (d.path.as_str(), d.local.as_str(), d.xero.as_str()))
        .collect();
    assert_eq!(
        applied,
        [
            ("/lines/0/description", "first", "X"),
            ("/lines/0/quantity", "1", "4"),
            ("/lines/0/unit_price", "10", "2.5"),
        ]
    );
    let line = &row.draft.lines[0];
    assert_eq!(
        (line.description.as_str(), line.quantity, line.unit_price),
        ("X", dec("4"), dec("2.5"))
    );
    assert_eq!(
        (line.quantity.to_string().as_str(), line.unit_price.to_string().as_str()),
        ("4", "2.50"),
        "without the zeros that Xero writes"
    );
    assert_eq!(
        row.back.as_written.as_deref(),
        Some(&before),
        "what the host wrote is kept"
    );
    let open: Vec<&str> = differences(&row).iter().map(|d| d.path.as_str()).collect();
    assert_eq!(open, ["/due_date", "/lines/0/tax_type"]);
    let common = row.common.as_ref().unwrap();
    assert_eq!(
        common.draft, row.draft,
        "both sides agree on it now, so it is not pushed back"
    );
    let again = compare(&mut row, LATER);
    assert!(again.applied.is_empty() && !again.is_new);
}

#[test]
fn ux_67_what_was_taken_over_stays_until_the_host_writes_something_else_there() {
    let mut row = in_step(|draft| draft.host_status = HostStatus::Pending);
    let written = row.draft.clone();
    let copy = row.copy.as_mut().unwrap();
    copy.lines[0].description = "X".into();
    copy.lines[1].quantity = dec("4");
    compare(&mut row, LATER);
    let applied = row.draft.clone();
    let repeated = keep_applied(Some(&mut row.clone()), written.clone());
    assert_eq!(repeated, (applied.clone(), false), "a repeat");

    let mut approved = written.clone();
    approved.host_status = HostStatus::Approved;
    approved.lines.reverse();
    let mut later = row.clone();
    let (kept, _) = keep_applied(Some(&mut later), approved.clone());
    assert_eq!(
        (kept.lines[1].description.as_str(), kept.lines[0].quantity),
        ("X", dec("4"))
    );
    assert_eq!(later.back.as_written.as_deref(), Some(&approved));

    let mut own = written;
    own.lines[0].description = "of the host".into();
    assert_eq!(
        keep_applied(Some(&mut row.clone()), own).0.lines[0].description,
        "of the host"
    );

    let mut heard = row.clone();
    assert_eq!(keep_applied(Some(&mut heard), applied.clone()), (applied, true));
    assert_eq!(heard.back.as_written, None, "whoever wrote it knows it");
}

#[test]
fn ux_67_a_due_date_that_a_rule_set_is_protected() {
    let mut row = in_step(|draft| draft.due_date_rule = Some("30 days".to_owned()));
    row.copy.as_mut().unwrap().due_date = Some(day(22));
    compare(&mut row, LATER);
    assert_eq!(differences(&row)[0].disposition, Disposition::Protected);
}

#[test]
fn with_another_version_of_the_host_on_its_way_nothing_is_taken_over() {
    let mut row = in_step(|draft| draft.host_status = HostStatus::Pending);
    row.copy.as_mut().unwrap().lines[0].quantity = dec("4");
    row.draft.lines[1].quantity = dec("2");
    assert!(compare(&mut row, LATER).applied.is_empty());
    assert_eq!(row.draft.lines[0].quantity, dec("1"));
}

#[test]
fn a_variance_keeps_its_beginning_and_ends_when_xero_is_set_back() {
    let mut row = edited(|x| x.number = "X".into());
    compare(&mut row, LATER);
    row.copy.as_mut().unwrap().reference = "X".into();
    assert!(compare(&mut row, Timestamp(9)).is_new);
    assert_eq!(row.back.variance.as_ref().unwrap().since, LATER);
    row.copy = Some(row.common.as_ref().unwrap().xero.clone());
    assert!(compare(&mut row, Timestamp(9)).is_new);
    assert!(row.back.variance.is_none());
}
