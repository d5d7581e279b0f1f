//! Any request on any route: an answer of the documented form, never a 5xx, never a panic.
#![no_main]

use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, Uri};
use libfuzzer_sys::fuzz_target;
use matinee_api::{LiveModel, router};
use matinee_model::{Model, RatingScale};
use matinee_train::algorithms::configure;
use matinee_train::progress::Silent;
use matinee_train::ratings::{CsvFile, Inputs, check};
use matinee_train::training::{Plan, train, write};
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt;

const RATINGS: &str = "userId,movieId,rating,timestamp\n1,10,5,1\n1,20,1,2\n2,10,4,3\n2,30,3,4\n3,20,4.5,5\n3,30,4.5,6\n";
const MOVIES: &str = "movieId,title,genres\n10,Ten (2010),Drama\n20,\"Twenty, The (2020)\",Drama|Comedy\n\
                      30,Thirty (2030),\n40,Unrated (2040),Drama\n";
/// What the bytes after the first are put behind: a body where the path is whole, else the rest of the path.
const ROUTES: [(&str, &str); 9] = [
    ("POST", "/predict"),
    ("POST", "/predict/batch"),
    ("POST", "/recommendations"),
    ("POST", "/recommendations?"),
    ("GET", "/users/1/recommendations?"),
    ("GET", "/users/"),
    ("GET", "/movies?query="),
    ("GET", "/movies/"),
    ("GET", "/"),
];

static APP: LazyLock<Router> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a folder");
    let csv = |name: &str, content: &str| CsvFile { name: name.to_owned(), bytes: content.into() };
    let inputs = Inputs { ratings: vec![csv("ratings.csv", RATINGS)], movies: Some(csv("movies.csv", MOVIES)) };
    let (dataset, _) = check(&inputs, RatingScale::MOVIELENS);
    let algorithm = configure("svd", [("n_factors", "4")]).expect("a hyperparameter");
    let plan = Plan { algorithm, seed: 0, hold_out: 0.3, training_job: None };
    let trained = train(&dataset, &plan, &Silent);
    write(folder.path(), &dataset, &plan, &trained, &inputs).expect("an artifact");
    router(Arc::new(LiveModel::loaded(Model::open(folder.path()).expect("a model"))))
});
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Builder::new_current_thread().build().expect("a runtime"));

fuzz_target!(|bytes: &[u8]| {
    let Some((&route, rest)) = bytes.split_first() else { return };
    let (method, path) = ROUTES[route as usize % ROUTES.len()];
    let method: Method = method.parse().expect("a method");
    let (uri, body) = if method == Method::POST && !path.ends_with('?') {
        (path.to_owned(), rest)
    } else {
        let (line, body) = rest.split_at(rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len()));
        (format!("{path}{}", String::from_utf8_lossy(line)), body)
    };
    let Ok(uri) = uri.parse::<Uri>() else { return };
    let request = Request::builder().method(method).uri(uri).body(Body::from(body.to_vec())).expect("a request");
    RUNTIME.block_on(async {
        let response = APP.clone().oneshot(request).await.expect("an answer");
        let status = response.status();
        let body = to_bytes(response.into_body(), usize::MAX).await.expect("a body");
        assert!(!status.is_server_error(), "{status}: {}", String::from_utf8_lossy(&body));
        if status.is_client_error() {
            let answer: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
            assert!(answer["error"]["code"].is_string(), "{answer}");
        }
    });
});
