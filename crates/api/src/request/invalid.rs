//! Why a request is not one.

use std::fmt;

use matinee_model::{MAX_ID_BYTES, RatingScale};
use serde_json::Value;

use super::{MAX_QUERY_STRING_BYTES, PredictRequest};

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
    /// The body is in another encoding than UTF-8.
    Encoding,
    /// A line is not a CSV record.
    Csv,
    /// The fields of a CSV record are separated by something else than commas.
    Separator(char),
    /// The first line of CSV may be a header, but does not name both columns.
    Header(String),
    /// A line among the records is a header.
    HeaderAmongRecords,
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
    /// A field is there twice, in two spellings and with different values.
    Twice(&'static str),
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
    /// The pairs of a batch have too many ratings in all.
    TooManyRatings {
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
    /// A rating is not a number.
    RatingType {
        /// What it is.
        found: &'static str,
    },
    /// A rating is not one of this scale.
    NotARating(RatingScale),
    /// The query string cannot be read.
    Query,
    /// The query string is longer than [`MAX_QUERY_STRING_BYTES`].
    LongQuery,
    /// A parameter has a value that it cannot have.
    Parameter {
        /// The parameter.
        name: &'static str,
        /// What it must be.
        expected: &'static str,
        /// What it is.
        found: String,
    },
    /// Two parameters exclude each other.
    Together {
        /// One.
        name: &'static str,
        /// The other.
        other: &'static str,
    },
    /// The catalogue has no such genre; it has these.
    Genre {
        /// The genre as given.
        found: String,
        /// The genres there are.
        known: String,
    },
}

impl InvalidRequest {
    /// A body as JSON, which should be like the example.
    pub(super) fn parse(body: &[u8], example: &'static str) -> Result<Value, Self> {
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

impl fmt::Display for InvalidRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path => f.write_str("the path is not UTF-8 after percent-decoding"),
            Self::LongPath => {
                write!(f, "a part of the path is longer than {MAX_ID_BYTES} bytes, which no id is")
            }
            Self::Empty => write!(f, "the body is empty"),
            Self::Json(error) => write!(f, "the body is not JSON ({error})"),
            Self::Encoding => write!(f, "the body is UTF-16; send UTF-8"),
            Self::Csv => write!(f, "the line is not a CSV record in UTF-8; send 2,2959"),
            Self::Separator(separator) => write!(
                f,
                "the fields are separated by `{}`; separate them by commas, as in 2,2959",
                separator.escape_default()
            ),
            Self::Header(line) => write!(
                f,
                "the first line `{line}` looks like a header, but does not name the columns userId and movieId once \
                 each; name them, or send records alone, in the order userId,movieId, the first of a movie in the catalogue"
            ),
            Self::HeaderAmongRecords => write!(f, "the line is a header, not a record"),
            Self::NotAnObject => write!(f, "it is not a JSON object"),
            Self::Form { error, example } => write!(f, "{error}; send {example}"),
            Self::Missing(field) => write!(f, "the field `{field}` is missing"),
            Self::Twice(field) => {
                write!(
                    f,
                    "the field `{field}` is there in two spellings with different values; send one of them"
                )
            }
            Self::WrongType { field, found } => {
                write!(f, "the field `{field}` must be a string or a whole number, not {found}")
            }
            Self::EmptyId(field) => write!(f, "the field `{field}` is empty"),
            Self::LongId(field) => write!(f, "the field `{field}` is longer than {MAX_ID_BYTES} bytes"),
            Self::NotAList { field, found } => write!(f, "the field `{field}` must be a list, not {found}"),
            Self::TooMany { field, limit } => {
                write!(f, "the field `{field}` has more than {limit} entries; send them in parts")
            }
            Self::TooManyRatings { limit } => {
                write!(f, "the pairs have more than {limit} ratings in all; send them in parts")
            }
            Self::Entry { field, index, error } => write!(f, "entry {index} of `{field}`: {error}"),
            Self::RatingType { found } => write!(f, "the field `rating` must be a number, not {found}"),
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
            Self::Parameter { name, expected, found } => {
                write!(f, "the parameter `{name}` must be {expected}, not {found}")
            }
            Self::Together { name, other } => {
                write!(f, "the parameters `{name}` and `{other}` exclude each other; send one of them")
            }
            Self::Genre { found, known } => {
                write!(f, "the catalogue has no genre `{found}`; it has {known}")
            }
        }
    }
}
