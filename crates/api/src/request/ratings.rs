//! The body of `POST /recommendations`: a visitor's ratings.

use matinee_model::{MovieId, RatingScale};
use serde_json::Value;

use super::{InvalidRequest, id, kind};

/// The most ratings that are read.
pub const MAX_RATINGS: usize = 5_000;

/// The ratings of a visitor: `{"ratings":[{"movieId":"2959","rating":5}]}`.
#[derive(Debug, Clone, PartialEq)]
pub struct VisitorRatings(pub Vec<(MovieId, f32)>);

impl VisitorRatings {
    const EXAMPLE: &str = r#"{"ratings":[{"movieId":"2959","rating":5}]}"#;

    /// Reads a body of any content type; ratings must be on `scale`.
    pub fn parse(body: &[u8], scale: RatingScale) -> Result<Self, InvalidRequest> {
        let json = InvalidRequest::parse(body, Self::EXAMPLE)?;
        Self::of(&json, scale).map_err(|error| error.unlike(Self::EXAMPLE))
    }

    fn of(json: &Value, scale: RatingScale) -> Result<Self, InvalidRequest> {
        let fields = json.as_object().ok_or(InvalidRequest::NotAnObject)?;
        let list = fields.get("ratings").ok_or(InvalidRequest::Missing("ratings"))?;
        let list = list.as_array().ok_or(InvalidRequest::NotAList { field: "ratings", found: kind(list) })?;
        if list.len() > MAX_RATINGS {
            return Err(InvalidRequest::TooMany { field: "ratings", limit: MAX_RATINGS });
        }
        let ratings = list.iter().enumerate().map(|(index, entry)| {
            rating(entry, scale).map_err(|error| InvalidRequest::Entry {
                field: "ratings",
                index,
                error: Box::new(error),
            })
        });
        Ok(Self(ratings.collect::<Result<_, _>>()?))
    }
}

fn rating(entry: &Value, scale: RatingScale) -> Result<(MovieId, f32), InvalidRequest> {
    let fields = entry.as_object().ok_or(InvalidRequest::NotAnObject)?;
    let movie = id(fields, "movieId")?;
    let value = fields.get("rating").ok_or(InvalidRequest::Missing("rating"))?;
    match value.as_f64() {
        Some(rating) if scale.contains(rating as f32) => Ok((movie.into(), rating as f32)),
        _ => Err(InvalidRequest::NotARating(scale)),
    }
}
