//! Does what EMR Serverless does with a run: submits the very request to Spark, on this machine.
//!
//! Spark reads and writes `s3://BUCKET/` as it does there, but a mount table of Hadoop leads to a folder. The objects that
//! the request names are copied from moto into the folder before, and the model is copied back in the end.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::moto::{BUCKET, Moto};
use crate::recorder::Recorder;
use crate::stack::python_of;

/// Runs the job that a `StartJobRun` describes, and returns the event of its end. Its calls are made under the role of the
/// run, and `role` records them.
pub fn do_run(moto: &Moto, role: &Recorder, application: &str, request: &Value) -> Value {
    let name = request["name"].as_str().unwrap();
    assert_eq!(request["clientToken"], name, "the token is the name");
    let submit = &request["jobDriver"]["sparkSubmit"];
    let texts = |value: &Value| -> Vec<String> {
        value.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
    };
    let (script, arguments) = (submit["entryPoint"].as_str().unwrap(), texts(&submit["entryPointArguments"]));
    let (read, output) = arguments.split_at(arguments.iter().position(|one| one == "--output").unwrap());
    let folder = tempfile::tempdir().unwrap();
    for uri in std::iter::once(script).chain(read.iter().map(String::as_str)) {
        if let Some(key) = uri.strip_prefix(&format!("s3://{BUCKET}/")) {
            bring(moto, role, folder.path(), key);
        }
    }
    let python = python_of("spark-submit");
    let run = Command::new(python.with_file_name("spark-submit"))
        .args([
            "--master",
            "local[2,4]",
            "--conf",
            "spark.ui.enabled=false",
            "--conf",
            "spark.log.level=WARN",
        ])
        .args(mounted(folder.path()).iter().flat_map(|setting| ["--conf", setting]))
        .args(submit["sparkSubmitParameters"].as_str().unwrap().split_whitespace())
        .arg(script)
        .args(&arguments)
        .env("PYSPARK_PYTHON", &python)
        // Nobody else can reach it.
        .env("SPARK_LOCAL_IP", "127.0.0.1")
        .output()
        .unwrap();
    if !run.status.success() {
        let said = String::from_utf8_lossy(&run.stderr).into_owned();
        let reason = said.lines().rev().find(|line| line.contains("error")).unwrap_or(&said);
        let id = moto.finish_run(application, name, "FAILED", reason, now());
        return run_state_change(application, &id, "FAILED");
    }
    let prefix = output[1].strip_prefix(&format!("s3://{BUCKET}/")).unwrap();
    for entry in std::fs::read_dir(folder.path().join(prefix)).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        // Hadoop's local file system writes a checksum beside each file.
        if name.starts_with('.') {
            continue;
        }
        let key = format!("{prefix}/{name}");
        for action in ["s3:ListBucket", "s3:GetObject", "s3:PutObject"] {
            role.note(action, format!("{BUCKET}/{key}"));
        }
        moto.put(&key, &std::fs::read(&path).unwrap());
    }
    let id = moto.finish_run(application, name, "SUCCESS", "", now());
    run_state_change(application, &id, "SUCCESS")
}

/// The `EventBridge` event of a run that has ended, in the form of
/// <https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/using-eventbridge.html>.
pub fn run_state_change(application: &str, run: &str, state: &str) -> Value {
    json!({
        "version": "0",
        "id": format!("end-of-{run}"),
        "time": "2026-11-22T12:00:00Z",
        "source": "aws.emr-serverless",
        "detail-type": "EMR Serverless Job Run State Change",
        "account": "123456789012",
        "region": "eu-west-1",
        "resources": [],
        "detail": {
            "jobRunId": run,
            "applicationId": application,
            "arn": format!("arn:aws:emr-serverless:eu-west-1:123456789012:/applications/{application}/jobruns/{run}"),
            "releaseLabel": "emr-7.9.0",
            "state": state,
            "previousState": "RUNNING",
            "updatedAt": "2026-11-22T12:00:00.299487Z",
            "createdAt": "2026-11-22T11:00:00.325900Z",
        },
    })
}

/// The settings that lead `s3://BUCKET/` to this folder.
fn mounted(folder: &Path) -> Vec<String> {
    let hadoop = "spark.hadoop.fs";
    let mut settings = vec![
        format!("{hadoop}.s3.impl=org.apache.hadoop.fs.viewfs.ViewFileSystemOverloadScheme"),
        format!("{hadoop}.viewfs.overload.scheme.target.file.impl=org.apache.hadoop.fs.LocalFileSystem"),
    ];
    for prefix in ["data", "models", "spark"] {
        let target = folder.join(prefix);
        std::fs::create_dir_all(&target).unwrap();
        let link = format!("{hadoop}.viewfs.mounttable.{BUCKET}.link./{prefix}");
        settings.push(format!("{link}=file://{}", target.display()));
    }
    settings
}

fn bring(moto: &Moto, role: &Recorder, folder: &Path, key: &str) {
    for action in ["s3:ListBucket", "s3:GetObject"] {
        role.note(action, format!("{BUCKET}/{key}"));
    }
    let path = folder.join(key);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, moto.get(key).unwrap_or_else(|| panic!("there is no {key}"))).unwrap();
}

fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}
