//! What is learned, and how.

use jiff::Timestamp;
use matinee_model::{Catalogue, RatingScale};

use super::PartError;
use crate::algorithms::{configure, vb};
use crate::ratings::Dataset;
use crate::state::{StateError, StateReader, StateWriter};
use crate::training::Plan;

/// What is learned, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The hyperparameters of `vb` that are given, by name.
    pub parameters: Vec<(String, String)>,
    /// The seed of all random numbers.
    pub seed: u64,
    /// The share of the ratings in the hold-out. 0 for none.
    pub hold_out: f64,
    /// The scale of the ratings.
    pub scale: RatingScale,
    /// Whether the ids of the movies are their titles, if there is no catalogue.
    pub titles_from_ids: bool,
    /// The name of the training job, if there is one.
    pub training_job: Option<String>,
    /// A time, in whole seconds, before which all ratings were there that are learned from.
    pub data_as_of: Option<Timestamp>,
}

impl Settings {
    /// How a process would train that has all ratings.
    pub(super) fn plan(&self) -> Result<Plan, PartError> {
        let given = self.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let plan = Plan::new(configure(vb::NAME, given)?, self.seed, self.hold_out);
        Ok(Plan { training_job: self.training_job.clone(), data_as_of: self.data_as_of, ..plan })
    }

    /// Gives the movies their titles, if there is no catalogue and the ids are the titles.
    pub(super) fn complete_titles(&self, dataset: &mut Dataset, catalogue: Option<&Catalogue>) {
        if self.titles_from_ids && catalogue.is_none() {
            dataset.title_movies_by_id();
        }
    }

    pub(super) fn save(&self, state: &mut StateWriter<'_>) {
        let data_as_of = self.data_as_of.map(Timestamp::as_second);
        let scale = self.scale.to_string();
        state.value(&(&self.parameters, scale, self.titles_from_ids, &self.training_job, data_as_of));
        state.number(self.seed);
        state.real(self.hold_out);
    }

    pub(super) fn restore(state: &mut StateReader<'_>) -> Result<Self, StateError> {
        let (parameters, scale, titles_from_ids, training_job, time): (_, String, _, _, Option<i64>) =
            state.value()?;
        let scale = scale.parse().map_err(|_| StateError::new(format!("`{scale}` is not a scale")))?;
        let data_as_of = time.map(Timestamp::from_second).transpose();
        let data_as_of = data_as_of.map_err(|error| StateError::new(error.to_string()))?;
        let (seed, hold_out) = (state.number()?, state.real()?);
        Ok(Self { parameters, seed, hold_out, scale, titles_from_ids, training_job, data_as_of })
    }
}
