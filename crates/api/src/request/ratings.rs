//! Ratings that come with a request: of a visitor, or of whoever has the history and needs no store of it.

use matinee_model::{Model, MovieId, Rated, RatingScale};
use serde_json::Value;

use super::fields::{entries, field, id, id_of, kind, list};
use super::{InvalidRequest, MovieIds};

/// The most ratings that are read of one person, and the most of a batch in all.
pub const MAX_RATINGS: usize = 5_000;

/// The ratings of one person: `[{"movieId":"2959","rating":5}]`. Whether they are on the scale is asked of the model.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct VisitorRatings(pub Vec<(MovieId, f32)>);

/// The body of `POST /recommendations`: `{"ratings":[{"movieId":"2959","rating":5}],"exclude":["1"]}`.
#[derive(Debug, Clone, PartialEq)]
pub struct RecommendationsRequest {
    /// What the visitor has rated.
    pub ratings: VisitorRatings,
    /// What must not be recommended.
    pub exclude: MovieIds,
}

/// Ratings by the rows of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct KnownRatings {
    /// The ratings of movies that the model knows.
    pub rated: Vec<Rated>,
    /// The movies that it does not know, whose ratings count for nothing.
    pub unknown: Vec<MovieId>,
}

impl RecommendationsRequest {
    const EXAMPLE: &str = r#"{"ratings":[{"movieId":"2959","rating":5}]}"#;

    /// Reads a body of any content type.
    pub fn parse(body: &[u8]) -> Result<Self, InvalidRequest> {
        let json = InvalidRequest::parse(body, Self::EXAMPLE)?;
        Self::of(&json).map_err(|error| error.unlike(Self::EXAMPLE))
    }

    fn of(json: &Value) -> Result<Self, InvalidRequest> {
        let fields = json.as_object().ok_or(InvalidRequest::NotAnObject)?;
        let ratings = field(fields, "ratings")?.ok_or(InvalidRequest::Missing("ratings"))?;
        let exclude = match field(fields, "exclude")? {
            Some(ids) => entries(list(ids, "exclude", MAX_RATINGS)?, "exclude", |id| {
                Ok(MovieId::from(&*id_of(id, "exclude")?))
            })?,
            None => Vec::new(),
        };
        Ok(Self { ratings: VisitorRatings::of(ratings)?, exclude })
    }
}

impl VisitorRatings {
    /// Reads the list of a field `ratings`.
    pub(super) fn of(ratings: &Value) -> Result<Self, InvalidRequest> {
        entries(list(ratings, "ratings", MAX_RATINGS)?, "ratings", rating).map(Self)
    }

    /// Refuses ratings that are not on `scale`.
    pub fn check(&self, scale: RatingScale) -> Result<(), InvalidRequest> {
        match self.0.iter().position(|&(_, rating)| !scale.contains(rating)) {
            None => Ok(()),
            Some(index) => {
                let error = Box::new(InvalidRequest::NotARating(scale));
                Err(InvalidRequest::Entry { field: "ratings", index, error })
            }
        }
    }

    /// The ratings as `model` knows them, if they are on its scale.
    pub fn known_to(&self, model: &Model) -> Result<KnownRatings, InvalidRequest> {
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

    /// The list that [`Self::of`] reads.
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
