//! The whole training: measure on a hold-out, learn from all ratings, write the artifact.

mod budget;
mod came_in;
mod ranking_stage;
mod rated_order;
mod resumable;
mod stages;

pub use came_in::{CameIn, FEWEST};
pub use resumable::{clear_checkpoint, train_resumably};

use std::convert::Infallible;
use std::ops::RangeInclusive;
use std::path::Path;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use matinee_model::artifact::{
    AgainstLive, ArtifactError, Description, GroupErrors, HoldOut, Manifest, Metrics, NewArtifact, UsersFile,
    write_folder_with,
};
use matinee_model::calibration::Calibration;
use matinee_model::ranking::{RankingMethod, RankingWeights};
use matinee_model::{Factors, Intervals, Model, UserPrior};

use crate::algorithm::{Completed, Fitted};
use crate::algorithms::{ConfigureError, Configured};
use crate::calibration::{HeldOut, KnownRatings};
use crate::evaluation::{Errors, Predicted, TestRating, Tested, cross_measured, from_errors};
use crate::progress::{Progress, Silent};
use crate::ranking::{RankedHead, RankingTraining};
use crate::ratings::{Dataset, Digests, Rating, Ratings};
use crate::rows::Rows;
use crate::seeds::derive;
use rated_order::rated_order;
pub(crate) use stages::Stage;
use stages::{Begin, Stages};

/// How a model is trained.
pub struct Plan {
    /// The algorithm.
    pub algorithm: Configured,
    /// The seed of all random numbers.
    pub seed: u64,
    /// The share of the ratings in each hold-out, on which the model is measured. 0 for no hold-out.
    pub hold_out: f64,
    /// The name of the training job, if there is one.
    pub training_job: Option<String>,
    /// When the data were there, if that is known.
    pub data_as_of: Option<Timestamp>,
    /// What came in since the live model was trained, if the new model is to be compared with it.
    pub came_in: Option<CameIn>,
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
    /// How it compares with the live model on what came in, if there is a live model.
    pub against_live: Option<AgainstLive>,
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
    /// The errors by groups of users.
    pub groups: GroupErrors,
    /// How scores become predicted ratings, where that was fitted.
    pub calibration: Option<Calibration>,
    /// The same without the ratings that are compared on, if there is a live model.
    pub calibration_of_learned: Option<Calibration>,
    /// Prediction intervals, if there are enough ratings to measure them.
    pub intervals: Option<Intervals>,
    /// The share of the ratings within their intervals, each measured on the ratings of other users.
    pub coverage: Option<f64>,
    /// What watching the hold-outs has [chosen](Configured::with_chosen).
    pub chosen: Option<u32>,
}

/// Trains as planned: the ranking head; then the rating head, first without the hold-outs, to measure, then without what came in
/// since the live model was trained, to compare, then on all ratings.
pub fn train(dataset: &Dataset, plan: &Plan, progress: &dyn Progress) -> Trained {
    let ranking = plan.ranking_training(dataset).learn(progress);
    train_beside(ranking, dataset, plan, progress)
}

/// Learns the rating head beside this ranking head.
fn train_beside(ranking: RankedHead, dataset: &Dataset, plan: &Plan, progress: &dyn Progress) -> Trained {
    let fit = |_: &Stage, begin: Begin<'_>| Ok::<_, Infallible>(begin().complete(progress));
    let stages = Stages { dataset, plan, progress, served_by: ranking.head.method };
    let Ok(trained) = stages.run(Stage::Measuring, fit);
    trained.with(ranking)
}

/// Like [`train`], but with the most accurate algorithm that is expected to fit into `budget`, whatever that of the plan. If
/// none fits, it is the fastest. Returns the plan with this algorithm too.
pub fn train_within(
    budget: Duration,
    dataset: &Dataset,
    plan: Plan,
    progress: &dyn Progress,
) -> Result<(Trained, Plan), ConfigureError> {
    let start = Instant::now();
    let ranking = plan.ranking_training(dataset).learn(progress);
    progress.stage("finding the algorithm that fits into the time");
    let left = budget.saturating_sub(start.elapsed());
    let (algorithm, expected) = budget::choose(left, dataset, &plan)?;
    progress.stage(&format!(
        "chose {}, which takes about {} s",
        algorithm.in_words(),
        expected.as_secs() + 1
    ));
    let plan = Plan { algorithm, ..plan };
    Ok((train_beside(ranking, dataset, &plan, progress), plan))
}

/// Like [`train`], but the rating heads were learned elsewhere: `learned` has that of each stage.
pub(crate) fn train_with<E>(
    dataset: &Dataset,
    plan: &Plan,
    progress: &dyn Progress,
    mut learned: impl FnMut(&Stage) -> Result<Factors, E>,
) -> Result<Trained, E> {
    let ranking = plan.ranking_training(dataset).learn(progress);
    let fit =
        |stage: &Stage, _: Begin<'_>| Ok(Completed { fitted: vec![learned(stage)?.into()], chosen: None });
    let stages = Stages { dataset, plan, progress: &Silent, served_by: ranking.head.method };
    let trained = stages.run(Stage::Measuring, fit)?;
    Ok(trained.with(ranking))
}

impl Plan {
    /// A plan without a job, a time of the data, and a live model to compare with.
    pub fn new(algorithm: Configured, seed: u64, hold_out: f64) -> Self {
        Self { algorithm, seed, hold_out, training_job: None, data_as_of: None, came_in: None }
    }

    /// From now on, the new model is compared with the live one on those of the ratings that the live one has not learned.
    pub fn compare_with(&mut self, live: &Model, dataset: &Dataset) {
        let count = self.algorithm_for(dataset).hold_outs();
        self.came_in = Some(CameIn::since(live, dataset, count, self.seed));
    }

    /// The seed by which ratings are held out.
    pub(crate) fn hold_out_seed(&self) -> u64 {
        derive(self.seed, "hold-out", 0)
    }

    /// The algorithm with the defaults for as many ratings.
    fn algorithm_for(&self, dataset: &Dataset) -> Configured {
        self.algorithm.for_ratings(dataset.ratings.len())
    }

    /// The algorithm as it learns from all ratings.
    fn final_algorithm(&self, dataset: &Dataset, measured: Option<&Measured>) -> Configured {
        self.algorithm_for(dataset).with_chosen(measured.and_then(|measured| measured.chosen))
    }

    fn ranking_training<'d>(&self, dataset: &'d Dataset) -> RankingTraining<'d> {
        dataset.ranking_training(derive(self.seed, "ranking", 0))
    }

    /// The weights of the ranking head that will be served, learned from `train`, as far as the ratings `asked` need them. `None`
    /// if the calibration cannot use its scores.
    fn weights_for_calibration(
        &self,
        dataset: &Dataset,
        train: &Ratings,
        asked: &[TestRating],
        served_by: RankingMethod,
    ) -> Option<RankingWeights> {
        let is_used =
            self.algorithm_for(dataset).is_calibrated() && matches!(served_by, RankingMethod::Ease { .. });
        let training = RankingTraining { ratings: train, timestamps: None, ..self.ranking_training(dataset) };
        is_used.then(|| training.learn_by_for(served_by, asked))
    }
}

impl Measured {
    /// Measures what was learned on what was held out, before the factors were reduced too, if they were.
    pub fn of(
        algorithm: &Configured,
        dataset: &Dataset,
        served: &[HeldOut<'_>],
        unreduced: Option<&[HeldOut<'_>]>,
    ) -> Self {
        let Predicted { calibration, tested } = Predicted::new(dataset, algorithm, served);
        let unreduced_rmse =
            |of: &[HeldOut<'_>]| Errors::of(&Predicted::new(dataset, algorithm, of).tested).rmse;
        let errors = Errors::of(&tested);
        let count = |of: &dyn Fn(&HeldOut<'_>) -> usize| served.iter().map(of).sum::<usize>();
        let (asked, learned) = (count(&|of| of.asked.len()), count(&|of| of.train.len()));
        let hold_out = HoldOut {
            fraction: asked as f64 / (asked + learned) as f64,
            test_count: tested.len(),
            rmse: errors.rmse,
            mae: errors.mae,
            unreduced_rmse: unreduced.map(unreduced_rmse),
        };
        let intervals = from_errors(dataset, &tested, served);
        let coverage = intervals.as_ref().and_then(|_| cross_measured(dataset, &tested, served));
        let asked = served.iter().flat_map(|of| of.asked);
        Self {
            hold_out,
            groups: by_groups(dataset, asked, &tested),
            calibration,
            calibration_of_learned: None,
            intervals,
            coverage,
            chosen: None,
        }
    }
}

/// The squared errors by groups of users.
fn by_groups<'a>(
    dataset: &Dataset,
    asked: impl Iterator<Item = &'a TestRating>,
    tested: &[Tested],
) -> GroupErrors {
    let error = |(asked, tested): (&TestRating, &Tested)| Some((asked.user?, tested.rating - tested.score));
    dataset.group_errors(asked.zip(tested).filter_map(error))
}

/// Writes the artifact of a trained model as the folder `output`. `files` are those that the data were read from.
pub fn write(
    output: &Path,
    dataset: &Dataset,
    plan: &Plan,
    trained: &Trained,
    files: &Digests,
) -> Result<Manifest, ArtifactError> {
    write_with(output, dataset, plan, trained, files, UsersFile::default())
}

/// The same, with a choice of where the users are written.
pub fn write_with(
    output: &Path,
    dataset: &Dataset,
    plan: &Plan,
    trained: &Trained,
    files: &Digests,
    users_file: UsersFile,
) -> Result<Manifest, ArtifactError> {
    let write = |artifact: &NewArtifact<'_>| write_folder_with(output, artifact, users_file);
    with_artifact(dataset, plan, trained, files, write)
}

/// The model in memory: what a server gets that loads the artifact.
pub fn served(dataset: &Dataset, plan: &Plan, trained: &Trained) -> Result<Model, ArtifactError> {
    with_artifact(dataset, plan, trained, &Digests::new(), |artifact| Model::from_files(artifact.to_files()?))
}

fn with_artifact<T>(
    dataset: &Dataset,
    plan: &Plan,
    trained: &Trained,
    files: &Digests,
    make: impl FnOnce(&NewArtifact<'_>) -> T,
) -> T {
    let rated = RatedRows::of(dataset);
    let calibration = trained.measured.as_ref().and_then(|measured| measured.calibration.as_ref());
    let movie_spreads = calibration.map(|calibration| {
        let usual_spread = calibration.table().frame.usual_spread;
        KnownRatings::of(dataset, &dataset.ratings).movie_spreads(usual_spread)
    });
    let order = trained.ranking.head.recency.and_then(|_| rated_order(dataset));
    let artifact = NewArtifact {
        description: describe(dataset, plan, trained, files),
        user_ids: &dataset.user_ids,
        movie_ids: &dataset.movie_ids,
        factors: &trained.fitted.factors,
        rated_offsets: &rated.offsets,
        rated_movies: &rated.movies,
        rated_values: &rated.values,
        movie_spreads: movie_spreads.as_deref(),
        rated_order: order.as_deref(),
        user_prior: Some(&trained.user_prior),
        ranking: Some(&trained.ranking.weights),
        catalogue: &dataset.catalogue,
    };
    make(&artifact)
}

fn describe(dataset: &Dataset, plan: &Plan, trained: &Trained, files: &Digests) -> Description {
    let measured = trained.measured.as_ref();
    let algorithm = plan.final_algorithm(dataset, measured);
    Description {
        algorithm: algorithm.name().to_owned(),
        hyperparameters: algorithm.hyperparameters(),
        seed: plan.seed,
        rating_scale: dataset.scale,
        metrics: Metrics {
            hold_out: measured.map(|measured| measured.hold_out),
            ranking: trained.ranking.metrics(),
        },
        hold_out_groups: measured.map(|measured| measured.groups.clone()),
        against_live: trained.against_live.clone(),
        calibration: measured.and_then(|measured| measured.calibration.clone()),
        intervals: measured.and_then(|measured| measured.intervals.clone()),
        interval_coverage: measured.and_then(|measured| measured.coverage),
        ranking_head: Some(trained.ranking.head.clone()),
        training_job: plan.training_job.clone(),
        data: files.clone(),
        data_as_of: plan.data_as_of.map(|time| time.to_string()),
        generator: concat!("matinee ", env!("CARGO_PKG_VERSION")).to_owned(),
        created_at: now().to_string(),
    }
}

/// The current time in whole seconds.
pub fn now() -> Timestamp {
    Timestamp::from_second(Timestamp::now().as_second()).unwrap_or_default()
}

/// Each user's ratings, by ascending movie rows (compressed sparse rows).
struct RatedRows {
    offsets: Vec<u32>,
    movies: Vec<u32>,
    values: Vec<f32>,
}

impl RatedRows {
    fn of(dataset: &Dataset) -> Self {
        let by_user = Rows::places_by_user(&dataset.ratings);
        let mut rows = Self {
            offsets: Vec::with_capacity(dataset.user_count() + 1),
            movies: Vec::with_capacity(dataset.ratings.len()),
            values: Vec::with_capacity(dataset.ratings.len()),
        };
        let mut own = Vec::new();
        for user in 0..dataset.user_count() {
            rows.offsets.push(rows.movies.len() as u32);
            own.clear();
            let places = if user < by_user.len() { by_user.row(user) } else { &[] };
            own.extend(places.iter().map(|&place| dataset.ratings.get(place as usize)));
            own.sort_unstable_by_key(|rating: &Rating| rating.movie);
            rows.movies.extend(own.iter().map(|rating| rating.movie.0));
            rows.values.extend(own.iter().map(|rating| rating.value));
        }
        rows.offsets.push(rows.movies.len() as u32);
        rows
    }
}
