use chrono::{NaiveDate, NaiveTime};
use chrono_tz::Tz;

use crate::engine::night::{date_at, due_at, next};
use crate::model::time::Timestamp;

fn two() -> NaiveTime {
    NaiveTime::from_hms_opt(2, 0, 0).unwrap()
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn at(text: &str) -> Timestamp {
    chrono::DateTime::parse_from_rfc3339(text).unwrap().to_utc().into()
}

#[test]
fn two_o_clock_is_the_organisation_s_own_also_where_clocks_skip_or_repeat_it() {
    let table = [
        (Tz::Europe__London, "2026-01-15", "2026-01-15T02:00:00Z"),
        (Tz::Pacific__Auckland, "2026-01-15", "2026-01-14T13:00:00Z"),
        // Skipped: the first moment after.
        (Tz::America__New_York, "2026-03-08", "2026-03-08T07:00:00Z"),
        (Tz::Pacific__Auckland, "2026-09-27", "2026-09-26T14:00:00Z"),
        (Tz::Australia__Lord_Howe, "2026-10-04", "2026-10-03T15:30:00Z"),
        // A date that never was.
        (Tz::Pacific__Apia, "2011-12-30", "2011-12-30T10:00:00Z"),
        // Twice: the first of the two.
        (Tz::Pacific__Auckland, "2026-04-05", "2026-04-04T13:00:00Z"),
        (Tz::Europe__Berlin, "2026-10-25", "2026-10-25T00:00:00Z"),
    ];
    for (zone, date, moment) in table {
        assert_eq!(due_at(zone, day(date), two()), at(moment), "{zone} {date}");
    }
}

#[test]
fn in_every_zone_each_date_of_two_years_has_one_moment_and_they_follow_each_other() {
    for zone in chrono_tz::TZ_VARIANTS {
        let mut before = None;
        for date in day("2026-01-01").iter_days().take(730) {
            let due = due_at(zone, date, two());
            assert!(before.is_none_or(|before| due > before), "{zone} {date}");
            before = Some(due);
            assert_eq!(date_at(zone, due), date, "{zone}");
        }
    }
}

#[test]
fn a_missed_night_is_made_up_once_and_a_date_is_never_checked_twice() {
    let zone = Tz::Europe__London;
    let connected = at("2026-01-10T12:00:00Z");
    let ask = |now: &str, done: Option<&str>| {
        let (date, due) = next(zone, two(), (at(now), connected), done.map(day));
        (date.to_string(), due.to_rfc3339())
    };
    let answer = |date: &str, due: &str| (date.to_owned(), at(due).to_rfc3339());
    // Not for the night before it was connected.
    assert_eq!(
        ask("2026-01-10T13:00:00Z", None),
        answer("2026-01-11", "2026-01-11T02:00:00Z")
    );
    assert_eq!(
        ask("2026-01-11T02:00:00Z", None),
        answer("2026-01-11", "2026-01-11T02:00:00Z")
    );
    assert_eq!(
        ask("2026-01-11T09:00:00Z", Some("2026-01-11")),
        answer("2026-01-12", "2026-01-12T02:00:00Z")
    );
    // Down for three nights: one run.
    assert_eq!(
        ask("2026-01-14T09:00:00Z", Some("2026-01-11")),
        answer("2026-01-14", "2026-01-14T02:00:00Z")
    );
    // Down from before two until after midnight.
    assert_eq!(
        ask("2026-01-15T01:00:00Z", Some("2026-01-13")),
        answer("2026-01-14", "2026-01-14T02:00:00Z")
    );
    // A clock that was set back does not make it run again.
    assert_eq!(
        ask("2026-01-11T09:00:00Z", Some("2026-01-12")),
        answer("2026-01-13", "2026-01-13T02:00:00Z")
    );
    // One that had been years ahead does not stop it for years.
    assert_eq!(
        ask("2026-01-11T09:00:00Z", Some("2040-01-01")),
        answer("2026-01-11", "2026-01-11T02:00:00Z")
    );
}
