//! What a new artifact says about itself.

use std::collections::BTreeMap;

use super::{AgainstLive, ArtifactError, FileDigest, GroupErrors, Metrics};
use crate::calibration::Calibration;
use crate::ranking::RankingHead;
use crate::{Intervals, RatingScale};

/// The part of the manifest that does not follow from the files.
#[derive(Debug, Clone)]
pub struct Description {
    /// The algorithm that trained the model.
    pub algorithm: String,
    /// Every hyperparameter of the algorithm.
    pub hyperparameters: BTreeMap<String, serde_json::Value>,
    /// The seed of the random numbers.
    pub seed: u64,
    /// The scale that scores are clipped to.
    pub rating_scale: RatingScale,
    /// How well the model predicts.
    pub metrics: Metrics,
    /// The errors on the hold-out by groups of users, if there is a hold-out.
    pub hold_out_groups: Option<GroupErrors>,
    /// The comparison with the model that was live, if there was one.
    pub against_live: Option<AgainstLive>,
    /// How scores become predicted ratings, if the model is calibrated.
    pub calibration: Option<Calibration>,
    /// Prediction intervals, if they were measured on a hold-out.
    pub intervals: Option<Intervals>,
    /// The share of the held-out ratings that lie within their intervals, if it was measured.
    pub interval_coverage: Option<f64>,
    /// The ranking head, if there is one.
    pub ranking_head: Option<RankingHead>,
    /// The name of the training job, if the model was trained by one.
    pub training_job: Option<String>,
    /// The files that the model was trained on, by name.
    pub data: BTreeMap<String, FileDigest>,
    /// The model has learned all data that were there at this time, in UTC (RFC 3339), if that is known.
    pub data_as_of: Option<String>,
    /// The release that writes the artifact.
    pub generator: String,
    /// When it is written, in UTC (RFC 3339).
    pub created_at: String,
}

impl Description {
    /// The error for a model with numbers that are not finite.
    pub(super) fn diverged(&self) -> ArtifactError {
        let takes = |name: &str| self.hyperparameters.contains_key(name);
        let remedy = if takes("lr_all") {
            "lower `lr_all` or raise `reg_all`"
        } else if takes("reg_all") {
            "raise `reg_all`"
        } else {
            "this is a bug in matinee; choose another algorithm, and please report the bug"
        };
        ArtifactError::Diverged { algorithm: self.algorithm.clone(), remedy }
    }
}
