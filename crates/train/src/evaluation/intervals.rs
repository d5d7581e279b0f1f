//! Measures prediction intervals from the errors on a hold-out.

use matinee_model::{IntervalTable, Intervals, RatingScale};

use super::tested::Tested;
use crate::calibration::HeldOut;
use crate::ratings::Dataset;

/// The share of the ratings beyond each end of an interval.
const TAIL: f64 = 0.1;
/// The share of the ratings that an interval should contain.
pub const LEVEL: f64 = 1.0 - 2.0 * TAIL;
/// The shares of the errors at which the bins of a side start, besides the bin without ratings. Errors change most where
/// there are few ratings.
const BEGINNINGS: [f64; 5] = [0.04, 0.15, 0.35, 0.6, 0.8];
/// The smallest number of errors for a pair of quantiles. With fewer, wider bins are used.
const MIN_ERRORS: usize = 200;
/// The parts of the users, the intervals of each of which are measured on the others.
const HALVES: usize = 2;
/// With fewer errors than this, no two of them enclose [`LEVEL`] of all.
const FEWEST_ERRORS: usize = 9;

/// Measures intervals by the errors of the predictions `known` for the hold-outs, and by those of the factors without the
/// user. `None` if there are too few errors, or if they are not finite.
pub fn from_errors(dataset: &Dataset, known: &[Tested], hold_outs: &[HeldOut<'_>]) -> Option<Intervals> {
    around(known, &without_user(dataset, hold_outs), |_| true)
}

/// The share of the predictions `known` that lie within their intervals. The intervals of one half of the users are measured
/// on the errors of the other half: those of a user's own ratings would look too good. `None` if there are too few errors.
pub fn cross_measured(dataset: &Dataset, known: &[Tested], hold_outs: &[HeldOut<'_>]) -> Option<f64> {
    let asked = hold_outs.iter().flat_map(|of| of.asked);
    let group_of = dataset.error_groups();
    let half_of: Vec<usize> =
        asked.map(|asked| asked.user.map_or(0, |user| group_of[user.index()] % HALVES)).collect();
    covered_by_others(known, &without_user(dataset, hold_outs), &half_of, dataset.scale)
}

fn covered_by_others(
    known: &[Tested],
    unknown: &[f32],
    half_of: &[usize],
    scale: RatingScale,
) -> Option<f64> {
    let of_others: Vec<Intervals> = (0..HALVES)
        .map(|half| around(known, unknown, |index| half_of[index] != half))
        .collect::<Option<_>>()?;
    let is_covered = |(tested, half): &(&Tested, &usize)| {
        let Tested { score, user_ratings, movie_ratings, rating, .. } = **tested;
        let [low, high] = of_others[**half].around(score, user_ratings, movie_ratings, scale);
        (low..=high).contains(&rating)
    };
    let covered = known.iter().zip(half_of).filter(is_covered).count();
    Some(covered as f64 / known.len() as f64)
}

/// The scores of users without ratings: mean and movie bias alone, for the same ratings.
fn without_user(dataset: &Dataset, hold_outs: &[HeldOut<'_>]) -> Vec<f32> {
    let of = |HeldOut { factors, asked, .. }: &HeldOut<'_>| {
        let factors = factors.view();
        asked.iter().map(|asked| dataset.scale.clip(factors.score(None, asked.movie))).collect::<Vec<_>>()
    };
    hold_outs.iter().flat_map(of).collect()
}

/// The intervals that the errors of the `admitted` predictions make.
fn around(known: &[Tested], without_user: &[f32], admitted: impl Fn(usize) -> bool) -> Option<Intervals> {
    let (known, unknown): (Vec<Tested>, Vec<Tested>) = known
        .iter()
        .zip(without_user)
        .enumerate()
        .filter(|&(index, _)| admitted(index))
        .map(|(_, (&tested, &score))| (tested, Tested { score, user_ratings: 0, ..tested }))
        .unzip();
    if known.len() < FEWEST_ERRORS {
        return None;
    }
    let user_bounds = bounds(known.iter().map(|tested| tested.user_ratings));
    let movie_bounds = bounds(known.iter().map(|tested| tested.movie_ratings));
    let mut errors = unknown;
    errors.extend(known.into_iter().filter(|tested| tested.user_ratings > 0));
    Intervals::try_from(quantiles(&errors, user_bounds, movie_bounds)?).ok()
}

/// The bounds of the bins of ratings, after the bin of those without support.
fn bounds(support: impl Iterator<Item = u32>) -> Vec<u32> {
    let mut support: Vec<u32> = support.filter(|&count| count > 0).collect();
    support.sort_unstable();
    let is_telling = |share: &f64| (support.len() as f64 * share) as usize >= MIN_ERRORS;
    let beginnings = BEGINNINGS.into_iter().filter(is_telling);
    let mut bounds = vec![1];
    bounds.extend(beginnings.map(|share| support[(support.len() as f64 * share) as usize]));
    bounds.dedup();
    bounds
}

fn quantiles(tested: &[Tested], user_bounds: Vec<u32>, movie_bounds: Vec<u32>) -> Option<IntervalTable> {
    let errors = BinnedErrors::new(tested, &user_bounds, &movie_bounds);
    let of_all = quantile_pair(errors.all(), FEWEST_ERRORS)?;
    let of_users: Vec<_> =
        (0..=user_bounds.len()).map(|bin| quantile_pair(errors.of_users(bin), MIN_ERRORS)).collect();
    let of_movies: Vec<_> =
        (0..=movie_bounds.len()).map(|bin| quantile_pair(errors.of_movies(bin), MIN_ERRORS)).collect();
    let (mut lower, mut upper) = (Vec::new(), Vec::new());
    for (users, of_users) in of_users.into_iter().enumerate() {
        for (movies, &of_movies) in of_movies.iter().enumerate() {
            let both = quantile_pair(errors.of_both(users, movies), MIN_ERRORS);
            let either = [of_users, of_movies].into_iter().flatten();
            let wider = either.max_by(|a, b| (a.1 - a.0).total_cmp(&(b.1 - b.0)));
            let pair = both.or(wider).unwrap_or(of_all);
            lower.push(pair.0);
            upper.push(pair.1);
        }
    }
    Some(IntervalTable { level: LEVEL, user_bounds, movie_bounds, lower, upper })
}

/// Errors by the bins of their users and movies: one vector for each pair of bins, those of a bin of users one after another.
struct BinnedErrors {
    errors: Vec<Vec<f32>>,
    movie_bins: usize,
}

impl BinnedErrors {
    fn new(tested: &[Tested], user_bounds: &[u32], movie_bounds: &[u32]) -> Self {
        let movie_bins = movie_bounds.len() + 1;
        let mut errors = vec![Vec::new(); (user_bounds.len() + 1) * movie_bins];
        let bin = |bounds: &[u32], count: u32| bounds.partition_point(|&bound| bound <= count);
        for tested in tested {
            let (users, movies) =
                (bin(user_bounds, tested.user_ratings), bin(movie_bounds, tested.movie_ratings));
            errors[users * movie_bins + movies].push(tested.rating - tested.score);
        }
        Self { errors, movie_bins }
    }

    fn all(&self) -> Vec<f32> {
        self.errors.concat()
    }

    fn of_users(&self, bin: usize) -> Vec<f32> {
        self.errors[bin * self.movie_bins..(bin + 1) * self.movie_bins].concat()
    }

    fn of_movies(&self, bin: usize) -> Vec<f32> {
        self.errors.iter().skip(bin).step_by(self.movie_bins).flatten().copied().collect()
    }

    fn of_both(&self, users: usize, movies: usize) -> Vec<f32> {
        self.errors[users * self.movie_bins + movies].clone()
    }
}

/// The quantiles with [`TAIL`] of the errors beyond each. `None` for fewer than `fewest` errors.
fn quantile_pair(mut errors: Vec<f32>, fewest: usize) -> Option<(f32, f32)> {
    if errors.len() < fewest {
        return None;
    }
    errors.sort_unstable_by(f32::total_cmp);
    // The next error is equally likely to fall into each of the n + 1 gaps between the sorted ones.
    let beyond = ((errors.len() + 1) as f64 * TAIL).floor() as usize;
    Some((*errors.get(beyond.checked_sub(1)?)?, *errors.get(errors.len() - beyond)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tested(error: f32, user_ratings: u32) -> Tested {
        Tested { rating: 3.0 + error, score: 3.0, user_ratings, movie_ratings: 5, interval: None }
    }

    #[test]
    fn quantiles_leave_a_tenth_beyond_either_end() {
        let errors: Vec<f32> = (0..999).map(|index| index as f32).collect();
        assert_eq!(quantile_pair(errors.clone(), 9), Some((99.0, 899.0)));
        assert_eq!(quantile_pair(errors[..9].to_vec(), 9), Some((0.0, 8.0)));
        assert_eq!(quantile_pair(errors[..8].to_vec(), 9), None);
    }

    #[test]
    fn coverage_is_measured_with_the_intervals_of_other_users() {
        let narrow = (0..500).map(|index| tested(index as f32 / 5000.0, 50));
        let wide = (0..500).map(|index| tested(0.2 + index as f32 / 500.0, 50));
        let known: Vec<Tested> = narrow.zip(wide).flat_map(|(even, odd)| [even, odd]).collect();
        let halves: Vec<usize> = (0..known.len()).map(|index| index % HALVES).collect();
        let scores = vec![3.0; known.len()];
        let coverage = |halves: &[usize]| covered_by_others(&known, &scores, halves, RatingScale::MOVIELENS);
        assert_eq!(coverage(&halves), Some(0.0), "each half has other errors than the one it is measured on");
        let mixed: Vec<usize> = (0..known.len()).map(|index| index / 2 % HALVES).collect();
        assert!((coverage(&mixed).unwrap() - LEVEL).abs() < 0.01);
        assert_eq!(covered_by_others(&known[..12], &scores, &halves, RatingScale::MOVIELENS), None);
    }

    #[test]
    fn a_bin_with_few_errors_takes_the_wider_of_its_neighbours() {
        let narrow = (0..400).map(|index| tested((index % 100) as f32 / 100.0, 50));
        let wide = (0..100).map(|index| tested(index as f32 / 10.0, 3));
        let errors: Vec<Tested> = narrow.chain(wide).collect();
        let table = quantiles(&errors, vec![1, 10], vec![1]).unwrap();
        let of = |user: usize, movie: usize| table.upper[user * 2 + movie];
        assert!(of(2, 1) < 1.0, "enough of their own");
        let all = errors.iter().map(|tested| tested.rating - tested.score).collect();
        assert_eq!(of(1, 1), quantile_pair(all, 9).unwrap().1, "movies of all users");
    }
}
