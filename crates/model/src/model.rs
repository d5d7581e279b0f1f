//! A loaded model and its answers.

use std::path::Path;
use std::sync::OnceLock;

use crate::artifact::{self, ArtifactError, ArtifactFiles, Manifest, Tensors, folder};
use crate::ranking::{Columns, RankingView};
use crate::recommendation::MovieFacts;
use crate::{Catalogue, FactorsView, IdTable, MovieId, MovieRow, UserId, UserPriorView, UserRow};

/// A model in memory: the artifact, checked, and its catalogue.
#[derive(Debug)]
pub struct Model {
    manifest: Manifest,
    tensors: Tensors,
    catalogue: Catalogue,
    /// Gathered by the first request that needs them.
    facts: OnceLock<MovieFacts>,
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
    /// Where the rating lies with the probability that the model's [`Intervals`](crate::Intervals) tell.
    pub interval: Option<[f32; 2]>,
}

/// A movie that is not in the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("movie `{0}` is not in the catalogue")]
pub struct UnknownMovie(pub MovieId);

/// What one user rated: movies in ascending rows, and the ratings.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RatedMovies<'a> {
    /// The rows of the movies.
    pub movies: &'a [u32],
    /// The ratings, in the same order.
    pub values: &'a [f32],
}

impl Model {
    /// Checks the files of an artifact against each other and takes them over.
    pub fn from_files(files: ArtifactFiles) -> Result<Self, ArtifactError> {
        let ArtifactFiles { manifest, model, movies, .. } = files;
        let (model, movies) =
            (manifest.expect_model()?.verify(model)?, manifest.expect_movies()?.verify(movies)?);
        let tensors = Tensors::parse(model, &manifest)?;
        Self::from_parts(manifest, tensors, Catalogue::parse(movies.bytes())?)
    }

    /// Puts together what was checked against `manifest` before, side by side.
    pub fn from_parts(
        manifest: Manifest,
        tensors: Tensors,
        catalogue: Catalogue,
    ) -> Result<Self, ArtifactError> {
        if tensors.counts() != manifest.counts {
            return Err(ArtifactError::Tensors("the counts are not those of the manifest".to_owned()));
        }
        Ok(Self { manifest, tensors, catalogue, facts: OnceLock::new() })
    }

    /// Loads the artifact at `path`: a folder, or a `model.tar.gz`.
    pub fn open(path: &Path) -> Result<Self, ArtifactError> {
        if path.is_file() {
            Self::from_files(artifact::read_archive_file(path)?)
        } else {
            Self::open_folder(path)
        }
    }

    /// Tensors and catalogue are read and checked side by side.
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
            (tensors, joined(catalogue))
        });
        Self::from_parts(manifest, tensors?, catalogue?)
    }

    /// What the artifact says of itself.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The movies that can be asked for.
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

    /// The row of a movie that the model knows by its ratings or by its catalogue entry.
    pub fn movie_row(&self, id: &MovieId) -> Option<MovieRow> {
        self.movie_ids().find(id.as_str()).map(MovieRow)
    }

    /// What is believed of a user before any rating, if the artifact tells.
    pub fn user_prior(&self) -> Option<UserPriorView<'_>> {
        self.tensors.user_prior()
    }

    /// The weights of the ranking head, if there is one.
    pub fn ranking(&self) -> Option<RankingView<'_>> {
        self.tensors.ranking()
    }

    /// How many ratings each movie has, by row.
    pub fn rating_counts(&self) -> &[u32] {
        self.tensors.movie_rating_counts()
    }

    pub(crate) fn facts(&self) -> &MovieFacts {
        self.facts.get_or_init(|| MovieFacts::gather(self.movie_ids(), &self.catalogue))
    }

    /// How many ratings of this movie the model was trained on.
    pub fn rating_count(&self, movie: MovieRow) -> u32 {
        self.tensors.movie_rating_counts()[movie.index()]
    }

    /// What this user rated.
    pub fn rated_movies(&self, user: UserRow) -> RatedMovies<'_> {
        let (movies, values) = self.tensors.rated(user);
        RatedMovies { movies, values }
    }

    /// The places of this user's ratings, by the same rows, in the order in which they were given, if the artifact tells.
    pub(crate) fn rated_order(&self, user: UserRow) -> Option<Columns<'_>> {
        self.tensors.rated_order(user)
    }

    /// Predicts the rating that `user` would give `movie`. Any user is answered: one that the model does
    /// not know gets the mean and the movie's bias.
    pub fn predict(&self, user: &UserId, movie: &MovieId) -> Result<Prediction<'_>, UnknownMovie> {
        let entry = self.catalogue.find(movie).ok_or_else(|| UnknownMovie(movie.clone()))?;
        let user = self.user_row(user);
        let movie = self.movie_row(movie);
        let scale = self.manifest.rating_scale;
        let score = scale.clip(self.factors().score(user, movie));
        let user_ratings = user.map_or(0, |user| self.rated_movies(user).movies.len() as u32);
        let movie_ratings = movie.map_or(0, |movie| self.rating_count(movie));
        let intervals = self.manifest.intervals.as_ref();
        Ok(Prediction {
            score,
            title: entry.title,
            known_user: user.is_some(),
            known_movie: movie_ratings > 0,
            interval: intervals.map(|intervals| intervals.around(score, user_ratings, movie_ratings, scale)),
        })
    }
}

fn joined<T>(thread: std::thread::ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
