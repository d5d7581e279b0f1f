//! A router over a real model, and functions that ask it.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use matinee_api::{Access, LiveScorer, Settings, router, router_with};
use matinee_live_ratings::{DEFAULT_TIME_LIMIT, LiveRatings, RatingStore};
use matinee_model::artifact::UsersFile;
use matinee_model::{Model, RatingScale};
use matinee_serving::{PathSource, Reloadable};
use matinee_sqlite_ratings::SqliteRatings;
use matinee_train::algorithms::configure;
use matinee_train::progress::Silent;
use matinee_train::ratings::{CsvFile, Inputs, check};
use matinee_train::training::{Plan, train, write_with};
use serde_json::Value;
use tower::ServiceExt;

/// Three users and four movies. One movie has no ratings.
const RATINGS: &str = "userId,movieId,rating\n1,10,5\n1,20,1\n2,10,4\n2,30,3\n3,20,2\n3,30,4.5\n";
const MOVIES: &str = "movieId,title,genres\n10,Ten (2010),Drama\n20,\"Twenty, The (2020)\",Drama\n30,Thirty (2030),\n\
                      40,Unrated (2040),Drama\n";
const LINKS: &str = "movieId,imdbId,tmdbId\n10,0000010,110\n20,,\n";

/// A model with its users in memory.
pub fn model() -> Model {
    Model::open(&folder().join("memory")).unwrap()
}

/// The same model with its users in a file.
pub fn stored_model() -> Model {
    Model::open(&folder().join("file")).unwrap()
}

/// A folder that exists as long as the tests run, with the model in both forms.
fn folder() -> &'static Path {
    static FOLDER: OnceLock<tempfile::TempDir> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let csv = |name: &str, content: &str| CsvFile { name: name.to_owned(), bytes: content.into() };
        let inputs = Inputs {
            ratings: vec![csv("ratings.csv", RATINGS)],
            movies: Some(csv("movies.csv", MOVIES)),
            links: Some(csv("links.csv", LINKS)),
        };
        let (dataset, _) = check(&inputs, RatingScale::MOVIELENS);
        let plan = Plan::new(configure("bias", []).unwrap(), 0, 0.0);
        let trained = train(&dataset, &plan, &Silent);
        for (name, users_file) in [("memory", UsersFile::Never), ("file", UsersFile::Always)] {
            let path = folder.path().join(name);
            write_with(&path, &dataset, &plan, &trained, &inputs.digests(), users_file).unwrap();
        }
        folder
    });
    folder.path()
}

/// The router over [`model`].
pub fn app() -> Router {
    router(Arc::new(Reloadable::loaded(model())))
}

/// The router over [`model`] and `store`.
pub fn app_with(store: Arc<dyn RatingStore>) -> Router {
    let ratings = LiveRatings::new(store, DEFAULT_TIME_LIMIT);
    router(Arc::new(LiveScorer::new(Reloadable::loaded(model()), ratings)))
}

/// The router over [`model`] and a file of ratings, which exists as long as the folder.
pub fn live_app() -> (Router, tempfile::TempDir) {
    live_app_over(Reloadable::loaded(model()))
}

/// The same over any model.
pub fn live_app_over(model: Reloadable<Model>) -> (Router, tempfile::TempDir) {
    live_app_with(model, Access::Anyone)
}

/// The same over [`model`], for callers who may act for these users.
pub fn live_app_for(access: Access) -> (Router, tempfile::TempDir) {
    live_app_with(Reloadable::loaded(model()), access)
}

fn live_app_with(model: Reloadable<Model>, access: Access) -> (Router, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteRatings::open(&folder.path().join("ratings.db")).unwrap();
    let ratings = LiveRatings::new(Arc::new(store), DEFAULT_TIME_LIMIT);
    let settings = Settings { access, ..Settings::default() };
    (router_with(Arc::new(LiveScorer::new(model, ratings)), settings), folder)
}

/// The router over a model that is not there.
pub fn app_without_model() -> Router {
    router(Arc::new(Reloadable::<Model>::new(PathSource("no such model".into()))))
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Value,
}

/// Sends a request and reads the answer, which must be JSON.
pub async fn send(app: Router, request: Request<Body>) -> Answer {
    let response = app.oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap();
    assert_eq!(parts.headers["content-type"], "application/json");
    Answer { status: parts.status, headers: parts.headers, body: serde_json::from_slice(&bytes).unwrap() }
}

/// Sends a request. The body of the answer is JSON, or a null if there is none.
pub async fn status_and_body(app: &Router, request: Request<Body>) -> (StatusCode, Value) {
    let response = app.clone().oneshot(request).await.unwrap();
    let status = response.status();
    let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).unwrap() })
}

/// `POST /predict` with this body.
pub async fn predict(app: Router, body: impl Into<Body>) -> Answer {
    send(app, Request::post("/predict").body(body.into()).unwrap()).await
}
