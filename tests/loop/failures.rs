//! Whatever goes wrong, the live model keeps answering.

use std::time::Duration;

use matinee_tests::Fault;
use serde_json::{Value, json};

use crate::world::{World, until_version};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: scripts/test.sh"]
async fn a_corrupt_artifact_is_refused_and_never_replaces_a_good_one() {
    let world = World::start().await;
    world.upload();
    let (good, version) = world.artifact(0).await;
    let (bad, bad_version) = world.artifact(1).await;
    let publish = |uri: &str| json!({"action": "publish", "uri": uri});
    world.publish.answer(publish(&good)).await;
    let predict = world.predict().await;
    assert_eq!(predict.predict().await["model_version"], version);

    let key = bad.strip_prefix("s3://matinee-test/").unwrap().to_owned() + "model.safetensors";
    let whole = world.moto.get(&key).unwrap();
    let mut flipped = whole.clone();
    *flipped.last_mut().unwrap() ^= 1;
    for broken in [flipped.as_slice(), &whole[..whole.len() / 2]] {
        world.moto.put(&key, broken);
        let refused = world.publish.answer(publish(&bad)).await;
        assert_eq!(refused["status"], "refused", "{refused}");
    }
    world.moto.delete(&key);
    let refused = world.publish.answer(publish(&bad)).await;
    assert!(refused["reasons"][0].as_str().unwrap().starts_with("not_found"), "{refused}");
    assert_eq!(world.live_version(), version);

    // An artifact is damaged after it went live: running sandboxes keep the model that they have loaded.
    world.moto.put(&key, &whole);
    world.publish.answer(publish(&bad)).await;
    until_version(&predict, &json!(bad_version)).await;
    world.moto.put(&key, &flipped);
    world.publish.answer(json!({"action": "rollback"})).await;
    until_version(&predict, &json!(version)).await;
    let back = world.publish.answer(json!({"action": "rollback"})).await;
    assert_eq!(back["status"], "refused", "{back}");
    let mut pointer = world.moto.live();
    pointer["version"] = json!(bad_version);
    pointer["uri"] = json!(bad);
    world.moto.put("models/live.json", pointer.to_string().as_bytes());
    goes_on_with(&predict, &version).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: scripts/test.sh"]
async fn s3_may_fail_be_slow_or_break_off_and_come_back() {
    let world = World::start().await;
    world.upload();
    let (first, version) = world.artifact(0).await;
    let (second, next) = world.artifact(1).await;
    let publish = |uri: &str| json!({"action": "publish", "uri": uri});

    world.publish.recorder.inject(Fault::Refuse(503, "SlowDown"));
    let error = world.publish.invoke(publish(&first)).await.unwrap_err();
    assert!(error["errorMessage"].as_str().unwrap().contains("the live model has not changed"), "{error}");
    world.publish.recorder.heal().await;
    world.publish.answer(publish(&first)).await;

    let predict = world.predict().await;
    assert_eq!(predict.predict().await["model_version"], version);
    world.publish.answer(publish(&second)).await;
    for fault in [Fault::Refuse(503, "SlowDown"), Fault::Cut] {
        predict.recorder.inject(fault);
        goes_on_with(&predict, &version).await;
        predict.recorder.heal().await;
    }
    predict.recorder.inject(Fault::Delay(Duration::from_millis(1500)));
    let begin = std::time::Instant::now();
    let answer = predict.predict().await;
    assert_eq!(answer["model_version"], version, "no request waits for the newer model");
    assert!(begin.elapsed() < Duration::from_millis(1500));
    predict.recorder.heal().await;
    until_version(&predict, &json!(next)).await;

    // A sandbox that starts while S3 fails answers with 503, and recovers.
    let cold = {
        let cold = world.predict().await;
        cold.recorder.inject(Fault::Refuse(503, "SlowDown"));
        cold
    };
    let answer = cold.predict().await;
    assert!(answer["model_version"] == next || answer["error"]["code"] == "model_unavailable", "{answer}");
    cold.recorder.heal().await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(cold.predict().await["model_version"], next);
}

/// Sends requests for longer than it takes to look for a newer model.
async fn goes_on_with(predict: &crate::world::Function, version: &str) {
    for _ in 0..25 {
        let answer = predict.predict().await;
        assert_eq!(answer["model_version"], Value::from(version), "{answer}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
