//! Recommendations of a loaded model: who asks, what is admitted, and what the answer is made of.

mod facts;
mod filter;

pub(crate) use facts::MovieFacts;
pub use filter::Filter;

use crate::ranking::{Ranked, Taste, best, places};
use crate::{Model, Movie, MovieRow, Rated, Rater, UserRow, UserVector};

/// Somebody who asks: a user of the training data, or a visitor with ratings of the moment.
#[derive(Debug)]
pub struct Visitor<'m> {
    model: &'m Model,
    /// The ratings, by ascending movie rows, each movie once.
    rated: Vec<Rated>,
    vector: UserVector,
    taste: Taste<'m>,
}

/// A movie that is recommended.
#[derive(Debug, Clone, PartialEq)]
pub struct Recommendation<'m> {
    /// Its place in the ranking.
    pub ranked: Ranked,
    /// Its entry in the catalogue.
    pub movie: Movie<'m>,
    /// The rating that the visitor would give it.
    pub estimate: Estimate,
    /// What the visitor's ratings contribute to the rank score, the largest first; they add up to it. Empty where
    /// the score is mere popularity.
    pub contributions: Vec<(Rated, f32)>,
}

/// A predicted rating.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The rating, clipped to the scale and not rounded.
    pub score: f32,
    /// Where the rating lies with the probability that the model's intervals tell.
    pub interval: Option<[f32; 2]>,
}

impl Model {
    /// A user of the training data: trained factors, and the ratings that they were trained on.
    pub fn user(&self, user: UserRow) -> Visitor<'_> {
        let ratings = self.rated_movies(user);
        let pairs = ratings.movies.iter().zip(ratings.values);
        let rated: Vec<Rated> =
            pairs.map(|(&movie, &rating)| Rated { movie: MovieRow(movie), rating }).collect();
        let factors = self.factors();
        let vector = UserVector {
            bias: factors.user_biases[user.index()],
            factors: factors.user_factors.row(user.index()).to_vec(),
        };
        let order = self.rated_order(user).map(|order| order.iter().collect());
        self.with_taste(rated, order, vector)
    }

    /// A visitor with these ratings in the order they were given, folded into both heads. Of two ratings of a movie the
    /// last counts.
    pub fn visitor(&self, rated: Vec<Rated>) -> Visitor<'_> {
        let order = places(&rated);
        let (rated, vector) = Rater::new(self, rated).into_parts();
        self.with_taste(rated, Some(order), vector)
    }

    fn with_taste(&self, rated: Vec<Rated>, order: Option<Vec<u32>>, vector: UserVector) -> Visitor<'_> {
        let head = self.manifest().ranking_head.as_ref();
        let recency = head.and_then(|head| head.recency).zip(order);
        let (head, scale) = (head.map(|head| head.method).zip(self.ranking()), self.manifest().rating_scale);
        let taste = match recency {
            Some((recency, order)) => Taste::by_recency(head, &rated, order.into_iter(), recency, scale),
            None => Taste::new(head, &rated, scale),
        };
        Visitor { model: self, rated, vector, taste }
    }

    /// The `limit` movies that are most like `movie`, of those that `filter` admits, and how much: people who rate
    /// one well rate the other well. None of a movie that too few have rated, or if the model has no ranking head.
    pub fn similar(&self, movie: MovieRow, filter: &Filter, limit: usize) -> Vec<(Ranked, Movie<'_>)> {
        let Some(view) = self.ranking() else { return Vec::new() };
        let admitted = self.facts().admitted(filter, self.movie_ids());
        let admits = |row: MovieRow| row != movie && admitted.admits(row);
        self.entries(view.most_similar(movie, self.rating_counts(), limit, admits))
    }

    /// The `limit` movies that most people have rated, of those that `filter` admits.
    pub fn popular(&self, filter: &Filter, limit: usize) -> Vec<(Ranked, Movie<'_>)> {
        let admitted = self.facts().admitted(filter, self.movie_ids());
        let counts = self.rating_counts();
        let scores = counts.iter().map(|&count| count as f32);
        self.entries(best(scores, counts, limit, None, |row| admitted.admits(row)))
    }

    fn entries(&self, ranked: Vec<Ranked>) -> Vec<(Ranked, Movie<'_>)> {
        ranked.into_iter().filter_map(|ranked| Some((ranked, self.entry(ranked.movie)?))).collect()
    }

    /// Whether the catalogue has this genre, in any case of letters.
    pub fn has_genre(&self, genre: &str) -> bool {
        self.facts().has_genre(genre)
    }

    /// The catalogue's entry for a row, if it has one.
    pub fn entry(&self, row: MovieRow) -> Option<Movie<'_>> {
        self.facts().catalogue_row(row).map(|row| self.catalogue().movie(row as usize))
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

    /// Whether movies are ranked by popularity, for no rating tells a taste.
    pub fn is_ranked_by_popularity(&self) -> bool {
        self.taste.is_popularity()
    }

    /// The rating that the visitor would give a movie.
    pub fn estimate(&self, movie: MovieRow) -> Estimate {
        let scale = self.model.manifest().rating_scale;
        let score = scale.clip(self.model.factors().score_vector(&self.vector, movie));
        let (own, others) = (self.rated.len() as u32, self.model.rating_count(movie));
        let intervals = self.model.manifest().intervals.as_ref();
        Estimate { score, interval: intervals.map(|intervals| intervals.around(score, own, others, scale)) }
    }

    /// The place of a movie in the ranking that has this score.
    pub fn place(&self, movie: MovieRow, score: f32) -> Ranked {
        Ranked { score, rating_count: self.model.rating_count(movie), movie }
    }
}

impl<'m> Visitor<'m> {
    /// The best `limit` movies that `filter` admits, after `after` in the ranking. A genre that the catalogue does
    /// not have admits none.
    pub fn recommend(&self, filter: &Filter, limit: usize, after: Option<Ranked>) -> Vec<Recommendation<'m>> {
        let facts = self.model.facts();
        let admitted = facts.admitted(filter, self.model.movie_ids());
        let mut rated = self.rated.iter().map(|rated| rated.movie).peekable();
        let admits = |row: MovieRow| {
            while rated.next_if(|&next| next < row).is_some() {}
            (filter.include_rated || rated.peek() != Some(&row)) && admitted.admits(row)
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
