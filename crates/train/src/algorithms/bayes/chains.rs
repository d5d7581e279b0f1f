//! Eight Markov chains over the same ratings.

use super::block::Block;
use super::lanes::{self, LANES, Lanes};
use super::layout::{Layout, Values};
use super::pseudo_observations::PseudoObservations;
use super::random::LaneRandom;
use super::sweep::{SetDraws, Sweep, Workspace};
use crate::state::{StateError, StateReader, StateWriter};

/// The state of eight chains.
pub(super) struct Chains {
    pub(super) users: Block,
    pub(super) movies: Block,
    /// The intercept of all scores.
    pub(super) intercept: Lanes,
    noise_precision: Lanes,
    pseudo: PseudoObservations,
    random: LaneRandom,
}

impl Chains {
    /// Initial chains: small random factors, and the mean of the ratings.
    pub(super) fn new(layout: &Layout, factors: usize, pseudo: PseudoObservations, seed: u64) -> Self {
        let mut random = LaneRandom::new(seed);
        Self {
            users: Block::new(&layout.users, factors, &mut random),
            movies: Block::new(&layout.movies, factors, &mut random),
            intercept: Lanes::splat(pseudo.mean),
            noise_precision: Lanes::splat(1.0),
            pseudo,
            random,
        }
    }

    /// Draws every parameter once, except those of sets that are left out. Returns the root mean squared error before the sweep, averaged over the chains.
    pub(super) fn sweep<T: Copy + Into<Lanes> + Sync>(
        &mut self,
        layout: &Layout,
        values: &Values<T>,
        sets: SetDraws,
        work: &mut Workspace,
    ) -> f64 {
        self.users.draw_priors(&layout.users.features, &self.pseudo, &mut self.random);
        let intercept = self.intercept;
        self.over_users(layout, sets, work).score(intercept, &values.by_user);
        let (sum, squares) = sums(&work.errors);
        let count = work.errors.len() as f64;
        let shift = self.draw_noise_and_intercept(count, &sum, &squares);
        self.over_users(layout, sets, work).draw(shift);
        self.movies.draw_priors(&layout.movies.features, &self.pseudo, &mut self.random);
        let intercept = self.intercept;
        self.over_movies(layout, sets, work).score(intercept, &values.by_movie);
        self.over_movies(layout, sets, work).draw(Lanes::ZERO);
        squares.iter().map(|square| (square / count.max(1.0)).sqrt()).sum::<f64>() / LANES as f64
    }

    fn over_users<'a>(
        &'a mut self,
        layout: &'a Layout,
        sets: SetDraws,
        work: &'a mut Workspace,
    ) -> Sweep<'a> {
        Sweep {
            side: &layout.users,
            block: &mut self.users,
            other: &self.movies,
            noise_precision: self.noise_precision,
            sets,
            work,
            random: &mut self.random,
        }
    }

    fn over_movies<'a>(
        &'a mut self,
        layout: &'a Layout,
        sets: SetDraws,
        work: &'a mut Workspace,
    ) -> Sweep<'a> {
        Sweep {
            side: &layout.movies,
            block: &mut self.movies,
            other: &self.users,
            noise_precision: self.noise_precision,
            sets,
            work,
            random: &mut self.random,
        }
    }

    /// Draws the noise precision given `count` errors, with a gamma prior of shape and rate 1/2, and the intercept given the
    /// errors and the noise, with a flat prior. Both include the pseudo-ratings for few ratings. Returns the change of the
    /// intercept.
    fn draw_noise_and_intercept(&mut self, count: f64, sum: &[f64; LANES], squares: &[f64; LANES]) -> Lanes {
        let pseudo_count = self.pseudo.count;
        let count = count + pseudo_count;
        let gammas = self.random.standard_gamma(f64::midpoint(1.0, count));
        let z = self.random.normal();
        let error_squares = 1.0 + self.pseudo.error_squares();
        // The error of the mean of the pseudo-ratings.
        let pseudo_error = |lane: usize| f64::from(self.pseudo.mean - self.intercept.0[lane]);
        let precision: [f64; LANES] = std::array::from_fn(|lane| {
            let of_mean = pseudo_count * pseudo_error(lane).powi(2);
            gammas[lane] * 2.0 / (error_squares + of_mean + squares[lane])
        });
        let shift = Lanes::from_fn(|lane| {
            let deviation = (precision[lane] * count).sqrt().recip();
            let errors = sum[lane] + pseudo_count * pseudo_error(lane);
            (errors / count + f64::from(z.0[lane]) * deviation) as f32
        });
        self.noise_precision = Lanes::from_fn(|lane| precision[lane] as f32);
        self.intercept += shift;
        shift
    }

    /// Writes everything that sweeps change.
    pub(super) fn save(&self, state: &mut StateWriter<'_>) {
        self.users.save(state);
        self.movies.save(state);
        lanes::save(&[self.intercept, self.noise_precision], state);
        self.random.save(state);
    }

    /// Reads what [`save`](Self::save) wrote.
    pub(super) fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateError> {
        self.users.restore(state)?;
        self.movies.restore(state)?;
        let mut scalars = [Lanes::ZERO; 2];
        lanes::restore(&mut scalars, state)?;
        [self.intercept, self.noise_precision] = scalars;
        self.random.restore(state)
    }
}

/// Sum and sum of squares, lane by lane.
fn sums(errors: &[Lanes]) -> ([f64; LANES], [f64; LANES]) {
    let (mut sums, mut squares) = ([0.0; LANES], [0.0; LANES]);
    // Partial sums in f32 vectorise. Chunks are short enough not to lose precision.
    for chunk in errors.chunks(256) {
        let (mut sum, mut square) = (Lanes::ZERO, Lanes::ZERO);
        for &error in chunk {
            sum += error;
            square += error * error;
        }
        for lane in 0..LANES {
            sums[lane] += f64::from(sum.0[lane]);
            squares[lane] += f64::from(square.0[lane]);
        }
    }
    (sums, squares)
}

#[cfg(test)]
mod tests;
