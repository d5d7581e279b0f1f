//! Models of any size without training, for benchmarks. They have the shapes of real models, and meaningless numbers.
#![expect(clippy::unwrap_used, clippy::missing_panics_doc, reason = "a benchmark")]

use std::path::Path;

use matinee_model::artifact::{Description, Metrics, NewArtifact, UsersFile, write_folder_with};
use matinee_model::ranking::{RankingHead, RankingMethod, RankingWeights};
use matinee_model::{Catalogue, Factors, Ids, Links, MovieRecord, RatingScale};
use ndarray::{Array1, Array2};

const GENRES: [&str; 4] = ["Drama", "Comedy|Romance", "Action|Thriller", "Documentary"];

/// The size of a model.
#[derive(Debug, Clone, Copy)]
pub struct ModelSize {
    /// The number of users.
    pub users: usize,
    /// The number of movies.
    pub movies: usize,
    /// The length of the factor rows.
    pub rank: usize,
    /// How many movies each user has rated.
    pub ratings_per_user: usize,
}

impl ModelSize {
    /// About the size of the model of `data/`.
    pub const DATA: Self = Self { users: 671, movies: 9_066, rank: 100, ratings_per_user: 149 };

    /// The rows of a model of MovieLens 32M: 300,000 rows of 64 numbers.
    pub const MOVIELENS_32M: Self = Self { users: 212_000, movies: 88_000, rank: 64, ratings_per_user: 5 };

    /// Writes a model of this size to `folder`.
    pub fn write(self, folder: &Path, ranking: Option<(RankingMethod, &RankingWeights)>) {
        self.write_with(folder, ranking, UsersFile::default());
    }

    /// The same, with a choice of where the users are written.
    pub fn write_with(
        self,
        folder: &Path,
        ranking: Option<(RankingMethod, &RankingWeights)>,
        users_file: UsersFile,
    ) {
        let (user_ids, movie_ids) = (ids(self.users), ids(self.movies));
        let artifact = NewArtifact {
            description: description(ranking.map(|(method, _)| method)),
            factors: &self.factors(),
            user_ids: &Ids::new(user_ids.iter().map(String::as_str)),
            movie_ids: &Ids::new(movie_ids.iter().map(String::as_str)),
            rated_offsets: &self.rated_offsets(),
            rated_movies: &self.rated_movies(),
            rated_values: &vec![4.0; self.users * self.ratings_per_user],
            movie_spreads: None,
            rated_order: None,
            user_prior: None,
            ranking: ranking.map(|(_, weights)| weights),
            catalogue: &catalogue(&movie_ids),
        };
        write_folder_with(folder, &artifact, users_file).unwrap();
    }

    fn factors(self) -> Factors {
        let Self { users, movies, rank, .. } = self;
        Factors {
            mean: 3.5,
            user_biases: Array1::from_shape_fn(users, wave),
            movie_biases: Array1::from_shape_fn(movies, wave),
            user_factors: Array2::from_shape_fn((users, rank), |(row, column)| wave(row * rank + column)),
            movie_factors: Array2::from_shape_fn((movies, rank), |(row, column)| wave(row * rank + column)),
        }
    }

    fn rated_offsets(self) -> Vec<u32> {
        (0..=self.users).map(|user| (user * self.ratings_per_user) as u32).collect()
    }

    /// Each user rates evenly spaced movies, with a different first movie.
    fn rated_movies(self) -> Vec<u32> {
        let step = self.movies / self.ratings_per_user;
        let of_user = |user: usize| (0..self.ratings_per_user).map(move |index| user % step + index * step);
        (0..self.users).flat_map(of_user).map(|movie| movie as u32).collect()
    }
}

/// A small number, different for each index.
pub fn wave(index: usize) -> f32 {
    (index as f32 * 0.37).sin() * 0.1
}

/// A catalogue of `movies` movies with titles as in `MovieLens`: some with commas, all with years.
pub fn generated_catalogue(movies: usize) -> Catalogue {
    catalogue(&ids(movies))
}

fn ids(count: usize) -> Vec<String> {
    (1..=count).map(|id| id.to_string()).collect()
}

fn catalogue(movie_ids: &[String]) -> Catalogue {
    let record = |(row, id): (usize, &String)| MovieRecord {
        id: id.clone(),
        title: format!("Long Title {row}{} ({})", if row % 4 == 0 { ", The" } else { "" }, 1930 + row % 95),
        genres: GENRES[row % GENRES.len()].to_owned(),
        links: Links::default(),
        line: 0,
    };
    Catalogue::from_records(movie_ids.iter().enumerate().map(record).collect())
}

fn description(method: Option<RankingMethod>) -> Description {
    Description {
        algorithm: "svd".to_owned(),
        hyperparameters: [].into(),
        seed: 0,
        rating_scale: RatingScale::MOVIELENS,
        metrics: Metrics::default(),
        hold_out_groups: None,
        against_live: None,
        calibration: None,
        intervals: None,
        interval_coverage: None,
        ranking_head: method.map(RankingHead::unmeasured),
        training_job: None,
        data: [].into(),
        data_as_of: None,
        generator: "bench".to_owned(),
        created_at: "2026-01-01T00:00:00Z".to_owned(),
    }
}
