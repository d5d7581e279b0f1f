//! A small model for the targets, and the check that every answer of the API must pass.

use std::sync::{Arc, LazyLock};

use axum::http::StatusCode;
use matinee_model::{Model, RatingScale};
use matinee_serving::Reloadable;
use matinee_train::algorithms::configure;
use matinee_train::progress::Silent;
use matinee_train::ratings::{CsvFile, Inputs, check};
use matinee_train::training::{Plan, train, write};
use tokio::runtime::{Builder, Runtime};

const RATINGS: &str =
    "userId,movieId,rating,timestamp\n1,10,5,1\n1,20,1,2\n2,10,4,3\n2,30,3,4\n3,20,4.5,5\n3,30,4.5,6\n";
const MOVIES: &str = "movieId,title,genres\n10,Ten (2010),Drama\n20,\"Twenty, The (2020)\",Drama|Comedy\n\
                      30,Thirty (2030),\n40,Unrated (2040),Drama\n";

/// Runs the futures of all targets.
pub static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_current_thread().build().expect("a runtime"));

/// Three users and four movies, one of them not rated.
pub fn model() -> Arc<Reloadable<Model>> {
    let folder = tempfile::tempdir().expect("a folder");
    let csv = |name: &str, content: &str| CsvFile { name: name.to_owned(), bytes: content.into() };
    let inputs = Inputs {
        ratings: vec![csv("ratings.csv", RATINGS)],
        movies: Some(csv("movies.csv", MOVIES)),
        links: None,
    };
    let (dataset, _) = check(&inputs, RatingScale::MOVIELENS);
    let algorithm = configure("svd", [("n_factors", "4")]).expect("a hyperparameter");
    let plan = Plan::new(algorithm, 0, 0.3);
    let trained = train(&dataset, &plan, &Silent);
    write(folder.path(), &dataset, &plan, &trained, &inputs.digests()).expect("an artifact");
    Arc::new(Reloadable::loaded(Model::open(folder.path()).expect("a model")))
}

/// Panics unless the answer is documented: never a 5xx, and errors have a code and a message.
pub fn assert_documented(status: StatusCode, body: &[u8]) {
    const DOCUMENTED: [u16; 8] = [200, 304, 400, 404, 405, 406, 413, 415];
    assert!(DOCUMENTED.contains(&status.as_u16()), "{status}: {}", String::from_utf8_lossy(body));
    if status != StatusCode::OK && !body.is_empty() {
        let answer: serde_json::Value = serde_json::from_slice(body).expect("JSON");
        let error = &answer["error"];
        assert!(error["code"].is_string() && error["request_id"].is_string(), "{answer}");
        assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{answer}");
    }
}
