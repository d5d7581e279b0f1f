//! A model whose users are in `users.bin` answers as the same model in memory does, and damage is an error for the users
//! whom it concerns.

use std::fs;
use std::path::Path;

use matinee_model::artifact::{
    FORMAT_VERSION, Manifest, UsersFile, read_archive, write_folder, write_folder_with,
};
use matinee_model::ranking::{RankingHead, Recency};
use matinee_model::{Factors, Filter, Ids, Model, MovieRow, TrainedUser, UserError, UserId};
use ndarray::{Array1, Array2};
use tempfile::TempDir;

use crate::lying_ranking::ease;
use crate::sample;

/// So many that there are several blocks.
const USERS: usize = 4_000;
const RANK: usize = 6;

fn wave(index: usize) -> f32 {
    (index as f32 * 0.37).sin()
}

/// The sample with many users, a ranking head whose signals fade, and a calibration.
pub fn write(folder: &Path, users_file: UsersFile) -> Manifest {
    let factors = Factors {
        mean: 3.5,
        user_biases: Array1::from_shape_fn(USERS, wave),
        movie_biases: Array1::from_shape_fn(3, wave),
        user_factors: Array2::from_shape_fn((USERS, RANK), |(row, k)| wave(row * RANK + k)),
        movie_factors: Array2::from_shape_fn((3, RANK), |(row, k)| wave(row * RANK + k + 1)),
    };
    let ids: Vec<String> = (0..USERS).map(|user| format!("user {user}")).collect();
    let ids = Ids::new(ids.iter().map(String::as_str));
    let (mut offsets, mut movies, mut values, mut order) = (vec![0], Vec::new(), Vec::new(), Vec::new());
    for user in 0..USERS {
        // Each user has rated one, two or all three movies.
        let rated: Vec<u32> = (0..3).filter(|movie| ((user % 7) & (1 << movie)) == 0).collect();
        let count = rated.len() as u32;
        order.extend((0..count).map(|place| (place + user as u32) % count));
        values.extend(rated.iter().map(|movie| 0.5 * (1 + (user + *movie as usize) % 10) as f32));
        movies.extend(rated);
        offsets.push(movies.len() as u32);
    }
    let (method, weights) = ease();
    let mut artifact = sample::artifact(&factors, &values);
    let recency = Some(Recency::new(0.5).unwrap());
    artifact.description.ranking_head = Some(RankingHead { recency, ..RankingHead::unmeasured(method) });
    artifact.description.calibration = Some(sample::calibration());
    (artifact.ranking, artifact.movie_spreads) = (Some(&weights), Some(sample::SPREADS.as_slice()));
    (artifact.user_ids, artifact.rated_order) = (&ids, Some(order.as_slice()));
    (artifact.rated_offsets, artifact.rated_movies) = (&offsets, &movies);
    write_folder_with(folder, &artifact, users_file).unwrap()
}

fn written(users_file: UsersFile) -> (TempDir, Model) {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("model"), users_file);
    let model = Model::open(&folder.path().join("model")).unwrap();
    (folder, model)
}

fn user(index: usize) -> UserId {
    format!("user {index}").into()
}

/// Everything that a model says to a user: what it knows of them, scores, and rank scores.
#[derive(Debug, PartialEq)]
struct Answers {
    user: Option<TrainedUser>,
    predicted: [(f32, bool); 3],
    ranked: Vec<(MovieRow, f32)>,
}

fn answers(model: &Model, id: &UserId) -> Answers {
    let user = model.find_user_here(id).unwrap();
    let predicted = ["2959", "50", "9"].map(|movie| {
        let prediction = model.predict(id, &movie.into()).unwrap();
        (prediction.score, prediction.known_user)
    });
    let filter = Filter { include_rated: true, ..Filter::default() };
    let ranked = user.clone().map_or_else(Vec::new, |user| model.user(user).recommend(&filter, 9, None));
    let ranked = ranked.iter().map(|found| (found.ranked.movie, found.ranked.score)).collect();
    Answers { user, predicted, ranked }
}

/// In byte order: before all users, between two of them, after all.
const NOBODY: [&str; 6] = ["", "user", "user 1x", "user 39999", "user 9999", "zoe"];

#[test]
fn every_user_gets_the_same_answers_from_memory_and_from_the_file() {
    let (_memory, memory) = written(UsersFile::Never);
    let (_stored, stored) = written(UsersFile::Always);
    assert_eq!((memory.manifest().format_version, stored.manifest().format_version), (1, FORMAT_VERSION));
    assert!(stored.user_ids().is_empty() && stored.user_block(&user(999)).unwrap() >= 3, "several blocks");
    let everybody = (0..USERS).map(user).chain(NOBODY.map(UserId::from));
    for id in everybody {
        assert_eq!(answers(&stored, &id), answers(&memory, &id), "{id}");
    }
    for movie in (0..3).map(MovieRow) {
        assert_eq!(stored.histogram(movie), memory.histogram(movie));
    }
    assert_eq!(stored.first_user(), memory.first_user());
}

#[test]
fn an_archive_may_contain_the_file() {
    let (folder, stored) = written(UsersFile::Always);
    let mut tar = tar::Builder::new(Vec::new());
    tar.append_dir_all(".", folder.path().join("model")).unwrap();
    let archived = Model::from_files(read_archive(tar.into_inner().unwrap().as_slice()).unwrap()).unwrap();
    for id in [user(0), user(1_234), user(3_999), "nobody".into()] {
        assert_eq!(answers(&archived, &id), answers(&stored, &id));
    }
    let mut tar = tar::Builder::new(Vec::new());
    for file in ["manifest.json", "model.safetensors", "movies.csv"] {
        tar.append_path_with_name(folder.path().join("model").join(file), file).unwrap();
    }
    let error = read_archive(tar.into_inner().unwrap().as_slice()).unwrap_err().to_string();
    assert!(error.contains("users.bin is missing"), "{error}");
}

#[test]
fn a_small_model_is_written_as_it_was_before() {
    let folder = tempfile::tempdir().unwrap();
    sample::write(&folder.path().join("model"));
    let released = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/released/format-1-plain/model");
    for file in ["model.safetensors", "movies.csv", "manifest.json"] {
        let [new, old] =
            [folder.path().join("model"), released.clone()].map(|path| fs::read(path.join(file)));
        assert_eq!(new.unwrap(), old.unwrap(), "{file}");
    }
}

#[test]
fn the_same_users_give_the_same_file() {
    let [one, other] = [(); 2].map(|()| written(UsersFile::Always).0);
    let [one, other] = [one, other].map(|folder| fs::read(folder.path().join("model/users.bin")).unwrap());
    assert_eq!(one, other);
}

#[test]
fn a_damaged_block_is_an_error_for_its_users_alone() {
    let (_memory, memory) = written(UsersFile::Never);
    let (folder, model) = written(UsersFile::Always);
    let path = folder.path().join("model/users.bin");
    let mut bytes = fs::read(&path).unwrap();
    // In the second block.
    bytes[100_000] ^= 1;
    fs::write(&path, bytes).unwrap();
    let (mut answered, mut refused) = (0, 0);
    for id in (0..USERS).map(user) {
        match (model.find_user_here(&id), model.user_block(&id)) {
            (Err(error), Some(1)) => {
                let expected = "users.bin, block 1: does not match its SHA-256; its users cannot be answered until the \
                                file is replaced by an undamaged copy, or the model is trained again";
                assert_eq!(error.to_string(), expected);
                refused += 1;
            }
            (found, Some(block)) if block != 1 => {
                assert_eq!(found.unwrap(), memory.find_user_here(&id).unwrap());
                answered += 1;
            }
            (found, block) => panic!("{id}: {found:?} in block {block:?}"),
        }
    }
    assert!(answered > 1_000 && refused > 500, "{answered} {refused}");
}

#[test]
fn a_file_that_is_cut_short_is_an_error_for_those_beyond_its_end() {
    let (folder, model) = written(UsersFile::Always);
    let file = fs::File::options().write(true).open(folder.path().join("model/users.bin")).unwrap();
    file.set_len(70_000).unwrap();
    assert!(model.find_user_here(&user(0)).unwrap().is_some());
    let error = model.find_user_here(&user(999)).unwrap_err();
    assert!(matches!(error, UserError::Unreadable(_)), "{error}");
    assert!(error.to_string().ends_with("try again, and check that the file is still there"), "{error}");
}

#[test]
fn a_model_that_is_replaced_goes_on_answering() {
    let (folder, model) = written(UsersFile::Always);
    let before = answers(&model, &user(2_000));
    write_folder(&folder.path().join("model"), &sample::artifact(&sample::factors(), &[4.0, 5.0, 1.5]))
        .unwrap();
    assert!(!folder.path().join("model/users.bin").exists(), "the new model is small");
    assert_eq!(answers(&model, &user(2_000)), before);
    write(&folder.path().join("model"), UsersFile::Always);
    assert_eq!(Model::open(&folder.path().join("model")).unwrap().manifest().format_version, 2);
}
