//! Large data are learned from on Spark: the job, its model, and what goes wrong.

use std::process::Command;

use matinee_tests::{BUCKET, Recorder, binary, do_run, events_folder, run_state_change, stack};
use serde_json::{Value, json};

use crate::policies::{Allowed, allowed, compare};
use crate::scheduling::schedule;
use crate::starting::at_once;
use crate::world::{Function, JOB_NAME_PREFIX, STACK, World, until_version, upload_event};

/// The role of the runs.
const ROLE: &str = "arn:aws:iam::123456789012:role/matinee-SparkRole";
/// The name of publish-model.
const PUBLISHER: &str = "matinee-PublishModelFunction";
/// They train a usable model in a moment.
const HYPERPARAMETERS: &str = r#"{"n_factors":"2","n_epochs":"1","hold_out":"0.1"}"#;

/// The stack with an application of EMR Serverless.
struct SparkWorld {
    world: World,
    application: String,
    start: Function,
    publish: Function,
    /// What runs do in S3 under their role.
    training: Recorder,
}

impl SparkWorld {
    /// All ratings are large here, except for those of at most `above_megabytes`.
    async fn start(above_megabytes: &str) -> Self {
        let world = World::start().await;
        let application = world.moto.make_application();
        let start = Self::starter(&world, &application, above_megabytes).await;
        let own = [("SPARK_APPLICATION_ID", application.as_str())];
        let publish = World::publisher_with(&world.moto, &own).await;
        let training = Recorder::start(world.moto.address()).await;
        Self { world, application, start, publish, training }
    }

    async fn starter(world: &World, application: &str, above_megabytes: &str) -> Function {
        let own = [
            ("SPARK_APPLICATION_ID", application),
            ("SPARK_ROLE_ARN", ROLE),
            ("SPARK_ABOVE_MEGABYTES", above_megabytes),
            ("PUBLISH_MODEL_FUNCTION", PUBLISHER),
            ("RATINGS_TABLE", ""),
            ("HYPERPARAMETERS", HYPERPARAMETERS),
        ];
        World::starter_with(&world.moto, JOB_NAME_PREFIX, &own).await
    }

    /// Uploads the program as a user does, with the binary of the tests.
    fn push_program(&self) {
        let script = events_folder().with_file_name("container").join("push_spark.sh");
        let pushed = Command::new(script)
            .arg("--binary")
            .arg(binary("matinee"))
            .env("MATINEE_BUCKET", BUCKET)
            .env("AWS_ENDPOINT_URL", self.world.moto.address())
            .envs([
                ("AWS_REGION", "eu-west-1"),
                ("AWS_ACCESS_KEY_ID", "key"),
                ("AWS_SECRET_ACCESS_KEY", "secret"),
            ])
            .output()
            .unwrap();
        let said =
            String::from_utf8_lossy(&pushed.stdout).into_owned() + &String::from_utf8_lossy(&pushed.stderr);
        assert!(pushed.status.success() && said.contains("spark/0.1.0/matinee"), "{said}");
    }

    /// Puts objects where the program would be. They are enough as long as no run is executed.
    fn pretend_program(&self) {
        for name in ["train.py", "matinee"] {
            self.world.moto.put(&format!("spark/{}/{name}", env!("CARGO_PKG_VERSION")), name.as_bytes());
        }
    }

    fn request(&self) -> Value {
        self.start.recorder.spark_requests().pop().unwrap()
    }

    /// Ends the run of a job at this time, in seconds since 1970, and returns its id.
    fn end(&self, job: &Value, state: &str, details: &str, time: i64) -> String {
        self.world.moto.finish_run(
            &self.application,
            job.as_str().unwrap(),
            state,
            details,
            time.try_into().unwrap(),
        )
    }

    fn ended(&self, run: &str, state: &str) -> Value {
        run_state_change(&self.application, run, state)
    }
}

fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto and Spark: scripts/test.sh"]
async fn a_large_upload_is_learned_from_on_spark_and_the_api_answers_from_its_model() {
    let spark = SparkWorld::start("1").await;
    let upload = spark.world.upload();
    let refused = spark.start.invoke(upload.clone()).await.unwrap_err();
    let reason = refused["errorMessage"].as_str().unwrap();
    assert!(
        reason.contains("/train.py is missing") && reason.contains("container/push_spark.sh"),
        "{refused}"
    );
    spark.push_program();
    let predict = spark.world.predict().await;
    predict.predict().await;

    let started = spark.start.answer(upload.clone()).await;
    assert_eq!(started["status"], "started", "{started}");
    assert!(spark.start.recorder.training_requests().is_empty(), "nothing runs in SageMaker");
    let again = spark.start.answer(upload.clone()).await;
    assert_eq!((&again["status"], &again["job"]), (&json!("running"), &started["job"]), "{again}");

    let request = spark.request();
    let ended = do_run(&spark.world.moto, &spark.training, &spark.application, &request);
    assert_eq!(ended["detail"]["state"], "SUCCESS", "{ended}");
    let published = spark.publish.answer(ended.clone()).await;
    assert_eq!(published["status"], "published", "{published}");
    let manifest = format!("models/{}/output/model/manifest.json", started["job"].as_str().unwrap());
    let manifest: Value = serde_json::from_slice(&spark.world.moto.get(&manifest).unwrap()).unwrap();
    assert_eq!(
        (&manifest["algorithm"], &manifest["training_job"]),
        (&json!("vb"), &started["job"]),
        "{manifest}"
    );
    assert!(manifest["data_as_of"].is_string(), "{manifest}");
    // A failed load is not tried again at once.
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    until_version(&predict, &manifest["version"]).await;

    assert_eq!(spark.publish.answer(ended.clone()).await["status"], "already_live", "told twice");
    assert_eq!(spark.start.answer(ended).await["status"], "up_to_date");
    assert_eq!(spark.start.answer(upload).await["status"], "up_to_date", "a late event");
    assert!(spark.world.moto.invocations().is_empty(), "nothing got lost");
    the_roles_allow_just_that(&spark);
}

/// What a stack with Spark allows in addition is what was done.
fn the_roles_allow_just_that(spark: &SparkWorld) {
    let stack = stack(&[("AWS::StackName", STACK), ("SparkTraining", "true")]);
    let run = allowed(&stack["Resources"]["SparkRole"]["Properties"]["Policies"]);
    compare("SparkRole", &resolved(spark, run, |_| true), &spark.training.calls());
    for (role, sids, calls) in [
        (
            "StartTrainingRole",
            &["StartRuns", "GiveRunsTheirRole", "DescribeRuns"][..],
            spark.start.recorder.calls(),
        ),
        ("PublishModelRole", &["DescribeRuns"], spark.publish.recorder.calls()),
    ] {
        let statements = allowed(&stack["Resources"][role]["Properties"]["Policies"]);
        let statements = resolved(spark, statements, |sid| sids.contains(&sid));
        let own: Vec<_> = calls
            .into_iter()
            .filter(|call| call.action.starts_with("emr-serverless:") || call.action == "iam:PassRole")
            .collect();
        compare(role, &statements, &own);
    }
}

/// The statements with the names of the test's stack.
fn resolved(spark: &SparkWorld, allowed: Vec<Allowed>, keep: impl Fn(&str) -> bool) -> Vec<Allowed> {
    let own = |resource: String| {
        let application = format!("applications/{}", spark.application);
        resource.replace("${SparkApplication.Arn}", &application).replace("${SparkRole.Arn}", ROLE)
    };
    let kept = allowed.into_iter().filter(|allowed| keep(&allowed.sid));
    kept.map(|allowed| Allowed { resource: own(allowed.resource), ..allowed }).collect()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: scripts/test.sh"]
async fn small_data_and_requests_for_sagemaker_go_to_sagemaker() {
    let spark = SparkWorld::start("1000").await;
    let upload = spark.world.upload();
    let started = spark.start.answer(upload).await;
    assert_eq!(started["status"], "started", "{started}");
    let job = started["job"].as_str().unwrap();
    assert_eq!(spark.start.recorder.training_requests().len(), 1);
    let waits = spark.start.answer(json!({"spark": true})).await;
    assert_eq!((&waits["status"], &waits["job"]), (&json!("running"), &started["job"]), "one job at a time");
    spark.world.moto.finish(job, "Completed", None);

    let refused = spark.start.invoke(json!({"spark": true})).await.unwrap_err();
    assert!(refused["errorMessage"].as_str().unwrap().contains("container/push_spark.sh"), "{refused}");
    spark.pretend_program();
    let by_hand = spark.start.answer(json!({"spark": true})).await;
    assert_eq!(by_hand["status"], "started", "{by_hand}");
    assert_eq!(spark.request()["name"], by_hand["job"]);
    let waits = spark.start.answer(json!({"spark": false})).await;
    assert_eq!((&waits["status"], &waits["job"]), (&json!("running"), &by_hand["job"]), "one job at a time");
    assert!(spark.start.recorder.training_requests().len() == 1);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: scripts/test.sh"]
async fn two_requests_at_once_start_one_run() {
    let spark = SparkWorld::start("0").await;
    let upload = spark.world.upload();
    spark.pretend_program();
    let other = SparkWorld::starter(&spark.world, &spark.application, "0").await;
    let (late, early) =
        at_once("emr-serverless:StartJobRun", (&spark.start, &upload), (&other, &upload), || ()).await;
    assert_eq!(
        (&late["status"], &late["job"], &late["arn"]),
        (&json!("started"), &early["job"], &early["arn"])
    );

    // The run has ended: neither an event that is delivered again nor the same state of the data starts another one.
    let run = spark.end(&early["job"], "FAILED", "Job failed", now());
    for event in [upload, spark.ended(&run, "FAILED")] {
        let again = spark.start.answer(event).await;
        assert_eq!((&again["status"], &again["job"]), (&json!("up_to_date"), &early["job"]), "{again}");
    }
    spark.world.moto.put("data/more.csv", b"userId,movieId,rating,timestamp\n1,1,4.0,1\n");
    let next = spark.start.answer(spark.ended(&run, "FAILED")).await;
    assert_eq!((&next["status"], &next["files"]), (&json!("started"), &json!(3)), "{next}");
    assert_ne!(next["job"], early["job"]);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: scripts/test.sh"]
async fn a_failed_run_is_reported_and_a_strangers_run_is_ignored() {
    let spark = SparkWorld::start("0").await;
    spark.world.upload();
    spark.pretend_program();
    let started = spark.start.answer(upload_event("data/ratings.csv", "upload-1")).await;
    let run = spark.end(&started["job"], "FAILED", "7.5 is not on the scale 0.5..5", now());
    let reported = spark.publish.answer(spark.ended(&run, "FAILED")).await;
    let expected =
        json!({"status": "no_model", "job": started["job"], "reason": "7.5 is not on the scale 0.5..5"});
    assert_eq!(reported, expected);
    assert!(spark.world.moto.get("models/live.json").is_none());

    for function in [&spark.start, &spark.publish] {
        let answer = function.answer(run_state_change("00anotherone0000", &run, "SUCCESS")).await;
        assert_eq!(answer["status"], "not_ours", "{answer}");
    }
    let refused = spark.start.invoke(json!({"hyperparameters": {"algorithm": "svd"}})).await.unwrap_err();
    assert!(refused["errorMessage"].as_str().unwrap().contains("only `vb` learns"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: scripts/test.sh"]
async fn a_run_whose_event_got_lost_is_passed_on() {
    let spark = SparkWorld::start("0").await;
    spark.world.upload();
    spark.pretend_program();
    let started = spark.start.answer(schedule("1")).await;
    let run = spark.end(&started["job"], "SUCCESS", "", now());
    assert_eq!(spark.start.answer(schedule("2")).await["status"], "nothing_new");
    assert!(spark.world.moto.invocations().is_empty(), "its event may be under way");

    spark.end(&started["job"], "SUCCESS", "", now() - 601);
    assert_eq!(spark.start.answer(schedule("3")).await["status"], "nothing_new");
    let passed_on = spark.world.moto.invocations();
    let [invocation] = passed_on.as_slice() else { panic!("{passed_on:?}") };
    assert_eq!((&invocation["function"], &invocation["type"]), (&json!(PUBLISHER), &json!("Event")));
    assert_eq!(invocation["event"]["detail"]["jobRunId"], run);
    // It is treated like the event of EventBridge. This run has written no model.
    let decided = spark.publish.answer(invocation["event"].clone()).await;
    assert_eq!(decided["status"], "refused", "{decided}");
    let uri = format!("s3://{BUCKET}/models/{}/output/model/", started["job"].as_str().unwrap());
    assert_eq!(decided["uri"], uri);

    // The end of the run is told to both functions, so it is not passed on then.
    spark.start.answer(spark.ended(&run, "SUCCESS")).await;
    assert_eq!(spark.world.moto.invocations().len(), 1);
}
