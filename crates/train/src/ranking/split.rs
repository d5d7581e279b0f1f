//! Hold-outs by user: a share of each user's ratings, either random or the latest.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::ratings::Rating;

/// Marks `fraction` of each user's ratings at random.
pub fn random_per_user(ratings: &[Rating], fraction: f64, seed: u64) -> Vec<bool> {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    mark(ratings, fraction, |indices| indices.shuffle(&mut random))
}

/// Marks the latest `fraction` of each user's ratings. Ratings with the same time are ordered as in the file.
pub fn latest_per_user(ratings: &[Rating], timestamps: &[i64], fraction: f64) -> Vec<bool> {
    mark(ratings, fraction, |indices| indices.sort_by_key(|&index| timestamps[index]))
}

/// Marks the last `fraction` of each user's ratings in the order that `arrange` gives them.
fn mark(ratings: &[Rating], fraction: f64, mut arrange: impl FnMut(&mut [usize])) -> Vec<bool> {
    let mut by_user: Vec<usize> = (0..ratings.len()).collect();
    by_user.sort_by_key(|&index| ratings[index].user);
    let mut marks = vec![false; ratings.len()];
    for indices in by_user.chunk_by_mut(|&a, &b| ratings[a].user == ratings[b].user) {
        arrange(indices);
        let held_out = (indices.len() as f64 * fraction).round() as usize;
        for &index in &indices[indices.len() - held_out..] {
            marks[index] = true;
        }
    }
    marks
}

#[cfg(test)]
mod tests {
    use super::*;
    use matinee_model::{MovieRow, UserRow};
    use proptest::prelude::*;

    fn ratings(counts: &[usize]) -> Vec<Rating> {
        let of = |(user, &count): (u32, &usize)| {
            (0..count as u32).map(move |movie| Rating {
                user: UserRow(user),
                movie: MovieRow(movie),
                value: 4.0,
            })
        };
        (0..).zip(counts).flat_map(of).collect()
    }

    proptest! {
        #[test]
        fn each_user_loses_a_share(counts in prop::collection::vec(0_usize..20, 1..8), fraction in 0.0_f64..1.0, seed: u64) {
            let ratings = ratings(&counts);
            let timestamps: Vec<i64> = (0_i64..).take(ratings.len()).map(|index| -index).collect();
            for marks in [random_per_user(&ratings, fraction, seed), latest_per_user(&ratings, &timestamps, fraction)] {
                for (user, &count) in (0..).zip(&counts) {
                    let held_out = ratings.iter().zip(&marks).filter(|(rating, mark)| rating.user.0 == user && **mark);
                    prop_assert_eq!(held_out.count(), (count as f64 * fraction).round() as usize);
                }
            }
        }
    }

    #[test]
    fn the_latest_are_held_out() {
        let ratings = ratings(&[4, 2]);
        let marks = latest_per_user(&ratings, &[40, 10, 30, 20, 1, 2], 0.5);
        assert_eq!(marks, [true, false, true, false, false, true]);
    }
}
