//! When ratings were given, as exactly as files say it.

use super::{Timestamps, time};

/// Times in microseconds since 1970. Few files have parts of seconds, so these are only kept if there are any.
#[derive(Default)]
pub(super) struct Moments {
    /// Rounded down.
    seconds: Timestamps,
    /// The microseconds since the second began. Empty as long as all are 0.
    parts: Vec<u32>,
}

impl Moments {
    pub(super) fn push(&mut self, microseconds: i64) {
        let part = time::part_of_second(microseconds);
        if part > 0 || !self.parts.is_empty() {
            self.parts.resize(self.seconds.len(), 0);
            self.parts.push(part);
        }
        self.seconds.push(time::seconds(microseconds));
    }

    /// The seconds and the microseconds of a record.
    pub(super) fn get(&self, record: u32) -> (i64, u32) {
        let index = record as usize;
        (self.seconds.get(index), self.parts.get(index).copied().unwrap_or(0))
    }

    /// The times in seconds, rounded down.
    pub(super) fn into_seconds(self) -> Timestamps {
        self.seconds
    }
}

#[cfg(test)]
impl FromIterator<i64> for Moments {
    fn from_iter<T: IntoIterator<Item = i64>>(times: T) -> Self {
        let mut moments = Self::default();
        times.into_iter().for_each(|microseconds| moments.push(microseconds));
        moments
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_seconds_are_kept_if_there_are_any() {
        let whole: Moments = [3_000_000, 1_000_000].into_iter().collect();
        assert!(whole.parts.is_empty());
        assert_eq!((whole.get(0), whole.get(1)), ((3, 0), (1, 0)));
        let moments: Moments = [3_000_000, -1, 1_500_000, 2_000_000].into_iter().collect();
        let found: Vec<(i64, u32)> = (0..4).map(|record| moments.get(record)).collect();
        assert_eq!(found, [(3, 0), (-1, 999_999), (1, 500_000), (2, 0)]);
        assert_eq!(moments.into_seconds(), [3, -1, 1, 2].into_iter().collect());
    }
}
