//! The answer of `GET /model/versions`.

use matinee_model::live_pointer::{Figures, LivePointer, Published, Refused};
use serde::Serialize;
use utoipa::ToSchema;

use super::ModelAnswer;
use super::model::CountsSchema;

/// The answer of `GET /model/versions`.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct VersionsAnswer {
    /// The version that answers requests here. Right after a change it may not be the live one yet.
    pub serving: String,
    /// The live model, then those that were live or refused before, the latest first.
    pub models: Vec<ModelVersionAnswer>,
}

/// A model that is or was live, or that was refused.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ModelVersionAnswer {
    /// Its version.
    pub version: String,
    /// What became of it.
    pub status: ModelStatus,
    /// When it went live or was refused, in UTC; null if nobody published it.
    #[schema(required = true)]
    pub since: Option<String>,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
    /// How much it was trained on, and how good it is; null for a model that an earlier release published.
    #[schema(required = true)]
    pub figures: Option<FiguresAnswer>,
}

/// How much a model was trained on, and how good it is.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct FiguresAnswer {
    /// The algorithm that trained it.
    pub algorithm: String,
    /// When it was trained, in UTC.
    pub trained_at: String,
    /// How much it was trained on.
    #[schema(value_type = CountsSchema)]
    pub counts: matinee_model::artifact::Counts,
    /// The root mean squared error on held-out ratings; null if no ratings were held out.
    #[schema(required = true)]
    pub rmse: Option<f64>,
    /// The normalised discounted cumulative gain of the first ten movies; null if it was not measured.
    #[schema(required = true)]
    pub ndcg_at_10: Option<f64>,
    /// The share of the held-out ratings that the intervals contain; null if it was not measured.
    #[schema(required = true)]
    pub interval_coverage: Option<f64>,
}

/// What became of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ModelStatus {
    /// It is live.
    Live,
    /// Another one followed it.
    Replaced,
    /// A rollback took its place.
    RolledBack,
    /// The gate refused it, so it was never live.
    Refused,
}

impl VersionsAnswer {
    /// What the pointer tells, while this model answers. Without a pointer, it is the only one.
    pub fn new(serving: ModelAnswer, history: Option<LivePointer>) -> Self {
        let version = serving.version.clone();
        let models = history.map_or_else(|| vec![serving.into()], ModelVersionAnswer::all_of);
        Self { serving: version, models }
    }
}

impl ModelVersionAnswer {
    /// The models of a pointer: the live one, then the others, the latest first.
    pub fn all_of(LivePointer { live, previous, refused }: LivePointer) -> Vec<Self> {
        let live = Self { status: ModelStatus::Live, ..live.into() };
        let mut others: Vec<Self> =
            previous.into_iter().map(Into::into).chain(refused.into_iter().map(Into::into)).collect();
        // The times are all in UTC and of the same form.
        others.sort_by(|one, other| other.since.cmp(&one.since));
        std::iter::once(live).chain(others).collect()
    }
}

impl ModelStatus {
    /// The status in words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Replaced => "replaced",
            Self::RolledBack => "rolled back",
            Self::Refused => "refused",
        }
    }
}

impl From<ModelAnswer> for ModelVersionAnswer {
    fn from(model: ModelAnswer) -> Self {
        let figures = FiguresAnswer {
            algorithm: model.algorithm,
            trained_at: model.created_at,
            counts: model.counts,
            rmse: model.metrics.hold_out.map(|hold_out| hold_out.rmse),
            ndcg_at_10: model.metrics.ranking.map(|ranking| ranking.ndcg_at_10),
            interval_coverage: model.interval_coverage,
        };
        Self {
            version: model.version,
            status: ModelStatus::Live,
            since: None,
            reasons: Vec::new(),
            figures: Some(figures),
        }
    }
}

impl From<Published> for ModelVersionAnswer {
    fn from(model: Published) -> Self {
        let is_rolled_back = model.rolled_back_at.is_some();
        Self {
            version: model.version,
            status: if is_rolled_back { ModelStatus::RolledBack } else { ModelStatus::Replaced },
            since: Some(model.published_at),
            reasons: Vec::new(),
            figures: model.figures.map(Into::into),
        }
    }
}

impl From<Refused> for ModelVersionAnswer {
    fn from(model: Refused) -> Self {
        Self {
            version: model.version,
            status: ModelStatus::Refused,
            since: Some(model.refused_at),
            reasons: model.reasons,
            figures: model.figures.map(Into::into),
        }
    }
}

impl From<Figures> for FiguresAnswer {
    fn from(figures: Figures) -> Self {
        let Figures { algorithm, trained_at, counts, rmse, ndcg_at_10, interval_coverage } = figures;
        Self { algorithm, trained_at, counts, rmse, ndcg_at_10, interval_coverage }
    }
}
