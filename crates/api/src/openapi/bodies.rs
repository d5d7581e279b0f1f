//! What bodies look like.

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
        // Larger numbers are no longer exact in JSON.
        let number =
            ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(i64::MIN)).maximum(Some(i64::MAX));
        OneOfBuilder::new().item(text).item(number).into()
    }
}

impl ToSchema for Id {}

/// A user and a movie, or a movie and ratings of whoever rates.
#[derive(ToSchema)]
#[expect(dead_code, reason = "its fields are documentation")]
pub(crate) struct PairBody {
    /// For whom to predict; passed over where there are ratings, and needed where there are none.
    #[schema(rename = "userId", example = "2")]
    user_id: Option<Id>,
    /// What to predict.
    #[schema(rename = "movieId", example = "2959")]
    movie_id: Id,
    /// What the user has rated, in the place of what the model was trained on: whoever has the history sends it, and
    /// the user need not be known. Of two ratings of one movie the last counts.
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
    /// The ratings of everybody in `pairs` who has none there: one history, and many movies. All ratings of a batch are
    /// at most 5,000.
    #[schema(max_items = 5000)]
    ratings: Option<Vec<RatingBody>>,
}

/// A visitor's ratings.
#[derive(ToSchema)]
#[expect(dead_code, reason = "its fields are documentation")]
pub(crate) struct RatingsBody {
    /// The ratings; of two of one movie the last counts.
    #[schema(max_items = 5000)]
    ratings: Vec<RatingBody>,
    /// Movies that must not be recommended, beside those of the parameter `exclude`.
    #[schema(max_items = 5000, example = json!(["1"]))]
    exclude: Option<Vec<Id>>,
}

/// A rating.
#[derive(ToSchema)]
#[expect(dead_code, reason = "its fields are documentation")]
pub(crate) struct RatingBody {
    /// What was rated.
    #[schema(rename = "movieId", example = "2959")]
    movie_id: Id,
    /// The rating, on the scale that `GET /model` tells.
    #[schema(example = 5.0, minimum = 0.5, maximum = 5.0)]
    rating: f32,
}
