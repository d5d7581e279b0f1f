//! `matinee recommend`, `similar` and `search`, and what a shell and a manual know about the command line.

use std::process::Command;

use serde_json::Value;

use crate::support::{fail, run, succeed};

/// A model of `data/` that is trained once.
fn model() -> &'static str {
    static MODEL: std::sync::OnceLock<(tempfile::TempDir, String)> = std::sync::OnceLock::new();
    let (_, path) = MODEL.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model").to_str().unwrap().to_owned();
        succeed(&["train", "--data", "data", "--output", &path, "--algorithm", "bias", "--hold-out", "0"]);
        (folder, path)
    });
    path
}

#[test]
fn recommends_as_the_api_does() {
    let list = ["recommend", "--model", model(), "--limit", "3"];
    let printed = succeed(&[&list[..], &["--rated", "1196=5", "2571=5"]].concat());
    let lines: Vec<&str> = printed.lines().collect();
    assert_eq!(lines.len(), 3, "{printed}");
    assert!(lines[0].contains("[260]") && lines[0].contains("because of "), "{printed}");
    assert!(!printed.contains('\u{1b}'), "colours are for terminals: {printed}");
    let json = succeed(&[&list[..], &["--user", "2", "--genre", "Comedy", "--json"]].concat());
    let answer: Value = serde_json::from_str(&json).unwrap();
    let movies = answer["recommendations"].as_array().unwrap();
    assert_eq!(movies.len(), 3);
    assert!(movies.iter().all(|movie| movie["genres"].to_string().contains("Comedy")), "{json}");
    let output = run(&[&list[..], &["--rated", "none=5"]].concat());
    let noted = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && noted.contains("does not know movie \"none\""), "{noted}");
}

#[test]
fn what_cannot_be_answered_is_refused_in_the_words_of_the_api() {
    for (arguments, named) in [
        (&["--user", "nobody"][..], "nobody"),
        (&["--user", "2", "--genre", "Opera"], "Opera"),
        (&["--user", "2", "--limit", "101"], "limit"),
        (&["--user", "2", "--rated", "1=5"], "cannot be used with"),
        (&["--rated", "1"], "such as 2959=5"),
        (&[], "required"),
    ] {
        let error = fail(&[&["recommend", "--model", model()], arguments].concat());
        assert!(error.contains(named), "{arguments:?}: {error}");
    }
}

#[test]
fn finds_movies_and_what_is_similar() {
    let found = succeed(&["search", "--model", model(), "godfather", "2", "--limit", "1"]);
    assert!(found.contains("The Godfather: Part II (1974)  [1221]"), "{found}");
    let similar = succeed(&["similar", "--model", model(), "1221", "--limit", "2"]);
    assert_eq!(similar.lines().count(), 2, "{similar}");
    assert!(similar.lines().next().unwrap().contains("The Godfather (1972)  [858]"), "{similar}");
    let error = fail(&["similar", "--model", model(), "none"]);
    assert!(error.contains("`none` is not in the catalogue"), "{error}");
    let output = run(&["search", "--model", model(), "zzzzzzzz"]);
    assert!(output.status.success() && output.stdout.is_empty());
    assert!(String::from_utf8(output.stderr).unwrap().contains("no movie fits"));
}

#[test]
fn shells_complete_every_command() {
    for (shell, part) in
        [("bash", "_matinee()"), ("zsh", "#compdef matinee"), ("fish", "complete -c matinee")]
    {
        let script = succeed(&["completions", shell]);
        assert!(script.contains(part) && script.contains("recommend"), "{shell}: {script}");
    }
    let script = succeed(&["completions", "bash"]);
    let read = Command::new("bash").args(["-n", "-c", &script]).status().unwrap();
    assert!(read.success(), "bash reads its script");
}

#[test]
fn every_command_has_a_manual_page() {
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("man1");
    succeed(&["man", pages.to_str().unwrap()]);
    for command in ["matinee", "matinee-train", "matinee-recommend", "matinee-data-fetch"] {
        let page = std::fs::read_to_string(pages.join(format!("{command}.1"))).unwrap();
        assert!(page.contains(".SH NAME") && page.contains(".SH SYNOPSIS"), "{command}: {page}");
    }
}
