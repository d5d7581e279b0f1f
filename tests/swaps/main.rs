//! Swaps two models a thousand times under load. It is a program of its own, because it measures its own memory.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod folders;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use aws_sdk_s3::config::Credentials;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use matinee_api::router;
use matinee_aws::{ModelUri, S3Source, s3_client_of};
use matinee_model::Model;
use matinee_model::artifact::sha256_hex;
use matinee_serving::Reloadable;
use matinee_tests::{S3Double, train_on};
use serde_json::{Value, json};
use tower::ServiceExt;

use folders::Folders;

const SWAPS: usize = 1_000;
/// Each takes a dozen calls over HTTP, with libraries that are not optimised here.
const S3_SWAPS: usize = 50;
/// The shortest time between two looks at the source, and the time that a client waits between requests.
const PAUSE: Duration = Duration::from_millis(2);
const CLIENTS: usize = 2;
/// A model has half a megabyte, so 900 leaked models would take 450.
const GROWTH_MB: u64 = 48;
const POINTER: &str = "models/live.json";

/// 300 users with 20 ratings each, of 300 movies.
fn inputs() -> (String, String) {
    let ratings = (0..6_000).map(|index| {
        let (user, movie) = (index / 20, (index * 7 + index / 20) % 300);
        format!("{user},{movie},{}\n", 1 + (user + movie) % 5)
    });
    let movies = (0..300).map(|movie| format!("{movie},Movie {movie} (2000),Drama\n"));
    (
        "userId,movieId,rating\n".to_owned() + &ratings.collect::<String>(),
        "movieId,title,genres\n".to_owned() + &movies.collect::<String>(),
    )
}

/// A model in a folder and in S3.
struct Stored {
    folder: tempfile::TempDir,
    version: String,
    pointer: Vec<u8>,
}

impl Stored {
    fn put(s3: &S3Double, seed: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model");
        let version = train_on(&path, inputs(), ("n_factors", "200"), seed).version.to_string();
        let prefix = format!("models/{seed}/");
        s3.put_folder(&prefix, &path);
        let pointer = json!({
            "version": version,
            "uri": s3.uri(&prefix),
            "manifest_sha256": sha256_hex(&std::fs::read(path.join("manifest.json")).unwrap()),
            "published_at": "2026-01-01T00:00:00Z",
        });
        Self { folder, version, pointer: pointer.to_string().into_bytes() }
    }
}

async fn predict(app: &Router) -> (StatusCode, Value) {
    let request = Request::post("/predict").body(Body::from(r#"{"userId":"1","movieId":"7"}"#)).unwrap();
    let answer = app.clone().oneshot(request).await.unwrap();
    let status = answer.status();
    (status, serde_json::from_slice(&to_bytes(answer.into_body(), usize::MAX).await.unwrap()).unwrap())
}

fn resident_mb() -> u64 {
    let status = std::fs::read_to_string(Path::new("/proc/self/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.split_whitespace().next().unwrap().parse::<u64>().unwrap() / 1024
}

async fn follow(s3: &S3Double) -> Reloadable<Model> {
    let config = aws_config::defaults(aws_config::BehaviorVersion::latest())
        .endpoint_url(s3.address())
        .region(aws_config::Region::new("eu-west-1"))
        .credentials_provider(Credentials::new("key", "secret", None, None, "test"))
        .load()
        .await;
    let ModelUri::S3(uri) = s3.uri(POINTER).parse().unwrap() else { unreachable!() };
    Reloadable::refreshed(S3Source::new(s3_client_of(&config), uri), PAUSE)
}

/// Swaps models this often while clients send requests, and returns the number of answers.
async fn swap_under_load(
    live: Reloadable<Model>,
    models: &[Stored; 2],
    swaps: usize,
    point: impl Fn(usize),
) -> usize {
    let app = router(Arc::new(live));
    let is_over = Arc::new(AtomicBool::new(false));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let (app, is_over) = (app.clone(), Arc::clone(&is_over));
            let versions = [0, 1].map(|index| models[index].version.clone());
            tokio::spawn(async move {
                let mut served = 0;
                while !is_over.load(Ordering::Relaxed) {
                    let (status, body) = predict(&app).await;
                    assert_eq!(status, StatusCode::OK, "{body}");
                    assert!(versions.contains(&body["model_version"].as_str().unwrap().to_owned()), "{body}");
                    served += 1;
                    tokio::time::sleep(PAUSE).await;
                }
                served
            })
        })
        .collect();
    let mut warm = 0;
    for swap in 1..=swaps {
        point(swap % 2);
        while predict(&app).await.1["model_version"] != models[swap % 2].version.as_str() {
            tokio::time::sleep(PAUSE).await;
        }
        if swap == swaps / 10 {
            warm = resident_mb();
        }
    }
    is_over.store(true, Ordering::Relaxed);
    let mut served = 0;
    for client in clients {
        served += client.await.unwrap();
    }
    let end = resident_mb();
    println!("{swaps} swaps, {served} requests; {warm} MB after a tenth of them, {end} MB at the end");
    assert!(end < warm + GROWTH_MB, "{warm} MB after a tenth of {swaps} swaps, {end} MB at the end");
    served
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_swaps_under_load_lose_no_request_and_no_memory() {
    let s3 = S3Double::start().await;
    let models = [0, 1].map(|seed| Stored::put(&s3, seed));
    s3.put(POINTER, &models[0].pointer);
    let from_s3 = swap_under_load(follow(&s3).await, &models, S3_SWAPS, |index| {
        s3.put(POINTER, &models[index].pointer);
    });
    assert!(from_s3.await > S3_SWAPS);

    let pointed = Arc::new(AtomicUsize::new(0));
    let paths = models.iter().map(|model| model.folder.path().join("model")).collect();
    let live = Reloadable::refreshed(Folders::new(paths, &pointed), PAUSE);
    let served = swap_under_load(live, &models, SWAPS, |index| pointed.store(index, Ordering::Relaxed)).await;
    assert!(served > SWAPS);
}
