//! The mean of all ratings: the baseline for all other algorithms.

use matinee_model::Factors;

use crate::algorithm::{Algorithm, Fitted, Run, Training};
use crate::state::{StateError, StateReader, StateWriter};

pub(super) struct Mean;

/// A model that needs no epochs.
struct Ready(Factors);

impl Algorithm for Mean {
    fn begin<'a>(&'a self, training: &Training<'_>) -> Box<dyn Run + 'a> {
        let mean = training.mean() as f32;
        Box::new(Ready(Factors::constant(mean, training.user_count, training.movie_count, 0)))
    }
}

impl Run for Ready {
    fn epochs(&self) -> usize {
        0
    }

    fn epoch(&mut self) -> f64 {
        0.0
    }

    fn fitted(&self) -> Fitted {
        self.0.clone().into()
    }

    fn save(&self, _: &mut StateWriter<'_>) {}

    fn restore(&mut self, _: &mut StateReader<'_>) -> Result<(), StateError> {
        Ok(())
    }
}
