//! Which ratings are trained on and which are tested.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::ratings::Rating;

/// Assigns each of `count` ratings to one of `folds` folds at random: sizes differ by at most one.
pub fn random_folds(count: usize, folds: u32, seed: u64) -> Vec<u32> {
    let mut assignment: Vec<u32> = (0..folds).cycle().take(count).collect();
    assignment.shuffle(&mut Xoshiro256PlusPlus::seed_from_u64(seed));
    assignment
}

/// Marks `fraction` of `count` ratings at random.
pub fn random_hold_out(count: usize, fraction: f64, seed: u64) -> Vec<bool> {
    let held_out = (count as f64 * fraction).round() as usize;
    let mut marks: Vec<bool> = (0..count).map(|index| index < held_out).collect();
    marks.shuffle(&mut Xoshiro256PlusPlus::seed_from_u64(seed));
    marks
}

/// The ratings to train on, and those that `is_test` marks.
pub fn divide(ratings: &[Rating], is_test: impl Fn(usize) -> bool) -> (Vec<Rating>, Vec<Rating>) {
    let mut train = Vec::with_capacity(ratings.len());
    let mut test = Vec::new();
    for (index, &rating) in ratings.iter().enumerate() {
        if is_test(index) { test.push(rating) } else { train.push(rating) }
    }
    (train, test)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn folds_are_balanced_and_seeded(count in 0_usize..300, folds in 1_u32..12, seed: u64) {
            let assignment = random_folds(count, folds, seed);
            prop_assert_eq!(&assignment, &random_folds(count, folds, seed));
            let sizes = (0..folds).map(|fold| assignment.iter().filter(|&&of| of == fold).count());
            let (min, max) = (sizes.clone().min().unwrap(), sizes.clone().max().unwrap());
            prop_assert!(max - min <= 1);
            prop_assert_eq!(sizes.sum::<usize>(), count);
        }

        #[test]
        fn the_hold_out_has_its_share(count in 0_usize..300, fraction in 0.0_f64..1.0) {
            let held_out = random_hold_out(count, fraction, 0).iter().filter(|&&mark| mark).count();
            prop_assert_eq!(held_out, (count as f64 * fraction).round() as usize);
        }
    }

    #[test]
    fn other_seeds_give_other_folds() {
        assert_ne!(random_folds(100, 5, 0), random_folds(100, 5, 1));
    }
}
