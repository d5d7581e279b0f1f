//! Pseudo-observations for data sets with few ratings.
//!
//! The hyperpriors of libFM count as one observation. That is right if thousands of parameters determine the variance. But
//! with only three, the distribution of the variance is so wide that it has no mean, and then the scores have none either.
//! So pseudo-observations are added: parameters of their usual size, with mean zero, and ratings at the mean of the
//! ratings. Their weight falls as the number of ratings grows, and is 0 from [`ENOUGH_RATINGS`] on.

use matinee_model::RatingScale;

/// The number of pseudo-observations without ratings.
const MADE_UP: f64 = 200.0;
/// From this many ratings on, there are no pseudo-observations.
const ENOUGH_RATINGS: f64 = 1_000.0;
/// The range of the scale of MovieLens, in stars. The following are squares of deviations on that scale.
const RANGE: f32 = 4.5;
const WEIGHT: f64 = 0.05;
/// Products of two factors are in units of stars.
const FACTOR: f64 = 0.005;
const NOISE: f64 = 0.7;

/// Pseudo-observations.
#[derive(Debug, Clone, Copy)]
pub(super) struct PseudoObservations {
    /// The number of pseudo-parameters for each group, and of pseudo-ratings.
    pub(super) count: f64,
    /// The mean of the ratings, which is the value of the pseudo-ratings.
    pub(super) mean: f32,
    /// The square of the range, relative to [`RANGE`].
    unit: f64,
}

impl PseudoObservations {
    /// The pseudo-observations for ratings with this mean.
    pub(super) fn new(rating_count: usize, mean: f32, scale: RatingScale) -> Self {
        let share = (1.0 - rating_count as f64 / ENOUGH_RATINGS).max(0.0);
        let unit = f64::from((scale.max() - scale.min()) / RANGE);
        Self { count: MADE_UP * share, mean, unit }
    }

    /// The sum of the squares of the parameters of one plane: weights, or a factor.
    pub(super) fn parameter_squares(&self, plane: usize) -> f64 {
        self.count * if plane == 0 { WEIGHT * self.unit * self.unit } else { FACTOR * self.unit }
    }

    /// The sum of the squares of the errors.
    pub(super) fn error_squares(&self) -> f64 {
        self.count * NOISE * self.unit * self.unit
    }
}
