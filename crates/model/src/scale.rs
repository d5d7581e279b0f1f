//! The scale that ratings are given on.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The lowest and the highest rating. Both are finite, and `min < max`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Bounds", into = "Bounds")]
pub struct RatingScale {
    min: f32,
    max: f32,
}

impl RatingScale {
    /// Half stars from 0.5 to 5: every MovieLens release since 2003.
    pub const MOVIELENS: Self = Self { min: 0.5, max: 5.0 };

    /// A scale from `min` to `max`, inclusive.
    pub fn new(min: f32, max: f32) -> Result<Self, ScaleError> {
        if min.is_finite() && max.is_finite() && min < max {
            Ok(Self { min, max })
        } else {
            Err(ScaleError::Bounds { min, max })
        }
    }

    /// The lowest rating.
    pub fn min(self) -> f32 {
        self.min
    }

    /// The highest rating.
    pub fn max(self) -> f32 {
        self.max
    }

    /// Whether `rating` is on this scale. Steps are not checked.
    pub fn contains(self, rating: f32) -> bool {
        (self.min..=self.max).contains(&rating)
    }

    /// The rating on this scale that is nearest to `score`.
    pub fn clip(self, score: f32) -> f32 {
        score.clamp(self.min, self.max)
    }
}

impl fmt::Display for RatingScale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.min, self.max)
    }
}

impl FromStr for RatingScale {
    type Err = ScaleError;

    /// Reads `LOW..HIGH`, for example `0.5..5`.
    fn from_str(text: &str) -> Result<Self, ScaleError> {
        let syntax = || ScaleError::Syntax(text.to_owned());
        let (min, max) = text.split_once("..").ok_or_else(syntax)?;
        let parse = |bound: &str| bound.trim().parse::<f32>().map_err(|_| syntax());
        Self::new(parse(min)?, parse(max)?)
    }
}

/// Why a rating scale is not valid.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ScaleError {
    /// The bounds are not finite, or not in order.
    #[error("a rating scale needs finite bounds in ascending order, got {min}..{max}")]
    Bounds {
        /// The lower bound as given.
        min: f32,
        /// The upper bound as given.
        max: f32,
    },
    /// The text is not `LOW..HIGH`.
    #[error("`{0}` is not a rating scale; write LOW..HIGH, for example 0.5..5")]
    Syntax(String),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Bounds {
    min: f32,
    max: f32,
}

impl TryFrom<Bounds> for RatingScale {
    type Error = ScaleError;

    fn try_from(bounds: Bounds) -> Result<Self, ScaleError> {
        Self::new(bounds.min, bounds.max)
    }
}

impl From<RatingScale> for Bounds {
    fn from(scale: RatingScale) -> Self {
        Self { min: scale.min, max: scale.max }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_what_it_writes() {
        let scale = RatingScale::MOVIELENS;
        assert_eq!(scale.to_string().parse(), Ok(scale));
    }

    #[test]
    fn refuses_bounds_that_are_no_scale() {
        for text in ["5..0.5", "1..1", "nan..5", "1..inf", "1-5", "", ".."] {
            assert!(text.parse::<RatingScale>().is_err(), "{text}");
        }
    }

    #[test]
    fn clips_to_its_ends() {
        let scale = RatingScale::MOVIELENS;
        assert_eq!([-1.0, 3.3, 9.0].map(|score| scale.clip(score)), [0.5, 3.3, 5.0]);
        assert!(scale.contains(0.5) && scale.contains(5.0) && !scale.contains(5.5));
    }

    proptest! {
        #[test]
        fn any_text_is_a_scale_that_reads_back_or_refused(text in prop_oneof![".{0,12}", "-?[0-9.e]{0,5}[.]{2}-?[0-9.e]{0,5}"]) {
            if let Ok(scale) = text.parse::<RatingScale>() {
                prop_assert!(scale.min() < scale.max() && scale.min().is_finite() && scale.max().is_finite());
                prop_assert_eq!(scale.to_string().parse(), Ok(scale));
            }
        }
    }
}
