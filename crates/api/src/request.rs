//! What callers send.

mod batch;
mod query;
mod ratings;

pub use batch::{MAX_PAIRS, PredictBatch};
pub use query::{Cursor, MAX_LIMIT, Page, Parameters};
pub use ratings::{MAX_RATINGS, VisitorRatings};

use std::fmt;

use matinee_model::{MovieId, RatingScale, UserId};
use serde_json::{Map, Value};

/// The longest id that is looked up, in bytes.
pub const MAX_ID_BYTES: usize = 256;

/// The body of `POST /predict`: `{"userId":"2","movieId":"2959"}`. Ids may be numbers; other fields are
/// passed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PredictRequest {
    /// For whom to predict.
    pub user: UserId,
    /// What to predict.
    pub movie: MovieId,
}

/// Why a request is not one.
#[derive(Debug, Clone, PartialEq)]
pub enum InvalidRequest {
    /// The body is empty.
    Empty,
    /// The body is not JSON.
    Json(String),
    /// A line is not a CSV record.
    Csv,
    /// The body is JSON, but not an object.
    NotAnObject,
    /// A field is missing.
    Missing(&'static str),
    /// A field has the wrong type.
    WrongType {
        /// The field.
        field: &'static str,
        /// What it holds.
        found: &'static str,
    },
    /// An id is empty.
    EmptyId(&'static str),
    /// An id is longer than [`MAX_ID_BYTES`].
    LongId(&'static str),
    /// A field should be a list.
    NotAList {
        /// The field.
        field: &'static str,
        /// What it holds.
        found: &'static str,
    },
    /// A list is too long.
    TooMany {
        /// The field.
        field: &'static str,
        /// How many there may be.
        limit: usize,
    },
    /// An entry of a list is wrong.
    Entry {
        /// The field.
        field: &'static str,
        /// The place of the entry, from 0.
        index: usize,
        /// What is wrong with it.
        error: Box<InvalidRequest>,
    },
    /// A rating is not one of this scale.
    NotARating(RatingScale),
    /// The query string cannot be read.
    Query,
    /// A parameter is missing.
    MissingParameter(&'static str),
    /// A parameter has a value that it cannot have.
    Parameter {
        /// The parameter.
        name: &'static str,
        /// What it must be.
        expected: &'static str,
        /// What it is.
        found: String,
    },
    /// The catalogue has no such genre; it has these.
    Genre {
        /// The genre as given.
        found: String,
        /// The genres there are.
        known: String,
    },
    /// The movie that a cursor names is not there any more.
    StaleCursor,
}

impl PredictRequest {
    /// Reads a body of any content type.
    pub fn parse(body: &[u8]) -> Result<Self, InvalidRequest> {
        Self::from_json(&InvalidRequest::parse(body)?)
    }

    /// Reads a JSON value.
    pub fn from_json(json: &Value) -> Result<Self, InvalidRequest> {
        let fields = json.as_object().ok_or(InvalidRequest::NotAnObject)?;
        Ok(Self { user: id(fields, "userId")?.into(), movie: id(fields, "movieId")?.into() })
    }

    /// The request for these ids.
    pub fn new(user: &str, movie: &str) -> Result<Self, InvalidRequest> {
        let (user, movie) = (checked(user, "userId")?, checked(movie, "movieId")?);
        Ok(Self { user: user.into(), movie: movie.into() })
    }
}

fn id(fields: &Map<String, Value>, field: &'static str) -> Result<String, InvalidRequest> {
    match fields.get(field) {
        None => Err(InvalidRequest::Missing(field)),
        Some(Value::String(id)) => checked(id, field).map(str::to_owned),
        Some(Value::Number(id)) if !id.is_f64() => Ok(id.to_string()),
        Some(other) => Err(InvalidRequest::WrongType { field, found: kind(other) }),
    }
}

/// The id without the space around it.
fn checked<'i>(id: &'i str, field: &'static str) -> Result<&'i str, InvalidRequest> {
    let id = id.trim();
    match id.len() {
        0 => Err(InvalidRequest::EmptyId(field)),
        length if length > MAX_ID_BYTES => Err(InvalidRequest::LongId(field)),
        _ => Ok(id),
    }
}

impl InvalidRequest {
    fn parse(body: &[u8]) -> Result<Value, Self> {
        serde_json::from_slice(body).map_err(|error| Self::of_json(body, &error))
    }

    /// Why a body is not JSON.
    pub(crate) fn of_json(body: &[u8], error: &serde_json::Error) -> Self {
        if body.trim_ascii().is_empty() { Self::Empty } else { Self::Json(error.to_string()) }
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a fraction",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

impl fmt::Display for InvalidRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const EXAMPLE: &str = r#"send {"userId":"2","movieId":"2959"}"#;
        match self {
            Self::Empty => write!(f, "the body is empty; {EXAMPLE}"),
            Self::Json(error) => write!(f, "the body is not JSON ({error}); {EXAMPLE}"),
            Self::Csv => write!(f, "the line is not a CSV record in UTF-8; send 2,2959"),
            Self::NotAnObject => write!(f, "the body is not a JSON object; {EXAMPLE}"),
            Self::Missing(field) => write!(f, "the field `{field}` is missing; {EXAMPLE}"),
            Self::WrongType { field, found } => {
                write!(f, "the field `{field}` must be a string or a whole number, not {found}")
            }
            Self::EmptyId(field) => write!(f, "the field `{field}` is empty"),
            Self::LongId(field) => write!(f, "the field `{field}` is longer than {MAX_ID_BYTES} bytes"),
            Self::NotAList { field, found } => write!(f, "the field `{field}` must be a list, not {found}"),
            Self::TooMany { field, limit } => {
                write!(f, "the field `{field}` has more than {limit} entries; send them in parts")
            }
            Self::Entry { field, index, error } => write!(f, "entry {index} of `{field}`: {error}"),
            Self::NotARating(scale) => {
                write!(f, "the field `rating` must be a number from {} to {}", scale.min(), scale.max())
            }
            Self::Query => write!(f, "the query string cannot be read; encode its values"),
            Self::MissingParameter(name) => write!(f, "the parameter `{name}` is missing; add ?{name}=..."),
            Self::Parameter { name, expected, found } => {
                write!(f, "the parameter `{name}` must be {expected}, not {found}")
            }
            Self::Genre { found, known } => {
                write!(f, "the catalogue has no genre `{found}`; it has {known}")
            }
            Self::StaleCursor => {
                write!(f, "the parameter `cursor` names a movie that is not there any more; begin without it")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(body: &str) -> InvalidRequest {
        PredictRequest::parse(body.as_bytes()).unwrap_err()
    }

    #[test]
    fn ids_are_strings_or_whole_numbers() {
        let expected = PredictRequest { user: "2".into(), movie: "2959".into() };
        for body in [
            r#"{"userId":"2","movieId":"2959"}"#,
            r#"{"userId":2,"movieId":2959}"#,
            r#" {"movieId":" 2959 ","userId":2,"other":[1]} "#,
        ] {
            assert_eq!(PredictRequest::parse(body.as_bytes()), Ok(expected.clone()), "{body}");
        }
        let negative = PredictRequest::parse(br#"{"userId":-7,"movieId":18446744073709551615}"#).unwrap();
        assert_eq!((negative.user.as_str(), negative.movie.as_str()), ("-7", "18446744073709551615"));
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
        assert_eq!(refusal(r#"{"userId":" ","movieId":"1"}"#), InvalidRequest::EmptyId("userId"));
        let long = format!(r#"{{"userId":"{}","movieId":"1"}}"#, "x".repeat(257));
        assert_eq!(refusal(&long), InvalidRequest::LongId("userId"));
    }
}
