//! The Lambda function behind API Gateway: the router of every face, and a model in memory.

mod config;
mod context;
mod front;

use anyhow::bail;
use lambda_http::tracing::init_default_subscriber;
use tower::ServiceExt;

use config::Config;

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
    let service = router.map_request(front::to_route);
    lambda_http::run(service).await.map_err(anyhow::Error::from_boxed)
}
