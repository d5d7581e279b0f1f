//! What `start-training` and `publish-model` do when `SageMaker` or S3 throttles, refuses, hangs or loses an answer.

use matinee_tests::{BUCKET, Fault};
use serde_json::{Value, json};

use crate::world::{Function, World};

const THROTTLED: Fault = Fault::Refuse(400, "ThrottlingException");

/// The type of the error that the function reports. Its message must say what was requested and what was answered.
async fn fails(function: &Function, event: &Value, named: [&str; 2]) -> String {
    let error = function.invoke(event.clone()).await.unwrap_err();
    let message = error["errorMessage"].as_str().unwrap();
    assert!(named.iter().all(|name| message.contains(name)), "{named:?}: {message}");
    error["errorType"].as_str().unwrap().to_owned()
}

fn jobs(world: &World) -> usize {
    world.start.recorder.training_requests().len()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: scripts/test.sh"]
async fn a_training_job_is_started_once_or_the_reason_is_told() {
    let world = World::start().await;
    world.upload();
    let (recorder, by_hand) = (&world.start.recorder, json!({}));
    let (list, create) = ("sagemaker:ListTrainingJobs", "sagemaker:CreateTrainingJob");
    for (fault, at, said, error_type) in [
        (THROTTLED, list, "ThrottlingException", "ServiceUnavailable"),
        (THROTTLED, create, "ThrottlingException", "ServiceUnavailable"),
        (Fault::Refuse(500, "InternalFailure"), create, "InternalFailure", "ServiceUnavailable"),
        (
            Fault::Refuse(400, "ResourceLimitExceeded"),
            create,
            "ResourceLimitExceeded",
            "ResourceLimitExceeded",
        ),
        (Fault::Refuse(400, "AccessDeniedException"), create, "AccessDeniedException", "StartTrainingError"),
        (Fault::Refuse(503, "SlowDown"), "s3:ListBucket", "SlowDown", "ServiceUnavailable"),
        (Fault::Refuse(403, "AccessDenied"), "s3:ListBucket", "AccessDenied", "StartTrainingError"),
    ] {
        recorder.inject(fault.at(at, ""));
        let asked = if at == "s3:ListBucket" { "data/" } else { at };
        assert_eq!(fails(&world.start, &by_hand, [asked, said]).await, error_type, "{said}");
        assert!(!recorder.heal().await.is_empty());
    }
    recorder.refuse_connections().await;
    let error_type = fails(&world.start, &by_hand, [list, "dispatch failure"]).await;
    assert_eq!(error_type, "ServiceUnavailable");
    recorder.heal().await;
    assert_eq!(jobs(&world), 0, "nothing was started");
    world.moto.delete("data/ratings.csv");
    assert_eq!(fails(&world.start, &by_hand, ["has no ratings.csv", "data/movies.csv"]).await, "NoRatings");
    world.upload();

    // Temporary faults are retried. If the answer to the request was lost, there is still only one job.
    recorder.inject(THROTTLED.at("sagemaker:ListTrainingJobs", "").times(2));
    recorder.inject(Fault::Lose.at("sagemaker:CreateTrainingJob", "").times(1));
    let answer = world.start.answer(by_hand.clone()).await;
    assert_eq!(answer["status"], "running", "{answer}");
    assert_eq!(recorder.heal().await.len(), 3);
    let names: Vec<Value> =
        recorder.training_requests().into_iter().map(|request| request["TrainingJobName"].clone()).collect();
    assert!(!names.is_empty() && names.iter().all(|name| *name == answer["job"]), "{names:?}");
}

/// This test takes as long as the functions wait for a service.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: scripts/test.sh"]
async fn a_service_that_hangs_is_given_up() {
    let world = World::start().await;
    world.upload();
    let (_, ended) = world.train(json!({})).await;
    world.start.recorder.inject(Fault::Hang.at("sagemaker:", ""));
    world.publish.recorder.inject(Fault::Hang.at("sagemaker:", ""));
    let (by_hand, nobody) = (json!({}), Value::Null);
    tokio::join!(
        fails(&world.start, &by_hand, ["sagemaker:ListTrainingJobs", "timeout"]),
        fails(&world.publish, &ended, ["sagemaker:DescribeTrainingJob", "timeout"]),
    );
    assert_eq!(world.live_version(), nobody);
    world.publish.recorder.heal().await;
    assert_eq!(world.publish.answer(ended).await["status"], "published", "the event is delivered again");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: scripts/test.sh"]
async fn publishing_fails_as_a_whole_or_is_done() {
    let world = World::start().await;
    world.upload();
    let (_, ended) = world.train(json!({})).await;
    let recorder = &world.publish.recorder;
    for (fault, named) in [
        (THROTTLED.at("sagemaker:", ""), ["sagemaker:DescribeTrainingJob", "ThrottlingException"]),
        (Fault::Refuse(400, "AccessDeniedException").at("sagemaker:", ""), ["Describe", "AccessDenied"]),
        (Fault::Cut.at("s3:GetObject", "model.safetensors"), ["model.safetensors", "has not changed"]),
        (Fault::Refuse(503, "SlowDown").at("s3:PutObject", ""), ["models/live.json", "has not changed"]),
        (Fault::Refuse(403, "AccessDenied").at("s3:PutObject", ""), ["models/live.json", "has not changed"]),
        (
            Fault::Refuse(403, "AccessDenied").at("s3:GetObject", "live.json"),
            ["models/live.json", "has not changed"],
        ),
    ] {
        recorder.inject(fault);
        fails(&world.publish, &ended, named).await;
        assert!(!recorder.heal().await.is_empty());
        assert_eq!(world.live_version(), Value::Null);
    }
    recorder.refuse_connections().await;
    fails(&world.publish, &ended, ["sagemaker:DescribeTrainingJob", "dispatch failure"]).await;
    recorder.heal().await;
    recorder.inject(Fault::Corrupt.at("s3:GetObject", "model.safetensors"));
    assert_eq!(world.publish.answer(ended.clone()).await["status"], "refused");
    recorder.heal().await;
    world.moto.put("models/live.json", b"{");
    fails(&world.publish, &ended, ["models/live.json", "not a valid live model pointer"]).await;
    assert_eq!(world.moto.get("models/live.json").unwrap(), b"{", "nobody's pointer is overwritten");
    world.moto.delete("models/live.json");
    assert_eq!(world.publish.answer(ended).await["status"], "published");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: scripts/test.sh"]
async fn a_pointer_whose_write_was_not_answered_moves_once() {
    let world = World::start().await;
    world.upload();
    let mut versions = Vec::new();
    for seed in 0..3 {
        let (uri, version) = world.artifact(seed).await;
        world.publish.recorder.inject(Fault::Lose.at("s3:PutObject", "live.json").times(1));
        let answer = world.publish.answer(json!({"action": "publish", "uri": uri, "force": true})).await;
        assert_eq!(world.publish.recorder.heal().await.len(), 1);
        assert_eq!(answer["status"], "published", "{answer}");
        assert_eq!(answer["before"], versions.last().map_or(Value::Null, |version: &String| json!(version)));
        assert_eq!(world.live_version(), version);
        versions.push(version);
    }
    world.publish.recorder.inject(Fault::Lose.at("s3:PutObject", "live.json").times(1));
    let answer = world.publish.answer(json!({"action": "rollback"})).await;
    assert_eq!(
        (&answer["status"], &answer["before"]),
        (&json!("published"), &json!(versions[2])),
        "{answer}"
    );
    assert_eq!(world.live_version(), versions[1], "one step back, in {BUCKET}");
}
