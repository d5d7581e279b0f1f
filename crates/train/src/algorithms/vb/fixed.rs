//! Numbers in fixed point. Sums of whole numbers are the same in any order, so they do not depend on how the work is
//! divided among threads or machines.
//!
//! A message is an `i32` in units of its sender's choice, and sums of messages are `i64` in the same units. Adding two
//! billion messages cannot overflow.

/// The unit of what users send about their posterior: 2^-20. The largest number is 2048.
pub(super) const POSTERIOR: f64 = (1_u64 << 20) as f64;
/// The unit of numbers between -1 and 1: 2^-30.
pub(super) const FRACTION: f64 = (1_u64 << 30) as f64;
/// The unit of totals over all users: 2^-30. There is room for a sum of eight billion.
const TOTAL: f64 = (1_u64 << 30) as f64;

/// Above 2^52 units, neighbouring numbers in `f64` are one unit apart, so adding this rounds to whole units.
const ROUNDING: f64 = 1.5 * (1_u64 << 52) as f64;
/// The largest message. Larger numbers only occur if the model has diverged. They are cut off.
const LARGEST: f64 = i32::MAX as f64;
/// The largest number in a total.
const LARGEST_IN_TOTAL: f64 = (1_u64 << 51) as f64;

/// The number in whole units, of which there are `units` to 1.
#[inline(always)]
pub(super) fn message(number: f64, units: f64) -> i32 {
    whole(number * units, LARGEST) as i32
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
        fn numbers_are_rounded_to_the_nearest_unit(number in -2000.0..2000.0_f64) {
            prop_assert_eq!(message(number, POSTERIOR), (number * POSTERIOR).round_ties_even() as i32);
            prop_assert_eq!(in_total(number), (number * TOTAL).round_ties_even() as i64);
            prop_assert!((total(in_total(number)) - number).abs() <= 0.5 / TOTAL);
        }
    }

    #[test]
    fn too_large_numbers_are_cut_off() {
        assert_eq!(message(1e9, POSTERIOR), i32::MAX);
        assert_eq!(message(-1e9, POSTERIOR), -i32::MAX);
        assert_eq!(total(in_total(-1e9)), -((1 << 21) as f64));
    }
}
