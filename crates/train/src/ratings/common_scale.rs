//! Common rating scales, to suggest the one that is meant.

use matinee_model::RatingScale;

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
