//! Hyperparameters by name. Each algorithm declares its hyperparameters once, and values are checked against them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::Value;

/// One hyperparameter of an algorithm.
#[derive(Debug, Clone, Copy)]
pub struct Hyperparameter {
    /// Its name. The same as in scikit-surprise if that has the parameter.
    pub name: &'static str,
    /// Its possible values and its default.
    pub domain: Domain,
    /// What it does, in one line.
    pub help: &'static str,
}

/// The values that a hyperparameter can have.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Domain {
    /// A whole number.
    Integer {
        /// The default.
        default: u32,
        /// The smallest value.
        min: u32,
        /// The largest value.
        max: u32,
    },
    /// A finite number.
    Real {
        /// The default.
        default: f64,
        /// The smallest value.
        min: f64,
        /// The largest value.
        max: f64,
    },
    /// `true` or `false`.
    Flag {
        /// The default.
        default: bool,
    },
}

/// A value for each hyperparameter of an algorithm.
#[derive(Debug, Clone, PartialEq)]
pub struct Hyperparameters {
    values: BTreeMap<&'static str, Value>,
    /// The names of the values that are defaults.
    defaults: BTreeSet<&'static str>,
}

/// Other defaults, for more ratings.
#[derive(Debug, Clone, Copy)]
pub struct Larger {
    /// The least number of ratings that they are for.
    pub from_ratings: usize,
    /// Whole numbers by name.
    pub defaults: &'static [(&'static str, u32)],
}

/// Why hyperparameters are not valid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HyperparameterError {
    /// The algorithm has no such hyperparameter.
    #[error("unknown hyperparameter `{name}`; this algorithm has {known}")]
    Unknown {
        /// The name as given.
        name: String,
        /// The names of the hyperparameters of this algorithm.
        known: String,
    },
    /// The value is not one of the possible values.
    #[error("hyperparameter `{name}` is `{value}`; it must be {domain}")]
    OutOfRange {
        /// The name.
        name: &'static str,
        /// The value as given.
        value: String,
        /// The possible values.
        domain: String,
    },
    /// A hyperparameter was given twice.
    #[error("hyperparameter `{0}` is given twice")]
    Repeated(&'static str),
}

impl Hyperparameters {
    /// Checks `given` names and values against what the algorithm declares, and adds the defaults.
    pub fn resolve<'g>(
        declared: &[Hyperparameter],
        given: impl IntoIterator<Item = (&'g str, &'g str)>,
    ) -> Result<Self, HyperparameterError> {
        let mut values: BTreeMap<&'static str, Value> = BTreeMap::new();
        for (name, text) in given {
            let parameter = Hyperparameter::find(name, declared)?;
            if values.insert(parameter.name, parameter.parse(text)?).is_some() {
                return Err(HyperparameterError::Repeated(parameter.name));
            }
        }
        let mut defaults = BTreeSet::new();
        for parameter in declared {
            values.entry(parameter.name).or_insert_with(|| {
                defaults.insert(parameter.name);
                parameter.domain.default()
            });
        }
        Ok(Self { values, defaults })
    }

    /// With other defaults. Values that were given stay.
    pub(crate) fn with_defaults(&self, others: &[(&'static str, u32)]) -> Self {
        let used = others.iter().filter(|(name, _)| self.defaults.contains(name));
        let mut with = self.clone();
        with.values.extend(used.map(|&(name, value)| (name, Value::from(value))));
        with
    }

    /// With another whole number, whether the one before was given or not.
    pub(crate) fn with(&self, name: &'static str, value: u32) -> Self {
        let mut with = self.clone();
        with.values.insert(name, value.into());
        with
    }

    /// Whether the values are the same, given or not.
    pub(crate) fn have_same_values(&self, other: &Self) -> bool {
        self.values == other.values
    }

    /// The value of a whole number.
    pub fn integer(&self, name: &str) -> usize {
        self.get(name).as_u64().map_or_else(|| undeclared(name), |value| value as usize)
    }

    /// The value of a number.
    pub fn real(&self, name: &str) -> f32 {
        self.get(name).as_f64().map_or_else(|| undeclared(name), |value| value as f32)
    }

    /// The value of a flag.
    pub fn flag(&self, name: &str) -> bool {
        self.get(name).as_bool().unwrap_or_else(|| undeclared(name))
    }

    /// All values by name, for the manifest.
    pub fn to_json(&self) -> BTreeMap<String, Value> {
        self.values.iter().map(|(&name, value)| (name.to_owned(), value.clone())).collect()
    }

    fn get(&self, name: &str) -> &Value {
        self.values.get(name).unwrap_or_else(|| undeclared(name))
    }
}

/// An algorithm asked for a hyperparameter that it did not declare, or for another type. This is a bug, and the test that
/// configures every algorithm finds it.
fn undeclared<T>(name: &str) -> T {
    unreachable!("hyperparameter `{name}` is not declared with this type")
}

impl Hyperparameter {
    /// The hyperparameter with this name among those that an algorithm declares.
    pub(crate) fn find<'d>(name: &str, declared: &'d [Self]) -> Result<&'d Self, HyperparameterError> {
        let found = declared.iter().find(|parameter| parameter.name == name);
        found.ok_or_else(|| HyperparameterError::unknown(name, declared))
    }

    fn parse(&self, text: &str) -> Result<Value, HyperparameterError> {
        let value = match self.domain {
            Domain::Integer { min, max, .. } => {
                text.parse::<u32>().ok().filter(|value| (min..=max).contains(value)).map(Value::from)
            }
            Domain::Real { min, max, .. } => {
                text.parse::<f64>().ok().filter(|value| (min..=max).contains(value)).map(Value::from)
            }
            Domain::Flag { .. } => match text {
                "true" | "True" | "1" => Some(true.into()),
                "false" | "False" | "0" => Some(false.into()),
                _ => None,
            },
        };
        value.ok_or_else(|| HyperparameterError::OutOfRange {
            name: self.name,
            value: text.to_owned(),
            domain: self.domain.to_string(),
        })
    }
}

impl Domain {
    /// The default.
    pub fn default(self) -> Value {
        match self {
            Self::Integer { default, .. } => default.into(),
            Self::Real { default, .. } => default.into(),
            Self::Flag { default } => default.into(),
        }
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer { min, max, .. } => write!(f, "a whole number from {min} to {max}"),
            Self::Real { min, max, .. } => write!(f, "a number from {min} to {max}"),
            Self::Flag { .. } => write!(f, "true or false"),
        }
    }
}

impl HyperparameterError {
    fn unknown(name: &str, declared: &[Hyperparameter]) -> Self {
        let names: Vec<&str> = declared.iter().map(|parameter| parameter.name).collect();
        let known = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        Self::Unknown { name: name.to_owned(), known }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DECLARED: &[Hyperparameter] = &[
        Hyperparameter { name: "rank", domain: Domain::Integer { default: 8, min: 1, max: 64 }, help: "" },
        Hyperparameter { name: "rate", domain: Domain::Real { default: 0.5, min: 0.0, max: 1.0 }, help: "" },
        Hyperparameter { name: "biased", domain: Domain::Flag { default: true }, help: "" },
    ];

    fn refusal(name: &str, value: &str) -> String {
        Hyperparameters::resolve(DECLARED, [(name, value)]).unwrap_err().to_string()
    }

    #[test]
    fn defaults_fill_what_is_not_given() {
        let values = Hyperparameters::resolve(DECLARED, [("rank", "16"), ("biased", "false")]).unwrap();
        assert_eq!((values.integer("rank"), values.real("rate"), values.flag("biased")), (16, 0.5, false));
        assert_eq!(values.to_json().len(), 3);
    }

    #[test]
    fn errors_name_parameter_value_and_range() {
        assert_eq!(
            refusal("rnak", "8"),
            "unknown hyperparameter `rnak`; this algorithm has rank, rate, biased"
        );
        assert_eq!(
            refusal("rank", "0"),
            "hyperparameter `rank` is `0`; it must be a whole number from 1 to 64"
        );
        assert_eq!(
            refusal("rank", "many"),
            "hyperparameter `rank` is `many`; it must be a whole number from 1 to 64"
        );
        assert_eq!(refusal("rate", "NaN"), "hyperparameter `rate` is `NaN`; it must be a number from 0 to 1");
        assert_eq!(refusal("rate", "inf"), "hyperparameter `rate` is `inf`; it must be a number from 0 to 1");
        assert_eq!(
            refusal("biased", "maybe"),
            "hyperparameter `biased` is `maybe`; it must be true or false"
        );
        let twice = Hyperparameters::resolve(DECLARED, [("rank", "8"), ("rank", "9")]).unwrap_err();
        assert_eq!(twice, HyperparameterError::Repeated("rank"));
    }

    proptest! {
        #[test]
        fn any_value_is_in_its_range_or_refused_by_name(value in prop_oneof![".{0,12}", "-?[0-9.e-]{0,6}"]) {
            for parameter in DECLARED {
                let resolved = Hyperparameters::resolve(DECLARED, [(parameter.name, value.as_str())]);
                match resolved {
                    Ok(values) => {
                        prop_assert!((1..=64).contains(&values.integer("rank")));
                        prop_assert!((0.0..=1.0).contains(&values.real("rate")));
                    }
                    Err(error) => prop_assert!(error.to_string().contains(parameter.name)),
                }
            }
        }
    }
}
