//! What `SageMaker` asks of an inference container, an endpoint's or a batch transform's.
//!
//! <https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html> and
//! <https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-batch-code.html>. Invariant: a body of
//! several records is answered by as many, in order; a bad record is answered by an error of its own.

mod columns;
mod format;
mod records;

pub use format::Format;

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use matinee_model::Model;
use serde::Serialize;

use crate::error::ApiError;
use crate::facts::Facts;
use crate::live_model::LiveModel;
use crate::request::InvalidRequest;
use crate::response::ModelAnswer;
use crate::routes::{Json, face, read};
use crate::sampling::Sampling;

/// The largest body that is read: what a batch transform may send at most.
pub const MAX_INVOCATION_BYTES: usize = 100 << 20;

/// A larger body is worked on by a thread of its own, so that pings are answered meanwhile.
const INLINE_BYTES: usize = 16 << 10;

/// The header of an invocation that carries what the caller says beside the body.
const CUSTOM_ATTRIBUTES: HeaderName = HeaderName::from_static("x-amzn-sagemaker-custom-attributes");

/// The custom attributes that ask what the model is, as `GET /model` does elsewhere.
pub const DESCRIBE: &str = "matinee=describe-model";

/// The routes of the container over one model.
pub fn router(model: Arc<LiveModel>) -> Router {
    sampled_router(model, Sampling::ALL)
}

/// The same, of whose successful requests a share is logged.
pub fn sampled_router(model: Arc<LiveModel>, sampling: Sampling) -> Router {
    let routes = Router::new()
        .route("/ping", get(ping))
        .route("/invocations", post(invocations))
        .route("/execution-parameters", get(async || Json(ExecutionParameters::default())))
        .with_state(model);
    let listed = "GET /ping, POST /invocations and GET /execution-parameters";
    face(routes, listed, MAX_INVOCATION_BYTES, sampling)
}

/// What a batch transform is advised to do.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ExecutionParameters {
    max_concurrent_transforms: u32,
    batch_strategy: &'static str,
    #[serde(rename = "MaxPayloadInMB")]
    max_payload_in_mb: u32,
}

impl Default for ExecutionParameters {
    /// Their product must not exceed 100 MB.
    fn default() -> Self {
        Self { max_concurrent_transforms: 8, batch_strategy: "MULTI_RECORD", max_payload_in_mb: 6 }
    }
}

/// 200 as soon as the model is loaded.
async fn ping(State(model): State<Arc<LiveModel>>) -> Result<StatusCode, ApiError> {
    model.current().await?;
    Ok(StatusCode::OK)
}

async fn invocations(
    State(model): State<Arc<LiveModel>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    let model = model.current().await?;
    if headers.get(CUSTOM_ATTRIBUTES).is_some_and(|attributes| attributes == DESCRIBE) {
        return Ok(Json(ModelAnswer::from(model.manifest())).into_response());
    }
    let content_type = headers.get(header::CONTENT_TYPE).map(|value| value.to_str().unwrap_or("?"));
    let input = Format::of_content(content_type)?;
    let accept = headers.get(header::ACCEPT).map(|value| value.to_str().unwrap_or("?"));
    let output = Format::accepted(accept, input)?;
    let body = read(body, MAX_INVOCATION_BYTES)?;
    if body.starts_with(b"\xff\xfe") || body.starts_with(b"\xfe\xff") {
        return Err(InvalidRequest::Encoding.into());
    }
    let facts = Facts { model_version: Some(model.manifest().version.to_string()), ..Facts::default() };
    let (answers, output) = if body.len() <= INLINE_BYTES {
        answer(&model, input, output, &body)?
    } else {
        let work = tokio::task::spawn_blocking(move || answer(&model, input, output, &body));
        work.await.map_err(|_| ApiError::Internal)??
    };
    Ok((Extension(facts), [(header::CONTENT_TYPE, output.content_type())], answers).into_response())
}

/// The answers to a body, and the format that they are in.
fn answer(model: &Model, input: Format, output: Format, body: &[u8]) -> Result<(Vec<u8>, Format), ApiError> {
    match input {
        Format::Json => records::json(model, output, body),
        Format::JsonLines => Ok((records::json_lines(model, output, body)?, output)),
        Format::Csv => Ok((records::csv(model, output, body)?, output)),
    }
}
