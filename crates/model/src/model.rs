//! A loaded model, and the predictions that it makes.

use std::path::Path;
use std::sync::OnceLock;

use crate::artifact::{self, ArtifactError, ArtifactFiles, Manifest, Tensors, folder};
use crate::known::Known;
use crate::ranking::{Columns, RankingView};
use crate::recommendation::{Estimate, Histogram, MovieIndex};
use crate::threads::join;
use crate::{
    Catalogue, FactorsView, IdTable, MovieId, MovieRow, Rated, UserId, UserPriorView, UserRow, UserVector,
};

/// A model in memory: a verified artifact with its catalogue.
#[derive(Debug)]
pub struct Model {
    manifest: Manifest,
    tensors: Tensors,
    catalogue: Catalogue,
    /// Built by the first request that needs it.
    movie_index: OnceLock<MovieIndex>,
    /// Counted by the first request that needs them.
    histograms: OnceLock<Vec<Histogram>>,
}

/// The answer for one user and one movie.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prediction<'a> {
    /// The predicted rating, clipped to the scale and not rounded.
    pub score: f32,
    /// The movie's title.
    pub title: &'a str,
    /// Whether the model was trained on ratings of this user.
    pub known_user: bool,
    /// Whether the model was trained on ratings of this movie.
    pub known_movie: bool,
    /// The range that contains the rating with the probability of the model's [`Intervals`](crate::Intervals).
    pub interval: Option<[f32; 2]>,
}

/// A movie that is not in the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("movie `{0}` is not in the catalogue")]
pub struct UnknownMovie(pub MovieId);

/// The ratings of one user, by ascending movie rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RatedMovies<'a> {
    /// The rows of the movies.
    pub movies: &'a [u32],
    /// The ratings, in the same order.
    pub values: &'a [f32],
}

impl RatedMovies<'_> {
    /// The same, pair by pair.
    pub(crate) fn to_vec(self) -> Vec<Rated> {
        let pairs = self.movies.iter().zip(self.values);
        pairs.map(|(&movie, &rating)| Rated { movie: MovieRow(movie), rating }).collect()
    }
}

impl Model {
    /// Checks the files of an artifact against each other, and makes a model of them.
    pub fn from_files(files: ArtifactFiles) -> Result<Self, ArtifactError> {
        let ArtifactFiles { manifest, model, movies, .. } = files;
        let (model, movies) =
            (manifest.expect_model()?.verify(model)?, manifest.expect_movies()?.verify(movies)?);
        let tensors = Tensors::parse(model, &manifest)?;
        Self::from_parts(manifest, tensors, Catalogue::parse(movies.bytes())?)
    }

    /// Makes a model of parts that were already checked against `manifest`, perhaps in parallel.
    pub fn from_parts(
        manifest: Manifest,
        tensors: Tensors,
        catalogue: Catalogue,
    ) -> Result<Self, ArtifactError> {
        if tensors.counts() != manifest.counts {
            return Err(ArtifactError::Tensors("the counts differ from those in the manifest".to_owned()));
        }
        Ok(Self { manifest, tensors, catalogue, movie_index: OnceLock::new(), histograms: OnceLock::new() })
    }

    /// Loads the artifact at `path`: a folder, or a `model.tar.gz`.
    pub fn open(path: &Path) -> Result<Self, ArtifactError> {
        if path.is_file() {
            Self::from_files(artifact::read_archive_file(path)?)
        } else {
            Self::open_folder(path)
        }
    }

    /// Reads and checks tensors and catalogue in parallel.
    fn open_folder(path: &Path) -> Result<Self, ArtifactError> {
        let manifest = Manifest::parse(&folder::read_manifest(path)?)?;
        let (model, movies) = (manifest.expect_model()?, manifest.expect_movies()?);
        let (tensors, catalogue) = std::thread::scope(|scope| {
            let catalogue = scope.spawn(|| {
                let movies = folder::read_expected(path, &movies)?;
                Ok::<_, ArtifactError>(Catalogue::parse(movies.bytes())?)
            });
            let tensors =
                folder::read_expected(path, &model).and_then(|model| Tensors::parse(model, &manifest));
            (tensors, join(catalogue))
        });
        Self::from_parts(manifest, tensors?, catalogue?)
    }

    /// The description of the artifact.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The movies that requests can ask for.
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// Biases and factors.
    pub fn factors(&self) -> FactorsView<'_> {
        self.tensors.factors()
    }

    /// The ids of the users, by row.
    pub fn user_ids(&self) -> IdTable<'_> {
        self.tensors.user_ids()
    }

    /// The ids of the movies, by row.
    pub fn movie_ids(&self) -> IdTable<'_> {
        self.tensors.movie_ids()
    }

    /// The row of a user that the model was trained on.
    pub fn user_row(&self, id: &UserId) -> Option<UserRow> {
        self.user_ids().find(id.as_str()).map(UserRow)
    }

    /// The row of a movie that has ratings or is in the catalogue.
    pub fn movie_row(&self, id: &MovieId) -> Option<MovieRow> {
        self.movie_ids().find(id.as_str()).map(MovieRow)
    }

    /// The prior of a user without ratings, if the artifact has one.
    pub fn user_prior(&self) -> Option<UserPriorView<'_>> {
        self.tensors.user_prior()
    }

    /// How far the ratings of each movie spread, by row, if there is a calibration.
    pub(crate) fn movie_spreads(&self) -> Option<&[f32]> {
        self.tensors.movie_spreads()
    }

    /// The weights of the ranking head, if there is one.
    pub fn ranking(&self) -> Option<RankingView<'_>> {
        self.tensors.ranking()
    }

    /// The number of ratings of each movie, by row.
    pub fn rating_counts(&self) -> &[u32] {
        self.tensors.movie_rating_counts()
    }

    /// What filters need to know about the movies.
    pub(crate) fn movie_index(&self) -> &MovieIndex {
        self.movie_index.get_or_init(|| MovieIndex::new(self.movie_ids(), &self.catalogue))
    }

    /// How often a movie got each rating.
    pub fn histogram(&self, movie: MovieRow) -> &Histogram {
        &self.histograms.get_or_init(|| self.count_histograms())[movie.index()]
    }

    /// The number of ratings of this movie that the model was trained on.
    pub fn rating_count(&self, movie: MovieRow) -> u32 {
        self.tensors.movie_rating_counts()[movie.index()]
    }

    /// The ratings of this user.
    pub fn rated_movies(&self, user: UserRow) -> RatedMovies<'_> {
        let (movies, values) = self.tensors.rated(user);
        RatedMovies { movies, values }
    }

    /// For each of this user's ratings, its position in the order in which the user gave them, if the artifact has it.
    pub(crate) fn rated_order(&self, user: UserRow) -> Option<Columns<'_>> {
        self.tensors.rated_order(user)
    }

    /// Predicts the rating that `user` would give `movie`. A user that the model does not know gets the mean plus the
    /// movie's bias.
    pub fn predict(&self, user: &UserId, movie: &MovieId) -> Result<Prediction<'_>, UnknownMovie> {
        let user = self.user_row(user);
        let is_calibrated = self.manifest.calibration.is_some();
        let rated = user.filter(|_| is_calibrated).map(|user| self.rated_movies(user).to_vec());
        let known = rated.and_then(|rated| self.known(&rated));
        let user_ratings = user.map_or(0, |user| self.rated_movies(user).movies.len() as u32);
        self.prediction(movie, user.is_some(), user_ratings, known.as_ref(), |movie| {
            self.factors().score(user, movie)
        })
    }

    /// Predicts the rating that somebody without ratings would give `movie`.
    pub fn predict_for_stranger(&self, movie: &MovieId) -> Result<Prediction<'_>, UnknownMovie> {
        self.prediction(movie, false, 0, None, |movie| self.factors().score(None, movie))
    }

    /// The trained bias and factors of this user.
    pub(crate) fn trained_vector(&self, user: UserRow) -> UserVector {
        let factors = self.factors();
        let bias = factors.user_biases[user.index()];
        UserVector { bias, factors: factors.user_factors.row(user.index()).to_vec() }
    }

    /// The answer for a movie of the catalogue, and a user with this many ratings. `score` gives the unclipped score for
    /// the movie's row, if it has one.
    pub(crate) fn prediction(
        &self,
        movie: &MovieId,
        known_user: bool,
        user_ratings: u32,
        known: Option<&Known>,
        score: impl FnOnce(Option<MovieRow>) -> f32,
    ) -> Result<Prediction<'_>, UnknownMovie> {
        let title = self.catalogue.find(movie).ok_or_else(|| UnknownMovie(movie.clone()))?.title;
        let row = self.movie_row(movie);
        let movie_ratings = row.map_or(0, |row| self.rating_count(row));
        let known_movie = movie_ratings > 0;
        let Estimate { score, interval } = self.estimate(score(row), user_ratings, known, row);
        Ok(Prediction { score, title, known_user, known_movie, interval })
    }

    /// Calibrates a score, clips it to the scale, and adds its prediction interval.
    pub(crate) fn estimate(
        &self,
        score: f32,
        user_ratings: u32,
        known: Option<&Known>,
        movie: Option<MovieRow>,
    ) -> Estimate {
        let scale = self.manifest.rating_scale;
        let movie_ratings = movie.map_or(0, |movie| self.rating_count(movie));
        let score = self.calibrate(score, known, movie);
        let intervals = self.manifest.intervals.as_ref();
        let interval = intervals.map(|intervals| intervals.around(score, user_ratings, movie_ratings, scale));
        Estimate { score, interval }
    }
}
