//! If the disk is full while a model is written, the old model is kept.

use std::path::Path;
use std::process::{Command, Output};

use matinee_model::Model;
use matinee_tests::{binary, events_folder};

/// A few ratings, and a model trained on them.
const RATINGS: &str = "userId,movieId,rating\n1,10,5\n1,20,1\n2,10,4\n2,30,3\n3,20,2\n3,30,4.5\n";
const MOVIES: &str = "movieId,title,genres\n10,Ten (2010),Drama\n20,Twenty (2020),Drama\n30,Thirty (2030),\n";
const SMALL: &str = r#""$MATINEE" train --data "$DATA" --algorithm mean --hold-out 0 --output "$MODEL""#;
/// 4 MB of factors.
const LARGE: &str = r#""$MATINEE" train --data "$LARGE_DATA" --algorithm svd -p n_factors=100 -p n_epochs=1 --hold-out 0 --output "$MODEL""#;

/// Runs a script that trains a small model and then fails to replace it with a large one.
fn run(folder: &Path, shell: &[&str], script: &str) -> Output {
    let data = folder.join("data");
    std::fs::create_dir_all(&data).unwrap();
    std::fs::write(data.join("ratings.csv"), RATINGS).unwrap();
    std::fs::write(data.join("movies.csv"), MOVIES).unwrap();
    Command::new(shell[0])
        .args(&shell[1..])
        .arg(script)
        .env("MATINEE", binary("matinee"))
        .env("DATA", &data)
        .env("LARGE_DATA", events_folder().with_file_name("data"))
        .env("MODEL", folder.join("model"))
        .env("SAVED", folder.join("saved"))
        .output()
        .unwrap()
}

fn assert_is_the_small_one(model: &Path) {
    assert_eq!(Model::open(model).unwrap().manifest().counts.ratings, 6);
    let mut names: Vec<String> = std::fs::read_dir(model)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["manifest.json", "model.safetensors", "movies.csv"], "nothing is left over");
}

/// Limits files to 1 MB; the limit applies to root too.
#[test]
fn a_write_that_fails_leaves_the_old_model() {
    let folder = tempfile::tempdir().unwrap();
    let script = format!("{SMALL} && ulimit -f 1024 && trap '' XFSZ && {LARGE}");
    let output = run(folder.path(), &["bash", "-c"], &script);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && told.contains("model.safetensors"), "{told}");
    assert_is_the_small_one(&folder.path().join("model"));
    let left: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

/// The folder of the model is a file system of 3 MB, like a mounted volume. If mounting is not allowed, it passes.
#[cfg(target_os = "linux")]
#[test]
fn a_full_volume_keeps_the_old_model() {
    let may_mount = ["--map-root-user", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"];
    if !Command::new("unshare").args(may_mount).output().is_ok_and(|output| output.status.success()) {
        eprintln!("nothing may be mounted here");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("model")).unwrap();
    let script = format!(
        r#"mount -t tmpfs -o size=3m tmpfs "$MODEL" && {SMALL} && {{ {LARGE}; code=$?; cp -r "$MODEL" "$SAVED"; exit $code; }}"#
    );
    let shell = ["unshare", "--map-root-user", "--mount", "bash", "-c"];
    let output = run(folder.path(), &shell, &script);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && told.contains("No space left"), "{told}");
    assert_is_the_small_one(&folder.path().join("saved"));
}
