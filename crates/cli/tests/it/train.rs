//! `matinee train`, `predict` and `algorithms`.

use crate::support::{fail, run, succeed};

fn folder() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model").to_str().unwrap().to_owned();
    (folder, path)
}

#[test]
fn trains_prints_a_summary_and_predicts() {
    let (_folder, model) = folder();
    let printed =
        succeed(&["train", "--data", "data", "--output", &model, "--algorithm", "svd", "-p", "n_epochs=2"]);
    for part in ["wrote model", "100004 ratings", "hold-out of 9872 ratings: RMSE 0.", "matinee serve"] {
        assert!(printed.contains(part), "{part}: {printed}");
    }
    assert!(
        printed.contains("--user 1 --movie 356\n"),
        "the first user, and the most rated movie: {printed}"
    );
    let answer = succeed(&["predict", "--model", &model, "--user", "2", "--movie", "2959"]);
    assert_eq!(succeed(&["predict", "--model", &model, "--user", " 2 ", "--movie", " 2959\t"]), answer);
    for (user, movie, named) in [
        ("", "2959", "--user is empty"),
        ("2", "  ", "--movie is empty"),
        (&"x".repeat(257), "2959", "--user is longer than 256 bytes"),
    ] {
        let error = fail(&["predict", "--model", &model, "--user", user, "--movie", movie]);
        assert!(error.contains(named), "{error}");
    }
    assert!(answer.contains(r#""movie_title":"Fight Club (1999)""#), "{answer}");
    let error = fail(&["predict", "--model", &model, "--user", "2", "--movie", "none"]);
    assert!(error.contains("movie `none` is not in the catalogue"), "{error}");
}

#[test]
fn users_are_written_to_a_file_if_that_is_asked_for() {
    let (folder, model) = folder();
    let common = ["train", "--output", &model, "--algorithm", "bias", "--hold-out", "0"];
    let predict = ["predict", "--model", &model, "--user", "2", "--movie", "2959"];
    let score = || {
        let answer: serde_json::Value = serde_json::from_str(&succeed(&predict)).unwrap();
        answer["score"].as_f64().unwrap()
    };
    let users = folder.path().join("model/users.bin");
    succeed(&common);
    assert!(!users.exists(), "the model is small");
    let in_memory = score();
    succeed(&[common.as_slice(), &["--users-file", "always"]].concat());
    assert_eq!((users.exists(), score()), (true, in_memory));
}

#[test]
fn progress_is_printed_in_plain_lines() {
    let (_folder, model) = folder();
    let output =
        run(&["train", "--output", &model, "--algorithm", "svd", "-p", "n_epochs=2", "--hold-out", "0"]);
    let printed = String::from_utf8(output.stderr).unwrap();
    assert!(printed.contains("epoch 2: training RMSE 0."), "{printed}");
}

#[test]
fn the_same_seed_gives_the_same_version_on_any_number_of_threads() {
    let version = |arguments: &[&str]| {
        let (_folder, model) = folder();
        let common =
            ["train", "--output", &model, "-p", "n_burn_in=0", "-p", "n_samples=2", "--hold-out", "0"];
        let printed = succeed(&[common.as_slice(), arguments].concat());
        printed.split_whitespace().nth(2).unwrap().to_owned()
    };
    let one = version(&["--threads", "1"]);
    assert_eq!(one, version(&["--threads", "2"]));
    assert_ne!(one, version(&["--seed", "1"]));
}

/// A folder with the ratings of 50 users for those of 40 movies that `has` admits.
fn small_data(has: impl Fn(u32, u32) -> bool) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let pairs = (0..50_u32).flat_map(|user| (0..40_u32).map(move |movie| (user, movie)));
    let ratings = pairs
        .filter(|&(user, movie)| has(user, movie))
        .map(|(user, movie)| format!("{user},{movie},{}\n", 1 + (user % 3 + movie % 7) % 5));
    let movies = (0..40).map(|movie| format!("{movie},Movie {movie},Drama\n"));
    for (name, header, lines) in [
        ("ratings.csv", "userId,movieId,rating", ratings.collect::<String>()),
        ("movies.csv", "movieId,title,genres", movies.collect::<String>()),
    ] {
        std::fs::write(folder.path().join(name), format!("{header}\n{lines}")).unwrap();
    }
    folder
}

#[test]
fn a_model_is_compared_with_another_on_what_that_one_has_not_learned() {
    let (live_folder, next_folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let path = |folder: &tempfile::TempDir| folder.path().join("model").to_str().unwrap().to_owned();
    let (live, next) = (path(&live_folder), path(&next_folder));
    let train = |data: &tempfile::TempDir, output: &str, more: &[&str]| {
        let data = data.path().to_str().unwrap();
        succeed(&[&["train", "--data", data, "--output", output, "--algorithm", "bias"], more].concat())
    };
    let all = small_data(|_, _| true);
    train(&small_data(|user, movie| (user + movie) % 4 != 0), &live, &[]);
    let printed = train(&all, &next, &["--live", &live]);
    let compared = printed.lines().find(|line| line.contains("that came in since model")).unwrap();
    assert!(compared.contains("standard error"), "{compared}");
    let manifest = matinee_model::Model::open(std::path::Path::new(&next)).unwrap().manifest().clone();
    let compared = manifest.against_live.unwrap();
    assert_eq!(compared.came_in, 500);
    let errors = compared.errors.unwrap();
    assert!((errors.rmse - errors.live_rmse).abs() < 0.1, "{errors:?}");
    assert!(manifest.data_as_of.unwrap() <= manifest.created_at);

    let again = train(&all, &next, &["--live", &next]);
    assert!(again.contains("only 0 ratings came in since"), "it has learned all: {again}");
    let error = fail(&["train", "--output", &next, "--live", "no/such/model"]);
    assert!(error.contains("cannot compare with the model no/such/model"), "{error}");
}

#[test]
fn wrong_arguments_are_refused_by_name() {
    for (arguments, named) in [
        (
            vec!["-p", "n_epoch=2"],
            "unknown hyperparameter `n_epoch`; this algorithm has n_factors, n_burn_in",
        ),
        (
            vec!["-p", "n_factors=0"],
            "hyperparameter `n_factors` is `0`; it must be a whole number from 1 to 256",
        ),
        (vec!["-p", "n_factors"], "write NAME=VALUE"),
        (
            vec!["--algorithm", "magic"],
            "unknown algorithm `magic`; choose one of bayes, vb, svd, svdpp, als, bias, mean",
        ),
        (vec!["--hold-out", "1"], "--hold-out is 1"),
        (vec!["--hold-out", "0.999"], "--hold-out is 0.999; it must be at least 0 and at most 0.5"),
        (vec!["--threads", "0"], "--threads is 0"),
        (vec!["--threads", "70000"], "--threads is 70000; it must be at least 1 and at most 1024"),
        (vec!["--scale", "5..1"], "ascending order"),
        (vec!["--time-budget", "0s"], "write a time such as 90s, 10m or 2h"),
        (vec!["--time-budget", "ten"], "write a time such as 90s, 10m or 2h"),
        (vec!["--time-budget", "1h", "-p", "n_factors=8"], "cannot be used with"),
        (vec!["--data", "no/such/folder"], "there is no folder no/such/folder"),
    ] {
        let (_folder, model) = folder();
        let error = fail(&[&["train", "--output", &model], arguments.as_slice()].concat());
        assert!(error.contains(named), "{arguments:?}: {error}");
    }
}

#[test]
fn too_many_threads_are_refused_by_every_command() {
    for command in ["train", "tune", "evaluate"] {
        let error = fail(&[command, "--threads", "1025"]);
        assert!(error.contains("--threads is 1025"), "{command}: {error}");
    }
}

#[test]
fn data_that_cannot_be_trained_on_is_refused_with_its_faults() {
    let data = tempfile::tempdir().unwrap();
    std::fs::write(data.path().join("ratings.csv"), "userId,movieId,rating\n1,10,4\n1,20,ten\n").unwrap();
    std::fs::write(data.path().join("movies.csv"), "movieId,title\n10,Ten\n20,Twenty\n").unwrap();
    let (_folder, model) = folder();
    let error = fail(&["train", "--data", data.path().to_str().unwrap(), "--output", &model]);
    assert!(error.contains("ratings.csv:3: `ten` is not a number"), "{error}");
    assert!(error.contains("a model cannot be trained on this data"), "{error}");
    assert!(!std::path::Path::new(&model).exists());
}

#[test]
fn a_missing_model_is_an_error_with_a_remedy() {
    let error = fail(&["predict", "--model", "no/such/model", "--user", "2", "--movie", "2959"]);
    assert!(error.contains("no model at no/such/model") && error.contains("matinee train"), "{error}");
}

#[test]
fn algorithms_are_listed_with_their_hyperparameters() {
    let list = succeed(&["algorithms"]);
    for part in ["svd", "n_factors", "a whole number from 1 to 4096; default 100", "bias", "mean"] {
        assert!(list.contains(part), "{part}: {list}");
    }
}
