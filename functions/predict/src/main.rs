//! The Lambda function behind API Gateway: the router of every face, and a model in memory.

mod config;
mod context;

use std::time::Duration;

use anyhow::bail;
use axum::Router;
use axum::http::{HeaderName, Method, header};
use lambda_http::tracing::init_default_subscriber;
use tower_http::cors::{AllowOrigin, CorsLayer};

use config::Config;

/// Lets pages of the named origins call the API; browsers ask for that before they send a request.
fn with_cors(router: Router, config: &Config) -> Router {
    if config.origins.is_empty() {
        return router;
    }
    let allowed = AllowOrigin::list(config.origins.iter().cloned());
    let headers = [header::CONTENT_TYPE, header::AUTHORIZATION, HeaderName::from_static("x-api-key")];
    let cors = CorsLayer::new()
        .allow_origin(allowed)
        .allow_methods([Method::GET, Method::POST])
        .allow_headers(headers)
        .expose_headers([matinee_api::REQUEST_ID])
        .max_age(Duration::from_hours(1));
    router.layer(cors)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    init_default_subscriber();
    let lookup = |name: &str| std::env::var(name).ok();
    if lookup("AWS_LAMBDA_RUNTIME_API").is_none() {
        bail!(
            "this program runs in AWS Lambda; try `sam local invoke`, or `matinee up` for a server without AWS"
        );
    }
    let config = Config::from_lookup(lookup)?;
    let router = context::build(&config).await;
    matinee_front::run(with_cors(router, &config)).await.map_err(anyhow::Error::from_boxed)
}
