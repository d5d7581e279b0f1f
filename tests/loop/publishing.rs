//! Uploads become live models unless they are worse, and a live model can be rolled back.

use std::sync::Arc;

use matinee_tests::{Fault, binary, do_job, read_event, state_change};
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::world::{Function, World, until_version};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: scripts/test.sh"]
async fn new_ratings_become_the_live_model_without_anyones_hands() {
    let world = World::start().await;
    let error = world.start.invoke(json!({})).await.unwrap_err();
    assert!(error["errorMessage"].as_str().unwrap().contains("has no ratings.csv"), "{error}");

    let upload = world.upload();
    let started = world.start.answer(upload.clone()).await;
    assert_eq!((&started["status"], &started["files"]), (&json!("started"), &json!(2)), "{started}");
    let again = world.start.answer(upload).await;
    assert_eq!((&again["status"], &again["job"]), (&json!("running"), &started["job"]), "one job at a time");

    let request = world.start.recorder.training_requests().pop().unwrap();
    let ended = do_job(&world.moto, &world.training, &binary("matinee"), &request);
    let published = world.publish.answer(ended.clone()).await;
    assert_eq!(
        (&published["status"], &published["before"]),
        (&json!("published"), &Value::Null),
        "{published}"
    );
    assert_eq!(world.publish.answer(ended.clone()).await["status"], "already_live", "delivered twice");
    let first = world.live_version();
    let predict = world.predict().await;
    assert_eq!(predict.predict().await["model_version"], first);

    // The job has read all data, so its end starts no other job. Then a file is uploaded.
    assert_eq!(world.start.answer(ended).await["status"], "up_to_date");
    let (_, ended) = world.train(json!({"seed": "1"})).await;
    let published = world.publish.answer(ended).await;
    assert_eq!((&published["status"], &published["before"]), (&json!("published"), &first), "{published}");
    let second = world.live_version();
    assert_ne!(first, second);
    until_version(&predict, &second).await;

    let listed = world.publish.answer(json!({"action": "list"})).await;
    assert_eq!((&listed["version"], &listed["previous"][0]["version"]), (&second, &first));
    let back = world.publish.answer(json!({"action": "rollback"})).await;
    assert_eq!((&back["status"], &back["live"]["version"]), (&json!("published"), &first), "{back}");
    until_version(&predict, &first).await;
    let told = until_told(&predict, &first).await;
    let statuses: Vec<(&Value, &Value)> = told["models"]
        .as_array()
        .unwrap()
        .iter()
        .map(|model| (&model["version"], &model["status"]))
        .collect();
    assert_eq!(statuses, [(&first, &json!("live")), (&second, &json!("rolled_back"))]);
    let figures = &told["models"][0]["figures"];
    assert!(figures["rmse"].as_f64().unwrap() > 0.5 && figures["counts"]["ratings"] == 100_004, "{told}");
    let forth = world.publish.answer(json!({"action": "rollback", "version": second})).await;
    assert_eq!(forth["live"]["version"], second);
    until_version(&predict, &second).await;
}

/// Asks which models there are until this one is live.
async fn until_told(predict: &Function, version: &Value) -> Value {
    let event = read_event("model").to_string().replace("/model\"", "/model/versions\"");
    let event: Value = serde_json::from_str(&event).unwrap();
    let begin = std::time::Instant::now();
    loop {
        let answer = predict.answer(event.clone()).await;
        let told: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
        if told["models"][0]["version"] == *version {
            return told;
        }
        assert!(begin.elapsed().as_secs() < 30, "{version} does not go live: {told}");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: scripts/test.sh"]
async fn a_worse_model_and_a_failed_job_leave_the_live_model() {
    let world = World::start().await;
    world.upload();
    let (_, ended) = world.train(json!({})).await;
    world.publish.answer(ended).await;
    let live = world.moto.live();

    let (request, ended) = world.train(json!({"n_epochs": "1", "lr_all": "0.0001"})).await;
    let refused = world.publish.answer(ended).await;
    assert_eq!(refused["status"], "refused", "{refused}");
    assert!(refused["reasons"][0].as_str().unwrap().starts_with("hold-out RMSE "), "{refused}");
    let told = world.moto.live();
    assert_eq!((&told["version"], &told["previous"]), (&live["version"], &live["previous"]));
    assert_eq!(
        (&told["refused"][0]["reasons"], &told["refused"][0]["version"]),
        (&refused["reasons"], &refused["version"])
    );
    let name = request["TrainingJobName"].as_str().unwrap();
    let uri = format!("s3://matinee-test/models/{name}/output/model/");
    let forced = world.publish.answer(json!({"action": "publish", "uri": uri, "force": true})).await;
    assert_eq!(forced["status"], "published", "by hand, against the gate: {forced}");
    assert_eq!(world.moto.live()["refused"], Value::Null, "what is live is not refused");
    world.publish.answer(json!({"action": "rollback"})).await;

    let (_, ended) = world.train(json!({"n_factors": "none"})).await;
    assert_eq!(ended["detail"]["TrainingJobStatus"], "Failed");
    let failed = world.publish.answer(ended).await;
    assert_eq!(failed["status"], "no_model");
    assert!(failed["reason"].as_str().unwrap().contains("n_factors"), "{failed}");
    let stopped = world.publish.answer(state_change(&request, "Stopped")).await;
    assert_eq!(stopped["status"], "no_model");
    assert_eq!(world.live_version(), live["version"]);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: scripts/test.sh"]
async fn of_two_publishers_that_race_the_later_decides_again() {
    let world = World::start().await;
    world.upload();
    let mut artifacts = Vec::new();
    for seed in 0..4 {
        artifacts.push(world.artifact(seed).await);
    }
    let other = World::publisher(&world.moto).await;
    let publish = |uri: &str| json!({"action": "publish", "uri": uri});
    // The first pointer, and one that replaces another. The one that loses the race is the newer one.
    for (slow, fast) in [(1, 0), (3, 2)] {
        let (arrived, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let held = Fault::Hold(Arc::clone(&arrived), Arc::clone(&go_on));
        world.publish.recorder.inject(held.at("s3:PutObject", "live.json").times(1));
        let race = async {
            arrived.notified().await;
            let won = other.answer(publish(&artifacts[fast].0)).await;
            assert_eq!(won["status"], "published", "{won}");
            go_on.notify_one();
        };
        let (lost, ()) = tokio::join!(world.publish.answer(publish(&artifacts[slow].0)), race);
        assert_eq!(lost["status"], "published", "{lost}");
        assert_eq!(lost["before"], artifacts[fast].1, "it saw what the other had published");
    }
    let live = world.moto.live();
    assert_eq!(live["version"], artifacts[3].1);
    let previous: Vec<&Value> =
        live["previous"].as_array().unwrap().iter().map(|model| &model["version"]).collect();
    assert_eq!(previous, [&artifacts[2].1, &artifacts[1].1, &artifacts[0].1], "nothing was lost");
}
