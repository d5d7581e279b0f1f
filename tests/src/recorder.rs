//! Stands between a function and a service: notes every call, and lets calls go wrong.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Request, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::Notify;

/// A call, as IAM sees it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Call {
    /// Such as `s3:GetObject`.
    pub action: String,
    /// The bucket and key, the job, or the role.
    pub resource: String,
}

/// What happens to calls.
#[derive(Debug, Clone)]
pub enum Weather {
    /// They are passed on.
    Fair,
    /// S3 answers 503 Slow Down.
    Failing,
    /// The answer takes so long.
    Slow(Duration),
    /// The connection ends after half of the answer's body.
    Truncated,
    /// The next PUT waits until it is told to go on.
    HeldPut(Arc<Notify>, Arc<Notify>),
}

/// Notes calls on their way to a service.
pub struct Recorder {
    address: String,
    shared: Arc<Shared>,
}

struct Shared {
    target: String,
    weather: Mutex<Weather>,
    calls: Mutex<Vec<Call>>,
    requests: Mutex<Vec<Value>>,
}

impl Recorder {
    /// Listens on a free port for calls to `target`.
    pub async fn start(target: &str) -> Self {
        let shared = Arc::new(Shared {
            target: target.to_owned(),
            weather: Mutex::new(Weather::Fair),
            calls: Mutex::default(),
            requests: Mutex::default(),
        });
        let app = Router::new().fallback(pass).with_state(Arc::clone(&shared));
        let app = app.layer(axum::extract::DefaultBodyLimit::disable());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(axum::serve(listener, app).into_future());
        Self { address, shared }
    }

    /// Lets calls go like this from now on.
    pub fn set(&self, weather: Weather) {
        *self.shared.weather.lock().unwrap() = weather;
    }

    /// Every call so far.
    pub fn calls(&self) -> Vec<Call> {
        self.shared.calls.lock().unwrap().clone()
    }

    /// The bodies of the calls of this action of `SageMaker`.
    pub fn training_requests(&self) -> Vec<Value> {
        self.shared.requests.lock().unwrap().clone()
    }

    /// Notes a call that is made elsewhere.
    pub fn note(&self, action: &str, resource: String) {
        self.shared.note(action, resource);
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

async fn pass(State(shared): State<Arc<Shared>>, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let weather = shared.weather.lock().unwrap().clone();
    match &weather {
        Weather::Failing => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Weather::Slow(time) => tokio::time::sleep(*time).await,
        Weather::HeldPut(arrived, go_on) if parts.method == Method::PUT => {
            shared.weather.lock().unwrap().clone_from(&Weather::Fair);
            arrived.notify_one();
            go_on.notified().await;
        }
        _ => {}
    }
    let (status, headers, answer) = {
        let shared = Arc::clone(&shared);
        let (method, uri, headers, body) =
            (parts.method.clone(), parts.uri.clone(), parts.headers, body.clone());
        tokio::task::spawn_blocking(move || {
            shared.note_call(&method, &uri, &headers, &body);
            shared.forward(method, &uri, &headers, &body)
        })
        .await
        .unwrap()
    };
    if status == StatusCode::NOT_FOUND && parts.method == Method::GET {
        // S3 tells missing from forbidden to those who may list.
        shared.note("s3:ListBucket", parts.uri.path().trim_start_matches('/').to_owned());
    }
    let half = answer.slice(..answer.len() / 2);
    let body = match weather {
        Weather::Truncated => Body::from_stream(futures_util::stream::iter([
            Ok::<_, std::io::Error>(half),
            Err(std::io::Error::other("cut off")),
        ])),
        _ => Body::from_stream(futures_util::stream::iter([Ok::<_, Infallible>(answer)])),
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

impl Shared {
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
            if !["host", "content-length", "accept-encoding"].contains(&name.as_str()) {
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

    fn note(&self, action: &str, resource: String) {
        self.calls.lock().unwrap().push(Call { action: action.to_owned(), resource });
    }

    fn note_call(&self, method: &Method, uri: &Uri, headers: &HeaderMap, body: &[u8]) {
        if let Some(target) = headers.get("x-amz-target").map(|target| target.to_str().unwrap()) {
            return self.note_sagemaker(target.trim_start_matches("SageMaker."), body);
        }
        let path = uri.path().trim_start_matches('/');
        let query = uri.query().unwrap_or_default();
        match method.as_str() {
            "GET" if query.contains("list-type=2") => {
                let prefix =
                    query.split('&').find_map(|pair| pair.strip_prefix("prefix=")).unwrap_or_default();
                let bucket = path.trim_end_matches('/');
                self.note("s3:ListBucket", format!("{bucket}/{}", prefix.replace("%2F", "/")));
            }
            "GET" | "HEAD" => self.note("s3:GetObject", path.to_owned()),
            "PUT" => self.note("s3:PutObject", path.to_owned()),
            other => self.note(&format!("s3:{other}"), path.to_owned()),
        }
    }

    fn note_sagemaker(&self, operation: &str, body: &[u8]) {
        let body: Value = serde_json::from_slice(body).unwrap();
        let job = body["TrainingJobName"]
            .as_str()
            .map_or_else(|| "*".to_owned(), |name| format!("training-job/{name}"));
        self.note(&format!("sagemaker:{operation}"), job.clone());
        if operation == "CreateTrainingJob" {
            // What the service checks beside.
            self.note("iam:PassRole", body["RoleArn"].as_str().unwrap().to_owned());
            if body["Tags"].is_array() {
                self.note("sagemaker:AddTags", job);
            }
            self.requests.lock().unwrap().push(body);
        }
    }
}
