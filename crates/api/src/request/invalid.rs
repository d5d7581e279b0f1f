//! Why a request is invalid.

use std::fmt;

use matinee_live_ratings::InvalidMoment;
use matinee_model::{MAX_ID_BYTES, RatingScale};

use super::MAX_QUERY_STRING_BYTES;

/// Why a request is invalid.
#[derive(Debug, Clone, PartialEq)]
pub enum InvalidRequest {
    /// The path is not text.
    Path,
    /// An id in the path is longer than [`MAX_ID_BYTES`].
    LongPath,
    /// The user `me` is named where callers are no users.
    Me,
    /// The body is empty.
    Empty,
    /// The body is not JSON.
    Json(String),
    /// The body is not encoded in UTF-8.
    Encoding,
    /// A line is not a CSV record.
    Csv,
    /// The fields of a CSV record are not separated by commas.
    Separator(char),
    /// The first line of CSV may be a header, but does not name both columns.
    Header(String),
    /// A line among the records is a header.
    HeaderAmongRecords,
    /// The body is JSON, but not an object.
    NotAnObject,
    /// The body does not have the required form.
    Form {
        /// What is wrong with it.
        error: Box<InvalidRequest>,
        /// A valid body.
        example: &'static str,
    },
    /// A field is missing.
    Missing(&'static str),
    /// A field occurs in two spellings, with different values.
    Twice(&'static str),
    /// A field has the wrong type.
    WrongType {
        /// The field.
        field: &'static str,
        /// The kind of value that it has.
        found: &'static str,
    },
    /// An id is empty.
    EmptyId(&'static str),
    /// An id is longer than [`MAX_ID_BYTES`].
    LongId(&'static str),
    /// An id that is to be kept contains a control character.
    ControlCharacter(&'static str),
    /// An id that is to be kept stands for a missing value.
    MissingValue {
        /// The field.
        field: &'static str,
        /// The id.
        found: String,
    },
    /// A route that takes the time as a parameter has got it in the body.
    TimeInBody,
    /// A field must be a list.
    NotAList {
        /// The field.
        field: &'static str,
        /// The kind of value that it has.
        found: &'static str,
    },
    /// A list is too long.
    TooMany {
        /// The field.
        field: &'static str,
        /// The largest number.
        limit: usize,
    },
    /// A list is too short.
    TooFew {
        /// The field.
        field: &'static str,
        /// The smallest number.
        limit: usize,
    },
    /// A batch has too many ratings in total.
    TooManyRatings {
        /// The largest number.
        limit: usize,
    },
    /// An entry of a list is wrong.
    Entry {
        /// The field.
        field: &'static str,
        /// The position of the entry, from 0.
        index: usize,
        /// What is wrong with it.
        error: Box<InvalidRequest>,
    },
    /// A rating is not a number.
    RatingType {
        /// The kind of value that it is.
        found: &'static str,
    },
    /// A time is not a number.
    TimestampType {
        /// The kind of value that it is.
        found: &'static str,
    },
    /// A time is not one at which a rating can have been given.
    Timestamp(InvalidMoment),
    /// A rating is not on this scale.
    NotARating(RatingScale),
    /// The query string cannot be read.
    Query,
    /// The query string is longer than [`MAX_QUERY_STRING_BYTES`].
    LongQuery,
    /// The value of a parameter is invalid.
    Parameter {
        /// The parameter.
        name: &'static str,
        /// What the value must be.
        expected: &'static str,
        /// The value.
        found: String,
    },
    /// A route that writes does not have this parameter.
    UnknownParameter {
        /// The parameter in the request.
        given: String,
        /// The parameters of the route.
        known: String,
    },
    /// A parameter of a route that writes occurs twice.
    RepeatedParameter(&'static str),
    /// Two parameters cannot be combined.
    Exclusive {
        /// One.
        name: &'static str,
        /// The other.
        other: &'static str,
    },
    /// The catalogue has no such genre.
    Genre {
        /// The genre in the request.
        found: String,
        /// The genres of the catalogue.
        known: String,
    },
}

impl InvalidRequest {
    /// Why a body is not JSON.
    pub(crate) fn not_json(body: &[u8], error: &serde_json::Error) -> Self {
        if body.trim_ascii().is_empty() { Self::Empty } else { Self::Json(error.to_string()) }
    }

    /// The same error, with an example if the body has the wrong form.
    pub(crate) fn with_example(self, example: &'static str) -> Self {
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
                write!(f, "a part of the path is longer than {MAX_ID_BYTES} bytes, the maximum for an id")
            }
            Self::Me => f.write_str(
                "the user `me` is the holder of a token, and no tokens are checked here; name the user by its id, or \
                 set the stack's parameter Authorization to cognito",
            ),
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
                "the first line `{line}` looks like a header, but does not name each of the columns userId and \
                 movieId once; name them, or send only records, in the order userId,movieId, and first one of a movie in \
                 the catalogue"
            ),
            Self::HeaderAmongRecords => write!(f, "the line is a header, not a record"),
            Self::NotAnObject => write!(f, "the value is not a JSON object"),
            Self::Form { error, example } => write!(f, "{error}; send {example}"),
            Self::Missing(field) => write!(f, "the field `{field}` is missing"),
            Self::Twice(field) => {
                write!(
                    f,
                    "the field `{field}` occurs in two spellings with different values; send one of them"
                )
            }
            Self::WrongType { field, found } => {
                write!(f, "the field `{field}` must be a string or a whole number, not {found}")
            }
            Self::EmptyId(field) => write!(f, "the field `{field}` is empty"),
            Self::LongId(field) => write!(f, "the field `{field}` is longer than {MAX_ID_BYTES} bytes"),
            Self::ControlCharacter(field) => {
                write!(f, "the id `{field}` contains a control character, such as a line break; remove it")
            }
            Self::MissingValue { field, found } => {
                write!(f, "the id `{field}` is `{found}`, which programs write for a missing value; send the id")
            }
            Self::TimeInBody => f.write_str(
                "this route does not read the body; send `timestamp` as a parameter, as in ?timestamp=1445714835",
            ),
            Self::NotAList { field, found } => write!(f, "the field `{field}` must be a list, not {found}"),
            Self::TooMany { field, limit } => {
                write!(f, "the field `{field}` has more than {limit} entries; send them in parts")
            }
            Self::TooFew { field, limit } => {
                write!(f, "the field `{field}` must have at least {limit} entries")
            }
            Self::TooManyRatings { limit } => {
                write!(f, "the pairs have more than {limit} ratings in total; send them in parts")
            }
            Self::Entry { field, index, error } => write!(f, "entry {index} of `{field}`: {error}"),
            Self::RatingType { found } => write!(f, "the field `rating` must be a number, not {found}"),
            Self::TimestampType { found } => {
                write!(f, "the field `timestamp` must be a number of seconds, not {found}")
            }
            Self::Timestamp(error) => write!(f, "the field `timestamp`: {error}"),
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
            Self::UnknownParameter { given, known } if known.is_empty() => {
                write!(f, "`{given}` is not a parameter of this route, which has none; send it in the body, or remove it")
            }
            Self::UnknownParameter { given, known } => {
                write!(f, "`{given}` is not a parameter of this route; it has `{known}`")
            }
            Self::RepeatedParameter(name) => write!(f, "the parameter `{name}` occurs twice; send it once"),
            Self::Exclusive { name, other } => {
                write!(f, "the parameters `{name}` and `{other}` cannot be combined; send one of them")
            }
            Self::Genre { found, known } => {
                write!(f, "the catalogue has no genre `{found}`; it has {known}")
            }
        }
    }
}
