//! The ways in which a `users.bin` and its index can lie. A lie in the index is found when the model is loaded; one in a
//! block, when a user of that block is asked for.

use std::fs;

use matinee_model::artifact::{ArtifactError, FileDigest, MODEL_FILE, USERS_FILE, sha256_hex};
use matinee_model::{Model, UserError};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::lying_artifact::Forgery;

/// The offsets of the blocks.
fn offsets(forgery: &Forgery) -> Vec<u64> {
    let mut offsets = Vec::new();
    forgery.edit_tensors(|header, data| {
        let place = &header["block_offsets"]["data_offsets"];
        let [start, end] = [0, 1].map(|side| place[side].as_u64().unwrap() as usize);
        offsets = data[start..end].chunks(8).map(|end| u64::from_le_bytes(end.try_into().unwrap())).collect();
    });
    offsets
}

/// Changes header and data of the first block, which keeps its length, and adjusts its sum.
fn forge_block(edit: impl FnOnce(&mut Value, &mut [u8])) -> Forgery {
    let forgery = Forgery::with_users_file();
    let end = offsets(&forgery)[1] as usize;
    let mut file = fs::read(forgery.path(USERS_FILE)).unwrap();
    let length = u64::from_le_bytes(file[..8].try_into().unwrap()) as usize;
    let mut header: Value = serde_json::from_slice(&file[8..8 + length]).unwrap();
    edit(&mut header, &mut file[8 + length..end]);
    let header = serde_json::to_vec(&header).unwrap();
    file[8..8 + length].fill(b' ');
    file[8..8 + header.len()].copy_from_slice(&header);
    fs::write(forgery.path(USERS_FILE), &file).unwrap();
    forgery.overwrite("block_sha256", &Sha256::digest(&file[..end]));
    forgery
}

/// Overwrites the first bytes of a tensor of the first block.
fn overwrite(tensor: &str, bytes: &[u8]) -> Forgery {
    forge_block(|header, data| {
        let start = header[tensor]["data_offsets"][0].as_u64().unwrap() as usize;
        data[start..start + bytes.len()].copy_from_slice(bytes);
    })
}

/// The model opens. The users of the first block get this error, and others an answer.
fn first_block_says(forgery: &Forgery, expected: &str) {
    let model = Model::open(&forgery.path("")).unwrap();
    let error = model.find_user_here(&"user 0".into()).unwrap_err();
    assert!(matches!(error, UserError::Damaged { block: 0, .. }), "{error}");
    assert!(error.to_string().contains(expected), "expected `{expected}` in `{error}`");
    assert!(model.find_user_here(&"user 999".into()).unwrap().is_some());
}

#[test]
fn the_unforged_file_is_read() {
    let forgery = forge_block(|_, _| ());
    let model = Model::open(&forgery.path("")).unwrap();
    assert!(model.find_user_here(&"user 0".into()).unwrap().is_some());
}

#[test]
fn the_file_is_missing_or_of_another_length() {
    let forgery = Forgery::with_users_file();
    let bytes = fs::read(forgery.path(USERS_FILE)).unwrap();
    fs::write(forgery.path(USERS_FILE), &bytes[1..]).unwrap();
    assert!(matches!(forgery.open(), ArtifactError::Length { file: USERS_FILE, .. }));
    fs::remove_file(forgery.path(USERS_FILE)).unwrap();
    assert!(matches!(forgery.open(), ArtifactError::Missing { file: USERS_FILE, .. }));
    forgery.edit_manifest(|manifest| drop(manifest["files"].as_object_mut().unwrap().remove(USERS_FILE)));
    forgery.says("`files` has no entry for users.bin");
}

#[test]
fn the_version_of_the_format_is_that_of_the_other_form() {
    let forgery = Forgery::with_users_file();
    forgery.edit_manifest(|manifest| manifest["format_version"] = 1.into());
    forgery.says("tensor `user_biases`: is missing");
    let forgery = Forgery::new();
    fs::write(forgery.path(USERS_FILE), b"").unwrap();
    forgery.edit_manifest(|manifest| {
        manifest["format_version"] = 2.into();
        manifest["files"][USERS_FILE] = serde_json::to_value(FileDigest::of(b"")).unwrap();
    });
    forgery.says("tensor `block_sha256`: is missing");
}

#[test]
fn offsets_do_not_cover_the_file() {
    let ends = offsets(&Forgery::with_users_file());
    let last = ends.len() - 1;
    for (place, offset) in [(0, 8), (last, ends[last] - 8), (last, ends[last] + 8), (last, u64::MAX)] {
        let forgery = Forgery::with_users_file();
        forgery.overwrite_at("block_offsets", place * 8, &offset.to_le_bytes());
        forgery.says("tensor `block_offsets`: offsets do not run from 0 to the length of users.bin");
    }
}

#[test]
fn blocks_overlap_or_are_empty() {
    let ends = offsets(&Forgery::with_users_file());
    for offset in [0, ends[2], ends[2] + 1, u64::MAX] {
        let forgery = Forgery::with_users_file();
        forgery.overwrite_at("block_offsets", 8, &offset.to_le_bytes());
        forgery.says("tensor `block_offsets`: a block is empty, or overlaps the next one");
    }
}

#[test]
fn a_block_is_absurdly_long() {
    let forgery = Forgery::with_users_file();
    let last = offsets(&forgery).len() - 1;
    let length = 128_u64 << 20;
    fs::File::options().write(true).open(forgery.path(USERS_FILE)).unwrap().set_len(length).unwrap();
    forgery.overwrite_at("block_offsets", last * 8, &length.to_le_bytes());
    forgery.edit_manifest(|manifest| manifest["files"][USERS_FILE]["length"] = length.into());
    forgery.says("tensor `block_offsets`: a block is longer than a block may be");
}

#[test]
fn an_offset_points_into_a_block() {
    let forgery = Forgery::with_users_file();
    let end = offsets(&forgery)[1] - 1;
    forgery.overwrite_at("block_offsets", 8, &end.to_le_bytes());
    first_block_says(&forgery, "does not match its SHA-256");
    let sum = Sha256::digest(&fs::read(forgery.path(USERS_FILE)).unwrap()[..end as usize]);
    forgery.overwrite("block_sha256", &sum);
    let model = Model::open(&forgery.path("")).unwrap();
    let error = model.find_user_here(&"user 0".into()).unwrap_err();
    assert!(matches!(error, UserError::Damaged { block: 0, .. }), "{error}");
}

#[test]
fn a_sum_is_wrong() {
    let forgery = Forgery::with_users_file();
    forgery.overwrite("block_sha256", &[0]);
    first_block_says(&forgery, "does not match its SHA-256");
}

#[test]
fn first_ids_are_not_ascending() {
    let forgery = Forgery::with_users_file();
    forgery.overwrite("block_first_ids", b"zoe");
    forgery.says("tensor `block_first_ids`: id 1 is empty or not in ascending byte order");
}

#[test]
fn there_are_more_blocks_than_users() {
    let forgery = Forgery::with_users_file();
    forgery.edit_manifest(|manifest| manifest["counts"]["users"] = 1.into());
    forgery.says("tensor `block_offsets`: there are more blocks than users, or none");
}

#[test]
fn ids_in_a_block_are_not_ascending() {
    first_block_says(&overwrite("user_ids", b"zoe"), "tensor `user_ids`: id 1 is empty or not in");
}

#[test]
fn a_block_contains_users_of_another_one() {
    // Its last user sorts after the first of the next block.
    let moved = forge_block(|header, data| {
        let end = header["user_ids"]["data_offsets"][1].as_u64().unwrap() as usize;
        data[end - 9..end].copy_from_slice(b"user 9999");
    });
    first_block_says(&moved, "contains users of another block");
    // Its first user is not the one in the index.
    let forgery = Forgery::with_users_file();
    forgery.overwrite("block_first_ids", b"user /");
    first_block_says_for(&forgery, "user 0", "contains users of another block");
}

fn first_block_says_for(forgery: &Forgery, user: &str, expected: &str) {
    let error = Model::open(&forgery.path("")).unwrap().find_user_here(&user.into()).unwrap_err();
    assert!(error.to_string().contains(expected), "expected `{expected}` in `{error}`");
}

#[test]
fn numbers_in_a_block_are_wrong() {
    first_block_says(
        &overwrite("user_biases", &f32::NAN.to_le_bytes()),
        "tensor `user_biases`: holds a number that is",
    );
    first_block_says(
        &overwrite("rated_movies", &3_u32.to_le_bytes()),
        "tensor `rated_movies`: the movies of a row",
    );
    first_block_says(
        &overwrite("rated_offsets", &1_u32.to_le_bytes()),
        "tensor `rated_offsets`: offsets do not",
    );
    first_block_says(
        &overwrite("rated_order", &9_u16.to_le_bytes()),
        "tensor `rated_order`: the positions of a",
    );
    first_block_says(
        &overwrite("user_id_offsets", &9_u32.to_le_bytes()),
        "tensor `user_ids`: offsets do not run",
    );
}

#[test]
fn a_block_has_other_tensors() {
    let another = forge_block(|header, _| {
        let tensor = header.as_object_mut().unwrap().remove("user_biases").unwrap();
        header["user_bias"] = tensor;
    });
    first_block_says(&another, "tensor `user_biases`: is missing");
    let shape = forge_block(|header, _| {
        let count = header["user_factors"]["shape"][0].as_u64().unwrap();
        header["user_factors"]["shape"] = json!([count * 2, 3]);
    });
    first_block_says(&shape, "tensor `user_factors`: is F32");
}

#[test]
fn a_block_is_no_file_of_tensors() {
    let forgery = Forgery::with_users_file();
    let end = offsets(&forgery)[1] as usize;
    let mut file = fs::read(forgery.path(USERS_FILE)).unwrap();
    file[..8].copy_from_slice(&u64::MAX.to_le_bytes());
    fs::write(forgery.path(USERS_FILE), &file).unwrap();
    forgery.overwrite("block_sha256", &Sha256::digest(&file[..end]));
    first_block_says(&forgery, "the header claims");
}

#[test]
fn histograms_do_not_sum() {
    let forgery = Forgery::with_users_file();
    forgery.overwrite("movie_histograms", &7_000_u32.to_le_bytes());
    forgery.says("tensor `movie_histograms`: the histograms do not sum to the rating counts");
}

#[test]
fn the_index_is_covered_by_the_version() {
    let forgery = Forgery::with_users_file();
    let before = Model::open(&forgery.path("")).unwrap().manifest().version.clone();
    forgery.overwrite("block_sha256", &[0]);
    let model = Model::open(&forgery.path("")).unwrap();
    assert_ne!(model.manifest().version, before);
    assert_eq!(
        model.manifest().digest(MODEL_FILE).unwrap().sha256,
        sha256_hex(&fs::read(forgery.path(MODEL_FILE)).unwrap())
    );
}
