//! `matinee evaluate`.

use serde_json::Value;

use crate::support::{fail, root, run, succeed};

fn evaluate(arguments: &[&str]) -> (String, Value) {
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("report.json");
    let printed = succeed(&[&["evaluate", "--json", json.to_str().unwrap()], arguments].concat());
    (printed, serde_json::from_slice(&std::fs::read(json).unwrap()).unwrap())
}

#[test]
fn reports_each_fold_and_the_mean() {
    let (printed, report) = evaluate(&["--algorithm", "bias", "--data", "data"]);
    assert_eq!((&report["ratings"], &report["unlisted_count"]), (&"data/ratings.csv".into(), &0.into()));
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
    assert!(printed.contains(&format!("{mean:.4}")), "{printed}");
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
    // Fold 7 is predicted by the mean of fold 9, which is 4.5, and fold 9 by that of fold 7, which is 1.5.
    assert_eq!(report["folds"][0]["fold"], 7);
    assert!((report["folds"][0]["mae"].as_f64().unwrap() - 3.0).abs() < 1e-6);
    assert!((report["folds"][1]["mae"].as_f64().unwrap() - 3.0).abs() < 1e-6);

    for (content, named) in [
        ("7\n7\n9\n9\n", "expected the header `fold`"),
        ("fold\n7\n7\n9\n", "3 values for 4 ratings"),
        ("fold\n7\nx\n9\n9\n", "folds.csv:3: `x` is not a whole number"),
        ("fold\n7\n7\n7\n7\n", "all ratings are in fold 7"),
    ] {
        std::fs::write(folds, content).unwrap();
        let error = fail(&["evaluate", "--ratings", ratings, "--folds-file", folds, "--algorithm", "mean"]);
        assert!(error.contains(named), "{content:?}: {error}");
    }
}

#[test]
fn compares_algorithms_on_every_split() {
    for split in ["random", "time", "global-time", "cold-users", "cold-movies"] {
        let (printed, report) = evaluate(&["--split", split, "--algorithm", "bias", "--algorithm", "mean"]);
        let results = report["results"].as_array().unwrap();
        let rmse = |index: usize| results[index]["mean"]["rmse"].as_f64().unwrap();
        assert_eq!((&results[0]["algorithm"], &results[1]["algorithm"]), (&"bias".into(), &"mean".into()));
        assert!(rmse(0) < rmse(1), "{split}: {printed}");
        assert!(printed.contains("bias") && printed.contains("mean"), "{printed}");
    }
}

#[test]
fn visitors_are_folded_in() {
    let folder = tempfile::tempdir().unwrap();
    let (page, ratings) = (folder.path().join("visitors.html"), folder.path().join("ratings.csv"));
    let all = std::fs::read_to_string(root().join("data/ratings.csv")).unwrap();
    let few: String = all.split_inclusive('\n').take(6001).collect();
    std::fs::write(&ratings, few).unwrap();
    let files = ["--ratings", ratings.to_str().unwrap(), "--html", page.to_str().unwrap()];
    let (printed, report) = evaluate(&[&["--split", "visitors", "--algorithm", "bias"], &files[..]].concat());
    assert_eq!(report["tested_on"], "ratings of a fifth of the users, who are folded in");
    let bias = &report["algorithms"][0];
    assert_eq!((&bias["algorithm"], &bias["visitor_count"]), (&"bias".into(), &6.into()));
    let counts: Vec<&Value> =
        bias["results"].as_array().unwrap().iter().map(|result| &result["rating_count"]).collect();
    assert_eq!(counts, [3, 5, 10, 50]);
    let page = std::fs::read_to_string(page).unwrap();
    for result in bias["results"].as_array().unwrap() {
        for of in [&result["folded_in"], &result["trained"]] {
            let rmse = format!("{:.4}", of["rmse"].as_f64().unwrap());
            let share = format!("{:.1} %", 100.0 * of["coverage"].as_f64().unwrap());
            for figure in [rmse, share] {
                assert!(printed.contains(&figure) && page.contains(&figure), "{figure}: {printed}");
            }
        }
    }
    assert_eq!(page.matches("<svg").count(), 1);
    assert_eq!(page.matches(r#"class="wide""#).count(), page.matches(r#"class="wide" tabindex="0""#).count());
}

/// Three users rate before the moment 100, two of them and a new one since. The mean before is 2.
#[test]
fn only_what_was_before_a_moment_is_learned() {
    let folder = tempfile::tempdir().unwrap();
    let ratings = folder.path().join("ratings.csv");
    let before = "1,1,1,10\n1,2,2,99\n2,1,3,20\n2,2,2,30\n3,1,1,40\n3,2,3,50\n3,3,2,60\n3,4,2,70\n";
    let since = "1,3,4,100\n4,1,5,100\n";
    std::fs::write(&ratings, format!("userId,movieId,rating,timestamp\n{since}{before}")).unwrap();
    let ratings = ratings.to_str().unwrap();
    let (printed, report) =
        evaluate(&["--split", "global-time", "--ratings", ratings, "--algorithm", "mean"]);
    assert_eq!(report["folds"][0]["test_count"], 2);
    assert_eq!(report["folds"][0]["mae"], 2.5);
    assert!(
        printed.contains(
            "RMSE of users with training ratings: 2.0000 (ratings: 1), of unknown users: 3.0000 (ratings: 1)"
        ),
        "{printed}"
    );
    std::fs::write(ratings, "userId,movieId,rating,timestamp\n1,1,1,5\n2,1,1,5\n").unwrap();
    let error = fail(&["evaluate", "--split", "global-time", "--ratings", ratings]);
    assert!(error.contains("no rating is older than the last fifth; use --split random"), "{error}");
}

#[test]
fn writes_a_page_that_needs_no_other_files() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("report.html");
    let arguments = ["--algorithm", "bias", "--algorithm", "mean", "--intervals", "--learning-curve"];
    let (_, report) = evaluate(&[&["--html", page.to_str().unwrap()], &arguments[..]].concat());
    let coverage = report["results"][0]["segments"]["coverage"].as_f64().unwrap();
    assert!((coverage - 0.8).abs() < 0.02, "{coverage}");
    assert_eq!(report["results"][0]["learning_curve"].as_array().unwrap().len(), 6);
    let page = std::fs::read_to_string(page).unwrap();
    let spread = format!("{:.4} ± 0.00", report["results"][0]["mean"]["rmse"].as_f64().unwrap());
    for part in [
        "<strong>bias</strong> predicts best",
        "Learning curve",
        "Calibration",
        "Intervals",
        "reg_i = 4.0",
        &spread,
        "matinee evaluate --json",
        "<th>ratings.csv</th>",
        "prefers-color-scheme: dark",
    ] {
        assert!(page.contains(part), "{part}");
    }
    assert_eq!(page.matches("<svg").count(), 6);
    assert!(!page.contains("<script") && !page.contains(" src=") && !page.contains("href="));
}

#[test]
fn writes_a_page_about_recommendations() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ranking.html");
    let (_, report) = evaluate(&["--ranking", "--html", path.to_str().unwrap()]);
    let page = std::fs::read_to_string(path).unwrap();
    for split in report.as_array().unwrap() {
        assert!(page.contains(&format!("Split: {}", split["split"].as_str().unwrap())), "{split}");
        for method in split["methods"].as_array().unwrap() {
            let ndcg = format!("<td>{:.4}</td>", method["ndcg_at_10"].as_f64().unwrap());
            assert!(page.contains(&ndcg), "{method}");
        }
    }
    assert_eq!(page.matches("<svg").count(), report.as_array().unwrap().len());
    assert!(page.contains("matinee evaluate --json"));
    assert!(!page.contains("<script") && !page.contains(" src=") && !page.contains("href="));
}

/// Without the movies `bayes` does not know their genres, years and titles, so its model and its errors are different.
#[test]
fn a_folder_is_measured_with_its_movies() {
    let few = ["n_burn_in=1", "n_samples=1", "n_chains=8", "n_factors=4", "rank=4", "calibrated=false"];
    let few = [&few.map(|value| ["-p", value]).concat()[..], &["--folds", "2"]].concat();
    let rmse = |arguments: &[&str]| evaluate(&[&few[..], arguments].concat()).1["mean"]["rmse"].clone();
    let whole = rmse(&[]);
    assert_eq!(rmse(&["--data", "data"]), whole);
    assert_eq!(rmse(&["--ratings", "data/ratings.csv", "--movies", "data/movies.csv"]), whole);
    assert_ne!(rmse(&["--ratings", "data/ratings.csv"]), whole);
    let output = run(&[&["evaluate", "--ratings", "data/ratings.csv", "--algorithm", "mean"][..]].concat());
    let printed = String::from_utf8(output.stderr).unwrap();
    assert!(printed.contains("evaluating without movies") && printed.contains("--data"), "{printed}");
}

#[test]
fn movies_outside_of_the_catalogue_are_reported_and_not_tested_on() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let ratings = "userId,movieId,rating\n1,10,4\n1,20,4\n2,10,4\n2,20,4\n3,99,1\n3,10,4\n";
    std::fs::write(folder.path().join("ratings.csv"), ratings).unwrap();
    std::fs::write(folder.path().join("movies.csv"), "movieId,title\n10,Ten\n20,Twenty\n").unwrap();
    let (printed, report) = evaluate(&["--data", data, "--algorithm", "mean", "--folds", "6"]);
    assert_eq!(report["unlisted_count"], 1);
    assert_eq!(report["folds"].as_array().unwrap().len(), 5, "the fold of movie 99 has nothing to test");
    assert!(printed.contains("1 rating was not tested on: its movie is not in the catalogue"), "{printed}");
}

#[test]
fn files_that_are_read_are_not_overwritten() {
    for option in ["--json", "--html"] {
        let error = fail(&["evaluate", "--algorithm", "mean", option, "data/ratings.csv"]);
        assert!(error.contains("would overwrite a file that the command reads"), "{error}");
        let error = fail(&["evaluate", "--algorithm", "mean", option, "no/such/folder/report"]);
        assert!(error.contains("there is no folder no/such/folder"), "{error}");
    }
}

#[test]
fn an_impossible_evaluation_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let ratings = folder.path().join("ratings.csv");
    std::fs::write(&ratings, "userId,movieId,rating\n1,10,1\n1,20,2\n").unwrap();
    let ratings = ratings.to_str().unwrap();
    for (arguments, named) in [
        (&["--split", "time"][..], "needs ratings with a column `timestamp`"),
        (&["--split", "global-time"], "--split global-time needs ratings with a column `timestamp`"),
        (&["--split", "visitors"], "no user has 6 ratings"),
        (&["--split", "visitors", "--learning-curve"], "leave out --learning-curve"),
        (&["--split", "cold-movies"], "nothing is left to test on"),
        (
            &["--algorithm", "svd", "--algorithm", "als", "-p", "n_factors=2"],
            "does not say which algorithm it is for",
        ),
        (&["--ranking", "--split", "time"], "cannot be used with"),
    ] {
        let error = fail(&[&["evaluate", "--ratings", ratings], arguments].concat());
        assert!(error.contains(named), "{arguments:?}: {error}");
    }
    std::fs::write(folder.path().join("ratings.csv"), "userId,movieId,rating\n1,10,1\n").unwrap();
    assert!(fail(&["evaluate", "--ratings", ratings]).contains("nothing is left to train on"));
}
