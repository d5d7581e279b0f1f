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

/// The ascending columns of each row, with their signals.
pub(super) type Rows = crate::rows::Rows<(u32, f32)>;

impl Signals {
    pub(super) fn new(training: &RankingTraining<'_>) -> Self {
        let mut entries: Vec<(u32, u32, f32)> = training
            .ratings
            .iter()
            .map(|rating| (rating.user.0, rating.movie.0, signal(rating.value, training.scale)))
            .filter(|entry| entry.2 > 0.0)
            .collect();
        entries.sort_unstable_by_key(|entry| (entry.0, entry.1));
        let of_users = entries.iter().map(|&(user, movie, signal)| (user as usize, (movie, signal)));
        let of_movies = entries.iter().map(|&(user, movie, signal)| (movie as usize, (user, signal)));
        Self {
            users: Rows::of(training.user_count, of_users),
            movies: Rows::of(training.movie_count, of_movies),
        }
    }
}
