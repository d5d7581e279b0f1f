//! The catalogue: search, single movies, and similar movies.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use matinee_model::{Filter, Movie, MovieId, UnknownMovie};

use super::selection::{filter, movie_ids};
use crate::error::ApiError;
use crate::http::{EntityTag, Freshness, IfNoneMatch, Json, PathSegment, QueryParameters};
use crate::request::{InvalidRequest, MAX_IDS, MovieSearch, MoviesPage, Offset};
use crate::response::{
    GenreAnswer, GenresAnswer, MovieAnswer, MoviesAnswer, SimilarAnswer, SimilarMovie, StartAnswer,
};
use crate::schema::{
    CursorParameter, GenresErrors, ListErrors, ListedLimit, MovieErrors, SearchParameters,
    SelectionParameters, SimilarErrors, StartErrors,
};
use crate::scorer::{Scorer, Titles};

/// Movies by title or by id, or the most rated movies
///
/// A title is found by its words or their beginnings, in any order. Accents, articles and typing errors are tolerated.
#[utoipa::path(get, path = "/movies", operation_id = "search_movies", tag = "movies", 
    params(SearchParameters, ListedLimit, SelectionParameters, CursorParameter),
    responses((status = 200, description = "The movies", body = MoviesAnswer), ListErrors))]
pub(crate) async fn list_movies(
    State(scorer): State<Arc<dyn Scorer>>,
    QueryParameters(MovieSearch { query, ids, page }): QueryParameters<MovieSearch>,
    cached: IfNoneMatch,
) -> Result<Response, ApiError> {
    let titles = scorer.titles().await?;
    let tag = EntityTag::of_version(titles.version());
    if !ids.is_empty() {
        let ids = movie_ids(&titles, &ids);
        if ids.len() > MAX_IDS {
            let found = format!("{} ids", ids.len());
            return Err(InvalidRequest::Parameter { name: "ids", expected: "at most 100 ids", found }.into());
        }
        return Ok(tag.respond(&cached, Freshness::OneMinute, || Json(by_ids(&titles, &ids))));
    }
    let filter = filter(&titles, &page.selection)?;
    let skipped = skipped(page.after.as_ref(), titles.version())?;
    let answer = || Json(list(&titles, query.as_deref(), &filter, skipped, page.limit));
    Ok(tag.respond(&cached, Freshness::OneMinute, answer))
}

/// A page of the movies that match the query, or of all movies.
fn list(titles: &Titles, query: Option<&str>, filter: &Filter, skipped: usize, limit: usize) -> MoviesAnswer {
    // One movie more than the page shows whether there is a next page.
    let end = skipped.saturating_add(limit + 1);
    let found: Vec<Movie<'_>> = match query {
        None => titles.first(filter, end),
        Some(query) => {
            let weight = |movie: Movie<'_>| titles.rating_count(movie.id).unwrap_or(0);
            let found = titles.catalogue().search(query, weight);
            found.filter(|movie| filter.admits(movie)).take(end).collect()
        }
    };
    let (shown, next_cursor) = page_of(&found, skipped, limit, titles.version());
    let movies = shown.iter().map(|movie| described(titles, *movie)).collect();
    MoviesAnswer { movies, unknown_movies: Vec::new(), next_cursor }
}

/// The movies with these ids, in the order of the ids.
fn by_ids(titles: &Titles, ids: &[MovieId]) -> MoviesAnswer {
    let mut answer = MoviesAnswer { movies: Vec::new(), unknown_movies: Vec::new(), next_cursor: None };
    for id in ids {
        match titles.catalogue().find(id) {
            Some(movie) => answer.movies.push(fully_described(titles, movie, id)),
            None => answer.unknown_movies.push(id.to_string()),
        }
    }
    answer
}

/// How many movies to begin with.
const STARTERS: usize = 15;

/// Movies to begin with: well known, unlike each other, and such that ratings of them tell people apart
#[utoipa::path(get, path = "/start", tag = "movies",
    responses((status = 200, description = "The movies", body = StartAnswer), StartErrors))]
pub(crate) async fn list_starters(
    State(scorer): State<Arc<dyn Scorer>>,
    cached: IfNoneMatch,
) -> Result<Response, ApiError> {
    let titles = scorer.titles().await?;
    let answer = || {
        let movies = match &titles {
            Titles::Model(model) => model.starters(STARTERS),
            Titles::Catalogue(_) => titles.first(&Filter::default(), STARTERS),
        };
        Json(StartAnswer { movies: movies.into_iter().map(|movie| described(&titles, movie)).collect() })
    };
    Ok(EntityTag::of_version(titles.version()).respond(&cached, Freshness::OneMinute, answer))
}

fn described(titles: &Titles, movie: Movie<'_>) -> MovieAnswer {
    MovieAnswer::new(movie, titles.rating_count(movie.id))
}

/// With what only the answers about single movies have.
fn fully_described(titles: &Titles, movie: Movie<'_>, id: &MovieId) -> MovieAnswer {
    described(titles, movie).with_links(movie).with_histogram(titles.histogram(id))
}

/// The number of movies before the page.
pub(super) fn skipped(after: Option<&Offset>, version: &str) -> Result<usize, ApiError> {
    match after {
        None => Ok(0),
        Some(offset) if offset.version == version => Ok(offset.count as usize),
        Some(_) => Err(ApiError::StaleCursor),
    }
}

/// The page of `found` that starts after `skipped` movies, and the cursor of the next page if there is one.
pub(super) fn page_of<'f, T>(
    found: &'f [T],
    skipped: usize,
    limit: usize,
    version: &str,
) -> (&'f [T], Option<String>) {
    let rest = found.get(skipped..).unwrap_or_default();
    let next = (rest.len() > limit).then(|| Offset {
        version: version.to_owned(),
        count: u32::try_from(skipped + limit).unwrap_or(u32::MAX),
    });
    (&rest[..limit.min(rest.len())], next.map(|offset| offset.to_string()))
}

/// One movie
#[utoipa::path(get, path = "/movies/{movieId}", tag = "movies",
    params(("movieId" = String, Path, description = "The movie's id", max_length = 256, example = "2959")),
    responses((status = 200, description = "The movie", body = MovieAnswer), MovieErrors))]
pub(crate) async fn describe_movie(
    State(scorer): State<Arc<dyn Scorer>>,
    PathSegment(id): PathSegment,
    cached: IfNoneMatch,
) -> Result<Response, ApiError> {
    let titles = scorer.titles().await?;
    let id = MovieId::from(id);
    let movie = titles.catalogue().find(&id).ok_or_else(|| UnknownMovie(id.clone()))?;
    let tag = EntityTag::of_version(titles.version());
    let answer = || Json(fully_described(&titles, movie, &id));
    Ok(tag.respond(&cached, Freshness::OneMinute, answer))
}

/// Movies that are liked by the people who like this one
#[utoipa::path(get, path = "/movies/{movieId}/similar", tag = "movies", params(
    ("movieId" = String, Path, description = "The movie's id", max_length = 256, example = "2959"), ListedLimit, SelectionParameters, CursorParameter),
    responses((status = 200, description = "The movies", body = SimilarAnswer), SimilarErrors))]
pub(crate) async fn similar_movies(
    State(scorer): State<Arc<dyn Scorer>>,
    PathSegment(id): PathSegment,
    QueryParameters(page): QueryParameters<MoviesPage>,
    cached: IfNoneMatch,
) -> Result<Response, ApiError> {
    let model = scorer.model().await?;
    let version = model.manifest().version.as_str();
    let id = MovieId::from(id);
    let movie = model.catalogue().find(&id).ok_or_else(|| UnknownMovie(id.clone()))?;
    let filter = filter(&Titles::Model(Arc::clone(&model)), &page.selection)?;
    let skipped = skipped(page.after.as_ref(), version)?;
    let answer = || {
        let row = model.movie_row(&id);
        let end = skipped.saturating_add(page.limit + 1);
        let found = row.map(|row| model.similar(row, &filter, end)).unwrap_or_default();
        let (shown, next_cursor) = page_of(&found, skipped, page.limit, version);
        let similar = shown.iter().map(|(ranked, movie)| SimilarMovie {
            movie: MovieAnswer::new(*movie, Some(ranked.rating_count)),
            similarity: ranked.score,
        });
        Json(SimilarAnswer {
            movie: MovieAnswer::new(movie, Some(row.map_or(0, |row| model.rating_count(row))))
                .with_links(movie)
                .with_histogram(row.map(|row| model.histogram(row))),
            similar: similar.collect(),
            next_cursor,
            model_version: version.to_owned(),
        })
    };
    Ok(EntityTag::of_version(version).respond(&cached, Freshness::OneMinute, answer))
}

/// The genres that movies can be filtered by
#[utoipa::path(get, path = "/genres", tag = "movies",
    responses((status = 200, description = "The genres", body = GenresAnswer), GenresErrors))]
pub(crate) async fn list_genres(
    State(scorer): State<Arc<dyn Scorer>>,
    cached: IfNoneMatch,
) -> Result<Response, ApiError> {
    let titles = scorer.titles().await?;
    let answer = || {
        let genres = titles.catalogue().genres().into_iter();
        let genres = genres.map(|(genre, movie_count)| GenreAnswer { genre: genre.to_owned(), movie_count });
        Json(GenresAnswer { genres: genres.collect() })
    };
    Ok(EntityTag::of_version(titles.version()).respond(&cached, Freshness::OneMinute, answer))
}
