//! Numbers in fixed point. Sums of whole numbers are the same in any order, so they do not depend on how the work is
//! divided among threads or machines.
//!
//! A message consists of `i16` in units of its sender's choice, and sums of messages are in the same units. A number that needs
//! more digits is split into two.

/// Units to 1 of a number that is split.
pub(super) const FRACTION: f64 = (1_u64 << 30) as f64;
/// The unit of the upper part of a split number, in units of the lower part.
const UPPER: i32 = 1 << 16;
/// The unit of totals over all users: 2^-30. There is room for a sum of eight billion.
const TOTAL: f64 = (1_u64 << 30) as f64;

/// Above 2^52 units, neighbouring numbers in `f64` are one unit apart, so adding this rounds to whole units.
const ROUNDING: f64 = 1.5 * (1_u64 << 52) as f64;
/// The largest number in a message. Larger ones are cut off.
const LARGEST: f64 = i16::MAX as f64;
/// The largest number in a total.
const LARGEST_IN_TOTAL: f64 = (1_u64 << 51) as f64;

/// The number in whole units, of which there are `units` to 1.
#[inline(always)]
pub(super) fn message(number: f64, units: f64) -> i16 {
    whole(number * units, LARGEST) as i16
}

/// Splits a number between -1 and 1 into its upper and its lower part.
#[inline(always)]
pub(super) fn split(number: f64) -> [i16; 2] {
    let number = whole(number * FRACTION, FRACTION) as i32;
    // The lower part may be negative, so that it fits.
    let lower = number as i16;
    [((number - i32::from(lower)) / UPPER) as i16, lower]
}

/// The number that was [split] into parts with these sums.
#[inline(always)]
pub(super) fn joined([upper, lower]: [f64; 2]) -> f64 {
    (upper * f64::from(UPPER) + lower) / FRACTION
}

/// The number in units of totals.
#[inline(always)]
pub(super) fn in_total(number: f64) -> i64 {
    whole(number * TOTAL, LARGEST_IN_TOTAL)
}

/// The real number of a total.
pub(super) fn total(sum: i64) -> f64 {
    sum as f64 / TOTAL
}

#[inline(always)]
fn whole(number: f64, largest: f64) -> i64 {
    // If it is not a number, this is the smallest one, on every machine. `clamp` would keep it.
    let rounded = number.max(-largest).min(largest) + ROUNDING;
    rounded.to_bits().wrapping_sub(ROUNDING.to_bits()).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_are_rounded_to_the_nearest_unit(number in -100.0..100.0_f64) {
            prop_assert_eq!(message(number, 256.0), (number * 256.0).round_ties_even() as i16);
            prop_assert_eq!(in_total(number), (number * TOTAL).round_ties_even() as i64);
            prop_assert!((total(in_total(number)) - number).abs() <= 0.5 / TOTAL);
        }

        #[test]
        fn parts_are_joined_after_they_are_added_up(one in -1.0..=1.0_f64, other in -1.0..=1.0_f64) {
            let [one_parts, other_parts] = [one, other].map(split);
            let sums = [0, 1].map(|part| f64::from(one_parts[part]) + f64::from(other_parts[part]));
            prop_assert!((joined(sums) - (one + other)).abs() <= 1.0 / FRACTION);
        }
    }

    #[test]
    fn too_large_numbers_are_cut_off() {
        assert_eq!(message(1e9, 256.0), i16::MAX);
        assert_eq!(message(-1e9, 256.0), -i16::MAX);
        assert_eq!(total(in_total(-1e9)), -((1 << 21) as f64));
        assert_eq!(message(f64::NAN, 256.0), -i16::MAX);
        for end in [-1.0, 1.0] {
            assert_eq!(joined(split(2.0 * end).map(f64::from)), end);
        }
    }
}
