//! The comparison of a new model with the live one, on ratings that neither has learned.

use serde::{Deserialize, Serialize};

use super::{GroupErrors, ModelVersion};

/// How a new model compares with the model that was live when it was trained, on ratings that came in since.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AgainstLive {
    /// The version of the live model.
    pub live_version: ModelVersion,
    /// How many ratings the live model has not learned, of movies that it can be asked about.
    pub came_in: usize,
    /// The errors, if enough ratings came in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errors: Option<PairedErrors>,
}

/// The errors of two models on the same ratings.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PairedErrors {
    /// The number of ratings.
    pub test_count: usize,
    /// The root mean squared error of the new model, trained without these ratings.
    pub rmse: f64,
    /// The root mean squared error of the live model.
    pub live_rmse: f64,
    /// The standard error of the difference between the two.
    pub standard_error: f64,
}

impl PairedErrors {
    /// Of a new model and the live one, from their errors by groups of users. `None` if the standard error is unknown, because
    /// the ratings are of fewer than two groups.
    pub fn of(new: &GroupErrors, live: &GroupErrors) -> Option<Self> {
        let standard_error = new.standard_error_against(live)?;
        Some(Self { test_count: new.count(), rmse: new.rmse()?, live_rmse: live.rmse()?, standard_error })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_errors_are_those_of_all_groups_together() {
        let errors = |squares: [f64; 2]| GroupErrors { counts: vec![1, 3], squares: squares.to_vec() };
        let paired = PairedErrors::of(&errors([1.0, 3.0]), &errors([7.0, 9.0])).unwrap();
        assert_eq!((paired.test_count, paired.rmse, paired.live_rmse), (4, 1.0, 2.0));
        let one_group = GroupErrors { counts: vec![4, 0], squares: vec![4.0, 0.0] };
        assert_eq!(PairedErrors::of(&one_group, &one_group), None);
    }
}
