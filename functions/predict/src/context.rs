//! What a cold start builds.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use matinee_api::{EndpointScorer, Live, PathSource, Source, sampled_router};
use matinee_aws::{MeasuredSource, ModelUri, S3Source, SageMakerEndpoint, ServingMetrics, s3_client};
use matinee_model::{Catalogue, Model};

use crate::config::Config;

/// Lambda ends an init of more than 10 s and begins anew. A load that is not done by then goes on: Lambda freezes
/// it until the first request, which waits for the rest of it.
const INIT_BUDGET: Duration = Duration::from_secs(8);

/// What answers, and what is measured meanwhile if that is wanted.
pub struct Context {
    /// The router over the configured model or endpoint.
    pub router: Router,
    /// None without the name of a stack.
    pub metrics: Option<Arc<ServingMetrics>>,
}

/// Builds what answers. What is kept in memory is loaded here, before the first
/// request; if that fails the function answers 503 and tries again, for a crash would only repeat itself.
pub async fn build(config: &Config) -> Context {
    let metrics = config.stack.clone().map(|stack| Arc::new(ServingMetrics::new(stack)));
    let router = match &config.endpoint {
        None => {
            let model: Live<Model> = live(config, metrics.clone()).await;
            if let Some(loaded) = preload(&model).await {
                tracing::info!(version = loaded.manifest().version.as_str(), "model loaded");
            }
            sampled_router(Arc::new(model), config.sampling)
        }
        Some(name) => {
            let titles: Live<Catalogue> = live(config, metrics.clone()).await;
            if let Some(loaded) = preload(&titles).await {
                tracing::info!(movies = loaded.len(), "titles loaded; ratings come from the endpoint");
            }
            let scorer = EndpointScorer::new(titles, SageMakerEndpoint::new(name.clone()).await);
            sampled_router(Arc::new(scorer), config.sampling)
        }
    };
    Context { router, metrics }
}

/// Loads what requests will need, or begins to. A failure is logged by what is live.
async fn preload<T: Send + Sync + 'static>(live: &Live<T>) -> Option<Arc<T>> {
    let Ok(loaded) = tokio::time::timeout(INIT_BUDGET, live.current()).await else {
        tracing::warn!(
            "the load outlasts {} s of init; the first request waits for it",
            INIT_BUDGET.as_secs()
        );
        return None;
    };
    loaded.ok()
}

/// The model at a place, or its catalogue.
async fn live<T: Send + Sync + 'static>(config: &Config, metrics: Option<Arc<ServingMetrics>>) -> Live<T>
where
    PathSource: Source<T>,
    S3Source: Source<T>,
{
    match &config.model {
        // No S3 client is built for a model that lies in the package.
        ModelUri::Path(path) => Live::new(MeasuredSource::new(PathSource(path.clone()), metrics)),
        ModelUri::S3(uri) => {
            let mut source = S3Source::new(s3_client().await, uri.clone());
            source = source.with_memory(config.memory).with_metrics(metrics.clone());
            if let Some(path) = &config.until_published {
                source = source.until_published(path.clone());
            }
            let can_change = source.can_change();
            let source = MeasuredSource::new(source, metrics);
            if can_change { Live::refreshed(source, config.refresh) } else { Live::new(source) }
        }
    }
}
