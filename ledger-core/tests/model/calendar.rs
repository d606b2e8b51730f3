//! When a day begins, found by looking at the clock on the wall every minute, and when a period does, by going back day by day.

use std::cell::RefCell;
use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, TimeZone, Weekday};
use chrono_tz::Tz;

const EARLIEST: i64 = -62_135_596_800;

thread_local! {
    static FOUND: RefCell<BTreeMap<(String, String), i64>> = RefCell::default();
}

/// The first second (in Unix time) at which a clock in `zone` shows `date` or a later one.
pub fn start_of_day(zone: &str, date: &str) -> i64 {
    let key = (zone.to_owned(), date.to_owned());
    if let Some(found) = FOUND.with_borrow(|found| found.get(&key).copied()) {
        return found;
    }
    let tz: Tz = zone.parse().expect("a known zone");
    let day: NaiveDate = date.parse().expect("a date");
    let has_begun = |second: i64| {
        let time = DateTime::from_timestamp(second, 0).expect("in chrono's years");
        tz.from_utc_datetime(&time.naive_utc()).date_naive() >= day
    };
    let midnight = day.and_time(NaiveTime::MIN).and_utc().timestamp();
    let from = midnight - 30 * 3600;
    let minute = (0..60 * 60).map(|minute| from + minute * 60).find(|second| has_begun(*second));
    let minute = minute.expect("no clock is off by more");
    let second = (minute - 60..=minute).find(|second| has_begun(*second)).expect("the last one does");
    let second = second.max(EARLIEST);
    FOUND.with_borrow_mut(|found| found.insert(key, second));
    second
}

/// What the calendar in `zone` shows.
pub fn date_of(zone: &str, micros: i64) -> String {
    let tz: Tz = zone.parse().expect("a known zone");
    let time = DateTime::from_timestamp_micros(micros).expect("in chrono's years");
    tz.from_utc_datetime(&time.naive_utc()).date_naive().to_string()
}

/// The first day of the period that `date` is in.
pub fn begin(period: &str, date: &str) -> String {
    let mut day: NaiveDate = date.parse().expect("a date");
    loop {
        let text = day.to_string();
        let begins = match period {
            "week" => day.weekday() == Weekday::Mon,
            "month" => text.ends_with("-01"),
            "quarter" => ["-01-01", "-04-01", "-07-01", "-10-01"].iter().any(|end| text.ends_with(end)),
            _ => text.ends_with("-01-01"),
        };
        if begins {
            return text;
        }
        day = day.pred_opt().expect("the year 1 begins on a Monday");
    }
}

/// `None` at the end of the calendar.
pub fn day_after(date: &str) -> Option<String> {
    let day: NaiveDate = date.parse().expect("a date");
    (date != "9999-12-31").then(|| day.succ_opt().expect("chrono goes on").to_string())
}
