//! Recommendations from a loaded model, for a known user or a visitor, with filters and with reasons.

mod filter;
mod group;
mod movie_index;
mod starters;
mod variety;

pub use filter::Filter;
pub use group::{Group, GroupRecommendation};
pub(crate) use movie_index::MovieIndex;
pub use starters::Histogram;
pub(crate) use starters::{HISTOGRAM_STEPS, add_to_histogram};
pub use variety::{CANDIDATES, varied};

use crate::known::Known;
use crate::ranking::{Ranked, Taste, best, positions};
use crate::since::Merged;
use crate::{Model, Movie, MovieRow, Rated, Rater, Since, TrainedUser, UserVector};

/// Where on the scale the usual floor is: from 0 at its lowest rating to 1 at its highest.
const USUAL_FLOOR: f32 = 5.0 / 9.0;

/// A person who asks for recommendations: a user of the training data, or a visitor whose ratings come with the request.
#[derive(Debug)]
pub struct Visitor<'m> {
    model: &'m Model,
    /// The ratings, by ascending movie rows, at most one per movie.
    rated: Vec<Rated>,
    vector: UserVector,
    known: Option<Known>,
    taste: Taste<'m>,
    /// The lowest predicted rating of a movie that is recommended.
    floor: f32,
}

/// A recommended movie.
#[derive(Debug, Clone, PartialEq)]
pub struct Recommendation<'m> {
    /// Its position in the ranking.
    pub ranked: Ranked,
    /// Its entry in the catalogue.
    pub movie: Movie<'m>,
    /// The rating that the visitor would give it.
    pub estimate: Estimate,
    /// The contributions of the visitor's ratings to the rank score, largest first. They add up to the score. Empty if
    /// the score is the popularity.
    pub contributions: Vec<(Rated, f32)>,
}

/// A predicted rating.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The rating, clipped to the scale and not rounded.
    pub score: f32,
    /// The range that contains the rating with the probability of the model's intervals.
    pub interval: Option<[f32; 2]>,
}

impl Model {
    /// A user of the training data, with the trained factors and ratings.
    pub fn user(&self, user: TrainedUser) -> Visitor<'_> {
        self.with_taste(user.rated, user.order, user.vector)
    }

    /// A visitor with these ratings, oldest first, folded into both heads. If a movie is rated twice, the last rating
    /// counts.
    pub fn visitor(&self, rated: Vec<Rated>) -> Visitor<'_> {
        let order = positions(&rated);
        let (rated, vector) = Rater::new(self, rated).into_parts();
        self.with_taste(rated, Some(order), vector)
    }

    /// A person with what the model was trained on, and what came in since, folded into both heads. `None` if no rating
    /// is left.
    pub fn user_since(&self, user: Option<&TrainedUser>, since: &Since) -> Option<Visitor<'_>> {
        let Merged { rated, order, vector } = self.merge(user, since)?;
        Some(self.with_taste(rated, Some(order), vector))
    }

    fn with_taste(&self, rated: Vec<Rated>, order: Option<Vec<u32>>, vector: UserVector) -> Visitor<'_> {
        let head = self.manifest().ranking_head.as_ref();
        let recency = head.and_then(|head| head.recency).zip(order);
        let (head, scale) = (head.map(|head| head.method).zip(self.ranking()), self.manifest().rating_scale);
        let taste = match recency {
            Some((recency, order)) => Taste::by_recency(head, &rated, order.into_iter(), recency, scale),
            None => Taste::new(head, &rated, scale),
        };
        let known = self.known(&rated);
        Visitor { model: self, rated, vector, known, taste, floor: f32::NEG_INFINITY }
    }

    /// The `limit` movies most similar to `movie` among those that `filter` admits: people who like one like the other.
    /// Empty if the movie has too few ratings, or if the model has no ranking head.
    pub fn similar(&self, movie: MovieRow, filter: &Filter, limit: usize) -> Vec<(Ranked, Movie<'_>)> {
        let Some(view) = self.ranking() else { return Vec::new() };
        let resolved = self.movie_index().resolve(filter, self.movie_ids());
        let admits = |row: MovieRow| row != movie && resolved.admits(row);
        self.entries(view.most_similar(movie, self.rating_counts(), limit, admits))
    }

    /// The `limit` movies with the most ratings among those that `filter` admits.
    pub fn popular(&self, filter: &Filter, limit: usize) -> Vec<(Ranked, Movie<'_>)> {
        let resolved = self.movie_index().resolve(filter, self.movie_ids());
        let counts = self.rating_counts();
        let scores = counts.iter().map(|&count| count as f32);
        self.entries(best(scores, counts, limit, None, |row| resolved.admits(row)))
    }

    fn entries(&self, ranked: Vec<Ranked>) -> Vec<(Ranked, Movie<'_>)> {
        ranked.into_iter().filter_map(|ranked| Some((ranked, self.entry(ranked.movie)?))).collect()
    }

    /// Whether the catalogue has this genre. Upper and lower case are the same.
    pub fn has_genre(&self, genre: &str) -> bool {
        self.movie_index().has_genre(genre)
    }

    /// The catalogue's entry for a row, if it has one.
    pub fn entry(&self, row: MovieRow) -> Option<Movie<'_>> {
        self.movie_index().catalogue_row(row).map(|row| self.catalogue().movie(row as usize))
    }
}

impl Visitor<'_> {
    /// The ratings, by ascending movie rows.
    pub fn rated(&self) -> &[Rated] {
        &self.rated
    }

    /// The vector in the rating head.
    pub fn vector(&self) -> &UserVector {
        &self.vector
    }

    /// Whether the visitor has rated a movie.
    pub fn has_rated(&self, movie: MovieRow) -> bool {
        self.rating_of(movie).is_some()
    }

    /// The lowest predicted rating that is worth recommending, unless the caller says otherwise: five ninths up the
    /// scale, which is 3 of 5 stars, or what the visitor gives on average if that is less.
    pub fn usual_floor(&self) -> f32 {
        let scale = self.model.manifest().rating_scale;
        let usual = scale.min() + (scale.max() - scale.min()) * USUAL_FLOOR;
        usual.min(scale.clip(self.model.factors().mean + self.vector.bias))
    }

    /// Whether the visitor would rate a movie at least as high as the floor.
    pub(crate) fn bears(&self, movie: MovieRow) -> bool {
        self.floor == f32::NEG_INFINITY || self.estimate(movie).score >= self.floor
    }

    /// Whether movies are ranked by popularity, because no rating has a signal.
    pub fn is_ranked_by_popularity(&self) -> bool {
        self.taste.is_popularity()
    }

    /// The rating that the visitor would give a movie.
    pub fn estimate(&self, movie: MovieRow) -> Estimate {
        let score = self.model.factors().score_vector(&self.vector, movie);
        self.model.estimate(score, self.rated.len() as u32, self.known.as_ref(), Some(movie))
    }

    /// The position in the ranking of a movie with this score.
    pub fn place(&self, movie: MovieRow, score: f32) -> Ranked {
        Ranked { score, rating_count: self.model.rating_count(movie), movie }
    }
}

impl<'m> Visitor<'m> {
    /// The same visitor, to whom nothing is recommended with a predicted rating below `floor`.
    #[must_use]
    pub fn above(self, floor: f32) -> Self {
        Self { floor, ..self }
    }

    /// The best `limit` movies that `filter` admits, after `after` in the ranking. A genre that is not in the catalogue
    /// admits no movie.
    pub fn recommend(&self, filter: &Filter, limit: usize, after: Option<Ranked>) -> Vec<Recommendation<'m>> {
        let resolved = self.model.movie_index().resolve(filter, self.model.movie_ids());
        let mut rated = self.rated.iter().map(|rated| rated.movie).peekable();
        let admits = |row: MovieRow| {
            while rated.next_if(|&next| next < row).is_some() {}
            (filter.include_rated || rated.peek() != Some(&row)) && resolved.admits(row) && self.bears(row)
        };
        let best = self.taste.rank(self.model.rating_counts(), limit, after, admits);
        best.into_iter().filter_map(|ranked| self.recommendation(ranked)).collect()
    }

    fn recommendation(&self, ranked: Ranked) -> Option<Recommendation<'m>> {
        let parts = self.taste.contributions(ranked.movie);
        let mut contributions: Vec<(Rated, f32)> =
            parts.into_iter().filter_map(|(from, part)| Some((self.rating_of(from)?, part))).collect();
        contributions.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.movie.cmp(&b.0.movie)));
        let movie = self.model.entry(ranked.movie)?;
        Some(Recommendation { ranked, movie, estimate: self.estimate(ranked.movie), contributions })
    }

    fn rating_of(&self, movie: MovieRow) -> Option<Rated> {
        let found = self.rated.binary_search_by_key(&movie, |rated| rated.movie).ok()?;
        Some(self.rated[found])
    }
}
