//! Ratings that are sent with a request, so that this service does not need to store them.

use matinee_model::{Model, MovieId, Rated, RatingScale};
use serde_json::{Map, Value};

use super::fields::{entries, field, id, id_of, kind, list};
use super::{FromBody, InvalidRequest};
use crate::predict_error::PredictError;

/// The largest number of ratings of one person, and the largest total of a batch.
pub const MAX_RATINGS: usize = 5_000;

/// The smallest and the largest number of people who get one list.
const MIN_PEOPLE: usize = 2;
const MAX_PEOPLE: usize = 6;

/// The ratings of one person: `[{"movieId":"2959","rating":5}]`. They need not be on the scale of the model.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct VisitorRatings(pub Vec<(MovieId, f32)>);

/// The body of `POST /recommendations`: `{"ratings":[{"movieId":"2959","rating":5}],"exclude":["1"]}`.
#[derive(Debug, Clone, PartialEq)]
pub struct RecommendationsRequest {
    /// The visitor's ratings.
    pub ratings: VisitorRatings,
    /// The movies that must not be recommended.
    pub exclude: Vec<MovieId>,
}

/// The body of `POST /recommendations/together`: `{"people":[{"ratings":[...]},{"ratings":[...]}]}`.
#[derive(Debug, Clone, PartialEq)]
pub struct TogetherRequest {
    /// The ratings of each person.
    pub people: Vec<VisitorRatings>,
    /// The movies that must not be recommended.
    pub exclude: Vec<MovieId>,
}

/// Ratings, with the rows of a model instead of movie ids.
#[derive(Debug, Clone, PartialEq)]
pub struct KnownRatings {
    /// The ratings of movies that the model knows.
    pub rated: Vec<Rated>,
    /// The movies that it does not know. Their ratings are ignored.
    pub unknown: Vec<MovieId>,
}

impl FromBody for RecommendationsRequest {
    const EXAMPLE: &str = r#"{"ratings":[{"movieId":"2959","rating":5}]}"#;

    fn read(json: &Value) -> Result<Self, InvalidRequest> {
        let fields = json.as_object().ok_or(InvalidRequest::NotAnObject)?;
        let ratings = field(fields, "ratings")?.ok_or(InvalidRequest::Missing("ratings"))?;
        Ok(Self { ratings: VisitorRatings::read(ratings)?, exclude: excluded(fields)? })
    }
}

impl FromBody for TogetherRequest {
    const EXAMPLE: &str = r#"{"people":[{"ratings":[{"movieId":"2959","rating":5}]},{"ratings":[{"movieId":"1","rating":4}]}]}"#;

    fn read(json: &Value) -> Result<Self, InvalidRequest> {
        let fields = json.as_object().ok_or(InvalidRequest::NotAnObject)?;
        let people = field(fields, "people")?.ok_or(InvalidRequest::Missing("people"))?;
        let people = entries(list(people, "people", MAX_PEOPLE)?, "people", |person| {
            let fields = person.as_object().ok_or(InvalidRequest::NotAnObject)?;
            VisitorRatings::read(field(fields, "ratings")?.ok_or(InvalidRequest::Missing("ratings"))?)
        })?;
        if people.len() < MIN_PEOPLE {
            return Err(InvalidRequest::TooFew { field: "people", limit: MIN_PEOPLE });
        }
        Ok(Self { people, exclude: excluded(fields)? })
    }
}

/// The ids in the field `exclude`.
fn excluded(fields: &Map<String, Value>) -> Result<Vec<MovieId>, InvalidRequest> {
    let Some(ids) = field(fields, "exclude")? else { return Ok(Vec::new()) };
    entries(list(ids, "exclude", MAX_RATINGS)?, "exclude", |id| Ok(MovieId::from(&*id_of(id, "exclude")?)))
}

impl VisitorRatings {
    /// Reads the list in a field `ratings`.
    pub(super) fn read(ratings: &Value) -> Result<Self, InvalidRequest> {
        entries(list(ratings, "ratings", MAX_RATINGS)?, "ratings", rating).map(Self)
    }

    /// Refuses ratings that are not on `scale`.
    pub fn check(&self, scale: RatingScale) -> Result<(), PredictError> {
        match self.0.iter().position(|&(_, rating)| !scale.contains(rating)) {
            None => Ok(()),
            Some(index) => Err(PredictError::RatingOffScale { index, scale }),
        }
    }

    /// The ratings with the rows of `model`, if they are on its scale.
    pub fn known_to(&self, model: &Model) -> Result<KnownRatings, PredictError> {
        self.check(model.manifest().rating_scale)?;
        let mut known = KnownRatings { rated: Vec::with_capacity(self.0.len()), unknown: Vec::new() };
        for (movie, rating) in &self.0 {
            match model.movie_row(movie) {
                Some(row) => known.rated.push(Rated { movie: row, rating: *rating }),
                None => known.unknown.push(movie.clone()),
            }
        }
        Ok(known)
    }

    /// The list that [`Self::read`] reads.
    pub(crate) fn to_json(&self) -> Value {
        let entry = |(movie, rating): &(MovieId, f32)| serde_json::json!({"movieId": movie.as_str(), "rating": rating});
        self.0.iter().map(entry).collect()
    }
}

fn rating(entry: &Value) -> Result<(MovieId, f32), InvalidRequest> {
    let fields = entry.as_object().ok_or(InvalidRequest::NotAnObject)?;
    let movie = id(fields, "movieId")?;
    let value = field(fields, "rating")?.ok_or(InvalidRequest::Missing("rating"))?;
    let rating = value.as_f64().ok_or(InvalidRequest::RatingType { found: kind(value) })?;
    Ok((movie.into(), rating as f32))
}
