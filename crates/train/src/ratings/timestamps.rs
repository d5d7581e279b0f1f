//! When ratings were given: a column of seconds, in half the memory where that is enough.

/// Times in seconds since 1970. Each takes four bytes, unless one of them is before 1970 or after 2106.
#[derive(Debug, Clone)]
pub struct Timestamps(Column);

#[derive(Debug, Clone)]
enum Column {
    Narrow(Vec<u32>),
    Wide(Vec<i64>),
}

impl Timestamps {
    /// The number of times.
    pub fn len(&self) -> usize {
        match &self.0 {
            Column::Narrow(times) => times.len(),
            Column::Wide(times) => times.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The time at this index, which must be below [`len`](Self::len).
    #[inline]
    pub fn get(&self, index: usize) -> i64 {
        match &self.0 {
            Column::Narrow(times) => times[index].into(),
            Column::Wide(times) => times[index],
        }
    }

    /// All times in their order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = i64> + Clone + '_ {
        (0..self.len()).map(|index| self.get(index))
    }

    /// Appends a time.
    pub fn push(&mut self, time: i64) {
        match (&mut self.0, u32::try_from(time)) {
            (Column::Narrow(times), Ok(time)) => times.push(time),
            (Column::Narrow(times), Err(_)) => {
                let wide = times.iter().copied().map(i64::from).chain([time]);
                self.0 = Column::Wide(wide.collect());
            }
            (Column::Wide(times), _) => times.push(time),
        }
    }

    /// Keeps the times for which `keep` returns `true`, asked in their order. They are not copied to another vector.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut() -> bool) {
        match &mut self.0 {
            Column::Narrow(times) => times.retain(|_| keep()),
            Column::Wide(times) => times.retain(|_| keep()),
        }
    }
}

impl Default for Timestamps {
    fn default() -> Self {
        Self(Column::Narrow(Vec::new()))
    }
}

impl Extend<i64> for Timestamps {
    fn extend<T: IntoIterator<Item = i64>>(&mut self, times: T) {
        let times = times.into_iter();
        if let Column::Narrow(narrow) = &mut self.0 {
            narrow.reserve(times.size_hint().0);
        }
        times.for_each(|time| self.push(time));
    }
}

impl FromIterator<i64> for Timestamps {
    fn from_iter<T: IntoIterator<Item = i64>>(times: T) -> Self {
        let mut all = Self::default();
        all.extend(times);
        all
    }
}

/// Equal times are equal, however they are kept.
impl PartialEq for Timestamps {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_times_are_kept_as_they_are() {
        let largest = i64::from(u32::MAX);
        for (times, is_narrow) in [
            (vec![], true),
            (vec![0, largest, 5], true),
            (vec![7, largest + 1, 5], false),
            (vec![-1, 5], false),
            (vec![i64::MIN, 3, i64::MAX], false),
        ] {
            let kept: Timestamps = times.iter().copied().collect();
            assert_eq!(matches!(kept.0, Column::Narrow(_)), is_narrow, "{times:?}");
            assert_eq!(kept.iter().collect::<Vec<_>>(), times);
            assert_eq!((kept.len(), kept.is_empty()), (times.len(), times.is_empty()));
            for (index, &time) in times.iter().enumerate() {
                assert_eq!(kept.get(index), time);
            }
        }
    }

    #[test]
    fn some_times_are_removed_and_others_stay_in_order() {
        for first in [1, -1] {
            let mut times: Timestamps = [first, 2, 3, 4].into_iter().collect();
            let mut keep = [false, true, false, true].into_iter();
            times.retain(|| keep.next().unwrap());
            assert_eq!(times, [2, 4].into_iter().collect());
            assert_ne!(times, [2, 5].into_iter().collect());
        }
    }
}
