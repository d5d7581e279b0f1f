//! Numbers in fixed point. Sums of whole numbers are the same in any order, so they do not depend on how the work is
//! divided among threads or machines.
//!
//! A message is an `i16` in units of its sender's choice, and sums of messages are in the same units. Numbers that need more
//! digits are sent as two messages.

/// The number that two messages send is between -1 and 1, in units of 2^-30.
const FRACTION: f64 = (1_u64 << 30) as f64;
/// The unit of the first of two messages, in units of the second: 2^16.
const UPPER: i32 = 1 << 16;
/// The unit of totals over all users: 2^-30. There is room for a sum of eight billion.
const TOTAL: f64 = (1_u64 << 30) as f64;

/// Above 2^52 units, neighbouring numbers in `f64` are one unit apart, so adding this rounds to whole units.
const ROUNDING: f64 = 1.5 * (1_u64 << 52) as f64;
/// The largest message. Larger numbers only occur if the model has diverged. They are cut off.
const LARGEST: f64 = i16::MAX as f64;
/// The largest number in a total.
const LARGEST_IN_TOTAL: f64 = (1_u64 << 51) as f64;

/// The number in whole units, of which there are `units` to 1.
#[inline(always)]
pub(super) fn message(number: f64, units: f64) -> i16 {
    whole(number * units, LARGEST) as i16
}

/// A number between -1 and 1 as two messages.
#[inline(always)]
pub(super) fn halves(number: f64) -> [i16; 2] {
    let number = whole(number * FRACTION, FRACTION) as i32;
    // The second one may be negative, so that it fits.
    let lower = number as i16;
    [((number - i32::from(lower)) / UPPER) as i16, lower]
}

/// The number whose [halves] have these sums.
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
    let rounded = number.clamp(-largest, largest) + ROUNDING;
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
        fn halves_are_joined_after_they_are_added_up(one in -1.0..=1.0_f64, other in -1.0..=1.0_f64) {
            let [one_half, other_half] = [one, other].map(halves);
            let sums = [0, 1].map(|half| f64::from(one_half[half]) + f64::from(other_half[half]));
            prop_assert!((joined(sums) - (one + other)).abs() <= 1.0 / FRACTION);
        }
    }

    #[test]
    fn too_large_numbers_are_cut_off() {
        assert_eq!(message(1e9, 256.0), i16::MAX);
        assert_eq!(message(-1e9, 256.0), -i16::MAX);
        assert_eq!(total(in_total(-1e9)), -((1 << 21) as f64));
        for end in [-1.0, 1.0] {
            assert_eq!(joined(halves(2.0 * end).map(f64::from)), end);
        }
    }
}
