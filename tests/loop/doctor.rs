//! `matinee aws doctor`, on a stack that matches its parameters and on one that does not.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use matinee_tests::{BUCKET, binary, train_small};
use serde_json::{Value, json};

use crate::command_line::CommandLine;
use crate::world::{ROLE, STACK, World};

const IMAGE: &str = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/matinee:latest";

/// The parameters, if a test does not set others.
const PARAMETERS: [(&str, &str); 8] = [
    ("MemorySize", "256"),
    ("Architecture", "x86_64"),
    ("Tracing", "false"),
    ("CorsOrigins", ""),
    ("TrainingMaxSeconds", "3600"),
    ("GateMaxNdcgDrop", "0.01"),
    ("TrainOnUpload", "false"),
    ("Authorization", "none"),
];

/// The parts of the stack that the doctor checks, with the names from `template.yaml`.
fn template(api: &str) -> Value {
    let parameters: serde_json::Map<String, Value> = PARAMETERS
        .iter()
        .map(|(name, default)| ((*name).to_owned(), json!({"Type": "String", "Default": default})))
        .collect();
    let function = |name: &str, memory: u64, variables: Value| {
        json!({"Type": "AWS::Lambda::Function", "Properties": {
            "FunctionName": name, "Runtime": "provided.al2023", "Handler": "bootstrap", "MemorySize": memory,
            "Role": ROLE, "Code": {"ZipFile": "x"}, "Environment": {"Variables": variables},
        }})
    };
    let command_line = format!(
        "export MATINEE_BUCKET={BUCKET} MATINEE_STACK={STACK} MATINEE_ROLE={ROLE} MATINEE_IMAGE={IMAGE} \
         MATINEE_API={api} MATINEE_JOB_NAME_PREFIX=matinee-1c2fa620 MATINEE_HYPERPARAMETERS='{{\"hold_out\":\"0.1\"}}'"
    );
    json!({
        "Parameters": parameters,
        "Resources": {
            "Predict": function("predict", 256, json!({"CORS_ORIGINS": ""})),
            "Start": function("start-training", 128, json!({"TRAINING_MAX_SECONDS": "3600"})),
            "Publish": function("publish-model", 256, json!({"GATE_MAX_NDCG_DROP": "0.01", "PREDICT_MEMORY_MB": "256"})),
        },
        "Outputs": {
            "PredictFunctionName": {"Value": {"Ref": "Predict"}},
            "StartTrainingFunctionName": {"Value": {"Ref": "Start"}},
            "PublishModelFunctionName": {"Value": {"Ref": "Publish"}},
            "CommandLine": {"Value": command_line},
        },
    })
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: scripts/test.sh"]
async fn without_a_stack_what_can_be_asked_is_told_and_the_rest_is_said_to_be_unchecked() {
    let world = World::start().await;
    let matinee = CommandLine::new(world.moto.address());
    for task in ["doctor", "versions"] {
        let told = matinee.refuses(&[task]);
        assert!(told.contains("there is no stack `matinee` in this account and region; deploy it"), "{told}");
    }
    let (mut server, api) = serve();
    let matinee = matinee.with("MATINEE_BUCKET", BUCKET).with("MATINEE_ROLE", ROLE).with("MATINEE_API", &api);
    let told = matinee.with("MATINEE_IMAGE", IMAGE).refuses(&["doctor"]);
    for line in [
        "FAULT       stack          there is no stack `matinee` in this account and region; deploy it",
        "ok          bucket         s3://matinee-test",
        // moto's XML differs from that of S3.
        "not checked events         s3:GetBucketNotification: ",
        "FAULT       data           s3://matinee-test/data/ has no ratings.csv",
        "FAULT       image          there is no image team/matinee:latest; push it",
        "not checked processor ",
        "FAULT       role           there is no role matinee-TrainingRole; deploy the stack",
        "not checked quota          servicequotas:ListServiceQuotas: ",
        "not checked predict ",
        "not checked start-training ",
        "not checked publish-model ",
        "ok          model          no model is published yet",
        "ok          API ",
        "4 of 13 checks found a fault, and 6 could not be made",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
    server.kill().unwrap();
    server.wait().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: scripts/test.sh"]
async fn a_stack_that_is_as_it_was_asked_for_is_well() {
    let world = World::start().await;
    let (mut server, api) = serve();
    world.moto.make_role(ROLE);
    world.moto.make_stack(STACK, &template(&api), &[]);
    world.moto.publish_function("predict", "live");
    world.moto.make_image("team/matinee", "latest");
    world.upload();
    let (uri, version) = world.artifact(0).await;

    // Only region, credentials and the stack's name, which is the default.
    let matinee = CommandLine::new(world.moto.address());
    assert_eq!(matinee.says(&["publish", &uri]), format!("{version} is live; before: none\n"));
    let told = matinee.says(&["doctor"]);
    for line in [
        "ok          stack          matinee is CREATE_COMPLETE",
        "ok          events         uploads do not start training, because TrainOnUpload=false",
        "ok          data           2 files",
        "ok          image          team/matinee:latest",
        "not checked processor      ecr:GetDownloadUrlForLayer: ",
        "not checked role           the role exists and trusts SageMaker",
        "ok          predict        version 1 has all 5 settings",
        "ok          start-training version $LATEST has all 3 settings",
        "ok          publish-model  version $LATEST has all 4 settings",
        "ok          model ",
        "ok          API ",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
    assert!(!told.contains("FAULT"), "{told}");
    let started = matinee.says(&["train"]);
    assert!(started.starts_with("started matinee-1c2fa620-"), "{started}");
    server.kill().unwrap();
    server.wait().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: scripts/test.sh"]
async fn parameters_that_did_not_reach_what_was_deployed_are_faults() {
    let world = World::start().await;
    let (mut server, api) = serve();
    let asked = [
        ("MemorySize", "512"),
        ("Tracing", "true"),
        ("CorsOrigins", "https://example.com"),
        ("TrainOnUpload", "true"),
        ("Authorization", "api-key"),
    ];
    world.moto.make_role(ROLE);
    world.moto.make_stack(STACK, &template(&api), &asked);
    world.moto.publish_function("predict", "live");
    let told = CommandLine::new(world.moto.address()).refuses(&["doctor"]);
    for line in [
        "ok          stack ",
        "not checked events         s3:GetBucketNotification: ",
        "FAULT       predict        version 1: tracing is `false`, not `true`, memory is `256`, not `512`, \
         CORS_ORIGINS is ``, not `https://example.com`; deploy the stack again",
        "FAULT       publish-model  version $LATEST: tracing is `false`, not `true`, PREDICT_MEMORY_MB is `256`, not `512`",
        "although Authorization=api-key",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
    server.kill().unwrap();
    server.wait().unwrap();
}

/// Takes the place of the deployed API.
fn serve() -> (Child, String) {
    let folder = tempfile::tempdir().unwrap().keep();
    train_small(&folder.join("model"), 0);
    let mut server = Command::new(binary("matinee"))
        .args(["serve", "--port", "0", "--model"])
        .arg(folder.join("model"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
    std::fs::remove_dir_all(folder).unwrap();
    let address = line.split("http://").nth(1).unwrap().split(';').next().unwrap().trim().to_owned();
    (server, format!("http://{address}"))
}
