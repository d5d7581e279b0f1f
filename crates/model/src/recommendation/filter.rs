//! Which movies may be in an answer.

use std::collections::HashSet;
use std::ops::RangeInclusive;

use crate::{Movie, MovieId};

/// Which movies may be in an answer. By default, all that the visitor has not rated.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only movies of at least one of these genres. Upper and lower case are the same. An empty list admits all genres.
    pub genres: Vec<String>,
    /// Only movies of this year and later.
    pub year_from: Option<u16>,
    /// Only movies of this year and earlier.
    pub year_to: Option<u16>,
    /// Also movies that the visitor has rated.
    pub include_rated: bool,
    /// Movies to leave out. Unknown ids are ignored.
    pub excluded: HashSet<MovieId>,
}

impl Filter {
    /// Whether a movie of the catalogue may be in the answer. It does not look at what a visitor has rated.
    pub fn admits(&self, movie: &Movie<'_>) -> bool {
        self.years().contains(&movie.year().unwrap_or(0))
            && self.admits_genres(movie.genres())
            && !self.excluded.contains(movie.id)
    }

    /// Whether a movie with these genres may be in the answer.
    pub(super) fn admits_genres<'g>(&self, mut genres: impl Iterator<Item = &'g str>) -> bool {
        self.genres.is_empty() || genres.any(|of| self.genres.iter().any(|genre| is_same_genre(of, genre)))
    }

    /// The admitted years. A title without a year counts as year 0, which is admitted only if no years are given.
    pub(super) fn years(&self) -> RangeInclusive<u16> {
        let first = match (self.year_from, self.year_to) {
            (None, None) => 0,
            (from, _) => from.unwrap_or(1).max(1),
        };
        first..=self.year_to.unwrap_or(u16::MAX)
    }
}

fn is_same_genre(one: &str, other: &str) -> bool {
    one == other || one.to_lowercase() == other.to_lowercase()
}
