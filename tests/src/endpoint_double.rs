//! A double of `SageMaker`'s runtime service, as far as it is used here. It passes invocations on to a container, or
//! fails on request.
//!
//! <https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html>

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::json;
use tokio::net::TcpListener;

/// The name of the only endpoint.
pub const ENDPOINT_NAME: &str = "matinee-test";

/// What the service does with an invocation.
#[derive(Debug, Clone)]
pub enum Behaviour {
    /// Passes it on to the container at this URL.
    PassOn(String),
    /// Refuses it with this status and error code.
    Fail(u16, &'static str),
    /// Answers 200 with this body.
    Answer(&'static str),
    /// Never answers.
    Hang,
}

/// The runtime service with one endpoint.
pub struct EndpointDouble {
    address: String,
    shared: Arc<Shared>,
}

struct Shared {
    behaviour: Mutex<Behaviour>,
    calls: AtomicUsize,
}

impl EndpointDouble {
    /// Starts on a free port.
    pub async fn start(behaviour: Behaviour) -> Self {
        let shared = Arc::new(Shared { behaviour: Mutex::new(behaviour), calls: AtomicUsize::new(0) });
        let app = Router::new()
            .route("/endpoints/{name}/invocations", post(invocations))
            .with_state(Arc::clone(&shared));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(axum::serve(listener, app).into_future());
        Self { address, shared }
    }

    /// Sets what the service does from now on.
    pub fn behave(&self, behaviour: Behaviour) {
        *self.shared.behaviour.lock().unwrap() = behaviour;
    }

    /// The number of invocations since the last call of this function.
    pub fn take_calls(&self) -> usize {
        self.shared.calls.swap(0, Ordering::Relaxed)
    }

    /// The variables by which a function finds this service and its endpoint.
    pub fn environment(&self) -> [(&'static str, &str); 5] {
        [
            ("ENDPOINT_NAME", ENDPOINT_NAME),
            ("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", &self.address),
            ("AWS_REGION", "eu-west-1"),
            ("AWS_ACCESS_KEY_ID", "key"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
        ]
    }
}

async fn invocations(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    shared.calls.fetch_add(1, Ordering::Relaxed);
    if name != ENDPOINT_NAME {
        return refusal(400, "ValidationError", &json!({"Message": format!("Endpoint {name} not found")}));
    }
    let behaviour = shared.behaviour.lock().unwrap().clone();
    match behaviour {
        Behaviour::PassOn(container) => {
            tokio::task::spawn_blocking(move || pass_on(&container, &headers, &body)).await.unwrap()
        }
        Behaviour::Fail(status, code) => refusal(status, code, &json!({"Message": "as it was told"})),
        Behaviour::Answer(body) => body.into_response(),
        Behaviour::Hang => std::future::pending().await,
    }
}

/// The container's answer; an error of the container becomes a `ModelError` of the service.
fn pass_on(container: &str, headers: &HeaderMap, body: &[u8]) -> Response {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let mut request = agent.post(format!("{container}/invocations"));
    for name in ["content-type", "accept", "x-amzn-sagemaker-custom-attributes"] {
        if let Some(value) = headers.get(name) {
            request = request.header(name, value);
        }
    }
    let mut answer = request.send(body).unwrap();
    let text = answer.body_mut().read_to_string().unwrap();
    let status = answer.status().as_u16();
    if answer.status().is_success() {
        return ([(header::CONTENT_TYPE, "application/json")], text).into_response();
    }
    let error =
        json!({"Message": "from the container", "OriginalStatusCode": status, "OriginalMessage": text});
    refusal(424, "ModelError", &error)
}

fn refusal(status: u16, code: &'static str, body: &serde_json::Value) -> Response {
    let status = StatusCode::from_u16(status).unwrap();
    let headers = [("x-amzn-errortype", code), ("content-type", "application/json")];
    (status, headers, body.to_string()).into_response()
}
