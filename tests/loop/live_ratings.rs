//! Ratings in `DynamoDB`: the tests of every store, and the function itself, against moto over HTTP.

use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use matinee_dynamodb_ratings::DynamoDbRatings;
use matinee_live_ratings::conformance::assert_conforms;
use matinee_model::Model;
use matinee_tests::{BUCKET, Moto, train_small};
use serde_json::{Value, json};

use crate::world::{Function, TABLE, World, until_version};

/// The function over the model in this folder.
pub async fn function(moto: &Moto, model: &str) -> Function {
    remembering(moto, model, "0").await
}

/// The same, which may keep the ratings of a user in memory for this many seconds.
async fn remembering(moto: &Moto, model: &str, seconds: &str) -> Function {
    let variables = [
        ("MODEL_URI", model),
        ("RATINGS_TABLE", TABLE),
        // No answer is late because the machine is busy.
        ("RATINGS_TIMEOUT_MS", "5000"),
        ("RATINGS_CACHE_SECONDS", seconds),
    ];
    Function::run(moto, "predict", &variables).await
}

/// The table without the function's time limits: moto answers one request after the other.
pub async fn store(moto: &Moto) -> DynamoDbRatings {
    let patient = TimeoutConfig::builder().operation_timeout(Duration::from_mins(2)).build();
    let config = aws_config::defaults(aws_config::BehaviorVersion::latest())
        .endpoint_url(moto.address())
        .region("eu-west-1")
        .timeout_config(patient)
        .credentials_provider(aws_sdk_dynamodb::config::Credentials::new("key", "secret", None, None, "test"))
        .load()
        .await;
    DynamoDbRatings::of(&config, TABLE.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: scripts/test.sh"]
async fn the_table_passes_the_tests_of_every_store() {
    let moto = Moto::start();
    moto.make_ratings_table(TABLE);
    assert_conforms(&store(&moto).await).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: scripts/test.sh"]
async fn the_function_counts_a_rating_in_its_next_answer() {
    let (moto, folder) = (Moto::start(), tempfile::tempdir().unwrap());
    moto.make_ratings_table(TABLE);
    let model = folder.path().join("model");
    train_small(&model, 0);
    let model = model.to_str().unwrap();
    let function = function(&moto, model).await;
    let pair = json!({"userId": "new", "movieId": "2959"});
    let predict = async |function: &Function| function.ask("POST", "/predict", &pair).await.1;
    assert_eq!(predict(&function).await["known_user"], false);
    let rating = json!({"rating": 5});
    assert_eq!(function.ask("PUT", "/users/new/ratings/2959", &rating).await.0, 201);
    assert_eq!(predict(&function).await["known_user"], true);
    assert_eq!(function.ask("PUT", "/users/new/hidden/2959", &Value::Null).await.0, 204);
    let (_, own) = function.ask("GET", "/users/new/ratings", &Value::Null).await;
    assert_eq!((&own["count"], &own["hidden_movies"]), (&json!(1), &json!(["2959"])));

    let another = self::function(&moto, model).await;
    assert_eq!(predict(&another).await["known_user"], true, "all sandboxes see it");
    assert_eq!(another.ask("DELETE", "/users/new", &Value::Null).await.0, 204);
    assert_eq!(predict(&function).await["known_user"], false);

    function.recorder.refuse_connections().await;
    let alone = predict(&function).await;
    assert_eq!(alone["live_ratings"], "unavailable", "{alone}");
    let (status, refused) = function.ask("PUT", "/users/new/ratings/2959", &rating).await;
    assert_eq!((status, &refused["error"]["code"]), (503, &json!("live_ratings_unavailable")));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: scripts/test.sh"]
async fn a_sandbox_with_a_memory_asks_once_and_counts_its_own_writes_at_once() {
    let (moto, folder) = (Moto::start(), tempfile::tempdir().unwrap());
    moto.make_ratings_table(TABLE);
    let model = folder.path().join("model");
    train_small(&model, 0);
    let model = model.to_str().unwrap();
    let (function, another) = (remembering(&moto, model, "3600").await, self::function(&moto, model).await);
    let is_known = async |function: &Function| {
        let (_, answer) =
            function.ask("POST", "/predict", &json!({"userId": "new", "movieId": "2959"})).await;
        answer["known_user"].as_bool().unwrap()
    };
    let look_ups = |function: &Function| {
        function.recorder.calls().iter().filter(|call| call.action == "dynamodb:Query").count()
    };
    assert!(!is_known(&function).await && !is_known(&function).await);
    assert_eq!(another.ask("PUT", "/users/new/ratings/2959", &json!({"rating": 5})).await.0, 201);
    assert!(!is_known(&function).await, "from memory");
    assert_eq!(look_ups(&function), 1);
    assert_eq!(function.ask("PUT", "/users/new/hidden/2571", &Value::Null).await.0, 204);
    assert!(is_known(&function).await && is_known(&function).await);
    assert_eq!(look_ups(&function), 2);
    assert_eq!(function.ask("DELETE", "/users/new", &Value::Null).await.0, 204);
    assert!(!is_known(&function).await);
    assert!(!is_known(&another).await && !is_known(&another).await);
    assert_eq!(look_ups(&another), 2, "without a memory each request asks");
}

/// A job learns from all that was kept before it was asked for, and the answers before, across and after the swap agree.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: scripts/test.sh"]
async fn what_came_in_is_in_the_next_model_once_and_deleted_users_are_not() {
    let world = World::start().await;
    world.upload();
    let (first, first_version) = world.artifact(0).await;
    world.publish.answer(json!({"action": "publish", "uri": first})).await;
    let function = world.predict_live().await;
    until_version(&function, &json!(first_version)).await;

    let rate = async |path: &str, rating: f64| function.ask("PUT", path, &json!({"rating": rating})).await.0;
    for (movie, rating) in [("2959", 5.0), ("2571", 4.5), ("1", 1.0)] {
        assert_eq!(rate(&format!("/users/new/ratings/{movie}"), rating).await, 201);
    }
    assert_eq!(rate("/users/new/ratings/1", 0.5).await, 200);
    assert_eq!(rate("/users/back/ratings/2959", 1.0).await, 201);
    assert_eq!(function.ask("DELETE", "/users/back/ratings/2959", &Value::Null).await.0, 204);
    assert_eq!(function.ask("PUT", "/users/hides/hidden/2959", &Value::Null).await.0, 204);
    assert_eq!(function.ask("DELETE", "/users/2", &Value::Null).await.0, 204);
    assert_eq!(rate("/users/3/ratings/no-movie", 1.0).await, 404);
    let seen = async |function: &Function, user: &str| {
        let pair = json!({"userId": user, "movieId": "2959"});
        let (status, answer) = function.ask("POST", "/predict", &pair).await;
        assert_eq!(status, 200, "{answer}");
        answer
    };
    let before = seen(&function, "new").await;
    assert_eq!((&before["known_user"], &before["model_version"]), (&json!(true), &json!(first_version)));
    assert_eq!(seen(&function, "2").await["known_user"], false);

    // The job has read the table when another rating comes in.
    let (request, ended) = world.train(json!({"seed": "1"})).await;
    assert_eq!(ended["detail"]["TrainingJobStatus"], "Completed");
    assert_eq!(request["Environment"]["RATINGS_TABLE"], TABLE);
    assert_eq!(rate("/users/late/ratings/2959", 5.0).await, 201);
    assert_eq!(seen(&function, "new").await, before, "nothing has changed yet");
    let late = seen(&function, "late").await;
    let uri = format!("s3://{BUCKET}/models/{}/output/model/", request["TrainingJobName"].as_str().unwrap());
    world.publish.answer(json!({"action": "publish", "uri": uri, "force": true})).await;
    until_version(&function, &world.live_version()).await;

    let model = model_at(&world, &uri);
    let rated = |user: &str| model.user_row(&user.into()).map(|row| model.rated_movies(row).movies.len());
    assert_eq!(
        [rated("new"), rated("back"), rated("hides"), rated("2"), rated("late")],
        [Some(3), None, None, None, None]
    );
    let compared = model.manifest().against_live.as_ref().unwrap();
    assert_eq!((compared.live_version.as_str(), compared.came_in), (first_version.as_str(), 3));
    let asked: jiff::Timestamp =
        request["Environment"]["JOB_REQUESTED_AT"].as_str().unwrap().parse().unwrap();
    assert_eq!(model.manifest().data_as_of, Some(asked.to_string()));
    let learned_from = model.manifest().data.keys().map(String::as_str).collect::<Vec<_>>();
    assert_eq!(learned_from, [TABLE, "movies.csv", "ratings.csv"]);

    let alone = world.predict().await;
    until_version(&alone, &world.live_version()).await;
    assert_eq!(
        seen(&function, "new").await,
        seen(&alone, "new").await,
        "what is learned is not folded in again"
    );
    let (_, own) = function.ask("GET", "/users/new/ratings", &Value::Null).await;
    let learned = own["ratings"].as_array().unwrap().iter().map(|rated| &rated["learned"]);
    assert_eq!(learned.collect::<Vec<_>>(), [&json!(true); 3], "{own}");
    assert_eq!(seen(&alone, "late").await["known_user"], false);
    let still = seen(&function, "late").await;
    assert_eq!((&still["known_user"], &late["known_user"]), (&json!(true), &json!(true)));
    assert_eq!(seen(&function, "2").await["known_user"], false);
    let hidden = function.ask("GET", "/users/hides/ratings", &Value::Null).await.1;
    assert_eq!((&hidden["count"], &hidden["hidden_movies"]), (&json!(0), &json!(["2959"])));
}

/// Loads the model of a job.
fn model_at(world: &World, uri: &str) -> Model {
    let (folder, prefix) = (tempfile::tempdir().unwrap(), uri.split_once("matinee-test/").unwrap().1);
    for name in ["manifest.json", "model.safetensors", "movies.csv"] {
        let bytes = world.moto.get(&format!("{prefix}{name}")).unwrap();
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    Model::open(folder.path()).unwrap()
}
