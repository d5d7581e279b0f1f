//! Recommendations.

use std::sync::Arc;

use axum::extract::State;
use matinee_model::{CANDIDATES, Filter, Group, Model, MovieId, Visitor, varied};
use matinee_serving::find_user;

use super::selection::filter;
use crate::error::ApiError;
use crate::http::{Json, JsonBody, PathUser, QueryParameters};
use crate::predict_error::PredictError;
use crate::request::{Cursor, RecommendationsPage, RecommendationsRequest, TogetherRequest};
use crate::response::{
    LiveRatingsState, RankedBy, RecommendationAnswer, RecommendationsAnswer, TogetherAnswer,
    TogetherRecommendation,
};
use crate::schema::{
    CursorParameter, RatingsBody, RecommendErrors, RecommendToUserErrors, RecommendedLimit,
    SelectionParameters, TasteParameters, TogetherBody, TogetherErrors, TogetherParameters,
};
use crate::scorer::{News, Scorer, Titles};

/// What a user may want to watch, by the ratings that the model was trained on and those that came in since
#[utoipa::path(get, path = "/users/{userId}/recommendations", tag = "recommendations",
    params(("userId" = String, Path, description = "The user's id, or `me` for the holder of a token", max_length = 256, example = "2"),
        RecommendedLimit, SelectionParameters, TasteParameters, CursorParameter),
    responses((status = 200, description = "The movies", body = RecommendationsAnswer), RecommendToUserErrors))]
pub(crate) async fn recommend_to_user(
    State(scorer): State<Arc<dyn Scorer>>,
    PathUser(user): PathUser,
    QueryParameters(page): QueryParameters<RecommendationsPage>,
) -> Result<Json<RecommendationsAnswer>, ApiError> {
    let news = News::of(scorer.live_ratings(), &user).await;
    let model = scorer.model().await?;
    let trained = find_user(&model, &user).await.map_err(PredictError::from)?;
    let person = match news.since(&model) {
        None => trained.map(|user| model.user(user)),
        Some(since) => model.user_since(trained.as_ref(), &since),
    };
    let person = person.ok_or_else(|| news.no_ratings_of(user))?;
    let mut filter = filter(&Titles::Model(Arc::clone(&model)), &page.selection)?;
    filter.excluded.extend(news.hidden());
    let live_ratings = news.is_unavailable().then_some(LiveRatingsState::Unavailable);
    Ok(Json(RecommendationsAnswer { live_ratings, ..answer(&model, person, &page, &filter, &[])? }))
}

/// What a visitor with these ratings may want to watch; the model need not know the visitor
#[utoipa::path(post, path = "/recommendations", tag = "recommendations", 
    params(RecommendedLimit, SelectionParameters, TasteParameters, CursorParameter),
    request_body(content = RatingsBody, example = json!({"ratings": [{"movieId": "2959", "rating": 5}, {"movieId": "1", "rating": 2}]})),
    responses((status = 200, description = "The movies", body = RecommendationsAnswer), RecommendErrors))]
pub(crate) async fn recommend_to_visitor(
    State(scorer): State<Arc<dyn Scorer>>,
    QueryParameters(page): QueryParameters<RecommendationsPage>,
    JsonBody(RecommendationsRequest { ratings, exclude }): JsonBody<RecommendationsRequest>,
) -> Result<Json<RecommendationsAnswer>, ApiError> {
    let model = scorer.model().await?;
    let known = ratings.known_to(&model)?;
    let mut filter = filter(&Titles::Model(Arc::clone(&model)), &page.selection)?;
    filter.excluded.extend(exclude);
    Ok(Json(answer(&model, model.visitor(known.rated), &page, &filter, &known.unknown)?))
}

/// One list for two to six people: what they like on average, without what anyone would dislike
#[utoipa::path(post, path = "/recommendations/together", tag = "recommendations", 
    params(RecommendedLimit, SelectionParameters, TogetherParameters),
    request_body(content = TogetherBody, example = json!({"people": [
        {"ratings": [{"movieId": "2959", "rating": 5}]}, {"ratings": [{"movieId": "1", "rating": 4.5}]}]})),
    responses((status = 200, description = "The movies", body = TogetherAnswer), TogetherErrors))]
pub(crate) async fn recommend_together(
    State(scorer): State<Arc<dyn Scorer>>,
    QueryParameters(page): QueryParameters<RecommendationsPage>,
    JsonBody(TogetherRequest { people, exclude }): JsonBody<TogetherRequest>,
) -> Result<Json<TogetherAnswer>, ApiError> {
    let model = scorer.model().await?;
    let (mut members, mut unknown) = (Vec::new(), Vec::new());
    for ratings in people {
        let known = ratings.known_to(&model)?;
        members.push(with_floor(model.visitor(known.rated), &page));
        unknown.extend(known.unknown);
    }
    let mut filter = filter(&Titles::Model(Arc::clone(&model)), &page.selection)?;
    filter.excluded.extend(exclude);
    let found = Group::new(&model, members).recommend(&filter, page.limit);
    Ok(Json(TogetherAnswer {
        recommendations: found.iter().map(TogetherRecommendation::new).collect(),
        unknown_movies: unknown.iter().map(MovieId::to_string).collect(),
        model_version: model.manifest().version.to_string(),
    }))
}

/// The visitor, to whom nothing is recommended below the floor that was asked for, or below the usual one.
fn with_floor<'m>(visitor: Visitor<'m>, page: &RecommendationsPage) -> Visitor<'m> {
    let floor = page.min_rating.unwrap_or_else(|| visitor.usual_floor());
    visitor.above(floor)
}

fn answer(
    model: &Model,
    visitor: Visitor<'_>,
    page: &RecommendationsPage,
    filter: &Filter,
    unknown: &[MovieId],
) -> Result<RecommendationsAnswer, ApiError> {
    let visitor = with_floor(visitor, page);
    let after = page.after.as_ref().map(|cursor| position(model, &visitor, cursor)).transpose()?;
    let (found, has_more) = if page.is_varied {
        (varied(visitor.recommend(filter, page.limit * CANDIDATES, None), page.limit), false)
    } else {
        // One movie more than the page shows whether there is a next page.
        let mut found = visitor.recommend(filter, page.limit + 1, after);
        let has_more = found.len() > page.limit;
        found.truncate(page.limit);
        (found, has_more)
    };
    let next = found.last().filter(|_| has_more);
    let version = &model.manifest().version;
    let next = next.map(|last| Cursor {
        version: version.to_string(),
        score: last.ranked.score,
        movie: last.movie.id.into(),
    });
    let ranked_by = if visitor.is_ranked_by_popularity() { RankedBy::Popularity } else { RankedBy::Taste };
    Ok(RecommendationsAnswer {
        recommendations: found
            .iter()
            .map(|found| RecommendationAnswer::new(model, found, ranked_by))
            .collect(),
        ranked_by,
        next_cursor: next.map(|cursor| cursor.to_string()),
        unknown_movies: unknown.iter().map(MovieId::to_string).collect(),
        model_version: version.to_string(),
        live_ratings: None,
    })
}

/// The position of a cursor in the ranking, if this model made the cursor.
fn position(
    model: &Model,
    visitor: &Visitor<'_>,
    cursor: &Cursor,
) -> Result<matinee_model::ranking::Ranked, ApiError> {
    let is_of_model = cursor.version == model.manifest().version.as_str();
    let row = model.movie_row(&cursor.movie).filter(|_| is_of_model).ok_or(ApiError::StaleCursor)?;
    Ok(visitor.place(row, cursor.score))
}
