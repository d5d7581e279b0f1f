//! The registry of algorithms. Each reduces to the form that is served: mean, biases and factors.

pub mod als;
pub mod bayes;
mod bias;
mod common_range;
mod mean;
mod sgd;
pub mod svd;
pub mod svdpp;
pub mod vb;
mod vectors;

use std::collections::BTreeMap;

use crate::algorithm::{Algorithm, Fitted, Run, Runs, Training};
use crate::calibration::HOLD_OUTS;
use crate::hyperparameters::{Hyperparameter, HyperparameterError, Hyperparameters, Larger};
use crate::progress::Progress;
use common_range::Mapping;
pub(crate) use common_range::{from_common_range, on_common_range, relative_range};

/// An algorithm with its name and the values of all its hyperparameters.
pub struct Configured {
    choice: &'static Choice,
    hyperparameters: Hyperparameters,
    algorithm: Box<dyn Algorithm>,
    /// Whether nobody chose the algorithm, so that the number of ratings may choose another one.
    is_default: bool,
}

/// An algorithm that can be chosen.
#[derive(Debug, Clone, Copy)]
pub struct Choice {
    /// Its name.
    pub name: &'static str,
    /// A description in one line.
    pub help: &'static str,
    /// The hyperparameters it takes.
    pub hyperparameters: &'static [Hyperparameter],
    /// Other defaults for more ratings, in ascending order of their number.
    pub larger: &'static [Larger],
    /// The hyperparameter that runs raise if they are watched on a hold-out and it pays.
    pub watched: Option<&'static str>,
    build: fn(&Hyperparameters) -> Box<dyn Algorithm>,
}

/// All algorithms, best known first.
pub const CHOICES: &[Choice] = &[
    Choice {
        name: "bayes",
        help: "Bayesian factorisation machine with rated sets, genres, years and title words, by Gibbs sampling",
        hyperparameters: bayes::HYPERPARAMETERS,
        larger: bayes::LARGER,
        watched: Some(bayes::WATCHED),
        build: |values| Box::new(bayes::Bayes::new(values)),
    },
    Choice {
        name: vb::NAME,
        help: "Bayesian matrix factorisation with rated sets, genres, years and title words, by variational inference",
        hyperparameters: vb::HYPERPARAMETERS,
        larger: &[],
        watched: None,
        build: |values| Box::new(vb::Vb::new(values)),
    },
    Choice {
        name: "svd",
        help: "biased matrix factorisation by stochastic gradient descent, as scikit-surprise's SVD",
        hyperparameters: svd::HYPERPARAMETERS,
        larger: &[],
        watched: None,
        build: |values| Box::new(svd::Svd::new(values)),
    },
    Choice {
        name: "svdpp",
        help: "svd with the set of rated movies, as scikit-surprise's SVDpp",
        hyperparameters: svdpp::HYPERPARAMETERS,
        larger: &[],
        watched: None,
        build: |values| Box::new(svdpp::SvdPp::new(values)),
    },
    Choice {
        name: "als",
        help: "biased matrix factorisation by alternating least squares",
        hyperparameters: als::HYPERPARAMETERS,
        larger: &[],
        watched: None,
        build: |values| Box::new(als::Als::new(values)),
    },
    Choice {
        name: "bias",
        help: "mean plus regularised user and movie biases, by alternating least squares",
        hyperparameters: bias::HYPERPARAMETERS,
        larger: &[],
        watched: None,
        build: |values| Box::new(bias::Bias::new(values)),
    },
    Choice {
        name: "mean",
        help: "the mean of all ratings",
        hyperparameters: &[],
        larger: &[],
        watched: None,
        build: |_| Box::new(mean::Mean),
    },
];

/// The name of the default algorithm.
pub const DEFAULT: &str = "bayes";

/// The name of the default algorithm for [`MANY_RATINGS`] or more.
pub const DEFAULT_FOR_MANY: &str = "vb";

/// So many ratings would take [`DEFAULT`] more than half an hour of processor time, and gigabytes of memory.
pub const MANY_RATINGS: usize = 10_000_000;

/// Why an algorithm cannot be configured.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigureError {
    /// There is no such algorithm.
    #[error("unknown algorithm `{name}`; choose one of {known}")]
    Unknown {
        /// The name as given.
        name: String,
        /// The names of all algorithms.
        known: String,
    },
    /// A hyperparameter is not valid.
    #[error("algorithm {algorithm}: {error}")]
    Hyperparameter {
        /// The algorithm.
        algorithm: &'static str,
        /// What is wrong with it.
        error: HyperparameterError,
    },
}

/// Configures the algorithm called `name` with the `given` hyperparameters, and defaults for the others.
pub fn configure<'g>(
    name: &str,
    given: impl IntoIterator<Item = (&'g str, &'g str)>,
) -> Result<Configured, ConfigureError> {
    let choice = Choice::named(name)?;
    let hyperparameters = Hyperparameters::resolve(choice.hyperparameters, given)
        .map_err(|error| ConfigureError::Hyperparameter { algorithm: choice.name, error })?;
    Ok(choice.with(hyperparameters))
}

/// The same, where the algorithm need not be named. If there is neither a name nor a hyperparameter, the number of ratings
/// [chooses the algorithm](Configured::for_ratings). Otherwise it is [`DEFAULT`].
pub fn configure_or_default<'g>(
    name: Option<&str>,
    given: impl IntoIterator<Item = (&'g str, &'g str)>,
) -> Result<Configured, ConfigureError> {
    let mut given = given.into_iter().peekable();
    let is_default = name.is_none() && given.peek().is_none();
    Ok(Configured { is_default, ..configure(name.unwrap_or(DEFAULT), given)? })
}

impl Choice {
    fn named(name: &str) -> Result<&'static Self, ConfigureError> {
        CHOICES.iter().find(|choice| choice.name == name).ok_or_else(|| {
            let known: Vec<&str> = CHOICES.iter().map(|choice| choice.name).collect();
            ConfigureError::Unknown { name: name.to_owned(), known: known.join(", ") }
        })
    }

    /// The default of a hyperparameter, and from how many ratings on it is another one.
    pub fn default_in_words(&self, parameter: &Hyperparameter) -> String {
        let mut values = vec![parameter.domain.default().to_string()];
        let mut last = None;
        for larger in self.larger {
            let other = larger.defaults.iter().find(|(name, _)| *name == parameter.name);
            if let Some(&(_, value)) = other.filter(|other| Some(*other) != last) {
                values.push(format!("from {} ratings {value}", larger.from_ratings));
                last = other;
            }
        }
        values.join(", ")
    }

    fn with(&'static self, hyperparameters: Hyperparameters) -> Configured {
        let algorithm = (self.build)(&hyperparameters);
        Configured { choice: self, hyperparameters, algorithm, is_default: false }
    }
}

impl Configured {
    /// The algorithm's name.
    pub fn name(&self) -> &'static str {
        self.choice.name
    }

    /// The same with the defaults for this number of ratings. An algorithm and hyperparameters that were given stay.
    #[must_use]
    pub fn for_ratings(&self, count: usize) -> Self {
        if self.is_default
            && count >= MANY_RATINGS
            && let Ok(other) = configure(DEFAULT_FOR_MANY, [])
        {
            return other.for_ratings(count);
        }
        let larger = self.choice.larger.iter().rfind(|larger| larger.from_ratings <= count);
        self.choice.with(self.hyperparameters.with_defaults(larger.map_or(&[], |larger| larger.defaults)))
    }

    /// The same with what a watched run has [chosen](Run::chosen).
    #[must_use]
    pub fn with_chosen(&self, chosen: Option<u32>) -> Self {
        let hyperparameters = match (self.choice.watched, chosen) {
            (Some(name), Some(value)) => self.hyperparameters.with(name, value),
            _ => self.hyperparameters.clone(),
        };
        self.choice.with(hyperparameters)
    }

    /// Whether the other is the same algorithm with the same hyperparameters.
    pub fn is_same(&self, other: &Self) -> bool {
        self.name() == other.name() && self.hyperparameters.have_same_values(&other.hyperparameters)
    }

    /// The algorithm as one would name it on the command line, with all its hyperparameters.
    pub fn in_words(&self) -> String {
        let parameters =
            self.hyperparameters().into_iter().map(|(name, value)| format!(" -p {name}={value}"));
        format!("--algorithm {}{}", self.name(), parameters.collect::<String>())
    }

    /// All hyperparameters, defaults included, for the manifest.
    pub fn hyperparameters(&self) -> BTreeMap<String, serde_json::Value> {
        self.hyperparameters.to_json()
    }

    /// The algorithm that can be learned in parts, if it is this one.
    pub(crate) fn vb(&self) -> Option<vb::Vb> {
        (self.choice.name == vb::NAME).then(|| vb::Vb::new(&self.hyperparameters))
    }

    /// Whether its scores are calibrated on hold-outs: see [`crate::calibration`].
    pub fn is_calibrated(&self) -> bool {
        self.algorithm.is_calibrated()
    }

    /// The number of hold-outs that it is measured on, and calibrated.
    pub fn hold_outs(&self) -> usize {
        if self.is_calibrated() { HOLD_OUTS } else { 1 }
    }

    /// Learns mean, biases and factors.
    pub fn fit(&self, training: &Training<'_>, progress: &dyn Progress) -> Fitted {
        Runs::new(vec![self.begin(training)]).complete(progress).fitted.remove(0)
    }

    /// Starts runs that each learn without one of the [`hold_outs`](Self::hold_outs).
    pub fn begin_without_hold_outs<'a>(&'a self, trainings: &[Training<'_>]) -> Runs<'a> {
        let begin = |training: &Training<'_>| {
            begin_on_common_range(training, |training| self.algorithm.begin_without_hold_out(training))
        };
        Runs::new(trainings.iter().map(begin).collect())
    }

    /// Starts a run, which then learns epoch by epoch. What it learns does not depend on the scale of the ratings.
    pub fn begin<'a>(&'a self, training: &Training<'_>) -> Box<dyn Run + 'a> {
        begin_on_common_range(training, |training| self.algorithm.begin(training))
    }
}

fn begin_on_common_range<'a>(
    training: &Training<'_>,
    begin: impl FnOnce(&Training<'_>) -> Box<dyn Run + 'a>,
) -> Box<dyn Run + 'a> {
    match Mapping::of(training.scale) {
        None => begin(training),
        Some(mapping) => mapping.begin(training, begin),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_algorithm_can_be_configured_by_default() {
        for choice in CHOICES {
            let configured = configure(choice.name, []).unwrap();
            assert_eq!(configured.name(), choice.name);
            assert_eq!(configured.hyperparameters().len(), choice.hyperparameters.len());
        }
        configure(DEFAULT, []).unwrap();
    }

    #[test]
    fn the_number_of_ratings_only_chooses_an_algorithm_that_nobody_chose() {
        let name = |name, given: &[(&'static str, &'static str)]| {
            configure_or_default(name, given.iter().copied()).unwrap().for_ratings(MANY_RATINGS).name()
        };
        assert_eq!(name(None, &[]), DEFAULT_FOR_MANY);
        assert_eq!(name(Some("bayes"), &[]), "bayes");
        assert_eq!(name(None, &[("n_chains", "8")]), "bayes");
        assert_eq!(configure_or_default(None, []).unwrap().for_ratings(MANY_RATINGS - 1).name(), DEFAULT);
    }

    #[test]
    fn more_ratings_have_other_defaults_unless_a_value_is_given() {
        let bayes = configure("bayes", [("rank", "16")]).unwrap();
        let at = |ratings: usize| {
            let values = bayes.for_ratings(ratings).hyperparameters();
            ["n_factors", "n_samples", "rank"].map(|name| values[name].as_u64().unwrap())
        };
        assert_eq!(at(0), [24, 24, 16]);
        assert_eq!(at(199_999), [24, 24, 16]);
        assert_eq!(at(200_000), [24, 48, 16]);
        assert_eq!(at(10_000_000), [32, 48, 16]);
        assert!(bayes.is_same(&bayes.for_ratings(1_000)));
        assert!(!bayes.is_same(&bayes.for_ratings(500_000)));
    }

    #[test]
    fn other_defaults_are_valid_and_told_in_words() {
        for choice in CHOICES {
            for larger in choice.larger {
                let values: Vec<(&str, String)> =
                    larger.defaults.iter().map(|(name, value)| (*name, value.to_string())).collect();
                configure(choice.name, values.iter().map(|(name, value)| (*name, value.as_str()))).unwrap();
            }
        }
        let words = |name: &str| {
            let parameter = Hyperparameter::find(name, bayes::HYPERPARAMETERS).unwrap();
            CHOICES[0].default_in_words(parameter)
        };
        assert_eq!(words("n_factors"), "24, from 500000 ratings 32");
        assert_eq!(words("n_samples"), "24, from 200000 ratings 48");
        assert_eq!(words("n_chains"), "16");
    }

    #[test]
    fn errors_name_the_choices() {
        let error = configure("svm", []).err().unwrap();
        assert_eq!(
            error.to_string(),
            "unknown algorithm `svm`; choose one of bayes, vb, svd, svdpp, als, bias, mean"
        );
        let error = configure("mean", [("k", "1")]).err().unwrap();
        assert_eq!(error.to_string(), "algorithm mean: unknown hyperparameter `k`; this algorithm has none");
    }
}
