//! The posterior mean of the scores, kept as a factor model in bounded memory.
//!
//! A sample is a factor model of its own: `score = intercept + s_u + s_i + <a_u, b_i>`. The sum of several is one whose
//! factors are those of all samples side by side. Means and biases can be averaged directly. The mean of the products
//! `a b^T` is a matrix with a rank in the thousands, but only few of its factors matter. It is kept as two random
//! projections, from which its leading factors are found at the end (Tropp, Yurtsever, Udell, Cevher, "Practical
//! Sketching Algorithms for Low-Rank Matrix Approximation", 2017, algorithm 4).

use matinee_model::Factors;
use ndarray::linalg::general_mat_mul;
use ndarray::{Array1, Array2, Axis};
use rand::SeedableRng;
use rand_distr::{Distribution, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::layout::{Layout, Side};
use super::reduction::low_rank;
use crate::state::{StateError, StateReader, StateWriter};

/// The columns of the projection that spans the users' side. This is also the largest possible rank.
pub(super) const SPAN: usize = 64;
/// The columns of the other projection. Twice as many make the least squares well-conditioned.
const CO_SPAN: usize = 128;

/// The sum of one sample of each of some chains, by rows.
pub(super) struct Sample {
    /// The number of chains.
    pub(super) chains: usize,
    pub(super) intercept: f32,
    /// `s_u`
    pub(super) user_biases: Array1<f32>,
    /// `s_i`
    pub(super) movie_biases: Array1<f32>,
    /// `a_u`, users x factors of all chains
    pub(super) user_factors: Array2<f32>,
    /// `b_i`, movies x factors of all chains
    pub(super) movie_factors: Array2<f32>,
    /// `d_u`: the contribution of the user's feature in the movies' sets.
    pub(super) user_membership: Array1<f32>,
    /// `c_i`: the contribution of the movie's feature in the users' sets.
    pub(super) movie_membership: Array1<f32>,
}

/// What all posteriors of a run have in common: random test matrices, and the weights of the rows.
pub(super) struct Projection {
    /// movies x [`SPAN`]
    omega: Array2<f32>,
    /// users x [`CO_SPAN`]
    psi: Array2<f32>,
    /// `(n + 1)^1/2` for users and for movies with n ratings. So the reduction errs least where most predictions are
    /// requested.
    user_weights: Array1<f32>,
    movie_weights: Array1<f32>,
}

/// Sums over samples.
pub(super) struct Posterior {
    count: usize,
    mean: f64,
    user_biases: Array1<f32>,
    movie_biases: Array1<f32>,
    user_membership: Array1<f32>,
    movie_membership: Array1<f32>,
    /// `M omega`, users x [`SPAN`]
    span: Array2<f32>,
    /// `M^T psi`, movies x [`CO_SPAN`]
    co_span: Array2<f32>,
}

impl Projection {
    pub(super) fn new(layout: &Layout, seed: u64) -> Self {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
        let mut normal = |rows, columns| {
            Array2::from_shape_simple_fn((rows, columns), || StandardNormal.sample(&mut random))
        };
        Self {
            omega: normal(layout.movies.entities.len(), SPAN),
            psi: normal(layout.users.entities.len(), CO_SPAN),
            user_weights: with_one_more(&layout.users).mapv(f32::sqrt),
            movie_weights: with_one_more(&layout.movies).mapv(f32::sqrt),
        }
    }
}

impl Posterior {
    /// No samples yet.
    pub(super) fn new(projection: &Projection) -> Self {
        let (users, movies) = (projection.psi.nrows(), projection.omega.nrows());
        Self {
            count: 0,
            mean: 0.0,
            user_biases: Array1::zeros(users),
            movie_biases: Array1::zeros(movies),
            user_membership: Array1::zeros(users),
            movie_membership: Array1::zeros(movies),
            span: Array2::zeros((users, SPAN)),
            co_span: Array2::zeros((movies, CO_SPAN)),
        }
    }

    /// Adds a sample of some chains.
    pub(super) fn add(&mut self, sample: Sample, projection: &Projection) {
        self.mean += f64::from(sample.intercept);
        self.user_biases += &sample.user_biases;
        self.movie_biases += &sample.movie_biases;
        self.user_membership += &sample.user_membership;
        self.movie_membership += &sample.movie_membership;
        self.add_product(sample.user_factors, sample.movie_factors, 1.0, projection);
        self.count += sample.chains;
    }

    /// Adds the samples of another posterior.
    pub(super) fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.mean += other.mean;
        self.user_biases += &other.user_biases;
        self.movie_biases += &other.movie_biases;
        self.user_membership += &other.user_membership;
        self.movie_membership += &other.movie_membership;
        self.span += &other.span;
        self.co_span += &other.co_span;
    }

    /// Adds the membership of user and movie in each other's sets to all samples: `x_u c_i + x_i d_u`, where `x` is the
    /// scale of a set with one more member.
    pub(super) fn add_membership(&mut self, layout: &Layout, projection: &Projection) {
        let of = |side: &Side, memberships: &Array1<f32>| {
            let scales = with_one_more(side).mapv(|members| members.sqrt().recip());
            [as_on_average(side, scales), as_on_average(side, memberships.clone())]
        };
        let [user_scales, user_memberships] = of(&layout.users, &self.user_membership);
        let [movie_scales, movie_memberships] = of(&layout.movies, &self.movie_membership);
        let count = self.count.max(1) as f32;
        let users = two_columns(&user_scales, &(user_memberships / count));
        let movies = two_columns(&(movie_memberships / count), &movie_scales);
        self.add_product(users, movies, count, projection);
    }

    /// The posterior mean with at most `rank` factors. The factors of the average user are zero.
    pub(super) fn reduce(&self, rank: usize, projection: &Projection) -> Factors {
        let each = 1.0 / self.count.max(1) as f32;
        let Projection { psi, user_weights, movie_weights, .. } = projection;
        let (mut user_factors, mut movie_factors) =
            low_rank(&(&self.span * each), &(&self.co_span * each), psi, rank);
        user_factors /= &user_weights.view().insert_axis(Axis(1));
        movie_factors /= &movie_weights.view().insert_axis(Axis(1));
        let average_user = centre(&mut user_factors);
        let mut user_biases = &self.user_biases * each;
        let average_bias = user_biases.mean().unwrap_or_default();
        user_biases -= average_bias;
        Factors {
            mean: (self.mean / self.count.max(1) as f64) as f32 + average_bias,
            user_biases,
            movie_biases: &self.movie_biases * each + movie_factors.dot(&average_user),
            user_factors,
            movie_factors,
        }
    }

    /// Writes the sums.
    pub(super) fn save(&self, state: &mut StateWriter<'_>) {
        state.number(self.count as u64);
        state.real(self.mean);
        for vector in [&self.user_biases, &self.movie_biases, &self.user_membership, &self.movie_membership] {
            state.each_float(vector.len(), vector.iter().copied());
        }
        for matrix in [&self.span, &self.co_span] {
            state.each_float(matrix.len(), matrix.iter().copied());
        }
    }

    /// Reads what [`save`](Self::save) wrote.
    pub(super) fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateError> {
        self.count = state.number()? as usize;
        self.mean = state.real()?;
        for vector in [
            &mut self.user_biases,
            &mut self.movie_biases,
            &mut self.user_membership,
            &mut self.movie_membership,
        ] {
            state.floats(vector.as_slice_mut().unwrap_or_default())?;
        }
        for matrix in [&mut self.span, &mut self.co_span] {
            state.floats(matrix.as_slice_mut().unwrap_or_default())?;
        }
        Ok(())
    }

    /// Adds `times a b^T` to the sum of the interactions. Factors are centred first: their mean over users or movies moves
    /// to the biases, where it costs no rank.
    fn add_product(&mut self, mut a: Array2<f32>, mut b: Array2<f32>, times: f32, projection: &Projection) {
        let average_user = centre(&mut a);
        self.movie_biases.scaled_add(times, &b.dot(&average_user));
        let average_movie = centre(&mut b);
        self.user_biases.scaled_add(times, &a.dot(&average_movie));
        a *= &projection.user_weights.view().insert_axis(Axis(1));
        b *= &projection.movie_weights.view().insert_axis(Axis(1));
        general_mat_mul(times, &a, &b.t().dot(&projection.omega), 1.0, &mut self.span);
        general_mat_mul(times, &b, &a.t().dot(&projection.psi), 1.0, &mut self.co_span);
    }
}

/// The number of ratings of each row, plus one.
fn with_one_more(side: &Side) -> Array1<f32> {
    let count =
        |entity: &Option<u32>| entity.map_or(0.0, |entity| side.features.sizes[entity as usize].count);
    side.entities.iter().map(|entity| count(entity) + 1.0).collect()
}

/// The numbers of the rows. Rows without ratings get the average of the others.
fn as_on_average(side: &Side, mut numbers: Array1<f32>) -> Array1<f32> {
    let (mut sum, mut total) = (0.0, 0.0);
    for (&row, size) in side.rows.iter().zip(&side.features.sizes) {
        sum += size.typicality() * numbers[row as usize];
        total += size.typicality();
    }
    for (number, entity) in numbers.iter_mut().zip(&side.entities) {
        if entity.is_none() {
            *number = sum / total;
        }
    }
    numbers
}

fn two_columns(first: &Array1<f32>, second: &Array1<f32>) -> Array2<f32> {
    let mut matrix = Array2::zeros((first.len(), 2));
    matrix.column_mut(0).assign(first);
    matrix.column_mut(1).assign(second);
    matrix
}

/// Subtracts the mean row from all rows.
fn centre(matrix: &mut Array2<f32>) -> Array1<f32> {
    let mean = matrix.mean_axis(Axis(0)).unwrap_or_else(|| Array1::zeros(matrix.ncols()));
    *matrix -= &mean;
    mean
}
