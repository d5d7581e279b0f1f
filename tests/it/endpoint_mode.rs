//! Both modes of the function give the same answers: a model in memory, and the container behind an endpoint.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use aws_sdk_s3::config::Credentials;
use matinee_aws::{S3Source, s3_client_of};
use matinee_model::{Catalogue, Model};
use matinee_serving::{LoadReason, Source};
use matinee_tests::{Behaviour, EndpointDouble, FakeRuntime, S3Double, binary, read_event, train_small};
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use serde_json::{Value, json};

const PAIRS: usize = 1_000;

/// What `reload` finds, pointer by pointer, without waiting for the refresh interval.
#[tokio::test]
async fn titles_are_loaded_anew_when_the_pointer_moves_and_only_then() {
    let s3 = S3Double::start().await;
    let config = aws_config::defaults(aws_config::BehaviorVersion::latest())
        .endpoint_url(s3.address())
        .region(aws_config::Region::new("eu-west-1"))
        .credentials_provider(Credentials::new("key", "secret", None, None, "test"))
        .load()
        .await;
    let source = S3Source::new(s3_client_of(&config), s3.uri("models/live.json").parse().unwrap());
    let point_to = |version: &str, published_at: &str| {
        let uri = s3.uri(&format!("models/{version}/"));
        let pointer =
            json!({"version": version, "uri": uri, "manifest_sha256": "", "published_at": published_at});
        s3.put("models/live.json", pointer.to_string().as_bytes());
    };
    let put = |version: &str, movies: &str| {
        s3.put(&format!("models/{version}/movies.csv"), format!("movieId,title\n{movies}").as_bytes());
    };
    let count = |titles: Option<Catalogue>| titles.map(|titles| titles.len());
    let reload = async || Source::<Catalogue>::reload(&source).await;

    put("1", "1,One\n");
    point_to("1", "2026-01-01T00:00:00Z");
    assert_eq!(count(Some(source.load().await.unwrap())), Some(1));
    assert_eq!(count(reload().await.unwrap()), None, "it is the same pointer");
    point_to("1", "2026-01-02T00:00:00Z");
    assert_eq!(count(reload().await.unwrap()), None, "it is the same model");
    point_to("2", "2026-01-03T00:00:00Z");
    assert_eq!(reload().await.unwrap_err().reason, LoadReason::NotFound);
    put("2", "1,One\n2,Two\n");
    assert_eq!(count(reload().await.unwrap()), Some(2), "they came later, and the pointer is the same");
    assert_eq!(count(reload().await.unwrap()), None);
}

/// The container's server: either one that runs already and its model, given by these variables, or one that is started.
struct Container {
    url: String,
    model: PathBuf,
    _own: Option<(Process, tempfile::TempDir)>,
}

struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Container {
    fn find() -> Self {
        let variable = |name| std::env::var(name).ok();
        if let (Some(url), Some(model)) =
            (variable("MATINEE_CONTAINER_URL"), variable("MATINEE_CONTAINER_MODEL"))
        {
            return Self { url, model: model.into(), _own: None };
        }
        let root = tempfile::tempdir().unwrap();
        let model = root.path().join("model");
        train_small(&model, 0);
        let (process, url) = serve(root.path());
        Self { url, model, _own: Some((process, root)) }
    }
}

fn serve(root: &Path) -> (Process, String) {
    let mut process = Command::new(binary("matinee"))
        .args(["sagemaker", "serve", "--root"])
        .arg(root)
        .env("SAGEMAKER_BIND_TO_PORT", "0")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let port = line.trim().rsplit(':').next().unwrap();
    (Process(process), format!("http://127.0.0.1:{port}"))
}

/// Pairs of ids; some users and movies do not exist.
fn random_pairs(model: &Model) -> Vec<(String, String)> {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(0);
    let users: Vec<&str> = model.user_ids().iter().collect();
    let movies: Vec<&str> = model.catalogue().ids().iter().collect();
    let mut draw = |ids: &[&str], unknown: &str| match random.random_range(0..10) {
        0 => format!("{unknown}-{}", random.random_range(0..1_000_000)),
        _ => (*ids.choose(&mut random).unwrap()).to_owned(),
    };
    (0..PAIRS).map(|_| (draw(&users, "nobody"), draw(&movies, "no-movie"))).collect()
}

/// Events, and bodies with ratings for them: valid ones, and ones that are refused.
fn with_ratings() -> Vec<(&'static str, Value)> {
    let history = json!([{"movieId": "1", "rating": 4.5}, {"movieId": "no-movie", "rating": 3}]);
    let pairs = json!([
        {"movieId": "2959"},
        {"movieId": "50", "ratings": [{"movieId": "1", "rating": 1}]},
        {"movieId": "50", "ratings": [{"movieId": "1", "rating": 9}]},
        {"movieId": "no-movie"},
        {"movieId": "593"},
    ]);
    vec![
        ("predict", json!({"movieId": "2959", "ratings": history})),
        ("predict", json!({"userId": "2", "movieId": "2959", "ratings": []})),
        ("predict", json!({"movieId": "no-movie", "ratings": history})),
        ("predict", json!({"movieId": "2959", "ratings": [{"movieId": "1", "rating": 9}]})),
        ("batch", json!({"pairs": pairs, "ratings": history})),
        ("batch", json!({"pairs": [{"userId": "2", "movieId": "1"}, {"movieId": "1", "ratings": history}]})),
    ]
}

/// Removes what differs between the modes.
fn forget(body: &mut Value, names: &[&str]) {
    match body {
        Value::Object(fields) => {
            fields.retain(|name, _| !names.contains(&name.as_str()));
            fields.values_mut().for_each(|value| forget(value, names));
        }
        Value::Array(values) => values.iter_mut().for_each(|value| forget(value, names)),
        _ => {}
    }
}

async fn predict(runtime: &FakeRuntime, user: &str, movie: &str) -> (Value, Value) {
    let mut event = read_event("predict");
    event["body"] = json!({"userId": user, "movieId": movie}).to_string().into();
    let answer = runtime.invoke(event).await.unwrap();
    (answer["statusCode"].clone(), serde_json::from_str(answer["body"].as_str().unwrap()).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn both_modes_give_the_same_answers() {
    let container = Container::find();
    let model = Model::open(&container.model).unwrap();
    let endpoint = EndpointDouble::start(Behaviour::PassOn(container.url.clone())).await;
    let (memory, remote) = (FakeRuntime::start().await, FakeRuntime::start().await);
    let quiet = ("AWS_LAMBDA_LOG_LEVEL", "ERROR");
    let in_model = ("MODEL_URI", container.model.to_str().unwrap());
    let _memory = memory.run(&binary("predict"), &[in_model, quiet]);
    let mut environment = endpoint.environment().to_vec();
    environment.extend([in_model, quiet]);
    let _remote = remote.run(&binary("predict"), &environment);

    let mut statuses = std::collections::BTreeMap::new();
    for (user, movie) in random_pairs(&model) {
        let (status, mut expected) = predict(&memory, &user, &movie).await;
        let (found_status, mut found) = predict(&remote, &user, &movie).await;
        if status == 200 {
            assert_eq!(found.as_object_mut().unwrap().remove("source"), Some(json!("endpoint")));
        } else {
            expected["error"]["request_id"] = Value::Null;
            found["error"]["request_id"] = Value::Null;
        }
        assert_eq!((found_status, found), (status.clone(), expected), "{user} {movie}");
        *statuses.entry(status.to_string()).or_insert(0) += 1;
    }
    println!("{PAIRS} pairs answered alike by both modes, by status: {statuses:?}");
    assert!(statuses["200"] > PAIRS / 2 && statuses["404"] > 0);

    for (name, field) in [("model", "version"), ("health", "model_version")] {
        let answer = remote.invoke(read_event(name)).await.unwrap();
        let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
        assert_eq!(body[field], model.manifest().version.as_str(), "{name}: {body}");
        assert_eq!(body["source"], "endpoint");
    }

    let ask = async |runtime: &FakeRuntime, name| {
        let answer = runtime.invoke(read_event(name)).await.unwrap();
        let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
        (answer["statusCode"].clone(), body)
    };
    let (expected, mut found) = (ask(&memory, "batch").await, ask(&remote, "batch").await);
    let source = found.1["predictions"][0].as_object_mut().unwrap().remove("source");
    assert_eq!((source, found), (Some(json!("endpoint")), expected), "a batch is one invocation");
    for (event, body) in with_ratings() {
        let ask = async |runtime: &FakeRuntime| {
            let mut event = read_event(event);
            event["body"] = body.to_string().into();
            let answer = runtime.invoke(event).await.unwrap();
            let mut body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
            forget(&mut body, &["source", "request_id"]);
            (answer["statusCode"].clone(), body)
        };
        assert_eq!(ask(&remote).await, ask(&memory).await, "{body}");
    }
    let (status, body) = ask(&remote, "recommendations-visitor").await;
    assert_eq!((status, &body["error"]["code"]), (json!(501), &json!("not_supported")));
    let (status, body) = ask(&remote, "movies-search").await;
    assert_eq!((status, &body["movies"][0]["movie_id"]), (json!(200), &json!("2959")));
}
