//! Recommendations, with their reasons.

use matinee_model::{GroupRecommendation, Model, Rated, Recommendation};
use serde::Serialize;
use utoipa::ToSchema;

use super::{LiveRatingsState, MovieAnswer, rounded};

/// The largest number of reasons for a recommendation.
const REASONS: usize = 3;

/// The answer of the routes that recommend.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct RecommendationsAnswer {
    /// The movies, the best first.
    pub recommendations: Vec<RecommendationAnswer>,
    /// What they are ranked by.
    pub ranked_by: RankedBy,
    /// The parameter `cursor` for the next page; missing on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "efff89ff64d6e4a03e99f3b1296")]
    pub next_cursor: Option<String>,
    /// Rated movies that the model does not know. Their ratings are ignored.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unknown_movies: Vec<String>,
    /// The version of the model that answered.
    #[schema(example = "efff89ff64d6e4a0")]
    pub model_version: String,
    /// `unavailable` if the ratings that came in since the model was trained could not be looked up; missing otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub live_ratings: Option<LiveRatingsState>,
}

/// What recommendations are ranked by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RankedBy {
    /// The visitor's ratings.
    Taste,
    /// The number of ratings of each movie, because the visitor's ratings do not show a taste.
    Popularity,
}

/// A movie that is recommended.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct RecommendationAnswer {
    /// The movie.
    #[serde(flatten)]
    pub movie: MovieAnswer,
    /// The rating that the visitor would give it, rounded to one decimal.
    #[schema(example = 4.3)]
    pub predicted_rating: f64,
    /// The same, not rounded.
    #[schema(example = 4.31)]
    pub score: f32,
    /// The ends of the interval that contains the actual rating in 80 % of cases; missing if the model has no
    /// intervals.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<f64>>, example = json!([3.3, 5.0]))]
    pub interval: Option<[f64; 2]>,
    /// The score that determines its rank. Scores are comparable only within one answer.
    #[schema(example = 0.31)]
    pub rank_score: f32,
    /// The ratings of the visitor that contributed most, the largest contribution first.
    pub because: Vec<Reason>,
    /// The sum of all other contributions. Together with those in `because` it adds up to `rank_score`. Missing if the
    /// movies are ranked by popularity, because then no rating contributes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 0.05)]
    pub other_contributions: Option<f32>,
}

/// The answer of `POST /recommendations/together`.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct TogetherAnswer {
    /// The movies, the best for all first.
    pub recommendations: Vec<TogetherRecommendation>,
    /// Rated movies that the model does not know. Their ratings are ignored.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unknown_movies: Vec<String>,
    /// The version of the model that answered.
    #[schema(example = "4976553832ea009b")]
    pub model_version: String,
}

/// A movie that is recommended to several people.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct TogetherRecommendation {
    /// The movie.
    #[serde(flatten)]
    pub movie: MovieAnswer,
    /// The rating that each of them would give it, in the order of the request, rounded to one decimal.
    #[schema(example = json!([4.3, 3.8]))]
    pub predicted_ratings: Vec<f64>,
    /// What it is ranked by: the mean of the people's rank scores, each as a share of the person's highest.
    #[schema(example = 0.72)]
    pub group_score: f32,
}

impl TogetherRecommendation {
    /// The answer for a movie that is recommended to a group.
    pub fn new(found: &GroupRecommendation<'_>) -> Self {
        let ratings = found.estimates.iter().map(|estimate| rounded(f64::from(estimate.score), 10.0));
        Self {
            movie: MovieAnswer::new(found.movie, Some(found.ranked.rating_count)),
            predicted_ratings: ratings.collect(),
            group_score: found.ranked.score,
        }
    }
}

/// A rating of the visitor, and its contribution to the rank score of a movie.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Reason {
    /// The rated movie.
    #[schema(example = "2571")]
    pub movie_id: String,
    /// Its title.
    #[schema(example = "Matrix, The (1999)")]
    pub title: String,
    /// Its title as people write it.
    #[schema(example = "The Matrix")]
    pub display_title: String,
    /// The rating.
    #[schema(example = 5.0)]
    pub rating: f32,
    /// The contribution.
    #[schema(example = 0.12)]
    pub contribution: f32,
}

impl RecommendationAnswer {
    /// The answer for a recommendation by `model`.
    pub fn new(model: &Model, recommendation: &Recommendation<'_>, ranked_by: RankedBy) -> Self {
        let Recommendation { ranked, movie, estimate, contributions } = recommendation;
        let because: Vec<Reason> =
            contributions.iter().take(REASONS).filter_map(|part| Reason::new(model, part)).collect();
        let named: f32 = because.iter().map(|reason| reason.contribution).sum();
        Self {
            movie: MovieAnswer::new(*movie, Some(ranked.rating_count)),
            predicted_rating: rounded(f64::from(estimate.score), 10.0),
            score: estimate.score,
            interval: estimate.interval.map(|ends| ends.map(|end| rounded(f64::from(end), 100.0))),
            rank_score: ranked.score,
            because,
            other_contributions: (ranked_by == RankedBy::Taste).then_some(ranked.score - named),
        }
    }
}

impl Reason {
    /// `None` if the rating does not count in favour of the movie.
    fn new(model: &Model, &(Rated { movie, rating }, contribution): &(Rated, f32)) -> Option<Self> {
        let entry = model.entry(movie).filter(|_| contribution > 0.0)?;
        let (title, display_title) = (entry.title.to_owned(), entry.display_title());
        Some(Self { movie_id: entry.id.to_owned(), title, display_title, rating, contribution })
    }
}
