//! The whole training: measure on a hold-out, learn from all ratings, write the artifact.

mod resumable;

pub use resumable::{clear_checkpoint, train_resumably};

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::ops::RangeInclusive;
use std::path::Path;

use matinee_model::artifact::{
    ArtifactError, Description, FileDigest, HoldOut, Manifest, Metrics, NewArtifact, write_folder,
};
use matinee_model::{Factors, Intervals, MovieRow, UserPrior};

use crate::algorithm::{Fitted, Training};
use crate::algorithms::Configured;
use crate::evaluation::{Errors, TestRating, from_errors, test};
use crate::prior::user_prior;
use crate::progress::Progress;
use crate::ranking::RankedHead;
use crate::ratings::{Dataset, Divided, Inputs, Rating};
use crate::split;

/// How a model is trained.
pub struct Plan {
    /// The algorithm.
    pub algorithm: Configured,
    /// The seed of all random numbers.
    pub seed: u64,
    /// The share of the ratings that is held out to measure the model. 0 for no hold-out.
    pub hold_out: f64,
    /// The name of the training job, if there is one.
    pub training_job: Option<String>,
}

/// The shares that can be held out. With more than half of the ratings held out, the measured model would learn from fewer
/// ratings than it is tested on, which says little about the model that is written.
pub const HOLD_OUTS: RangeInclusive<f64> = 0.0..=0.5;

/// [`HOLD_OUTS`] in words.
pub const HOLD_OUT_RANGE: &str =
    "at least 0 and at most 0.5, because the measured model learns from the rest";

/// A trained model, ready to be written.
pub struct Trained {
    /// What was learned from all ratings.
    pub fitted: Fitted,
    /// How well a model predicts if it is trained without the hold-out.
    pub measured: Option<Measured>,
    /// The prior of a user without ratings.
    pub user_prior: UserPrior,
    /// The ranking head, which recommends movies.
    pub ranking: RankedHead,
}

/// How well a model predicts ratings that it did not learn from.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// The errors.
    pub hold_out: HoldOut,
    /// Prediction intervals, if there are enough ratings to measure them.
    pub intervals: Option<Intervals>,
}

/// Trains as planned: first without the hold-out, to measure; then on all ratings.
pub fn train(dataset: &Dataset, plan: &Plan, progress: &dyn Progress) -> Trained {
    let fit =
        |_: &Stage, training: &Training<'_>| Ok::<_, Infallible>(plan.algorithm.fit(training, progress));
    let Ok(trained) = by_stages(dataset, plan, progress, None, fit);
    trained
}

/// The two parts of training.
#[derive(Debug, Clone, PartialEq)]
enum Stage {
    /// Learning without the hold-out.
    Measuring,
    /// Learning from all ratings, after measuring.
    Final(Option<Measured>),
}

/// Runs the stages, each with `fit`. Starts with `begin_with` if the stages before it are already done.
fn by_stages<E>(
    dataset: &Dataset,
    plan: &Plan,
    progress: &dyn Progress,
    begin_with: Option<Stage>,
    mut fit: impl FnMut(&Stage, &Training<'_>) -> Result<Fitted, E>,
) -> Result<Trained, E> {
    let mut fit = |stage, ratings: &[_]| fit(&stage, &dataset.training(ratings, plan.seed));
    let measured = match begin_with {
        Some(Stage::Final(measured)) => measured,
        _ if plan.hold_out > 0.0 => {
            progress.stage("learning without the hold-out, to measure the model");
            let marks = split::random_hold_out(dataset.ratings.len(), plan.hold_out, plan.seed);
            let Divided { train, test, .. } = dataset.divide(|index| marks[index]);
            if train.is_empty() || test.is_empty() {
                progress.stage("too few ratings for a hold-out: the model is not measured");
                None
            } else {
                let test_ratings: Vec<TestRating> = test.into_iter().map(TestRating::from).collect();
                Some(Measured::of(&fit(Stage::Measuring, &train)?, dataset, &train, &test_ratings))
            }
        }
        _ => None,
    };
    progress.stage("learning from all ratings");
    let fitted = fit(Stage::Final(measured.clone()), &dataset.ratings)?;
    let user_prior = user_prior(fitted.factors.view(), &dataset.ratings);
    let ranking = dataset.ranking_training(plan.seed).learn(progress);
    Ok(Trained { fitted, measured, user_prior, ranking })
}

impl Measured {
    /// Measures what was learned from the ratings `train` of `dataset` on the ratings `test_ratings`.
    pub fn of(fitted: &Fitted, dataset: &Dataset, train: &[Rating], test_ratings: &[TestRating]) -> Self {
        let errors_of =
            |factors: &Factors| Errors::of(&test(factors.view(), dataset, train, test_ratings, None));
        let errors = errors_of(&fitted.factors);
        let hold_out = HoldOut {
            fraction: test_ratings.len() as f64 / (test_ratings.len() + train.len()) as f64,
            test_count: test_ratings.len(),
            rmse: errors.rmse,
            mae: errors.mae,
            unreduced_rmse: fitted.unreduced.as_ref().map(|factors| errors_of(factors).rmse),
        };
        Self { hold_out, intervals: from_errors(fitted.factors.view(), dataset, train, test_ratings) }
    }
}

/// Writes the artifact of a trained model to the folder `output`.
pub fn write(
    output: &Path,
    dataset: &Dataset,
    plan: &Plan,
    trained: &Trained,
    inputs: &Inputs,
) -> Result<Manifest, ArtifactError> {
    let rated = RatedRows::of(dataset);
    let artifact = NewArtifact {
        description: describe(dataset, plan, trained, inputs),
        user_ids: &dataset.user_ids,
        movie_ids: &dataset.movie_ids,
        factors: &trained.fitted.factors,
        rated_offsets: &rated.offsets,
        rated_movies: &rated.movies,
        rated_values: &rated.values,
        user_prior: Some(&trained.user_prior),
        ranking: Some(&trained.ranking.weights),
        catalogue: &dataset.catalogue,
    };
    write_folder(output, &artifact)
}

fn describe(dataset: &Dataset, plan: &Plan, trained: &Trained, inputs: &Inputs) -> Description {
    let data: BTreeMap<String, FileDigest> =
        inputs.files().map(|file| (file.name.clone(), FileDigest::of(&file.bytes))).collect();
    let measured = trained.measured.as_ref();
    let now = jiff::Timestamp::now().round(jiff::Unit::Second);
    Description {
        algorithm: plan.algorithm.name().to_owned(),
        hyperparameters: plan.algorithm.hyperparameters(),
        seed: plan.seed,
        rating_scale: dataset.scale,
        metrics: Metrics {
            hold_out: measured.map(|measured| measured.hold_out),
            ranking: trained.ranking.metrics(),
        },
        intervals: measured.and_then(|measured| measured.intervals.clone()),
        ranking_head: Some(trained.ranking.head.clone()),
        training_job: plan.training_job.clone(),
        data,
        generator: concat!("matinee ", env!("CARGO_PKG_VERSION")).to_owned(),
        created_at: now.unwrap_or(jiff::Timestamp::UNIX_EPOCH).to_string(),
    }
}

/// Each user's ratings, by ascending movie rows (compressed sparse rows).
struct RatedRows {
    offsets: Vec<u32>,
    movies: Vec<u32>,
    values: Vec<f32>,
}

impl RatedRows {
    fn of(dataset: &Dataset) -> Self {
        let mut order: Vec<u32> = (0..dataset.ratings.len() as u32).collect();
        let key = |&index: &u32| {
            let rating = dataset.ratings[index as usize];
            (rating.user, rating.movie)
        };
        order.sort_unstable_by_key(key);
        let mut offsets = vec![0; dataset.user_count() + 1];
        for rating in &dataset.ratings {
            offsets[rating.user.index() + 1] += 1;
        }
        for user in 1..offsets.len() {
            offsets[user] += offsets[user - 1];
        }
        let rating = |&index: &u32| dataset.ratings[index as usize];
        let movies = order.iter().map(|index| rating(index).movie).map(|MovieRow(row)| row).collect();
        let values = order.iter().map(|index| rating(index).value).collect();
        Self { offsets, movies, values }
    }
}
