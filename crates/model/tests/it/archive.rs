//! The artifact as a `model.tar.gz`.

use std::fs;
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use matinee_model::Model;
use matinee_model::artifact::{ArtifactError, read_archive};

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
    }
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
    assert!(refused(&archive(&entries)).to_string().contains("is there twice"));
}

#[test]
fn a_truncated_archive_is_refused() {
    let whole = archive(&entries());
    for length in [0, 1, 20, whole.len() / 2, whole.len() - 30] {
        refused(&whole[..length]);
    }
}

#[test]
fn what_is_no_archive_is_refused() {
    assert!(matches!(refused(b"<html>AccessDenied</html>"), ArtifactError::Archive(_)));
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(&[7; 4096]).unwrap();
    assert!(matches!(refused(&gzip.finish().unwrap()), ArtifactError::Archive(_)));
}

#[test]
fn an_entry_that_claims_more_than_it_holds_takes_no_memory() {
    let mut header = tar::Header::new_gnu();
    header.set_path("model.safetensors").unwrap();
    header.set_size(7 << 30);
    header.set_cksum();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(header.as_bytes()).unwrap();
    gzip.write_all(&[0; 512]).unwrap();
    assert!(matches!(refused(&gzip.finish().unwrap()), ArtifactError::Archive(_)));
}
