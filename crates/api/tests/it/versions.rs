//! What the API tells about the models of a pointer.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use matinee_api::router;
use matinee_model::Model;
use matinee_model::artifact::Counts;
use matinee_model::live_pointer::{Figures, LivePointer, Published};
use matinee_serving::{LoadFuture, Reloadable, Source};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::support::{Answer, app, live_app_over, model, send};

/// A model that is served while the pointer tells this.
struct Followed(LivePointer);

impl Source<Model> for Followed {
    fn load(&self) -> LoadFuture<'_, Model> {
        Box::pin(async { Ok(model()) })
    }

    fn history(&self) -> Option<LivePointer> {
        Some(self.0.clone())
    }
}

async fn versions(app: Router) -> Answer {
    send(app, Request::get("/model/versions").body(Body::empty()).unwrap()).await
}

fn published(
    version: &str,
    published_at: &str,
    (trained_at, rmse, ndcg, ratings): (&str, f64, f64, u32),
) -> Published {
    let figures = Figures {
        algorithm: if rmse > 0.84 { "svd" } else { "bayes" }.to_owned(),
        trained_at: trained_at.to_owned(),
        counts: Counts { users: 671, movies: 9125, rated_movies: 9066, ratings },
        rmse: Some(rmse),
        ndcg_at_10: Some(ndcg),
        interval_coverage: Some(0.8),
    };
    Published {
        version: version.to_owned(),
        uri: format!("s3://secret-bucket/{version}/"),
        manifest_sha256: "00".to_owned(),
        published_at: published_at.to_owned(),
        rolled_back_at: None,
        forced: false,
        figures: Some(figures),
    }
}

/// One model was published by an earlier release, another was refused, a third was rolled back.
fn pointer() -> LivePointer {
    let good = published(
        "71efe766f0aa8ecc",
        "2026-11-14T09:00:00Z",
        ("2026-11-25T13:58:00Z", 0.8128, 0.1067, 100_004),
    );
    let old = published(
        "1b1d766f0aa8e003",
        "2026-11-12T09:00:00Z",
        ("2026-11-12T08:51:00Z", 0.8162, 0.1012, 97_012),
    );
    let bad = published(
        "0c1d766f0aa8e001",
        "2026-11-24T09:00:00Z",
        ("2026-11-24T08:51:00Z", 0.8131, 0.1009, 99_871),
    );
    let worse = published(
        "9a1d766f0aa8e002",
        "2026-11-20T09:00:00Z",
        ("2026-11-20T08:51:00Z", 0.8451, 0.0911, 99_012),
    );
    let reason = "hold-out RMSE 0.8451 is more than 0.005 above the live model's 0.8128 by more than twice the standard error \
                  0.0021 of the difference";
    let pointer = LivePointer::after(None, Published { figures: None, ..old });
    let pointer = LivePointer::after(Some(pointer), good.clone());
    let pointer = pointer.with_refused(worse.refused_for(&[reason.to_owned()]));
    let pointer = LivePointer::after(Some(pointer), bad);
    pointer.rolled_back(Published { published_at: "2026-11-25T14:03:11Z".to_owned(), ..good })
}

#[tokio::test]
async fn the_models_of_a_pointer_are_told_without_their_places() {
    let followed = || Reloadable::<Model>::new(Followed(pointer()));
    let answer = versions(router(Arc::new(followed()))).await;
    // The page is tested with the same answer.
    let expected: Value = serde_json::from_str(include_str!("versions.json")).unwrap();
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.body["models"], expected["models"]);
    assert_eq!(answer.body["serving"], model().manifest().version.as_str(), "it is not the live one yet");
    assert!(!answer.body.to_string().contains("secret-bucket"), "{:?}", answer.body);
    let (with_live_ratings, _folder) = live_app_over(followed());
    assert_eq!(versions(with_live_ratings).await.body, answer.body);
}

#[tokio::test]
async fn without_a_pointer_the_model_that_answers_is_the_only_one() {
    let answer = versions(app()).await;
    let manifest = model().manifest().clone();
    assert_eq!(answer.body["serving"], manifest.version.as_str());
    assert_eq!(answer.body["models"].as_array().unwrap().len(), 1);
    let only = &answer.body["models"][0];
    assert_eq!((&only["status"], &only["since"]), (&json!("live"), &Value::Null));
    let figures = &only["figures"];
    assert_eq!((&figures["trained_at"], &figures["rmse"]), (&json!(manifest.created_at), &Value::Null));
    assert_eq!(figures["counts"]["ratings"], 6);
    let tag = answer.headers["etag"].to_str().unwrap();
    let again = Request::get("/model/versions").header("if-none-match", tag).body(Body::empty()).unwrap();
    assert_eq!(app().oneshot(again).await.unwrap().status(), StatusCode::NOT_MODIFIED);
}
