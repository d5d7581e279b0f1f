//! Eight Markov chains over the same ratings.

use pulp::{Arch, Simd, WithSimd};

use super::block::Block;
use super::lanes::{self, LANES, Lanes};
use super::layout::Layout;
use super::pseudo_observations::PseudoObservations;
use super::random::LaneRandom;
use super::sweep::{Sweep, Workspace};
use crate::state::{StateError, StateReader, StateWriter};

/// The state of eight chains.
pub(super) struct Chains {
    pub(super) users: Block,
    pub(super) movies: Block,
    /// The intercept of all scores.
    pub(super) intercept: Lanes,
    noise_precision: Lanes,
    pseudo: PseudoObservations,
    /// Rating minus score, in the users' order.
    errors: Vec<Lanes>,
    /// The same in the movies' order, used while the movies are drawn.
    mirrored: Vec<Lanes>,
    user_work: Workspace,
    movie_work: Workspace,
    random: LaneRandom,
}

impl Chains {
    /// Initial chains: small random factors, and the mean of the ratings.
    pub(super) fn new(layout: &Layout, factors: usize, pseudo: PseudoObservations, seed: u64) -> Self {
        let mut random = LaneRandom::new(seed);
        let mut chains = Self {
            users: Block::new(&layout.users, factors, &mut random),
            movies: Block::new(&layout.movies, factors, &mut random),
            intercept: Lanes::splat(pseudo.mean),
            noise_precision: Lanes::splat(1.0),
            pseudo,
            errors: Vec::with_capacity(layout.values.len()),
            mirrored: vec![Lanes::ZERO; layout.values.len()],
            user_work: Workspace::new(layout.users.len()),
            movie_work: Workspace::new(layout.movies.len()),
            random,
        };
        chains.score_all(layout);
        chains
    }

    /// Draws every parameter once. Returns the root mean squared error before the sweep, averaged over the chains.
    pub(super) fn sweep(&mut self, layout: &Layout) -> f64 {
        self.users.draw_priors(&layout.users.features, &self.pseudo, &mut self.random);
        let (sum, squares) = sums(&self.errors);
        let shift = self.draw_noise_and_intercept(&sum, &squares);
        let arch = Arch::new();
        arch.dispatch(UserSweep { chains: self, layout, shift });
        for (mirrored, &place) in self.mirrored.iter_mut().zip(&layout.movies.mirror) {
            *mirrored = self.errors[place as usize];
        }
        self.movies.draw_priors(&layout.movies.features, &self.pseudo, &mut self.random);
        arch.dispatch(MovieSweep { chains: self, layout });
        for (error, &place) in self.errors.iter_mut().zip(&layout.users.mirror) {
            *error = self.mirrored[place as usize];
        }
        let count = self.errors.len().max(1) as f64;
        squares.iter().map(|square| (square / count).sqrt()).sum::<f64>() / LANES as f64
    }

    /// Draws the noise precision given the errors, with a gamma prior of shape and rate 1/2, and the intercept given the
    /// errors and the noise, with a flat prior. Both include the pseudo-ratings for few ratings. Returns the change of the
    /// intercept.
    fn draw_noise_and_intercept(&mut self, sum: &[f64; LANES], squares: &[f64; LANES]) -> Lanes {
        let pseudo_count = self.pseudo.count;
        let count = self.errors.len() as f64 + pseudo_count;
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
        lanes::save(&self.errors, state);
        self.random.save(state);
    }

    /// Reads what [`save`](Self::save) wrote.
    pub(super) fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateError> {
        self.users.restore(state)?;
        self.movies.restore(state)?;
        let mut scalars = [Lanes::ZERO; 2];
        lanes::restore(&mut scalars, state)?;
        [self.intercept, self.noise_precision] = scalars;
        lanes::restore(&mut self.errors, state)?;
        self.random.restore(state)
    }

    fn score_all(&mut self, layout: &Layout) {
        let users = &layout.users;
        for user in 0..users.len() {
            for place in users.ratings(user) {
                let movie = users.others[place] as usize;
                let mut score = self.intercept + self.users.biases[user] + self.movies.biases[movie];
                for (a, b) in self.users.factors.iter().zip(&self.movies.factors) {
                    score += a[user] * b[movie];
                }
                self.errors.push(Lanes::splat(layout.values[place]) - score);
            }
        }
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

struct UserSweep<'a> {
    chains: &'a mut Chains,
    layout: &'a Layout,
    shift: Lanes,
}

struct MovieSweep<'a> {
    chains: &'a mut Chains,
    layout: &'a Layout,
}

/// Whether `S` has fused multiply-add: AVX2 and NEON have it, SSE2 does not.
#[inline(always)]
fn fuses<S: Simd>() -> bool {
    cfg!(target_arch = "aarch64") || S::F32_LANES >= LANES
}

impl WithSimd for UserSweep<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let chains = self.chains;
        let mut sweep = Sweep {
            side: &self.layout.users,
            block: &mut chains.users,
            other: &chains.movies,
            noise_precision: chains.noise_precision,
            errors: &mut chains.errors,
            work: &mut chains.user_work,
            random: &mut chains.random,
        };
        if fuses::<S>() { sweep.run::<true>(self.shift) } else { sweep.run::<false>(self.shift) }
    }
}

impl WithSimd for MovieSweep<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let chains = self.chains;
        let mut sweep = Sweep {
            side: &self.layout.movies,
            block: &mut chains.movies,
            other: &chains.users,
            noise_precision: chains.noise_precision,
            errors: &mut chains.mirrored,
            work: &mut chains.movie_work,
            random: &mut chains.random,
        };
        if fuses::<S>() { sweep.run::<true>(Lanes::ZERO) } else { sweep.run::<false>(Lanes::ZERO) }
    }
}

#[cfg(test)]
mod tests;
