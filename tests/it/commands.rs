//! The commands in the documents can be pasted into a shell: every variable is set before it is used.

use std::collections::BTreeSet;
use std::path::Path;

const DOCUMENTS: [&str; 4] = ["README.md", "README.zh-CN.md", "docs/operations.md", "docs/sagemaker.md"];
/// Variables that every shell sets.
const ALWAYS: [&str; 3] = ["PATH", "PWD", "HOME"];

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)).unwrap()
}

/// The command lines in blocks for a shell. In a console block, only typed lines are commands.
fn commands(document: &str) -> Vec<&str> {
    let mut block = None;
    let mut found = Vec::new();
    for line in document.lines() {
        match (line.strip_prefix("```"), block) {
            (Some(language), None) => block = Some(language),
            (Some(_), Some(_)) => block = None,
            (None, Some("sh")) => found.push(line),
            (None, Some("console")) => found.extend(line.strip_prefix("$ ")),
            (None, _) => {}
        }
    }
    found
}

/// The names of the variables that the output `CommandLine` sets.
fn of_the_stack() -> BTreeSet<String> {
    let template = read("template.yaml");
    let output =
        template.split("  CommandLine:\n").nth(1).unwrap().split("\n  EndpointName:").next().unwrap();
    let words = output.split_whitespace().filter(|word| word.starts_with("MATINEE_"));
    words.map(|word| word.split('=').next().unwrap().to_owned()).collect()
}

fn name(text: &str) -> &str {
    let end = text.find(|character: char| !character.is_ascii_alphanumeric() && character != '_');
    &text[..end.unwrap_or(text.len())]
}

/// The variables that a line uses. A shell does not expand variables in single quotes.
fn used(line: &str) -> Vec<&str> {
    let outside = line.split('\'').step_by(2);
    let places = outside.flat_map(|text| text.split('$').skip(1));
    places.map(|text| name(text.trim_start_matches('{'))).filter(|name| !name.is_empty()).collect()
}

/// The variables that a line sets.
fn set(line: &str) -> Vec<&str> {
    let words = line.trim_start_matches("export ").split_whitespace();
    let assignments = words.map_while(|word| word.split_once('=').map(|(name, _)| name));
    let is_name = |name: &&str| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    assignments.filter(is_name).collect()
}

/// The errors in the commands of a document.
fn faults(document: &str) -> Vec<String> {
    let mut known: BTreeSet<String> = ALWAYS.map(str::to_owned).into();
    let mut faults = Vec::new();
    for line in commands(document) {
        let unknown = used(line).into_iter().filter(|name| !known.contains(*name));
        faults.extend(unknown.map(|name| format!("${name} is not set before: {line}")));
        known.extend(set(line).into_iter().map(str::to_owned));
        if line.contains("`CommandLine`") {
            known.extend(of_the_stack());
        }
    }
    faults
}

#[test]
fn every_variable_is_set_before_it_is_used() {
    for document in DOCUMENTS {
        let text = read(document);
        assert!(commands(&text).len() > 5, "{document} has hardly any commands");
        assert_eq!(faults(&text), Vec::<String>::new(), "{document}");
    }
}

#[test]
fn a_variable_that_is_set_too_late_is_found() {
    let document = "```sh\ncp a \"s3://$BUCKET/\"   # '$NOT_THIS'\nBUCKET=b\necho ${BUCKET}\n```\n";
    assert_eq!(faults(document), ["$BUCKET is not set before: cp a \"s3://$BUCKET/\"   # '$NOT_THIS'"]);
}
