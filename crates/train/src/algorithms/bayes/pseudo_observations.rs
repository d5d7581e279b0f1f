//! What is believed while there are hardly any ratings.
//!
//! The hyperpriors of libFM count as one observation. Where thousands of parameters tell their variance that is right,
//! but where three do, their distribution is so wide that it has no mean, and neither have the scores. So there are
//! observations that were never made: parameters of the size that they usually have, with a mean of zero, and ratings
//! at the mean of the ratings. They are counted less as ratings come, and with [`ENOUGH_RATINGS`] not at all.

use matinee_model::RatingScale;

/// How many observations are made up where there are no ratings.
const MADE_UP: f64 = 200.0;
/// With so many ratings nothing is made up.
const ENOUGH_RATINGS: f64 = 1_000.0;
/// The range of the scale of MovieLens, in stars. The following are squares of deviations on that scale.
const RANGE: f32 = 4.5;
const WEIGHT: f64 = 0.05;
/// Products of two factors are in stars.
const FACTOR: f64 = 0.005;
const NOISE: f64 = 0.7;

/// Observations that were never made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Doubt {
    /// How many there are, of the parameters of each group and of the ratings.
    pub(super) count: f64,
    /// The mean of the ratings, which the ratings among them have.
    pub(super) mean: f32,
    /// The square of the range, relative to [`RANGE`].
    unit: f64,
}

impl Doubt {
    /// The doubt about ratings with this mean.
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
