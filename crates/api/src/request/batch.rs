//! The body of `POST /predict/batch`.

use std::sync::Arc;

use serde_json::Value;

use super::fields::{field, list};
use super::ratings::{MAX_RATINGS, VisitorRatings};
use super::{InvalidRequest, PredictRequest, Rater};

/// The most pairs that are answered at once.
pub const MAX_PAIRS: usize = 1_000;

/// Pairs to predict, each of which may be wrong: `{"pairs":[{"userId":"2","movieId":"2959"}]}`. `ratings` beside the
/// pairs are those of everybody who has no own.
#[derive(Debug, Clone, PartialEq)]
pub struct PredictBatch(pub Vec<Result<PredictRequest, InvalidRequest>>);

impl PredictBatch {
    const EXAMPLE: &str = r#"{"pairs":[{"userId":"2","movieId":"2959"}]}"#;

    /// Reads a body of any content type.
    pub fn parse(body: &[u8]) -> Result<Self, InvalidRequest> {
        Self::from_json(&InvalidRequest::parse(body, Self::EXAMPLE)?)
    }

    /// Reads a JSON value.
    pub fn from_json(json: &Value) -> Result<Self, InvalidRequest> {
        Self::of(json).map_err(|error| error.unlike(Self::EXAMPLE))
    }

    /// Whether a JSON value is a batch, if it is anything.
    pub fn is_one(json: &Value) -> bool {
        json.as_object().is_some_and(|fields| !matches!(field(fields, "pairs"), Ok(None)))
    }

    fn of(json: &Value) -> Result<Self, InvalidRequest> {
        let fields = json.as_object().ok_or(InvalidRequest::NotAnObject)?;
        let pairs = field(fields, "pairs")?.ok_or(InvalidRequest::Missing("pairs"))?;
        let pairs = list(pairs, "pairs", MAX_PAIRS)?;
        let shared = field(fields, "ratings")?.map(VisitorRatings::of).transpose()?.map(Arc::new);
        let requests: Vec<_> =
            pairs.iter().map(|pair| PredictRequest::among(pair, shared.as_ref())).collect();
        // To fold somebody in takes a while.
        if rating_count(&requests) > MAX_RATINGS {
            return Err(InvalidRequest::TooManyRatings { limit: MAX_RATINGS });
        }
        Ok(Self(requests))
    }
}

/// How many ratings there are in all; those of several pairs count once.
fn rating_count(requests: &[Result<PredictRequest, InvalidRequest>]) -> usize {
    let lists = requests.iter().flatten().filter_map(|request| match &request.rater {
        Rater::Ratings(ratings) => Some((Arc::as_ptr(ratings), ratings.0.len())),
        Rater::User(_) => None,
    });
    let lists: std::collections::HashMap<_, _> = lists.collect();
    lists.values().sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn ratings_are_shared_by_pairs_that_have_no_own() {
        let body = json!({
            "ratings": [{"movieId": 1, "rating": 4}],
            "pairs": [{"movieId": 2}, {"user_id": "7", "movie_id": 3}, {"movieId": 4, "ratings": []}],
        });
        let PredictBatch(requests) = PredictBatch::from_json(&body).unwrap();
        let lists: Vec<&Arc<VisitorRatings>> = requests
            .iter()
            .map(|request| match &request.as_ref().unwrap().rater {
                Rater::Ratings(ratings) => ratings,
                Rater::User(user) => panic!("{user}"),
            })
            .collect();
        assert!(Arc::ptr_eq(lists[0], lists[1]) && !Arc::ptr_eq(lists[0], lists[2]));
        assert_eq!((lists[0].0.len(), lists[2].0.len()), (1, 0));
    }

    #[test]
    fn the_ratings_of_a_batch_are_bounded_in_all() {
        let ratings = |count: usize| json!(vec![json!({"movieId": 1, "rating": 4}); count]);
        let own =
            |count: usize| json!({"pairs": vec![json!({"movieId": 1, "ratings": ratings(count / 10)}); 10]});
        let shared =
            |count: usize| json!({"pairs": vec![json!({"movieId": 1}); 10], "ratings": ratings(count)});
        assert!(PredictBatch::from_json(&own(MAX_RATINGS)).is_ok());
        assert!(PredictBatch::from_json(&shared(MAX_RATINGS)).is_ok());
        let error = PredictBatch::from_json(&own(MAX_RATINGS + 10)).unwrap_err().to_string();
        assert!(error.contains(&MAX_RATINGS.to_string()), "{error}");
    }
}
