//! What the cold start builds.

use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;
use axum::Router;
use matinee_api::{EndpointScorer, LiveScorer, Scorer, Settings, router_with};
use matinee_aws::{MeasuredSource, ModelUri, S3Source, SageMakerEndpoint, ServingMetrics, s3_client};
use matinee_dynamodb_ratings::DynamoDbRatings;
use matinee_live_ratings::LiveRatings;
use matinee_model::{Catalogue, Model};
use matinee_serving::{PathSource, Reloadable, Source};
use matinee_variables::Variables;

use crate::config::Config;

/// Lambda stops an init phase after 10 s and starts it again. A load that takes longer than this continues after the
/// init phase: Lambda freezes it until the first request, which then waits for the rest of it.
const INIT_BUDGET: Duration = Duration::from_secs(8);

/// What every request uses.
pub struct Context {
    /// The configuration.
    pub config: Config,
    /// The router over the configured model or endpoint.
    pub router: Router,
    /// The metrics; `None` if the function does not belong to a stack.
    pub metrics: Option<Arc<ServingMetrics>>,
}

impl Context {
    /// Reads the environment and builds the context. It fails only if the environment is wrong.
    pub async fn from_environment() -> anyhow::Result<Self> {
        let variables = Variables::of_process();
        if variables.get("AWS_LAMBDA_RUNTIME_API").is_none() {
            bail!(
                "this program runs in AWS Lambda; try `sam local invoke`, or `matinee up` for a server without AWS"
            );
        }
        let config = Config::from_variables(&variables)?;
        if config.endpoint.is_some() && config.ratings_table.is_some() {
            bail!(
                "ENDPOINT_NAME and RATINGS_TABLE are set; ratings that come in need a model in memory, so clear one"
            );
        }
        // The digest identifies the data and the code of the demo model as well: see build.rs.
        tracing::info!(build = env!("BUILD_DIGEST"), "starting");
        Ok(Self::build(config).await)
    }

    /// Loads the model, or the titles, before the first request. If that fails, the function answers 503 and tries
    /// again: a crash would only repeat itself.
    async fn build(config: Config) -> Self {
        let metrics = config.stack.clone().map(|stack| Arc::new(ServingMetrics::new(stack)));
        let settings = Settings {
            sampling: config.sampling,
            access: config.access.clone(),
            sign_in: config.sign_in.clone(),
            ..Settings::default()
        };
        let router = match &config.endpoint {
            None => {
                let model: Reloadable<Model> = reloadable(&config, metrics.clone()).await;
                if let Some(loaded) = preload(&model).await {
                    tracing::info!(version = loaded.manifest().version.as_str(), "model loaded");
                }
                router_with(scorer(model, &config).await, settings)
            }
            Some(name) => {
                let titles: Reloadable<Catalogue> = reloadable(&config, metrics.clone()).await;
                if let Some(loaded) = preload(&titles).await {
                    tracing::info!(movies = loaded.len(), "titles loaded; ratings come from the endpoint");
                }
                let scorer = EndpointScorer::new(titles, SageMakerEndpoint::new(name.clone()).await);
                router_with(Arc::new(scorer), settings)
            }
        };
        Self { config, router, metrics }
    }
}

/// The model alone, or with the ratings that the table keeps.
async fn scorer(model: Reloadable<Model>, config: &Config) -> Arc<dyn Scorer> {
    let Some(table) = &config.ratings_table else { return Arc::new(model) };
    let store = Arc::new(DynamoDbRatings::new(table.clone()).await);
    let ratings = LiveRatings::new(store, config.ratings_timeout).remembering(config.ratings_cache);
    Arc::new(LiveScorer::new(model, ratings))
}

/// Waits for the load, but not longer than the init phase allows. [`Reloadable`] logs a failure.
async fn preload<T: Send + Sync + 'static>(value: &Reloadable<T>) -> Option<Arc<T>> {
    let Ok(loaded) = tokio::time::timeout(INIT_BUDGET, value.current()).await else {
        tracing::warn!(
            "the load takes longer than {} s of init; the first request waits for it",
            INIT_BUDGET.as_secs()
        );
        return None;
    };
    loaded.ok()
}

/// The configured model, or its catalogue alone.
async fn reloadable<T: Send + Sync + 'static>(
    config: &Config,
    metrics: Option<Arc<ServingMetrics>>,
) -> Reloadable<T>
where
    PathSource: Source<T>,
    S3Source: Source<T>,
{
    match &config.model {
        // No S3 client is built for a model that lies in the package.
        ModelUri::Path(path) => Reloadable::new(MeasuredSource::new(PathSource(path.clone()), metrics)),
        ModelUri::S3(uri) => {
            let mut source = S3Source::new(s3_client().await, uri.clone());
            source = source.with_memory(config.memory).with_metrics(metrics.clone());
            if let Some(path) = &config.until_published {
                source = source.until_published(path.clone());
            }
            let can_change = source.can_change();
            let source = MeasuredSource::new(source, metrics);
            if can_change { Reloadable::refreshed(source, config.refresh) } else { Reloadable::new(source) }
        }
    }
}
