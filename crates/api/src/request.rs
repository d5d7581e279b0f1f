//! What callers send.

use std::fmt;

use matinee_model::{MovieId, UserId};
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InvalidRequest {
    /// The body is empty.
    Empty,
    /// The body is not JSON.
    Json(String),
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
}

impl PredictRequest {
    /// Reads a body of any content type.
    pub fn parse(body: &[u8]) -> Result<Self, InvalidRequest> {
        let fields = object(body)?;
        Ok(Self { user: id(&fields, "userId")?.into(), movie: id(&fields, "movieId")?.into() })
    }
}

fn object(body: &[u8]) -> Result<Map<String, Value>, InvalidRequest> {
    if body.trim_ascii().is_empty() {
        return Err(InvalidRequest::Empty);
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err(InvalidRequest::NotAnObject),
        Err(error) => Err(InvalidRequest::Json(error.to_string())),
    }
}

fn id(fields: &Map<String, Value>, field: &'static str) -> Result<String, InvalidRequest> {
    let id = match fields.get(field) {
        None => return Err(InvalidRequest::Missing(field)),
        Some(Value::String(id)) => id.trim().to_owned(),
        Some(Value::Number(id)) if !id.is_f64() => id.to_string(),
        Some(other) => return Err(InvalidRequest::WrongType { field, found: kind(other) }),
    };
    match id.len() {
        0 => Err(InvalidRequest::EmptyId(field)),
        length if length > MAX_ID_BYTES => Err(InvalidRequest::LongId(field)),
        _ => Ok(id),
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
            Self::NotAnObject => write!(f, "the body is not a JSON object; {EXAMPLE}"),
            Self::Missing(field) => write!(f, "the field `{field}` is missing; {EXAMPLE}"),
            Self::WrongType { field, found } => {
                write!(f, "the field `{field}` must be a string or a whole number, not {found}")
            }
            Self::EmptyId(field) => write!(f, "the field `{field}` is empty"),
            Self::LongId(field) => write!(f, "the field `{field}` is longer than {MAX_ID_BYTES} bytes"),
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
