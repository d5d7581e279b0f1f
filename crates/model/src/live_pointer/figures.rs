//! What the pointer tells about a model besides where it is.

use serde::{Deserialize, Serialize};

use crate::artifact::{Counts, Manifest};

/// The longest text that is taken over from a manifest, in characters.
const LONGEST_TEXT: usize = 40;

/// How much a model was trained on, and how good it is. From its manifest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// The algorithm that trained it.
    pub algorithm: String,
    /// When it was trained, in UTC (RFC 3339).
    pub trained_at: String,
    /// How much it was trained on.
    pub counts: Counts,
    /// Its RMSE on the hold-out, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rmse: Option<f64>,
    /// Its NDCG@10, if that was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ndcg_at_10: Option<f64>,
    /// The share of the held-out ratings that its intervals contain, if that was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval_coverage: Option<f64>,
}

impl Figures {
    /// The figures in a manifest.
    pub fn of(manifest: &Manifest) -> Self {
        Self {
            algorithm: shortened(&manifest.algorithm, LONGEST_TEXT),
            trained_at: shortened(&manifest.created_at, LONGEST_TEXT),
            counts: manifest.counts,
            rmse: manifest.metrics.hold_out.map(|hold_out| hold_out.rmse),
            ndcg_at_10: manifest.metrics.ranking.map(|ranking| ranking.ndcg_at_10),
            interval_coverage: manifest.interval_coverage,
        }
    }
}

/// The first characters of a text: a pointer that grows with what a manifest contains could become too large to be read.
pub(super) fn shortened(text: &str, characters: usize) -> String {
    text.chars().take(characters).collect()
}
