//! The Lambda function behind API Gateway: the router of every face, and a model in memory.

mod config;
mod context;

use std::time::Duration;

use anyhow::bail;
use axum::Router;
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::response::Response;
use matinee_api::{Observed, compressed};
use matinee_aws::{ServingMetrics, init_logging};
use matinee_variables::Variables;
use tower::ServiceExt;
use tower_http::cors::{AllowOrigin, CorsLayer};
use tower_http::set_header::SetResponseHeaderLayer;

use config::Config;
use context::Context;

/// Lets pages of the named origins call the API; browsers ask for that before they send a request.
fn with_cors(router: Router, config: &Config) -> Router {
    if config.origins.is_empty() {
        return router;
    }
    let allowed = AllowOrigin::list(config.origins.iter().cloned());
    // The last three are what signing a request (SigV4) adds to it, with credentials that expire.
    let headers = [
        header::CONTENT_TYPE,
        header::AUTHORIZATION,
        header::IF_NONE_MATCH,
        matinee_api::REQUEST_ID,
        HeaderName::from_static("x-api-key"),
        HeaderName::from_static("x-amz-date"),
        HeaderName::from_static("x-amz-security-token"),
        HeaderName::from_static("x-amz-content-sha256"),
    ];
    let cors = CorsLayer::new()
        .allow_origin(allowed)
        .allow_methods([Method::GET, Method::HEAD, Method::POST])
        .allow_headers(headers)
        .expose_headers([matinee_api::REQUEST_ID, header::ETAG, header::RETRY_AFTER])
        .max_age(Duration::from_hours(1));
    router.layer(cors)
}

/// Lets browsers ask this host by TLS alone, for a year: what stands in front of a function listens to nothing else.
fn with_transport_security(router: Router) -> Router {
    let a_year = HeaderValue::from_static("max-age=31536000");
    router.layer(SetResponseHeaderLayer::overriding(header::STRICT_TRANSPORT_SECURITY, a_year))
}

/// Counts the request that was answered, and writes the line that tells of it and others if one is due.
fn measure(metrics: Option<&ServingMetrics>, response: &Response) {
    let (Some(metrics), Some(observed)) = (metrics, response.extensions().get::<Observed>()) else { return };
    metrics.count(observed);
    if let Some(line) = metrics.take_due_line() {
        println!("{line}");
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    init_logging();
    let variables = Variables::of_process();
    if variables.get("AWS_LAMBDA_RUNTIME_API").is_none() {
        bail!(
            "this program runs in AWS Lambda; try `sam local invoke`, or `matinee up` for a server without AWS"
        );
    }
    let config = Config::from_variables(&variables)?;
    // Names the data and the code of the demo model too: see build.rs.
    tracing::info!(build = env!("BUILD_DIGEST"), "starting");
    let Context { router, metrics } = context::build(&config).await;
    let measured = move |response: Response| {
        measure(metrics.as_deref(), &response);
        response
    };
    // A REST API compresses by itself: its events come without Accept-Encoding.
    let router = with_transport_security(with_cors(compressed(router), &config));
    let measured = ServiceExt::<lambda_http::Request>::map_response(router, measured);
    matinee_front::run(measured).await.map_err(anyhow::Error::from_boxed)
}
