//! The catalogue: search, single movies, and those that are alike.

use std::sync::Arc;

use axum::extract::State;
use axum::http::Uri;
use matinee_model::{MovieId, UnknownMovie};

use super::{Json, Segment};
use crate::error::ApiError;
use crate::openapi::Errors;
use crate::request::Parameters;
use crate::response::{GenreAnswer, GenresAnswer, MovieAnswer, MoviesAnswer, SimilarAnswer, SimilarMovie};
use crate::scorer::Scorer;

/// Movies by title: words in any order and their beginnings; accents, articles and typing errors do not matter
#[utoipa::path(get, path = "/movies", tag = "movies", params(
    ("query" = String, Query, description = "What to search for", min_length = 1, max_length = 200, example = "matrix"),
    ("limit" = Option<u32>, Query, description = "How many to answer; 10 if missing", minimum = 1, maximum = 100)),
    responses((status = 200, description = "The movies", body = MoviesAnswer), Errors))]
pub(crate) async fn search_movies(
    State(scorer): State<Arc<dyn Scorer>>,
    uri: Uri,
) -> Result<Json<MoviesAnswer>, ApiError> {
    let parameters = Parameters::of(&uri)?;
    let (query, limit) = (parameters.query()?, parameters.limit(10)?);
    let titles = scorer.titles().await?;
    let weight = |movie: matinee_model::Movie<'_>| titles.rating_count(movie.id).unwrap_or(0);
    let found = titles.catalogue().search(query, limit, weight);
    let movies = found.into_iter().map(|movie| MovieAnswer::new(movie, titles.rating_count(movie.id)));
    Ok(Json(MoviesAnswer { movies: movies.collect() }))
}

/// One movie
#[utoipa::path(get, path = "/movies/{movieId}", tag = "movies",
    params(("movieId" = String, Path, description = "The movie's id", max_length = 256, example = "2959")),
    responses((status = 200, description = "The movie", body = MovieAnswer), Errors))]
pub(crate) async fn describe_movie(
    State(scorer): State<Arc<dyn Scorer>>,
    Segment(id): Segment,
) -> Result<Json<MovieAnswer>, ApiError> {
    let titles = scorer.titles().await?;
    let id = MovieId::from(id);
    let movie = titles.catalogue().find(&id).ok_or_else(|| UnknownMovie(id.clone()))?;
    Ok(Json(MovieAnswer::new(movie, titles.rating_count(movie.id))))
}

/// Movies that those rate well who rate this one well
#[utoipa::path(get, path = "/movies/{movieId}/similar", tag = "movies", params(
    ("movieId" = String, Path, description = "The movie's id", max_length = 256, example = "2959"),
    ("limit" = Option<u32>, Query, description = "How many to answer; 10 if missing", minimum = 1, maximum = 100)),
    responses((status = 200, description = "The movies", body = SimilarAnswer), Errors))]
pub(crate) async fn similar_movies(
    State(scorer): State<Arc<dyn Scorer>>,
    Segment(id): Segment,
    uri: Uri,
) -> Result<Json<SimilarAnswer>, ApiError> {
    let limit = Parameters::of(&uri)?.limit(10)?;
    let model = scorer.model().await?;
    let id = MovieId::from(id);
    let movie = model.catalogue().find(&id).ok_or_else(|| UnknownMovie(id.clone()))?;
    let row = model.movie_row(&id);
    let alike = row.map(|row| model.similar(row, limit)).unwrap_or_default();
    let similar = alike.into_iter().map(|(ranked, movie)| SimilarMovie {
        movie: MovieAnswer::new(movie, Some(ranked.rating_count)),
        similarity: ranked.score,
    });
    Ok(Json(SimilarAnswer {
        movie: MovieAnswer::new(movie, Some(row.map_or(0, |row| model.rating_count(row)))),
        similar: similar.collect(),
        model_version: model.manifest().version.to_string(),
    }))
}

/// The genres that recommendations can be filtered by
#[utoipa::path(get, path = "/genres", tag = "movies",
    responses((status = 200, description = "The genres", body = GenresAnswer), Errors))]
pub(crate) async fn list_genres(
    State(scorer): State<Arc<dyn Scorer>>,
) -> Result<Json<GenresAnswer>, ApiError> {
    let titles = scorer.titles().await?;
    let genres = titles.catalogue().genres().into_iter();
    let genres = genres.map(|(genre, movie_count)| GenreAnswer { genre: genre.to_owned(), movie_count });
    Ok(Json(GenresAnswer { genres: genres.collect() }))
}
