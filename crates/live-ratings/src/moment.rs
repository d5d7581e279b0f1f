//! Points in time, in milliseconds.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

/// How far the clock of a caller may be ahead of ours, in milliseconds.
const TOLERANCE: i64 = 60_000;

/// A point in time, in milliseconds since 1970 in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(pub i64);

/// A number that is not the time of a rating.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidMoment {
    /// It is before 1970, or not a finite number.
    #[error("it must be at least 0")]
    Negative,
    /// It is in the future.
    #[error("it is in the future; it is in seconds since 1970 in UTC")]
    Future,
}

impl Moment {
    /// The time on the clock of this machine.
    pub fn now() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(since.as_millis() as i64)
    }

    /// The time that a caller gives in seconds since 1970, as `MovieLens` does; fractions count. A time within the next
    /// minute is taken as `now`, because the caller's clock may be ahead of ours.
    pub fn given(seconds: f64, now: Self) -> Result<Self, InvalidMoment> {
        let milliseconds = (seconds * 1000.0).round();
        if !(milliseconds >= 0.0 && milliseconds.is_finite()) {
            Err(InvalidMoment::Negative)
        } else if milliseconds > (now.0 + TOLERANCE) as f64 {
            Err(InvalidMoment::Future)
        } else {
            Ok(Self(milliseconds as i64).min(now))
        }
    }

    /// The same in seconds.
    pub fn seconds(self) -> f64 {
        self.0 as f64 / 1000.0
    }
}

impl fmt::Display for Moment {
    /// Seconds, with a fraction only if there is one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.seconds().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_given_time_is_in_seconds_and_not_in_the_future() {
        let now = Moment(1_700_000_000_500);
        assert_eq!(Moment::given(0.0, now), Ok(Moment(0)));
        assert_eq!(Moment::given(1_445_714_835.0, now), Ok(Moment(1_445_714_835_000)));
        assert_eq!(Moment::given(1_699_999_999.25, now), Ok(Moment(1_699_999_999_250)));
        assert_eq!(Moment::given(1_700_000_060.0, now), Ok(now), "a clock that is ahead");
        assert_eq!(Moment::given(1_700_000_061.0, now), Err(InvalidMoment::Future));
        assert_eq!(Moment::given(1_445_714_835_000.0, now), Err(InvalidMoment::Future), "milliseconds");
        for wrong in [-1.0, f64::NAN, f64::NEG_INFINITY, f64::INFINITY] {
            assert_eq!(Moment::given(wrong, now), Err(InvalidMoment::Negative), "{wrong}");
        }
    }

    #[test]
    fn it_is_written_in_seconds() {
        assert_eq!(Moment(1_445_714_835_000).to_string(), "1445714835");
        assert_eq!(Moment(1_445_714_835_250).to_string(), "1445714835.25");
    }
}
