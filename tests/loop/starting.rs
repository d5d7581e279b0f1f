//! Which events start a job: one state of the data starts one, and the last state is learned from.

use std::sync::Arc;

use matinee_tests::{Fault, state_change};
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::world::{Function, JOB_NAME_PREFIX, World, upload_event};

/// Sends two events at once. The job of the first is created by this action after that of the second, and neither saw a
/// running job.
pub async fn at_once(
    action: &'static str,
    first: (&Function, &Value),
    second: (&Function, &Value),
    between: impl FnOnce(),
) -> (Value, Value) {
    let (arrived, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let held = Fault::Hold(Arc::clone(&arrived), Arc::clone(&go_on));
    first.0.recorder.inject(held.at(action, "").times(1));
    let overtaking = async {
        arrived.notified().await;
        between();
        let answer = second.0.answer(second.1.clone()).await;
        go_on.notify_one();
        answer
    };
    tokio::join!(first.0.answer(first.1.clone()), overtaking)
}

/// The action that creates a job in SageMaker.
const CREATE: &str = "sagemaker:CreateTrainingJob";

fn requests(function: &Function) -> Vec<Value> {
    function.recorder.training_requests()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: scripts/test.sh"]
async fn two_files_of_the_same_second_start_one_job() {
    let world = World::start().await;
    let other = World::starter(&world.moto, JOB_NAME_PREFIX).await;
    let ratings = world.upload();
    let mut movies = ratings.clone();
    movies["id"] = "upload-2".into();
    movies["detail"]["object"]["key"] = "data/movies.csv".into();
    let (late, started) = at_once(CREATE, (&world.start, &movies), (&other, &ratings), || ()).await;
    assert_eq!(started["status"], "started", "{started}");
    assert_eq!((&late["status"], &late["job"]), (&json!("running"), &started["job"]), "{late}");

    // An event that is delivered again after the job has ended, successfully or not, starts no job either.
    for status in ["Failed", "Completed"] {
        world.moto.finish(started["job"].as_str().unwrap(), status, None);
        let again = other.answer(ratings.clone()).await;
        assert_eq!((&again["status"], &again["job"]), (&json!("up_to_date"), &started["job"]), "{again}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: scripts/test.sh"]
async fn a_group_of_uploads_starts_one_job_and_the_catalogue_alone_none() {
    let world = World::start().await;
    world.moto.put("data/movies.csv", b"movieId,title\n1,Toy Story (1995)\n");
    let alone = world.start.answer(upload_event("data/movies.csv", "upload-0")).await;
    assert_eq!(alone["status"], "no_ratings", "{alone}");
    assert!(alone["reason"].as_str().unwrap().contains("it holds data/movies.csv"), "{alone}");

    let ratings = world.upload();
    world.moto.date("data/movies.csv", 1_700_000_000);
    let mut early = upload_event("data/movies.csv", "upload-1");
    early["time"] = "2023-11-14T22:13:20Z".into();
    let answer = world.start.answer(early).await;
    assert_eq!((&answer["status"], &answer["by"]), (&json!("superseded"), &json!("data/ratings.csv")));
    assert_eq!(world.start.answer(ratings).await["status"], "started");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: scripts/test.sh"]
async fn what_changes_while_a_job_runs_is_learned_from_however_it_is_dated() {
    let world = World::start().await;
    world.upload();
    let (request, ended) = world.train(json!({})).await;
    assert_eq!(world.start.answer(ended.clone()).await["status"], "up_to_date");

    // A large file is uploaded in parts. Its date is the start of its upload, long before the job.
    world.moto.put("data/more.csv", b"userId,movieId,rating,timestamp\n1,1,4.0,1\n");
    world.moto.date("data/more.csv", 1_600_000_000);
    let next = world.start.answer(ended.clone()).await;
    assert_eq!((&next["status"], &next["files"]), (&json!("started"), &json!(3)), "{next}");
    assert_ne!(next["job"], request["TrainingJobName"]);
    let again = world.start.answer(ended).await;
    assert_eq!((&again["status"], &again["job"]), (&json!("running"), &next["job"]), "told twice: {again}");

    let request = requests(&world.start).pop().unwrap();
    world.moto.finish(next["job"].as_str().unwrap(), "Completed", None);
    assert_eq!(world.start.answer(state_change(&request, "Completed")).await["status"], "up_to_date");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: scripts/test.sh"]
async fn the_end_of_a_job_is_believed_before_the_list_of_jobs_knows_it() {
    let world = World::start().await;
    let upload = world.upload();
    let started = world.start.answer(upload).await;
    world.moto.put("data/more.csv", b"userId,movieId,rating,timestamp\n1,1,4.0,1\n");
    let ended = state_change(&requests(&world.start).pop().unwrap(), "Completed");
    let next = world.start.answer(ended).await;
    assert_eq!(next["status"], "started", "{next}");
    assert_ne!(next["job"], started["job"]);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: scripts/test.sh"]
async fn of_two_jobs_the_last_to_end_leaves_a_model_of_the_last_data() {
    let world = World::start().await;
    let other = World::starter(&world.moto, JOB_NAME_PREFIX).await;
    let (one, two) = (world.upload(), upload_event("data/more.csv", "upload-2"));
    let more = || world.moto.put("data/more.csv", b"userId,movieId,rating,timestamp\n1,1,4.0,1\n");
    let (older, newer) = at_once(CREATE, (&world.start, &one), (&other, &two), more).await;
    assert_eq!(
        (&older["status"], &newer["status"]),
        (&json!("started"), &json!("started")),
        "{older} {newer}"
    );
    assert_ne!(older["job"], newer["job"], "they read other data");

    let ends = |function: &Function| {
        let request = requests(function).pop().unwrap();
        world.moto.finish(request["TrainingJobName"].as_str().unwrap(), "Completed", None);
        state_change(&request, "Completed")
    };
    let waits = world.start.answer(ends(&other)).await;
    assert_eq!((&waits["status"], &waits["job"]), (&json!("running"), &older["job"]), "{waits}");
    // The model of the older data has replaced that of the newer data.
    let again = world.start.answer(ends(&world.start)).await;
    assert_eq!((&again["status"], &again["files"]), (&json!("started"), &json!(3)), "{again}");
    assert!(again["job"] != older["job"] && again["job"] != newer["job"], "{again}");
    assert_eq!(world.start.answer(ends(&world.start)).await["status"], "up_to_date");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: scripts/test.sh"]
async fn a_failed_job_is_tried_again_by_the_same_file_uploaded_again_or_by_hand() {
    let world = World::start().await;
    let upload = world.upload();
    let started = world.start.answer(upload.clone()).await;
    let failed = started["job"].as_str().unwrap();
    world.moto.finish(failed, "Failed", Some("no capacity"));
    let ended = state_change(&requests(&world.start).pop().unwrap(), "Failed");
    assert_eq!(world.start.answer(ended).await["status"], "up_to_date", "not again and again");

    let by_hand = world.start.answer(json!({})).await;
    assert_eq!(by_hand["status"], "started", "{by_hand}");
    world.moto.finish(by_hand["job"].as_str().unwrap(), "Failed", None);
    world.moto.date("data/ratings.csv", 1_600_000_000);
    let again = world.start.answer(upload).await;
    assert_eq!(again["status"], "started", "{again}");
    assert!(again["job"] != started["job"] && again["job"] != by_hand["job"], "{again}");

    world.moto.finish(again["job"].as_str().unwrap(), "Completed", None);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: scripts/test.sh"]
async fn two_stacks_whose_names_begin_alike_leave_each_others_jobs_alone() {
    let world = World::start().await;
    let staging = World::starter(&world.moto, &format!("{JOB_NAME_PREFIX}-staging")).await;
    world.upload();
    let theirs = staging.answer(json!({})).await;
    let ours = world.start.answer(json!({})).await;
    assert_eq!(
        (&theirs["status"], &ours["status"]),
        (&json!("started"), &json!("started")),
        "{theirs} {ours}"
    );

    let mut ended = state_change(&requests(&staging).pop().unwrap(), "Completed");
    ended["detail"]["OutputDataConfig"]["S3OutputPath"] = "s3://matinee-staging/models/".into();
    let mut untold = ended.clone();
    untold["detail"].as_object_mut().unwrap().remove("OutputDataConfig");
    for event in [ended, untold] {
        for function in [&world.start, &world.publish] {
            let passed = function.answer(event.clone()).await;
            assert_eq!((&passed["status"], &passed["job"]), (&json!("not_ours"), &theirs["job"]), "{passed}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: scripts/test.sh"]
async fn the_end_of_a_job_that_somebody_named_starts_no_other() {
    let world = World::start().await;
    let ours = world.start.answer(world.upload()).await;
    world.moto.finish(ours["job"].as_str().unwrap(), "Completed", None);
    let mut ended = state_change(&requests(&world.start).pop().unwrap(), "Completed");
    ended["detail"]["TrainingJobName"] = format!("{JOB_NAME_PREFIX}-20261122-120000").into();
    let passed = world.start.answer(ended).await;
    assert_eq!(passed["status"], "by_hand", "{passed}");
    assert_eq!(requests(&world.start).len(), 1, "one job was asked for");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: scripts/test.sh"]
async fn an_event_that_cannot_be_meant_is_an_error_that_names_the_field() {
    let world = World::start().await;
    let mut elsewhere = upload_event("data/ratings.csv", "x");
    elsewhere["detail"]["bucket"]["name"] = "another".into();
    for (event, named) in [
        (elsewhere, "`detail.bucket.name` is `another`"),
        (json!({"hyperparameters": {"seed": 1}}), "hyperparameters.seed"),
    ] {
        let error = world.start.invoke(event).await.unwrap_err();
        assert!(error["errorMessage"].as_str().unwrap().contains(named), "{error}");
        assert_eq!(error["errorType"], "StartTrainingError", "{error}");
    }
}
