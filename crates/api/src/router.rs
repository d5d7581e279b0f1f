//! The router of the API: every route, with what all routes share.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Uri};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, delete, get, post, put};
use axum::{Extension, Router};

use crate::error::ApiError;
use crate::http::{Access, ConfiguredSignIn, Limits, Sampling, SignInPage, with_layers};
use crate::openapi;
use crate::routes::{marks, movies, page, predictions, ratings, recommendations};
use crate::scorer::Scorer;

/// The largest body that is read: 1 MB.
pub const MAX_BODY_BYTES: usize = 1_000_000;

/// The whole API, answered by `scorer`.
pub fn router(scorer: Arc<dyn Scorer>) -> Router {
    router_with(scorer, Settings::default())
}

/// Decides by its path and headers whether a request reaches its route.
pub type Guard = Arc<dyn Fn(&Uri, &HeaderMap) -> Result<(), ApiError> + Send + Sync>;

/// What can be chosen about the API.
#[derive(Clone)]
pub struct Settings {
    /// The share of the successful requests that are logged.
    pub sampling: Sampling,
    /// Who may act for which users.
    pub access: Access,
    /// Where people sign in before they use the page.
    pub sign_in: Option<SignInPage>,
    /// Refuses some of the requests. Refusals are logged, and have a request id and headers like all other answers.
    pub guard: Option<Guard>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { sampling: Sampling::ALL, access: Access::default(), sign_in: None, guard: None }
    }
}

/// The whole API with these settings, answered by `scorer`.
pub fn router_with(scorer: Arc<dyn Scorer>, settings: Settings) -> Router {
    let Settings { sampling, access, sign_in, guard } = settings;
    let routes = routes().into_iter().fold(Router::new(), |router, (path, route)| router.route(path, route));
    let routes = routes.with_state(scorer);
    let attached = (Extension(access), Extension(ConfiguredSignIn(sign_in.map(Arc::new))));
    let routes = match guard {
        None => routes.layer(attached),
        Some(guard) => routes.layer((from_fn_with_state(guard, guarded), attached)),
    };
    let limits = Limits { body_bytes: MAX_BODY_BYTES, sampling };
    with_layers(routes, "GET /openapi.json lists all routes", &limits)
}

async fn guarded(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    match guard(request.uri(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}

/// Every route. `openapi` documents each of them.
fn routes() -> Vec<(&'static str, MethodRouter<Arc<dyn Scorer>>)> {
    vec![
        ("/predict", post(predictions::predict)),
        ("/predict/batch", post(predictions::predict_batch)),
        ("/recommendations", post(recommendations::recommend_to_visitor)),
        ("/recommendations/together", post(recommendations::recommend_together)),
        ("/users/{userId}/recommendations", get(recommendations::recommend_to_user)),
        ("/users/{userId}/ratings", get(ratings::ratings_of_user)),
        ("/users/{userId}/ratings/{movieId}", put(marks::rate).delete(marks::unrate)),
        ("/users/{userId}/hidden/{movieId}", put(marks::hide).delete(marks::show)),
        ("/users/{userId}", delete(marks::forget)),
        ("/ratings", post(marks::rate_batch)),
        ("/movies", get(movies::list_movies)),
        ("/movies/{movieId}", get(movies::describe_movie)),
        ("/movies/{movieId}/similar", get(movies::similar_movies)),
        ("/start", get(movies::list_starters)),
        ("/genres", get(movies::list_genres)),
        ("/model", get(predictions::describe_model)),
        ("/model/versions", get(predictions::list_versions)),
        ("/health", get(predictions::health)),
        ("/openapi.json", get(openapi::serve)),
        ("/", get(page::page)),
        ("/page/{file}", get(page::page_file)),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_route_is_documented() {
        let document: serde_json::Value = serde_json::from_str(openapi::document().unwrap()).unwrap();
        let documented: BTreeSet<&str> =
            document["paths"].as_object().unwrap().keys().map(String::as_str).collect();
        let routed: BTreeSet<&str> = routes().into_iter().map(|(path, _)| path).collect();
        assert_eq!(routed, documented);
    }
}
