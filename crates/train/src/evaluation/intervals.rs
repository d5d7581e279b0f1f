//! Intervals from the errors on a hold-out.

use matinee_model::{FactorsView, IntervalTable, Intervals};

use super::tested::{Asked, Tested, test};
use crate::algorithms::Configured;
use crate::progress::Progress;
use crate::ratings::{Dataset, Rating};
use crate::split;

/// The share of ratings that an interval is to hold.
pub const LEVEL: f64 = 0.8;
/// The share of the ratings whose errors are looked at.
const HOLD_OUT: f64 = 0.1;
/// The shares of the errors at which the bins of a side begin, those without ratings apart: errors change most
/// where ratings are few.
const BEGINNINGS: [f64; 5] = [0.04, 0.15, 0.35, 0.6, 0.8];
/// A pair of quantiles wants at least so many errors; with fewer, wider bins are looked at.
const MIN_ERRORS: usize = 200;

/// Learns from most of `train`, and tells intervals by the errors on the rest.
pub fn calibrate(
    dataset: &Dataset,
    algorithm: &Configured,
    train: &[Rating],
    seed: u64,
    progress: &dyn Progress,
) -> Intervals {
    let marks = split::random_hold_out(train.len(), HOLD_OUT, seed);
    let (train, held_out) = split::divide(train, |index| marks[index]);
    let fitted = algorithm.fit(&dataset.training(&train, seed), progress);
    let held_out: Vec<Asked> = held_out.into_iter().map(Asked::from).collect();
    from_errors(fitted.factors.view(), dataset, &train, &held_out)
}

/// Tells intervals by the errors on `held_out` of factors that were learned from `train`.
pub fn from_errors(
    factors: FactorsView<'_>,
    dataset: &Dataset,
    train: &[Rating],
    held_out: &[Asked],
) -> Intervals {
    let known = test(factors, dataset, train, held_out, None);
    // What a user without ratings would get: the error of mean and movie alone, on the same ratings.
    let unknown = known.iter().zip(held_out).map(|(tested, asked)| Tested {
        score: dataset.scale.clip(factors.score(None, asked.movie)),
        user_ratings: 0,
        ..*tested
    });
    let user_bounds = bounds(known.iter().map(|tested| tested.user_ratings));
    let movie_bounds = bounds(known.iter().map(|tested| tested.movie_ratings));
    let errors: Vec<Tested> =
        unknown.chain(known.iter().filter(|tested| tested.user_ratings > 0).copied()).collect();
    let table = quantiles(&errors, user_bounds, movie_bounds);
    Intervals::try_from(table).unwrap_or_else(|error| unreachable!("quantiles of finite errors: {error}"))
}

/// Bounds that part the ratings into bins, after a bin of those without support.
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

fn quantiles(errors: &[Tested], user_bounds: Vec<u32>, movie_bounds: Vec<u32>) -> IntervalTable {
    let bin = |bounds: &[u32], count: u32| bounds.partition_point(|&bound| bound <= count);
    let (mut lower, mut upper) = (Vec::new(), Vec::new());
    for user_bin in 0..=user_bounds.len() {
        let of_users = |tested: &&Tested| bin(&user_bounds, tested.user_ratings) == user_bin;
        for movie_bin in 0..=movie_bounds.len() {
            let of_movies = |tested: &&Tested| bin(&movie_bounds, tested.movie_ratings) == movie_bin;
            let both = quantile_pair(errors.iter().filter(of_users).filter(of_movies));
            let either = [
                quantile_pair(errors.iter().filter(of_users)),
                quantile_pair(errors.iter().filter(of_movies)),
            ];
            let wider = either.into_iter().flatten().max_by(|a, b| (a.1 - a.0).total_cmp(&(b.1 - b.0)));
            let pair =
                both.or(wider).or_else(|| quantile_pair(errors.iter())).unwrap_or_else(|| widest(errors));
            lower.push(pair.0);
            upper.push(pair.1);
        }
    }
    IntervalTable { level: LEVEL, user_bounds, movie_bounds, lower, upper }
}

/// The quantiles between which [`LEVEL`] of the errors lie, a tenth beyond each; `None` of too few.
fn quantile_pair<'a>(tested: impl Iterator<Item = &'a Tested>) -> Option<(f32, f32)> {
    let mut errors: Vec<f32> = tested.map(|tested| tested.rating - tested.score).collect();
    if errors.len() < MIN_ERRORS {
        return None;
    }
    errors.sort_unstable_by(f32::total_cmp);
    // With one more error to come, the n + 1 gaps between the sorted ones are equally likely.
    let beyond = ((errors.len() + 1) as f64 * (1.0 - LEVEL) / 2.0).floor() as usize;
    Some((errors[beyond.max(1) - 1], errors[errors.len() - beyond.max(1)]))
}

/// The largest errors there are: all that a handful tells.
fn widest(errors: &[Tested]) -> (f32, f32) {
    let errors = || errors.iter().map(|tested| tested.rating - tested.score);
    (errors().fold(0.0, f32::min), errors().fold(0.0, f32::max))
}
