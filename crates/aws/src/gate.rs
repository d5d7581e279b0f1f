//! The gate: whether a model is good enough to take the place of the live one.

use matinee_model::artifact::{HoldOut, Manifest};
use matinee_variables::{VariableError, Variables};

/// How much worse than the live model a new model may be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gate {
    /// How much higher its RMSE on the hold-out may be, in stars, besides what the draw of the hold-out explains.
    pub max_rmse_rise: f64,
    /// How much lower its NDCG@10 may be.
    pub max_ndcg_drop: f64,
    /// How many fewer ratings it may be trained on, as a share of those of the live model.
    pub max_rating_loss: f64,
}

/// A higher RMSE must exceed the tolerance by this many standard errors of the difference. Equal models that differ by the
/// draw of the hold-out are then hardly ever refused.
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

    /// Compares a model with the live one.
    pub fn judge(&self, candidate: &Manifest, live: &Manifest) -> Verdict {
        let mut verdict = Verdict::default();
        if candidate.rating_scale != live.rating_scale {
            verdict.refusals.push(format!(
                "it predicts ratings on the scale {}, and the live model on {}",
                candidate.rating_scale, live.rating_scale
            ));
            return verdict;
        }
        self.judge_rmse(candidate, live, &mut verdict);
        self.judge_ndcg(candidate, live, &mut verdict);
        self.judge_rating_count(candidate, live, &mut verdict);
        verdict
    }

    fn judge_rmse(&self, candidate: &Manifest, live: &Manifest, verdict: &mut Verdict) {
        match (rmse(candidate), rmse(live)) {
            (Some(new), Some(old)) => {
                let doubt = standard_error(candidate, live);
                if new > old + self.max_rmse_rise + STANDARD_ERRORS * doubt.unwrap_or(0.0) {
                    let beside = doubt.map_or_else(String::new, |error| {
                        format!(" by more than twice the standard error {error:.4} of the difference")
                    });
                    verdict.refusals.push(format!(
                        "hold-out RMSE {new:.4} is more than {} above the live model's {old:.4}{beside}",
                        self.max_rmse_rise
                    ));
                }
            }
            (None, Some(_)) => verdict.refusals.push(
                "it was trained without a hold-out, so its RMSE is unknown; train with the hyperparameter hold_out"
                    .to_owned(),
            ),
            (_, None) => verdict.skipped.push("RMSE: the live model was trained without a hold-out".to_owned()),
        }
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

/// The standard error of the difference in RMSE, if both models have the errors by groups of users.
fn standard_error(candidate: &Manifest, live: &Manifest) -> Option<f64> {
    candidate.hold_out_groups.as_ref()?.standard_error_against(live.hold_out_groups.as_ref()?)
}

fn rmse(manifest: &Manifest) -> Option<f64> {
    manifest.metrics.hold_out.map(|HoldOut { rmse, .. }| rmse)
}

#[cfg(test)]
mod tests {
    use super::*;
    use matinee_model::RatingScale;
    use matinee_model::artifact::{
        Counts, FORMAT_VERSION, FileDigest, GroupErrors, Metrics, ModelVersion, Ranking,
    };

    fn manifest(rmse: Option<f64>, ndcg: Option<f64>, ratings: u32) -> Manifest {
        let digest = FileDigest::of(b"");
        Manifest {
            format_version: FORMAT_VERSION,
            version: ModelVersion::of(&digest, &digest, None),
            algorithm: "svd".to_owned(),
            hyperparameters: [].into(),
            seed: 0,
            rating_scale: RatingScale::MOVIELENS,
            counts: Counts { users: 1, movies: 1, rated_movies: 1, ratings },
            metrics: Metrics {
                hold_out: rmse.map(|rmse| HoldOut {
                    fraction: 0.1,
                    test_count: 100,
                    rmse,
                    mae: 0.0,
                    unreduced_rmse: None,
                }),
                ranking: ndcg.map(|ndcg_at_10| Ranking { ndcg_at_10, recall_at_20: 0.0 }),
            },
            hold_out_groups: None,
            calibration: None,
            intervals: None,
            interval_coverage: None,
            ranking_head: None,
            training_job: None,
            data: [].into(),
            generator: String::new(),
            created_at: String::new(),
            files: [].into(),
        }
    }

    /// Reads a gate where only this variable is set.
    fn gate(name: &str, value: &str) -> Result<Gate, VariableError> {
        let lookup = |asked: &str| (asked == name).then(|| value.to_owned());
        Gate::from_variables(&Variables::from_lookup(lookup))
    }

    #[test]
    fn each_tolerance_has_a_variable_and_a_default() {
        let default = Gate::default();
        for (name, expected) in [
            ("GATE_MAX_RMSE_RISE", Gate { max_rmse_rise: 0.5, ..default }),
            ("GATE_MAX_NDCG_DROP", Gate { max_ndcg_drop: 0.5, ..default }),
            ("GATE_MAX_RATING_LOSS", Gate { max_rating_loss: 0.5, ..default }),
        ] {
            assert_eq!(gate(name, "0.5"), Ok(expected));
            assert_eq!(gate(name, ""), Ok(default));
            let error = gate(name, "-0.1").unwrap_err().to_string();
            assert!(error.contains(&format!("{name} is invalid: `-0.1`")), "{error}");
        }
    }

    #[test]
    fn a_model_within_the_tolerances_passes() {
        let live = manifest(Some(0.88), Some(0.2), 1000);
        for (rmse, ndcg, ratings) in [(0.88, 0.2, 1000), (0.8849, 0.191, 900), (0.5, 0.9, 5000)] {
            let verdict = Gate::default().judge(&manifest(Some(rmse), Some(ndcg), ratings), &live);
            assert_eq!(verdict, Verdict::default(), "{rmse} {ndcg} {ratings}");
        }
    }

    #[test]
    fn a_model_that_is_worse_by_exactly_the_tolerance_passes() {
        // Powers of two, so that the sums are exact.
        let gate = Gate { max_rmse_rise: 0.25, max_ndcg_drop: 0.125, max_rating_loss: 0.5 };
        let live = manifest(Some(0.5), Some(0.5), 1000);
        let verdict = gate.judge(&manifest(Some(0.75), Some(0.375), 500), &live);
        assert_eq!(verdict, Verdict::default());
    }

    #[test]
    fn a_worse_model_is_refused_with_the_figures() {
        let live = manifest(Some(0.88), Some(0.2), 1000);
        for (rmse, ndcg, ratings, reason) in [
            (0.8851, 0.2, 1000, "RMSE 0.8851 is more than 0.005 above the live model's 0.8800"),
            (0.88, 0.1899, 1000, "NDCG@10 0.1899 is more than 0.01 below the live model's 0.2000"),
            (0.88, 0.2, 899, "899 ratings, and the live model on 1000: more than 10 % fewer"),
        ] {
            let verdict = Gate::default().judge(&manifest(Some(rmse), Some(ndcg), ratings), &live);
            assert_eq!(verdict.refusals.len(), 1);
            assert!(verdict.refusals[0].contains(reason), "{verdict:?}");
        }
    }

    #[test]
    fn what_the_draw_explains_is_not_refused() {
        let errors = |offset: usize, times: f64| {
            let squares = |group: usize| 77.0 * times + 20.0 * ((group + offset) as f64 * 2.3).sin();
            GroupErrors { counts: vec![100; 32], squares: (0..32).map(squares).collect() }
        };
        let with = |rmse: f64, groups: GroupErrors| {
            let mut manifest = manifest(Some(rmse), None, 10);
            manifest.hold_out_groups = Some(groups);
            manifest
        };
        let live = with(0.88, errors(0, 1.0));
        // On the same ratings a rise of 0.01 is one; on others it may be the draw.
        let paired = Gate::default().judge(&with(0.89, errors(0, 1.02)), &live);
        assert!(paired.refusals[0].contains("by more than twice the standard error 0.00"), "{paired:?}");
        let unpaired = Gate::default().judge(&with(0.89, errors(7, 1.02)), &live);
        assert!(unpaired.refusals.is_empty(), "{unpaired:?}");
        // A live model that does not tell its groups is compared by the tolerance alone.
        let older = Gate::default().judge(&with(0.89, errors(7, 1.02)), &manifest(Some(0.88), None, 10));
        assert_eq!(older.refusals.len(), 1);
    }

    #[test]
    fn metrics_that_cannot_be_compared_are_listed() {
        let verdict = Gate::default().judge(&manifest(Some(0.9), None, 10), &manifest(None, Some(0.1), 10));
        assert!(verdict.refusals.is_empty(), "{verdict:?}");
        let skipped = [
            "RMSE: the live model was trained without a hold-out",
            "NDCG@10: it was not measured for the new model",
        ];
        assert_eq!(verdict.skipped, skipped);
        let unmeasured = Gate::default().judge(&manifest(None, None, 10), &manifest(Some(0.9), None, 10));
        assert!(unmeasured.refusals[0].contains("hyperparameter hold_out"), "{unmeasured:?}");
    }

    #[test]
    fn a_model_with_another_scale_is_refused() {
        let mut other = manifest(Some(0.1), None, 10);
        other.rating_scale = RatingScale::new(1.0, 10.0).unwrap();
        let verdict = Gate::default().judge(&other, &manifest(Some(0.9), None, 10));
        assert_eq!(
            verdict.refusals,
            ["it predicts ratings on the scale 1..10, and the live model on 0.5..5"]
        );
    }
}
