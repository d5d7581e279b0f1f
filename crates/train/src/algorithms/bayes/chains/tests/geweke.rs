//! A test of the joint distribution of parameters and ratings (Geweke, "Getting It Right", 2004).
//!
//! Two simulators draw from it. One draws parameters from the prior, then ratings given the parameters. The other one
//! alternates between a sweep, which draws parameters given the ratings, and new ratings given the parameters. If every
//! conditional distribution of the sweep is that of the same model, both have the same means of any function.

use rand::SeedableRng;
use rand_distr::{Distribution, Gamma, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::state::features;
use super::*;

const FACTORS: usize = 2;
/// The places of the ratings that functions look at.
const PLACES: [usize; 4] = [0, 5, 11, 17];
/// With this many ratings, there are ten pseudo-observations. With none, the prior of the intercept would be flat, and that
/// of the variances so wide that means do not converge.
const RATINGS_OF_PSEUDO: usize = 950;

/// Means over several series, with standard errors from the means of batches. Batches are so long that they hardly depend on
/// each other.
pub(super) struct BatchMeans {
    length: usize,
    /// By series: the unfinished batch.
    current: Vec<(usize, Vec<f64>)>,
    batches: Vec<Vec<f64>>,
}

impl BatchMeans {
    pub(super) fn new(series: usize, length: usize) -> Self {
        Self { length, current: vec![(0, Vec::new()); series], batches: Vec::new() }
    }

    pub(super) fn add(&mut self, series: usize, values: impl IntoIterator<Item = f64>) {
        let (count, sums) = &mut self.current[series];
        for (index, value) in values.into_iter().enumerate() {
            match sums.get_mut(index) {
                Some(sum) => *sum += value,
                None => sums.push(value),
            }
        }
        *count += 1;
        if *count == self.length {
            self.batches.push(sums.drain(..).map(|sum| sum / self.length as f64).collect());
            *count = 0;
        }
    }

    /// The mean of the function with this index, and its standard error.
    pub(super) fn mean(&self, index: usize) -> (f64, f64) {
        let count = self.batches.len() as f64;
        let mean = self.batches.iter().map(|batch| batch[index]).sum::<f64>() / count;
        let squares: f64 = self.batches.iter().map(|batch| (batch[index] - mean).powi(2)).sum();
        (mean, (squares / (count - 1.0) / count).sqrt())
    }
}

#[test]
fn a_sweep_draws_from_the_posterior() {
    let layout = layout(5, 5);
    let independent = from_the_prior(&layout, 200_000);
    let alternating = by_sweeps(&layout, 40_000);
    let mut failures = Vec::new();
    for (index, name) in names(&layout).iter().enumerate() {
        let ((expected, a), (found, b)) = (independent.mean(index), alternating.mean(index));
        let z = (found - expected) / a.hypot(b);
        println!("{name}: {expected:.4} from the prior, {found:.4} by sweeps, deviation {b:.4}, z {z:.1}");
        if z.abs() > 4.5 {
            failures.push(format!("{name} (z {z:.1})"));
        }
    }
    assert!(failures.is_empty(), "{failures:?}");
}

/// Parameters from the prior, and ratings given them.
fn from_the_prior(layout: &Layout, draws: usize) -> BatchMeans {
    let features = features(layout);
    let mut random = Xoshiro256PlusPlus::seed_from_u64(11);
    let mut means = BatchMeans::new(1, 100);
    for _ in 0..draws {
        let state = State::from_prior(layout, &pseudo(RATINGS_OF_PSEUDO), &mut random);
        means.add(0, functions(layout, &features, &state, &mut random));
    }
    means
}

/// Parameters given ratings by sweeps, and ratings given the parameters.
fn by_sweeps(layout: &Layout, sweeps: usize) -> BatchMeans {
    let features = features(layout);
    let mut random = Xoshiro256PlusPlus::seed_from_u64(12);
    let mut chains = Chains::new(layout, FACTORS, pseudo(RATINGS_OF_PSEUDO), 13);
    let (mut means, mut work) = (BatchMeans::new(LANES, 800), Workspace::default());
    let places = places_by_movie(layout);
    for sweep in 0..sweeps + 800 {
        // Each chain has ratings of its own.
        let states: [State; LANES] = std::array::from_fn(|lane| State::of(&chains, lane));
        let mut rating = |features: &Vec<(usize, usize, f64)>| {
            Lanes::from_fn(|lane| states[lane].rating(features, &mut random) as f32)
        };
        let by_user: Vec<Lanes> = features.iter().map(&mut rating).collect();
        let by_movie = places.iter().map(|&place| by_user[place]).collect();
        chains.sweep(layout, &Values { by_user, by_movie }, SetDraws::of(sweep), &mut work);
        if sweep >= 800 {
            for lane in 0..LANES {
                means.add(lane, functions(layout, &features, &State::of(&chains, lane), &mut random));
            }
        }
    }
    means
}

fn normal(random: &mut Xoshiro256PlusPlus) -> f64 {
    StandardNormal.sample(random)
}

fn gamma(shape: f64, rate: f64, random: &mut Xoshiro256PlusPlus) -> f64 {
    Gamma::new(shape, rate.recip()).unwrap().sample(random)
}

impl State {
    /// With `c` pseudo-parameters whose squares sum to `s`, the precision of the parameters of a group has a gamma
    /// distribution with the shape `(1 + c) / 2` and the rate `(1 + s) / 2`, and their mean is normal with `1 + c` times
    /// this precision. The noise precision has the shape `c / 2`, and the intercept `c` times this precision.
    fn from_prior(layout: &Layout, pseudo: &PseudoObservations, random: &mut Xoshiro256PlusPlus) -> Self {
        let count = pseudo.count;
        let noise_precision = gamma(count / 2.0, f64::midpoint(1.0, pseudo.error_squares()), random);
        let intercept = f64::from(pseudo.mean) + normal(random) / (count * noise_precision).sqrt();
        let (mut parameters, mut priors) = ([vec![], vec![]], [vec![], vec![]]);
        for (index, side) in [&layout.users, &layout.movies].into_iter().enumerate() {
            for plane in 0..=FACTORS {
                let (mut of_plane, mut drawn) = (Vec::new(), Vec::new());
                for group in &side.features.groups {
                    let rate = f64::midpoint(1.0, pseudo.parameter_squares(plane));
                    let precision = gamma(f64::midpoint(1.0, count), rate, random);
                    let mean = normal(random) / ((1.0 + count) * precision).sqrt();
                    drawn.extend(group.clone().map(|_| mean + normal(random) / precision.sqrt()));
                    of_plane.push([mean, precision]);
                }
                parameters[index].push(drawn);
                priors[index].push(of_plane);
            }
        }
        Self { intercept, noise_precision, parameters, priors }
    }

    /// A rating with these features.
    fn rating(&self, features: &[(usize, usize, f64)], random: &mut Xoshiro256PlusPlus) -> f64 {
        self.score(features) + normal(random) / self.noise_precision.sqrt()
    }
}

/// Squares and products have wide tails, so they are bounded.
fn bounded(value: f64) -> f64 {
    value / (1.0 + value.abs())
}

/// Functions of the parameters, and of ratings that are drawn given the parameters.
fn functions(
    layout: &Layout,
    features: &[Vec<(usize, usize, f64)>],
    state: &State,
    random: &mut Xoshiro256PlusPlus,
) -> Vec<f64> {
    let intercept = state.intercept - 3.0;
    let mut values = vec![state.noise_precision.ln(), intercept, bounded(intercept * intercept)];
    for (side, (priors, parameters)) in
        [&layout.users, &layout.movies].into_iter().zip(state.priors.iter().zip(&state.parameters))
    {
        for (priors, parameters) in priors.iter().zip(parameters) {
            for ([mean, precision], group) in priors.iter().zip(&side.features.groups) {
                let of_group = &parameters[group.clone()];
                let squares = of_group.iter().map(|value| value * value).sum::<f64>() / of_group.len() as f64;
                values.extend([precision.ln(), *mean, bounded(mean * mean), of_group[0], bounded(squares)]);
            }
        }
    }
    for features in PLACES.map(|place| &features[place]) {
        let rating = state.rating(features, random) - 3.0;
        let pairs = |plane: usize| state.sums(features, plane)[0].powi(2) - state.sums(features, plane)[1];
        let interaction: f64 = (1..=FACTORS).map(pairs).sum();
        let weights = state.sums(features, 0)[0];
        values.extend([rating, bounded(rating * rating), bounded(rating * interaction)]);
        values.extend([bounded(rating * weights), bounded(interaction), bounded(weights * weights)]);
    }
    values
}

/// The names of the [`functions`].
fn names(layout: &Layout) -> Vec<String> {
    let mut names = ["log noise precision", "intercept", "its square"].map(str::to_owned).to_vec();
    for (side, name) in [(&layout.users, "users"), (&layout.movies, "movies")] {
        for plane in 0..=FACTORS {
            for group in 0..side.features.groups.len() {
                for of in ["log precision", "mean", "its square", "first parameter", "mean square"] {
                    names.push(format!("{name}, plane {plane}, group {group}: {of}"));
                }
            }
        }
    }
    for place in PLACES {
        for of in ["itself", "its square", "times interaction", "times weights", "interaction", "weights"] {
            names.push(format!("rating {place}: {of}"));
        }
    }
    names
}
