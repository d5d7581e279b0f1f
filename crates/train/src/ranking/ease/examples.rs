//! What `EASE^R` learns from: sparse rows over the movies.

use crate::ranking::signals::{Rows, Signals};

/// The users with signals. Users without one change nothing, so they take no place in the matrix that is inverted.
pub(super) struct Examples {
    /// By example, the movies and the signals.
    pub(super) rows: Rows,
    /// The same by movie.
    pub(super) movies: Rows,
}

impl Examples {
    pub(super) fn new(signals: &Signals) -> Self {
        let users = signals.users.filled();
        let mut entries = Vec::new();
        for (example, &user) in (0..).zip(&users) {
            entries.extend(signals.users.row(user).iter().map(|&(movie, signal)| (example, movie, signal)));
        }
        let transposed = entries.iter().map(|&(example, movie, signal)| (movie, example, signal));
        Self {
            movies: Rows::of(signals.movies.len(), transposed),
            rows: Rows::of(users.len(), entries.iter().copied()),
        }
    }

    /// The order of the matrix that is inverted: as many examples, or as many movies with signals.
    pub(super) fn order(&self) -> usize {
        self.rows.len().min(self.movies.filled().len())
    }
}
