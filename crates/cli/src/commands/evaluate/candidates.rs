//! The algorithms to compare.

use anyhow::{Result, bail};
use matinee_train::algorithms::{self, Configured};

/// Configures the algorithms, or the one that training takes by default. A hyperparameter without the name of an algorithm is
/// that of the only algorithm.
pub fn candidates(names: &[String], parameters: &[(String, String)]) -> Result<Vec<Configured>> {
    if names.is_empty() && parameters.is_empty() {
        return Ok(vec![algorithms::configure_or_default(None, [])?]);
    }
    let default = [algorithms::DEFAULT.to_owned()];
    let names = if names.is_empty() { &default } else { names };
    for (name, value) in parameters {
        match name.split_once('.') {
            None if names.len() > 1 => {
                bail!(
                    "-p {name}={value} does not say which algorithm it is for; write {}.{name}={value}",
                    names[0]
                )
            }
            Some((algorithm, _)) if !names.iter().any(|name| name == algorithm) => {
                bail!(
                    "-p {name}={value} is for {algorithm}, which is not evaluated; add --algorithm {algorithm}"
                )
            }
            _ => {}
        }
    }
    names.iter().map(|name| Ok(algorithms::configure(name, parameters_of(name, parameters))?)).collect()
}

fn parameters_of<'a>(
    algorithm: &'a str,
    parameters: &'a [(String, String)],
) -> impl Iterator<Item = (&'a str, &'a str)> {
    parameters.iter().filter_map(move |(name, value)| match name.split_once('.') {
        None => Some((name.as_str(), value.as_str())),
        Some((of, name)) => (of == algorithm).then_some((name, value.as_str())),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn configured(names: &[&str], parameters: &[(&str, &str)]) -> Result<Vec<Configured>> {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let own = |&(name, value): &(&str, &str)| (name.to_owned(), value.to_owned());
        candidates(&names, &parameters.iter().map(own).collect::<Vec<_>>())
    }

    #[test]
    fn a_hyperparameter_is_that_of_its_algorithm() {
        let both = configured(&["svd", "als"], &[("als.n_factors", "7"), ("svd.n_factors", "9")]).unwrap();
        let factors: Vec<_> = both.iter().map(|one| one.hyperparameters()["n_factors"].clone()).collect();
        assert_eq!(factors, [9, 7]);
        let one = configured(&["svd"], &[("n_factors", "5")]).unwrap();
        assert_eq!(one[0].hyperparameters()["n_factors"], 5);
        let default = configured(&[], &[("n_factors", "6")]).unwrap();
        assert_eq!((default[0].name(), &default[0].hyperparameters()["n_factors"]), ("bayes", &6.into()));
    }

    #[test]
    fn the_number_of_ratings_may_choose_the_default() {
        let default = configured(&[], &[]).unwrap();
        assert_eq!([0, 10_000_000].map(|ratings| default[0].for_ratings(ratings).name()), ["bayes", "vb"]);
    }

    #[test]
    fn an_ambiguous_or_unused_hyperparameter_is_refused() {
        let refused = |names, parameters| configured(names, parameters).err().unwrap().to_string();
        let error = refused(&["svd", "als"], &[("n_factors", "5")]);
        assert_eq!(error, "-p n_factors=5 does not say which algorithm it is for; write svd.n_factors=5");
        assert!(refused(&["svd"], &[("als.n_factors", "5")]).contains("add --algorithm als"));
    }
}
