//! The body of `POST /predict/batch`.

use serde_json::Value;

use super::{InvalidRequest, PredictRequest, kind};

/// The most pairs that are answered at once.
pub const MAX_PAIRS: usize = 1_000;

/// Pairs to predict, each of which may be wrong: `{"pairs":[{"userId":"2","movieId":"2959"}]}`.
#[derive(Debug, Clone, PartialEq)]
pub struct PredictBatch(pub Vec<Result<PredictRequest, InvalidRequest>>);

impl PredictBatch {
    const EXAMPLE: &str = r#"{"pairs":[{"userId":"2","movieId":"2959"}]}"#;

    /// Reads a body of any content type.
    pub fn parse(body: &[u8]) -> Result<Self, InvalidRequest> {
        let json = InvalidRequest::parse(body, Self::EXAMPLE)?;
        Self::of(&json).map_err(|error| error.unlike(Self::EXAMPLE))
    }

    fn of(json: &Value) -> Result<Self, InvalidRequest> {
        let fields = json.as_object().ok_or(InvalidRequest::NotAnObject)?;
        let pairs = fields.get("pairs").ok_or(InvalidRequest::Missing("pairs"))?;
        let pairs =
            pairs.as_array().ok_or(InvalidRequest::NotAList { field: "pairs", found: kind(pairs) })?;
        if pairs.len() > MAX_PAIRS {
            return Err(InvalidRequest::TooMany { field: "pairs", limit: MAX_PAIRS });
        }
        Ok(Self(pairs.iter().map(PredictRequest::from_json).collect()))
    }
}
