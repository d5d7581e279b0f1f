//! A loaded model, and the predictions that it makes.

use std::path::Path;
use std::sync::OnceLock;

use crate::artifact::{
    self, ArtifactError, ArtifactFiles, Manifest, Tensors, USERS_FILE, UserIndex, UserTensors, folder,
};
use crate::known::Known;
use crate::ranking::{RankingView, UnlikedMovies};
use crate::recommendation::{Estimate, Histogram, MovieIndex};
use crate::threads::join;
use crate::user_source::StoredUsers;
use crate::{
    Catalogue, FactorsView, IdTable, MovieId, MovieRow, Rater, TrainedUser, UserError, UserId, UserPriorView,
    UserRow, UserSource,
};

/// A model in memory: a verified artifact with its catalogue.
#[derive(Debug)]
pub struct Model {
    manifest: Manifest,
    tensors: Tensors,
    catalogue: Catalogue,
    /// The users in `users.bin`, if they are there.
    stored_users: Option<StoredUsers>,
    /// Built by the first request that needs it.
    movie_index: OnceLock<MovieIndex>,
    /// Counted by the first request that needs them.
    histograms: OnceLock<Vec<Histogram>>,
    /// Found by the first request that asks for one of them.
    unliked_movies: OnceLock<UnlikedMovies>,
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

/// Why there is no prediction.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PredictionError {
    /// The movie is not in the catalogue.
    #[error(transparent)]
    Movie(#[from] UnknownMovie),
    /// The user cannot be looked up.
    #[error(transparent)]
    User(#[from] UserError),
}

impl Model {
    /// Checks the files of an artifact against each other, and makes a model of them.
    pub fn from_files(files: ArtifactFiles) -> Result<Self, ArtifactError> {
        let ArtifactFiles { manifest, model, movies, users, .. } = files;
        let (model, movies) =
            (manifest.expect_model()?.verify(model)?, manifest.expect_movies()?.verify(movies)?);
        let tensors = Tensors::parse(model, &manifest)?;
        let users = match users.filter(|_| manifest.has_users_file()) {
            Some(users) => UserSource::bytes(users, manifest.digest(USERS_FILE)?.length)?,
            None => UserSource::Tensors,
        };
        Self::from_parts(manifest, tensors, Catalogue::parse(movies.bytes())?, users)
    }

    /// Makes a model of parts that were already checked against `manifest`, perhaps in parallel. `users` are those in its
    /// `users.bin`, if it has one.
    pub fn from_parts(
        manifest: Manifest,
        tensors: Tensors,
        catalogue: Catalogue,
        users: UserSource,
    ) -> Result<Self, ArtifactError> {
        if tensors.counts() != manifest.counts {
            return Err(ArtifactError::Tensors("the counts differ from those in the manifest".to_owned()));
        }
        let stored_users = manifest.has_users_file().then(|| StoredUsers::new(users));
        Ok(Self {
            manifest,
            tensors,
            catalogue,
            stored_users,
            movie_index: OnceLock::new(),
            histograms: OnceLock::new(),
            unliked_movies: OnceLock::new(),
        })
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
        let users = if manifest.has_users_file() {
            UserSource::open(path, manifest.digest(USERS_FILE)?.length)?
        } else {
            UserSource::Tensors
        };
        Self::from_parts(manifest, tensors?, catalogue?, users)
    }

    /// The description of the artifact.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The movies that requests can ask for.
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// Biases and factors. Those of the users are empty if the users are in `users.bin`.
    pub fn factors(&self) -> FactorsView<'_> {
        self.tensors.factors()
    }

    /// The ids of the users, by row. There are no rows if the users are in `users.bin`.
    pub fn user_ids(&self) -> IdTable<'_> {
        self.tensors.users().map_or(IdTable::EMPTY, UserTensors::ids)
    }

    /// The id of the first user.
    pub fn first_user(&self) -> Option<&str> {
        let ids = self.tensors.user_index().map_or_else(|| self.user_ids(), UserIndex::first_ids);
        (!ids.is_empty()).then(|| ids.id(0))
    }

    /// The ids of the movies, by row.
    pub fn movie_ids(&self) -> IdTable<'_> {
        self.tensors.movie_ids()
    }

    /// A user that the model was trained on, wherever the model keeps them.
    pub async fn find_user(&self, id: &UserId) -> Result<Option<TrainedUser>, UserError> {
        match (&self.stored_users, self.tensors.user_index()) {
            (Some(stored), Some(index)) => stored.find(id.as_str(), index, self.tensors.user_shape()).await,
            _ => Ok(self.user_row(id).map(|row| self.trained_user(row))),
        }
    }

    /// The same, if the model is on this machine.
    pub fn find_user_here(&self, id: &UserId) -> Result<Option<TrainedUser>, UserError> {
        match (&self.stored_users, self.tensors.user_index()) {
            (Some(stored), Some(index)) => stored.find_here(id.as_str(), index, self.tensors.user_shape()),
            _ => Ok(self.user_row(id).map(|row| self.trained_user(row))),
        }
    }

    /// The block of `users.bin` that may contain a user, if there is one. Users of one block are read together.
    pub fn user_block(&self, id: &UserId) -> Option<usize> {
        self.tensors.user_index()?.block_of(id.as_str())
    }

    /// The user in a row that this model has.
    ///
    /// # Panics
    /// If there is no such row.
    #[expect(
        clippy::expect_used,
        reason = "rows come from this model, and one with a `users.bin` gives none"
    )]
    pub fn trained_user(&self, row: UserRow) -> TrainedUser {
        self.tensors.users().expect("a model with rows of users").user(row)
    }

    /// The row of a user that the model was trained on. There are no rows if the users are in `users.bin`.
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

    /// The movies without weights in `view`, which is this model's ranking head.
    pub(crate) fn unliked_movies(&self, view: &RankingView<'_>) -> &UnlikedMovies {
        self.unliked_movies.get_or_init(|| UnlikedMovies::of(view))
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
        let histograms = self
            .tensors
            .histograms()
            .unwrap_or_else(|| self.histograms.get_or_init(|| self.count_histograms()));
        &histograms[movie.index()]
    }

    /// The number of ratings of this movie that the model was trained on.
    pub fn rating_count(&self, movie: MovieRow) -> u32 {
        self.tensors.movie_rating_counts()[movie.index()]
    }

    /// The ratings of the user in a row.
    pub fn rated_movies(&self, user: UserRow) -> RatedMovies<'_> {
        self.tensors.users().map_or(RatedMovies { movies: &[], values: &[] }, |users| users.rated(user))
    }

    /// Predicts the rating that `user` would give `movie`, if the model is on this machine. A user that the model does not
    /// know gets the mean plus the movie's bias.
    pub fn predict(&self, user: &UserId, movie: &MovieId) -> Result<Prediction<'_>, PredictionError> {
        Ok(match self.find_user_here(user)? {
            Some(user) => Rater::of_user(self, user).predict(movie)?,
            None => self.predict_for_stranger(movie)?,
        })
    }

    /// Predicts the rating that somebody without ratings would give `movie`.
    pub fn predict_for_stranger(&self, movie: &MovieId) -> Result<Prediction<'_>, UnknownMovie> {
        self.prediction(movie, false, 0, None, |movie| self.factors().score(None, movie))
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
