//! Where an algorithm errs: errors by the numbers of ratings of user and movie, and by the predicted score.

use serde::Serialize;

use super::tested::{Errors, Tested};

/// The lower ends of the bins by number of ratings.
const SUPPORT: [u32; 8] = [0, 1, 5, 10, 20, 50, 100, 200];
/// The number of equally large bins of scores.
const CALIBRATION_BINS: usize = 10;

/// All predictions of an evaluation, by group.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Segments {
    /// By the number of training ratings of the user.
    pub by_user_support: Vec<Segment>,
    /// By the number of training ratings of the movie.
    pub by_movie_support: Vec<Segment>,
    /// The mean rating for each range of predictions.
    pub calibration: Vec<CalibrationBin>,
    /// The slope of the regression of ratings on predictions. 1 is perfect. Below 1, predictions are over-dispersed: they
    /// differ more than the ratings.
    pub slope: f64,
    /// The share of the ratings within their prediction intervals, if there are intervals.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coverage: Option<f64>,
}

/// The predictions for users, or for movies, whose number of ratings is in a range.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Segment {
    /// The smallest number of ratings.
    pub from: u32,
    /// The largest number of ratings. `None` for the last segment.
    pub to: Option<u32>,
    /// The number of predictions.
    pub count: usize,
    /// Their root mean squared error.
    pub rmse: f64,
    /// The share of the ratings within their prediction intervals, if there are intervals.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coverage: Option<f64>,
    /// The mean width of the intervals.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<f64>,
}

/// Predictions with about the same score.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CalibrationBin {
    /// The mean score.
    pub predicted: f64,
    /// The mean rating.
    pub given: f64,
    /// The number of predictions.
    pub count: usize,
}

impl Segments {
    /// Groups the predictions.
    pub fn of(tested: &[Tested]) -> Self {
        Self {
            by_user_support: by_support(tested, |tested| tested.user_ratings),
            by_movie_support: by_support(tested, |tested| tested.movie_ratings),
            calibration: calibration(tested),
            slope: slope(tested),
            coverage: coverage(tested.iter()),
        }
    }
}

impl Segment {
    /// The range of the number of ratings as text.
    pub fn label(&self) -> String {
        match self.to {
            Some(to) if to == self.from => to.to_string(),
            Some(to) => format!("{}-{to}", self.from),
            None => format!("{}+", self.from),
        }
    }
}

/// The segments that have predictions.
fn by_support(tested: &[Tested], support: impl Fn(&Tested) -> u32) -> Vec<Segment> {
    let ends = SUPPORT[1..].iter().map(|next| Some(next - 1)).chain([None]);
    let segment = |(&from, to): (&u32, Option<u32>)| {
        let within = |tested: &&Tested| (from..=to.unwrap_or(u32::MAX)).contains(&support(tested));
        let members = || tested.iter().filter(within);
        let count = members().count();
        let widths: f64 = members().filter_map(width).sum();
        let coverage = coverage(members());
        let width = coverage.map(|_| widths / count.max(1) as f64);
        (count > 0).then(|| Segment { from, to, count, rmse: Errors::of(members()).rmse, coverage, width })
    };
    SUPPORT.iter().zip(ends).filter_map(segment).collect()
}

fn width(tested: &Tested) -> Option<f64> {
    tested.interval.map(|[low, high]| f64::from(high) - f64::from(low))
}

/// The share of the ratings within their intervals. `None` if any has no interval.
pub(super) fn coverage<'a>(tested: impl Iterator<Item = &'a Tested>) -> Option<f64> {
    let (mut covered, mut count) = (0_usize, 0_usize);
    for tested in tested {
        let [low, high] = tested.interval?;
        covered += usize::from((low..=high).contains(&tested.rating));
        count += 1;
    }
    (count > 0).then(|| covered as f64 / count as f64)
}

fn calibration(tested: &[Tested]) -> Vec<CalibrationBin> {
    let mut by_score: Vec<&Tested> = tested.iter().collect();
    by_score.sort_by(|a, b| a.score.total_cmp(&b.score));
    let mean = |members: &[&Tested], of: fn(&Tested) -> f32| {
        members.iter().map(|tested| f64::from(of(tested))).sum::<f64>() / members.len() as f64
    };
    let bins = by_score.chunks(by_score.len().div_ceil(CALIBRATION_BINS).max(1));
    let bin = |members: &[&Tested]| CalibrationBin {
        predicted: mean(members, |tested| tested.score),
        given: mean(members, |tested| tested.rating),
        count: members.len(),
    };
    bins.map(bin).collect()
}

/// The slope of the least squares line of ratings on scores. 0 if all scores are the same.
fn slope(tested: &[Tested]) -> f64 {
    let count = tested.len().max(1) as f64;
    let mean =
        |of: fn(&Tested) -> f32| tested.iter().map(|tested| f64::from(of(tested))).sum::<f64>() / count;
    let (mean_score, mean_rating) = (mean(|tested| tested.score), mean(|tested| tested.rating));
    let (mut covariance, mut variance) = (0.0, 0.0);
    for tested in tested {
        let deviation = f64::from(tested.score) - mean_score;
        covariance += deviation * (f64::from(tested.rating) - mean_rating);
        variance += deviation * deviation;
    }
    if variance > 0.0 { covariance / variance } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tested(rating: f32, score: f32, support: u32) -> Tested {
        let interval = Some([score - 0.5, score + 0.5]);
        Tested { rating, score, user_ratings: support, movie_ratings: 7, interval }
    }

    #[test]
    fn segments_part_the_predictions() {
        let all = [tested(4.0, 3.0, 0), tested(4.0, 4.0, 3), tested(2.0, 3.0, 4), tested(5.0, 4.5, 1000)];
        let segments = Segments::of(&all);
        let labels: Vec<String> = segments.by_user_support.iter().map(Segment::label).collect();
        assert_eq!(labels, ["0", "1-4", "200+"]);
        let pair = &segments.by_user_support[1];
        assert_eq!((pair.count, pair.rmse, pair.coverage), (2, 0.5_f64.sqrt(), Some(0.5)));
        assert_eq!(pair.width, Some(1.0));
        assert_eq!(segments.by_movie_support.len(), 1);
        assert_eq!(segments.coverage, Some(0.5));
    }

    #[test]
    fn the_slope_tells_overconfidence() {
        let twice = [tested(3.0, 3.0, 1), tested(3.5, 4.0, 1), tested(2.5, 2.0, 1)];
        assert!((Segments::of(&twice).slope - 0.5).abs() < 1e-12);
        assert_eq!(Segments::of(&[]).slope, 0.0);
    }
}
