//! The parameters of one side in eight chains, and how they are drawn.

use super::lanes::{self, LANES, Lanes};
use super::layout::{Features, SET, Side};
use super::pseudo_observations::PseudoObservations;
use super::random::LaneRandom;
use crate::state::{StateError, StateReader, StateWriter};

/// Standard deviation of the factors at the start.
const INITIAL_DEVIATION: f32 = 0.1;

/// Weights and factors of the features of one side, with their sums for each entity.
pub(super) struct Block {
    /// One-way weights `w` (plane 0) and factors `v_f` (plane 1 + f), by feature.
    pub(super) parameters: Vec<Vec<Lanes>>,
    /// `a_f = sum_j x_j v_jf`, by factor and entity.
    pub(super) factors: Vec<Vec<Lanes>>,
    /// The part of the scores that depends only on the entity: `sum_j x_j w_j`, and the interactions between its own
    /// features, `sum_f sum_{j<k} x_j v_jf x_k v_kf`.
    pub(super) biases: Vec<Lanes>,
    /// The hyperpriors, by plane and group.
    pub(super) priors: Vec<Vec<Prior>>,
}

/// The normal distribution that the parameters of one group and plane are drawn from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Prior {
    pub(super) mean: Lanes,
    pub(super) precision: Lanes,
}

/// Pseudo-observations: the number of parameters, and the sum of their squares.
#[derive(Debug, Clone, Copy)]
struct PseudoParameters {
    count: f64,
    squares: f64,
}

impl Block {
    pub(super) fn new(side: &Side, factors: usize, random: &mut LaneRandom) -> Self {
        let features = &side.features;
        let mut parameters = vec![vec![Lanes::ZERO; features.len()]];
        for _ in 0..factors {
            parameters.push((0..features.len()).map(|_| random.normal() * INITIAL_DEVIATION).collect());
        }
        let prior = Prior { mean: Lanes::ZERO, precision: Lanes::splat(1.0) };
        let mut block = Self {
            parameters,
            factors: vec![vec![Lanes::ZERO; side.len()]; factors],
            biases: vec![Lanes::ZERO; side.len()],
            priors: vec![vec![prior; features.groups.len()]; 1 + factors],
        };
        block.add_up(features);
        block
    }

    /// Computes `factors` and `biases` from the parameters.
    fn add_up(&mut self, features: &Features) {
        let mut squares = vec![Lanes::ZERO; self.biases.len()];
        for (factors, parameters) in self.factors.iter_mut().zip(&self.parameters[1..]) {
            squares.fill(Lanes::ZERO);
            for (group, range) in features.groups.iter().enumerate() {
                for feature in range.clone() {
                    for &entity in features.having(feature) {
                        let entity = entity as usize;
                        let term = parameters[feature] * features.value(group, entity);
                        factors[entity] += term;
                        squares[entity] += term * term;
                    }
                }
            }
            for ((bias, &sum), &squares) in self.biases.iter_mut().zip(factors.iter()).zip(&squares) {
                *bias += (sum * sum - squares) * 0.5;
            }
        }
    }

    /// Draws the hyperpriors given the parameters: a normal-gamma prior with one pseudo-observation of 0, and with those for
    /// few ratings.
    ///
    /// Rendle, "Factorization Machines with libFM" (2012), section 3.3.2, with all hyperparameters 1 but the
    /// prior mean, which is 0.
    pub(super) fn draw_priors(
        &mut self,
        features: &Features,
        pseudo: &PseudoObservations,
        random: &mut LaneRandom,
    ) {
        for (plane, (priors, parameters)) in self.priors.iter_mut().zip(&self.parameters).enumerate() {
            let pseudo_count =
                PseudoParameters { count: pseudo.count, squares: pseudo.parameter_squares(plane) };
            for (prior, range) in priors.iter_mut().zip(&features.groups) {
                if !range.is_empty() {
                    prior.draw(&parameters[range.clone()], pseudo_count, random);
                }
            }
        }
    }

    /// The parameter in plane `plane` of the set feature for an entity of the other side.
    pub(super) fn of_set(&self, features: &Features, plane: usize, other: u32) -> Lanes {
        self.parameters[plane][features.groups[SET].start + other as usize]
    }
}

impl Block {
    /// Writes everything that sweeps change.
    pub(super) fn save(&self, state: &mut StateWriter<'_>) {
        for plane in self.parameters.iter().chain(&self.factors) {
            lanes::save(plane, state);
        }
        lanes::save(&self.biases, state);
        for prior in self.priors.iter().flatten() {
            lanes::save(&[prior.mean, prior.precision], state);
        }
    }

    /// Reads what [`save`](Self::save) wrote.
    pub(super) fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateError> {
        for plane in self.parameters.iter_mut().chain(&mut self.factors) {
            lanes::restore(plane, state)?;
        }
        lanes::restore(&mut self.biases, state)?;
        for prior in self.priors.iter_mut().flatten() {
            let mut pair = [Lanes::ZERO; 2];
            lanes::restore(&mut pair, state)?;
            [prior.mean, prior.precision] = pair;
        }
        Ok(())
    }
}

impl Prior {
    fn draw(&mut self, parameters: &[Lanes], pseudo_count: PseudoParameters, random: &mut LaneRandom) {
        let count = parameters.len() as f64;
        let (mut sums, mut squares) = ([0.0_f64; LANES], [0.0_f64; LANES]);
        // Partial sums in f32 vectorise. Chunks are short enough not to lose precision.
        for chunk in parameters.chunks(256) {
            let (mut sum, mut square) = (Lanes::ZERO, Lanes::ZERO);
            for &parameter in chunk {
                let deviation = parameter - self.mean;
                sum += parameter;
                square += deviation * deviation;
            }
            for lane in 0..LANES {
                sums[lane] += f64::from(sum.0[lane]);
                squares[lane] += f64::from(square.0[lane]);
            }
        }
        let gammas = random.standard_gamma(f64::midpoint(count + pseudo_count.count, 2.0));
        let z = random.normal();
        for lane in 0..LANES {
            let old_mean = f64::from(self.mean.0[lane]);
            // The pseudo-parameters sum to 0, so their squares about the mean are larger by their number times its square.
            let of_mean = (1.0 + pseudo_count.count) * old_mean * old_mean;
            let rate = (1.0 + squares[lane] + of_mean + pseudo_count.squares) / 2.0;
            let precision = gammas[lane] / rate;
            let all = count + 1.0 + pseudo_count.count;
            let deviation = (all * precision).sqrt().recip();
            self.precision.0[lane] = precision as f32;
            self.mean.0[lane] = (sums[lane] / all + f64::from(z.0[lane]) * deviation) as f32;
        }
    }
}
