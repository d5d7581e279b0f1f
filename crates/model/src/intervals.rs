//! Prediction intervals: ranges around predictions that contain a given share of the ratings.
//!
//! Split conformal prediction (Lei et al., "Distribution-Free Predictive Inference for Regression", 2018) with
//! one pair of quantiles per group of users and movies, because errors shrink with the number of ratings on both sides.

use serde::{Deserialize, Serialize};

use crate::RatingScale;

/// The quantiles of `rating - score` on a hold-out, by the numbers of ratings of user and movie.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Table")]
pub struct Intervals(Table);

/// [`Intervals`] as in the manifest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// The share of the ratings that the intervals should contain.
    pub level: f64,
    /// Ascending bounds: a user with `n` ratings is in the bin with the index of how many bounds are at most `n`.
    pub user_bounds: Vec<u32>,
    /// The same for movies.
    pub movie_bounds: Vec<u32>,
    /// The lower quantile of each bin of users and movies, row-major. Each side has one more bin than bounds.
    pub lower: Vec<f32>,
    /// The upper quantile.
    pub upper: Vec<f32>,
}

/// Why a table is not valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// The level is out of range.
    #[error("the level of the intervals is not between 0 and 1")]
    Level,
    /// The bounds are not ascending.
    #[error("the bounds of the interval bins are not ascending")]
    Bounds,
    /// Not every bin has a finite, ordered pair of quantiles.
    #[error("not every interval bin has a finite, ordered pair of quantiles")]
    Quantiles,
}

impl Intervals {
    /// The table of quantiles.
    pub fn table(&self) -> &Table {
        &self.0
    }

    /// The interval around `score`, clipped to the scale, for a user and a movie with this many ratings.
    pub fn around(&self, score: f32, user_ratings: u32, movie_ratings: u32, scale: RatingScale) -> [f32; 2] {
        let Table { user_bounds, movie_bounds, lower, upper, .. } = &self.0;
        let bin = |bounds: &[u32], ratings: u32| bounds.partition_point(|&bound| bound <= ratings);
        let cell =
            bin(user_bounds, user_ratings) * (movie_bounds.len() + 1) + bin(movie_bounds, movie_ratings);
        [scale.clip(score + lower[cell]), scale.clip(score + upper[cell])]
    }
}

impl TryFrom<Table> for Intervals {
    type Error = TableError;

    fn try_from(table: Table) -> Result<Self, TableError> {
        let Table { level, user_bounds, movie_bounds, lower, upper } = &table;
        let is_ascending = |bounds: &[u32]| bounds.is_sorted_by(|a, b| a < b);
        let cells = (user_bounds.len() + 1).checked_mul(movie_bounds.len() + 1);
        let pairs = lower.iter().zip(upper);
        if !(0.0..1.0).contains(level) {
            Err(TableError::Level)
        } else if !is_ascending(user_bounds) || !is_ascending(movie_bounds) {
            Err(TableError::Bounds)
        } else if cells != Some(lower.len())
            || lower.len() != upper.len()
            || !pairs.clone().all(|(low, high)| low.is_finite() && high.is_finite() && low <= high)
        {
            Err(TableError::Quantiles)
        } else {
            Ok(Self(table))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        Table {
            level: 0.8,
            user_bounds: vec![1, 50],
            movie_bounds: vec![10],
            lower: vec![-2.0, -1.5, -1.2, -1.0, -0.8, -0.5],
            upper: vec![2.0, 1.5, 1.2, 1.0, 0.8, 0.5],
        }
    }

    #[test]
    fn support_chooses_the_bin() {
        let intervals = Intervals::try_from(table()).unwrap();
        let around = |user, movie| intervals.around(3.0, user, movie, RatingScale::MOVIELENS);
        assert_eq!(around(0, 0), [1.0, 5.0]);
        assert_eq!(around(0, 10), [1.5, 4.5]);
        assert_eq!(around(1, 9), [1.8, 4.2]);
        assert_eq!(around(50, 1000), [2.5, 3.5]);
        assert_eq!(intervals.around(4.9, 50, 10, RatingScale::MOVIELENS), [4.4, 5.0]);
    }

    #[test]
    fn lying_tables_are_refused() {
        let refused = |change: fn(&mut Table)| {
            let mut lie = table();
            change(&mut lie);
            Intervals::try_from(lie).unwrap_err()
        };
        assert_eq!(refused(|table| table.level = 1.5), TableError::Level);
        assert_eq!(refused(|table| table.level = f64::NAN), TableError::Level);
        assert_eq!(refused(|table| table.user_bounds = vec![50, 1]), TableError::Bounds);
        assert_eq!(refused(|table| table.user_bounds = vec![1, 1]), TableError::Bounds);
        assert_eq!(refused(|table| table.movie_bounds = vec![10, 10]), TableError::Bounds);
        assert_eq!(refused(|table| table.movie_bounds.clear()), TableError::Quantiles);
        assert_eq!(refused(|table| table.lower[0] = f32::NAN), TableError::Quantiles);
        assert_eq!(refused(|table| table.upper[5] = f32::INFINITY), TableError::Quantiles);
        assert_eq!(refused(|table| table.upper[0] = -3.0), TableError::Quantiles);
        assert_eq!(refused(|table| table.upper.push(1.0)), TableError::Quantiles);
    }
}
