//! What callers send. `userId` and `movieId` are the documented names; every other spelling of them
//! ([`is_spelling`]) is read too.

mod batch;
mod fields;
mod invalid;
mod place;
mod query;
mod ratings;

use std::sync::Arc;

pub use batch::{MAX_PAIRS, PredictBatch};
pub use fields::is_spelling;
pub use invalid::InvalidRequest;
pub use matinee_model::MAX_ID_BYTES;
use matinee_model::{MovieId, UserId};
pub use place::{Cursor, Offset};
pub(crate) use query::split;
pub use query::{
    Browse, MAX_IDS, MAX_LIMIT, MAX_QUERY_BYTES, MAX_QUERY_STRING_BYTES, Parameters, RecommendationsPage,
    Selection,
};
pub use ratings::{KnownRatings, MAX_RATINGS, RecommendationsRequest, VisitorRatings};
use serde_json::Value;

use fields::{checked_id, field, id};

/// Ids of movies.
pub type MovieIds = Vec<MovieId>;

/// The body of `POST /predict`: `{"userId":"2","movieId":"2959"}`, or `{"movieId":"2959","ratings":[...]}`. Ids may be
/// numbers; other fields are passed over.
#[derive(Debug, Clone, PartialEq)]
pub struct PredictRequest {
    /// For whom to predict.
    pub rater: Rater,
    /// What to predict.
    pub movie: MovieId,
}

/// For whom a rating is predicted.
#[derive(Debug, Clone, PartialEq)]
pub enum Rater {
    /// A user of the training data, or any other.
    User(UserId),
    /// Somebody with these ratings. They stand for the user, whatever the model has learned of the same user.
    Ratings(Arc<VisitorRatings>),
}

impl PredictRequest {
    const EXAMPLE: &str = r#"{"userId":"2","movieId":"2959"}"#;

    /// Reads a body of any content type.
    pub fn parse(body: &[u8]) -> Result<Self, InvalidRequest> {
        Self::from_json(&InvalidRequest::parse(body, Self::EXAMPLE)?)
    }

    /// Reads a JSON value.
    pub fn from_json(json: &Value) -> Result<Self, InvalidRequest> {
        Self::among(json, None)
    }

    /// Reads a JSON value; where it has no ratings, `shared` are those of whoever rates.
    fn among(json: &Value, shared: Option<&Arc<VisitorRatings>>) -> Result<Self, InvalidRequest> {
        Self::of(json, shared).map_err(|error| error.unlike(Self::EXAMPLE))
    }

    fn of(json: &Value, shared: Option<&Arc<VisitorRatings>>) -> Result<Self, InvalidRequest> {
        let fields = json.as_object().ok_or(InvalidRequest::NotAnObject)?;
        let rater = match (field(fields, "ratings")?, shared) {
            (Some(own), _) => Rater::Ratings(Arc::new(VisitorRatings::of(own)?)),
            (None, Some(shared)) => Rater::Ratings(Arc::clone(shared)),
            (None, None) => Rater::User(id(fields, "userId")?.into()),
        };
        Ok(Self { rater, movie: id(fields, "movieId")?.into() })
    }

    /// The request for these ids.
    pub fn new(user: &str, movie: &str) -> Result<Self, InvalidRequest> {
        let (user, movie) = Self::ids(user, movie)?;
        Ok(Self { rater: Rater::User(user), movie })
    }

    /// These ids without the space around them, if they can be ids.
    pub fn ids(user: &str, movie: &str) -> Result<(UserId, MovieId), InvalidRequest> {
        Ok((checked_id(user, "userId")?.into(), checked_id(movie, "movieId")?.into()))
    }

    /// The JSON object that [`Self::from_json`] reads as this request.
    pub(crate) fn to_json(&self) -> Value {
        let movie = self.movie.as_str();
        match &self.rater {
            Rater::User(user) => serde_json::json!({"userId": user.as_str(), "movieId": movie}),
            Rater::Ratings(ratings) => serde_json::json!({"movieId": movie, "ratings": ratings.to_json()}),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(body: &str) -> InvalidRequest {
        match PredictRequest::parse(body.as_bytes()).unwrap_err() {
            InvalidRequest::Form { error, example } => {
                assert!(PredictRequest::parse(example.as_bytes()).is_ok());
                *error
            }
            error => error,
        }
    }

    #[test]
    fn ids_are_strings_or_whole_numbers_by_any_spelling() {
        let expected = PredictRequest::new("2", "2959").unwrap();
        for body in [
            r#"{"userId":"2","movieId":"2959"}"#,
            r#"{"userId":2,"movieId":2959}"#,
            r#" {"movieId":" 2959 ","userId":2,"other":[1]} "#,
            r#"{"user_id":"2","movie_id":"2959"}"#,
            r#"{"UserId":"2","MovieID":2959}"#,
        ] {
            assert_eq!(PredictRequest::parse(body.as_bytes()), Ok(expected.clone()), "{body}");
        }
        let negative = PredictRequest::parse(br#"{"userId":-7,"movieId":18446744073709551615}"#).unwrap();
        assert_eq!(negative, PredictRequest::new("-7", "18446744073709551615").unwrap());
    }

    #[test]
    fn ratings_stand_for_the_user() {
        let ratings = VisitorRatings(vec![("1".into(), 4.5)]);
        let expected = PredictRequest { rater: Rater::Ratings(Arc::new(ratings)), movie: "2959".into() };
        for body in [
            r#"{"movieId":"2959","ratings":[{"movieId":1,"rating":4.5}]}"#,
            r#"{"userId":"2","movie_id":"2959","ratings":[{"movie_id":"1","rating":4.5}]}"#,
        ] {
            assert_eq!(PredictRequest::parse(body.as_bytes()), Ok(expected.clone()), "{body}");
        }
        for request in [expected, PredictRequest::new("2", "2959").unwrap()] {
            assert_eq!(PredictRequest::from_json(&request.to_json()), Ok(request.clone()));
        }
    }

    #[test]
    fn refusals_name_the_field() {
        assert_eq!(refusal(" "), InvalidRequest::Empty);
        assert!(matches!(refusal("userId=2"), InvalidRequest::Json(_)));
        assert_eq!(refusal("[]"), InvalidRequest::NotAnObject);
        assert_eq!(refusal(r#"{"userId":"2"}"#), InvalidRequest::Missing("movieId"));
        assert_eq!(refusal(r#"{"movieId":"2"}"#), InvalidRequest::Missing("userId"));
        for (value, found) in
            [("null", "null"), ("true", "a boolean"), ("2.5", "a fraction"), ("[2]", "an array")]
        {
            let body = format!(r#"{{"userId":{value},"movieId":"1"}}"#);
            assert_eq!(refusal(&body), InvalidRequest::WrongType { field: "userId", found });
        }
        for number in ["18446744073709551616", "-9223372036854775809", "1e300"] {
            let found = "a number too large to be exact; send it as a string";
            let body = format!(r#"{{"userId":{number},"movieId":"1"}}"#);
            assert_eq!(refusal(&body), InvalidRequest::WrongType { field: "userId", found });
        }
        assert_eq!(refusal(r#"{"userId":" ","movieId":"1"}"#), InvalidRequest::EmptyId("userId"));
        let long = format!(r#"{{"userId":"{}","movieId":"1"}}"#, "x".repeat(257));
        assert_eq!(refusal(&long), InvalidRequest::LongId("userId"));
    }
}
