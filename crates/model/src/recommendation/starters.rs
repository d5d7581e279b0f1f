//! Movies to begin with: those whose ratings tell the most of a visitor who has none yet.

use super::variety::shared_genres;
use crate::{Filter, Model, Movie, RatingScale, UserRow};

/// How many steps a histogram of ratings has, from the lowest rating of the scale to the highest.
pub const HISTOGRAM_STEPS: usize = 10;

/// How many of the best known movies are looked at.
const BEST_KNOWN: usize = 100;

/// How much of a movie's worth another of the same genres takes away.
const LIKENESS: f64 = 0.6;

/// How often a movie got each rating of the scale, from the lowest to the highest in ten steps.
pub type Histogram = [u32; HISTOGRAM_STEPS];

impl Model {
    /// The histogram of the ratings of each movie, by row.
    pub(crate) fn count_histograms(&self) -> Vec<Histogram> {
        let scale = self.manifest().rating_scale;
        let mut histograms = vec![Histogram::default(); self.movie_ids().len()];
        for user in 0..self.user_ids().len() as u32 {
            let ratings = self.rated_movies(UserRow(user));
            for (&movie, &rating) in ratings.movies.iter().zip(ratings.values) {
                add_to_histogram(&mut histograms[movie as usize], rating, scale);
            }
        }
        histograms
    }

    /// Up to `limit` movies that many people know, about which they disagree, and that are unlike each other.
    ///
    /// A movie is worth the logarithm of its ratings times their entropy (Rashid et al., "Getting to Know You: Learning
    /// New User Preferences in Recommender Systems", 2002): many can rate it, and what they say tells them apart. The
    /// worth falls with the genres that it shares with movies chosen before.
    pub fn starters(&self, limit: usize) -> Vec<Movie<'_>> {
        let known = self.popular(&Filter::default(), BEST_KNOWN);
        let mut rest: Vec<(Movie<'_>, f64, f64)> = known
            .into_iter()
            .map(|(ranked, movie)| (movie, worth(self.histogram(ranked.movie)), 0.0))
            .filter(|(_, worth, _)| *worth > 0.0)
            .collect();
        let mut chosen = Vec::with_capacity(limit);
        while chosen.len() < limit && !rest.is_empty() {
            let left = |(_, worth, likeness): &(Movie<'_>, f64, f64)| worth * (1.0 - LIKENESS * likeness);
            let next = (1..rest.len())
                .fold(0, |best, at| if left(&rest[at]) > left(&rest[best]) { at } else { best });
            let (next, ..) = rest.remove(next);
            for (movie, _, likeness) in &mut rest {
                *likeness = likeness.max(f64::from(shared_genres(movie, &next)));
            }
            chosen.push(next);
        }
        chosen
    }
}

/// Counts a rating.
pub(crate) fn add_to_histogram(histogram: &mut Histogram, rating: f32, scale: RatingScale) {
    let steps = (HISTOGRAM_STEPS - 1) as f32;
    let step = ((rating - scale.min()) / (scale.max() - scale.min()) * steps).round();
    histogram[step.clamp(0.0, steps) as usize] += 1;
}

/// The logarithm of the number of ratings, times their entropy.
fn worth(histogram: &Histogram) -> f64 {
    let count: f64 = histogram.iter().copied().map(f64::from).sum();
    let shares = histogram.iter().filter(|&&count| count > 0).map(|&part| f64::from(part) / count);
    let entropy: f64 = shares.map(|share| -share * share.ln()).sum();
    if count > 0.0 { count.ln() * entropy } else { 0.0 }
}
