//! Learning on one range, whatever scale the ratings are on.
//!
//! Priors, learning rates and regularisation are in units of ratings, so an algorithm that suits half stars from 0.5 to 5
//! would not suit ratings from 0 to 100. Ratings of other scales are mapped to 0.5 to 5 before learning, and the model
//! back after. Ratings that are on that scale are learned from as they are.

use matinee_model::{Factors, RatingScale};

use crate::algorithm::{Fitted, Run, Training};
use crate::ratings::{Rating, Ratings};
use crate::state::{StateError, StateReader, StateWriter};

/// The scale that algorithms learn on.
const COMMON: RatingScale = RatingScale::MOVIELENS;

/// Mapped ratings are rounded to this fraction of a star. So equal ratings on different scales become equal to the last bit,
/// and two chains of samples do not diverge because of rounding.
const STEPS_PER_STAR: f64 = 4096.0;

/// How ratings of one scale become ratings of [`COMMON`]: `(rating - min) * factor + COMMON.min`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Mapping {
    min: f64,
    factor: f64,
}

/// A run on mapped ratings.
pub(super) struct Mapped<'a> {
    run: Box<dyn Run + 'a>,
    mapping: Mapping,
}

/// The length of a scale in units of [`COMMON`]'s.
pub(crate) fn relative_range(scale: RatingScale) -> f64 {
    (f64::from(scale.max()) - f64::from(scale.min())) / f64::from(COMMON.max() - COMMON.min())
}

/// A rating of this scale on the range that algorithms learn on.
pub(crate) fn on_common_range(value: f32, scale: RatingScale) -> f32 {
    Mapping::of(scale).map_or(value, |mapping| mapping.to_common(value))
}

/// A model that was learned on that range, on this scale.
pub(crate) fn from_common_range(factors: Factors, scale: RatingScale) -> Factors {
    match Mapping::of(scale) {
        Some(mapping) => mapping.back(factors),
        None => factors,
    }
}

impl Mapping {
    /// The mapping of ratings of `scale`; `None` for the common scale.
    pub(super) fn of(scale: RatingScale) -> Option<Self> {
        let mapping = Self { min: f64::from(scale.min()), factor: relative_range(scale).recip() };
        (scale != COMMON).then_some(mapping)
    }

    /// The ratings to learn from.
    pub(super) fn ratings(self, training: &Training<'_>) -> Ratings {
        let map = |rating: Rating| Rating { value: self.to_common(rating.value), ..rating };
        training.ratings.iter().map(map).collect()
    }

    fn to_common(self, value: f32) -> f32 {
        let mapped = (f64::from(value) - self.min) * self.factor + f64::from(COMMON.min());
        ((mapped * STEPS_PER_STAR).round() / STEPS_PER_STAR) as f32
    }

    /// Begins a run on mapped ratings.
    pub(super) fn begin<'a>(
        self,
        training: &Training<'_>,
        begin: impl FnOnce(&Training<'_>) -> Box<dyn Run + 'a>,
    ) -> Box<dyn Run + 'a> {
        let ratings = self.ratings(training);
        let run = begin(&Training { ratings: &ratings, scale: COMMON, ..*training });
        Box::new(Mapped { run, mapping: self })
    }

    /// The model on the scale of the ratings. The users' rows are stretched, the movies' factors stay.
    fn back(self, factors: Factors) -> Factors {
        let Factors { mean, user_biases, movie_biases, user_factors, movie_factors } = factors;
        let stretch = self.factor.recip();
        let mean = (f64::from(mean) - f64::from(COMMON.min())) * stretch + self.min;
        let stretch = stretch as f32;
        Factors {
            mean: mean as f32,
            user_biases: user_biases * stretch,
            movie_biases: movie_biases * stretch,
            user_factors: user_factors * stretch,
            movie_factors,
        }
    }
}

impl Run for Mapped<'_> {
    fn epochs(&self) -> usize {
        self.run.epochs()
    }

    fn epoch(&mut self) -> f64 {
        self.run.epoch() / self.mapping.factor
    }

    fn fitted(&self) -> Fitted {
        let Fitted { factors, unreduced } = self.run.fitted();
        let back = |factors| self.mapping.back(factors);
        Fitted { factors: back(factors), unreduced: unreduced.map(back) }
    }

    fn watch(&mut self) {
        self.run.watch();
    }

    fn asks(&self) -> bool {
        self.run.asks()
    }

    fn tell(&mut self, rmse: f64) {
        self.run.tell(rmse * self.mapping.factor);
    }

    fn chosen(&self) -> Option<u32> {
        self.run.chosen()
    }

    fn save(&self, state: &mut StateWriter<'_>) {
        self.run.save(state);
    }

    fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateError> {
        self.run.restore(state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attributes::MovieAttributes;
    use matinee_model::{MovieRow, UserRow};

    #[test]
    fn equal_ratings_of_other_scales_become_equal_bits() {
        assert_eq!(Mapping::of(COMMON), None);
        let stars: Vec<f32> = (1..=10).map(|half| half as f32 * 0.5).collect();
        for (times, shift) in [(4.0, 0.0), (20.0, 0.0), (1000.0, 0.0), (0.02, 0.0), (1.0, 30.0), (3.0, -7.5)]
        {
            let to = |star: f32| star * times + shift;
            let scale = RatingScale::new(to(0.5), to(5.0)).unwrap();
            let rating = |&star: &f32| Rating { user: UserRow(0), movie: MovieRow(0), value: to(star) };
            let ratings: Ratings = stars.iter().map(rating).collect();
            let training = Training {
                user_count: 1,
                movie_count: 1,
                ratings: &ratings,
                attributes: &MovieAttributes::default(),
                scale,
                seed: 0,
            };
            let mapping = Mapping::of(scale).unwrap();
            let mapped: Vec<f32> = mapping.ratings(&training).iter().map(|rating| rating.value).collect();
            assert_eq!(mapped, stars, "{times} {shift}");
            for &star in &stars {
                let back = mapping.back(Factors::constant(star, 1, 1, 0)).mean;
                assert!((back - to(star)).abs() < 1e-5 * (times + shift.abs()), "{back} {}", to(star));
            }
        }
    }
}
