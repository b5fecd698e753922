//! When the nightly check is due: once for each date of the organisation's own calendar.

use chrono::{Days, MappedLocalTime, NaiveDate, NaiveTime, TimeDelta, TimeZone};
use chrono_tz::Tz;

use crate::model::time::Timestamp;

/// Longest stretch of local time that a zone ever skipped: a whole date.
const GAP_MAX_MIN: i64 = 26 * 60;

/// The first moment of a date at which its clocks show `at`, or have passed it where they skip it;
/// the earlier one where they show it twice.
#[must_use]
pub fn due_at(zone: Tz, date: NaiveDate, at: NaiveTime) -> Timestamp {
    let wanted = date.and_time(at);
    for minute in 0..=GAP_MAX_MIN {
        let local = wanted.checked_add_signed(TimeDelta::minutes(minute)).unwrap_or(wanted);
        match zone.from_local_datetime(&local) {
            MappedLocalTime::Single(found) | MappedLocalTime::Ambiguous(found, _) => {
                return found.to_utc().into();
            }
            MappedLocalTime::None => {}
        }
    }
    wanted.and_utc().into()
}

/// The date a zone's calendars show.
#[must_use]
pub fn date_at(zone: Tz, now: Timestamp) -> NaiveDate {
    now.to_utc().with_timezone(&zone).date_naive()
}

/// The next check and its date: of a date that is over and was missed at once, else of the next
/// one. `done` is the last date that was checked, `since` when the organisation was connected.
#[must_use]
pub fn next(
    zone: Tz,
    at: NaiveTime,
    (now, since): (Timestamp, Timestamp),
    done: Option<NaiveDate>,
) -> (NaiveDate, Timestamp) {
    let today = date_at(zone, now);
    let tomorrow = today.checked_add_days(Days::new(1)).unwrap_or(today);
    // A date that is not even begun was noted by a clock that was set back since.
    let done = done.filter(|done| *done <= tomorrow);
    let yesterday = today.checked_sub_days(Days::new(1)).unwrap_or(today);
    let latest = if due_at(zone, today, at) <= now {
        today
    } else {
        yesterday
    };
    let is_open = |date: NaiveDate| done.is_none_or(|done| date > done);
    let first = due_at(zone, latest, at);
    if is_open(latest) && first > since {
        return (latest, first);
    }
    let mut date = latest;
    loop {
        date = date.checked_add_days(Days::new(1)).unwrap_or(date);
        if is_open(date) || date > tomorrow {
            return (date, due_at(zone, date, at));
        }
    }
}
