//! What a cold start builds.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use matinee_api::{LiveModel, PathSource, router};
use matinee_aws::{ModelUri, S3Source, s3_client};

use crate::config::Config;

/// Lambda ends an init of more than 10 s and begins anew; a load that is not done by then goes on at the
/// first request.
const INIT_BUDGET: Duration = Duration::from_secs(8);

/// The router over the configured model. The model is loaded here, before the first request; if that fails
/// the function answers 503 and tries again, for a crash would only repeat itself.
pub async fn build(config: &Config) -> Router {
    let model = Arc::new(match &config.model {
        // No S3 client is built for a model that lies in the package.
        ModelUri::Path(path) => LiveModel::new(PathSource(path.clone())),
        ModelUri::S3(uri) => LiveModel::new(S3Source::new(s3_client().await, uri.clone())),
    });
    match tokio::time::timeout(INIT_BUDGET, model.current()).await {
        Ok(Ok(loaded)) => tracing::info!(version = loaded.manifest().version.as_str(), "model loaded"),
        // The live model has logged why.
        Ok(Err(_)) => {}
        Err(_) => tracing::warn!("the model did not load within {} s of init", INIT_BUDGET.as_secs()),
    }
    router(model)
}
