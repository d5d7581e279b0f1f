//! Bayesian factorisation machine by Gibbs sampling: the most accurate rating model here. It is served as a plain factor
//! model.
//!
//! Rendle, "Factorization Machines with libFM" (2012); Rendle, Zhang, Koren, "On the Difficulty of Evaluating
//! Baselines" (2019): Bayesian SVD++ *flipped*, without time. A score is
//! `w_0 + sum_j x_j w_j + sum_{j<k} x_j x_k <v_j, v_k>` over the features of user and movie: their ids; the
//! movies that the user rated and the users who rated the movie, each set scaled by `|N|^-1/2`; the movie's
//! genres, years and title words. Interactions within one side are a scalar of that side, so each sample is
//! `intercept + s_u + s_i + <a_u, b_i>`.
//!
//! Two things differ from libFM and myFM. First, many short chains are averaged instead of one long one: short chains, not
//! yet far in the tails of their posterior, predict as well individually, and their mean predicts better. Second, the user
//! and movie of a training rating are in each other's sets, but those of a rating to be predicted are not. The score should
//! be the rating that the user would give, so it is predicted as if they were: it adds `x_u c_i + x_i d_u`, where `x` is the scale of the set with one more member,
//! `c_i = w_i + <v_i, b_i>` over the movie's own feature in the users' sets, and `d_u` likewise.

mod block;
mod burn_in;
mod chains;
mod kernel;
mod lanes;
mod layout;
mod posterior;
mod pseudo_observations;
mod random;
mod reduction;
mod samples;
mod sweep;
mod unseen;
mod workspaces;

use rayon::prelude::*;

use super::mean::Mean;
use crate::algorithm::{Algorithm, Fitted, Run, Training};
use crate::calibration::HOLD_OUTS;
use crate::hyperparameters::{Domain, Hyperparameter, Hyperparameters, Larger};
use crate::seeds::derive;
use crate::state::{StateError, StateReader, StateWriter};
use burn_in::BurnIn;
use chains::Chains;
use lanes::LANES;
use layout::Layout;
use posterior::{Posterior, Projection, SPAN, Sample};
use pseudo_observations::PseudoObservations;
use sweep::SetDraws;
use unseen::Unseen;
use workspaces::Workspaces;

/// The hyperparameters of the algorithm.
pub const HYPERPARAMETERS: &[Hyperparameter] = &[
    Hyperparameter {
        name: "n_factors",
        domain: Domain::Integer { default: 24, min: 1, max: 256 },
        help: "factors of each sample",
    },
    Hyperparameter {
        name: "n_burn_in",
        domain: Domain::Integer { default: 8, min: 0, max: 10_000 },
        help: "sweeps of each chain before its samples count, at least",
    },
    Hyperparameter {
        name: "max_burn_in",
        domain: Domain::Integer { default: 64, min: 0, max: 10_000 },
        help: "limit of n_burn_in, which grows as long as the hold-outs show that it pays",
    },
    Hyperparameter {
        name: "n_samples",
        domain: Domain::Integer { default: 24, min: 1, max: 10_000 },
        help: "samples of each chain, one per sweep",
    },
    Hyperparameter {
        name: "n_chains",
        domain: Domain::Integer { default: 16, min: 1, max: 1024 },
        help: "chains that are averaged, rounded up to a multiple of eight",
    },
    Hyperparameter {
        name: "rank",
        domain: Domain::Integer { default: 32, min: 1, max: SPAN as u32 },
        help: "factors that the posterior mean is reduced to",
    },
    Hyperparameter {
        name: "calibrated",
        domain: Domain::Flag { default: true },
        help: "whether scores are corrected by what a hold-out shows",
    },
];

/// Hundreds of thousands of ratings can teach more: chains that are averaged for longer, and more factors.
pub const LARGER: &[Larger] = &[
    Larger { from_ratings: 200_000, defaults: &[("n_samples", 48), ("rank", 48)] },
    Larger { from_ratings: 500_000, defaults: &[("n_factors", 32), ("n_samples", 48), ("rank", 48)] },
];

/// The hyperparameter that watched runs raise.
pub const WATCHED: &str = "n_burn_in";

/// The algorithm with its hyperparameters.
#[derive(Debug, Clone, Copy)]
pub struct Bayes {
    factors: usize,
    burn_in: usize,
    max_burn_in: usize,
    samples: usize,
    groups: usize,
    rank: usize,
    calibrated: bool,
}

/// A run in progress.
struct Sampling {
    algorithm: Bayes,
    layout: Layout,
    projection: Projection,
    unseen: [Unseen; 2],
    groups: Vec<Group>,
    burn_in: BurnIn,
    workspaces: Workspaces,
    sweeps_done: usize,
}

/// Eight chains, and the sums over their samples.
struct Group {
    chains: Chains,
    posterior: Posterior,
}

impl Bayes {
    /// The algorithm with these values of [`HYPERPARAMETERS`].
    pub fn new(values: &Hyperparameters) -> Self {
        Self {
            factors: values.integer("n_factors"),
            burn_in: values.integer("n_burn_in"),
            max_burn_in: values.integer("max_burn_in"),
            samples: values.integer("n_samples"),
            groups: values.integer("n_chains").div_ceil(LANES),
            rank: values.integer("rank"),
            calibrated: values.flag("calibrated"),
        }
    }
}

impl Algorithm for Bayes {
    fn is_calibrated(&self) -> bool {
        self.calibrated
    }

    fn begin<'a>(&'a self, training: &Training<'_>) -> Box<dyn Run + 'a> {
        if training.ratings.is_empty() {
            return Mean.begin(training);
        }
        Box::new(Sampling::new(*self, training))
    }

    /// The chains are divided among the hold-outs, and end after a third of the samples: this costs 0.0001 of RMSE. But there are
    /// enough of them to watch the burn-in.
    fn begin_without_hold_out<'a>(&'a self, training: &Training<'_>) -> Box<dyn Run + 'a> {
        if training.ratings.is_empty() {
            return Mean.begin(training);
        }
        let share = Self {
            groups: self.groups.div_ceil(HOLD_OUTS),
            samples: self.samples.div_ceil(3).max(self.samples.min(burn_in::WINDOW)),
            ..*self
        };
        Box::new(Sampling::new(share, training))
    }
}

impl Sampling {
    fn new(algorithm: Bayes, training: &Training<'_>) -> Self {
        let attributes = training.attributes.groups();
        let mut layout = Layout::new(training.user_count, training.movie_count, training.ratings, attributes);
        // If there are fewer threads than groups, each has a group to itself.
        let threads = rayon::current_num_threads();
        if threads > algorithm.groups {
            layout.divide(threads);
        }
        let projection = Projection::new(&layout, derive(training.seed, "bayes projection", 0));
        let pseudo = PseudoObservations::new(training.ratings.len(), training.mean() as f32, training.scale);
        let group = |index: usize| Group {
            chains: Chains::new(
                &layout,
                algorithm.factors,
                pseudo,
                derive(training.seed, "bayes chains", index as u64),
            ),
            posterior: Posterior::new(&projection),
        };
        let groups = (0..algorithm.groups).into_par_iter().map(group).collect();
        let unseen = [Unseen::new(&layout.users, &[]), Unseen::new(&layout.movies, attributes)];
        let burn_in = BurnIn::of(algorithm.burn_in);
        let workspaces = Workspaces::default();
        Self { algorithm, layout, projection, unseen, groups, burn_in, workspaces, sweeps_done: 0 }
    }

    /// Drops the samples so far.
    fn forget_samples(&mut self) {
        for group in &mut self.groups {
            group.posterior = Posterior::new(&self.projection);
        }
    }

    /// The sums over the samples of all chains, in the order of the groups.
    fn posterior(&self) -> Posterior {
        let mut sum = Posterior::new(&self.projection);
        for group in &self.groups {
            sum.merge(&group.posterior);
        }
        sum.add_membership(&self.layout, &self.projection);
        sum
    }
}

impl Run for Sampling {
    fn epochs(&self) -> usize {
        self.burn_in.sweeps() + self.algorithm.samples
    }

    /// One sweep of all chains. After the burn-in, their states become samples. Returns the root mean squared error
    /// before the sweep, averaged over the chains.
    fn epoch(&mut self) -> f64 {
        self.sweeps_done += 1;
        let needs_sample = self.burn_in.needs_sample(self.sweeps_done);
        let sets = SetDraws::of(self.sweeps_done);
        let is_last = self.sweeps_done == self.epochs();
        let Self { layout, projection, unseen, groups, workspaces, .. } = self;
        let step = |group: &mut Group| {
            let rmse = workspaces.lend(|work| group.chains.sweep(layout, &layout.values, sets, work));
            if needs_sample {
                group.posterior.add(Sample::of(&group.chains, layout, unseen), projection);
            }
            rmse
        };
        let errors: Vec<f64> = groups.par_iter_mut().map(step).collect();
        if is_last {
            workspaces.clear();
        }
        errors.iter().sum::<f64>() / errors.len() as f64
    }

    fn fitted(&self) -> Fitted {
        let posterior = self.posterior();
        let unreduced = (self.algorithm.rank < SPAN).then(|| posterior.reduce(SPAN, &self.projection));
        Fitted { factors: posterior.reduce(self.algorithm.rank, &self.projection), unreduced }
    }

    fn watch(&mut self) {
        self.burn_in.watch(self.algorithm.max_burn_in);
    }

    fn asks(&self) -> bool {
        self.burn_in.asks(self.sweeps_done)
    }

    fn tell(&mut self, rmse: f64) {
        if self.burn_in.tell(rmse) {
            self.forget_samples();
        }
    }

    fn chosen(&self) -> Option<u32> {
        self.burn_in.is_watched().then_some(self.burn_in.sweeps() as u32)
    }

    fn save(&self, state: &mut StateWriter<'_>) {
        state.number(self.sweeps_done as u64);
        self.burn_in.save(state);
        for group in &self.groups {
            group.chains.save(state);
            group.posterior.save(state);
        }
    }

    fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateError> {
        self.sweeps_done = state.number()? as usize;
        self.burn_in.restore(state)?;
        for group in &mut self.groups {
            group.chains.restore(state)?;
            group.posterior.restore(state)?;
        }
        Ok(())
    }
}
