//! Tests of the gate.

use super::*;
use matinee_model::RatingScale;
use matinee_model::artifact::{
    Counts, FORMAT_VERSION, FileDigest, GroupErrors, Metrics, ModelVersion, Ranking,
};

/// Two models that predict equally well.
const EQUAL: PairedErrors =
    PairedErrors { test_count: 300, rmse: 0.9, live_rmse: 0.9, standard_error: 0.002 };

/// The version of a model with this content.
fn version_of(content: &[u8]) -> ModelVersion {
    let digest = FileDigest::of(content);
    ModelVersion::of(&digest, &digest, None)
}

/// A model that was compared with another one of the same content.
fn manifest(rmse: Option<f64>, ndcg: Option<f64>, ratings: u32) -> Manifest {
    Manifest {
        format_version: FORMAT_VERSION,
        version: version_of(b""),
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
        against_live: Some(AgainstLive { live_version: version_of(b""), came_in: 300, errors: Some(EQUAL) }),
        calibration: None,
        intervals: None,
        interval_coverage: None,
        ranking_head: None,
        training_job: None,
        data: [].into(),
        data_as_of: None,
        generator: String::new(),
        created_at: "2026-11-26T12:00:00Z".to_owned(),
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
        let verdict = Gate::default().judge(&manifest(Some(rmse), Some(ndcg), ratings), &live, None);
        assert_eq!(verdict, Verdict::default(), "{rmse} {ndcg} {ratings}");
    }
}

#[test]
fn a_model_that_is_worse_by_exactly_the_tolerance_passes() {
    // Powers of two, so that the sums are exact.
    let gate = Gate { max_rmse_rise: 0.25, max_ndcg_drop: 0.125, max_rating_loss: 0.5 };
    let live = manifest(Some(0.5), Some(0.5), 1000);
    let verdict = gate.judge(&manifest(Some(0.75), Some(0.375), 500), &live, None);
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
        let verdict = Gate::default().judge(&manifest(Some(rmse), Some(ndcg), ratings), &live, None);
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
    let paired = Gate::default().judge(&with(0.89, errors(0, 1.02)), &live, None);
    assert!(paired.refusals[0].contains("by more than twice the standard error 0.00"), "{paired:?}");
    let unpaired = Gate::default().judge(&with(0.89, errors(7, 1.02)), &live, None);
    assert!(unpaired.refusals.is_empty(), "{unpaired:?}");
    // A live model that does not tell its groups is compared by the tolerance alone.
    let older = Gate::default().judge(&with(0.89, errors(7, 1.02)), &manifest(Some(0.88), None, 10), None);
    assert_eq!(older.refusals.len(), 1);
}

#[test]
fn metrics_that_cannot_be_compared_are_listed() {
    let verdict = Gate::default().judge(&manifest(Some(0.9), None, 10), &manifest(None, Some(0.1), 10), None);
    assert!(verdict.refusals.is_empty(), "{verdict:?}");
    let skipped = [
        "RMSE: the live model was trained without a hold-out",
        "NDCG@10: it was not measured for the new model",
    ];
    assert_eq!(verdict.skipped, skipped);
    let unmeasured = Gate::default().judge(&manifest(None, None, 10), &manifest(Some(0.9), None, 10), None);
    assert!(unmeasured.refusals[0].contains("hyperparameter hold_out"), "{unmeasured:?}");
}

#[test]
fn a_model_with_another_scale_is_refused() {
    let mut other = manifest(Some(0.1), None, 10);
    other.rating_scale = RatingScale::new(1.0, 10.0).unwrap();
    let verdict = Gate::default().judge(&other, &manifest(Some(0.9), None, 10), None);
    assert_eq!(verdict.refusals, ["it predicts ratings on the scale 1..10, and the live model on 0.5..5"]);
}

/// What the gate says about a model that was compared with the live one like this.
fn compared(against_live: Option<AgainstLive>) -> Verdict {
    let live = manifest(Some(0.9), Some(0.1), 10);
    Gate::default().judge(&Manifest { against_live, ..live.clone() }, &live, None)
}

#[test]
fn a_model_that_predicts_what_came_in_worse_than_the_live_one_is_refused() {
    let errors = |rmse: f64, standard_error| PairedErrors { rmse, standard_error, ..EQUAL };
    let against = |errors| {
        compared(Some(AgainstLive { live_version: version_of(b""), came_in: 300, errors: Some(errors) }))
    };
    for passes in [errors(0.85, 0.001), errors(0.904, 0.0001), errors(0.95, 0.04)] {
        assert_eq!(against(passes), Verdict::default(), "{passes:?}");
    }
    let refused = against(errors(0.91, 0.002));
    assert_eq!(
        refused.refusals,
        [
            "on 300 ratings that came in, RMSE 0.9100 is more than 0.005 above the live model's 0.9000 by more than \
          twice the standard error 0.0020 of the difference"
        ]
    );
}

#[test]
fn without_a_comparison_on_what_came_in_the_hold_out_decides_alone() {
    let other = AgainstLive { live_version: version_of(b"other"), came_in: 300, errors: Some(EQUAL) };
    let few = AgainstLive { live_version: version_of(b""), came_in: 7, errors: None };
    for (against_live, reason) in [
        (None, "it was trained without the live model".to_owned()),
        (
            Some(other.clone()),
            format!("it was compared with version {}, which is not live now", other.live_version),
        ),
        (Some(few), "7 are too few".to_owned()),
    ] {
        let Verdict { refusals, skipped } = compared(against_live);
        assert!(refusals.is_empty(), "{refusals:?}");
        assert_eq!(skipped, [format!("ratings that came in: {reason}, so the hold-out decides alone")]);
    }
}

#[test]
fn a_model_of_older_data_is_refused() {
    let times = |data: Option<&str>, written: &str| Manifest {
        data_as_of: data.map(str::to_owned),
        created_at: written.to_owned(),
        ..manifest(Some(0.9), Some(0.1), 10)
    };
    let (early, late) = ("2026-11-26T12:00:00Z", "2026-11-26T12:00:01Z");
    let judge = |new: &Manifest, old: &Manifest| Gate::default().judge(new, old, None);
    // The older job ends last.
    let refused = judge(&times(Some(early), late), &times(Some(late), early)).refusals;
    assert_eq!(
        refused,
        [format!(
            "it is older than the live model: its data are of {early}, and those of the live model of {late}"
        )]
    );
    // A manifest of an earlier release has only the time at which the model was written.
    assert_eq!(judge(&times(None, early), &times(Some(early), late)).refusals.len(), 1);
    for (new, old) in [
        (times(Some(late), early), times(Some(early), late)),
        (times(Some(early), early), times(Some(early), early)),
        (times(Some(early), late), times(None, early)),
    ] {
        assert_eq!(judge(&new, &old), Verdict::default());
    }
    assert_eq!(
        judge(&times(None, "soon"), &times(None, early)).skipped,
        ["age: a manifest has no valid time"]
    );
}

#[test]
fn small_steps_that_add_up_are_refused() {
    let model = |rmse| manifest(Some(rmse), Some(0.1), 10);
    let (best, live) = (Manifest { version: version_of(b"best"), ..model(0.88) }, model(0.884));
    let next = model(0.888);
    assert_eq!(Gate::default().judge(&next, &live, None), Verdict::default());
    let refused = Gate::default().judge(&next, &live, Some(&best)).refusals;
    let whose = format!("the 0.8800 of version {}, which was live before", best.version);
    assert_eq!(
        refused,
        [format!("hold-out RMSE 0.8880 is more than 0.005 above {whose}: small steps add up")]
    );
    assert_eq!(Gate::default().judge(&live, &live, Some(&best)), Verdict::default());
    let unmeasured = manifest(None, Some(0.1), 10);
    assert_eq!(Gate::default().judge(&next, &live, Some(&unmeasured)), Verdict::default());
    let scale = RatingScale::new(1.0, 10.0).unwrap();
    let elsewhere = Manifest { rating_scale: scale, ..best };
    assert_eq!(Gate::default().judge(&next, &live, Some(&elsewhere)), Verdict::default());
}
