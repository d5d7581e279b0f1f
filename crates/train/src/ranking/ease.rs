//! `EASE^R`: a linear model that predicts each movie's signals from the other movies'.
//!
//! Steck, "Embarrassingly Shallow Autoencoders for Sparse Data" (2019): with `P = (X'X + lambda I)^-1` the weights
//! are `B = -P / diag(P)` (column by column) off the diagonal, 0 on it. `P` is found by the inverse of a matrix
//! as large as the smaller side: `X'X + lambda I` of the movies, or of the examples by
//! `P = (I - X'(XX' + lambda I)^-1 X) / lambda`. Examples are the users with signals, and attributes: a genre, half decade
//! or title word is an example like a user who likes all movies that have it. So movies that few people have rated are
//! near similar movies. Most weights are near 0. Only the largest are kept: a given number per movie on average.

mod examples;
mod inverse;
mod precision;
mod threshold;

use std::collections::{BTreeMap, BTreeSet};

use half::f16;
use matinee_model::ranking::{RankingMethod, RankingWeights, signal};
use pulp::Arch;
use rayon::prelude::*;

pub(crate) use precision::AttributeInverse;

use examples::Examples;
use precision::Precision;
use threshold::Threshold;

use super::RankingTraining;
use super::signals::{Rows, Signals};
use crate::attributes::MovieAttributes;

/// The hyperparameters that rank a hold-out of `data/` best. 128 weights per movie cost less than 1 % of the NDCG@10 of all
/// weights.
pub(super) const DEFAULT: RankingMethod = RankingMethod::Ease {
    regularisation: 100.0,
    weights_per_movie: 128,
    attribute_signals: Some([1.0, 1.0, 2.0]),
};

/// The size of the largest matrix that is inverted.
const MAX_ORDER: usize = 4_096;

/// The number of movies whose weights are computed together, so that they fit in a register.
const TOGETHER: usize = 8;

/// A number for each of some movies.
type Group = [f32; TOGETHER];

/// The hyperparameters of [`RankingMethod::Ease`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Settings {
    pub(super) regularisation: f32,
    pub(super) weights_per_movie: u32,
    pub(super) attribute_signals: Option<[f32; 3]>,
}

/// Whether the smaller side is small enough: the users with signals, or the movies with signals.
pub(super) fn is_feasible(training: &RankingTraining<'_>) -> bool {
    let (mut users, mut movies) = (vec![false; training.user_count], vec![false; training.movie_count]);
    for rating in training.ratings.iter().filter(|rating| signal(rating.value, training.scale) > 0.0) {
        users[rating.user.index()] = true;
        movies[rating.movie.index()] = true;
    }
    let [users, movies] = [users, movies].map(|side| side.into_iter().filter(|&is_there| is_there).count());
    (1..=MAX_ORDER).contains(&users.min(movies))
}

pub(super) fn learn(signals: &Signals, attributes: &MovieAttributes, settings: &Settings) -> RankingWeights {
    let learned = Learned::new(signals, attributes, settings);
    let kept = learned.kept_from(&learned.liked);
    compressed(signals.movies.len(), learned.liked.iter().copied().zip(kept))
}

/// Only the weights that the rank scores of the movies `asked` need: those from these movies, and, for a movie that has none,
/// those towards it.
pub(super) fn learn_for(
    asked: &BTreeSet<usize>,
    signals: &Signals,
    attributes: &MovieAttributes,
    settings: &Settings,
) -> RankingWeights {
    let learned = Learned::new(signals, attributes, settings);
    let (liked, mut others): (Vec<usize>, Vec<usize>) =
        asked.iter().partition(|&&movie| learned.is_liked(movie));
    let mut rows: BTreeMap<usize, Row> = BTreeMap::new();
    for (movie, row) in liked.iter().copied().zip(learned.kept_from(&liked)) {
        if row.is_empty() {
            others.push(movie);
        } else {
            rows.insert(movie, row);
        }
    }
    others.sort_unstable();
    for (&to, column) in others.iter().zip(learned.kept_towards(&others)) {
        for (from, weight) in column {
            let from = from as usize;
            if learned.is_liked(from) && !(asked.contains(&from) && rows.contains_key(&from)) {
                rows.entry(from).or_default().push((to as u32, weight));
            }
        }
    }
    compressed(signals.movies.len(), rows)
}

/// The kept weights from a movie, or towards it, each with the other movie.
type Row = Vec<(u32, f16)>;

/// What all weights are computed from.
struct Learned {
    examples: Examples,
    precision: Precision,
    /// The diagonal of `P`.
    diagonal: Vec<f32>,
    /// The movies with signals.
    liked: Vec<usize>,
    threshold: Threshold,
}

impl Learned {
    fn new(signals: &Signals, attributes: &MovieAttributes, settings: &Settings) -> Self {
        let examples = Examples::new(signals, attributes, settings.attribute_signals, MAX_ORDER);
        let precision = Precision::new(&examples, attributes, settings);
        let movies = &examples.movies;
        let diagonal: Vec<f32> =
            (0..movies.len()).into_par_iter().map(|movie| precision.diagonal(movies, movie)).collect();
        let liked = signals.movies.filled();
        let weights = |of: &[usize]| weights_from(of, &precision, movies, &diagonal);
        let threshold = Threshold::find(&liked, settings.weights_per_movie as usize, weights);
        Self { examples, precision, diagonal, liked, threshold }
    }

    fn is_liked(&self, movie: usize) -> bool {
        self.liked.binary_search(&movie).is_ok()
    }

    /// The weights from each of these movies that are kept.
    fn kept_from(&self, movies: &[usize]) -> Vec<Row> {
        let Self { examples, precision, diagonal, threshold, .. } = self;
        let kept =
            |of: &[usize]| threshold.kept(&weights_from(of, precision, &examples.movies, diagonal), of.len());
        movies.par_chunks(TOGETHER).flat_map_iter(kept).collect()
    }

    /// The weights towards each of these movies that would be kept. `P` is symmetric, so they too are found from its rows.
    fn kept_towards(&self, movies: &[usize]) -> Vec<Row> {
        let Self { examples, precision, diagonal, threshold, .. } = self;
        let kept = |of: &[usize]| {
            let mut weights = precision.rows(&examples.movies, of);
            for (place, &movie) in of.iter().enumerate() {
                for entries in &mut weights {
                    entries[place] /= -diagonal[movie];
                }
                weights[movie][place] = 0.0;
            }
            threshold.kept(&weights, of.len())
        };
        movies.par_chunks(TOGETHER).flat_map_iter(kept).collect()
    }
}

/// The weights from some movies: a group for each target.
fn weights_from(of: &[usize], precision: &Precision, movies: &Rows, diagonal: &[f32]) -> Vec<Group> {
    let mut weights = precision.rows(movies, of);
    Arch::new().dispatch(|| divide(&mut weights, diagonal));
    of.iter().enumerate().for_each(|(place, &movie)| weights[movie][place] = 0.0);
    weights
}

/// The weights from some movies, in ascending order.
fn compressed(movie_count: usize, rows: impl IntoIterator<Item = (usize, Row)>) -> RankingWeights {
    let mut offsets = vec![0; movie_count + 1];
    let (mut movies, mut weights) = (Vec::new(), Vec::new());
    for (from, row) in rows {
        offsets[from + 1] = row.len() as u32;
        let (targets, values): (Vec<u32>, Vec<f16>) = row.into_iter().unzip();
        movies.extend(targets);
        weights.extend(values);
    }
    (0..movie_count).for_each(|movie| offsets[movie + 1] += offsets[movie]);
    RankingWeights::Ease { offsets, movies, weights }
}

/// Rows of `P` become rows of `B`, but for its diagonal.
#[inline(always)]
fn divide(rows: &mut [Group], diagonal: &[f32]) {
    for (entries, diagonal) in rows.iter_mut().zip(diagonal) {
        for entry in entries {
            *entry /= -diagonal;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ratings::{Rating, Ratings};
    use matinee_model::{Catalogue, Links, MovieRecord, MovieRow, Rated, RatingScale, UserRow, calibration};
    use nalgebra::DMatrix;

    /// A movie with attributes that nobody has rated.
    const UNRATED: u32 = 6;

    /// About a third of the pairs. Every user and every other movie has ratings.
    fn ratings(users: u32, movies: u32) -> Ratings {
        let is_rated = |user: u32, movie: u32| {
            movie != UNRATED && ((user * 31 + movie).wrapping_mul(2_654_435_761) >> 16) % 5 < 2
        };
        let pairs = (0..users).flat_map(|user| (0..movies).map(move |movie| (user, movie)));
        pairs
            .filter(|&(user, movie)| is_rated(user, movie))
            .map(|(user, movie)| {
                let value = 2.5 + ((user + movie) % 6) as f32 * 0.5;
                Rating { user: UserRow(user), movie: MovieRow(movie), value }
            })
            .collect()
    }

    fn settings(weights_per_movie: u32, attribute_signals: Option<[f32; 3]>) -> Settings {
        Settings { regularisation: 3.0, weights_per_movie, attribute_signals }
    }

    /// Every third movie is a drama, the first four are from one half decade, and some share a title word.
    fn attributes(movies: u32) -> MovieAttributes {
        let title = |row: u32| if row.is_multiple_of(5) { format!("Star {row}") } else { format!("{row}") };
        let record = |row: u32| MovieRecord {
            id: format!("{row:03}"),
            title: format!("{} ({})", title(row), if row < 4 { 1990 } else { 2001 }),
            genres: if row.is_multiple_of(3) { "Drama".to_owned() } else { String::new() },
            links: Links::default(),
            line: 0,
        };
        let catalogue = Catalogue::from_records((0..movies).map(record).collect());
        MovieAttributes::new(&catalogue, catalogue.ids())
    }

    fn training<'a>(
        users: u32,
        ratings: &'a Ratings,
        attributes: &'a MovieAttributes,
    ) -> RankingTraining<'a> {
        let movies = ratings.iter().map(|rating| rating.movie.0).max().unwrap_or(0) as usize + 1;
        RankingTraining {
            user_count: users as usize,
            movie_count: movies + 2,
            ratings,
            timestamps: None,
            listed: &[],
            attributes,
            scale: RatingScale::MOVIELENS,
            seed: 0,
            sampling: None,
        }
    }

    /// The weights by the formula of the paper, with a row for each attribute. Those of unrated movies are never read, so
    /// they are 0.
    fn reference(
        signals: &Signals,
        attributes: &MovieAttributes,
        weights: Option<[f32; 3]>,
        regularisation: f64,
    ) -> DMatrix<f64> {
        let order = signals.movies.len();
        let mut rows: Vec<Vec<f64>> = Vec::new();
        for user in 0..signals.users.len() {
            let mut row = vec![0.0; order];
            signals
                .users
                .row(user)
                .iter()
                .for_each(|&(movie, signal)| row[movie as usize] = f64::from(signal));
            rows.push(row);
        }
        for (group, weight) in attributes.groups().iter().zip(weights.unwrap_or_default()) {
            for movies in group.iter().filter(|_| weight > 0.0) {
                let mut row = vec![0.0; order];
                for &movie in movies {
                    row[movie as usize] = f64::from(weight);
                }
                rows.push(row);
            }
        }
        let x = DMatrix::from_fn(rows.len(), order, |row, column| rows[row][column]);
        let p =
            (x.transpose() * &x + DMatrix::identity(order, order) * regularisation).try_inverse().unwrap();
        let is_read = |i: usize, j: usize| i != j && !signals.movies.row(i).is_empty();
        DMatrix::from_fn(order, order, |i, j| if is_read(i, j) { -p[(i, j)] / p[(j, j)] } else { 0.0 })
    }

    #[test]
    fn either_side_gives_the_weights_of_the_paper() {
        for (users, movies) in [(9, 23), (33, 9), (12, 12)] {
            for weights in [None, Some([1.0, 0.5, 2.0])] {
                let (ratings, attributes) = (ratings(users, movies), attributes(movies));
                let signals = Signals::new(&training(users, &ratings, &attributes));
                let expected = reference(&signals, &attributes, weights, 3.0);
                let RankingWeights::Ease { offsets, movies: columns, weights } =
                    learn(&signals, &attributes, &settings(1_000, weights))
                else {
                    panic!("weights")
                };
                let mut found = DMatrix::<f64>::zeros(expected.nrows(), expected.ncols());
                for row in 0..expected.nrows() {
                    for entry in offsets[row] as usize..offsets[row + 1] as usize {
                        found[(row, columns[entry] as usize)] = weights[entry].to_f64();
                    }
                }
                let error = (&found - &expected).abs().max();
                assert!(error < 1e-3, "{users} x {movies}: {error}");
            }
        }
    }

    #[test]
    fn attributes_take_the_room_that_users_leave() {
        let (ratings, attributes) = (ratings(9, 23), attributes(23));
        let signals = Signals::new(&training(9, &ratings, &attributes));
        let examples = |max_order| Examples::new(&signals, &attributes, Some([1.0, 1.0, 2.0]), max_order);
        assert_eq!(attributes.groups().iter().map(Vec::len).collect::<Vec<_>>(), [1, 2, 1]);
        assert_eq!([13, 12, 10, 9].map(|order| examples(order).rows.len()), [13, 12, 10, 13]);
        let genre: Vec<(u32, f32)> = (0..23).step_by(3).map(|row| (row, 1.0)).collect();
        assert_eq!(examples(10).rows.row(0), genre);
        let years = examples(12);
        assert_eq!(years.rows.row(1).len(), 19, "of a group the attribute of the most movies is first");
        assert_eq!(Examples::new(&signals, &attributes, None, 10).rows.len(), 9);
    }

    #[test]
    fn the_largest_weights_are_kept() {
        let (ratings, attributes) = (ratings(30, 38), attributes(38));
        let signals = Signals::new(&training(30, &ratings, &attributes));
        let kept = |per_movie| {
            let RankingWeights::Ease { weights, .. } =
                learn(&signals, &attributes, &settings(per_movie, Some([1.0, 1.0, 2.0])))
            else {
                panic!("weights")
            };
            weights.iter().map(|weight| weight.to_f32()).collect::<Vec<_>>()
        };
        let (all, some) = (kept(1_000), kept(5));
        let smallest = some.iter().fold(f32::MAX, |smallest, weight| smallest.min(weight.abs()));
        let larger = all.iter().filter(|weight| weight.abs() >= smallest).count();
        assert_eq!(larger, some.len());
        assert!(some.len() <= 200 && some.len() > 100, "{}", some.len());
    }

    #[test]
    fn what_is_learned_for_some_movies_gives_their_rank_scores() {
        let (ratings, attributes) = (ratings(30, 38), attributes(38));
        let signals = Signals::new(&training(30, &ratings, &attributes));
        let users = |user: u32| {
            let own = ratings.iter().filter(|rating| rating.user.0 == user);
            let rated: Vec<Rated> = own.map(|own| Rated { movie: own.movie, rating: own.value }).collect();
            calibration::Signals::of(&rated, RatingScale::MOVIELENS)
        };
        let users: Vec<_> = (0..30).map(users).collect();
        for per_movie in [1, 5, 1_000] {
            let settings = settings(per_movie, Some([1.0, 1.0, 2.0]));
            let all = learn(&signals, &attributes, &settings);
            for asked in [vec![0, 5, UNRATED], (0..38).collect()] {
                let some = learn_for(
                    &asked.iter().map(|&movie| movie as usize).collect(),
                    &signals,
                    &attributes,
                    &settings,
                );
                for (user, &movie) in
                    users.iter().flat_map(|user| asked.iter().map(move |movie| (user, movie)))
                {
                    let score = |weights: &RankingWeights| user.rank_score(&weights.view(), MovieRow(movie));
                    let (expected, found) = (score(&all), score(&some));
                    assert!((expected - found).abs() < 1e-3, "{movie} of {per_movie}: {expected}, {found}");
                }
            }
        }
    }

    /// Fifty users like something. Six thousand others have given one star each.
    #[test]
    fn users_without_signals_take_no_place_in_the_matrix() {
        let mut ratings = ratings(50, 300);
        ratings.extend((50..6_050).map(|user| Rating {
            user: UserRow(user),
            movie: MovieRow(user % 300),
            value: 1.0,
        }));
        let attributes = MovieAttributes::default();
        let signals = Signals::new(&training(6_050, &ratings, &attributes));
        let examples = Examples::new(&signals, &attributes, None, MAX_ORDER);
        assert_eq!((examples.rows.len(), examples.order()), (50, 50));
        let Precision::OfExamples(inverse) = Precision::new(&examples, &attributes, &settings(64, None))
        else {
            panic!("of examples")
        };
        assert_eq!(inverse.dim(), (50, 50));
    }
}
