//! Splits ratings into those for training and those for testing.

mod per_user;

use matinee_model::UserRow;
use rand::seq::SliceRandom;

use crate::ratings::{Ratings, Timestamps};
use crate::seeds::{self, derive};

pub use per_user::{by_time, is_latest, latest_per_user, random_per_user};

/// Assigns each of `count` ratings to one of `folds` random folds, whose sizes differ by at most one.
pub fn random_folds(count: usize, folds: u32, seed: u64) -> Vec<u32> {
    let mut assignment: Vec<u32> = (0..folds).cycle().take(count).collect();
    assignment.shuffle(&mut seeds::generator(seed, "folds"));
    assignment
}

/// Marks `fraction` of `count` ratings at random.
pub fn random_hold_out(count: usize, fraction: f64, seed: u64) -> Vec<bool> {
    let held_out = (count as f64 * fraction).round() as usize;
    let mut marks: Vec<bool> = (0..count).map(|index| index < held_out).collect();
    marks.shuffle(&mut seeds::generator(seed, "marks"));
    marks
}

/// Ratings that are tested together. The others are learned from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestSet {
    /// Its number.
    pub fold: u32,
    /// Whether each rating is tested.
    pub is_test: Vec<bool>,
}

/// One test set per fold. `folds` has the fold of each rating.
pub fn by_folds(folds: &[u32]) -> Vec<TestSet> {
    let mut numbers = folds.to_vec();
    numbers.sort_unstable();
    numbers.dedup();
    let of_fold = |fold| TestSet { fold, is_test: folds.iter().map(|&of| of == fold).collect() };
    numbers.into_iter().map(of_fold).collect()
}

/// The latest `share` of all ratings: those since some moment. Ratings of that moment are tested too. `None` if there are none
/// before it.
pub fn by_global_time(timestamps: &Timestamps, share: f64) -> Option<TestSet> {
    let mut sorted: Vec<i64> = timestamps.iter().collect();
    sorted.sort_unstable();
    let first_tested = (sorted.len() as f64 * (1.0 - share)).round() as usize;
    let since = *sorted.get(first_tested).or(sorted.last())?;
    let is_test: Vec<bool> = timestamps.iter().map(|given| given >= since).collect();
    is_test.contains(&false).then_some(TestSet { fold: 0, is_test })
}

/// Somebody of whose ratings some are known, and the others are tested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visitor {
    /// Who it is.
    pub user: UserRow,
    /// The indices of the known ratings, in random order.
    pub known: Vec<usize>,
    /// The indices of the tested ratings.
    pub tested: Vec<usize>,
}

/// A random `share` of the users who have at least `2 * fewest` ratings that are `admitted`; at least one of them. Half of
/// these ratings are known, but at most `most`. Other ratings are neither known nor tested.
pub fn visitors(
    ratings: &Ratings,
    admitted: impl Fn(usize) -> bool,
    share: f64,
    [fewest, most]: [usize; 2],
    seed: u64,
) -> Vec<Visitor> {
    let mut order: Vec<usize> = (0..ratings.len()).filter(|&index| admitted(index)).collect();
    order.sort_by_key(|&index| ratings.get(index).user);
    let with_enough = order
        .chunk_by_mut(|&a, &b| ratings.get(a).user == ratings.get(b).user)
        .filter(|own| own.len() >= 2 * fewest)
        .map(|own| {
            let user = ratings.get(own[0]).user;
            own.shuffle(&mut seeds::generator(derive(seed, "visitor", user.index() as u64), "known"));
            let (known, tested) = own.split_at((own.len() / 2).min(most));
            Visitor { user, known: known.to_vec(), tested: tested.to_vec() }
        });
    let mut visitors: Vec<Visitor> = with_enough.collect();
    let count = ((visitors.len() as f64 * share).round() as usize).max(1);
    visitors.shuffle(&mut seeds::generator(seed, "visitors"));
    visitors.truncate(count);
    visitors
}

/// All ratings of a random `share` of the users.
pub fn cold_users(ratings: &Ratings, user_count: usize, share: f64, seed: u64) -> TestSet {
    let is_cold = random_hold_out(user_count, share, derive(seed, "cold users", 0));
    TestSet { fold: 0, is_test: ratings.iter().map(|rating| is_cold[rating.user.index()]).collect() }
}

/// All ratings of a random `share` of the movies.
pub fn cold_movies(ratings: &Ratings, movie_count: usize, share: f64, seed: u64) -> TestSet {
    let is_cold = random_hold_out(movie_count, share, derive(seed, "cold movies", 0));
    TestSet { fold: 0, is_test: ratings.iter().map(|rating| is_cold[rating.movie.index()]).collect() }
}

/// Splits ratings into those to train on, and those for which `is_test` is true.
pub fn divide(ratings: &Ratings, is_test: impl Fn(usize) -> bool) -> (Ratings, Ratings) {
    let mut train = Ratings::with_capacity(ratings.len());
    let mut test = Ratings::default();
    for (index, rating) in ratings.iter().enumerate() {
        if is_test(index) { test.push(rating) } else { train.push(rating) }
    }
    (train, test)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ratings::Rating;
    use matinee_model::MovieRow;
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

    fn rating(user: u32, movie: u32) -> Rating {
        Rating { user: UserRow(user), movie: MovieRow(movie), value: 3.0 }
    }

    #[test]
    fn everything_since_a_moment_is_tested() {
        let is_test = |timestamps: &[i64], share| {
            by_global_time(&timestamps.iter().copied().collect(), share).map(|test| test.is_test)
        };
        let marks = is_test(&[5, 1, 4, 2, 3], 0.4);
        assert_eq!(marks, Some(vec![true, false, true, false, false]));
        let marks = is_test(&[1, 2, 2, 2, 2], 0.2);
        assert_eq!(marks, Some(vec![false, true, true, true, true]), "all of the same moment");
        assert_eq!(is_test(&[7, 7, 7], 0.2), None);
        assert_eq!(is_test(&[], 0.2), None);
    }

    #[test]
    fn half_of_a_visitors_ratings_are_known_and_at_most_so_many() {
        // User `n` has `10 n` ratings, of which one in ten is not admitted.
        let ratings: Ratings =
            (0..20).flat_map(|user| (0..10 * user).map(move |movie| rating(user, movie))).collect();
        let admitted = |index: usize| ratings.get(index).movie.0 % 10 != 9;
        let found = visitors(&ratings, admitted, 0.25, [10, 50], 3);
        // Users 3 to 19 have 20 ratings or more.
        assert_eq!(found.len(), 4);
        assert_eq!(found, visitors(&ratings, admitted, 0.25, [10, 50], 3));
        assert_ne!(found, visitors(&ratings, admitted, 0.25, [10, 50], 4));
        for Visitor { user, known, tested } in found {
            let own = 9 * user.index();
            assert!(own >= 20);
            assert_eq!(known.len(), (own / 2).min(50));
            let mut all = [known, tested].concat();
            all.sort_unstable();
            let expected: Vec<usize> = (0..ratings.len())
                .filter(|&index| ratings.get(index).user == user && admitted(index))
                .collect();
            assert_eq!(all, expected, "each once");
        }
        assert!(visitors(&ratings, admitted, 0.25, [100, 100], 3).is_empty());
    }

    #[test]
    fn cold_rows_have_no_rating_to_learn_from() {
        let ratings: Ratings = (0..100).map(|index| rating(index % 10, index % 7)).collect();
        for (test, row) in [
            (cold_users(&ratings, 10, 0.3, 1), (|rating| rating.user.0) as fn(&Rating) -> u32),
            (cold_movies(&ratings, 7, 0.3, 1), |rating| rating.movie.0),
        ] {
            let (train, tested) = divide(&ratings, |index| test.is_test[index]);
            assert!(!tested.is_empty() && !train.is_empty());
            assert!(tested.iter().all(|cold| train.iter().all(|warm| row(&warm) != row(&cold))));
        }
    }

    #[test]
    fn other_seeds_give_other_folds() {
        assert_ne!(random_folds(100, 5, 0), random_folds(100, 5, 1));
    }
}
