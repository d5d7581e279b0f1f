//! The points to try.

use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;

use rand::{Rng, RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::algorithms::{self, CHOICES, Choice, ConfigureError, Configured};
use crate::hyperparameters::{Domain, Hyperparameter, HyperparameterError};

/// How points are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// Every combination of the values.
    Grid,
    /// This many at random.
    Random(usize),
}

/// Hyperparameters by name and value. The others have their defaults.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Point(Vec<(&'static str, String)>);

/// The values to try of each hyperparameter of an algorithm.
pub struct Space {
    choice: &'static Choice,
    strategy: Strategy,
    values: Vec<(&'static Hyperparameter, Values)>,
}

/// The hyperparameter that only sets the length of a run. Runs that differ only in it are one run.
const EPOCHS: &str = "n_epochs";

/// The values that are tried by default.
struct Usual {
    algorithm: &'static str,
    grid: &'static [(&'static str, &'static str)],
    random: &'static [(&'static str, &'static str)],
}

/// For `bayes`, the sizes of its factors around the defaults: its hyperpriors learn the rest, and more samples are always
/// better. For `svd`, the grid of the stack that Matinee replaces; for random search, the range from its lowest to its
/// highest values.
const USUAL: &[Usual] = &[
    Usual {
        algorithm: "bayes",
        grid: &[("n_factors", "8,12,16"), ("rank", "16,32")],
        random: &[("n_factors", "4..32:log"), ("rank", "8..64:log")],
    },
    Usual {
        algorithm: "svd",
        grid: &[
            ("n_factors", "10,100,500"),
            ("n_epochs", "5,20,50"),
            ("lr_all", "0.001,0.005,0.02"),
            ("reg_all", "0.005,0.02,0.1"),
        ],
        random: &[
            ("n_factors", "10..500:log"),
            ("n_epochs", "5..50"),
            ("lr_all", "0.001..0.02:log"),
            ("reg_all", "0.005..0.1:log"),
        ],
    },
];

/// The values of one hyperparameter.
#[derive(Debug, Clone, PartialEq)]
enum Values {
    List(Vec<String>),
    Range { low: f64, high: f64, logarithmic: bool },
}

/// Why there are no points to try.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpaceError {
    /// There is no such algorithm, or it has no such hyperparameter or value.
    #[error(transparent)]
    Configure(#[from] ConfigureError),
    /// The values of a hyperparameter are neither a list nor a range.
    #[error(
        "hyperparameter `{name}`: `{text}` is neither a list (10,100,500) nor a range (10..500, or 10..500:log)"
    )]
    Values {
        /// The hyperparameter.
        name: &'static str,
        /// The values as given.
        text: String,
    },
    /// A grid needs a list of values.
    #[error(
        "hyperparameter `{0}` is a range, but a grid needs a list; write 10,100,500, or use random search"
    )]
    RangeInGrid(&'static str),
    /// No values are given, and there are no default ones.
    #[error("algorithm {0} has no default values to try; give some, for example {1}")]
    Nothing(&'static str, String),
    /// A grid so large that it must be a mistake.
    #[error("there are more than {MAX_POINTS} points to try; give fewer values, or fewer random points")]
    TooMany,
}

/// The largest number of points.
pub const MAX_POINTS: usize = 10_000;

/// The hyperparameter of an algorithm that only sets the length of a run.
pub(super) fn shared_epochs(algorithm: &str) -> Option<&'static str> {
    let choice = CHOICES.iter().find(|choice| choice.name == algorithm)?;
    choice.hyperparameters.iter().any(|hyperparameter| hyperparameter.name == EPOCHS).then_some(EPOCHS)
}

impl Space {
    /// The space of an algorithm: the `given` values by name, and the default values of the other hyperparameters.
    pub fn new<'g>(
        algorithm: &str,
        strategy: Strategy,
        given: impl IntoIterator<Item = (&'g str, &'g str)>,
    ) -> Result<Self, SpaceError> {
        let name = algorithms::configure(algorithm, [])?.name();
        // A configured algorithm is one of the choices.
        let choice = CHOICES.iter().find(|choice| choice.name == name).unwrap_or(&CHOICES[0]);
        let mut space = Self { choice, strategy, values: Vec::new() };
        for (name, text) in given {
            space.add(name, text)?;
        }
        let usual = USUAL.iter().find(|usual| usual.algorithm == choice.name);
        let usual = usual.map(|usual| if strategy == Strategy::Grid { usual.grid } else { usual.random });
        for &(name, text) in usual.unwrap_or_default() {
            if space.values.iter().all(|(parameter, _)| parameter.name != name) {
                space.add(name, text)?;
            }
        }
        let order = |parameter: &Hyperparameter| {
            choice.hyperparameters.iter().position(|declared| declared.name == parameter.name)
        };
        space.values.sort_by_key(|(parameter, _)| order(parameter));
        if space.values.is_empty() {
            let example =
                choice.hyperparameters.first().map_or("another algorithm".to_owned(), |parameter| {
                    format!("{}={}", parameter.name, parameter.domain.default())
                });
            return Err(SpaceError::Nothing(choice.name, example));
        }
        Ok(space)
    }

    /// The name of the algorithm.
    pub fn algorithm(&self) -> &'static str {
        self.choice.name
    }

    /// The points. All of them are valid for the algorithm.
    pub fn points(&self, seed: u64) -> Result<Vec<Point>, SpaceError> {
        match self.strategy {
            Strategy::Grid => self.grid(),
            Strategy::Random(count) => self.random(count, seed),
        }
    }

    fn add(&mut self, name: &str, text: &str) -> Result<(), SpaceError> {
        let refuse = |error| ConfigureError::Hyperparameter { algorithm: self.choice.name, error };
        let parameter = Hyperparameter::find(name, self.choice.hyperparameters).map_err(refuse)?;
        if self.values.iter().any(|(known, _)| known.name == parameter.name) {
            return Err(refuse(HyperparameterError::Repeated(parameter.name)).into());
        }
        let values: Values =
            text.parse().map_err(|()| SpaceError::Values { name: parameter.name, text: text.to_owned() })?;
        for value in values.extremes(parameter) {
            algorithms::configure(self.choice.name, [(name, value.as_str())])?;
        }
        self.values.push((parameter, values));
        Ok(())
    }

    fn grid(&self) -> Result<Vec<Point>, SpaceError> {
        let mut points = vec![Point(Vec::new())];
        for (parameter, values) in &self.values {
            let Values::List(list) = values else { return Err(SpaceError::RangeInGrid(parameter.name)) };
            if points.len() * list.len() > MAX_POINTS {
                return Err(SpaceError::TooMany);
            }
            let extended = points.iter().flat_map(|point| {
                list.iter().map(|value| {
                    let mut point = point.clone();
                    point.0.push((parameter.name, value.clone()));
                    point
                })
            });
            points = extended.collect();
        }
        Ok(points)
    }

    fn random(&self, count: usize, seed: u64) -> Result<Vec<Point>, SpaceError> {
        if count > MAX_POINTS {
            return Err(SpaceError::TooMany);
        }
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
        let draw = |_| {
            let values = self.values.iter();
            Point(
                values
                    .map(|(parameter, values)| (parameter.name, values.draw(parameter, &mut random)))
                    .collect(),
            )
        };
        let mut points: Vec<Point> = (0..count).map(draw).collect();
        let mut distinct = HashSet::new();
        points.retain(|point| distinct.insert(point.clone()));
        Ok(points)
    }
}

impl Point {
    /// The algorithm at this point.
    pub fn configure(&self, algorithm: &str) -> Result<Configured, ConfigureError> {
        algorithms::configure(algorithm, self.values())
    }

    /// Names and values.
    pub fn values(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (*name, value.as_str()))
    }

    /// The names.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().map(|(name, _)| *name)
    }

    /// The value of one hyperparameter.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.values().find(|(known, _)| *known == name).map(|(_, value)| value)
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (name, value)) in self.values().enumerate() {
            write!(f, "{}{name}={value}", if index > 0 { " " } else { "" })?;
        }
        Ok(())
    }
}

impl FromStr for Values {
    type Err = ();

    /// Reads `10,100,500`, a JSON list, one value, `10..500`, or `10..500:log`.
    fn from_str(text: &str) -> Result<Self, ()> {
        if let Some((low, high)) = text.split_once("..") {
            let (high, logarithmic) = match high.strip_suffix(":log") {
                Some(high) => (high, true),
                None => (high, false),
            };
            let parse = |bound: &str| bound.trim().parse::<f64>().map_err(|_| ());
            let (low, high) = (parse(low)?, parse(high)?);
            let is_range = low.is_finite() && high.is_finite() && low < high && (low > 0.0 || !logarithmic);
            return if is_range { Ok(Self::Range { low, high, logarithmic }) } else { Err(()) };
        }
        let text = text.trim();
        let text = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
        let list: Vec<String> =
            text.split(',').map(|value| value.trim().trim_matches('"').to_owned()).collect();
        if list.iter().any(String::is_empty) { Err(()) } else { Ok(Self::List(list)) }
    }
}

impl Values {
    /// The values to check: if they are valid, all are.
    fn extremes(&self, parameter: &Hyperparameter) -> Vec<String> {
        match self {
            Self::List(list) => list.clone(),
            Self::Range { low, high, .. } => vec![parameter.text(*low), parameter.text(*high)],
        }
    }

    fn draw(&self, parameter: &Hyperparameter, random: &mut impl Rng) -> String {
        match self {
            Self::List(list) => list[random.random_range(0..list.len())].clone(),
            Self::Range { low, high, logarithmic: true } => {
                parameter.text(random.random_range(low.ln()..high.ln()).exp())
            }
            Self::Range { low, high, .. } => parameter.text(random.random_range(*low..*high)),
        }
    }
}

impl Hyperparameter {
    /// A number as a value of this hyperparameter: rounded if it must be whole, else with four digits.
    fn text(&self, number: f64) -> String {
        if matches!(self.domain, Domain::Integer { .. }) {
            return number.round().to_string();
        }
        format!("{number:.3e}").parse().unwrap_or(number).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{prop_assert, prop_oneof, proptest};

    fn points(algorithm: &str, strategy: Strategy, given: &[(&str, &str)]) -> Result<Vec<Point>, String> {
        let space = Space::new(algorithm, strategy, given.iter().copied());
        space.and_then(|space| space.points(0)).map_err(|error| error.to_string())
    }

    #[test]
    fn the_usual_grid_is_that_of_the_replaced_stack() {
        let points = points("svd", Strategy::Grid, &[]).unwrap();
        assert_eq!(points.len(), 81);
        assert_eq!(points[0].to_string(), "n_factors=10 n_epochs=5 lr_all=0.001 reg_all=0.005");
        assert_eq!(points[80].to_string(), "n_factors=500 n_epochs=50 lr_all=0.02 reg_all=0.1");
    }

    #[test]
    fn the_default_algorithm_has_usual_values() {
        for strategy in [Strategy::Grid, Strategy::Random(6)] {
            let points = points(algorithms::DEFAULT, strategy, &[]).unwrap();
            assert_eq!(points.len(), 6);
        }
    }

    #[test]
    fn given_values_replace_the_usual_ones() {
        let given =
            [("n_epochs", "7"), ("n_factors", "[8, 16]"), ("lr_all", "0.01"), ("biased", "true,false")];
        let points = points("svd", Strategy::Grid, &given).unwrap();
        assert_eq!(points.len(), 2 * 3 * 2);
        assert_eq!(points[0].to_string(), "n_factors=8 n_epochs=7 lr_all=0.01 reg_all=0.005 biased=true");
    }

    #[test]
    fn random_points_are_seeded_and_in_range() {
        let given = [("n_factors", "4..64:log"), ("biased", "true,false"), ("lr_all", "0.01..0.02")];
        let drawn = points("svd", Strategy::Random(50), &given).unwrap();
        assert_eq!(drawn, points("svd", Strategy::Random(50), &given).unwrap());
        assert_eq!(drawn.len(), 50);
        for point in &drawn {
            point.configure("svd").unwrap();
            let rank: usize = point.value("n_factors").unwrap().parse().unwrap();
            let rate: f64 = point.value("lr_all").unwrap().parse().unwrap();
            assert!((4..=64).contains(&rank) && (0.01..=0.02).contains(&rate), "{point}");
        }
        assert_eq!(
            points(
                "svd",
                Strategy::Random(9),
                &[("n_epochs", "5"), ("n_factors", "2,3"), ("lr_all", "0.1"), ("reg_all", "0")]
            )
            .unwrap()
            .len(),
            2
        );
    }

    #[test]
    fn refusals_name_what_is_wrong() {
        for (algorithm, strategy, name, values, named) in [
            ("svm", Strategy::Grid, "n_factors", "1", "unknown algorithm `svm`"),
            ("svd", Strategy::Grid, "n_factor", "1", "unknown hyperparameter `n_factor`"),
            ("svd", Strategy::Grid, "n_factors", "1,,2", "neither a list"),
            (
                "svd",
                Strategy::Grid,
                "n_factors",
                "1,0",
                "`n_factors` is `0`; it must be a whole number from 1",
            ),
            ("svd", Strategy::Grid, "n_factors", "10.5", "`n_factors` is `10.5`"),
            ("svd", Strategy::Grid, "lr_all", "0.1..0.2", "a grid needs a list"),
            ("svd", Strategy::Random(1), "lr_all", "0.2..0.1", "neither a list"),
            ("svd", Strategy::Random(1), "reg_all", "0..0.1:log", "neither a list"),
            ("svd", Strategy::Random(1), "n_factors", "1..5000", "`n_factors` is `5000`"),
            ("svd", Strategy::Random(10_001), "n_factors", "1", "more than 10000 points"),
        ] {
            let refusal = points(algorithm, strategy, &[(name, values)]).unwrap_err();
            assert!(refusal.contains(named), "{name}={values}: {refusal}");
        }
        let refusal = points("bias", Strategy::Grid, &[]).unwrap_err();
        assert!(refusal.contains("no default values") && refusal.contains("n_epochs=10"), "{refusal}");
    }

    proptest! {
        #[test]
        fn any_text_is_values_that_the_algorithm_takes_or_refused(
            text in prop_oneof![".{0,20}", "[0-9.,:elog\\[\\] -]{0,20}"],
            random: bool,
            seed: u64,
        ) {
            let strategy = if random { Strategy::Random(9) } else { Strategy::Grid };
            for name in ["n_factors", "lr_all", "biased"] {
                let Ok(space) = Space::new("svd", strategy, [(name, text.as_str())]) else { continue };
                for point in space.points(seed).unwrap_or_default() {
                    prop_assert!(point.configure("svd").is_ok(), "{name}={text}: {point}");
                }
            }
        }
    }
}
