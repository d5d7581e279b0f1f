//! The body of `POST /predict/batch`.

use std::sync::Arc;

use serde_json::Value;

use super::fields::{field, list};
use super::ratings::{MAX_RATINGS, VisitorRatings};
use super::{FromBody, InvalidRequest, PredictRequest, Rater};

/// The largest number of pairs in a batch.
pub const MAX_PAIRS: usize = 1_000;

/// Pairs to predict, each of which may be invalid: `{"pairs":[{"userId":"2","movieId":"2959"}]}`. A field `ratings`
/// next to `pairs` is used for every pair without ratings of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct PredictBatch(pub Vec<Result<PredictRequest, InvalidRequest>>);

impl FromBody for PredictBatch {
    const EXAMPLE: &str = r#"{"pairs":[{"userId":"2","movieId":"2959"}]}"#;

    fn read(json: &Value) -> Result<Self, InvalidRequest> {
        let fields = json.as_object().ok_or(InvalidRequest::NotAnObject)?;
        let pairs = field(fields, "pairs")?.ok_or(InvalidRequest::Missing("pairs"))?;
        let pairs = list(pairs, "pairs", MAX_PAIRS)?;
        let shared = field(fields, "ratings")?.map(VisitorRatings::read).transpose()?.map(Arc::new);
        let read = |pair| {
            let request = PredictRequest::read_with(pair, shared.as_ref());
            request.map_err(|error| error.with_example(PredictRequest::EXAMPLE))
        };
        let requests: Vec<_> = pairs.iter().map(read).collect();
        // Folding in takes time for each rating.
        if rating_count(&requests) > MAX_RATINGS {
            return Err(InvalidRequest::TooManyRatings { limit: MAX_RATINGS });
        }
        Ok(Self(requests))
    }
}

impl PredictBatch {
    /// Whether a JSON value has the form of a batch. The batch may still be invalid.
    pub fn is_batch(json: &Value) -> bool {
        json.as_object().is_some_and(|fields| !matches!(field(fields, "pairs"), Ok(None)))
    }
}

/// The total number of ratings. Ratings that several pairs share count once.
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
    fn pairs_without_ratings_share_those_of_the_batch() {
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
    fn the_total_number_of_ratings_is_limited() {
        let ratings = |count: usize| json!(vec![json!({"movieId": 1, "rating": 4}); count]);
        let own =
            |count: usize| json!({"pairs": vec![json!({"movieId": 1, "ratings": ratings(count / 10)}); 10]});
        let shared =
            |count: usize| json!({"pairs": vec![json!({"movieId": 1}); 10], "ratings": ratings(count)});
        for body in [own(MAX_RATINGS), shared(MAX_RATINGS)] {
            let PredictBatch(requests) = PredictBatch::from_json(&body).unwrap();
            assert!(requests.len() == 10 && requests.iter().all(Result::is_ok));
        }
        let error = PredictBatch::from_json(&own(MAX_RATINGS + 10)).unwrap_err().to_string();
        assert!(error.contains(&MAX_RATINGS.to_string()), "{error}");
    }
}
