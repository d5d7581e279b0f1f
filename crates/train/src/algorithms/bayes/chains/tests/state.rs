//! The state of one chain, and its scores by the definition of a factorisation machine.

use super::*;
use crate::algorithms::bayes::block::Prior;
use crate::algorithms::bayes::layout::SET;

/// The parameters of one chain, in double precision.
pub(super) struct State {
    pub(super) intercept: f64,
    pub(super) noise_precision: f64,
    /// Of the users and of the movies: by plane and feature.
    pub(super) parameters: [Vec<Vec<f64>>; 2],
    /// Of the users and of the movies: mean and precision by plane and group.
    pub(super) priors: [Vec<Vec<[f64; 2]>>; 2],
}

impl State {
    /// One lane of the chains.
    pub(super) fn of(chains: &Chains, lane: usize) -> Self {
        let number = |lanes: &Lanes| f64::from(lanes.0[lane]);
        let blocks = [&chains.users, &chains.movies];
        let parameters = blocks
            .map(|block| block.parameters.iter().map(|plane| plane.iter().map(number).collect()).collect());
        let priors = blocks.map(|block| {
            let prior = |prior: &Prior| [number(&prior.mean), number(&prior.precision)];
            block.priors.iter().map(|plane| plane.iter().map(prior).collect()).collect()
        });
        let (intercept, noise_precision) = (number(&chains.intercept), number(&chains.noise_precision));
        Self { intercept, noise_precision, parameters, priors }
    }

    /// The score of the rating at this place of the users' order: Rendle, "Factorization Machines" (2010), equation 1 and
    /// lemma 3.1.
    pub(super) fn score(&self, features: &[(usize, usize, f64)]) -> f64 {
        let pairs = (1..self.parameters[0].len()).map(|plane| {
            let [sum, squares] = self.sums(features, plane);
            (sum * sum - squares) / 2.0
        });
        self.intercept + self.sums(features, 0)[0] + pairs.sum::<f64>()
    }

    /// `sum x v` and `sum (x v)^2` over the features of a rating.
    pub(super) fn sums(&self, features: &[(usize, usize, f64)], plane: usize) -> [f64; 2] {
        let (mut sum, mut squares) = (0.0, 0.0);
        for &(side, feature, x) in features {
            let term = x * self.parameters[side][plane][feature];
            sum += term;
            squares += term * term;
        }
        [sum, squares]
    }
}

/// User and movie of each rating, in the users' order.
pub(super) fn pairs(layout: &Layout) -> Vec<(usize, usize)> {
    let of_user = |user| layout.users.others(user).iter().map(move |&movie| (user, movie as usize));
    (0..layout.users.len()).flat_map(of_user).collect()
}

/// For each rating in the movies' order, its place in the users' order.
pub(super) fn places_by_movie(layout: &Layout) -> Vec<usize> {
    let pairs = pairs(layout);
    let place = |pair| pairs.iter().position(|other| *other == pair).unwrap();
    let of_movie = |movie| layout.movies.others(movie).iter().map(move |&user| place((user as usize, movie)));
    (0..layout.movies.len()).flat_map(of_movie).collect()
}

/// For each rating, in the users' order: side (0 for users), index and value of each feature.
pub(super) fn features(layout: &Layout) -> Vec<Vec<(usize, usize, f64)>> {
    let of_rating = |(user, movie): (usize, usize)| {
        let mut found = Vec::new();
        for (index, (side, entity)) in
            [(&layout.users, user), (&layout.movies, movie)].into_iter().enumerate()
        {
            for (group, range) in side.features.groups.iter().enumerate() {
                for feature in
                    range.clone().filter(|&feature| side.features.having(feature).contains(&(entity as u32)))
                {
                    let size = side.ratings(entity).len() as f64;
                    found.push((index, feature, if group == SET { size.sqrt().recip() } else { 1.0 }));
                }
            }
        }
        found
    };
    pairs(layout).into_iter().map(of_rating).collect()
}
