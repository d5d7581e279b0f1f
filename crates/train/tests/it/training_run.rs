//! From files to an artifact that makes predictions.

use matinee_model::{Model, MovieRow};
use matinee_train::algorithms::configure;
use matinee_train::progress::Silent;
use matinee_train::training::{Plan, train, write};

use crate::sample_data::{movielens, movielens_files};

fn plan(hold_out: f64) -> Plan {
    let given = [("n_epochs", "2"), ("n_factors", "8")];
    let algorithm = configure("svd", given).unwrap();
    Plan { training_job: Some("job-1".to_owned()), ..Plan::new(algorithm, 5, hold_out) }
}

#[test]
fn the_artifact_holds_what_was_trained() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model");
    let (dataset, plan) = (movielens(), plan(0.1));
    let trained = train(dataset, &plan, &Silent);
    write(&path, dataset, &plan, &trained, &movielens_files().digests()).unwrap();

    let model = Model::open(&path).unwrap();
    let manifest = model.manifest();
    assert_eq!(manifest.algorithm, "svd");
    assert_eq!(manifest.hyperparameters["n_factors"], 8);
    assert_eq!(manifest.hyperparameters["lr_all"], 0.005);
    assert_eq!((manifest.seed, manifest.training_job.as_deref()), (5, Some("job-1")));
    assert_eq!((manifest.counts.users, manifest.counts.ratings), (671, 100_004));
    assert_eq!(manifest.metrics.hold_out.unwrap().test_count, 10_028);
    assert_eq!(manifest.data["ratings.csv"].length, 2_338_261);
    let coverage = manifest.interval_coverage.unwrap();
    assert!((coverage - 0.8).abs() < 0.03 && coverage != 0.8, "measured, not the level: {coverage}");
    for rating in dataset.ratings.iter().step_by(997) {
        let expected = trained.fitted.factors.view().score(Some(rating.user), Some(rating.movie));
        assert_eq!(model.factors().score(Some(rating.user), Some(rating.movie)), expected);
        let rated = model.rated_movies(rating.user);
        let place = rated.movies.binary_search(&rating.movie.0).unwrap();
        assert_eq!(rated.values[place], rating.value);
    }
    let prediction = model.predict(&"2".into(), &"2959".into()).unwrap();
    let [low, high] = prediction.interval.unwrap();
    assert!(low < prediction.score && prediction.score < high, "{low} {high}");
    let counted: u32 = (0..9_066).map(|row| model.rating_count(MovieRow(row))).sum();
    assert_eq!(counted, 100_004);
}

#[test]
fn the_same_training_writes_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let versions = ["a", "b"].map(|name| {
        let (dataset, plan) = (movielens(), plan(0.0));
        let trained = train(dataset, &plan, &Silent);
        assert!(trained.measured.is_none());
        let path = folder.path().join(name);
        let manifest = write(&path, dataset, &plan, &trained, &movielens_files().digests()).unwrap();
        (manifest.version, std::fs::read(path.join("model.safetensors")).unwrap())
    });
    assert!(versions[0] == versions[1]);
}

#[test]
fn a_hold_out_too_small_to_measure_is_none() {
    let mut few = movielens().clone();
    few.timestamps = None;
    few.ratings = few.ratings.iter().take(3).collect();
    let plan = plan(0.1);
    assert!(train(&few, &plan, &Silent).measured.is_none());
    few.ratings = movielens().ratings.iter().take(40).collect();
    let measured = train(&few, &plan, &Silent).measured.unwrap();
    assert_eq!((measured.hold_out.test_count, measured.intervals, measured.coverage), (4, None, None));
}
