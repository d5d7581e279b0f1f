//! How well ratings of visitors are predicted: of people whom training has not seen, and who are folded in from a few ratings.
//!
//! Everything goes the way that it goes in production. A model is trained without the visitors, and they are folded in and
//! predicted by [`Rater`], as a server does it. Beside that, models are trained on the same few ratings.

use matinee_model::artifact::ArtifactError;
use matinee_model::{Model, MovieId, Rated, Rater};
use serde::Serialize;

use super::segments::coverage;
use super::{Errors, Tested};
use crate::progress::Progress;
use crate::ratings::Dataset;
use crate::seeds::derive;
use crate::split::{Visitor, visitors};
use crate::training::{Plan, served, train};

/// The numbers of ratings that are folded in.
pub const FOLDED_IN: [usize; 4] = [3, 5, 10, 50];
/// The share of the users who are visitors.
const SHARE: f64 = 0.2;

/// How well the ratings of visitors are predicted.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VisitorEvaluation {
    /// The number of visitors.
    pub visitor_count: usize,
    /// The result for each number of ratings that some visitor has: see [`FOLDED_IN`].
    pub results: Vec<VisitorResult>,
}

/// The result for visitors with a number of known ratings.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct VisitorResult {
    /// The number of known ratings of each visitor.
    pub rating_count: usize,
    /// The number of visitors who have as many to fold in.
    pub visitor_count: usize,
    /// The number of their other ratings, which are predicted.
    pub test_count: usize,
    /// For visitors who are folded in from the known ratings.
    pub folded_in: Accuracy,
    /// For the same people, with a model that was also trained on the known ratings.
    pub trained: Accuracy,
}

/// How well ratings are predicted.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Accuracy {
    /// The errors.
    #[serde(flatten)]
    pub errors: Errors,
    /// The share of the ratings within their prediction intervals, if the model has intervals.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coverage: Option<f64>,
}

/// Why nothing can be measured.
#[derive(Debug, thiserror::Error)]
pub enum VisitorError {
    /// Nobody has enough ratings.
    #[error(
        "no user has {} ratings of movies in the catalogue, of which half can be folded in; add ratings, or choose \
         another split",
        2 * FOLDED_IN[0]
    )]
    TooFewRatings,
    /// Nobody is left to learn from.
    #[error(
        "nothing is left to train on without the visitors; add ratings of other users, or choose another split"
    )]
    TooFewUsers,
    /// A model cannot be used.
    #[error(transparent)]
    Model(#[from] ArtifactError),
}

/// Makes a fifth of the users visitors, and predicts their ratings from others of their ratings.
pub fn evaluate_visitors(
    dataset: &Dataset,
    plan: &Plan,
    progress: &dyn Progress,
) -> Result<VisitorEvaluation, VisitorError> {
    let mut dataset = dataset.clone();
    if dataset.catalogue.is_empty() {
        dataset.title_movies_by_id();
    }
    let is_listed = |index: usize| dataset.listed[dataset.ratings.get(index).movie.index()];
    let bounds = [FOLDED_IN[0], FOLDED_IN[FOLDED_IN.len() - 1]];
    let visitors = visitors(&dataset.ratings, is_listed, SHARE, bounds, derive(plan.seed, "visitors", 0));
    if visitors.is_empty() {
        return Err(VisitorError::TooFewRatings);
    }
    let mut is_visitor = vec![false; dataset.user_count()];
    for visitor in &visitors {
        is_visitor[visitor.user.index()] = true;
    }
    let is_of_others: Vec<bool> =
        dataset.ratings.iter().map(|rating| !is_visitor[rating.user.index()]).collect();
    if !is_of_others.contains(&true) {
        return Err(VisitorError::TooFewUsers);
    }
    let evaluation = Setting { dataset: &dataset, is_of_others: &is_of_others, plan, progress };
    progress.stage("learning without the visitors");
    let model = evaluation.learn(&[])?;
    let mut results = Vec::with_capacity(FOLDED_IN.len());
    for count in FOLDED_IN {
        let with_enough: Vec<&Visitor> =
            visitors.iter().filter(|visitor| visitor.known.len() >= count).collect();
        if !with_enough.is_empty() {
            progress.stage(&format!("learning with {count} ratings of each visitor, to compare"));
            results.push(evaluation.result(&model, &with_enough, count)?);
        }
    }
    Ok(VisitorEvaluation { visitor_count: visitors.len(), results })
}

/// What all results have in common.
struct Setting<'a> {
    dataset: &'a Dataset,
    /// For each rating, whether it is not of a visitor.
    is_of_others: &'a [bool],
    plan: &'a Plan,
    progress: &'a dyn Progress,
}

impl Setting<'_> {
    /// The model of visitors who are folded in is `model`. The other is learned here.
    fn result(
        &self,
        model: &Model,
        visitors: &[&Visitor],
        count: usize,
    ) -> Result<VisitorResult, ArtifactError> {
        let rated = |&index: &usize| {
            let rating = self.dataset.ratings.get(index);
            Rated { movie: rating.movie, rating: rating.value }
        };
        let fold_in =
            |visitor: &Visitor| Rater::new(model, visitor.known[..count].iter().map(rated).collect());
        let folded_in = self.predict(visitors, fold_in);
        let known: Vec<usize> =
            visitors.iter().flat_map(|visitor| &visitor.known[..count]).copied().collect();
        let trained = self.learn(&known)?;
        let trained =
            self.predict(visitors, |visitor| Rater::of_user(&trained, trained.trained_user(visitor.user)));
        Ok(VisitorResult {
            rating_count: count,
            visitor_count: visitors.len(),
            test_count: folded_in.len(),
            folded_in: Accuracy::of(&folded_in),
            trained: Accuracy::of(&trained),
        })
    }

    /// The model that is trained on the ratings of others, and on these of visitors.
    fn learn(&self, known: &[usize]) -> Result<Model, ArtifactError> {
        let mut is_learned = self.is_of_others.to_vec();
        for &index in known {
            is_learned[index] = true;
        }
        let dataset = self.dataset.with_only(|index| is_learned[index]);
        served(&dataset, self.plan, &train(&dataset, self.plan, &Quiet(self.progress)))
    }

    /// The predictions for what is tested of each visitor.
    fn predict<'m>(&self, visitors: &[&Visitor], rater: impl Fn(&Visitor) -> Rater<'m>) -> Vec<Tested> {
        let movie_ids = self.dataset.movie_ids.table();
        let mut all = Vec::new();
        for visitor in visitors {
            let rater = rater(visitor);
            let user_ratings = rater.rating_count() as u32;
            all.extend(visitor.tested.iter().filter_map(|&index| {
                let rating = self.dataset.ratings.get(index);
                // Only ratings of movies in the catalogue are tested, so there is always a prediction.
                let predicted = rater.predict(&MovieId::from(movie_ids.id(rating.movie.index()))).ok()?;
                Some(Tested {
                    rating: rating.value,
                    score: predicted.score,
                    user_ratings,
                    movie_ratings: 0,
                    interval: predicted.interval,
                })
            }));
        }
        all
    }
}

impl Accuracy {
    fn of(tested: &[Tested]) -> Self {
        Self { errors: Errors::of(tested), coverage: coverage(tested.iter()) }
    }
}

/// Reports epochs, but not the stages within a training.
struct Quiet<'a>(&'a dyn Progress);

impl Progress for Quiet<'_> {
    fn stage(&self, _: &str) {}

    fn begin(&self, epochs: usize) {
        self.0.begin(epochs);
    }

    fn epoch(&self, epoch: usize, train_rmse: f64) {
        self.0.epoch(epoch, train_rmse);
    }

    fn begin_steps(&self, steps: usize) {
        self.0.begin_steps(steps);
    }

    fn step(&self, step: usize) {
        self.0.step(step);
    }
}
