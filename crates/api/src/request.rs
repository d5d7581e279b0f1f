//! What callers send. `userId` and `movieId` are the documented names, and every other spelling of them is accepted
//! too: see [`is_spelling`].

mod batch;
mod body;
mod cursor;
mod fields;
mod invalid;
mod marks;
mod query;
mod ratings;
mod ratings_cursor;

use std::sync::Arc;

pub use batch::{MAX_PAIRS, PredictBatch};
pub use body::FromBody;
pub use cursor::{Cursor, Offset};
pub use fields::is_spelling;
pub use invalid::InvalidRequest;
pub use marks::{DoneAt, MAX_KEPT, ME, NoParameters, RateRequest, RatingsBatch, UserAndMovie, checked_user};
pub use matinee_model::MAX_ID_BYTES;
use matinee_model::{MovieId, UserId};
pub(crate) use query::split_list;
pub use query::{
    FromParameters, MAX_IDS, MAX_LIMIT, MAX_QUERY_BYTES, MovieSearch, MoviesPage, Parameters, RatingsOrder,
    RatingsPage, RecommendationsPage, Selection,
};
pub use ratings::{KnownRatings, MAX_RATINGS, RecommendationsRequest, TogetherRequest, VisitorRatings};
pub use ratings_cursor::{LastRating, RatingsCursor};
use serde_json::Value;

use fields::{checked_id, field, id};

/// The longest query string that is read, in bytes as they are sent.
pub const MAX_QUERY_STRING_BYTES: usize = 8_192;

/// The body of `POST /predict`: `{"userId":"2","movieId":"2959"}`, or `{"movieId":"2959","ratings":[...]}`. Ids may be
/// numbers. Other fields are ignored.
#[derive(Debug, Clone, PartialEq)]
pub struct PredictRequest {
    /// Whose rating to predict.
    pub rater: Rater,
    /// The movie to predict it for.
    pub movie: MovieId,
}

/// Whose rating is predicted.
#[derive(Debug, Clone, PartialEq)]
pub enum Rater {
    /// A user, who may be in the training data or not.
    User(UserId),
    /// Somebody with these ratings. They are used instead of anything that the model has learned about a user.
    Ratings(Arc<VisitorRatings>),
}

impl FromBody for PredictRequest {
    const EXAMPLE: &str = r#"{"userId":"2","movieId":"2959"}"#;

    fn read(json: &Value) -> Result<Self, InvalidRequest> {
        Self::read_with(json, None)
    }
}

impl PredictRequest {
    /// Reads a JSON value. `shared` are the ratings of a value that has none of its own.
    fn read_with(json: &Value, shared: Option<&Arc<VisitorRatings>>) -> Result<Self, InvalidRequest> {
        let fields = json.as_object().ok_or(InvalidRequest::NotAnObject)?;
        let rater = match (field(fields, "ratings")?, shared) {
            (Some(own), _) => Rater::Ratings(Arc::new(VisitorRatings::read(own)?)),
            (None, Some(shared)) => Rater::Ratings(Arc::clone(shared)),
            (None, None) => Rater::User(id(fields, "userId")?.into()),
        };
        Ok(Self { rater, movie: id(fields, "movieId")?.into() })
    }

    /// The request for a user and a movie with these ids.
    pub fn new(user: &str, movie: &str) -> Result<Self, InvalidRequest> {
        let (user, movie) = Self::ids(user, movie)?;
        Ok(Self { rater: Rater::User(user), movie })
    }

    /// These ids without surrounding white space, if they are valid ids.
    pub fn ids(user: &str, movie: &str) -> Result<(UserId, MovieId), InvalidRequest> {
        Ok((checked_id(user, "userId")?.into(), checked_id(movie, "movieId")?.into()))
    }

    /// The JSON object that [`FromBody::from_json`] reads as this request.
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
        match PredictRequest::from_body(body.as_bytes()).unwrap_err() {
            InvalidRequest::Form { error, example } => {
                assert_eq!(PredictRequest::from_body(example.as_bytes()), PredictRequest::new("2", "2959"));
                *error
            }
            error => error,
        }
    }

    #[test]
    fn ids_are_strings_or_whole_numbers_under_any_spelling() {
        let expected = PredictRequest::new("2", "2959").unwrap();
        for body in [
            r#"{"userId":"2","movieId":"2959"}"#,
            r#"{"userId":2,"movieId":2959}"#,
            r#" {"movieId":" 2959 ","userId":2,"other":[1]} "#,
            r#"{"user_id":"2","movie_id":"2959"}"#,
            r#"{"UserId":"2","MovieID":2959}"#,
        ] {
            assert_eq!(PredictRequest::from_body(body.as_bytes()), Ok(expected.clone()), "{body}");
        }
        let negative = PredictRequest::from_body(br#"{"userId":-7,"movieId":18446744073709551615}"#).unwrap();
        assert_eq!(negative, PredictRequest::new("-7", "18446744073709551615").unwrap());
    }

    #[test]
    fn ratings_are_used_instead_of_the_user() {
        let ratings = VisitorRatings(vec![("1".into(), 4.5)]);
        let expected = PredictRequest { rater: Rater::Ratings(Arc::new(ratings)), movie: "2959".into() };
        for body in [
            r#"{"movieId":"2959","ratings":[{"movieId":1,"rating":4.5}]}"#,
            r#"{"userId":"2","movie_id":"2959","ratings":[{"movie_id":"1","rating":4.5}]}"#,
        ] {
            assert_eq!(PredictRequest::from_body(body.as_bytes()), Ok(expected.clone()), "{body}");
        }
        for request in [expected, PredictRequest::new("2", "2959").unwrap()] {
            assert_eq!(PredictRequest::from_json(&request.to_json()), Ok(request.clone()));
        }
    }

    #[test]
    fn errors_name_the_field() {
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
