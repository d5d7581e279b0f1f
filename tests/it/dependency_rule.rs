//! The dependency rule: `model` <- `train`, `api` <- `aws` <- `jobs` <- `cli`, `functions/*`.

use std::process::Command;

/// The packages that `package` needs, by name.
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
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8(output.stdout).unwrap();
    tree.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

fn is_aws(name: &str) -> bool {
    name.starts_with("aws-") || name.starts_with("lambda_") || name == "matinee-aws" || name == "matinee-jobs"
}

fn is_network(name: &str) -> bool {
    ["tokio", "hyper", "axum", "ureq", "reqwest", "rustls", "mio"].contains(&name)
}

#[track_caller]
fn assert_free(package: &str, what: &str, is_forbidden: impl Fn(&str) -> bool) {
    let found: Vec<String> = dependencies(package).into_iter().filter(|name| is_forbidden(name)).collect();
    assert!(found.is_empty(), "{package} must know no {what}, but needs {found:?}");
}

#[test]
fn model_and_train_know_no_network_and_no_aws() {
    for package in ["matinee-model", "matinee-train"] {
        assert_free(package, "network", is_network);
        assert_free(package, "AWS", is_aws);
    }
}

#[test]
fn the_api_knows_no_aws_and_no_training() {
    assert_free("matinee-api", "AWS", is_aws);
    assert_free("matinee-api", "training", |name| name == "matinee-train");
}

#[test]
fn the_local_product_compiles_no_aws_crate() {
    assert_free("matinee", "AWS", is_aws);
}

#[test]
fn the_functions_carry_no_training() {
    for function in ["predict", "training"] {
        assert_free(function, "training", |name| name == "matinee-train");
    }
}

#[test]
fn what_answers_carries_no_control_plane() {
    assert_free("predict", "control plane", |name| name == "aws-sdk-sagemaker" || name == "matinee-jobs");
    assert_free("matinee-aws", "control plane", |name| name == "aws-sdk-sagemaker" || name == "matinee-jobs");
}

#[test]
fn events_are_read_without_an_sdk() {
    assert_free("matinee-front", "SDK", |name| name.starts_with("aws-sdk-") || name == "matinee-aws");
}

#[test]
fn the_rule_can_fail() {
    assert!(dependencies("predict").iter().any(|name| is_aws(name)));
    assert!(dependencies("matinee").iter().any(|name| is_network(name)));
}
