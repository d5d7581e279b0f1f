//! The stack on loopback: its bucket, its jobs, and the binaries of its functions.

use matinee_tests::{
    BUCKET, FakeRuntime, Moto, Recorder, RunningFunction, binary, do_job, events_folder, read_event,
};
use serde_json::{Value, json};

/// The name of the stack.
pub const STACK: &str = "matinee";
/// The prefix of the names of its jobs.
pub const JOB_NAME_PREFIX: &str = "matinee-1c2fa620";
/// The role of its jobs.
pub const ROLE: &str = "arn:aws:iam::123456789012:role/matinee-TrainingRole";
/// The table of ratings that come in.
pub const TABLE: &str = "matinee-RatingsTable";
const METRICS: &str = r#"[{"Name":"validation:rmse","Regex":"validation_rmse=([0-9.]+);"}]"#;
/// The hyperparameters of the jobs in the tests: they train a usable model in a moment.
const HYPERPARAMETERS: &str = r#"{"algorithm":"svd","n_factors":"8","n_epochs":"5","hold_out":"0.1"}"#;

/// A function with its Runtime API, and the proxies between it and the services.
pub struct Function {
    pub recorder: Recorder,
    runtime: FakeRuntime,
    _process: RunningFunction,
}

/// A stack.
pub struct World {
    pub moto: Moto,
    pub start: Function,
    pub publish: Function,
    /// What jobs do in S3 under their role.
    pub training: Recorder,
}

impl Function {
    /// Runs the binary of this name with these variables.
    pub async fn run(moto: &Moto, name: &str, variables: &[(&str, &str)]) -> Self {
        let recorder = Recorder::start(moto.address()).await;
        let runtime = FakeRuntime::start().await;
        let environment: Vec<(&str, &str)> =
            recorder.environment().into_iter().chain(variables.iter().copied()).collect();
        let process = runtime.run(&binary(name), &environment);
        Self { recorder, runtime, _process: process }
    }

    /// The function's answer, or its error.
    pub async fn invoke(&self, event: Value) -> Result<Value, Value> {
        self.runtime.invoke(event).await
    }

    /// The answer to an event that the function must handle.
    pub async fn answer(&self, event: Value) -> Value {
        self.invoke(event).await.unwrap()
    }

    /// The status and the body of the answer to a request.
    pub async fn ask(&self, method: &str, path: &str, body: &Value) -> (u64, Value) {
        let mut event = read_event("user-ratings");
        event["httpMethod"] = method.into();
        event["path"] = path.into();
        event["requestContext"]["path"] = format!("/v1{path}").into();
        event["requestContext"]["httpMethod"] = method.into();
        event["requestContext"]["resourcePath"] = "/{proxy+}".into();
        event["pathParameters"] = json!({"proxy": path.trim_start_matches('/')});
        event["queryStringParameters"] = Value::Null;
        event["multiValueQueryStringParameters"] = Value::Null;
        event["body"] = if body.is_null() { Value::Null } else { body.to_string().into() };
        let answer = self.answer(event).await;
        let body = serde_json::from_str(answer["body"].as_str().unwrap_or_default()).unwrap_or(Value::Null);
        (answer["statusCode"].as_u64().unwrap(), body)
    }

    /// The answer to `POST /predict`.
    pub async fn predict(&self) -> Value {
        let answer = self.answer(read_event("predict")).await;
        serde_json::from_str(answer["body"].as_str().unwrap()).unwrap()
    }
}

impl World {
    pub async fn start() -> Self {
        let moto = Moto::start();
        moto.make_ratings_table(TABLE);
        let start = Self::starter(&moto, JOB_NAME_PREFIX).await;
        let publish = Self::publisher(&moto).await;
        let training = Recorder::start(moto.address()).await;
        Self { moto, start, publish, training }
    }

    /// Another sandbox of start-training, for the stack whose job names have this prefix.
    pub async fn starter(moto: &Moto, job_name_prefix: &str) -> Function {
        Self::starter_with(moto, job_name_prefix, &[]).await
    }

    /// The same, with these variables, which override the usual ones.
    pub async fn starter_with(moto: &Moto, job_name_prefix: &str, own: &[(&str, &str)]) -> Function {
        let variables = [
            ("FUNCTION", "start-training"),
            ("BUCKET", BUCKET),
            ("STACK_NAME", STACK),
            ("JOB_NAME_PREFIX", job_name_prefix),
            ("TRAINING_IMAGE", "123456789012.dkr.ecr.eu-west-1.amazonaws.com/matinee:latest"),
            ("TRAINING_ROLE_ARN", ROLE),
            ("RATINGS_TABLE", TABLE),
            ("HYPERPARAMETERS", HYPERPARAMETERS),
            ("METRIC_DEFINITIONS", METRICS),
        ];
        Function::run(moto, "training", &[&variables[..], own].concat()).await
    }

    /// Another sandbox of publish-model.
    pub async fn publisher(moto: &Moto) -> Function {
        Self::publisher_with(moto, &[]).await
    }

    /// The same, with these variables, which override the usual ones.
    pub async fn publisher_with(moto: &Moto, own: &[(&str, &str)]) -> Function {
        let variables = [
            ("FUNCTION", "publish-model"),
            ("BUCKET", BUCKET),
            ("STACK_NAME", STACK),
            ("JOB_NAME_PREFIX", JOB_NAME_PREFIX),
            ("PREDICT_MEMORY_MB", "256"),
        ];
        Function::run(moto, "training", &[&variables[..], own].concat()).await
    }

    /// A sandbox of predict that follows the pointer and looks at it at most once a second.
    pub async fn predict(&self) -> Function {
        self.predict_with(&[]).await
    }

    /// The same, with the table. No look-up is late because the machine is busy.
    pub async fn predict_live(&self) -> Function {
        self.predict_with(&[("RATINGS_TABLE", TABLE), ("RATINGS_TIMEOUT_MS", "5000")]).await
    }

    async fn predict_with(&self, more: &[(&str, &str)]) -> Function {
        let uri = format!("s3://{BUCKET}/models/live.json");
        let variables = [("MODEL_URI", uri.as_str()), ("MODEL_REFRESH_SECONDS", "1"), ("STACK_NAME", STACK)];
        Function::run(&self.moto, "predict", &[&variables[..], more].concat()).await
    }

    /// Uploads `data/` into the bucket, as a user does, and returns the event of the last file.
    pub fn upload(&self) -> Value {
        let data = events_folder().with_file_name("data");
        for name in ["movies.csv", "ratings.csv"] {
            self.moto.put(&format!("data/{name}"), &std::fs::read(data.join(name)).unwrap());
        }
        upload_event("data/ratings.csv", "upload-1")
    }

    /// Starts a job by hand with these hyperparameters, runs it, and returns its request and the event of its end.
    pub async fn train(&self, hyperparameters: Value) -> (Value, Value) {
        let started = self.start.answer(json!({"hyperparameters": hyperparameters})).await;
        assert_eq!(started["status"], "started", "{started}");
        let request = self.start.recorder.training_requests().pop().unwrap();
        let ended = do_job(&self.moto, &self.training, &binary("matinee"), &request);
        (request, ended)
    }

    /// Trains a model with this seed, and returns its URI and version.
    pub async fn artifact(&self, seed: u64) -> (String, String) {
        let (request, ended) = self.train(json!({"seed": seed.to_string()})).await;
        assert_eq!(ended["detail"]["TrainingJobStatus"], "Completed");
        let prefix = format!("models/{}/output/model/", request["TrainingJobName"].as_str().unwrap());
        let manifest: Value =
            serde_json::from_slice(&self.moto.get(&format!("{prefix}manifest.json")).unwrap()).unwrap();
        (format!("s3://{BUCKET}/{prefix}"), manifest["version"].as_str().unwrap().to_owned())
    }

    /// The live version.
    pub fn live_version(&self) -> Value {
        self.moto.live()["version"].clone()
    }
}

/// The `EventBridge` event of an upload that has just ended.
pub fn upload_event(key: &str, id: &str) -> Value {
    // S3 reports times in whole seconds.
    let time = jiff::Timestamp::from_second(jiff::Timestamp::now().as_second()).unwrap().to_string();
    json!({
        "id": id,
        "time": time,
        "source": "aws.s3",
        "detail-type": "Object Created",
        "detail": {"bucket": {"name": BUCKET}, "object": {"key": key, "etag": "", "size": 1}},
    })
}

/// Sends requests until this model answers, because a newer model is loaded in the background.
pub async fn until_version(function: &Function, version: &Value) -> Value {
    let begin = std::time::Instant::now();
    loop {
        let answer = function.predict().await;
        assert!(answer["error"].is_null(), "a request failed because of the swap: {answer}");
        if answer["model_version"] == *version {
            return answer;
        }
        assert!(begin.elapsed().as_secs() < 30, "{version} does not go live: {answer}");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}
