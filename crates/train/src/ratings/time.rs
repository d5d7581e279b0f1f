//! Parses timestamps in all common formats.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// Microseconds in a second.
const SECOND: i64 = 1_000_000;

/// Numbers from here on are milliseconds. As seconds they would be after the year 5138.
const FIRST_MILLISECONDS: f64 = 1e11;
/// From here on microseconds.
const FIRST_MICROSECONDS: f64 = 1e14;
/// And from here on nanoseconds.
const FIRST_NANOSECONDS: f64 = 1e17;

/// The time in `text` in microseconds since 1970: a number, or an ISO 8601 date with or without a time of day. Without an
/// offset it is UTC.
pub(super) fn microseconds(text: &str) -> Option<i64> {
    if let Ok(whole) = text.parse::<i64>() {
        return Some(match whole.unsigned_abs() as f64 {
            size if size < FIRST_MILLISECONDS => whole * SECOND,
            size if size < FIRST_MICROSECONDS => whole * 1_000,
            size if size < FIRST_NANOSECONDS => whole,
            _ => whole / 1_000,
        });
    }
    text.parse::<f64>().map_or_else(|_| of_date(text), of_number)
}

/// Microseconds rounded down to seconds.
pub(super) fn seconds(microseconds: i64) -> i64 {
    microseconds.div_euclid(SECOND)
}

/// The microseconds since the last second began.
pub(super) fn part_of_second(microseconds: i64) -> u32 {
    microseconds.rem_euclid(SECOND) as u32
}

fn of_number(number: f64) -> Option<i64> {
    let microseconds = match number.abs() {
        size if size < FIRST_MILLISECONDS => number * 1e6,
        size if size < FIRST_MICROSECONDS => number * 1e3,
        size if size < FIRST_NANOSECONDS => number,
        _ => number / 1e3,
    };
    (microseconds.abs() < i64::MAX as f64).then_some(microseconds as i64)
}

fn of_date(text: &str) -> Option<i64> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(time.as_microsecond());
    }
    let local = text.strip_suffix("UTC").map_or(text, str::trim_end);
    let time = local.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok()?;
    Some(time.timestamp().as_microsecond())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_and_dates_are_read() {
        let june = 1_656_105_611_000_000;
        for (text, expected) in [
            ("0", 0),
            ("-1", -SECOND),
            ("978300760", 978_300_760_000_000),
            ("978300760.0", 978_300_760_000_000),
            ("978300760.25", 978_300_760_250_000),
            ("1.1e9", 1_100_000_000_000_000),
            ("978300760123", 978_300_760_123_000),
            ("978300760123.0", 978_300_760_123_000),
            ("978300760123456", 978_300_760_123_456),
            ("978300760123456789", 978_300_760_123_456),
            ("2022-06-24T21:20:11Z", june),
            ("2022-06-24t21:20:11z", june),
            ("2022-06-24 21:20:11", june),
            ("2022-06-24T21:20:11", june),
            ("2022-06-24 21:20:11 UTC", june),
            ("2022-06-24 21:20:11+00:00", june),
            ("2022-06-24T23:20:11+02:00", june),
            ("2022-06-24T16:20:11-0500", june),
            ("2022-06-24T21:20:11.5Z", june + 500_000),
            ("2022-06-24 21:20:11.250000", june + 250_000),
            ("2022-06-24", 1_656_028_800_000_000),
        ] {
            assert_eq!(microseconds(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_could_be_two_times_is_none() {
        for text in
            ["", "today", "24/06/2022", "06/24/2022 21:20", "2022-13-01", "nan", "inf", "1e300", "1,5"]
        {
            assert_eq!(microseconds(text), None, "{text}");
        }
    }

    #[test]
    fn seconds_are_whole() {
        assert_eq!([1_500_000, -1, 0].map(seconds), [1, -1, 0]);
    }

    proptest! {
        #[test]
        fn any_text_is_a_time_with_its_sign_or_none(text in prop_oneof![".{0,12}", "-?[0-9.e]{0,22}", "[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.]{0,12}[Z+-]?[0-9:]{0,5}"]) {
            if let Some(time) = microseconds(&text) {
                prop_assert!(text.contains(|letter: char| letter.is_ascii_digit()), "{time}");
                let number = text.parse::<f64>().ok();
                prop_assert!(number.is_none_or(|number| time == 0 || (time > 0) == (number > 0.0)), "{time}");
            }
        }

        #[test]
        fn whole_seconds_come_back(time in -99_999_999_999_i64..=99_999_999_999) {
            prop_assert_eq!(microseconds(&time.to_string()).map(seconds), Some(time));
            prop_assert_eq!(microseconds(&format!("{time}.0")).map(seconds), Some(time));
        }
    }
}
