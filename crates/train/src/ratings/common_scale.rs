//! Common rating scales, to suggest the one that is meant.

use matinee_model::RatingScale;

use super::reader::Range;
use super::{FaultKind, Report};

/// The lowest and highest rating. The first scale that fits is suggested.
const COMMON: [(f32, f32); 11] = [
    (0.0, 1.0),
    (-1.0, 1.0),
    (1.0, 5.0),
    (0.5, 5.0),
    (0.0, 5.0),
    (1.0, 10.0),
    (0.0, 10.0),
    (-5.0, 5.0),
    (-10.0, 10.0),
    (0.0, 100.0),
    (-100.0, 100.0),
];

/// Adds to the first rating off the scale what to do, and which scale the ratings may be on.
pub(super) fn suggest_scale(range: Range, rating_count: usize, report: &mut Report) {
    let Some(findings) = report.findings_mut(FaultKind::OffScaleRating) else { return };
    let Some((min, max)) = range.ends() else { return };
    // A few may be typing errors, which are corrected one by one. Many have the same cause.
    let are_many = findings.count * 10 >= rating_count as u64;
    if are_many {
        findings.first.truncate(1);
    }
    let remedy = match (common_scale(min, max), are_many) {
        (Some(scale), true) => format!(
            ", but all ratings are on {scale}; if that is their scale, give --scale {scale} (in a job, the \
             hyperparameter `scale`)"
        ),
        (Some(scale), false) => format!(
            "; correct it, or, if the ratings are on {scale}, give --scale {scale} (in a job, the hyperparameter \
             `scale`)"
        ),
        (None, _) => format!(
            "; correct it, or give the scale of the ratings, which go from {min} to {max}, with --scale LOW..HIGH \
             (in a job, the hyperparameter `scale`)"
        ),
    };
    if let Some(fault) = findings.first.first_mut() {
        fault.detail += &remedy;
    }
}

/// The common scale that ratings from `min` to `max` are on. They must use it: ratings up to 20 are hardly on 0..100.
pub(super) fn common_scale(min: f32, max: f32) -> Option<RatingScale> {
    let size = |low: f32, high: f32| low.abs().max(high.abs());
    let is_used = |scale: &RatingScale| size(min, max) * 2.0 >= size(scale.min(), scale.max());
    let scales = COMMON.iter().filter_map(|&(low, high)| RatingScale::new(low, high).ok());
    scales.into_iter().find(|scale| scale.contains(min) && scale.contains(max)).filter(is_used)
}

#[cfg(test)]
mod tests {
    use super::common_scale;

    #[test]
    fn the_narrowest_common_scale_is_named() {
        for (min, max, expected) in [
            (0.0, 1.0, Some("0..1")),
            (-1.0, 1.0, Some("-1..1")),
            (1.0, 5.0, Some("1..5")),
            (0.0, 4.0, Some("0..5")),
            (2.0, 9.0, Some("1..10")),
            (-9.5, 9.0, Some("-10..10")),
            (3.0, 88.0, Some("0..100")),
            (7.0, 10.0, Some("1..10")),
            (1.0, 20.0, None),
            (-3.0, 40.0, None),
            (0.0, 1000.0, None),
        ] {
            assert_eq!(common_scale(min, max).map(|scale| scale.to_string()).as_deref(), expected);
        }
    }
}
