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

use half::f16;
use matinee_model::ranking::{RankingMethod, RankingWeights};
use ndarray::Array2;
use rayon::prelude::*;

use examples::Examples;

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

/// The approximate number of movies whose weights decide which weights are kept.
const SAMPLED_MOVIES: usize = 1_024;

/// The hyperparameters of [`RankingMethod::Ease`].
pub(super) struct Settings {
    pub(super) regularisation: f32,
    pub(super) weights_per_movie: u32,
    pub(super) attribute_signals: Option<[f32; 3]>,
}

/// Whether the smaller side is small enough.
pub(super) fn is_feasible(signals: &Signals) -> bool {
    (1..=MAX_ORDER).contains(&signals.users.filled().len().min(signals.movies.filled().len()))
}

pub(super) fn learn(signals: &Signals, attributes: &MovieAttributes, settings: &Settings) -> RankingWeights {
    let &Settings { regularisation, weights_per_movie, attribute_signals } = settings;
    let examples = Examples::new(signals, attributes, attribute_signals, MAX_ORDER);
    let movies = &examples.movies;
    let inverse = Inverse::new(&examples, regularisation);
    let diagonal: Vec<f32> =
        (0..movies.len()).into_par_iter().map(|movie| inverse.diagonal(movies, movie)).collect();
    let weights_from = |of: &[usize]| {
        let mut rows = inverse.rows(movies, of);
        for (row, &movie) in rows.iter_mut().zip(of) {
            row.iter_mut().zip(&diagonal).for_each(|(entry, diagonal)| *entry /= -diagonal);
            row[movie] = 0.0;
        }
        rows
    };
    let liked = signals.movies.filled();
    let threshold = Threshold::find(&liked, weights_per_movie as usize, weights_from);
    let kept: Vec<Vec<(u32, f16)>> = liked
        .par_chunks(TOGETHER)
        .flat_map_iter(weights_from)
        .map(|weights| {
            let kept = (0..).zip(weights).filter(|&(_, weight)| threshold.keeps(weight));
            kept.map(|(other, weight)| (other, f16::from_f32(weight))).collect()
        })
        .collect();
    let mut counts = vec![0; movies.len()];
    liked.iter().zip(&kept).for_each(|(&movie, row)| counts[movie] = row.len() as u32);
    let mut offsets = vec![0];
    offsets.extend(counts.iter().scan(0, |end, count| {
        *end += count;
        Some(*end)
    }));
    let (movies, weights) = kept.into_iter().flatten().unzip();
    RankingWeights::Ease { offsets, movies, weights }
}

/// `P`, up to the factor `lambda`, computed on the smaller side.
enum Inverse {
    /// `(XX' + lambda I)^-1`, by all examples.
    OfExamples(Array2<f32>),
    /// `lambda (X'X + lambda I)^-1` of the movies in examples, with the index of each movie among them.
    OfMovies { inverse: Array2<f32>, places: Vec<Option<usize>> },
}

impl Inverse {
    fn new(examples: &Examples, regularisation: f32) -> Self {
        let filled = examples.movies.filled();
        let mut places = vec![None; examples.movies.len()];
        if examples.rows.len() <= filled.len() {
            let all: Vec<Option<usize>> = (0..examples.rows.len()).map(Some).collect();
            Self::OfExamples(inverse_of_gram(&examples.movies, &all, all.len(), regularisation))
        } else {
            filled.iter().enumerate().for_each(|(place, &movie)| places[movie] = Some(place));
            let inverse = inverse_of_gram(&examples.rows, &places, filled.len(), regularisation);
            Self::OfMovies { inverse: inverse * regularisation, places }
        }
    }

    fn diagonal(&self, movies: &Rows, movie: usize) -> f32 {
        match self {
            Self::OfExamples(inverse) => {
                let row = movies.row(movie);
                let along = |&(example, signal): &(u32, f32)| {
                    let inverse = inverse.row(example as usize);
                    signal * row.iter().map(|&(other, signal)| signal * inverse[other as usize]).sum::<f32>()
                };
                1.0 - row.iter().map(along).sum::<f32>()
            }
            Self::OfMovies { inverse, places } => places[movie].map_or(1.0, |place| inverse[[place, place]]),
        }
    }

    /// The rows of at most [`TOGETHER`] movies.
    fn rows(&self, movies: &Rows, of: &[usize]) -> Vec<Vec<f32>> {
        match self {
            Self::OfExamples(inverse) => {
                let mut along = vec![[0.0; TOGETHER]; inverse.nrows()];
                let mut sums = vec![0.0; inverse.nrows()];
                for (lane, &movie) in of.iter().enumerate() {
                    sums.fill(0.0);
                    for &(example, signal) in movies.row(movie) {
                        let inverse = inverse.row(example as usize);
                        sums.iter_mut().zip(inverse).for_each(|(sum, entry)| *sum -= signal * entry);
                    }
                    along.iter_mut().zip(&sums).for_each(|(along, sum)| along[lane] = *sum);
                }
                let mut rows = vec![Vec::with_capacity(movies.len()); of.len()];
                for other in 0..movies.len() {
                    let entries = weighted_sums(movies.row(other), &along);
                    rows.iter_mut().zip(entries).for_each(|(row, entry)| row.push(entry));
                }
                rows
            }
            Self::OfMovies { inverse, places } => {
                let row = |&movie: &usize| {
                    let Some(row) = places[movie] else { return vec![0.0; places.len()] };
                    let entry = |place: &Option<usize>| place.map_or(0.0, |place| inverse[[row, place]]);
                    places.iter().map(entry).collect()
                };
                of.iter().map(row).collect()
            }
        }
    }
}

/// The sums of the examples' numbers, weighted by the signals.
fn weighted_sums(row: &[(u32, f32)], along: &[[f32; TOGETHER]]) -> [f32; TOGETHER] {
    let mut sums = [0.0; TOGETHER];
    for &(example, signal) in row {
        for (sum, along) in sums.iter_mut().zip(&along[example as usize]) {
            *sum += signal * along;
        }
    }
    sums
}

/// `(sum x x' + lambda I)^-1`. Each `x` is a row of `rows`, and `places` maps its columns.
fn inverse_of_gram(rows: &Rows, places: &[Option<usize>], order: usize, regularisation: f32) -> Array2<f32> {
    let mut gram = Array2::<f32>::eye(order) * regularisation;
    for row in 0..rows.len() {
        let place = |&(column, signal): &(u32, f32)| Some((places[column as usize]?, signal));
        let entries: Vec<(usize, f32)> = rows.row(row).iter().filter_map(place).collect();
        for (count, &(a, signal)) in (1..).zip(&entries) {
            for &(b, other) in &entries[..count] {
                gram[[a, b]] += signal * other;
            }
        }
    }
    inverse::inverse(gram).unwrap_or_else(|| Array2::zeros((order, order)))
}

/// The smallest magnitude of a weight that is kept.
struct Threshold(u32);

impl Threshold {
    /// Counts magnitudes by the upper half of their bits, which sort like the floats. So the weights do not have to be
    /// sorted, and the result does not depend on the order of counting. If there are many movies, counts every n-th.
    fn find(
        movies: &[usize],
        per_movie: usize,
        weights_from: impl Fn(&[usize]) -> Vec<Vec<f32>> + Sync,
    ) -> Self {
        let step = movies.len().div_ceil(SAMPLED_MOVIES).max(1);
        let movies: Vec<usize> = movies.iter().copied().step_by(step).collect();
        let budget = movies.len() * per_movie;
        let empty = || vec![0_u64; 1 << 15];
        let counts = movies
            .par_chunks(TOGETHER)
            .fold(empty, |mut counts, movies| {
                for weight in weights_from(movies).into_iter().flatten() {
                    counts[Self::bin(weight) as usize] += 1;
                }
                counts
            })
            .reduce(empty, |mut counts, others| {
                counts.iter_mut().zip(others).for_each(|(count, other)| *count += other);
                counts
            });
        let mut kept = 0;
        let too_many = (1..counts.len()).rev().find(|&bin| {
            kept += counts[bin];
            kept > budget as u64
        });
        Self(too_many.map_or(1, |bin| bin as u32 + 1))
    }

    fn keeps(&self, weight: f32) -> bool {
        Self::bin(weight) >= self.0
    }

    fn bin(weight: f32) -> u32 {
        weight.abs().to_bits() >> 16
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ranking::RankingTraining;
    use crate::ratings::Rating;
    use matinee_model::{Catalogue, Links, MovieRecord, MovieRow, RatingScale, UserRow};
    use nalgebra::DMatrix;

    /// A movie with attributes that nobody has rated.
    const UNRATED: u32 = 6;

    /// About a third of the pairs. Every user and every other movie has ratings.
    fn ratings(users: u32, movies: u32) -> Vec<Rating> {
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
        ratings: &'a [Rating],
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
        assert_eq!(examples(10).rows.row(9), genre);
        let years = examples(12);
        assert_eq!(years.rows.row(10).len(), 19, "of a group the attribute of the most movies is first");
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
        let Inverse::OfExamples(inverse) = Inverse::new(&examples, 3.0) else { panic!("of examples") };
        assert_eq!(inverse.dim(), (50, 50));
    }
}
