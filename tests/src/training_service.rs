//! Does what `SageMaker` does with a training job: downloads the data, runs the container, uploads the model.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::moto::{BUCKET, Moto};
use crate::recorder::Recorder;

/// A training job on this machine: what it was asked, and the folder that stands for `/opt/ml`.
pub struct TrainingJob<'a> {
    request: &'a Value,
    folder: tempfile::TempDir,
}

impl<'a> TrainingJob<'a> {
    /// Downloads what the job that a `CreateTrainingJob` describes reads.
    pub fn prepare(moto: &Moto, role: &Recorder, request: &'a Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        write_config(folder.path(), request);
        for channel in request["InputDataConfig"].as_array().unwrap() {
            bring(moto, role, folder.path(), channel);
        }
        Self { request, folder }
    }

    /// The folder that stands for `/opt/ml`.
    pub fn root(&self) -> &Path {
        self.folder.path()
    }

    /// The container's own binary. Its calls are made under the job's role, and `role` records them.
    pub fn command(&self, role: &Recorder, matinee: &Path) -> Command {
        let name = self.request["TrainingJobName"].as_str().unwrap();
        let variables = self.request["Environment"].as_object().into_iter().flatten();
        let variables = variables.map(|(name, value)| (name.as_str(), value.as_str().unwrap()));
        // SageMaker gives the container credentials of the role.
        let credentials = role.environment().into_iter().filter(|(name, _)| *name != "AWS_REGION");
        let mut command = Command::new(matinee);
        command
            .args(["sagemaker", "train", "--root"])
            .arg(self.root())
            .env("TRAINING_JOB_NAME", name)
            .env("TRAINING_JOB_ARN", format!("arn:aws:sagemaker:eu-west-1:123456789012:training-job/{name}"))
            .envs(credentials)
            .envs(variables);
        command
    }
}

/// Runs the job that a `CreateTrainingJob` describes, uploads its model, and returns the event of its end.
pub fn do_job(moto: &Moto, role: &Recorder, matinee: &Path, request: &Value) -> Value {
    let name = request["TrainingJobName"].as_str().unwrap();
    let job = TrainingJob::prepare(moto, role, request);
    let root = job.root();
    let run = job.command(role, matinee).output().unwrap();
    if !run.status.success() {
        let reason = std::fs::read_to_string(root.join("output/failure")).unwrap();
        moto.finish(name, "Failed", Some(&reason));
        return state_change(request, "Failed");
    }
    assert_eq!(request["OutputDataConfig"]["CompressionType"], "NONE");
    let output = request["OutputDataConfig"]["S3OutputPath"].as_str().unwrap();
    let prefix = output.strip_prefix(&format!("s3://{BUCKET}/")).unwrap();
    for entry in std::fs::read_dir(root.join("model")).unwrap() {
        let path = entry.unwrap().path();
        let key = format!("{prefix}{name}/output/model/{}", path.file_name().unwrap().to_str().unwrap());
        role.note("s3:PutObject", format!("{BUCKET}/{key}"));
        moto.put(&key, &std::fs::read(&path).unwrap());
    }
    moto.finish(name, "Completed", None);
    state_change(request, "Completed")
}

/// The `EventBridge` event of a job that has ended, in the form of
/// <https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html>.
pub fn state_change(request: &Value, status: &str) -> Value {
    let name = &request["TrainingJobName"];
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    json!({
        "id": format!("end-of-{}", name.as_str().unwrap()),
        "time": "2026-11-22T12:00:00Z",
        "source": "aws.sagemaker",
        "detail-type": "SageMaker Training Job State Change",
        "detail": {
            "TrainingJobName": name,
            "TrainingJobStatus": status,
            "OutputDataConfig": {"S3OutputPath": request["OutputDataConfig"]["S3OutputPath"], "KmsKeyId": ""},
            "CreationTime": now.as_millis().to_string(),
        },
    })
}

fn write_config(root: &Path, request: &Value) {
    let config = root.join("input/config");
    std::fs::create_dir_all(&config).unwrap();
    let channels: serde_json::Map<String, Value> = request["InputDataConfig"]
        .as_array()
        .unwrap()
        .iter()
        .map(|channel| {
            let source = &channel["DataSource"]["S3DataSource"];
            let config = json!({
                "ContentType": channel["ContentType"],
                "TrainingInputMode": request["AlgorithmSpecification"]["TrainingInputMode"],
                "S3DistributionType": source["S3DataDistributionType"],
            });
            (channel["ChannelName"].as_str().unwrap().to_owned(), config)
        })
        .collect();
    for (file, content) in [
        ("hyperparameters.json", request["HyperParameters"].clone()),
        ("inputdataconfig.json", Value::Object(channels)),
        ("resourceconfig.json", json!({"current_host": "algo-1", "hosts": ["algo-1"]})),
    ] {
        std::fs::write(config.join(file), content.to_string()).unwrap();
    }
}

fn bring(moto: &Moto, role: &Recorder, root: &Path, channel: &Value) {
    let uri = channel["DataSource"]["S3DataSource"]["S3Uri"].as_str().unwrap();
    let prefix = uri.strip_prefix(&format!("s3://{BUCKET}/")).unwrap();
    let folder = root.join("input/data").join(channel["ChannelName"].as_str().unwrap());
    std::fs::create_dir_all(&folder).unwrap();
    role.note("s3:ListBucket", format!("{BUCKET}/{prefix}"));
    for name in ["ratings.csv", "movies.csv", "manifest.json", "model.safetensors"] {
        let key = format!("{prefix}{name}");
        role.note("s3:GetObject", format!("{BUCKET}/{key}"));
        if let Some(bytes) = moto.get(&key) {
            std::fs::write(folder.join(name), bytes).unwrap();
        }
    }
}
