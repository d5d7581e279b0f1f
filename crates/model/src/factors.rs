//! The factor model: biases and factors of users and movies, and the score they give.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2};

use crate::{MovieRow, UserRow};

/// What an algorithm learns: `score = mean + b_u + b_i + <p_u, q_i>`, before clipping.
#[derive(Debug, Clone, PartialEq)]
pub struct Factors {
    /// The mean of all ratings, or 0 for an unbiased model.
    pub mean: f32,
    /// `b_u`, one per user.
    pub user_biases: Array1<f32>,
    /// `b_i`, one per movie.
    pub movie_biases: Array1<f32>,
    /// `p_u`, users x rank, row-major.
    pub user_factors: Array2<f32>,
    /// `q_i`, movies x rank, row-major.
    pub movie_factors: Array2<f32>,
}

/// [`Factors`] over borrowed memory.
#[derive(Debug, Clone, Copy)]
pub struct FactorsView<'a> {
    /// The mean of all ratings, or 0 for an unbiased model.
    pub mean: f32,
    /// `b_u`, one per user.
    pub user_biases: ArrayView1<'a, f32>,
    /// `b_i`, one per movie.
    pub movie_biases: ArrayView1<'a, f32>,
    /// `p_u`, users x rank, row-major.
    pub user_factors: ArrayView2<'a, f32>,
    /// `q_i`, movies x rank, row-major.
    pub movie_factors: ArrayView2<'a, f32>,
}

impl Factors {
    /// A model of `users` x `movies` that always predicts the `mean`.
    pub fn constant(mean: f32, users: usize, movies: usize, rank: usize) -> Self {
        Self {
            mean,
            user_biases: Array1::zeros(users),
            movie_biases: Array1::zeros(movies),
            user_factors: Array2::zeros((users, rank)),
            movie_factors: Array2::zeros((movies, rank)),
        }
    }

    /// Whether every number is finite.
    pub fn are_finite(&self) -> bool {
        let Self { mean, user_biases, movie_biases, user_factors, movie_factors } = self;
        let biases = user_biases.iter().chain(movie_biases);
        let factors = user_factors.iter().chain(movie_factors);
        mean.is_finite() && biases.chain(factors).all(|number| number.is_finite())
    }

    /// The same, borrowed.
    pub fn view(&self) -> FactorsView<'_> {
        FactorsView {
            mean: self.mean,
            user_biases: self.user_biases.view(),
            movie_biases: self.movie_biases.view(),
            user_factors: self.user_factors.view(),
            movie_factors: self.movie_factors.view(),
        }
    }
}

impl FactorsView<'_> {
    /// `mean + b_u + b_i + <p_u, q_i>`, not clipped. A side that is `None` contributes nothing.
    pub fn score(&self, user: Option<UserRow>, movie: Option<MovieRow>) -> f32 {
        let user_bias = user.map_or(0.0, |row| self.user_biases[row.index()]);
        let movie_bias = movie.map_or(0.0, |row| self.movie_biases[row.index()]);
        let interaction = match (user, movie) {
            (Some(user), Some(movie)) => {
                interaction(self.user_factors.row(user.index()), self.movie_factors.row(movie.index()))
            }
            _ => 0.0,
        };
        self.mean + user_bias + movie_bias + interaction
    }

    /// The length of a factor row.
    pub fn rank(&self) -> usize {
        self.movie_factors.ncols()
    }
}

/// `<p_u, q_i>`, for rows in any memory layout.
pub(crate) fn interaction(user: ArrayView1<'_, f32>, movie: ArrayView1<'_, f32>) -> f32 {
    match (user.to_slice(), movie.to_slice()) {
        (Some(user), Some(movie)) => dot(user, movie),
        _ => user.dot(&movie),
    }
}

/// `<a, b>` in eight partial sums, so that the compiler can use vector registers. The order of the additions is fixed, so
/// the result is the same on every machine.
#[inline]
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    const LANES: usize = 8;
    let (a_lanes, a_tail) = a.as_chunks::<LANES>();
    let (b_lanes, b_tail) = b.as_chunks::<LANES>();
    let mut sums = [0.0_f32; LANES];
    for (a, b) in a_lanes.iter().zip(b_lanes) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let tail: f32 = a_tail.iter().zip(b_tail).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + tail
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::UserVector;
    use ndarray::array;

    fn factors() -> Factors {
        Factors {
            mean: 3.5,
            user_biases: array![0.25, -0.5],
            movie_biases: array![0.125, 0.0],
            user_factors: array![[1.0, 2.0], [0.0, 0.0]],
            movie_factors: array![[0.5, -0.25], [1.0, 1.0]],
        }
    }

    #[test]
    fn the_score_is_the_documented_sum() {
        let factors = factors();
        let score = factors.view().score(Some(UserRow(0)), Some(MovieRow(1)));
        assert_eq!(score, 3.5 + 0.25 + 0.0 + (1.0 * 1.0 + 2.0 * 1.0));
    }

    #[test]
    fn what_is_unknown_contributes_nothing() {
        let factors = factors();
        let view = factors.view();
        assert_eq!(view.score(None, None), 3.5);
        assert_eq!(view.score(None, Some(MovieRow(0))), 3.625);
        assert_eq!(view.score(Some(UserRow(1)), None), 3.0);
    }

    #[test]
    fn the_layout_does_not_matter() {
        let mut factors = factors();
        let rows = factors.view().score(Some(UserRow(0)), Some(MovieRow(0)));
        factors.movie_factors = array![[0.5, 1.0], [-0.25, 1.0]].reversed_axes();
        assert_eq!(factors.view().score(Some(UserRow(0)), Some(MovieRow(0))), rows);
        let user = UserVector { bias: 0.25, factors: vec![1.0, 2.0] };
        assert_eq!(factors.view().score_vector(&user, MovieRow(0)), rows);
    }

    #[test]
    fn additions_have_one_order() {
        let mut factors = Factors::constant(0.0, 1, 1, 8);
        factors.user_factors.fill(1.0);
        factors.movie_factors = array![[1e8, 1.0, 0.0, 0.0, -1e8, 0.0, 0.0, 0.0]];
        assert_eq!(factors.view().score(Some(UserRow(0)), Some(MovieRow(0))), 0.0, "1e8 + 1 is 1e8");
        assert_eq!(factors.view().rank(), 8);
    }

    #[test]
    fn one_number_that_is_not_finite_is_seen_anywhere() {
        assert!(factors().are_finite());
        let break_one: [fn(&mut Factors); 5] = [
            |factors| factors.mean = f32::NAN,
            |factors| factors.user_biases[1] = f32::INFINITY,
            |factors| factors.movie_biases[0] = f32::NAN,
            |factors| factors.user_factors[[1, 1]] = f32::NAN,
            |factors| factors.movie_factors[[0, 1]] = f32::NEG_INFINITY,
        ];
        for break_one in break_one {
            let mut factors = factors();
            break_one(&mut factors);
            assert!(!factors.are_finite(), "{factors:?}");
        }
    }

    #[test]
    fn the_dot_product_covers_lanes_and_tail() {
        for rank in [0, 1, 7, 8, 9, 16, 100] {
            let a = Array1::from_iter((0..rank).map(|i| i as f32));
            let b = Array1::from_elem(rank, 2.0);
            assert_eq!(
                dot(a.as_slice().unwrap(), b.as_slice().unwrap()),
                (0..rank).map(|i| 2.0 * i as f32).sum::<f32>()
            );
        }
    }
}
