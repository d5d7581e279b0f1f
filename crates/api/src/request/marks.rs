//! Ratings and hidden movies that are kept.

use matinee_live_ratings::{Mark, Moment, NewMark};
use matinee_model::{MovieId, UserId, is_missing};
use serde_json::{Map, Value};

use super::fields::{checked_id, field, id, kind, list};
use super::{FromBody, FromParameters, InvalidRequest, Parameters};

/// The largest number of ratings in a batch.
pub const MAX_KEPT: usize = 1_000;

/// The name of the caller's own user, in paths and bodies.
pub const ME: &str = "me";

/// What the parameter `timestamp` must be.
const TIME: &str = "a time in seconds since 1970, not in the future";

/// The body of `PUT /users/{userId}/ratings/{movieId}`: `{"rating":4.5}`, with an optional `timestamp`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateRequest {
    /// The rating. It need not be on the scale of the model.
    pub rating: f32,
    /// When it was given; now if missing.
    pub time: Option<Moment>,
}

/// The body of `POST /ratings`: `{"ratings":[{"userId":"2","movieId":"2959","rating":4.5}]}`. Each may be invalid.
#[derive(Debug, Clone, PartialEq)]
pub struct RatingsBatch(pub Vec<Result<NewMark, InvalidRequest>>);

/// The parameter `timestamp` of a route without a body: when it was done; now if missing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DoneAt(pub Option<Moment>);

/// A route that writes what is in its body, and has no parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoParameters;

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
        Ok(Self(list(ratings, "ratings", MAX_KEPT)?.iter().map(new_mark).collect()))
    }
}

impl FromParameters for DoneAt {
    fn from_parameters(parameters: &Parameters) -> Result<Self, InvalidRequest> {
        parameters.refuse_others(&["timestamp"])?;
        if parameters.is_empty("timestamp") {
            return Err(parameters.refuse("timestamp", TIME));
        }
        let Some(seconds) = parameters.parse::<f64>("timestamp", TIME)? else { return Ok(Self(None)) };
        let time = Moment::given(seconds, Moment::now());
        time.map(|time| Self(Some(time))).map_err(|_| parameters.refuse("timestamp", TIME))
    }
}

impl FromParameters for NoParameters {
    fn from_parameters(parameters: &Parameters) -> Result<Self, InvalidRequest> {
        parameters.refuse_others(&[]).map(|()| Self)
    }
}

impl UserAndMovie {
    /// These ids without surrounding white space, if they are valid ids.
    pub fn new(user: &str, movie: &str) -> Result<Self, InvalidRequest> {
        let (user, movie) = (checked_id(user, "userId")?, checked_id(movie, "movieId")?);
        Ok(Self { user: plain(user, "userId")?.into(), movie: plain(movie, "movieId")?.into() })
    }

    /// The mark of this user on this movie.
    pub fn marked(self, mark: Mark, time: Option<Moment>) -> NewMark {
        NewMark { user: self.user, movie: self.movie, mark, time }
    }
}

/// This id of a user without surrounding white space, if it is a valid one.
pub fn checked_user(user: &str) -> Result<UserId, InvalidRequest> {
    Ok(checked_id(user, "userId")?.into())
}

/// An id as it can be kept: as training reads it from a file. There, a control character would end a line or a field.
fn plain<'i>(id: &'i str, name: &'static str) -> Result<&'i str, InvalidRequest> {
    if id.contains(char::is_control) {
        Err(InvalidRequest::ControlCharacter(name))
    } else if is_missing(id) {
        Err(InvalidRequest::MissingValue { field: name, found: id.to_owned() })
    } else {
        Ok(id)
    }
}

fn new_mark(entry: &Value) -> Result<NewMark, InvalidRequest> {
    let fields = entry.as_object().ok_or(InvalidRequest::NotAnObject)?;
    let place = UserAndMovie::new(&id(fields, "userId")?, &id(fields, "movieId")?)?;
    Ok(place.marked(Mark::Rated(rating(fields)?), time(fields)?))
}

fn rating(fields: &Map<String, Value>) -> Result<f32, InvalidRequest> {
    let value = field(fields, "rating")?.ok_or(InvalidRequest::Missing("rating"))?;
    let rating = value.as_f64().ok_or(InvalidRequest::RatingType { found: kind(value) })?;
    Ok(rating as f32)
}

/// The field `timestamp`. `null` is no time.
fn time(fields: &Map<String, Value>) -> Result<Option<Moment>, InvalidRequest> {
    let Some(value) = field(fields, "timestamp")?.filter(|value| !value.is_null()) else { return Ok(None) };
    let seconds = value.as_f64().ok_or(InvalidRequest::TimestampType { found: kind(value) })?;
    Moment::given(seconds, Moment::now()).map(Some).map_err(InvalidRequest::Timestamp)
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
        assert_eq!(read, RateRequest { rating: 4.5, time: Some(Moment(1_445_714_835_000)) });
        for body in [json!({"rating": 3}), json!({"rating": 3, "timestamp": null})] {
            assert_eq!(RateRequest::from_json(&body), Ok(RateRequest { rating: 3.0, time: None }));
        }
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
    fn an_id_with_a_control_character_cannot_be_kept() {
        for (user, movie, named) in
            [("1\u{0}2", "10", "userId"), ("1", "1\r0", "movieId"), ("1\u{85}2", "10", "userId")]
        {
            assert_eq!(UserAndMovie::new(user, movie), Err(InvalidRequest::ControlCharacter(named)));
        }
        assert!(UserAndMovie::new(" é 1\n", "映画").is_ok(), "white space around an id does not count");
    }

    #[test]
    fn what_programs_write_for_a_missing_id_cannot_be_kept() {
        for id in ["null", "NaN", "NA", "undefined", "None"] {
            let refusal = UserAndMovie::new(id, "10").unwrap_err().to_string();
            assert!(refusal.contains(&format!("`userId` is `{id}`, which programs write")), "{refusal}");
        }
        assert!(UserAndMovie::new("na", "Nina").is_ok());
    }

    #[test]
    fn parameters_that_would_have_no_effect_are_refused() {
        let read = |query: &str| {
            let parameters = Parameters::of(&format!("/users/1?{query}").parse().unwrap()).unwrap();
            let named = DoneAt::from_parameters(&parameters).map_err(|error| error.to_string());
            (named, NoParameters::from_parameters(&parameters).map_err(|error| error.to_string()))
        };
        assert_eq!(read(""), (Ok(DoneAt(None)), Ok(NoParameters)));
        let (done, none) = read("timestamp=5");
        assert_eq!(done, Ok(DoneAt(Some(Moment(5_000)))));
        assert!(none.unwrap_err().contains("`timestamp` is not a parameter of this route, which has none"));
        assert!(
            read("time=5")
                .0
                .unwrap_err()
                .contains("`time` is not a parameter of this route; it has `timestamp`")
        );
        assert!(read("timestamp=").0.unwrap_err().contains("`timestamp` must be a time in seconds"));
        assert!(read("timestamp=5&time_stamp=6").0.unwrap_err().contains("`timestamp` occurs twice"));
    }

    #[test]
    fn each_rating_of_a_batch_is_read_or_refused() {
        let body = json!({"ratings": [
            {"userId": 1, "movie_id": "10", "rating": 4},
            {"userId": 1, "rating": 4},
            {"userId": 1, "movieId": 10, "rating": 4, "timestamp": 1e12},
            {"userId": "1\n2", "movieId": 10, "rating": 4},
        ]});
        let RatingsBatch(writes) = RatingsBatch::from_json(&body).unwrap();
        let first = writes[0].as_ref().unwrap();
        assert_eq!((first.user.as_str(), first.movie.as_str(), first.mark), ("1", "10", Mark::Rated(4.0)));
        assert_eq!(writes[1], Err(InvalidRequest::Missing("movieId")));
        assert_eq!(writes[2], Err(InvalidRequest::Timestamp(InvalidMoment::Future)));

        assert_eq!(writes[3], Err(InvalidRequest::ControlCharacter("userId")));

        let many = json!({"ratings": vec![json!({"userId": 1, "movieId": 10, "rating": 4}); MAX_KEPT + 1]});
        let error = RatingsBatch::from_json(&many).unwrap_err().to_string();
        assert!(error.contains(&MAX_KEPT.to_string()), "{error}");
    }
}
