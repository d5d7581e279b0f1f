//! Requests to the API's own router, in this process: a command and the route with its name cannot differ.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use axum::body::{Body, to_bytes};
use axum::http::Request;
use matinee_api::router;
use matinee_serving::Reloadable;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use tower::ServiceExt;

use crate::files::open_model;

/// A request to the API.
pub struct Question {
    path: String,
    parameters: Vec<String>,
    body: Option<Value>,
}

impl Question {
    /// A `GET` of the path with these segments.
    pub fn get(segments: &[&str]) -> Self {
        let segments: Vec<String> = segments.iter().map(|segment| encoded(segment)).collect();
        Self { path: format!("/{}", segments.join("/")), parameters: Vec::new(), body: None }
    }

    /// A `POST` of `body` to the path with these segments.
    pub fn post(segments: &[&str], body: Value) -> Self {
        Self { body: Some(body), ..Self::get(segments) }
    }

    /// The same request with a parameter for each value.
    pub fn with(mut self, name: &str, values: impl IntoIterator<Item = impl ToString>) -> Self {
        let given = values.into_iter().map(|value| format!("{name}={}", encoded(&value.to_string())));
        self.parameters.extend(given);
        self
    }

    /// The answer of the model in a folder or archive. An error answer is an error with its message.
    pub fn ask(self, model: &Path) -> Result<Value> {
        let app = router(Arc::new(Reloadable::loaded(Arc::new(open_model(model)?))));
        let uri = format!("{}?{}", self.path, self.parameters.join("&"));
        let request = match self.body {
            Some(body) => Request::post(uri).body(Body::from(body.to_string()))?,
            None => Request::get(uri).body(Body::empty())?,
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (status, bytes) = runtime.block_on(async {
            let answer = app.oneshot(request).await?;
            let status = answer.status();
            anyhow::Ok((status, to_bytes(answer.into_body(), usize::MAX).await?))
        })?;
        let answer: Value = serde_json::from_slice(&bytes).context("the answer is not JSON")?;
        if !status.is_success() {
            bail!("{}", answer["error"]["message"].as_str().unwrap_or("the request failed"));
        }
        Ok(answer)
    }
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}
