//! `models/live.json`: names the live model and the models that were live before it.
//!
//! It is the only object that ever changes. Every artifact has its own place and is never modified. Besides the live model
//! the pointer names the models that were live before it and those that the gate refused, with their figures.

mod figures;

use serde::{Deserialize, Serialize};

pub use figures::Figures;
use figures::shortened;

/// The size of the largest pointer that is read.
pub const MAX_POINTER_BYTES: u64 = 1 << 16;
/// How many earlier models the pointer remembers.
pub const KEPT: usize = 10;
/// How many refused models the pointer remembers.
pub const KEPT_REFUSED: usize = 5;
/// How many reasons of a refusal are kept, and how many characters of each.
const KEPT_REASONS: usize = 4;
const LONGEST_REASON: usize = 200;

/// The live model, those before it, and those that were refused.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LivePointer {
    /// The model that is live.
    #[serde(flatten)]
    pub live: Published,
    /// The models that were live before it, newest first.
    #[serde(default)]
    pub previous: Vec<Published>,
    /// The models that the gate refused, newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<Refused>,
}

/// A model that was made live.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Published {
    /// Its version, which names its content.
    pub version: String,
    /// The location of its artifact.
    pub uri: String,
    /// The SHA-256 of its manifest in lower-case hexadecimal.
    pub manifest_sha256: String,
    /// When it was made live, in UTC (RFC 3339).
    pub published_at: String,
    /// When a rollback took its place, in UTC (RFC 3339), if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rolled_back_at: Option<String>,
    /// Whether it was made live without asking the gate.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub forced: bool,
    /// Its figures. Pointers of earlier releases have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub figures: Option<Figures>,
}

/// A model that the gate refused.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Refused {
    /// Its version.
    pub version: String,
    /// The location of its artifact.
    pub uri: String,
    /// When it was refused, in UTC (RFC 3339).
    pub refused_at: String,
    /// Why.
    pub reasons: Vec<String>,
    /// Its figures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub figures: Option<Figures>,
}

/// Why bytes are not a valid pointer.
#[derive(Debug, thiserror::Error)]
#[error("not a valid live model pointer: {0}")]
pub struct PointerError(#[from] serde_json::Error);

impl LivePointer {
    /// Reads a pointer. It may have fields that this release does not know.
    pub fn parse(json: &[u8]) -> Result<Self, PointerError> {
        Ok(serde_json::from_slice(json)?)
    }

    /// The pointer as it is stored.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// The pointer after `next` replaces the live model of `before`.
    pub fn after(before: Option<Self>, next: Published) -> Self {
        let (earlier, mut refused) = match before {
            Some(Self { live, previous, refused }) => ([vec![live], previous].concat(), refused),
            None => Default::default(),
        };
        let is_other = |version: &String| *version != next.version;
        let previous = earlier.into_iter().filter(|model| is_other(&model.version)).take(KEPT).collect();
        refused.retain(|model| is_other(&model.version));
        Self { live: next, previous, refused }
    }

    /// Of the models that were live before, the one with the lowest RMSE, if that is lower than the live model's. Models that were
    /// rolled back do not count, nor those before the last one that was forced: whoever forced it accepted its figures.
    pub fn best_before(&self) -> Option<&Published> {
        if self.live.forced {
            return None;
        }
        let rmse = |model: &Published| model.figures.as_ref().and_then(|figures| figures.rmse);
        let since_forced = match self.previous.iter().position(|model| model.forced) {
            Some(forced) => &self.previous[..=forced],
            None => &self.previous,
        };
        let kept = since_forced.iter().filter(|model| model.rolled_back_at.is_none());
        let measured = kept.filter_map(|model| Some((model, rmse(model)?)));
        let (best, lowest) = measured.min_by(|(_, one), (_, other)| one.total_cmp(other))?;
        rmse(&self.live).is_none_or(|live| lowest < live).then_some(best)
    }

    /// The pointer after a rollback to `earlier`.
    #[must_use]
    pub fn rolled_back(mut self, earlier: Published) -> Self {
        self.live.rolled_back_at = Some(earlier.published_at.clone());
        Self::after(Some(self), earlier)
    }

    /// The same pointer, which remembers that the gate refused a model.
    #[must_use]
    pub fn with_refused(mut self, model: Refused) -> Self {
        self.refused.retain(|other| other.version != model.version);
        self.refused.insert(0, model);
        self.refused.truncate(KEPT_REFUSED);
        self
    }
}

impl Published {
    /// What the pointer remembers of this model if the gate refuses it.
    pub fn refused_for(&self, reasons: &[String]) -> Refused {
        Refused {
            version: self.version.clone(),
            uri: self.uri.clone(),
            refused_at: self.published_at.clone(),
            reasons: reasons
                .iter()
                .take(KEPT_REASONS)
                .map(|reason| shortened(reason, LONGEST_REASON))
                .collect(),
            figures: self.figures.clone(),
        }
    }
}

#[cfg(test)]
mod tests;
