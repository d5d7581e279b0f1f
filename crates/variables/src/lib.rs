//! Environment variables, read and checked in one way.
//!
//! Invariant: white space around a value does not count, and an empty value counts as missing, because `sam local`
//! sets variables that have no value to the empty string. A value that cannot be used is refused with the name of its
//! variable.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// Finds the value of a variable by its name.
type Lookup<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// The variables of this process, or of a test.
pub struct Variables<'a> {
    lookup: Box<Lookup<'a>>,
    /// What error messages put before each name.
    prefix: &'static str,
}

/// A variable that is missing or has a value that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VariableError {
    /// It is required and not set.
    #[error("the environment variable {name} is missing; set it as template.yaml does")]
    Missing {
        /// Its name.
        name: String,
    },
    /// Its value cannot be used.
    #[error("the environment variable {name} is invalid: {problem}")]
    Invalid {
        /// Its name.
        name: String,
        /// What is wrong with the value, which it quotes.
        problem: String,
    },
}

impl<'a> Variables<'a> {
    /// The variables of this process.
    pub fn of_process() -> Self {
        Self::from_lookup(|name| std::env::var(name).ok())
    }

    /// The variables that `lookup` finds by name.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String> + 'a) -> Self {
        Self { lookup: Box::new(lookup), prefix: "" }
    }

    /// The same variables, whose names have this prefix in error messages. `lookup` is still called without it.
    #[must_use]
    pub fn with_prefix(self, prefix: &'static str) -> Self {
        Self { prefix, ..self }
    }

    /// The value without the white space around it; `None` if the variable is missing or empty.
    pub fn get(&self, name: &str) -> Option<String> {
        let value = (self.lookup)(name)?;
        let trimmed = value.trim();
        (!trimmed.is_empty()).then(|| trimmed.to_owned())
    }

    /// The value of a variable that must be set.
    pub fn require(&self, name: &str) -> Result<String, VariableError> {
        self.get(name).ok_or_else(|| VariableError::Missing { name: self.full_name(name) })
    }

    /// The parsed value of a variable that must be set. The error of `T` must quote the value.
    pub fn require_parsed<T: FromStr<Err: Display>>(&self, name: &str) -> Result<T, VariableError> {
        self.require(name)?.parse().map_err(|error: T::Err| self.invalid(name, error.to_string()))
    }

    /// The parsed value, if the variable is set. The error of `T` must quote the value.
    pub fn parse<T: FromStr<Err: Display>>(&self, name: &str) -> Result<Option<T>, VariableError> {
        self.parse_with(name, str::parse)
    }

    /// The value as `parse` reads it, if the variable is set. The error of `parse` must quote the value.
    pub fn parse_with<T, E: Display>(
        &self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<Option<T>, VariableError> {
        let value = self.get(name);
        let parsed = value.map(|value| parse(&value)).transpose();
        parsed.map_err(|error| self.invalid(name, error.to_string()))
    }

    /// A whole number in `range`, if the variable is set.
    pub fn whole_number<T>(&self, name: &str, range: RangeInclusive<T>) -> Result<Option<T>, VariableError>
    where
        T: FromStr + PartialOrd + Display,
    {
        self.parse_with(name, |text| {
            let number = text.parse().ok().filter(|number| range.contains(number));
            number.ok_or_else(|| {
                format!("`{text}` is not a whole number from {} to {}", range.start(), range.end())
            })
        })
    }

    /// A number of 0 or more, if the variable is set.
    pub fn non_negative(&self, name: &str) -> Result<Option<f64>, VariableError> {
        self.parse_with(name, |text| {
            let number = text.parse().ok().filter(|number: &f64| *number >= 0.0 && number.is_finite());
            number.ok_or_else(|| format!("`{text}` is not a number of 0 or more"))
        })
    }

    /// `true` or `false`, if the variable is set.
    pub fn flag(&self, name: &str) -> Result<Option<bool>, VariableError> {
        self.parse_with(name, |text| {
            text.parse::<bool>().map_err(|_| format!("`{text}` is neither true nor false"))
        })
    }

    fn invalid(&self, name: &str, problem: String) -> VariableError {
        VariableError::Invalid { name: self.full_name(name), problem }
    }

    fn full_name(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Variables of which only `NAME` is set.
    fn only(value: &str) -> Variables<'_> {
        Variables::from_lookup(move |name| (name == "NAME").then(|| value.to_owned()))
    }

    #[test]
    fn white_space_around_a_value_does_not_count() {
        assert_eq!(only(" a b\n").get("NAME").as_deref(), Some("a b"));
        assert_eq!(only(" 7 ").whole_number("NAME", 1..=9), Ok(Some(7)));
    }

    #[test]
    fn an_empty_variable_counts_as_missing() {
        for value in ["", " ", "\t\n"] {
            let variables = only(value);
            assert_eq!(variables.get("NAME"), None);
            assert_eq!(variables.require("NAME"), Err(VariableError::Missing { name: "NAME".to_owned() }));
            assert_eq!(
                variables.require_parsed::<u16>("NAME"),
                Err(VariableError::Missing { name: "NAME".to_owned() })
            );
            assert_eq!(variables.parse::<u16>("NAME"), Ok(None));
            assert_eq!(variables.whole_number("NAME", 1..=9), Ok(None));
            assert_eq!(variables.non_negative("NAME"), Ok(None));
            assert_eq!(variables.flag("NAME"), Ok(None));
        }
    }

    #[test]
    fn another_variable_is_missing() {
        let error = only("value").require("OTHER").unwrap_err().to_string();
        assert!(error.starts_with("the environment variable OTHER is missing"), "{error}");
    }

    #[test]
    fn a_value_of_the_right_form_is_read() {
        assert_eq!(only("80").parse("NAME"), Ok(Some(80_u16)));
        assert_eq!(only("80").require_parsed("NAME"), Ok(80_u16));
        for number in [1, 9] {
            assert_eq!(only(&number.to_string()).whole_number("NAME", 1..=9), Ok(Some(number)));
        }
        assert_eq!(only("0").non_negative("NAME"), Ok(Some(0.0)));
        assert_eq!(only("0.5").non_negative("NAME"), Ok(Some(0.5)));
        assert_eq!(only("true").flag("NAME"), Ok(Some(true)));
        assert_eq!(only("false").flag("NAME"), Ok(Some(false)));
    }

    #[test]
    fn a_value_of_another_form_is_refused_by_name() {
        for (value, problem) in [
            ("0", only("0").whole_number("NAME", 1..=9).err()),
            ("10", only("10").whole_number("NAME", 1..=9).err()),
            ("-1", only("-1").whole_number("NAME", 1..=9).err()),
            ("1.5", only("1.5").whole_number("NAME", 1..=9).err()),
            ("99999999999", only("99999999999").whole_number("NAME", 1..=i32::MAX).err()),
            (
                "http",
                only("http").parse_with("NAME", |text| Err::<(), _>(format!("`{text}` is not a port"))).err(),
            ),
            ("-0.1", only("-0.1").non_negative("NAME").err()),
            ("NaN", only("NaN").non_negative("NAME").err()),
            ("inf", only("inf").non_negative("NAME").err()),
            ("yes", only("yes").flag("NAME").err()),
            ("TRUE", only("TRUE").flag("NAME").err()),
        ] {
            let error = problem.unwrap().to_string();
            let expected = format!("the environment variable NAME is invalid: `{value}` is ");
            assert!(error.starts_with(&expected), "{error}");
        }
    }

    #[test]
    fn errors_name_the_prefix() {
        let variables = only("maybe").with_prefix("MATINEE_");
        assert!(variables.flag("NAME").unwrap_err().to_string().contains(" MATINEE_NAME is invalid"));
        assert!(variables.require("OTHER").unwrap_err().to_string().contains(" MATINEE_OTHER is missing"));
    }

    proptest! {
        #[test]
        fn any_number_is_in_its_range_or_refused_by_name(value in r"\PC{0,12}|-?[0-9]{1,22}(\.[0-9]{0,3})?(e[0-9]{1,3})?") {
            let variables = only(&value);
            let refused = |error: VariableError| {
                let error = error.to_string();
                error.contains("NAME is invalid") && error.contains(value.trim())
            };
            match variables.whole_number("NAME", 3..=70_000_u32) {
                Ok(number) => prop_assert!(number.is_none_or(|number| (3..=70_000).contains(&number))),
                Err(error) => prop_assert!(refused(error)),
            }
            match variables.non_negative("NAME") {
                Ok(number) => prop_assert!(number.is_none_or(|number| number >= 0.0 && number.is_finite())),
                Err(error) => prop_assert!(refused(error)),
            }
        }
    }
}
