//! A proxy between a function and a service. It records every call, and can make calls fail.

mod fault;

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, StreamExt};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

pub use fault::{Aimed, Fault};

/// A call, as IAM sees it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Call {
    /// Such as `s3:GetObject`.
    pub action: String,
    /// The bucket and key, the job, or the role.
    pub resource: String,
}

/// Records calls on their way to a service.
pub struct Recorder {
    socket: SocketAddr,
    address: String,
    shared: Arc<Shared>,
    listening: tokio::sync::Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    target: String,
    faults: Mutex<Vec<Aimed>>,
    struck: Mutex<Vec<Call>>,
    calls: Mutex<Vec<Call>>,
    requests: Mutex<Vec<Value>>,
    spark_requests: Mutex<Vec<Value>>,
}

impl Recorder {
    /// Listens on a free port for calls to `target`.
    pub async fn start(target: &str) -> Self {
        let shared = Arc::new(Shared {
            target: target.to_owned(),
            faults: Mutex::default(),
            struck: Mutex::default(),
            calls: Mutex::default(),
            requests: Mutex::default(),
            spark_requests: Mutex::default(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let socket = listener.local_addr().unwrap();
        let listening = tokio::spawn(Arc::clone(&shared).listen(listener));
        let listening = tokio::sync::Mutex::new(Some(listening));
        Self { socket, address: format!("http://{socket}"), shared, listening }
    }

    /// Makes calls fail from now on. If several faults match a call, the first one strikes.
    pub fn inject(&self, fault: impl Into<Aimed>) {
        self.shared.faults.lock().unwrap().push(fault.into());
    }

    /// Ends all faults, and returns the calls that failed.
    pub async fn heal(&self) -> Vec<Call> {
        self.shared.faults.lock().unwrap().clear();
        let mut listening = self.listening.lock().await;
        if listening.is_none() {
            let listener = TcpListener::bind(self.socket).await.unwrap();
            *listening = Some(tokio::spawn(Arc::clone(&self.shared).listen(listener)));
        }
        std::mem::take(&mut self.shared.struck.lock().unwrap())
    }

    /// Closes every connection, and refuses new ones.
    pub async fn refuse_connections(&self) {
        if let Some(listening) = self.listening.lock().await.take() {
            listening.abort();
            let _ = listening.await;
        }
    }

    /// Every call so far.
    pub fn calls(&self) -> Vec<Call> {
        self.shared.calls.lock().unwrap().clone()
    }

    /// The bodies of the calls to this action of `SageMaker`.
    pub fn training_requests(&self) -> Vec<Value> {
        self.shared.requests.lock().unwrap().clone()
    }

    /// The bodies of the calls that start a run in EMR Serverless.
    pub fn spark_requests(&self) -> Vec<Value> {
        self.shared.spark_requests.lock().unwrap().clone()
    }

    /// Records a call that is made elsewhere.
    pub fn note(&self, action: &str, resource: String) {
        self.shared.note(Call { action: action.to_owned(), resource });
    }

    /// The variables by which an AWS SDK finds the service.
    pub fn environment(&self) -> [(&str, &str); 4] {
        [
            ("AWS_ENDPOINT_URL", &self.address),
            ("AWS_REGION", "eu-west-1"),
            ("AWS_ACCESS_KEY_ID", "key"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
        ]
    }
}

impl Shared {
    /// Serves until it is aborted, together with its connections.
    async fn listen(self: Arc<Self>, listener: TcpListener) {
        let mut connections = JoinSet::new();
        while let Ok((socket, _)) = listener.accept().await {
            socket.set_nodelay(true).unwrap();
            let shared = Arc::clone(&self);
            connections.spawn(async move {
                let pass = service_fn(move |request| {
                    let shared = Arc::clone(&shared);
                    async move { shared.pass(request).await }
                });
                let connection = Builder::new(TokioExecutor::new());
                let _ = connection.serve_connection(TokioIo::new(socket), pass).await;
            });
            while connections.try_join_next().is_some() {}
        }
    }

    /// Answers a call; an error closes the connection.
    async fn pass(self: &Arc<Self>, request: Request<Incoming>) -> io::Result<Response> {
        let (parts, body) = request.into_parts();
        let body = axum::body::to_bytes(Body::new(body), usize::MAX).await.unwrap();
        let call = Call::of(&parts.method, &parts.uri, &parts.headers, &body);
        let fault = self.fault_of(&call);
        match &fault {
            Some(Fault::Refuse(status, code)) => return Ok(refusal(&parts.headers, *status, code)),
            Some(Fault::Hang) => std::future::pending().await,
            Some(Fault::Delay(time)) => tokio::time::sleep(*time).await,
            Some(Fault::Hold(arrived, go_on)) => {
                arrived.notify_one();
                go_on.notified().await;
            }
            _ => {}
        }
        let is_get = parts.method == Method::GET;
        let resource = call.resource.clone();
        let (status, headers, answer) = {
            let shared = Arc::clone(self);
            tokio::task::spawn_blocking(move || {
                shared.note_call(call, &body);
                shared.forward(parts.method, &parts.uri, &parts.headers, &body)
            })
            .await
            .unwrap()
        };
        if status == StatusCode::NOT_FOUND && is_get {
            // S3 distinguishes missing from forbidden only for callers that may list.
            self.note(Call { action: "s3:ListBucket".to_owned(), resource });
        }
        let mut response = Response::new(damaged(answer, fault.as_ref())?);
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        Ok(response)
    }

    fn fault_of(&self, call: &Call) -> Option<Fault> {
        let mut faults = self.faults.lock().unwrap();
        let met = faults.iter_mut().find_map(|aimed| aimed.meets(call).then(|| aimed.fault.clone()));
        if met.is_some() {
            self.struck.lock().unwrap().push(call.clone());
        }
        met
    }

    fn forward(
        &self,
        method: Method,
        uri: &Uri,
        headers: &HeaderMap,
        body: &Bytes,
    ) -> (StatusCode, HeaderMap, Bytes) {
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.target));
        for (name, value) in headers {
            if !["content-length", "accept-encoding"].contains(&name.as_str()) {
                request = request.header(name, value);
            }
        }
        let mut answer = agent.run(request.body(body.to_vec()).unwrap()).unwrap();
        let bytes = answer.body_mut().with_config().limit(1 << 30).read_to_vec().unwrap();
        let mut headers = answer.headers().clone();
        for hop in ["connection", "transfer-encoding", "date", "server"] {
            headers.remove(hop);
        }
        (answer.status(), headers, bytes.into())
    }

    fn note(&self, call: Call) {
        self.calls.lock().unwrap().push(call);
    }

    /// Records a call, and the other permissions that the service checks for it.
    fn note_call(&self, call: Call, body: &[u8]) {
        let is_new_job = call.action == "sagemaker:CreateTrainingJob";
        if call.action == "emr-serverless:StartJobRun" {
            let body = json_of(body);
            let resource = body["executionRoleArn"].as_str().unwrap().to_owned();
            self.note(Call { action: "iam:PassRole".to_owned(), resource });
            self.spark_requests.lock().unwrap().push(body);
        }
        let job = call.resource.clone();
        self.note(call);
        if is_new_job {
            let body = json_of(body);
            let role = body["RoleArn"].as_str().unwrap().to_owned();
            self.note(Call { action: "iam:PassRole".to_owned(), resource: role });
            if body["Tags"].is_array() {
                self.note(Call { action: "sagemaker:AddTags".to_owned(), resource: job });
            }
            self.requests.lock().unwrap().push(body);
        }
    }
}

impl Call {
    fn of(method: &Method, uri: &Uri, headers: &HeaderMap, body: &[u8]) -> Self {
        if let Some(target) = headers.get("x-amz-target").map(|target| target.to_str().unwrap()) {
            return match target.strip_prefix("DynamoDB_20120810.") {
                Some(operation) => Self::of_dynamodb(operation, body),
                None => Self::of_sagemaker(target.trim_start_matches("SageMaker."), body),
            };
        }
        let path = uri.path().trim_start_matches('/');
        if let Some(call) = Self::of_emr_serverless(method, path).or_else(|| Self::of_lambda(path)) {
            return call;
        }
        let query = uri.query().unwrap_or_default();
        let (action, resource) = match method.as_str() {
            "GET" if query.contains("list-type=2") => {
                let prefix =
                    query.split('&').find_map(|pair| pair.strip_prefix("prefix=")).unwrap_or_default();
                let bucket = path.trim_end_matches('/');
                ("s3:ListBucket".to_owned(), format!("{bucket}/{}", prefix.replace("%2F", "/")))
            }
            "GET" | "HEAD" => ("s3:GetObject".to_owned(), path.to_owned()),
            "PUT" if query.contains("tagging") => ("s3:PutObjectTagging".to_owned(), path.to_owned()),
            "DELETE" if query.contains("tagging") => ("s3:DeleteObjectTagging".to_owned(), path.to_owned()),
            "PUT" => ("s3:PutObject".to_owned(), path.to_owned()),
            // Its permission is that to put an object, but here it is told from the parts before it.
            "POST" if query.contains("uploadId=") => {
                ("s3:CompleteMultipartUpload".to_owned(), path.to_owned())
            }
            other => (format!("s3:{other}"), path.to_owned()),
        };
        Self { action, resource }
    }

    fn of_dynamodb(operation: &str, body: &[u8]) -> Self {
        let table = json_of(body)["TableName"].as_str().unwrap().to_owned();
        Self { action: format!("dynamodb:{operation}"), resource: format!("table/{table}") }
    }

    /// A call to EMR Serverless; the resource is the application or the run.
    fn of_emr_serverless(method: &Method, path: &str) -> Option<Self> {
        let (application, run) = path.strip_prefix("applications/")?.split_once("/jobruns")?;
        let action = match (method.as_str(), run) {
            ("POST", "") => "StartJobRun",
            (_, "") => "ListJobRuns",
            _ => "GetJobRun",
        };
        let run = if run.is_empty() { String::new() } else { format!("/jobruns{run}") };
        Some(Self {
            action: format!("emr-serverless:{action}"),
            resource: format!("applications/{application}{run}"),
        })
    }

    fn of_lambda(path: &str) -> Option<Self> {
        let function = path.strip_prefix("2015-03-31/functions/")?.strip_suffix("/invocations")?;
        Some(Self { action: "lambda:InvokeFunction".to_owned(), resource: format!("function/{function}") })
    }

    fn of_sagemaker(operation: &str, body: &[u8]) -> Self {
        let body = json_of(body);
        let name = body["TrainingJobName"].as_str();
        let resource = name.map_or_else(|| "*".to_owned(), |name| format!("training-job/{name}"));
        Self { action: format!("sagemaker:{operation}"), resource }
    }
}

/// The body of a call in JSON.
fn json_of(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap()
}

/// An error as S3 or `SageMaker` writes it.
fn refusal(headers: &HeaderMap, status: u16, code: &str) -> Response {
    let status = StatusCode::from_u16(status).unwrap();
    if headers.contains_key("x-amz-target") {
        let body = json!({"__type": code, "message": "as it was told"}).to_string();
        return (status, [("content-type", "application/x-amz-json-1.1")], body).into_response();
    }
    let body =
        format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>as it was told</Message></Error>");
    (status, [("content-type", "application/xml")], body).into_response()
}

/// The body of an answer after this fault.
fn damaged(answer: Bytes, fault: Option<&Fault>) -> io::Result<Body> {
    let half = answer.slice(..answer.len() / 2);
    let begun = stream::iter([Ok::<_, io::Error>(half)]);
    match fault {
        Some(Fault::Lose) => Err(io::Error::other("lost")),
        Some(Fault::Cut) => {
            Ok(Body::from_stream(begun.chain(stream::iter([Err(io::Error::other("cut off"))]))))
        }
        Some(Fault::Stall) => Ok(Body::from_stream(begun.chain(stream::pending()))),
        Some(Fault::Corrupt) => {
            let mut bytes = answer.to_vec();
            if let Some(byte) = bytes.get_mut(answer.len() / 2) {
                *byte ^= 1;
            }
            Ok(Body::from(bytes))
        }
        _ => Ok(Body::from(answer)),
    }
}
