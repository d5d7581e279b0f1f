//! `matinee evaluate`.

use serde_json::Value;

use crate::support::{fail, succeed};

fn evaluate(arguments: &[&str]) -> (String, Value) {
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("report.json");
    let told = succeed(&[&["evaluate", "--json", json.to_str().unwrap()], arguments].concat());
    (told, serde_json::from_slice(&std::fs::read(json).unwrap()).unwrap())
}

#[test]
fn reports_each_fold_and_the_mean() {
    let (told, report) = evaluate(&["--algorithm", "bias", "--movies", "data/movies.csv"]);
    let folds = report["folds"].as_array().unwrap();
    assert_eq!(folds.len(), 5);
    let number = |value: &Value| value.as_f64().unwrap();
    for (index, fold) in folds.iter().enumerate() {
        assert_eq!(fold["fold"], index);
        assert!(fold["test_count"] == 20_001 || fold["test_count"] == 20_000);
        assert!(number(&fold["fit_seconds"]) > 0.0 && number(&fold["predict_seconds"]) > 0.0);
        assert!(number(&fold["mae"]) < number(&fold["rmse"]));
    }
    let mean = folds.iter().map(|fold| number(&fold["rmse"])).sum::<f64>() / 5.0;
    assert!((number(&report["mean"]["rmse"]) - mean).abs() < 1e-12);
    assert!(told.contains(&format!("{mean:.4}")), "{told}");
    assert_eq!(report["hyperparameters"]["n_epochs"], 10);
}

#[test]
fn uses_the_folds_of_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let ratings = folder.path().join("ratings.csv");
    std::fs::write(&ratings, "userId,movieId,rating\n1,10,1\n1,20,2\n2,10,4\n2,20,5\n").unwrap();
    let folds = folder.path().join("folds.csv");
    std::fs::write(&folds, "fold\n7\n7\n9\n9\n").unwrap();
    let (ratings, folds) = (ratings.to_str().unwrap(), folds.to_str().unwrap());
    let (_, report) = evaluate(&["--ratings", ratings, "--folds-file", folds, "--algorithm", "mean"]);
    // Fold 7 is predicted by the mean of fold 9, which is 4.5, and the other way round, which is 1.5.
    assert_eq!(report["folds"][0]["fold"], 7);
    assert!((report["folds"][0]["mae"].as_f64().unwrap() - 3.0).abs() < 1e-6);
    assert!((report["folds"][1]["mae"].as_f64().unwrap() - 3.0).abs() < 1e-6);

    for (content, named) in [
        ("7\n7\n9\n9\n", "expected the header `fold`"),
        ("fold\n7\n7\n9\n", "3 values for 4 ratings"),
        ("fold\n7\nx\n9\n9\n", "folds.csv:3: `x` is not a whole number"),
        ("fold\n7\n7\n7\n7\n", "all ratings are in one fold"),
    ] {
        std::fs::write(folds, content).unwrap();
        let error = fail(&["evaluate", "--ratings", ratings, "--folds-file", folds, "--algorithm", "mean"]);
        assert!(error.contains(named), "{content:?}: {error}");
    }
}
