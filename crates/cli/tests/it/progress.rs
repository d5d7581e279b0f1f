//! What a terminal shows while something takes its time, and that nothing of it is in a log.
#![cfg(target_os = "linux")]

use std::process::Command;

use crate::support::{root, run};

const TRAIN: [&str; 8] = ["train", "--data", "data", "--algorithm", "svd", "-p", "n_epochs=3", "--output"];
const EVALUATE: [&str; 9] =
    ["evaluate", "--data", "data", "--algorithm", "svd", "-p", "n_epochs=3", "--folds", "2"];

/// What a terminal gets. `script` is a part of every Linux.
fn on_a_terminal(arguments: &[&str]) -> String {
    let line = [&[env!("CARGO_BIN_EXE_matinee")], arguments].concat().join(" ");
    let output = Command::new("script")
        .args(["--quiet", "--return", "--command", &line, "/dev/null"])
        .env("TERM", "xterm")
        .current_dir(root())
        .output()
        .unwrap();
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{shown}");
    shown
}

#[test]
fn a_terminal_gets_labelled_bars() {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("model").to_str().unwrap().to_owned();
    let trained = on_a_terminal(&[&TRAIN[..], &[model.as_str()]].concat());
    // The bar, and the line that stays.
    assert!(trained.contains("learning from all ratings ") && trained.contains("0/3"), "{trained}");
    assert!(trained.contains("learning from all ratings: "), "{trained}");
    assert!(!trained.contains("epoch 1"), "{trained}");
    let evaluated = on_a_terminal(&EVALUATE);
    assert!(evaluated.contains(" svd ") && evaluated.contains("0/3"), "{evaluated}");
}

#[test]
fn a_log_gets_none() {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("model").to_str().unwrap().to_owned();
    for arguments in [&[&TRAIN[..], &[model.as_str()]].concat()[..], &EVALUATE] {
        let output = run(arguments);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!said.contains(['\r', '\u{1b}', '█']), "{said}");
    }
}
