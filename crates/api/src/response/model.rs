//! The schemas of the answer of `GET /model`. It contains types of the artifact, which know nothing of HTTP.

use utoipa::ToSchema;

/// The lowest and the highest possible rating.
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
    /// Movies that the model knows, in the catalogue or from ratings.
    #[schema(example = 9125)]
    movies: u32,
    /// Movies with ratings.
    #[schema(example = 9066)]
    rated_movies: u32,
    /// Ratings.
    #[schema(example = 100_004)]
    ratings: u32,
}

/// How well a model predicts and ranks movies that it was not trained on.
#[derive(ToSchema)]
#[schema(as = Metrics)]
#[expect(dead_code, reason = "its fields are documentation")]
pub(crate) struct MetricsSchema {
    /// The errors on the held-out ratings; null if no ratings were held out.
    #[schema(required = true)]
    hold_out: Option<HoldOutSchema>,
    /// How well it ranks movies; missing if that was not measured.
    ranking: Option<RankingSchema>,
}

/// The errors on held-out ratings of a model that was trained on the others.
#[derive(ToSchema)]
#[schema(as = HoldOut)]
#[expect(dead_code, reason = "its fields are documentation")]
pub(crate) struct HoldOutSchema {
    /// The share of the ratings that were held out.
    #[schema(example = 0.1)]
    fraction: f64,
    /// The number of held-out ratings.
    #[schema(example = 10_000)]
    test_count: u64,
    /// The root mean squared error.
    #[schema(example = 0.83)]
    rmse: f64,
    /// The mean absolute error.
    #[schema(example = 0.63)]
    mae: f64,
    /// The root mean squared error before the rank of the model was reduced for serving; missing if it was not reduced.
    unreduced_rmse: Option<f64>,
}

/// How well a ranking of all movies that a user has not rated finds the held-out movies: means over all users.
#[derive(ToSchema)]
#[schema(as = Ranking)]
#[expect(dead_code, reason = "its fields are documentation")]
pub(crate) struct RankingSchema {
    /// The normalised discounted cumulative gain of the first ten movies.
    #[schema(example = 0.21)]
    ndcg_at_10: f64,
    /// The share of the held-out movies that are among the first twenty.
    #[schema(example = 0.24)]
    recall_at_20: f64,
}
