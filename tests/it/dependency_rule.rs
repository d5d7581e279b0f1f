//! Crates depend on each other in the direction that ARCHITECTURE.md draws, and each knows only what it needs.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::drawing::Drawing;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// The names of all packages that `package` needs.
fn dependencies(package: &str) -> Vec<String> {
    let output = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--package",
            package,
            "--edges",
            "normal,build",
            "--prefix",
            "none",
            "--format",
            "{p}",
        ])
        .args(["--locked", "--target", "all"])
        .current_dir(ROOT)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8(output.stdout).unwrap();
    tree.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

/// Each dependency of one of our crates on another, except those of tests.
fn between_crates() -> BTreeSet<(String, String)> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1", "--locked", "--offline"])
        .current_dir(ROOT)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut found = BTreeSet::new();
    for package in metadata["packages"].as_array().unwrap() {
        let manifest = Path::new(package["manifest_path"].as_str().unwrap());
        let Some(from) = drawn_name(manifest.parent().unwrap()) else { continue };
        for dependency in package["dependencies"].as_array().unwrap() {
            if let (Some(path), None | Some("build")) =
                (dependency["path"].as_str(), dependency["kind"].as_str())
            {
                found.insert((from.clone(), drawn_name(Path::new(path)).unwrap_or_else(|| path.to_owned())));
            }
        }
    }
    found
}

/// The name of a crate of the product in ARCHITECTURE.md: `api` or `functions/predict`.
fn drawn_name(folder: &Path) -> Option<String> {
    let name = folder.file_name()?.to_str()?;
    match folder.parent()?.file_name()?.to_str()? {
        "crates" => Some(name.to_owned()),
        "functions" => Some(format!("functions/{name}")),
        _ => None,
    }
}

#[test]
fn crates_depend_in_the_direction_that_is_drawn() {
    let dependencies = between_crates();
    let pairs = dependencies.iter().map(|(from, to)| (from.as_str(), to.as_str()));
    Drawing::after("## The crates").assert_allows(pairs);
}

fn is_aws(name: &str) -> bool {
    name.starts_with("aws-")
        || name.starts_with("lambda_")
        || ["matinee-aws", "matinee-dynamodb-ratings", "matinee-jobs"].contains(&name)
}

fn is_network(name: &str) -> bool {
    ["tokio", "hyper", "axum", "ureq", "reqwest", "rustls", "mio"].contains(&name)
}

#[track_caller]
fn assert_free(package: &str, what: &str, is_forbidden: impl Fn(&str) -> bool) {
    let found: Vec<String> = dependencies(package).into_iter().filter(|name| is_forbidden(name)).collect();
    assert!(found.is_empty(), "{package} must not need {what}, but needs {found:?}");
}

#[test]
fn model_and_train_know_no_network_and_no_aws() {
    for package in ["matinee-model", "matinee-train"] {
        assert_free(package, "network", is_network);
        assert_free(package, "AWS", is_aws);
    }
}

#[test]
fn what_serves_knows_no_aws_and_no_training() {
    for package in ["matinee-serving", "matinee-api"] {
        assert_free(package, "AWS", is_aws);
        assert_free(package, "training", |name| name == "matinee-train");
    }
}

#[test]
fn a_failed_load_is_reported_without_http() {
    let is_http_server = |name: &str| name == "axum" || name == "matinee-api";
    assert_free("matinee-serving", "HTTP", |name| is_http_server(name) || ["http", "hyper"].contains(&name));
    assert_free("matinee-aws", "HTTP server", is_http_server);
}

#[test]
fn the_local_product_compiles_no_aws_crate() {
    assert_free("matinee", "AWS", is_aws);
}

#[test]
fn ratings_in_a_table_need_no_other_service() {
    assert_free("matinee-dynamodb-ratings", "other service", |name| {
        ["aws-sdk-s3", "aws-sdk-sagemaker", "aws-sdk-sagemakerruntime", "lambda_runtime", "matinee-aws"]
            .contains(&name)
    });
}

#[test]
fn the_functions_contain_no_training() {
    for function in ["predict", "training"] {
        assert_free(function, "training", |name| name == "matinee-train");
    }
}

#[test]
fn what_answers_requests_contains_no_control_plane() {
    let is_control_plane = |name: &str| {
        ["aws-sdk-emrserverless", "aws-sdk-lambda", "aws-sdk-sagemaker", "matinee-jobs"].contains(&name)
    };
    assert_free("predict", "control plane", is_control_plane);
    assert_free("matinee-aws", "control plane", is_control_plane);
}

#[test]
fn events_are_read_without_an_sdk() {
    assert_free("matinee-lambda-adapter", "SDK", |name| {
        name.starts_with("aws-sdk-") || name == "matinee-aws"
    });
}

#[test]
fn the_rule_can_fail() {
    assert!(dependencies("predict").iter().any(|name| is_aws(name)));
    assert!(dependencies("matinee").iter().any(|name| is_network(name)));
}
