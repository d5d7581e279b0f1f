//! What callers send.

mod batch;
mod query;
mod ratings;

pub use batch::{MAX_PAIRS, PredictBatch};
pub use query::{Cursor, MAX_LIMIT, MAX_QUERY_BYTES, MAX_QUERY_STRING_BYTES, Page, Parameters};
pub use ratings::{MAX_RATINGS, VisitorRatings};

use std::fmt;

pub use matinee_model::MAX_ID_BYTES;
use matinee_model::{MovieId, RatingScale, UserId};
use serde_json::{Map, Value};

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
    /// The path is not text.
    Path,
    /// A part of the path that is an id is longer than [`MAX_ID_BYTES`].
    LongPath,
    /// The body is empty.
    Empty,
    /// The body is not JSON.
    Json(String),
    /// A line is not a CSV record.
    Csv,
    /// The body is JSON, but not an object.
    NotAnObject,
    /// The body has not the form of this example.
    Form {
        /// What is wrong with it.
        error: Box<InvalidRequest>,
        /// What it should be like.
        example: &'static str,
    },
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
    /// The query string is longer than [`MAX_QUERY_STRING_BYTES`].
    LongQuery,
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
    const EXAMPLE: &str = r#"{"userId":"2","movieId":"2959"}"#;

    /// Reads a body of any content type.
    pub fn parse(body: &[u8]) -> Result<Self, InvalidRequest> {
        Self::from_json(&InvalidRequest::parse(body, Self::EXAMPLE)?)
    }

    /// Reads a JSON value.
    pub fn from_json(json: &Value) -> Result<Self, InvalidRequest> {
        Self::of(json).map_err(|error| error.unlike(Self::EXAMPLE))
    }

    fn of(json: &Value) -> Result<Self, InvalidRequest> {
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
    /// A body as JSON, which should be like the example.
    fn parse(body: &[u8], example: &'static str) -> Result<Value, Self> {
        serde_json::from_slice(body).map_err(|error| Self::of_json(body, &error).unlike(example))
    }

    /// Why a pair is not JSON.
    pub(crate) fn of_json_pair(body: &[u8], error: &serde_json::Error) -> Self {
        Self::of_json(body, error).unlike(PredictRequest::EXAMPLE)
    }

    fn of_json(body: &[u8], error: &serde_json::Error) -> Self {
        if body.trim_ascii().is_empty() { Self::Empty } else { Self::Json(error.to_string()) }
    }

    /// The same, with an example for whoever has sent something of another form.
    pub(crate) fn unlike(self, example: &'static str) -> Self {
        let is_form = match &self {
            Self::Empty | Self::Json(_) | Self::NotAnObject | Self::Missing(_) | Self::NotAList { .. } => {
                true
            }
            Self::Entry { error, .. } => matches!(**error, Self::NotAnObject | Self::Missing(_)),
            _ => false,
        };
        if is_form { Self::Form { error: Box::new(self), example } } else { self }
    }
}

/// Where whole numbers end that fit into 64 bits with a sign.
const TWO_TO_THE_63: f64 = 9_223_372_036_854_775_808.0;

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        // A whole number of more than 64 bits was read as a float, and its last digits are lost.
        Value::Number(number) if number.as_f64().is_some_and(|number| number.abs() >= TWO_TO_THE_63) => {
            "a number of more than 64 bits; send it as a string"
        }
        Value::Number(_) => "a fraction",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

impl fmt::Display for InvalidRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path => f.write_str("the path is not UTF-8 after percent-decoding"),
            Self::LongPath => {
                write!(f, "a part of the path is longer than {MAX_ID_BYTES} bytes, which no id is")
            }
            Self::Empty => write!(f, "the body is empty"),
            Self::Json(error) => write!(f, "the body is not JSON ({error})"),
            Self::Csv => write!(f, "the line is not a CSV record in UTF-8; send 2,2959"),
            Self::NotAnObject => write!(f, "it is not a JSON object"),
            Self::Form { error, example } => write!(f, "{error}; send {example}"),
            Self::Missing(field) => write!(f, "the field `{field}` is missing"),
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
            Self::LongQuery => {
                write!(
                    f,
                    "the query string is longer than {MAX_QUERY_STRING_BYTES} bytes; shorten its values"
                )
            }
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
        match PredictRequest::parse(body.as_bytes()).unwrap_err() {
            InvalidRequest::Form { error, example } => {
                assert!(PredictRequest::parse(example.as_bytes()).is_ok());
                *error
            }
            error => error,
        }
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
        for number in ["18446744073709551616", "-9223372036854775809", "1e300"] {
            let found = "a number of more than 64 bits; send it as a string";
            let body = format!(r#"{{"userId":{number},"movieId":"1"}}"#);
            assert_eq!(refusal(&body), InvalidRequest::WrongType { field: "userId", found });
        }
        assert_eq!(refusal(r#"{"userId":" ","movieId":"1"}"#), InvalidRequest::EmptyId("userId"));
        let long = format!(r#"{{"userId":"{}","movieId":"1"}}"#, "x".repeat(257));
        assert_eq!(refusal(&long), InvalidRequest::LongId("userId"));
    }
}
