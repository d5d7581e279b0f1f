//! `P = (X'X + lambda I)^-1`, up to the factor `lambda`, computed on the smaller side.

use std::sync::{Arc, Mutex, PoisonError};

use ndarray::{Array2, ArrayViewMut2, Axis};
use pulp::Arch;

use super::examples::Examples;
use super::inverse::{bordered, inverse};
use super::{Group, Settings};
use crate::attributes::MovieAttributes;
use crate::ranking::signals::Rows;

/// `P`, by one of the two sides.
pub(super) enum Precision {
    /// `(XX' + lambda I)^-1`, by all examples.
    OfExamples(Array2<f32>),
    /// `lambda (X'X + lambda I)^-1` of the movies in examples, with the index of each movie among them.
    OfMovies { inverse: Array2<f32>, places: Vec<Option<usize>> },
}

/// The inverse of the part of `XX' + lambda I` that belongs to the attributes. It does not depend on the ratings, so those
/// who learn from several parts of the same ratings compute it once.
#[derive(Debug, Clone, Default)]
pub(crate) struct AttributeInverse(Arc<Mutex<Option<Known>>>);

/// An inverse, and what it depends on.
type Known = (Key, Arc<Array2<f32>>);

/// What the inverse depends on, besides the attributes.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Key {
    regularisation: f32,
    signals: Option<[f32; 3]>,
    /// The number of attributes in the matrix.
    order: usize,
}

impl Precision {
    pub(super) fn new(examples: &Examples, attributes: &MovieAttributes, settings: &Settings) -> Self {
        let filled = examples.movies.filled();
        let regularisation = settings.regularisation;
        if examples.rows.len() <= filled.len() {
            return Self::OfExamples(of_examples(examples, attributes, settings));
        }
        let mut places = vec![None; examples.movies.len()];
        filled.iter().enumerate().for_each(|(place, &movie)| places[movie] = Some(place));
        let gram = gram(&examples.rows, &places, filled.len(), regularisation);
        Self::OfMovies { inverse: or_zero(inverse(gram), filled.len()) * regularisation, places }
    }

    pub(super) fn diagonal(&self, movies: &Rows, movie: usize) -> f32 {
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

    /// The entries off the diagonal in the rows of at most as many movies as fit in a group: a group for each other movie.
    pub(super) fn rows(&self, movies: &Rows, of: &[usize]) -> Vec<Group> {
        match self {
            Self::OfExamples(inverse) => Arch::new().dispatch(|| rows_by_examples(inverse, movies, of)),
            Self::OfMovies { inverse, places } => {
                let row = |place: usize| of.get(place).and_then(|&movie| places[movie]);
                let own: [Option<usize>; _] = std::array::from_fn(row);
                let entry = |place: &Option<usize>| {
                    own.map(|row| row.zip(*place).map_or(0.0, |(row, place)| inverse[[row, place]]))
                };
                places.iter().map(entry).collect()
            }
        }
    }
}

/// `-x' (XX' + lambda I)^-1 X`, where `x` is the column of each of the movies.
#[inline(always)]
fn rows_by_examples(inverse: &Array2<f32>, movies: &Rows, of: &[usize]) -> Vec<Group> {
    let mut along = vec![Group::default(); inverse.nrows()];
    let mut sums = vec![0.0; inverse.nrows()];
    for (lane, &movie) in of.iter().enumerate() {
        sums.fill(0.0);
        for &(example, signal) in movies.row(movie) {
            let inverse = inverse.row(example as usize).to_slice().unwrap_or_default();
            sums.iter_mut().zip(inverse).for_each(|(sum, entry)| *sum -= signal * entry);
        }
        along.iter_mut().zip(&sums).for_each(|(along, sum)| along[lane] = *sum);
    }
    let mut rows = Vec::with_capacity(movies.len());
    for other in 0..movies.len() {
        let mut entries = Group::default();
        for &(example, signal) in movies.row(other) {
            for (entry, along) in entries.iter_mut().zip(&along[example as usize]) {
                *entry += signal * along;
            }
        }
        rows.push(entries);
    }
    rows
}

/// `(XX' + lambda I)^-1`. The attributes are the first examples, and their part is computed only once.
fn of_examples(examples: &Examples, attributes: &MovieAttributes, settings: &Settings) -> Array2<f32> {
    let order = examples.rows.len();
    let all: Vec<Option<usize>> = (0..order).map(Some).collect();
    let mut matrix = gram(&examples.movies, &all, order, settings.regularisation);
    let key = Key {
        regularisation: settings.regularisation,
        signals: settings.attribute_signals,
        order: examples.attributes,
    };
    let of_attributes = attributes.inverse().get(key, || inverse(first(&mut matrix, key.order).to_owned()));
    let found = of_attributes.and_then(|of_attributes| {
        first(&mut matrix, key.order).assign(&of_attributes);
        bordered(matrix, key.order)
    });
    or_zero(found, order)
}

/// The first rows and columns.
fn first(matrix: &mut Array2<f32>, count: usize) -> ArrayViewMut2<'_, f32> {
    matrix.view_mut().split_at(Axis(0), count).0.split_at(Axis(1), count).0
}

impl AttributeInverse {
    /// Two threads may compute it at the same time, which is better than that one waits for the other.
    fn get(&self, key: Key, compute: impl FnOnce() -> Option<Array2<f32>>) -> Option<Arc<Array2<f32>>> {
        let kept = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, inverse)) = kept().as_ref().filter(|(of, _)| *of == key) {
            return Some(Arc::clone(inverse));
        }
        let inverse = Arc::new(compute()?);
        *kept() = Some((key, Arc::clone(&inverse)));
        Some(inverse)
    }
}

/// `sum x x' + lambda I`, only the lower triangle. Each `x` is a row of `rows`, and `places` maps its columns.
fn gram(rows: &Rows, places: &[Option<usize>], order: usize, regularisation: f32) -> Array2<f32> {
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
    gram
}

fn or_zero(inverse: Option<Array2<f32>>, order: usize) -> Array2<f32> {
    inverse.unwrap_or_else(|| Array2::zeros((order, order)))
}
