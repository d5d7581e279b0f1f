//! One list for several people.
//!
//! "Average without misery" (Masthoff, "Group Modeling: Selecting a Sequence of Television Items to Suit a Group of
//! Viewers", 2004): movies are ranked by the mean of what the members think of them, and a movie that anyone would
//! dislike is left out. The mean is that of the rank scores, each as a share of the member's own best, so that nobody
//! counts more because of many ratings; whether somebody would dislike a movie is asked of the predicted rating.

use super::{Estimate, Filter, Visitor};
use crate::ranking::{Ranked, best};
use crate::{Model, Movie, MovieRow};

/// People who want to watch something together.
#[derive(Debug)]
pub struct Group<'m> {
    model: &'m Model,
    members: Vec<Visitor<'m>>,
}

/// A movie that is recommended to a group.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupRecommendation<'m> {
    /// Its position in the ranking. The score is the mean of the members' shares, at most 1.
    pub ranked: Ranked,
    /// Its entry in the catalogue.
    pub movie: Movie<'m>,
    /// The rating that each member would give it, in their order.
    pub estimates: Vec<Estimate>,
}

impl<'m> Group<'m> {
    /// A group of these people, each with the lowest rating that they bear.
    pub fn new(model: &'m Model, members: Vec<Visitor<'m>>) -> Self {
        Self { model, members }
    }

    /// The best `limit` movies for all that `filter` admits. Nobody has rated them, unless the filter says otherwise.
    pub fn recommend(&self, filter: &Filter, limit: usize) -> Vec<GroupRecommendation<'m>> {
        let resolved = self.model.movie_index().resolve(filter, self.model.movie_ids());
        let is_rated = |row: MovieRow| self.members.iter().any(|member| member.has_rated(row));
        let scores = self.mean_scores();
        let admits = |row: MovieRow| {
            resolved.admits(row)
                && (filter.include_rated || !is_rated(row))
                && self.members.iter().all(|member| member.bears(row))
        };
        let found = best(scores.into_iter(), self.model.rating_counts(), limit, None, admits);
        found.into_iter().filter_map(|ranked| self.recommendation(ranked)).collect()
    }

    /// For each movie the mean of the members' scores, as shares of the best score of each.
    fn mean_scores(&self) -> Vec<f32> {
        let counts = self.model.rating_counts();
        let mut means = vec![0.0; counts.len()];
        for member in &self.members {
            let score = |row: u32| member.taste.score(MovieRow(row), counts);
            let highest = (0..counts.len() as u32).map(score).fold(f32::MIN_POSITIVE, f32::max);
            let share = 1.0 / (highest * self.members.len() as f32);
            means.iter_mut().zip(0..).for_each(|(mean, row)| *mean += share * score(row));
        }
        means
    }

    fn recommendation(&self, ranked: Ranked) -> Option<GroupRecommendation<'m>> {
        let estimates = self.members.iter().map(|member| member.estimate(ranked.movie)).collect();
        Some(GroupRecommendation { ranked, movie: self.model.entry(ranked.movie)?, estimates })
    }
}
