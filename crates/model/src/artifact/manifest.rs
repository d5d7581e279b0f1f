//! `manifest.json`: describes the model, and lists the other files with their checksums.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::digest::{Expected, FileDigest, sha256_hex};
use super::{
    AgainstLive, ArtifactError, GroupErrors, MANIFEST_FILE, MAX_MANIFEST_BYTES, MAX_MODEL_BYTES,
    MAX_MOVIES_BYTES, MODEL_FILE, MOVIES_FILE, USERS_FILE, capped,
};
use crate::calibration::Calibration;
use crate::ranking::RankingHead;
use crate::{Intervals, RatingScale};

/// The newest version of the format. Only models with a `users.bin` have it.
pub const FORMAT_VERSION: u32 = 2;
/// The version of models without a `users.bin`.
pub(super) const WITHOUT_USERS_FILE: u32 = 1;

/// The description of an artifact.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of the artifact format.
    pub format_version: u32,
    /// The name of the content: the same for the same files.
    pub version: ModelVersion,
    /// The algorithm that trained the model.
    pub algorithm: String,
    /// Every hyperparameter of the algorithm, defaults included.
    pub hyperparameters: BTreeMap<String, serde_json::Value>,
    /// The seed of the random numbers.
    pub seed: u64,
    /// The scale that scores are clipped to.
    pub rating_scale: RatingScale,
    /// How much the model was trained on.
    pub counts: Counts,
    /// How well the model predicts.
    pub metrics: Metrics,
    /// The errors on the hold-out by groups of users, if there is a hold-out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold_out_groups: Option<GroupErrors>,
    /// The comparison with the model that was live, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub against_live: Option<AgainstLive>,
    /// How scores become predicted ratings, if the model is calibrated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibration: Option<Calibration>,
    /// Prediction intervals, if they were measured on a hold-out.
    pub intervals: Option<Intervals>,
    /// The share of the held-out ratings that lie within their intervals, if it was measured. For each rating, the intervals
    /// were measured on ratings of other users.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval_coverage: Option<f64>,
    /// The ranking head, if the model has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ranking_head: Option<RankingHead>,
    /// The name of the training job, if the model was trained by one.
    pub training_job: Option<String>,
    /// The files that the model was trained on, by name.
    pub data: BTreeMap<String, FileDigest>,
    /// The model has learned all data that were there at this time, in UTC (RFC 3339). Earlier releases did not write it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_as_of: Option<String>,
    /// The release that wrote the artifact.
    pub generator: String,
    /// When the artifact was written, in UTC (RFC 3339).
    pub created_at: String,
    /// The other files of the artifact, by name.
    pub files: BTreeMap<String, FileDigest>,
}

/// How much a model was trained on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Users with ratings.
    pub users: u32,
    /// Movies with a row: those of the catalogue, and those that were rated.
    pub movies: u32,
    /// Movies with ratings.
    pub rated_movies: u32,
    /// Ratings.
    pub ratings: u32,
}

/// How well a model predicts ratings that it was not trained on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// The errors on the hold-out, if there was one.
    pub hold_out: Option<HoldOut>,
    /// How well it ranks the movies of each user's latest ratings, if that was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ranking: Option<Ranking>,
}

/// How high the held-out movies come in a ranking of all movies that a user has not rated: means over the users.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Ranking {
    /// The normalised discounted cumulative gain of the top ten (NDCG@10).
    pub ndcg_at_10: f64,
    /// The share of the held-out movies that are in the top twenty (recall@20).
    pub recall_at_20: f64,
}

/// The errors of models that were trained without a hold-out each. The model in the artifact is trained on all ratings
/// afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct HoldOut {
    /// The share of the ratings in each hold-out.
    pub fraction: f64,
    /// The number of ratings in all hold-outs.
    pub test_count: usize,
    /// The root mean squared error.
    pub rmse: f64,
    /// The mean absolute error.
    pub mae: f64,
    /// The root mean squared error before the model was reduced to the served rank, if it was reduced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unreduced_rmse: Option<f64>,
}

/// A short name for a model's content: 16 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ModelVersion(String);

impl Manifest {
    /// Reads a `manifest.json`.
    pub fn parse(json: &[u8]) -> Result<Self, ArtifactError> {
        capped(MANIFEST_FILE, json.len() as u64, MAX_MANIFEST_BYTES)?;
        refuse_newer_format(json)?;
        let manifest: Self = serde_json::from_slice(json).map_err(not_a_manifest)?;
        let version = ModelVersion::of(
            manifest.digest(MODEL_FILE)?,
            manifest.digest(MOVIES_FILE)?,
            manifest.calibration.as_ref(),
        );
        if manifest.version != version {
            let problem = format!(
                "version {} does not match these files; their version is {version}",
                manifest.version
            );
            return Err(ArtifactError::Manifest(problem));
        }
        if manifest.has_users_file() {
            manifest.digest(USERS_FILE)?;
        }
        Ok(manifest)
    }

    /// The manifest as `manifest.json`.
    pub fn to_json(&self) -> Result<Vec<u8>, ArtifactError> {
        let mut json = serde_json::to_vec_pretty(self).map_err(not_a_manifest)?;
        json.push(b'\n');
        Ok(json)
    }

    /// What one of the other files must be.
    pub fn digest(&self, file: &'static str) -> Result<&FileDigest, ArtifactError> {
        self.files
            .get(file)
            .ok_or_else(|| ArtifactError::Manifest(format!("`files` has no entry for {file}")))
    }

    /// Whether the users are in a `users.bin`.
    pub fn has_users_file(&self) -> bool {
        self.format_version > WITHOUT_USERS_FILE
    }

    /// What `model.safetensors` must be.
    pub fn expect_model(&self) -> Result<Expected, ArtifactError> {
        self.digest(MODEL_FILE)?.expect(MODEL_FILE, MAX_MODEL_BYTES)
    }

    /// What `movies.csv` must be.
    pub fn expect_movies(&self) -> Result<Expected, ArtifactError> {
        self.digest(MOVIES_FILE)?.expect(MOVIES_FILE, MAX_MOVIES_BYTES)
    }
}

impl ModelVersion {
    /// The version of a model with these files and this calibration: whatever changes a prediction.
    pub fn of(model: &FileDigest, movies: &FileDigest, calibration: Option<&Calibration>) -> Self {
        let mut digests = format!("{}\n{}\n", model.sha256, movies.sha256);
        if let Some(numbers) = calibration.and_then(|calibration| serde_json::to_string(calibration).ok()) {
            digests.push_str(&numbers);
        }
        let mut version = sha256_hex(digests.as_bytes());
        version.truncate(16);
        Self(version)
    }

    /// The version as a string.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ModelVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Only the format version: a newer manifest may have other fields.
fn refuse_newer_format(json: &[u8]) -> Result<(), ArtifactError> {
    #[derive(Deserialize)]
    struct Format {
        format_version: u32,
    }
    let Format { format_version: found } = serde_json::from_slice(json).map_err(not_a_manifest)?;
    match found {
        WITHOUT_USERS_FILE..=FORMAT_VERSION => Ok(()),
        0 => Err(ArtifactError::Manifest("format_version is 0".to_owned())),
        _ => Err(ArtifactError::NewerFormat { found, supported: FORMAT_VERSION }),
    }
}

fn not_a_manifest(error: impl fmt::Display) -> ArtifactError {
    ArtifactError::Manifest(error.to_string())
}
