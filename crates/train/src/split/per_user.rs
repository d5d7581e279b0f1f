//! A share of each user's ratings, either random or the latest.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_xoshiro::Xoshiro256PlusPlus;

use super::TestSet;
use crate::ratings::{Ratings, Timestamps};
use crate::rows::Rows;

/// Marks `fraction` of each user's ratings at random.
pub fn random_per_user(ratings: &Ratings, fraction: f64, seed: u64) -> Vec<bool> {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    mark(ratings, |count| share_of(count, fraction), |places| places.shuffle(&mut random))
}

/// Marks the latest `fraction` of each user's ratings. Ratings with the same time are ordered as in the file.
pub fn latest_per_user(ratings: &Ratings, timestamps: &Timestamps, fraction: f64) -> Vec<bool> {
    latest(ratings, timestamps, |count| share_of(count, fraction))
}

/// The latest `share` of each user's ratings: at least one, if a user has two or more. Ratings with the same time are
/// ordered as in the file.
pub fn by_time(ratings: &Ratings, timestamps: &Timestamps, share: f64) -> TestSet {
    let tested = |count| share_of(count, share).max(usize::from(count > 1));
    TestSet { fold: 0, is_test: latest(ratings, timestamps, tested) }
}

/// Whether no marked rating is older than a rating of the same user that is not marked.
pub fn is_latest(ratings: &Ratings, timestamps: &Timestamps, marks: &[bool]) -> bool {
    let users = ratings.iter().map(|rating| rating.user.index() + 1).max().unwrap_or(0);
    let (mut latest_known, mut first_marked) = (vec![i64::MIN; users], vec![i64::MAX; users]);
    for ((rating, given), &marked) in ratings.iter().zip(timestamps.iter()).zip(marks) {
        let user = rating.user.index();
        if marked {
            first_marked[user] = first_marked[user].min(given);
        } else {
            latest_known[user] = latest_known[user].max(given);
        }
    }
    latest_known.iter().zip(first_marked).all(|(&known, marked)| known <= marked)
}

fn share_of(count: usize, fraction: f64) -> usize {
    (count as f64 * fraction).round() as usize
}

fn latest(ratings: &Ratings, timestamps: &Timestamps, held_out: impl Fn(usize) -> usize) -> Vec<bool> {
    mark(ratings, held_out, |places| places.sort_by_key(|&place| timestamps.get(place as usize)))
}

/// Marks the last of each user's ratings in the order that `arrange` gives them: `held_out` of how many there are.
fn mark(
    ratings: &Ratings,
    held_out: impl Fn(usize) -> usize,
    mut arrange: impl FnMut(&mut [u32]),
) -> Vec<bool> {
    let by_user = Rows::places_by_user(ratings);
    let mut marks = vec![false; ratings.len()];
    let mut places = Vec::new();
    for user in 0..by_user.len() {
        places.clear();
        places.extend_from_slice(by_user.row(user));
        arrange(&mut places);
        for &place in &places[places.len() - held_out(places.len())..] {
            marks[place as usize] = true;
        }
    }
    marks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ratings::Rating;
    use matinee_model::{MovieRow, UserRow};
    use proptest::prelude::*;

    fn ratings(counts: &[usize]) -> Ratings {
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
            let timestamps: Timestamps = (0_i64..).take(ratings.len()).map(|index| -index).collect();
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
        let times = |last: [i64; 2]| [40, 10, 30, 20].into_iter().chain(last).collect::<Timestamps>();
        let marks = latest_per_user(&ratings, &times([1, 2]), 0.5);
        assert_eq!(marks, [true, false, true, false, false, true]);
        assert!(is_latest(&ratings, &times([1, 2]), &marks));
        assert!(!is_latest(&ratings, &times([3, 2]), &marks));
    }

    #[test]
    fn each_user_is_tested_on_the_last_ratings() {
        let rating = |user, movie| Rating { user: UserRow(user), movie: MovieRow(movie), value: 3.0 };
        let ratings = [
            rating(0, 0),
            rating(1, 0),
            rating(0, 1),
            rating(0, 2),
            rating(0, 3),
            rating(0, 4),
            rating(2, 0),
            rating(2, 1),
        ];
        let timestamps = [50, 1, 40, 30, 20, 10, 7, 7].into_iter().collect();
        let test = by_time(&ratings.into(), &timestamps, 0.2);
        assert_eq!(test.is_test, [true, false, false, false, false, false, false, true]);
    }
}
