//! The artifact as a `model.tar.gz`.

use std::fs;
use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use matinee_model::artifact::{ArtifactError, read_archive, read_archive_within, read_catalogue};
use matinee_model::{Model, MovieRow, UserRow};
use proptest::prelude::*;

use crate::sample;

fn entries() -> Vec<(String, Vec<u8>)> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model");
    sample::write(&path);
    ["manifest.json", "model.safetensors", "movies.csv"]
        .map(|name| (name.to_owned(), fs::read(path.join(name)).unwrap()))
        .into()
}

fn archive(entries: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (name, bytes) in entries {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, name, bytes.as_slice()).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap()
}

fn compressed(tar: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(tar).unwrap();
    gzip.finish().unwrap()
}

fn refused(archive: &[u8]) -> ArtifactError {
    read_archive(archive).map(Model::from_files).map_or_else(|error| error, |model| model.unwrap_err())
}

#[test]
fn reads_the_files_in_any_order_under_any_prefix() {
    let folder = tempfile::tempdir().unwrap();
    let mut entries = entries();
    for (prefix, rotation) in [("", 0), ("./", 1), ("", 2)] {
        entries.rotate_left(rotation);
        let mut named = entries.clone();
        named.insert(1, ("notes.txt".to_owned(), b"passed over".to_vec()));
        for (name, _) in &mut named {
            name.insert_str(0, prefix);
        }
        let path = folder.path().join("model.tar.gz");
        fs::write(&path, archive(&named)).unwrap();
        Model::open(&path).unwrap();
        assert_eq!(read_catalogue(&path).unwrap(), sample::catalogue());
    }
}

#[test]
fn a_model_in_a_folder_of_the_archive_is_read() {
    for folder in ["model/", "./model/", "opt/ml/model/"] {
        let mut named = entries();
        for (name, _) in &mut named {
            name.insert_str(0, folder);
        }
        read_archive(archive(&named).as_slice()).and_then(Model::from_files).unwrap();
    }
}

#[test]
fn the_model_at_the_top_is_preferred_and_two_folders_are_refused() {
    let top = entries();
    let in_folder = |folder: &str| -> Vec<(String, Vec<u8>)> {
        top.iter().map(|(name, _)| (format!("{folder}/{name}"), b"another".to_vec())).collect()
    };
    let length: u64 = top.iter().map(|(_, bytes)| bytes.len() as u64).sum();
    for all in [[top.clone(), in_folder("old")[1..].to_vec()], [in_folder("old")[1..].to_vec(), top.clone()]]
    {
        let archive = archive(&all.concat());
        read_archive_within(archive.as_slice(), length).and_then(Model::from_files).unwrap();
    }
    let renamed =
        |folder: &str| top.iter().map(|(name, bytes)| (format!("{folder}/{name}"), bytes.clone())).collect();
    let two: [Vec<(String, Vec<u8>)>; 2] = ["a", "b"].map(renamed);
    let error = refused(&archive(&two.concat())).to_string();
    assert!(error.contains("a model in a/ and another in b/"), "{error}");
}

#[test]
fn a_plain_tar_is_read() {
    let mut tar = Vec::new();
    GzDecoder::new(archive(&entries()).as_slice()).read_to_end(&mut tar).unwrap();
    read_archive(tar.as_slice()).and_then(Model::from_files).unwrap();
}

#[test]
fn other_files_are_described_with_what_to_use() {
    for (bytes, expected) in [
        (&b"PK\x03\x04...."[..], "it is a zip archive; unpack it"),
        (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        (b"{\"format_version\":1}", "use the folder that contains it"),
        (b"<html>AccessDenied</html>", "the answer of a server"),
        (b"", "it is empty"),
        (b"some bytes", "neither a tar archive nor compressed by gzip"),
    ] {
        let error = refused(bytes).to_string();
        assert!(error.contains(expected), "{error}");
    }
    let error = refused(&archive(&[("README.md".to_owned(), b"x".to_vec())])).to_string();
    assert!(error.contains("manifest.json is missing") && error.contains("it contains README.md"), "{error}");
}

#[test]
fn an_error_names_a_file_that_is_not_an_archive() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    fs::write(&path, "some bytes").unwrap();
    let error = Model::open(&path).unwrap_err().to_string();
    assert!(error.starts_with(path.to_str().unwrap()) && !error.starts_with("model.tar.gz"), "{error}");
}

#[test]
fn another_folder_is_suggested_if_this_one_is_not_empty() {
    let folder = tempfile::tempdir().unwrap();
    let error = |path: &std::path::Path| Model::open(path).unwrap_err().to_string();
    let new = folder.path().join("new");
    assert!(error(&new).contains(&format!("matinee train --output {}", new.display())));
    fs::write(folder.path().join("ratings.csv"), "").unwrap();
    assert!(error(folder.path()).contains("matinee train --output new-model"));
}

#[test]
fn a_file_that_grew_is_not_called_an_incomplete_copy() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model");
    sample::write(&path);
    let movies = path.join("movies.csv");
    let bytes = fs::read(&movies).unwrap();
    for (bytes, cause) in
        [([&bytes[..], b"x"].concat(), "was changed"), (bytes[1..].to_vec(), "is incomplete")]
    {
        fs::write(&movies, bytes).unwrap();
        let error = Model::open(&path).unwrap_err().to_string();
        assert!(error.contains(cause), "{error}");
    }
}

#[test]
fn the_right_path_is_named_for_a_path_next_to_the_model() {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("model");
    sample::write(&model);
    for file in ["manifest.json", "model.safetensors", "movies.csv"] {
        let error = Model::open(&model.join(file)).unwrap_err().to_string();
        assert!(error.contains(&format!("use the folder that contains it: {}", model.display())), "{error}");
    }
    let error = Model::open(folder.path()).unwrap_err();
    assert!(matches!(&error, ArtifactError::Elsewhere { found, .. } if *found == model), "{error}");
    fs::remove_dir_all(&model).unwrap();
    fs::write(folder.path().join("model.tar.gz"), archive(&entries())).unwrap();
    let error = Model::open(folder.path()).unwrap_err().to_string();
    assert!(error.ends_with("model.tar.gz looks like one; use that path"), "{error}");
}

#[test]
fn a_missing_file_is_named() {
    for missing in 0..3 {
        let mut entries = entries();
        let (name, _) = entries.remove(missing);
        let error = refused(&archive(&entries));
        assert!(error.to_string().contains(&format!("{name} is missing")), "{error}");
    }
}

#[test]
fn a_file_that_is_there_twice_is_refused() {
    let mut entries = entries();
    entries.push(entries[1].clone());
    assert!(refused(&archive(&entries)).to_string().contains("occurs twice"));
}

#[test]
fn files_that_are_larger_than_the_memory_are_refused() {
    let entries = entries();
    let length: u64 = entries.iter().map(|(_, bytes)| bytes.len() as u64).sum();
    let archive = archive(&entries);
    read_archive_within(archive.as_slice(), length).unwrap();
    let error = read_archive_within(archive.as_slice(), length - 1).unwrap_err();
    assert!(matches!(error, ArtifactError::TooLarge { .. }), "{error}");
}

#[test]
fn a_truncated_archive_is_refused() {
    let whole = archive(&entries());
    for length in [0, 1, 20, whole.len() / 2, whole.len() - 30] {
        refused(&whole[..length]);
    }
}

proptest! {
    #[test]
    fn damage_is_refused_or_changes_no_number(place: prop::sample::Index, to: u8, is_compressed: bool) {
        let mut archive = archive(&entries());
        if is_compressed {
            let place = place.index(archive.len());
            archive[place] = to;
        } else {
            let mut tar = Vec::new();
            GzDecoder::new(archive.as_slice()).read_to_end(&mut tar).unwrap();
            let place = place.index(tar.len());
            tar[place] = to;
            archive = compressed(&tar);
        }
        if let Ok(model) = read_archive(archive.as_slice()).and_then(Model::from_files) {
            // The scale that clips a score is in the manifest, which has no checksum here.
            prop_assert_eq!(model.factors().score(Some(UserRow(0)), Some(MovieRow(0))), 4.75);
        }
    }

    #[test]
    fn any_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        refused(&bytes);
        refused(&compressed(&bytes));
    }
}

#[test]
fn what_is_no_archive_is_refused() {
    assert!(matches!(refused(b"<html>AccessDenied</html>"), ArtifactError::Archive(_)));
    assert!(matches!(refused(&compressed(&[7; 4096])), ArtifactError::Archive(_)));
}

#[test]
fn an_entry_that_claims_more_than_it_holds_takes_no_memory() {
    let mut header = tar::Header::new_gnu();
    header.set_path("model.safetensors").unwrap();
    header.set_size(7 << 30);
    header.set_cksum();
    let tar = [header.as_bytes().as_slice(), &[0; 512]].concat();
    assert!(matches!(refused(&compressed(&tar)), ArtifactError::Archive(_)));
}
