//! Which successful requests are logged.

use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicU32, Ordering};

/// The share of the successful requests that are logged. Errors and cold starts are always logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sampling {
    /// The share multiplied by 2^32; `None` means all requests.
    step: Option<u32>,
}

/// A text that is not a share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShareError(String);

impl Sampling {
    /// Every request.
    pub const ALL: Self = Self { step: None };
}

impl FromStr for Sampling {
    type Err = ShareError;

    fn from_str(text: &str) -> Result<Self, ShareError> {
        match text.parse() {
            Ok(1.0) => Ok(Self::ALL),
            Ok(share @ 0.0..1.0) => Ok(Self { step: Some((share * 2_f64.powi(32)) as u32) }),
            _ => Err(ShareError(text.to_owned())),
        }
    }
}

impl fmt::Display for ShareError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not a share; it must be a number from 0 to 1, such as 0.01", self.0)
    }
}

impl std::error::Error for ShareError {}

/// Selects the share, evenly spread. Each request adds the share to a credit, and a request that completes a whole one
/// is logged. So of n requests the share is logged, give or take one, starting with the first.
#[derive(Debug)]
pub(super) struct Sampler {
    sampling: Sampling,
    credit: AtomicU32,
}

impl Sampler {
    pub(super) fn new(sampling: Sampling) -> Self {
        Self { sampling, credit: AtomicU32::new(u32::MAX) }
    }

    /// Whether the next request is logged.
    pub(super) fn takes_next(&self) -> bool {
        let is_whole = |step| self.credit.fetch_add(step, Ordering::Relaxed).checked_add(step).is_none();
        self.sampling.step.is_none_or(is_whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_share_is_spread_evenly_and_starts_with_the_first_request() {
        for (share, of_a_thousand) in [("1", 1000), ("0.5", 500), ("0.25", 250), ("0.01", 10), ("0", 0)] {
            let sampler = Sampler::new(share.parse().unwrap());
            let taken: Vec<bool> = (0..1000).map(|_| sampler.takes_next()).collect();
            let count = |taken: &[bool]| taken.iter().filter(|taken| **taken).count();
            assert!(count(&taken).abs_diff(of_a_thousand) <= 1, "{share}: {}", count(&taken));
            assert!(count(&taken[..500]).abs_diff(of_a_thousand / 2) <= 1, "{share}");
            assert_eq!(taken[0], of_a_thousand > 0, "{share}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_share_or_is_quoted_in_the_error(text in r"\PC{0,12}|-?[0-9](\.[0-9]{0,5})?(e-?[0-9]{1,3})?") {
            match text.parse::<Sampling>() {
                Ok(_) => prop_assert!((0.0..=1.0).contains(&text.parse::<f64>().unwrap())),
                Err(error) => prop_assert!(error.to_string().contains(&text)),
            }
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "-0.1", "1.01", "NaN", "inf", "all", "10%"] {
            let error = text.parse::<Sampling>().unwrap_err().to_string();
            assert!(error.contains(&format!("`{text}`")) && error.contains("0 to 1"), "{error}");
        }
    }
}
