//! No command overwrites files that Matinee did not write.

use std::path::Path;

use crate::support::{fail, matinee, root, run, succeed};

const RATINGS: &str = "userId,movieId,rating\n1,10,4\n1,20,2\n2,10,5\n2,20,3\n3,10,4\n";
const MOVIES: &str = "movieId,title\n10,Ten\n20,Twenty\n";

fn data(folder: &Path) -> String {
    std::fs::create_dir_all(folder).unwrap();
    std::fs::write(folder.join("ratings.csv"), RATINGS).unwrap();
    std::fs::write(folder.join("movies.csv"), MOVIES).unwrap();
    folder.to_str().unwrap().to_owned()
}

/// Somebody's web app.
fn site(folder: &Path) -> String {
    std::fs::create_dir_all(folder.join("src")).unwrap();
    std::fs::write(folder.join("manifest.json"), r#"{"name":"my web app"}"#).unwrap();
    std::fs::write(folder.join("src/app.js"), "app").unwrap();
    folder.to_str().unwrap().to_owned()
}

#[track_caller]
fn assert_untouched(site: &str) {
    let content = |name: &str| std::fs::read_to_string(Path::new(site).join(name)).unwrap();
    assert_eq!(
        (content("manifest.json").as_str(), content("src/app.js").as_str()),
        (r#"{"name":"my web app"}"#, "app")
    );
    assert_eq!(std::fs::read_dir(site).unwrap().count(), 2);
}

#[test]
fn a_folder_with_other_files_is_refused_before_training() {
    let folder = tempfile::tempdir().unwrap();
    let data = data(&folder.path().join("data"));
    let site = site(&folder.path().join("site"));
    let points = folder.path().join("points.csv");
    for arguments in [
        vec!["train", "--data", &data, "--output", &site],
        vec!["tune", "--data", &data, "--output", &site, "--folds", "2", "--csv", points.to_str().unwrap()],
        vec!["tune", "--data", &data, "--output", &site, "--force", "--csv", points.to_str().unwrap()],
    ] {
        let output = run(&arguments);
        let printed = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(printed.contains("site holds src, which matinee did not write; choose a new"), "{printed}");
        assert!(!printed.contains("epoch") && !printed.contains("fit 1") && !points.exists(), "{printed}");
        assert_untouched(&site);
    }
    let error = fail(&["up", "--port", "0", "--data", &data, "--model", &site]);
    assert!(error.contains("move this folder away"), "{error}");
    assert_untouched(&site);
}

#[test]
fn a_model_does_not_replace_the_ratings() {
    let folder = tempfile::tempdir().unwrap();
    let project = folder.path().to_str().unwrap();
    succeed(&[
        "train",
        "--algorithm",
        "mean",
        "--data",
        &data(&folder.path().join("elsewhere")),
        "--output",
        &format!("{project}/p"),
    ]);
    let data = data(&folder.path().join("p/data"));
    for (output, named) in [
        (format!("{project}/p"), "holds data, which matinee did not write"),
        (data.clone(), "holds ratings.csv, which matinee did not write"),
        (format!("{data}/ratings.csv"), "ratings.csv is a file, and a model is a folder"),
        (project.to_owned(), "holds elsewhere, p, which matinee did not write"),
    ] {
        let error = fail(&["train", "--algorithm", "mean", "--data", &data, "--output", &output]);
        assert!(error.contains(named), "{output}: {error}");
        assert_eq!(std::fs::read_to_string(Path::new(&data).join("ratings.csv")).unwrap(), RATINGS);
        assert_eq!(std::fs::read_to_string(Path::new(&data).join("movies.csv")).unwrap(), MOVIES);
    }
    // A model in a subfolder of the data replaces nothing.
    for _ in 0..2 {
        let output = matinee()
            .current_dir(&data)
            .args(["train", "--algorithm", "mean", "--data", "."])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert_eq!(std::fs::read_dir(&data).unwrap().count(), 3);
}

#[test]
fn the_default_file_of_points_is_not_overwritten_if_it_is_something_else() {
    let folder = tempfile::tempdir().unwrap();
    let data = data(&folder.path().join("data"));
    let points = folder.path().join("tuning.csv");
    let tune = |arguments: &[&str]| {
        let common = ["tune", "--algorithm", "bias", "-p", "reg_u=1,4", "--folds", "2", "--data", &data];
        matinee().current_dir(&folder).args(common).args(arguments).output().unwrap()
    };
    std::fs::write(&points, "my,own,table\n").unwrap();
    let refused = String::from_utf8(tune(&[]).stderr).unwrap();
    assert!(
        refused.contains("tuning.csv was not written by an earlier tuning; name another file with --csv"),
        "{refused}"
    );
    assert_eq!(std::fs::read_to_string(&points).unwrap(), "my,own,table\n");
    let ratings = Path::new(&data).join("ratings.csv");
    let refused = String::from_utf8(tune(&["--csv", ratings.to_str().unwrap()]).stderr).unwrap();
    assert!(refused.contains("would overwrite a file that the command reads"), "{refused}");

    std::fs::remove_file(&points).unwrap();
    for _ in 0..2 {
        assert!(tune(&[]).status.success());
        assert!(std::fs::read_to_string(&points).unwrap().starts_with("rank,status,folds"));
    }
}

#[cfg(not(feature = "aws"))]
#[test]
fn a_build_without_aws_says_how_to_get_it() {
    for arguments in
        [&["aws", "doctor"][..], &["aws"], &["aws", "--help"], &["aws", "upload", "--bucket", "b", "x"]]
    {
        let error = fail(arguments);
        assert!(error.contains("--features aws"), "{error}");
    }
    assert!(succeed(&["--help"]).contains("not in this build"));
}

#[test]
fn every_command_that_is_suggested_works() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("my data");
    std::fs::create_dir(&data).unwrap();
    std::fs::write(
        data.join("ratings.csv"),
        "userId,movieId,rating\nit's me,a b,4\nit's me,c,2\n\"-5\",a b,5\n",
    )
    .unwrap();
    std::fs::write(data.join("movies.csv"), "movieId,title\na b,Ten\nc,Twenty\n").unwrap();
    let output = matinee()
        .current_dir(&folder)
        .args(["train", "--data", "my data", "--output", "my model"])
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let suggested = printed.lines().find_map(|line| line.trim().strip_prefix("matinee predict ")).unwrap();
    let script = format!("{} predict {suggested}", env!("CARGO_BIN_EXE_matinee"));
    let answer =
        std::process::Command::new("sh").args(["-c", &script]).current_dir(&folder).output().unwrap();
    let answer = String::from_utf8(answer.stdout).unwrap();
    assert!(answer.contains(r#""known_user":true,"known_movie":true"#), "{suggested}: {answer}");
    assert!(root().join("data").is_dir());
}
