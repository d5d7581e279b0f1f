//! A panic affects only one request.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use matinee_api::request::PredictRequest;
use matinee_api::response::{ModelAnswer, PredictAnswer};
use matinee_api::router;
use matinee_api::scorer::{BatchResult, Scorer, ScorerFuture, Titles};
use matinee_model::Model;
use matinee_serving::Reloadable;

use crate::support::{model, predict, send};

/// Panics on the first prediction.
struct Panicking {
    model: Reloadable<Model>,
    is_done: AtomicBool,
}

impl Panicking {
    fn app() -> Router {
        router(Arc::new(Self { model: Reloadable::loaded(model()), is_done: AtomicBool::new(false) }))
    }

    fn panic_once(&self) {
        assert!(self.is_done.swap(true, Ordering::Relaxed), "row 4 of 3");
    }
}

impl Scorer for Panicking {
    fn predict<'a>(&'a self, request: &'a PredictRequest) -> ScorerFuture<'a, PredictAnswer> {
        Box::pin(async {
            self.panic_once();
            self.model.predict(request).await
        })
    }

    fn predict_all<'a>(&'a self, requests: &'a [PredictRequest]) -> ScorerFuture<'a, BatchResult> {
        // It panics before there is a future.
        self.panic_once();
        self.model.predict_all(requests)
    }

    fn describe(&self) -> ScorerFuture<'_, ModelAnswer> {
        self.model.describe()
    }

    fn titles(&self) -> ScorerFuture<'_, Titles> {
        self.model.titles()
    }

    fn model(&self) -> ScorerFuture<'_, Arc<Model>> {
        self.model.model()
    }
}

#[tokio::test]
async fn a_panic_is_a_documented_500_and_the_next_request_is_answered() {
    const ONE: &str = r#"{"userId":"1","movieId":"10"}"#;
    let app = Panicking::app();
    let answer = predict(app.clone(), ONE).await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    let error = &answer.body["error"];
    assert_eq!(error["code"], "internal");
    assert_eq!(error["request_id"].as_str().unwrap(), answer.headers["x-request-id"]);
    assert!(!answer.body.to_string().contains("row 4"), "internal text: {error}");
    assert_eq!(predict(app, ONE).await.status, StatusCode::OK);

    let app = Panicking::app();
    let batch =
        || Request::post("/predict/batch").body(Body::from(format!(r#"{{"pairs":[{ONE}]}}"#))).unwrap();
    assert_eq!(send(app.clone(), batch()).await.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(send(app, batch()).await.status, StatusCode::OK);
}
