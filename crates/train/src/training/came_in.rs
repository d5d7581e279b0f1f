//! The ratings that came in since the live model was trained, and how well it predicts them.
//!
//! The live model itself shows which ratings it has learned, so no clock decides what is new. What came in is divided into
//! hold-outs. For each, both models know the same: what the live model has learned, and what else came in. The new model learns
//! the latter; the live model folds it in, as it does when it is served.

use hashbrown::HashSet;
use matinee_model::artifact::{AgainstLive, GroupErrors, ModelVersion, PairedErrors};
use matinee_model::{Changed, Model, MovieId, MovieRow, Rater, Since, TrainedUser, UserError, UserRow};
use rayon::prelude::*;

use crate::evaluation::{HoldOuts, TestRating};
use crate::ratings::{Dataset, Ratings};
use crate::rows::Rows;
use crate::seeds::derive;

/// With fewer ratings the models are not compared, because the difference would mostly be chance.
pub const FEWEST: usize = 200;
/// The share of what came in that is in each hold-out. Two hold-outs contain all of it.
const SHARE: f64 = 0.5;

/// What came in since the live model was trained.
#[derive(Debug, Clone)]
pub struct CameIn {
    live_version: ModelVersion,
    count: usize,
    /// For each hold-out, the places of its ratings in the data, ascending. Empty if too few came in.
    hold_outs: Vec<Vec<u32>>,
    pairs: HashSet<(UserRow, MovieRow)>,
    live_errors: GroupErrors,
}

/// The live model beside the data.
struct Live<'a> {
    model: &'a Model,
    dataset: &'a Dataset,
    /// The row of each movie of the data in the live model.
    movies: Vec<Option<MovieRow>>,
    /// The ids of the movies that both models can be asked about, by their rows in the data.
    asked: Vec<Option<MovieId>>,
    /// The places of each user's ratings in the data.
    by_user: Rows<u32>,
}

impl CameIn {
    /// What of the data the live model has not learned, in `count` hold-outs, and how well the live model predicts it. A model
    /// with another scale is not compared.
    pub fn since(model: &Model, dataset: &Dataset, count: usize, seed: u64) -> Self {
        let live = Live::new(model, dataset);
        let new = live.not_learned();
        let mut came_in = Self {
            live_version: model.manifest().version.clone(),
            count: new.len(),
            hold_outs: Vec::new(),
            pairs: HashSet::new(),
            live_errors: dataset.group_errors(std::iter::empty()),
        };
        let hold_outs = divided(dataset, &new, count, seed);
        let test_count: usize = hold_outs.iter().map(Vec::len).sum();
        if test_count < FEWEST || model.manifest().rating_scale != dataset.scale {
            return came_in;
        }
        let errors = hold_outs.iter().flat_map(|hold_out| live.errors(hold_out));
        came_in.live_errors = dataset.group_errors(errors);
        let pair = |&place: &u32| {
            let rating = dataset.ratings.get(place as usize);
            (rating.user, rating.movie)
        };
        came_in.pairs = hold_outs.iter().flatten().map(pair).collect();
        came_in.hold_outs = hold_outs;
        came_in
    }

    /// The version of the live model.
    pub fn live_version(&self) -> &ModelVersion {
        &self.live_version
    }

    /// How many ratings came in that the models can be asked about.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The hold-outs; `None` if too few ratings came in.
    pub(super) fn hold_outs<'d>(&self, dataset: &'d Dataset) -> Option<HoldOuts<'d>> {
        (!self.hold_outs.is_empty()).then(|| HoldOuts::of_places(dataset, &self.hold_outs))
    }

    /// Whether a rating of the data is in a hold-out.
    pub(super) fn has(&self, rating: &TestRating) -> bool {
        let pair = rating.user.zip(rating.movie);
        pair.is_some_and(|pair| self.pairs.contains(&pair))
    }

    /// The comparison with a new model that has these errors on the hold-outs.
    pub(super) fn compared_with(&self, new: Option<&GroupErrors>) -> AgainstLive {
        AgainstLive {
            live_version: self.live_version.clone(),
            came_in: self.count,
            errors: new.and_then(|new| PairedErrors::of(new, &self.live_errors)),
        }
    }
}

/// The hold-outs: by ids, as all others.
fn divided(dataset: &Dataset, new: &[u32], count: usize, seed: u64) -> Vec<Vec<u32>> {
    let ratings: Ratings = new.iter().map(|&place| dataset.ratings.get(place as usize)).collect();
    let marks = dataset.hold_outs(&ratings, SHARE, count, derive(seed, "came in", 0));
    let marked = |marks: &Vec<bool>| {
        new.iter().zip(marks).filter(|(_, mark)| **mark).map(|(&place, _)| place).collect()
    };
    marks.iter().map(marked).collect()
}

impl<'a> Live<'a> {
    fn new(model: &'a Model, dataset: &'a Dataset) -> Self {
        let movies = dataset.movie_ids.table();
        let is_listed = |id: &MovieId| model.catalogue().find(id).is_some();
        let asked = |(id, listed): (&str, &bool)| listed.then(|| MovieId::from(id)).filter(is_listed);
        let places = dataset.ratings.iter().zip(0..).map(|(rating, place)| (rating.user.index(), place));
        Self {
            movies: movies.iter().map(|id| model.movie_ids().find(id).map(MovieRow)).collect(),
            asked: movies.iter().zip(&dataset.listed).map(asked).collect(),
            by_user: Rows::of(dataset.user_count(), places),
            model,
            dataset,
        }
    }

    /// What the model knows of a user of the data.
    fn known(&self, user: usize) -> Result<Option<TrainedUser>, UserError> {
        self.model.find_user_here(&self.dataset.user_ids.table().id(user).into())
    }

    /// The places of the ratings that the model has not learned, of movies that it can be asked about. It has learned what a
    /// user thinks of a movie even if the user has changed the rating since. Users whom it cannot read are left out.
    fn not_learned(&self) -> Vec<u32> {
        let of_user = |user: usize| {
            let Ok(known) = self.known(user) else { return Vec::new() };
            let learned = known.as_ref().map_or(&[][..], |user| &user.rated);
            let is_new = |&place: &u32| {
                let movie = self.dataset.ratings.get(place as usize).movie.index();
                let is_learned = self.movies[movie]
                    .is_some_and(|row| learned.binary_search_by_key(&row, |rated| rated.movie).is_ok());
                self.asked[movie].is_some() && !is_learned
            };
            self.by_user.row(user).iter().copied().filter(is_new).collect::<Vec<u32>>()
        };
        let mut places =
            (0..self.dataset.user_count()).into_par_iter().map(of_user).collect::<Vec<_>>().concat();
        places.sort_unstable();
        places
    }

    /// The errors of the live model on a hold-out, with their users.
    fn errors(&self, hold_out: &[u32]) -> Vec<(UserRow, f32)> {
        let places =
            hold_out.iter().map(|&place| (self.dataset.ratings.get(place as usize).user.index(), place));
        let asked = Rows::of(self.dataset.user_count(), places);
        let of_user = |user: usize| self.errors_of(UserRow(user as u32), asked.row(user));
        let by_user: Vec<Vec<(UserRow, f32)>> = asked.filled().into_par_iter().map(of_user).collect();
        by_user.concat()
    }

    /// The errors on these ratings of one user. What else came in of the user is folded in.
    fn errors_of(&self, user: UserRow, held_out: &[u32]) -> Vec<(UserRow, f32)> {
        let Ok(known) = self.known(user.index()) else { return Vec::new() };
        let news = self.news(user, known.as_ref(), held_out);
        let rater = Rater::since(self.model, known.as_ref(), &news);
        let error = |&place: &u32| {
            let rating = self.dataset.ratings.get(place as usize);
            let movie = self.asked[rating.movie.index()].as_ref()?;
            let prediction = match &rater {
                Some(rater) => rater.predict(movie),
                None => self.model.predict_for_stranger(movie),
            };
            Some((user, rating.value - prediction.ok()?.score))
        };
        held_out.iter().filter_map(error).collect()
    }

    /// What changed of a user since the live model was trained, besides what is held out.
    fn news(&self, user: UserRow, known: Option<&TrainedUser>, held_out: &[u32]) -> Since {
        let own = self.by_user.row(user.index()).iter();
        let rated = own.filter(|&place| held_out.binary_search(place).is_err()).filter_map(|&place| {
            let rating = self.dataset.ratings.get(place as usize);
            Some(Changed { movie: self.movies[rating.movie.index()]?, rating: Some(rating.value) })
        });
        let rated: Vec<Changed> = rated.collect();
        let still: HashSet<MovieRow> = rated.iter().map(|changed| changed.movie).collect();
        let learned = known.map_or(&[][..], |user| &user.rated);
        let taken_back = learned.iter().map(|rated| rated.movie).filter(|movie| !still.contains(movie));
        let taken_back = taken_back.map(|movie| Changed { movie, rating: None });
        Since { changes: taken_back.chain(rated.iter().copied()).collect(), is_forgotten: false }
    }
}
