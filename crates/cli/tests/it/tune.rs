//! `matinee tune`: says what it tunes, compares the result with the existing model, and keeps the better one.

use std::path::Path;
use std::process::Output;

use matinee_model::Model;

use crate::support::{matinee, root, succeed};

fn tune(folder: &Path, arguments: &[&str]) -> Output {
    let data = root().join("data");
    let common = ["tune", "--data", data.to_str().unwrap(), "--folds", "2"];
    matinee().current_dir(folder).args(common).args(arguments).output().unwrap()
}

fn printed(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The RMSE in the line with `words`.
fn rmse(printed: &str, words: &str) -> f64 {
    let line = printed
        .lines()
        .find(|line| line.contains(words))
        .unwrap_or_else(|| panic!("no `{words}`: {printed}"));
    line.split_whitespace().next().unwrap().parse().unwrap()
}

#[test]
fn a_better_model_is_kept_without_force() {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("model");
    let data = root().join("data");
    succeed(&[
        "train",
        "--data",
        data.to_str().unwrap(),
        "--output",
        model.to_str().unwrap(),
        "--algorithm",
        "bias",
    ]);
    let before = Model::open(&model).unwrap().manifest().clone();

    let svd = [
        "--algorithm",
        "svd",
        "-p",
        "n_factors=4",
        "-p",
        "n_epochs=1",
        "-p",
        "lr_all=0.001",
        "-p",
        "reg_all=0.02",
    ];
    let output = tune(folder.path(), &svd);
    let kept = printed(&output);
    assert!(kept.starts_with("tuning svd: 1 points, 2 folds\n"), "{kept}");
    let [best, plain, there] = [
        "the best point: svd",
        "bayes with its defaults, which is better",
        "the model in the folder: bias with its defaults",
    ]
    .map(|words| rmse(&kept, words));
    assert!(plain < there && there < best, "{kept}");
    assert!(
        kept.contains(&format!(
            "model is kept: its RMSE of {there:.4} is lower than the best point's {best:.4}"
        )),
        "{kept}"
    );
    assert_eq!(Model::open(&model).unwrap().manifest(), &before);
    let progress = String::from_utf8(output.stderr).unwrap();
    assert!(progress.contains("fit 1 of 1: RMSE") && progress.contains("fit 4 of 4: RMSE"), "{progress}");

    printed(&tune(folder.path(), &[&svd[..], &["--force"]].concat()));
    assert_eq!(Model::open(&model).unwrap().manifest().algorithm, "svd");
    let replaced = printed(&tune(folder.path(), &["--algorithm", "bias", "-p", "reg_u=4,8"]));
    assert!(
        replaced.contains("the model in the folder: svd lr_all=0.001 n_epochs=1 n_factors=4"),
        "{replaced}"
    );
    assert_eq!(Model::open(&model).unwrap().manifest().algorithm, "bias");
}

#[test]
fn the_default_algorithm_is_tuned_and_compared_with_its_defaults() {
    let folder = tempfile::tempdir().unwrap();
    let few =
        ["-p", "n_burn_in=1", "-p", "n_samples=2", "-p", "n_chains=8", "-p", "n_factors=4,8", "-p", "rank=8"];
    let printed = printed(&tune(folder.path(), &few));
    assert!(printed.starts_with("tuning bayes: 2 points, 2 folds\n"), "{printed}");
    assert!(rmse(&printed, "the best point: bayes") > rmse(&printed, "bayes with its defaults"), "{printed}");
    assert_eq!(Model::open(&folder.path().join("model")).unwrap().manifest().algorithm, "bayes");
}

#[test]
fn more_folds_than_ratings_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("ratings.csv"), "userId,movieId,rating\n1,1,4\n2,2,4\n3,3,5\n")
        .unwrap();
    std::fs::write(folder.path().join("movies.csv"), "movieId,title\n1,One\n2,Two\n3,Three\n").unwrap();
    let tune = |folds: &str| {
        let arguments = [
            "tune",
            "--data",
            ".",
            "--algorithm",
            "bias",
            "-p",
            "reg_u=1e6",
            "-p",
            "reg_i=1e6",
            "--folds",
            folds,
        ];
        matinee().current_dir(&folder).args(arguments).output().unwrap()
    };
    let refused = String::from_utf8(tune("5").stderr).unwrap();
    assert!(
        refused.contains("--folds 5: 5 folds of 3 ratings: some would be empty; use at most 3 folds"),
        "{refused}"
    );
    // Each rating is predicted by the mean of the two others, with errors of 0.5, 0.5 and 1.
    assert!((rmse(&printed(&tune("3")), "the best point") - 2.0 / 3.0).abs() < 1e-3);
}

#[test]
fn a_model_of_other_data_is_kept_without_force() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let few = "1,1,4\n1,2,2\n2,1,5\n2,2,3\n";
    for (name, ratings) in
        [("few", few), ("more", &format!("{few}3,1,4\n")), ("wide", "1,1,9\n1,2,2\n2,1,10\n2,2,3\n")]
    {
        std::fs::create_dir(path(name)).unwrap();
        std::fs::write(path(name) + "/ratings.csv", format!("userId,movieId,rating\n{ratings}")).unwrap();
        std::fs::write(path(name) + "/movies.csv", "movieId,title\n1,One\n2,Two\n").unwrap();
    }
    for (data, scale, reason) in [
        ("wide", "1..10", "its ratings are on 1..10, and these on 0.5..5"),
        ("more", "0.5..5", "it was trained on 5 ratings, and here are 4"),
    ] {
        let model = path(&format!("model-{data}"));
        let learned =
            ["train", "--data", &path(data), "--scale", scale, "--output", &model, "--algorithm", "mean"];
        succeed(&[&learned[..], &["--hold-out", "0"]].concat());
        let before = Model::open(Path::new(&model)).unwrap().manifest().clone();
        let bias = [
            "tune",
            "--data",
            &path("few"),
            "--output",
            &model,
            "--folds",
            "2",
            "--algorithm",
            "bias",
            "-p",
            "reg_u=4",
        ];
        let tune =
            |more: &[&str]| matinee().current_dir(folder.path()).args(bias).args(more).output().unwrap();
        let kept = printed(&tune(&[]));
        assert!(kept.contains(&format!("it cannot be compared: {reason}")), "{kept}");
        assert_eq!(*Model::open(Path::new(&model)).unwrap().manifest(), before, "{data}");
        printed(&tune(&["--force"]));
        assert_eq!(Model::open(Path::new(&model)).unwrap().manifest().algorithm, "bias", "{data}");
    }
}
