//! A fake Lambda Runtime API, as far as a function uses it: it hands out events and takes answers.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>

use std::collections::HashMap;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path as UrlPath, State};
use axum::http::{HeaderMap, HeaderValue};
use axum::routing::{get, post};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::{mpsc, oneshot};

/// How long a function may take for a request.
const PATIENCE: Duration = Duration::from_mins(1);

/// The X-Ray trace id of every invocation.
pub const TRACE_ID: &str = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";

/// The Runtime API of one function.
pub struct FakeRuntime {
    address: String,
    shared: Arc<Shared>,
    events: mpsc::UnboundedSender<Invocation>,
}

/// A function's process. It is killed when this is dropped.
pub struct RunningFunction {
    /// The process.
    pub process: Child,
    /// When it was started.
    pub started: Instant,
}

struct Invocation {
    id: String,
    event: Value,
}

struct Shared {
    events: tokio::sync::Mutex<mpsc::UnboundedReceiver<Invocation>>,
    answers: Mutex<HashMap<String, oneshot::Sender<Result<Value, Value>>>>,
    first_next: Mutex<Option<oneshot::Sender<Instant>>>,
}

impl FakeRuntime {
    /// Starts the API on a free port.
    pub async fn start() -> Self {
        let (events, receiver) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared {
            events: tokio::sync::Mutex::new(receiver),
            answers: Mutex::default(),
            first_next: Mutex::default(),
        });
        let app = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .with_state(Arc::clone(&shared));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        tokio::spawn(axum::serve(listener, app).into_future());
        Self { address, shared, events }
    }

    /// Starts a function's binary under this API. It gets only these variables, not those of this process.
    pub fn run(&self, binary: &Path, environment: &[(&str, &str)]) -> RunningFunction {
        self.run_logging_to(binary, environment, Stdio::inherit())
    }

    /// The same, with another place for its log.
    pub fn run_logging_to(
        &self,
        binary: &Path,
        environment: &[(&str, &str)],
        log: impl Into<Stdio>,
    ) -> RunningFunction {
        let mut command = Command::new(binary);
        command
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", &self.address)
            .env("AWS_LAMBDA_FUNCTION_NAME", "function-under-test")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
            .envs(environment.iter().copied())
            .stdout(log)
            .kill_on_drop(true);
        let started = Instant::now();
        RunningFunction { process: command.spawn().unwrap(), started }
    }

    /// Waits until the function asks for its first event, and returns that time.
    pub async fn ready(&self) -> Instant {
        let (sender, receiver) = oneshot::channel();
        *self.shared.first_next.lock().unwrap() = Some(sender);
        tokio::time::timeout(PATIENCE, receiver).await.unwrap().unwrap()
    }

    /// Hands an event to the function; `Err` if the function reports an error of its own.
    pub async fn invoke(&self, event: Value) -> Result<Value, Value> {
        static NEXT_ID: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
        let id = format!("invocation-{}", NEXT_ID.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        let (sender, receiver) = oneshot::channel();
        self.shared.answers.lock().unwrap().insert(id.clone(), sender);
        self.events.send(Invocation { id, event }).unwrap();
        tokio::time::timeout(PATIENCE, receiver).await.unwrap().unwrap()
    }
}

async fn next(State(shared): State<Arc<Shared>>) -> (HeaderMap, String) {
    if let Some(first_next) = shared.first_next.lock().unwrap().take() {
        let _ = first_next.send(Instant::now());
    }
    // When no event can be sent any more, the test is over, and the function is killed while it waits.
    let Some(Invocation { id, event }) = shared.events.lock().await.recv().await else {
        return std::future::pending().await;
    };
    let deadline = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap() + PATIENCE;
    let mut headers = HeaderMap::new();
    headers.insert("lambda-runtime-aws-request-id", HeaderValue::from_str(&id).unwrap());
    headers.insert("lambda-runtime-deadline-ms", HeaderValue::from(deadline.as_millis() as u64));
    headers.insert("lambda-runtime-trace-id", HeaderValue::from_static(TRACE_ID));
    headers.insert(
        "lambda-runtime-invoked-function-arn",
        HeaderValue::from_static("arn:aws:lambda:eu-west-1:123456789012:function:function-under-test"),
    );
    (headers, event.to_string())
}

async fn response(State(shared): State<Arc<Shared>>, UrlPath(id): UrlPath<String>, body: Bytes) {
    shared.finish(&id, Ok(serde_json::from_slice(&body).unwrap()));
}

async fn error(State(shared): State<Arc<Shared>>, UrlPath(id): UrlPath<String>, body: Bytes) {
    shared.finish(&id, Err(serde_json::from_slice(&body).unwrap()));
}

impl Shared {
    fn finish(&self, id: &str, answer: Result<Value, Value>) {
        if let Some(sender) = self.answers.lock().unwrap().remove(id) {
            let _ = sender.send(answer);
        }
    }
}
