//! Training on Spark: the application costs nothing while it is idle, and a stack without it has nothing of it.

use matinee_tests::{refusal, stack};
use serde_json::json;

use crate::{of_type, properties, referred};

#[test]
#[ignore = "needs sam: scripts/test.sh"]
fn without_spark_there_is_no_application_and_nothing_that_belongs_to_it() {
    let stack = stack(&[]);
    assert_eq!(of_type(&stack, "AWS::EMRServerless::Application").count(), 0);
    let text = stack["Resources"].to_string();
    assert!(
        !text.contains("emr-serverless")
            && !text.contains("lambda:InvokeFunction\",\"Resource\":{\"Fn::GetAtt\":[\"PublishModel")
    );
    let variables = &properties(&stack, "StartTrainingFunction")["Environment"]["Variables"];
    assert_eq!(variables["SPARK_APPLICATION_ID"], "", "an empty variable counts as missing");
}

#[test]
#[ignore = "needs sam: scripts/test.sh"]
fn the_application_stops_by_itself_keeps_no_worker_ready_and_has_a_limit() {
    for (vcpu, memory) in [("16", "120 GB"), ("256", "1920 GB")] {
        let stack = stack(&[("SparkTraining", "true"), ("SparkMaximumVcpu", vcpu)]);
        let application = properties(&stack, "SparkApplication");
        assert_eq!(application["AutoStopConfiguration"], json!({"Enabled": true, "IdleTimeoutMinutes": 1}));
        assert_eq!(application["AutoStartConfiguration"], json!({"Enabled": true}));
        assert!(application.get("InitialCapacity").is_none());
        assert_eq!(application["MaximumCapacity"], json!({"Cpu": format!("{vcpu} vCPU"), "Memory": memory}));
        assert_eq!(application["Architecture"], "ARM64", "container/push_spark.sh builds for it");
    }
}

#[test]
#[ignore = "needs sam: scripts/test.sh"]
fn the_end_of_a_run_reaches_both_functions() {
    for (upload, expected) in [
        ("true", &["PublishModelFunction", "StartTrainingFunction"][..]),
        ("false", &["PublishModelFunction"]),
    ] {
        let stack = stack(&[("SparkTraining", "true"), ("TrainOnUpload", upload)]);
        let rule = properties(&stack, "SparkRule");
        let pattern = &rule["EventPattern"];
        assert_eq!(pattern["source"], json!(["aws.emr-serverless"]));
        assert_eq!(pattern["detail-type"], json!(["EMR Serverless Job Run State Change"]));
        assert_eq!(pattern["detail"]["applicationId"], json!([{"Ref": "SparkApplication"}]));
        assert_eq!(pattern["detail"]["state"], json!(["SUCCESS", "FAILED", "CANCELLED"]));
        let targets = rule["Targets"].as_array().unwrap().iter().map(|target| referred(&target["Arn"]));
        assert_eq!(targets.collect::<Vec<_>>(), expected);
    }
}

#[test]
#[ignore = "needs sam: scripts/test.sh"]
fn combinations_that_cannot_work_are_refused() {
    for (set, reason) in [
        (vec![("LiveRatings", "true"), ("Authorization", "iam")], "needs LiveRatings=false"),
        (
            vec![("SparkDriverMemoryGb", "60"), ("SparkMaximumVcpu", "8")],
            "leaves no processor for the workers",
        ),
        (
            vec![("SparkDriverMemoryGb", "120"), ("SparkMaximumVcpu", "16")],
            "leaves no processor for the workers",
        ),
    ] {
        let set = [&[("SparkTraining", "true")], &set[..]].concat();
        let refusal = refusal(&set);
        assert!(refusal.contains(reason), "{set:?}: {refusal}");
    }
    for (memory, vcpu) in [("30", "8"), ("60", "16"), ("120", "32")] {
        stack(&[("SparkTraining", "true"), ("SparkDriverMemoryGb", memory), ("SparkMaximumVcpu", vcpu)]);
    }
}
