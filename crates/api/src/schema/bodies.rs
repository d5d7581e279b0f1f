//! The bodies of requests.

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::request::MAX_ID_BYTES;

/// An id: a string, or a whole number.
pub(crate) struct Id;

impl PartialSchema for Id {
    fn schema() -> RefOr<Schema> {
        let text =
            ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(MAX_ID_BYTES));
        // Many JSON readers do not keep larger numbers exact.
        let number =
            ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(i64::MIN)).maximum(Some(i64::MAX));
        OneOfBuilder::new().item(text).item(number).into()
    }
}

impl ToSchema for Id {}

/// A user and a movie, or a movie and ratings.
#[derive(ToSchema)]
#[expect(dead_code, reason = "its fields are documentation")]
pub(crate) struct PairBody {
    /// The user whose rating to predict; required unless `ratings` are given, and ignored if they are.
    #[schema(rename = "userId", example = "2")]
    user_id: Option<Id>,
    /// The movie to predict the rating of.
    #[schema(rename = "movieId", example = "2959")]
    movie_id: Id,
    /// The ratings of the user. They are used instead of those that the model was trained on, so the model need not
    /// know the user. If a movie is rated twice, the last rating counts.
    #[schema(max_items = 5000)]
    ratings: Option<Vec<RatingBody>>,
}

/// Pairs to predict.
#[derive(ToSchema)]
#[expect(dead_code, reason = "its fields are documentation")]
pub(crate) struct BatchBody {
    /// The pairs.
    #[schema(max_items = 1000)]
    pairs: Vec<PairBody>,
    /// The ratings for every pair that has none of its own, to predict many movies for one person. A batch may have at
    /// most 5,000 ratings in total.
    #[schema(max_items = 5000)]
    ratings: Option<Vec<RatingBody>>,
}

/// A visitor's ratings.
#[derive(ToSchema)]
#[expect(dead_code, reason = "its fields are documentation")]
pub(crate) struct RatingsBody {
    /// The ratings, oldest first: recent ratings may count more. If a movie is rated twice, the last rating counts.
    #[schema(max_items = 5000)]
    ratings: Vec<RatingBody>,
    /// Movies that must not be recommended, in addition to those in the parameter `exclude`.
    #[schema(max_items = 5000, example = json!(["1"]))]
    exclude: Option<Vec<Id>>,
}

/// Several people.
#[derive(ToSchema)]
#[expect(dead_code, reason = "its fields are documentation")]
pub(crate) struct TogetherBody {
    /// The people.
    #[schema(min_items = 2, max_items = 6)]
    people: Vec<PersonBody>,
    /// Movies that must not be recommended, in addition to those in the parameter `exclude`.
    #[schema(max_items = 5000, example = json!(["1"]))]
    exclude: Option<Vec<Id>>,
}

/// One of several people.
#[derive(ToSchema)]
#[expect(dead_code, reason = "its fields are documentation")]
pub(crate) struct PersonBody {
    /// The person's ratings. If a movie is rated twice, the last rating counts.
    #[schema(max_items = 5000)]
    ratings: Vec<RatingBody>,
}

/// A rating to keep.
#[derive(ToSchema)]
#[expect(dead_code, reason = "its fields are documentation")]
pub(crate) struct KeptRatingBody {
    /// The rating, on the scale in the answer of `GET /model`.
    #[schema(example = 4.5, minimum = 0.5, maximum = 5.0)]
    rating: f32,
    /// When it was given, in seconds since 1970 in UTC; now if missing. The latest rating counts, in whatever order they
    /// arrive. It may not be in the future.
    #[schema(example = 1_445_714_835, minimum = 0)]
    timestamp: Option<f64>,
}

/// Ratings to keep.
#[derive(ToSchema)]
#[expect(dead_code, reason = "its fields are documentation")]
pub(crate) struct RatingsBatchBody {
    /// The ratings. They take effect in this order.
    #[schema(max_items = 1000)]
    ratings: Vec<UserRatingBody>,
}

/// A user's rating to keep.
#[derive(ToSchema)]
#[expect(dead_code, reason = "its fields are documentation")]
pub(crate) struct UserRatingBody {
    /// The user. The model need not know the user.
    #[schema(rename = "userId", example = "2")]
    user_id: Id,
    /// The rated movie.
    #[schema(rename = "movieId", example = "2959")]
    movie_id: Id,
    /// The rating, on the scale in the answer of `GET /model`.
    #[schema(example = 4.5, minimum = 0.5, maximum = 5.0)]
    rating: f32,
    /// When it was given, in seconds since 1970 in UTC; now if missing.
    #[schema(example = 1_445_714_835, minimum = 0)]
    timestamp: Option<f64>,
}

/// A rating.
#[derive(ToSchema)]
#[expect(dead_code, reason = "its fields are documentation")]
pub(crate) struct RatingBody {
    /// The rated movie.
    #[schema(rename = "movieId", example = "2959")]
    movie_id: Id,
    /// The rating, on the scale in the answer of `GET /model`.
    #[schema(example = 5.0, minimum = 0.5, maximum = 5.0)]
    rating: f32,
}
