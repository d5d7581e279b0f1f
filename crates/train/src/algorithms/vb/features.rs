//! What is known of a row besides its ratings: the prior means of users and movies.
//!
//! The prior mean of a user is a common mean plus a part for the [rated set](Sets). The prior mean of a movie is a common
//! mean plus parts for its [rater set](Sets) and its [attributes](Attributes). Their coefficients have normal priors: the
//! prior covariance of users or movies, times a ratio for each kind of coefficient. The ratios are estimated like the other
//! hyperparameters: see [`priors`](super::priors).

use super::attributes::Attributes;
use super::facts::Facts;
use super::movies::Rows;
use super::priors::{Prior, further, mean_square};
use super::sets::{Search, Sets};
use crate::state::{StateError, StateReader, StateWriter};

/// The ratios at the start, and of the pseudo-coefficients of [`mean_square`].
const SET_RATIO: f64 = 0.5;
const ATTRIBUTE_RATIO: f64 = 0.1;

/// The coefficients of sets and attributes, and their ratios.
pub(super) struct Features {
    order: usize,
    pub(super) sets: Sets,
    pub(super) attributes: Attributes,
    /// Of the rated sets and of the rater sets.
    pub(super) set_ratios: [f64; 2],
    /// By group of attributes.
    attribute_ratios: Vec<f64>,
}

impl Features {
    /// `groups` has, group by group and attribute by attribute, the movies that have it.
    pub(super) fn new(movie_count: usize, groups: &[Vec<Vec<u32>>], order: usize) -> Self {
        Self {
            order,
            sets: Sets::new(movie_count, order),
            attributes: Attributes::new(groups, movie_count, order),
            set_ratios: [SET_RATIO; 2],
            attribute_ratios: vec![ATTRIBUTE_RATIO; groups.len()],
        }
    }

    /// How far the prior mean of each movie is from that of all movies: movies x order.
    pub(super) fn expected(&self) -> Vec<f32> {
        let mut expected = self.attributes.expected();
        expected.iter_mut().zip(self.sets.expected()).for_each(|(sum, &part)| *sum += part);
        expected
    }

    /// What the next pass adds up for the sets.
    pub(super) fn search<'a>(&'a self, facts: &'a Facts) -> Search<'a> {
        self.sets.search(facts, self.set_ratios[1])
    }

    /// Improves all coefficients and ratios. `steps` are how far the prior means of users and movies have moved since `rows`
    /// were computed, and `priors` are those after that. Ratios may go [further] than to their most probable values.
    pub(super) fn improve(
        &mut self,
        facts: &Facts,
        mut rows: Rows,
        steps: [&[f64]; 2],
        priors: [&Prior; 2],
        rater_variances: f64,
        goes_further: bool,
    ) {
        let [user_step, movie_step] = steps;
        for (deviation, &count) in rows.deviations.chunks_exact_mut(self.order).zip(&facts.movie_counts) {
            if count > 0 {
                deviation.iter_mut().zip(movie_step).for_each(|(entry, &step)| *entry -= step as f32);
            }
        }
        self.explain(&mut rows);
        self.sets.improve(facts, rows, user_step, self.set_ratios);
        let ratios = self.estimates(facts, priors, rater_variances);
        for (ratio, estimate) in self.ratios_mut().zip(ratios) {
            *ratio = if goes_further { further(estimate, *ratio) } else { estimate };
        }
    }

    fn ratios_mut(&mut self) -> impl Iterator<Item = &mut f64> {
        self.set_ratios.iter_mut().chain(&mut self.attribute_ratios)
    }

    /// Improves the coefficients of the attributes, and leaves the deviations that they do not explain.
    fn explain(&mut self, rows: &mut Rows) {
        let before = self.attributes.expected();
        self.attributes.improve(&rows.deviations, &rows.information, &self.attribute_ratios);
        let after = self.attributes.expected();
        // A posterior follows its prior, except for the share of the ratings. Only that share is left to explain.
        let changes = after.chunks_exact(self.order).zip(before.chunks_exact(self.order));
        let deviations = rows.deviations.chunks_exact_mut(self.order);
        for ((deviation, (after, before)), &share) in deviations.zip(changes).zip(&rows.information) {
            for (entry, (after, before)) in deviation.iter_mut().zip(after.iter().zip(before)) {
                *entry -= share * (after - before);
            }
        }
    }

    /// The most probable value of each ratio.
    fn estimates(&self, facts: &Facts, priors: [&Prior; 2], rater_variances: f64) -> Vec<f64> {
        let [users, movies] = priors;
        let order = self.order as f64;
        let of_sets = |ratio: f64, squares: f64, variances: f64, count: usize| {
            mean_square(squares / order + variances, count as f64, ratio)
        };
        let precision = self.set_ratios[0].recip();
        let rated =
            || (0..).zip(&facts.movie_counts).filter(|(_, count)| **count > 0).map(|(movie, _)| movie);
        let squares =
            rated().map(|movie| users.product(self.sets.rated(movie), self.sets.rated(movie))).sum();
        let variances =
            rated().map(|movie| (precision + f64::from(self.sets.shares[movie as usize])).recip()).sum();
        let of_rated = of_sets(SET_RATIO, squares, variances, rated().count());
        let squares =
            rated().map(|movie| movies.product(self.sets.raters(movie), self.sets.expected_of(movie))).sum();
        let of_raters = of_sets(SET_RATIO, squares, rater_variances, facts.rater_count);

        let mut estimates = vec![of_rated, of_raters];
        for (group, ratio) in self.attributes.groups.iter().zip(&self.attribute_ratios) {
            let (mut squares, mut variances) = (0.0, 0.0);
            for attribute in group.clone() {
                let coefficients = self.attributes.coefficients(attribute);
                squares += movies.product(coefficients, coefficients);
                let having = self.attributes.having(attribute);
                let shares: f64 = having.iter().map(|&movie| f64::from(self.sets.information(movie))).sum();
                variances += (ratio.recip() + shares).recip();
            }
            estimates.push(mean_square(squares / order + variances, group.len() as f64, ATTRIBUTE_RATIO));
        }
        estimates
    }

    pub(super) fn save(&self, state: &mut StateWriter<'_>) {
        self.sets.save(state);
        self.attributes.save(state);
        state.reals(&self.set_ratios);
        state.reals(&self.attribute_ratios);
    }

    pub(super) fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateError> {
        self.sets.restore(state)?;
        self.attributes.restore(state)?;
        state.reals(&mut self.set_ratios)?;
        state.reals(&mut self.attribute_ratios)
    }
}
