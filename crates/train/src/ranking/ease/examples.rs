//! The examples that `EASE^R` learns from: sparse rows over the movies.

use std::cmp::Reverse;

use crate::attributes::MovieAttributes;
use crate::ranking::signals::{Rows, Signals};

/// The attributes, then the users with signals: each is an example like a user who likes all movies that have it. Users
/// without signals would change nothing, so they are not part of the matrix that is inverted.
pub(super) struct Examples {
    /// The number of attributes.
    pub(super) attributes: usize,
    /// The movies of each example, with the signals.
    pub(super) rows: Rows,
    /// The examples of each movie, with the signals.
    pub(super) movies: Rows,
}

impl Examples {
    /// `weights` are the signals of the attributes of each group. If the matrix would be larger than `max_order`, and is by
    /// examples, the attributes with the fewest movies are left out, those of the last group first. If there are more users
    /// than that, so that the matrix is by movies, all attributes are used, but only for movies with signals.
    pub(super) fn new(
        signals: &Signals,
        attributes: &MovieAttributes,
        weights: Option<[f32; 3]>,
        max_order: usize,
    ) -> Self {
        let all: Vec<(&[u32], f32)> = weights.map_or_else(Vec::new, |weights| by_use(attributes, weights));
        let complete = Self::of(signals, &all, |_| true);
        let room = max_order.saturating_sub(signals.users.filled().len());
        if complete.order() <= max_order {
            complete
        } else if room > 0 {
            Self::of(signals, &all[..room.min(all.len())], |_| true)
        } else {
            Self::of(signals, &all, |movie| !signals.movies.row(movie as usize).is_empty())
        }
    }

    fn of(signals: &Signals, attributes: &[(&[u32], f32)], admits: impl Fn(u32) -> bool) -> Self {
        let users = signals.users.filled();
        let mut entries = Vec::new();
        for (example, (movies, weight)) in (0..).zip(attributes) {
            let movies = movies.iter().filter(|&&movie| admits(movie));
            entries.extend(movies.map(|&movie| (example, movie, *weight)));
        }
        for (example, &user) in (attributes.len() as u32..).zip(&users) {
            entries.extend(signals.users.row(user).iter().map(|&(movie, signal)| (example, movie, signal)));
        }
        let of_examples = entries.iter().map(|&(example, movie, signal)| (example as usize, (movie, signal)));
        let of_movies = entries.iter().map(|&(example, movie, signal)| (movie as usize, (example, signal)));
        Self {
            attributes: attributes.len(),
            movies: Rows::of(signals.movies.len(), of_movies),
            rows: Rows::of(attributes.len() + users.len(), of_examples),
        }
    }

    /// The size of the matrix that is inverted: the number of examples, or of movies in examples.
    pub(super) fn order(&self) -> usize {
        self.rows.len().min(self.movies.filled().len())
    }
}

/// All attributes with signals above 0, group by group. In a group, those with the most movies come first.
fn by_use(attributes: &MovieAttributes, weights: [f32; 3]) -> Vec<(&[u32], f32)> {
    let mut all = Vec::new();
    for (group, weight) in attributes.groups().iter().zip(weights).filter(|(_, weight)| *weight > 0.0) {
        let mut group: Vec<&[u32]> = group.iter().map(Vec::as_slice).collect();
        group.sort_by_key(|movies| Reverse(movies.len()));
        all.extend(group.into_iter().map(|movies| (movies, weight)));
    }
    all
}
