//! SVD++ by stochastic gradient descent: the `SVDpp` of scikit-surprise.
//!
//! Koren, "Factorization Meets the Neighborhood" (2008), section 3.2 on implicit feedback: a user is `p_u` plus
//! `z_u = |N(u)|^-1/2 sum y_j`, where N(u) is the set of movies that the user rated. For each rating with
//! error `e`: `b += lr (e - reg b)`, `p_u += lr (e q_i - reg p_u)`, `q_i += lr (e (p_u + z_u) - reg q_i)`,
//! and `y_j += lr (e |N(u)|^-1/2 q_i - reg y_j)` for every movie of the set.
//!
//! Taken literally, every rating updates the whole set. But the ratings of a user are visited one after another (as in
//! scikit-surprise). Meanwhile every `y_j` of the set is multiplied by the same factor, and the same vector is added to it.
//! Both are accumulated and applied to the set once, after the user's last rating, and `z_u` is updated in closed form:
//! `z_u = (1 - lr reg) z_u + lr e q_i`. The result is the same, but a rating costs O(rank), not O(rank |N(u)|).

use matinee_model::Factors;
use ndarray::Array1;
use pulp::{Arch, Simd, WithSimd};
use rand::seq::SliceRandom;
use rand_xoshiro::Xoshiro256PlusPlus;

use super::sgd;
use super::vectors::{inner, scale_and_add};
use crate::algorithm::{Algorithm, Fitted, Run, Training};
use crate::hyperparameters::{Hyperparameter, Hyperparameters};
use crate::ratings::Rating;
use crate::seeds;
use crate::state::{StateError, StateReader, StateWriter};

/// The hyperparameters of the algorithm.
pub const HYPERPARAMETERS: &[Hyperparameter] = &sgd::hyperparameters(20, 0.007);

/// The algorithm with its hyperparameters.
#[derive(Debug, Clone, Copy)]
pub struct SvdPp(sgd::Settings);

/// A run in progress.
struct Descent {
    settings: sgd::Settings,
    rating_count: usize,
    mean: f32,
    stride: usize,
    /// The users with ratings, each with the ratings.
    users: Vec<(usize, Vec<Rating>)>,
    user_biases: Vec<f32>,
    movie_biases: Vec<f32>,
    /// `p_u`
    user_factors: Vec<f32>,
    /// `q_i`
    movie_factors: Vec<f32>,
    /// `y_j`
    implicit_factors: Vec<f32>,
    random: Xoshiro256PlusPlus,
}

impl SvdPp {
    /// The algorithm with these values of [`HYPERPARAMETERS`].
    pub fn new(values: &Hyperparameters) -> Self {
        Self(sgd::Settings::new(values))
    }

    fn begin(&self, training: &Training<'_>) -> Descent {
        let mut random = seeds::generator(training.seed, "svdpp");
        let settings = self.0;
        let mut factors = |rows: usize| settings.initial_factors(rows, &mut random);
        let (users, movies) = (training.user_count, training.movie_count);
        let (user_factors, movie_factors, implicit_factors) =
            (factors(users), factors(movies), factors(movies));
        let mut rated = by_user(training);
        for (_, ratings) in &mut rated {
            ratings.shuffle(&mut random);
        }
        Descent {
            settings,
            rating_count: training.ratings.len(),
            mean: training.mean() as f32,
            stride: settings.stride(),
            user_biases: vec![0.0; users],
            movie_biases: vec![0.0; movies],
            user_factors,
            movie_factors,
            implicit_factors,
            users: rated,
            random,
        }
    }
}

impl Algorithm for SvdPp {
    fn begin<'a>(&'a self, training: &Training<'_>) -> Box<dyn Run + 'a> {
        Box::new(SvdPp::begin(self, training))
    }
}

impl Run for Descent {
    fn epochs(&self) -> usize {
        self.settings.epochs
    }

    fn epoch(&mut self) -> f64 {
        let mut order: Vec<usize> = (0..self.users.len()).collect();
        order.shuffle(&mut self.random);
        let squares = Arch::new().dispatch(Pass { descent: self, order });
        (squares / self.rating_count.max(1) as f64).sqrt()
    }

    fn fitted(&self) -> Fitted {
        self.collapse().into()
    }

    fn save(&self, state: &mut StateWriter<'_>) {
        state.value(&self.random);
        for floats in [&self.user_biases, &self.movie_biases, &self.user_factors, &self.movie_factors] {
            state.floats(floats);
        }
        state.floats(&self.implicit_factors);
    }

    fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateError> {
        self.random = state.value()?;
        for floats in
            [&mut self.user_biases, &mut self.movie_biases, &mut self.user_factors, &mut self.movie_factors]
        {
            state.floats(floats)?;
        }
        state.floats(&mut self.implicit_factors)
    }
}

/// The ratings of each user that has some.
fn by_user(training: &Training<'_>) -> Vec<(usize, Vec<Rating>)> {
    let mut users = vec![Vec::new(); training.user_count];
    for rating in training.ratings {
        users[rating.user.index()].push(rating);
    }
    users.into_iter().enumerate().filter(|(_, ratings)| !ratings.is_empty()).collect()
}

/// One pass over all ratings, user by user in this order. Its output is the sum of squared errors, each before its update.
struct Pass<'a> {
    descent: &'a mut Descent,
    order: Vec<usize>,
}

impl WithSimd for Pass<'_> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f64 {
        let Self { descent, order } = self;
        let users = std::mem::take(&mut descent.users);
        let mut set = ImplicitSet::new(descent.stride);
        let mut squares = 0.0;
        for (user, ratings) in order.into_iter().map(|user| &users[user]) {
            set.gather(simd, descent, ratings);
            for rating in ratings {
                let error = descent.step(simd, *user, rating, &mut set);
                squares += f64::from(error) * f64::from(error);
            }
            set.apply(simd, descent, ratings);
        }
        descent.users = users;
        squares
    }
}

/// The set of one user, and how its members have changed since it was gathered: each `y_j` is now `decay y_j + gain`.
struct ImplicitSet {
    /// `z_u`
    sum: Vec<f32>,
    /// `|N(u)|^-1/2`
    scale: f32,
    decay: f32,
    gain: Vec<f32>,
    /// `p_u + z_u` before the update.
    user: Vec<f32>,
}

impl ImplicitSet {
    fn new(stride: usize) -> Self {
        Self {
            sum: vec![0.0; stride],
            scale: 0.0,
            decay: 1.0,
            gain: vec![0.0; stride],
            user: vec![0.0; stride],
        }
    }

    #[inline(always)]
    fn gather<S: Simd>(&mut self, simd: S, descent: &Descent, ratings: &[Rating]) {
        self.scale = (ratings.len() as f32).sqrt().recip();
        self.decay = 1.0;
        self.gain.fill(0.0);
        self.sum.fill(0.0);
        for rating in ratings {
            let row = rating.movie.index() * descent.stride;
            let implicit = &descent.implicit_factors[row..row + descent.stride];
            scale_and_add(simd, &mut self.sum, 1.0, implicit, self.scale);
        }
    }

    #[inline(always)]
    fn apply<S: Simd>(&self, simd: S, descent: &mut Descent, ratings: &[Rating]) {
        for rating in ratings {
            let row = rating.movie.index() * descent.stride;
            let implicit = &mut descent.implicit_factors[row..row + descent.stride];
            scale_and_add(simd, implicit, self.decay, &self.gain, 1.0);
        }
    }
}

impl Descent {
    /// Updates the model for one rating. Returns the error before the update.
    #[inline(always)]
    fn step<S: Simd>(&mut self, simd: S, user: usize, rating: &Rating, set: &mut ImplicitSet) -> f32 {
        let (rate, stride) = (self.settings.learning_rate, self.stride);
        let decay = 1.0 - rate * self.settings.regularisation;
        let (user_row, movie) = (user * stride, rating.movie.index());
        let p = &mut self.user_factors[user_row..user_row + stride];
        let q = &mut self.movie_factors[movie * stride..(movie + 1) * stride];

        set.user.copy_from_slice(p);
        scale_and_add(simd, &mut set.user, 1.0, &set.sum, 1.0);
        let (user_bias, movie_bias) = (&mut self.user_biases[user], &mut self.movie_biases[movie]);
        let interaction = inner(simd, &set.user, q);
        let error = rating.value - (self.mean + *user_bias + *movie_bias + interaction);

        *user_bias = *user_bias * decay + rate * error;
        *movie_bias = *movie_bias * decay + rate * error;
        scale_and_add(simd, &mut set.sum, decay, q, rate * error);
        scale_and_add(simd, &mut set.gain, decay, q, rate * error * set.scale);
        set.decay *= decay;
        scale_and_add(simd, p, decay, q, rate * error);
        scale_and_add(simd, q, decay, &set.user, rate * error);
        error
    }

    /// Users as `p_u + z_u`. Rows without ratings are zero.
    fn collapse(&self) -> Factors {
        let (users, movies) = (self.user_biases.len(), self.movie_biases.len());
        let mut factors = Factors::constant(self.mean, users, movies, self.settings.rank);
        factors.user_biases = Array1::from(self.user_biases.clone());
        factors.movie_biases = Array1::from(self.movie_biases.clone());
        for (user, ratings) in &self.users {
            let scale = (ratings.len() as f32).sqrt().recip();
            let mut row = factors.user_factors.row_mut(*user);
            for (column, factor) in row.iter_mut().enumerate() {
                let implicit =
                    |rating: &Rating| self.implicit_factors[rating.movie.index() * self.stride + column];
                let set: f32 = ratings.iter().map(implicit).sum();
                *factor = self.user_factors[user * self.stride + column] + scale * set;
            }
            for rating in ratings {
                let movie = rating.movie.index();
                let learned = &self.movie_factors[movie * self.stride..];
                for (to, &from) in factors.movie_factors.row_mut(movie).iter_mut().zip(learned) {
                    *to = from;
                }
            }
        }
        factors
    }
}
