//! Ratings and hidden movies that are kept.

use matinee_live_ratings::{Mark, Moment, Write};
use matinee_model::{MovieId, UserId};
use serde_json::{Map, Value};

use super::fields::{checked_id, field, id, kind, list};
use super::{FromBody, FromParameters, InvalidRequest, Parameters};

/// The largest number of ratings in a batch.
pub const MAX_KEPT: usize = 1_000;

/// What the parameter `timestamp` must be.
const TIME: &str = "a time in seconds since 1970, not in the future";

/// The body of `PUT /users/{userId}/ratings/{movieId}`: `{"rating":4.5}`, with an optional `timestamp`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateRequest {
    /// The rating. It need not be on the scale of the model.
    pub rating: f32,
    /// When it was given.
    pub time: Moment,
}

/// The body of `POST /ratings`: `{"ratings":[{"userId":"2","movieId":"2959","rating":4.5}]}`. Each may be invalid.
#[derive(Debug, Clone, PartialEq)]
pub struct RatingsBatch(pub Vec<Result<Write, InvalidRequest>>);

/// The parameter `timestamp` of a route without a body: when it was done.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DoneAt(pub Moment);

/// The user and the movie in a path.
#[derive(Debug, Clone, PartialEq)]
pub struct UserAndMovie {
    /// The user.
    pub user: UserId,
    /// The movie.
    pub movie: MovieId,
}

impl FromBody for RateRequest {
    const EXAMPLE: &str = r#"{"rating":4.5}"#;

    fn read(json: &Value) -> Result<Self, InvalidRequest> {
        let fields = json.as_object().ok_or(InvalidRequest::NotAnObject)?;
        Ok(Self { rating: rating(fields)?, time: time(fields)? })
    }
}

impl FromBody for RatingsBatch {
    const EXAMPLE: &str = r#"{"ratings":[{"userId":"2","movieId":"2959","rating":4.5}]}"#;

    fn read(json: &Value) -> Result<Self, InvalidRequest> {
        let fields = json.as_object().ok_or(InvalidRequest::NotAnObject)?;
        let ratings = field(fields, "ratings")?.ok_or(InvalidRequest::Missing("ratings"))?;
        Ok(Self(list(ratings, "ratings", MAX_KEPT)?.iter().map(write).collect()))
    }
}

impl FromParameters for DoneAt {
    fn from_parameters(parameters: &Parameters) -> Result<Self, InvalidRequest> {
        let now = Moment::now();
        let Some(seconds) = parameters.parse::<f64>("timestamp", TIME)? else { return Ok(Self(now)) };
        Moment::given(seconds, now).map(Self).map_err(|_| parameters.refuse("timestamp", TIME))
    }
}

impl UserAndMovie {
    /// These ids without surrounding white space, if they are valid ids.
    pub fn new(user: &str, movie: &str) -> Result<Self, InvalidRequest> {
        Ok(Self { user: checked_user(user)?, movie: checked_id(movie, "movieId")?.into() })
    }

    /// The mark of this user on this movie.
    pub fn marked(self, mark: Mark, time: Moment) -> Write {
        Write { user: self.user, movie: self.movie, mark, time }
    }
}

/// This id of a user without surrounding white space, if it is a valid one.
pub fn checked_user(user: &str) -> Result<UserId, InvalidRequest> {
    Ok(checked_id(user, "userId")?.into())
}

fn write(entry: &Value) -> Result<Write, InvalidRequest> {
    let fields = entry.as_object().ok_or(InvalidRequest::NotAnObject)?;
    Ok(Write {
        user: id(fields, "userId")?.into(),
        movie: id(fields, "movieId")?.into(),
        mark: Mark::Rated(rating(fields)?),
        time: time(fields)?,
    })
}

fn rating(fields: &Map<String, Value>) -> Result<f32, InvalidRequest> {
    let value = field(fields, "rating")?.ok_or(InvalidRequest::Missing("rating"))?;
    let rating = value.as_f64().ok_or(InvalidRequest::RatingType { found: kind(value) })?;
    Ok(rating as f32)
}

/// The field `timestamp`, or now.
fn time(fields: &Map<String, Value>) -> Result<Moment, InvalidRequest> {
    let now = Moment::now();
    let Some(value) = field(fields, "timestamp")? else { return Ok(now) };
    let seconds = value.as_f64().ok_or(InvalidRequest::TimestampType { found: kind(value) })?;
    Moment::given(seconds, now).map_err(InvalidRequest::Timestamp)
}

#[cfg(test)]
mod tests {
    use super::*;
    use matinee_live_ratings::InvalidMoment;
    use serde_json::json;

    fn refusal(body: &Value) -> String {
        RateRequest::from_json(body).unwrap_err().to_string()
    }

    #[test]
    fn a_rating_may_have_a_time() {
        let read = RateRequest::from_json(&json!({"rating": 4.5, "timestamp": 1_445_714_835})).unwrap();
        assert_eq!(read, RateRequest { rating: 4.5, time: Moment(1_445_714_835_000) });
        let before = Moment::now();
        let read = RateRequest::from_json(&json!({"rating": 3})).unwrap();
        assert!(read.rating == 3.0 && before <= read.time && read.time <= Moment::now());
    }

    #[test]
    fn a_bad_rating_or_time_is_refused_by_name() {
        for (body, named) in [
            (json!({}), "`rating` is missing; send {\"rating\":4.5}"),
            (json!({"rating": "good"}), "`rating` must be a number"),
            (json!({"rating": 4, "timestamp": "now"}), "`timestamp` must be a number"),
            (json!({"rating": 4, "timestamp": -1}), "`timestamp`: it must be at least 0"),
            (json!({"rating": 4, "timestamp": 1_445_714_835_000_i64}), "in seconds since 1970"),
            (json!({"rating": 4, "timestamp": 1, "time_stamp": 2}), "`timestamp` occurs in two spellings"),
        ] {
            let refusal = refusal(&body);
            assert!(refusal.contains(named), "{body}: {refusal}");
        }
    }

    #[test]
    fn each_rating_of_a_batch_is_read_or_refused() {
        let body = json!({"ratings": [
            {"userId": 1, "movie_id": "10", "rating": 4},
            {"userId": 1, "rating": 4},
            {"userId": 1, "movieId": 10, "rating": 4, "timestamp": 1e12},
        ]});
        let RatingsBatch(writes) = RatingsBatch::from_json(&body).unwrap();
        let first = writes[0].as_ref().unwrap();
        assert_eq!((first.user.as_str(), first.movie.as_str(), first.mark), ("1", "10", Mark::Rated(4.0)));
        assert_eq!(writes[1], Err(InvalidRequest::Missing("movieId")));
        assert_eq!(writes[2], Err(InvalidRequest::Timestamp(InvalidMoment::Future)));

        let many = json!({"ratings": vec![json!({"userId": 1, "movieId": 10, "rating": 4}); MAX_KEPT + 1]});
        let error = RatingsBatch::from_json(&many).unwrap_err().to_string();
        assert!(error.contains(&MAX_KEPT.to_string()), "{error}");
    }
}
