//! The signals of users for movies, as compressed sparse rows of both sides.

use matinee_model::ranking::signal;

use super::RankingTraining;

/// All signals above 0.
pub(super) struct Signals {
    /// By user.
    pub(super) users: Rows,
    /// The same by movie.
    pub(super) movies: Rows,
}

/// Sparse rows: the ascending columns of each row, with their signals.
pub(super) struct Rows {
    offsets: Vec<usize>,
    entries: Vec<(u32, f32)>,
}

impl Signals {
    pub(super) fn new(training: &RankingTraining<'_>) -> Self {
        let mut entries: Vec<(u32, u32, f32)> = training
            .ratings
            .iter()
            .map(|rating| (rating.user.0, rating.movie.0, signal(rating.value, training.scale)))
            .filter(|entry| entry.2 > 0.0)
            .collect();
        entries.sort_unstable_by_key(|entry| (entry.0, entry.1));
        let users = Rows::of(training.user_count, entries.iter().copied());
        let transposed = entries.iter().map(|&(user, movie, signal)| (movie, user, signal));
        Self { users, movies: Rows::of(training.movie_count, transposed) }
    }
}

impl Rows {
    /// `(row, column, signal)` by ascending columns within each row.
    fn of(count: usize, entries: impl ExactSizeIterator<Item = (u32, u32, f32)> + Clone) -> Self {
        let mut offsets = vec![0; count + 1];
        for (row, ..) in entries.clone() {
            offsets[row as usize + 1] += 1;
        }
        for row in 0..count {
            offsets[row + 1] += offsets[row];
        }
        let mut next = offsets.clone();
        let mut sorted = vec![(0, 0.0); entries.len()];
        for (row, column, signal) in entries {
            sorted[next[row as usize]] = (column, signal);
            next[row as usize] += 1;
        }
        Self { offsets, entries: sorted }
    }

    /// The number of rows.
    pub(super) fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// One row.
    pub(super) fn row(&self, row: usize) -> &[(u32, f32)] {
        &self.entries[self.offsets[row]..self.offsets[row + 1]]
    }

    /// The rows that are not empty.
    pub(super) fn filled(&self) -> Vec<usize> {
        (0..self.len()).filter(|&row| !self.row(row).is_empty()).collect()
    }
}
