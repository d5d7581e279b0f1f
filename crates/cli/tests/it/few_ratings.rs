//! Very few ratings, and ratings whose ids do not match the catalogue.

use std::path::Path;

use crate::support::{fail, run, succeed};

const MOVIES: &str =
    "movieId,title,genres\n1,Alpha (1995),Drama\n2,Beta (1996),Comedy\n3,Gamma,\n4,Nothing,\n";

fn data(folder: &Path, ratings: &str, movies: &str) -> String {
    std::fs::write(folder.join("ratings.csv"), format!("userId,movieId,rating\n{ratings}")).unwrap();
    std::fs::write(folder.join("movies.csv"), movies).unwrap();
    folder.to_str().unwrap().to_owned()
}

#[test]
fn three_ratings_train_a_model_that_predicts_near_their_mean() {
    let folder = tempfile::tempdir().unwrap();
    let data = data(folder.path(), "1,1,4\n2,2,4\n3,3,5\n", MOVIES);
    let model = folder.path().join("model").to_str().unwrap().to_owned();
    for seed in ["0", "1", "2"] {
        let printed = succeed(&["train", "--data", &data, "--output", &model, "--seed", seed]);
        assert!(
            printed.contains("not measured: a hold-out of 0.1 of the 3 ratings would be empty"),
            "{printed}"
        );
        for (user, movie) in
            [("1", "1"), ("3", "3"), ("nobody", "1"), ("nobody", "3"), ("nobody", "4"), ("2", "4")]
        {
            let answer = succeed(&["predict", "--model", &model, "--user", user, "--movie", movie]);
            let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
            let score = answer["score"].as_f64().unwrap();
            assert!((score - 4.33).abs() < 0.35, "seed {seed}: {answer}");
        }
    }
}

#[test]
fn one_rating_trains_a_model_by_every_algorithm() {
    let folder = tempfile::tempdir().unwrap();
    let data = data(folder.path(), "1,1,4\n", MOVIES);
    let model = folder.path().join("model").to_str().unwrap().to_owned();
    for algorithm in ["bayes", "vb", "svd", "svdpp", "als", "bias", "mean"] {
        succeed(&["train", "--data", &data, "--output", &model, "--algorithm", algorithm]);
        let answer = succeed(&["predict", "--model", &model, "--user", "nobody", "--movie", "4"]);
        assert!(
            answer.contains(r#""predicted_rating":4.0"#) || answer.contains(r#""predicted_rating":3.9"#),
            "{algorithm}: {answer}"
        );
    }
    let error = fail(&["evaluate", "--data", &data]);
    assert!(error.contains("evaluation needs at least 2 ratings") && !error.contains("folds"), "{error}");
    let points = folder.path().join("points.csv");
    let error = fail(&["tune", "--data", &data, "--output", &model, "--csv", points.to_str().unwrap()]);
    assert!(error.contains("tuning needs at least 2 ratings") && !error.contains("rate"), "{error}");
}

#[test]
fn a_time_budget_chooses_the_algorithm() {
    let folder = tempfile::tempdir().unwrap();
    let data = data(folder.path(), "1,1,4\n2,2,4\n3,3,5\n", MOVIES);
    let model = folder.path().join("model").to_str().unwrap().to_owned();
    let within = |budget| succeed(&["train", "--data", &data, "--output", &model, "--time-budget", budget]);
    let printed = within("10h");
    assert!(printed.contains(": bayes, 3 ratings"), "{printed}");
    let printed = within("1ms");
    assert!(printed.contains("wrote model") && !printed.contains(": bayes, 3 ratings"), "{printed}");
}

#[test]
fn an_evaluation_has_no_more_folds_than_ratings() {
    let folder = tempfile::tempdir().unwrap();
    let data = data(folder.path(), "1,1,4\n2,2,4\n3,3,5\n", MOVIES);
    let error = fail(&["evaluate", "--data", &data, "--algorithm", "mean", "--folds", "100"]);
    assert!(
        error.contains("--folds 100: there are 3 ratings") && error.contains("at most 3 folds"),
        "{error}"
    );
    succeed(&["evaluate", "--data", &data, "--algorithm", "mean", "--folds", "3"]);
}

#[test]
fn ids_that_do_not_match_the_catalogue_are_refused_with_an_example_of_both() {
    for (rated, listed, cause) in [
        (["1.0", "2.0"], ["1", "2"], "the ids of the ratings have a fraction"),
        (["0001", "0002"], ["1", "2"], "the ids of the ratings have leading zeros"),
        (["tt0000001", "tt0000002"], ["1", "2"], "the ids of the ratings have the prefix of IMDb ids"),
        (["1", "2"], ["x", "y"], "use the catalogue that belongs to these ratings"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let ratings = rated.map(|id| format!("1,{id},4\n2,{id},5\n")).concat();
        let movies = listed.map(|id| format!("{id},Title {id}\n")).concat();
        let data = data(folder.path(), &ratings, &format!("movieId,title\n{movies}"));
        let checked = run(&["check", &data]);
        let printed = String::from_utf8(checked.stdout).unwrap();
        assert_eq!(checked.status.code(), Some(1));
        assert!(printed.contains("4 of 4 ratings are of movies that are not in the catalogue"), "{printed}");
        assert!(
            printed.contains(&format!("the ratings have `{}`, the catalogue has `{}`", rated[0], listed[0])),
            "{printed}"
        );
        assert!(
            printed.contains(cause) && printed.contains("faults: 1"),
            "one cause is one fault: {printed}"
        );
        assert!(printed.contains("`matinee train` refuses these files"), "{printed}");
        let model = folder.path().join("model");
        let error = fail(&["train", "--data", &data, "--output", model.to_str().unwrap()]);
        assert!(error.contains(cause) && !model.exists(), "{error}");
    }
}

#[test]
fn a_catalogue_that_lacks_some_movies_is_accepted_and_reported() {
    let folder = tempfile::tempdir().unwrap();
    let data = data(folder.path(), "1,1,4\n2,1,5\n1,2,3\n2,9,1\n", MOVIES);
    let model = folder.path().join("model").to_str().unwrap().to_owned();
    let printed = succeed(&["train", "--data", &data, "--output", &model, "--algorithm", "bias"]);
    assert!(printed.contains("1 of 4 ratings are of movies that are not in the catalogue"), "{printed}");
}
