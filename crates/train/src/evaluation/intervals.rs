//! Measures prediction intervals from the errors on a hold-out.

use matinee_model::{IntervalTable, Intervals};

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
/// With fewer errors than this, no two of them enclose [`LEVEL`] of all.
const FEWEST_ERRORS: usize = 9;

/// Measures intervals by the errors of the predictions `known` for the hold-outs, and by those of the factors without the
/// user. `None` if there are too few errors, or if they are not finite.
pub fn from_errors(dataset: &Dataset, known: &[Tested], hold_outs: &[HeldOut<'_>]) -> Option<Intervals> {
    if known.len() < FEWEST_ERRORS {
        return None;
    }
    // For users without ratings: the error of mean and movie bias alone, on the same ratings.
    let without_user = hold_outs.iter().flat_map(|HeldOut { factors, asked, .. }| {
        let factors = factors.view();
        asked.iter().map(move |asked| dataset.scale.clip(factors.score(None, asked.movie)))
    });
    let unknown =
        known.iter().zip(without_user).map(|(tested, score)| Tested { score, user_ratings: 0, ..*tested });
    let user_bounds = bounds(known.iter().map(|tested| tested.user_ratings));
    let movie_bounds = bounds(known.iter().map(|tested| tested.movie_ratings));
    let errors: Vec<Tested> =
        unknown.chain(known.iter().filter(|tested| tested.user_ratings > 0).copied()).collect();
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

fn quantiles(errors: &[Tested], user_bounds: Vec<u32>, movie_bounds: Vec<u32>) -> Option<IntervalTable> {
    let of_all = quantile_pair(errors.iter(), FEWEST_ERRORS)?;
    let bin = |bounds: &[u32], count: u32| bounds.partition_point(|&bound| bound <= count);
    let (mut lower, mut upper) = (Vec::new(), Vec::new());
    for user_bin in 0..=user_bounds.len() {
        let of_users = |tested: &&Tested| bin(&user_bounds, tested.user_ratings) == user_bin;
        for movie_bin in 0..=movie_bounds.len() {
            let of_movies = |tested: &&Tested| bin(&movie_bounds, tested.movie_ratings) == movie_bin;
            let both = quantile_pair(errors.iter().filter(of_users).filter(of_movies), MIN_ERRORS);
            let either = [
                quantile_pair(errors.iter().filter(of_users), MIN_ERRORS),
                quantile_pair(errors.iter().filter(of_movies), MIN_ERRORS),
            ];
            let wider = either.into_iter().flatten().max_by(|a, b| (a.1 - a.0).total_cmp(&(b.1 - b.0)));
            let pair = both.or(wider).unwrap_or(of_all);
            lower.push(pair.0);
            upper.push(pair.1);
        }
    }
    Some(IntervalTable { level: LEVEL, user_bounds, movie_bounds, lower, upper })
}

/// The quantiles with [`TAIL`] of the errors beyond each. `None` for fewer than `fewest` errors.
fn quantile_pair<'a>(tested: impl Iterator<Item = &'a Tested>, fewest: usize) -> Option<(f32, f32)> {
    let mut errors: Vec<f32> = tested.map(|tested| tested.rating - tested.score).collect();
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
        let errors: Vec<Tested> = (0..999).map(|index| tested(index as f32, 7)).collect();
        assert_eq!(quantile_pair(errors.iter(), 9), Some((99.0, 899.0)));
        assert_eq!(quantile_pair(errors[..9].iter(), 9), Some((0.0, 8.0)));
        assert_eq!(quantile_pair(errors[..8].iter(), 9), None);
    }

    #[test]
    fn a_bin_with_few_errors_takes_the_wider_of_its_neighbours() {
        let narrow = (0..400).map(|index| tested((index % 100) as f32 / 100.0, 50));
        let wide = (0..100).map(|index| tested(index as f32 / 10.0, 3));
        let errors: Vec<Tested> = narrow.chain(wide).collect();
        let table = quantiles(&errors, vec![1, 10], vec![1]).unwrap();
        let of = |user: usize, movie: usize| table.upper[user * 2 + movie];
        assert!(of(2, 1) < 1.0, "enough of their own");
        assert_eq!(of(1, 1), quantile_pair(errors.iter(), 9).unwrap().1, "movies of all users");
    }
}
