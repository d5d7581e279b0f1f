//! `matinee check`.

use crate::support::{fail, run, succeed};

const MOVIES: &str = "movieId,title\n10,Ten\n";

fn checked(ratings: &str) -> (bool, String) {
    let data = tempfile::tempdir().unwrap();
    std::fs::write(data.path().join("ratings.csv"), ratings).unwrap();
    std::fs::write(data.path().join("movies.csv"), MOVIES).unwrap();
    let output = run(&["check", data.path().to_str().unwrap()]);
    (output.status.success(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn the_data_of_the_repository_have_no_faults() {
    let printed = succeed(&["check", "data"]);
    assert!(
        printed.contains("100004 ratings of 9066 movies by 671 users") && printed.contains("faults: 0"),
        "{printed}"
    );
}

#[test]
fn faults_are_reported_and_fail() {
    let (passed, printed) = checked("userId,movieId,rating\n1,10,4\n2,10,6\n");
    assert!(!passed);
    assert!(
        printed.contains("rating off the scale: 1\n  ratings.csv:3: 6 is not on the scale 0.5..5"),
        "{printed}"
    );
    assert!(printed.contains("`matinee train` refuses these files"), "{printed}");
}

#[test]
fn faults_that_training_accepts_are_reported_too() {
    let (passed, printed) = checked("userId,movieId,rating\n1,10,4\n1,10,3\n1,99,3\n");
    assert!(!passed);
    assert!(printed.contains("ratings.csv:2: user 1, movie 10 is replaced"), "{printed}");
    assert!(printed.contains("ratings.csv:4: user 1, movie 99 has no entry"), "{printed}");
    assert!(printed.contains("`matinee train` accepts these files"), "{printed}");
}

#[test]
fn a_missing_file_is_named() {
    let data = tempfile::tempdir().unwrap();
    let error = fail(&["check", data.path().to_str().unwrap()]);
    assert!(error.contains("there is no ratings.csv in") && error.contains("it is empty"), "{error}");
}
