//! A schedule starts a job only if something came in since the last one.

use matinee_tests::train_small;
use serde_json::{Value, json};

use crate::live_ratings::function;
use crate::world::{TABLE, World};

/// The event of a schedule.
pub fn schedule(id: &str) -> Value {
    json!({"id": id, "time": "2026-11-22T12:00:00Z", "detail-type": "Scheduled Event", "detail": {}})
}

/// Whether the schedule starts a job. If it does, the job ends at once, long enough ago for clocks that differ.
async fn starts(world: &World, id: &str) -> bool {
    let answer = world.start.answer(schedule(id)).await;
    if answer["status"] == "started" {
        complete(world, answer["job"].as_str().unwrap());
        return true;
    }
    assert_eq!(answer["status"], "nothing_new", "{answer}");
    false
}

/// Completes a job that was created two minutes ago.
fn complete(world: &World, job: &str) {
    world.moto.finish(job, "Completed", None);
    world.moto.date_job(job, jiff::Timestamp::now().as_second() - 120);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: scripts/test.sh"]
async fn a_schedule_starts_a_job_if_data_came_in() {
    let world = World::start().await;
    world.upload();
    assert!(starts(&world, "first").await, "there is no job yet");
    assert!(!starts(&world, "again").await);

    world.moto.put("data/more.csv", b"userId,movieId,rating,timestamp\n1,1,4.0,1\n");
    assert!(starts(&world, "more data").await);
    assert!(!starts(&world, "no more data").await);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: scripts/test.sh"]
async fn whatever_is_kept_starts_a_job_also_if_it_was_given_long_ago() {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("model");
    train_small(&model, 0);
    let long_ago = json!({"rating": 5, "timestamp": 1_000_000_000});
    for (method, path, body) in [
        ("PUT", "/users/1/ratings/2959", long_ago),
        ("PUT", "/users/1/hidden/2959", Value::Null),
        ("DELETE", "/users/1/ratings/2959", Value::Null),
        ("DELETE", "/users/1", Value::Null),
    ] {
        let world = World::start().await;
        world.upload();
        assert!(starts(&world, "first").await && !starts(&world, "second").await);
        let (status, answer) =
            function(&world.moto, model.to_str().unwrap()).await.ask(method, path, &body).await;
        assert!(status < 300, "{method} {path}: {status} {answer}");
        assert!(starts(&world, "third").await, "{method} {path}");
        world.moto.date_job(&last_job(&world), jiff::Timestamp::now().as_second() + 120);
        assert!(!starts(&world, "fourth").await, "{method} {path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: scripts/test.sh"]
async fn a_schedule_starts_a_job_if_the_last_one_failed_or_did_something_else() {
    let world = World::start().await;
    world.upload();
    let failed = world.start.answer(schedule("1")).await;
    let failed = failed["job"].as_str().unwrap();
    world.moto.finish(failed, "Failed", Some("no capacity"));
    world.moto.date_job(failed, jiff::Timestamp::now().as_second() - 180);
    let by_hand = world.start.answer(json!({"hyperparameters": {"seed": "7"}})).await;
    assert_eq!(by_hand["status"], "started", "{by_hand}");
    complete(&world, by_hand["job"].as_str().unwrap());
    assert!(starts(&world, "2").await, "with the seed of the stack");
    assert!(!starts(&world, "3").await);
    world.moto.delete_table(TABLE);
    assert!(starts(&world, "4").await, "if the table cannot be read, ratings may have come in");
}

fn last_job(world: &World) -> String {
    let requests = world.start.recorder.training_requests();
    requests.last().unwrap()["TrainingJobName"].as_str().unwrap().to_owned()
}
