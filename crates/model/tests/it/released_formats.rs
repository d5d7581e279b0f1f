//! Artifacts of earlier releases still load, and give the same answers as then.
//!
//! `crates/model/tests/released/` has a folder for each form that a release has written. They are never changed: a new
//! form gets another folder, from `cargo test -p matinee-model -- --ignored write_the_format_of_this_release`.

use std::fs;
use std::path::{Path, PathBuf};

use matinee_model::artifact::{MODEL_FILE, UsersFile, sha256_hex, write_folder_with};
use matinee_model::{Filter, Model, MovieRow, Rated, UserId};
use serde_json::{Value, json};

use crate::lying_ranking::{ease, ials};
use crate::{recency, sample};

const ANSWERS: &str = "answers.json";

fn released() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/released")
}

/// The answers of a model for a known user, an unknown user, and a visitor.
fn answers(model: &Model) -> Value {
    let movies: Vec<String> = model.movie_ids().iter().map(str::to_owned).collect();
    let score = |user: &str, movie: &String| {
        let prediction = model.predict(&UserId::from(user), &movie.as_str().into()).unwrap();
        json!([user, movie, prediction.title, prediction.score, prediction.known_user, prediction.interval])
    };
    let predictions: Vec<Value> =
        ["2", "10", "nobody"].iter().flat_map(|user| movies.iter().map(|movie| score(user, movie))).collect();
    let visitor = model.visitor(vec![Rated { movie: MovieRow(0), rating: 5.0 }]);
    let recommended: Vec<Value> = visitor
        .recommend(&Filter::default(), 9, None)
        .iter()
        .map(|found| json!([found.movie.id, found.ranked.score]))
        .collect();
    json!({"version": model.manifest().version, "predictions": predictions, "recommended": recommended})
}

#[test]
fn what_a_release_wrote_still_answers_the_same() {
    let folders: Vec<PathBuf> =
        fs::read_dir(released()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(folders.len() >= 6, "{folders:?}");
    for folder in folders {
        let model = Model::open(&folder.join("model"))
            .unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let expected: Value = serde_json::from_slice(&fs::read(folder.join(ANSWERS)).unwrap()).unwrap();
        assert_eq!(answers(&model), expected, "{}", folder.display());
    }
}

#[test]
#[ignore = "writes the folders that are missing"]
fn write_the_format_of_this_release() {
    let write = |name: &str, write: &dyn Fn(&Path)| {
        let folder = released().join(name);
        if folder.exists() {
            return;
        }
        write(&folder.join("model"));
        let answers = answers(&Model::open(&folder.join("model")).unwrap());
        fs::write(folder.join(ANSWERS), serde_json::to_vec_pretty(&answers).unwrap()).unwrap();
    };
    write("format-1-plain", &|folder| drop(sample::write(folder)));
    write("format-1-ials", &|folder| drop(sample::write_ranked(folder, &ials())));
    write("format-1-ease-in-chunks", &|folder| {
        sample::write_ranked(folder, &ease());
        cut_into_chunks(folder);
    });
    write("format-1-ease-by-recency", &|folder| recency::write(folder, Some(1.0), Some(&[1, 0, 0])));
    write("format-1-calibrated", &|folder| drop(sample::write_calibrated(folder, &ease())));
    write("format-2-plain", &|folder| {
        let factors = sample::factors();
        let artifact = sample::artifact(&factors, &[4.0, 5.0, 1.5]);
        write_folder_with(folder, &artifact, UsersFile::Always).unwrap();
    });
}

/// As a large model has them.
fn cut_into_chunks(folder: &Path) {
    const LENGTH: usize = 256;
    let path = folder.join("manifest.json");
    let mut manifest: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let model = fs::read(folder.join(MODEL_FILE)).unwrap();
    let sums: Vec<String> = model.chunks(LENGTH).map(sha256_hex).collect();
    manifest["files"][MODEL_FILE]["chunks"] = json!({"length": LENGTH, "sha256": sums});
    fs::write(path, serde_json::to_vec_pretty(&manifest).unwrap()).unwrap();
}
