//! The Lambda function that answers requests: the router of the API over a model in memory or an endpoint.

mod config;
mod context;

use std::time::Duration;

use axum::Router;
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::response::Response;
use matinee_api::{REQUEST_ID, compressed};
use matinee_aws::{ServingMetrics, init_logging};
use matinee_serving::ObservedRequest;
use once_cell::sync::OnceCell;
use tower::ServiceExt;
use tower_http::cors::{AllowOrigin, CorsLayer};
use tower_http::set_header::SetResponseHeaderLayer;

use config::Config;
use context::Context;

/// What the cold start builds and every request of this sandbox uses.
static CONTEXT: OnceCell<Context> = OnceCell::new();

fn main() -> anyhow::Result<()> {
    init_logging();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let context = CONTEXT.get_or_try_init(|| runtime.block_on(Context::from_environment()))?;
    // A REST API compresses answers itself: its events come without Accept-Encoding.
    let router = with_cors(compressed(context.router.clone()), &context.config);
    let service =
        ServiceExt::<lambda_http::Request>::map_response(with_transport_security(router), |response| {
            measure(context.metrics.as_deref(), &response);
            response
        });
    runtime.block_on(matinee_lambda_adapter::run(service)).map_err(anyhow::Error::from_boxed)
}

/// Lets pages of the configured origins call the API. Browsers check this before they send a request.
fn with_cors(router: Router, config: &Config) -> Router {
    if config.origins.is_empty() {
        return router;
    }
    let allowed = AllowOrigin::list(config.origins.iter().cloned());
    // The last three are added when a request is signed (SigV4) with temporary credentials.
    let headers = [
        header::CONTENT_TYPE,
        header::AUTHORIZATION,
        header::IF_NONE_MATCH,
        REQUEST_ID,
        HeaderName::from_static("x-api-key"),
        HeaderName::from_static("x-amz-date"),
        HeaderName::from_static("x-amz-security-token"),
        HeaderName::from_static("x-amz-content-sha256"),
    ];
    let cors = CorsLayer::new()
        .allow_origin(allowed)
        .allow_methods([Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::DELETE])
        .allow_headers(headers)
        .expose_headers([REQUEST_ID, header::ETAG, header::RETRY_AFTER])
        .max_age(Duration::from_hours(1));
    router.layer(cors)
}

/// Tells browsers to use only TLS with this host for a year. A function cannot be reached without TLS anyway.
fn with_transport_security(router: Router) -> Router {
    let a_year = HeaderValue::from_static("max-age=31536000");
    router.layer(SetResponseHeaderLayer::overriding(header::STRICT_TRANSPORT_SECURITY, a_year))
}

/// Counts an answered request, and writes a line of metrics if one is due.
fn measure(metrics: Option<&ServingMetrics>, response: &Response) {
    let observed = response.extensions().get::<ObservedRequest>();
    let (Some(metrics), Some(observed)) = (metrics, observed) else { return };
    metrics.count(observed);
    if let Some(line) = metrics.take_due_line() {
        println!("{line}");
    }
}
