//! What `GET /model` tells of a model: the types of the artifact, which knows nothing of HTTP.

use utoipa::ToSchema;

/// The lowest and the highest rating that can be given.
#[derive(ToSchema)]
#[schema(as = RatingScale)]
#[expect(dead_code, reason = "its fields are documentation")]
pub(crate) struct RatingScaleSchema {
    /// The lowest.
    #[schema(example = 0.5)]
    min: f32,
    /// The highest.
    #[schema(example = 5.0)]
    max: f32,
}

/// How much a model was trained on.
#[derive(ToSchema)]
#[schema(as = Counts)]
#[expect(dead_code, reason = "its fields are documentation")]
pub(crate) struct CountsSchema {
    /// Users with ratings.
    #[schema(example = 671)]
    users: u32,
    /// Movies that the model knows: those of the catalogue, and those that were rated.
    #[schema(example = 9125)]
    movies: u32,
    /// Movies with ratings.
    #[schema(example = 9066)]
    rated_movies: u32,
    /// Ratings.
    #[schema(example = 100_004)]
    ratings: u32,
}

/// How well a model predicts ratings that it was not trained on.
#[derive(ToSchema)]
#[schema(as = Metrics)]
#[expect(dead_code, reason = "its fields are documentation")]
pub(crate) struct MetricsSchema {
    /// The errors on the ratings that were held out; null where none were.
    #[schema(required = true)]
    hold_out: Option<HoldOutSchema>,
    /// How well it ranks movies; missing where that was not measured.
    ranking: Option<RankingSchema>,
}

/// The errors of a model that was trained on all but the ratings that were held out.
#[derive(ToSchema)]
#[schema(as = HoldOut)]
#[expect(dead_code, reason = "its fields are documentation")]
pub(crate) struct HoldOutSchema {
    /// The share of the ratings that was held out.
    #[schema(example = 0.1)]
    fraction: f64,
    /// How many that were.
    #[schema(example = 10_000)]
    test_count: u64,
    /// The root mean squared error.
    #[schema(example = 0.83)]
    rmse: f64,
    /// The mean absolute error.
    #[schema(example = 0.63)]
    mae: f64,
    /// The root mean squared error before the model was reduced to the rank that is served, if it was.
    unreduced_rmse: Option<f64>,
}

/// How many of the held-out movies come first in a ranking of all that a user has not rated: means over users.
#[derive(ToSchema)]
#[schema(as = Ranking)]
#[expect(dead_code, reason = "its fields are documentation")]
pub(crate) struct RankingSchema {
    /// The normalised discounted cumulative gain of the first ten.
    #[schema(example = 0.21)]
    ndcg_at_10: f64,
    /// The share of the held-out movies among the first twenty.
    #[schema(example = 0.24)]
    recall_at_20: f64,
}
