//! What to watch next.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::Uri;
use matinee_model::{Model, MovieId, Rated, UserId, Visitor};

use super::{Json, MAX_BODY_BYTES, Segment, read};
use crate::error::ApiError;
use crate::openapi::{Errors, PageParameters, RatingsBody};
use crate::request::{Cursor, InvalidRequest, Page, Parameters, VisitorRatings};
use crate::response::{RankedBy, RecommendationAnswer, RecommendationsAnswer};
use crate::scorer::Scorer;

/// What a user of the training data may want to watch
#[utoipa::path(get, path = "/users/{userId}/recommendations", tag = "recommendations",
    params(("userId" = String, Path, description = "The user's id", max_length = 256, example = "2"), PageParameters),
    responses((status = 200, description = "The movies", body = RecommendationsAnswer), Errors))]
pub(crate) async fn recommend_to_user(
    State(scorer): State<Arc<dyn Scorer>>,
    Segment(user): Segment,
    uri: Uri,
) -> Result<Json<RecommendationsAnswer>, ApiError> {
    let page = Parameters::of(&uri)?.page()?;
    let model = scorer.model().await?;
    let user = UserId::from(user);
    let row = model.user_row(&user).ok_or_else(|| ApiError::UnknownUser(user.clone()))?;
    Ok(Json(answer(&model, &model.user(row), &page, Vec::new())?))
}

/// What somebody with these ratings may want to watch, whom the model has never seen
#[utoipa::path(post, path = "/recommendations", tag = "recommendations", params(PageParameters),
    request_body(content = RatingsBody, example = json!({"ratings": [{"movieId": "2959", "rating": 5}, {"movieId": "1", "rating": 2}]})),
    responses((status = 200, description = "The movies", body = RecommendationsAnswer), Errors))]
pub(crate) async fn recommend_to_visitor(
    State(scorer): State<Arc<dyn Scorer>>,
    uri: Uri,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<RecommendationsAnswer>, ApiError> {
    let page = Parameters::of(&uri)?.page()?;
    let body = read(body, MAX_BODY_BYTES)?;
    let model = scorer.model().await?;
    let VisitorRatings(ratings) = VisitorRatings::parse(&body, model.manifest().rating_scale)?;
    let mut unknown = Vec::new();
    let mut rated = Vec::with_capacity(ratings.len());
    for (movie, rating) in ratings {
        match model.movie_row(&movie) {
            Some(row) => rated.push(Rated { movie: row, rating }),
            None => unknown.push(movie),
        }
    }
    Ok(Json(answer(&model, &model.visitor(rated), &page, unknown)?))
}

fn answer(
    model: &Model,
    visitor: &Visitor<'_>,
    page: &Page,
    unknown: Vec<MovieId>,
) -> Result<RecommendationsAnswer, ApiError> {
    check_genre(model, page)?;
    let after = page.after.as_ref().map(|cursor| place(model, visitor, cursor)).transpose()?;
    // One more than is shown tells whether there is a next page.
    let mut found = visitor.recommend(&page.filter, page.limit + 1, after);
    let has_more = found.len() > page.limit;
    found.truncate(page.limit);
    let next = found.last().filter(|_| has_more);
    let next = next.map(|last| Cursor { score: last.ranked.score, movie: last.movie.id.into() });
    let by_popularity = visitor.is_ranked_by_popularity();
    Ok(RecommendationsAnswer {
        recommendations: found.iter().map(|found| RecommendationAnswer::new(model, found)).collect(),
        ranked_by: if by_popularity { RankedBy::Popularity } else { RankedBy::Taste },
        next_cursor: next.map(|cursor| cursor.to_string()),
        unknown_movies: unknown.iter().map(MovieId::to_string).collect(),
        model_version: model.manifest().version.to_string(),
    })
}

/// A genre that the catalogue does not have is a slip, not a wish for nothing.
fn check_genre(model: &Model, page: &Page) -> Result<(), InvalidRequest> {
    match &page.filter.genre {
        Some(genre) if !model.has_genre(genre) => {
            let known: Vec<&str> = model.catalogue().genres().into_keys().collect();
            let found = genre.chars().take(50).collect();
            Err(InvalidRequest::Genre { found, known: known.join(", ") })
        }
        _ => Ok(()),
    }
}

fn place(
    model: &Model,
    visitor: &Visitor<'_>,
    cursor: &Cursor,
) -> Result<matinee_model::ranking::Ranked, InvalidRequest> {
    let row = model.movie_row(&cursor.movie).ok_or(InvalidRequest::StaleCursor)?;
    Ok(visitor.place(row, cursor.score))
}
