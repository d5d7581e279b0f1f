//! The routes that `SageMaker` requires of an inference container, for endpoints and for batch transforms.
//!
//! <https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html> and
//! <https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-batch-code.html>. Invariant: each
//! record of a body gets one answer, in order. The answer to an invalid record is an error.

mod columns;
mod format;
mod records;

pub use format::Format;

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use matinee_model::Model;
use matinee_serving::{AnswerSummary, DESCRIBE_MODEL, Reloadable};
use serde::Serialize;

use crate::error::ApiError;
use crate::http::{Json, Limits, RawBody, Sampling, with_layers};
use crate::request::InvalidRequest;
use crate::response::ModelAnswer;
use crate::summary::Summarize;

/// The largest body that is read: the maximum of a batch transform.
pub const MAX_INVOCATION_BYTES: usize = 100 << 20;

/// A larger body is processed on a thread of its own, so that pings are answered in the meantime.
const INLINE_BYTES: usize = 16 << 10;

/// The header of an invocation with what the caller sends in addition to the body.
const CUSTOM_ATTRIBUTES: HeaderName = HeaderName::from_static("x-amzn-sagemaker-custom-attributes");

/// The routes of the container, answered by `model`.
pub fn router(model: Arc<Reloadable<Model>>) -> Router {
    sampled_router(model, Sampling::ALL)
}

/// The routes of the container, answered by `model`. Only a share of the successful requests is logged.
pub fn sampled_router(model: Arc<Reloadable<Model>>, sampling: Sampling) -> Router {
    let routes = Router::new()
        .route("/ping", get(ping))
        .route("/invocations", post(invocations))
        .route("/execution-parameters", get(async || Json(ExecutionParameters::default())))
        .with_state(model);
    let hint = "the routes are GET /ping, POST /invocations and GET /execution-parameters";
    with_layers(routes, hint, &Limits { body_bytes: MAX_INVOCATION_BYTES, sampling })
}

/// The settings that a batch transform should use.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ExecutionParameters {
    max_concurrent_transforms: u32,
    batch_strategy: &'static str,
    #[serde(rename = "MaxPayloadInMB")]
    max_payload_in_mb: u32,
}

impl Summarize for ExecutionParameters {}

impl Default for ExecutionParameters {
    /// The number of transforms times the payload must not exceed 100 MB.
    fn default() -> Self {
        Self { max_concurrent_transforms: 8, batch_strategy: "MULTI_RECORD", max_payload_in_mb: 6 }
    }
}

/// Answers 200 as soon as the model is loaded.
async fn ping(State(model): State<Arc<Reloadable<Model>>>) -> Result<StatusCode, ApiError> {
    model.current().await?;
    Ok(StatusCode::OK)
}

async fn invocations(
    State(model): State<Arc<Reloadable<Model>>>,
    headers: HeaderMap,
    body: Result<RawBody, ApiError>,
) -> Result<Response, ApiError> {
    let model = model.current().await?;
    if headers.get(CUSTOM_ATTRIBUTES).is_some_and(|attributes| attributes == DESCRIBE_MODEL) {
        return Ok(Json(ModelAnswer::from(model.manifest())).into_response());
    }
    let content_type = headers.get(header::CONTENT_TYPE).map(|value| value.to_str().unwrap_or("?"));
    let input = Format::of_content(content_type)?;
    let accept = headers.get(header::ACCEPT).map(|value| value.to_str().unwrap_or("?"));
    let output = Format::accepted(accept, input)?;
    let RawBody(body) = body?;
    if body.starts_with(b"\xff\xfe") || body.starts_with(b"\xfe\xff") {
        return Err(InvalidRequest::Encoding.into());
    }
    let summary = AnswerSummary {
        model_version: Some(model.manifest().version.to_string()),
        ..AnswerSummary::default()
    };
    let (answers, output) = if body.len() <= INLINE_BYTES {
        answer(&model, input, output, &body).await?
    } else {
        let runtime = tokio::runtime::Handle::current();
        let work = move || runtime.block_on(answer(&model, input, output, &body));
        let work = tokio::task::spawn_blocking(work);
        work.await.map_err(|_| ApiError::Internal)??
    };
    Ok((Extension(summary), [(header::CONTENT_TYPE, output.content_type())], answers).into_response())
}

/// The answers to a body, and their format.
async fn answer(
    model: &Model,
    input: Format,
    output: Format,
    body: &[u8],
) -> Result<(Vec<u8>, Format), ApiError> {
    match input {
        Format::Json => records::json(model, output, body).await,
        Format::JsonLines => Ok((records::json_lines(model, output, body).await?, output)),
        Format::Csv => Ok((records::csv(model, output, body).await?, output)),
    }
}
