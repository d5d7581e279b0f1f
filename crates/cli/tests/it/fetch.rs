//! `matinee data fetch`, from a mirror on this machine.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Cursor, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::Output;

use md5::{Digest, Md5};
use zip::write::SimpleFileOptions;

use crate::support::run;

/// Serves files by path until the process ends; returns the address.
fn mirror(files: HashMap<String, Vec<u8>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = BufReader::new(stream.try_clone().unwrap()).lines();
            let path = request.next().unwrap().unwrap().split(' ').nth(1).unwrap().to_owned();
            for line in request {
                if line.unwrap().is_empty() {
                    break;
                }
            }
            let (status, body) = match files.get(&path) {
                Some(body) => ("200 OK", body.as_slice()),
                None => ("404 Not Found", b"".as_slice()),
            };
            let length = body.len();
            write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n")
                .unwrap();
            stream.write_all(body).unwrap();
        }
    });
    address
}

fn archive(name: &str, files: &[&str]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for file in files {
        zip.start_file(format!("{name}/{file}"), SimpleFileOptions::default()).unwrap();
        writeln!(zip, "content of {file}").unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn release(archive: &[u8], md5: &str) -> HashMap<String, Vec<u8>> {
    release_of("ml-latest-small", archive, md5)
}

fn release_of(name: &str, archive: &[u8], md5: &str) -> HashMap<String, Vec<u8>> {
    HashMap::from([
        (format!("/{name}.zip"), archive.to_vec()),
        (format!("/{name}.zip.md5"), format!("MD5 ({name}.zip) = {md5}\n").into_bytes()),
    ])
}

fn fetch(base_url: &str, output: &Path) -> (Output, String) {
    fetch_release("ml-latest-small", base_url, output)
}

fn fetch_release(name: &str, base_url: &str, output: &Path) -> (Output, String) {
    let output = run(&["data", "fetch", name, "--base-url", base_url, "--output", output.to_str().unwrap()]);
    let error = String::from_utf8(output.stderr.clone()).unwrap();
    (output, error)
}

#[test]
fn fetches_checks_and_unpacks() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("ml");
    let archive = archive("ml-latest-small", &["ratings.csv", "movies.csv", "README.txt", "tags.csv"]);
    let md5 = hex::encode(Md5::digest(&archive));
    let (output, error) = fetch(&mirror(release(&archive, &md5)), &target);
    assert!(output.status.success(), "{error}");
    assert_eq!(std::fs::read_to_string(target.join("movies.csv")).unwrap(), "content of movies.csv\n");
    assert_eq!(std::fs::read_dir(&target).unwrap().count(), 3);
    assert!(String::from_utf8(output.stdout).unwrap().contains("matinee train --data"));

    let (output, error) = fetch("http://127.0.0.1:9", &target);
    assert!(!output.status.success() && error.contains("already exists"), "{error}");
}

#[test]
fn older_releases_are_fetched_in_their_own_format() {
    for (name, inside, files) in [
        ("ml-100k", "ml-100k", ["u.data", "u.item", "README"]),
        ("ml-1m", "ml-1m", ["ratings.dat", "movies.dat", "README"]),
        ("ml-10m", "ml-10M100K", ["ratings.dat", "movies.dat", "README.html"]),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("ml");
        let archive = archive(inside, &files);
        let md5 = hex::encode(Md5::digest(&archive));
        let (output, error) = fetch_release(name, &mirror(release_of(name, &archive, &md5)), &target);
        assert!(output.status.success(), "{error}");
        assert!(files.iter().all(|file| target.join(file).is_file()), "{name}");
    }
}

#[test]
fn a_failed_download_is_explained_and_leaves_no_files() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("ml");
    let whole = archive("ml-latest-small", &["ratings.csv", "movies.csv", "README.txt"]);
    let without_movies = archive("ml-latest-small", &["ratings.csv", "README.txt"]);
    let md5 = |bytes: &[u8]| hex::encode(Md5::digest(bytes));
    let damaged = release(&whole, &md5(b"something else"));
    let incomplete = release(&without_movies, &md5(&without_movies));
    for (base_url, named) in [
        ("http://127.0.0.1:9".to_owned(), "no internet access"),
        (mirror(HashMap::new()), "404"),
        (mirror(damaged), "the download is damaged"),
        (mirror(incomplete), "no ml-latest-small/movies.csv"),
    ] {
        let (output, error) = fetch(&base_url, &target);
        assert!(!output.status.success());
        assert!(error.contains(named), "{named}: {error}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "{named}");
    }
}
