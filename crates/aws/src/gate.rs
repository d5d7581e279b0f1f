//! The gate: whether a model is good enough to take the place of the live one.

use jiff::Timestamp;
use matinee_model::artifact::{AgainstLive, HoldOut, Manifest, PairedErrors};
use matinee_variables::{VariableError, Variables};

/// How much worse than the live model a new model may be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gate {
    /// How much higher its RMSE may be, in stars, besides what the draw of the measured ratings explains.
    pub max_rmse_rise: f64,
    /// How much lower its NDCG@10 may be.
    pub max_ndcg_drop: f64,
    /// How many fewer ratings it may be trained on, as a share of those of the live model.
    pub max_rating_loss: f64,
}

/// A higher RMSE must exceed the tolerance by this many standard errors of the difference. Equal models that differ by the
/// draw of the measured ratings are then hardly ever refused.
const STANDARD_ERRORS: f64 = 2.0;

/// What the gate finds about a model.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Verdict {
    /// Why the model must not go live; empty if it may.
    pub refusals: Vec<String>,
    /// What could not be compared, and why.
    pub skipped: Vec<String>,
}

impl Default for Gate {
    fn default() -> Self {
        Self { max_rmse_rise: 0.005, max_ndcg_drop: 0.01, max_rating_loss: 0.1 }
    }
}

impl Gate {
    /// Reads `GATE_MAX_RMSE_RISE`, `GATE_MAX_NDCG_DROP` and `GATE_MAX_RATING_LOSS`.
    pub fn from_variables(variables: &Variables<'_>) -> Result<Self, VariableError> {
        let tolerance = |name, default| Ok(variables.non_negative(name)?.unwrap_or(default));
        let default = Self::default();
        Ok(Self {
            max_rmse_rise: tolerance("GATE_MAX_RMSE_RISE", default.max_rmse_rise)?,
            max_ndcg_drop: tolerance("GATE_MAX_NDCG_DROP", default.max_ndcg_drop)?,
            max_rating_loss: tolerance("GATE_MAX_RATING_LOSS", default.max_rating_loss)?,
        })
    }

    /// Compares a model with the live one, and with the best of those that were live before, if that was not the live one.
    pub fn judge(&self, candidate: &Manifest, live: &Manifest, best_before: Option<&Manifest>) -> Verdict {
        let mut verdict = Verdict::default();
        if candidate.rating_scale != live.rating_scale {
            verdict.refusals.push(format!(
                "it predicts ratings on the scale {}, and the live model on {}",
                candidate.rating_scale, live.rating_scale
            ));
            return verdict;
        }
        judge_age(candidate, live, &mut verdict);
        self.judge_rmse(candidate, live, &mut verdict);
        if let Some(best) = best_before {
            self.judge_slide(candidate, best, &mut verdict);
        }
        self.judge_what_came_in(candidate, live, &mut verdict);
        self.judge_ndcg(candidate, live, &mut verdict);
        self.judge_rating_count(candidate, live, &mut verdict);
        verdict
    }

    fn judge_rmse(&self, candidate: &Manifest, live: &Manifest, verdict: &mut Verdict) {
        match (rmse(candidate), rmse(live)) {
            (Some(new), Some(old)) => {
                let rise = self.rise(new, &format!("the live model's {old:.4}"), old, standard_error(candidate, live));
                verdict.refusals.extend(rise.map(|rise| format!("hold-out RMSE {rise}")));
            }
            (None, Some(_)) => verdict.refusals.push(
                "it was trained without a hold-out, so its RMSE is unknown; train with the hyperparameter hold_out"
                    .to_owned(),
            ),
            (_, None) => verdict.skipped.push("RMSE: the live model was trained without a hold-out".to_owned()),
        }
    }

    /// Refuses a model at the end of a slide whose steps were all within the tolerance.
    fn judge_slide(&self, candidate: &Manifest, best: &Manifest, verdict: &mut Verdict) {
        let (Some(new), Some(old)) = (rmse(candidate), rmse(best)) else { return };
        if candidate.rating_scale == best.rating_scale {
            let whose = format!("the {old:.4} of version {}, which was live before", best.version);
            let rise = self.rise(new, &whose, old, standard_error(candidate, best));
            verdict.refusals.extend(rise.map(|rise| format!("hold-out RMSE {rise}: small steps add up")));
        }
    }

    /// Compares the models on ratings that came in since the live one was trained.
    fn judge_what_came_in(&self, candidate: &Manifest, live: &Manifest, verdict: &mut Verdict) {
        let fallback = "so the hold-out decides alone";
        let skipped = match &candidate.against_live {
            None => format!("ratings that came in: it was trained without the live model, {fallback}"),
            Some(AgainstLive { live_version, .. }) if *live_version != live.version => format!(
                "ratings that came in: it was compared with version {live_version}, which is not live now, {fallback}"
            ),
            Some(AgainstLive { came_in, errors: None, .. }) => {
                format!("ratings that came in: {came_in} are too few, {fallback}")
            }
            Some(AgainstLive { errors: Some(errors), .. }) => {
                let PairedErrors { test_count, rmse, live_rmse, standard_error } = *errors;
                let whose = format!("the live model's {live_rmse:.4}");
                let rise = self.rise(rmse, &whose, live_rmse, Some(standard_error));
                verdict
                    .refusals
                    .extend(rise.map(|rise| format!("on {test_count} ratings that came in, RMSE {rise}")));
                return;
            }
        };
        verdict.skipped.push(skipped);
    }

    /// What is wrong with an RMSE that is higher than another one by too much; `whose` names the other one.
    fn rise(&self, new: f64, whose: &str, old: f64, doubt: Option<f64>) -> Option<String> {
        if new <= old + self.max_rmse_rise + STANDARD_ERRORS * doubt.unwrap_or(0.0) {
            return None;
        }
        let beside = doubt.map_or_else(String::new, |error| {
            format!(" by more than twice the standard error {error:.4} of the difference")
        });
        Some(format!("{new:.4} is more than {} above {whose}{beside}", self.max_rmse_rise))
    }

    fn judge_ndcg(&self, candidate: &Manifest, live: &Manifest, verdict: &mut Verdict) {
        let ndcg = |manifest: &Manifest| manifest.metrics.ranking.map(|ranking| ranking.ndcg_at_10);
        match (ndcg(candidate), ndcg(live)) {
            (Some(new), Some(old)) if new < old - self.max_ndcg_drop => verdict.refusals.push(format!(
                "NDCG@10 {new:.4} is more than {} below the live model's {old:.4}",
                self.max_ndcg_drop
            )),
            (Some(_), Some(_)) => {}
            (None, _) => verdict.skipped.push("NDCG@10: it was not measured for the new model".to_owned()),
            (_, None) => verdict.skipped.push("NDCG@10: it was not measured for the live model".to_owned()),
        }
    }

    fn judge_rating_count(&self, candidate: &Manifest, live: &Manifest, verdict: &mut Verdict) {
        let (new, old) = (candidate.counts.ratings, live.counts.ratings);
        if f64::from(new) < f64::from(old) * (1.0 - self.max_rating_loss) {
            verdict.refusals.push(format!(
                "it was trained on {new} ratings, and the live model on {old}: more than {} % fewer",
                self.max_rating_loss * 100.0
            ));
        }
    }
}

/// Refuses a model that has learned from older data than the live one. Manifests of earlier releases have only the time at which
/// the model was written.
fn judge_age(candidate: &Manifest, live: &Manifest, verdict: &mut Verdict) {
    let times = match (&candidate.data_as_of, &live.data_as_of) {
        (Some(new), Some(old)) => [new, old],
        _ => [&candidate.created_at, &live.created_at],
    };
    let [Ok(new), Ok(old)] = times.map(|time| time.parse::<Timestamp>()) else {
        verdict.skipped.push("age: a manifest has no valid time".to_owned());
        return;
    };
    if new < old {
        verdict.refusals.push(format!(
            "it is older than the live model: its data are of {new}, and those of the live model of {old}"
        ));
    }
}

/// The standard error of the difference in RMSE, if both models have the errors by groups of users.
fn standard_error(candidate: &Manifest, live: &Manifest) -> Option<f64> {
    candidate.hold_out_groups.as_ref()?.standard_error_against(live.hold_out_groups.as_ref()?)
}

fn rmse(manifest: &Manifest) -> Option<f64> {
    manifest.metrics.hold_out.map(|HoldOut { rmse, .. }| rmse)
}

#[cfg(test)]
mod tests;
