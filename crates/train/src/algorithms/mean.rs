//! The mean of all ratings: what every other algorithm has to beat.

use matinee_model::Factors;

use super::{Algorithm, Training};
use crate::progress::Progress;

pub(super) struct Mean;

impl Algorithm for Mean {
    fn fit(&self, training: &Training<'_>, _: &dyn Progress) -> Factors {
        Factors::constant(training.mean() as f32, training.user_count, training.movie_count, 0)
    }
}
