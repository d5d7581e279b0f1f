//! Fold-in: the vector of a visitor in the rating head, computed from a few ratings.
//!
//! With the movies fixed, a user's `(b_u, p_u)` is a linear regression of the ratings on `(1, q_i)`. Its prior is the
//! distribution of the trained users: their mean, and their covariance relative to the noise of ratings.

use ndarray::ArrayView1;

use crate::linear::{Cholesky, add_outer_product};
use crate::{FactorsView, MovieRow};

/// A movie and the rating that somebody gave it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rated {
    /// The movie.
    pub movie: MovieRow,
    /// The rating, on the scale of the model.
    pub rating: f32,
}

/// The prior of a user without ratings: `(b_u, p_u)` is normally distributed.
#[derive(Debug, Clone, PartialEq)]
pub struct UserPrior {
    /// The mean of `(b_u, p_u)`: rank + 1.
    pub mean: Vec<f32>,
    /// The inverse of its covariance times the noise variance of a rating: (rank + 1) x (rank + 1), row-major.
    pub precision: Vec<f32>,
}

/// [`UserPrior`] over borrowed memory.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct UserPriorView<'a> {
    /// The mean of `(b_u, p_u)`: rank + 1.
    pub mean: &'a [f32],
    /// The inverse of its covariance times the noise variance of a rating: (rank + 1) x (rank + 1), row-major.
    pub precision: &'a [f32],
}

/// A user's vector in the rating head.
#[derive(Debug, Clone, PartialEq)]
pub struct UserVector {
    /// `b_u`.
    pub bias: f32,
    /// `p_u`.
    pub factors: Vec<f32>,
}

impl UserPrior {
    /// The prior for a model that has none: each component is shrunk towards 0 with the weight of five ratings.
    pub fn uninformed(rank: usize) -> Self {
        let order = rank + 1;
        let precision = (0..order * order).map(|index| if index % (order + 1) == 0 { 5.0 } else { 0.0 });
        Self { mean: vec![0.0; order], precision: precision.collect() }
    }

    /// The same, borrowed.
    pub fn view(&self) -> UserPriorView<'_> {
        UserPriorView { mean: &self.mean, precision: &self.precision }
    }
}

impl UserPriorView<'_> {
    /// The most probable user given these ratings. Without ratings, the prior mean.
    pub fn fold_in(&self, factors: &FactorsView<'_>, rated: &[Rated]) -> UserVector {
        let order = self.mean.len();
        let mut matrix = self.precision.to_vec();
        let mut solution = vec![0.0; order];
        let mut features = vec![1.0; order];
        for &Rated { movie, rating } in rated {
            factors.movie_factors.row(movie.index()).assign_to(&mut features[1..]);
            let expected = factors.mean
                + factors.movie_biases[movie.index()]
                + crate::factors::dot(&features, self.mean);
            add_outer_product(&mut matrix, &features, 1.0);
            let error = rating - expected;
            solution.iter_mut().zip(&features).for_each(|(sum, feature)| *sum += error * feature);
        }
        match Cholesky::new(matrix, order) {
            Some(cholesky) => cholesky.solve(&mut solution),
            None => solution.fill(0.0),
        }
        solution.iter_mut().zip(self.mean).for_each(|(value, mean)| *value += mean);
        UserVector { bias: solution[0], factors: solution.split_off(1) }
    }
}

impl FactorsView<'_> {
    /// `mean + b_u + b_i + <p_u, q_i>` for a user without a row, not clipped.
    pub fn score_vector(&self, user: &UserVector, movie: MovieRow) -> f32 {
        let user_factors = ArrayView1::from(user.factors.as_slice());
        let interaction = crate::factors::interaction(user_factors, self.movie_factors.row(movie.index()));
        self.mean + user.bias + self.movie_biases[movie.index()] + interaction
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Factors;
    use ndarray::{Array1, Array2};

    fn factors() -> Factors {
        Factors {
            mean: 3.0,
            user_biases: Array1::zeros(0),
            movie_biases: Array1::from_shape_fn(40, |movie| (movie as f32 * 0.7).sin() * 0.3),
            user_factors: Array2::zeros((0, 3)),
            movie_factors: Array2::from_shape_fn((40, 3), |(movie, k)| ((movie * (k + 2)) as f32).cos()),
        }
    }

    #[test]
    fn many_ratings_give_the_vector_that_made_them() {
        let factors = factors();
        let user = UserVector { bias: 0.4, factors: vec![0.5, -0.25, 0.125] };
        let rated: Vec<Rated> = (0..40)
            .map(MovieRow)
            .map(|movie| Rated { movie, rating: factors.view().score_vector(&user, movie) })
            .collect();
        let mut prior = UserPrior::uninformed(3);
        prior.precision.iter_mut().for_each(|entry| *entry *= 1e-4);
        let found = prior.view().fold_in(&factors.view(), &rated);
        assert!((found.bias - user.bias).abs() < 1e-3, "{found:?}");
        for (found, expected) in found.factors.iter().zip(&user.factors) {
            assert!((found - expected).abs() < 1e-3, "{found} {expected}");
        }
    }

    #[test]
    fn without_ratings_a_visitor_is_the_mean_user() {
        let prior = UserPrior { mean: vec![0.1, 0.2, 0.3, 0.4], ..UserPrior::uninformed(3) };
        let found = prior.view().fold_in(&factors().view(), &[]);
        assert_eq!(found, UserVector { bias: 0.1, factors: vec![0.2, 0.3, 0.4] });
    }

    #[test]
    fn one_rating_solves_the_documented_system() {
        let mut factors = Factors::constant(3.0, 0, 1, 1);
        factors.movie_biases.fill(0.5);
        factors.movie_factors.fill(2.0);
        let prior = UserPrior { mean: vec![0.1, 0.2], ..UserPrior::uninformed(1) };
        let found = prior.view().fold_in(&factors.view(), &[Rated { movie: MovieRow(0), rating: 5.0 }]);
        // (5 I + x x') (v - mean) = x error, with x = (1, 2) and the error of the mean user.
        let error = 5.0 - (3.0 + 0.5 + 0.1 + 2.0 * 0.2);
        assert!((found.bias - (0.1 + 0.1 * error)).abs() < 1e-6, "{found:?}");
        assert!((found.factors[0] - (0.2 + 0.2 * error)).abs() < 1e-6, "{found:?}");
    }

    #[test]
    fn ratings_above_expectation_raise_the_predictions() {
        let factors = factors();
        let prior = UserPrior::uninformed(3);
        let visitor = |rating| prior.view().fold_in(&factors.view(), &[Rated { movie: MovieRow(4), rating }]);
        let score = |rating| factors.view().score_vector(&visitor(rating), MovieRow(4));
        assert!(score(1.0) < score(3.0) && score(3.0) < score(5.0) && score(5.0) < 5.0);
    }
}
